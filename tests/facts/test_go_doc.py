from __future__ import annotations

import json
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact
from ducktypist.facts.go_doc import GoDoc

PATIENT_S = 30.0
TEXT = """package m

import (
	"example.com/os"
	ex "os/exec"
	"strings"
)

func f() {
	strings.Cut("a", "b")
	ex.Command("ls")
	os.Remove("c")
	strings.Nope()
}
"""
FAKE = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), os.listdir()]) + "\\n")
if sys.argv[2] == "strings.Nope":
    sys.exit(1)
print("package strings // import \\"strings\\"\\n")
print("func " + sys.argv[2].split(".")[-1] + "(s, sep string) (before string, found bool)")
print("    " + sys.argv[2].split(".")[-1] + " slices s around sep, returning\\n    both. More.")
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Say where the pretended Go writes down how it was run."""
    return tmp_path / "log"


@pytest.fixture
def program(tmp_path: Path, log: Path) -> Path:
    """Make a Go installation whose program writes down how it was run."""
    root = tmp_path / "goroot"
    (root / "bin").mkdir(parents=True)
    for package in ("strings", "os/exec"):
        (root / "src" / package).mkdir(parents=True)
    (root / "VERSION").write_text("go1.27\n")
    program = root / "bin" / "go"
    program.write_text(FAKE.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    return program


async def asked(doc: GoDoc, *, root: Path | None = None) -> dict[str, Fact]:
    """Return the facts of the whole text by subject."""
    facts = await doc.calls(TEXT, Span(start=0, end=len(TEXT)), root=root)
    return {fact.subject: fact for fact in facts}


def runs(log: Path) -> list[tuple[list[str], dict[str, str], str, list[str]]]:
    """Return how the pretended Go was run: arguments, environment, folder, what lay there."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


async def test_functions_of_the_standard_library_are_told(program: Path, tmp_path: Path) -> None:
    """Signature and first sentence come from ``go doc``; other modules are not asked about."""
    doc = GoDoc(program, timeout_s=PATIENT_S, cache=tmp_path / "cache")
    facts = await asked(doc)
    assert list(facts) == ["strings.Cut", "ex.Command"]
    fact = facts["strings.Cut"]
    assert fact.text == (
        "strings.Cut(s, sep string) (before string, found bool): "
        "slices s around sep, returning both"
    )
    assert fact.source == "go doc"
    assert fact.span is not None
    assert fact.span.of(TEXT) == "strings.Cut"
    assert facts["ex.Command"].names == ("os/exec.Command",)


async def test_nothing_of_the_surroundings_configures_go(
    program: Path, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs in an empty folder, offline, and knows no variable of ours."""
    monkeypatch.setenv("GOFLAGS", "-toolexec=evil")
    monkeypatch.setenv("GOWORK", str(tmp_path / "go.work"))
    monkeypatch.setenv("SECRET", "x")
    await asked(GoDoc(program, timeout_s=PATIENT_S, cache=tmp_path / "cache"))
    assert len(runs(log)) == 3
    for arguments, environment, folder, listing in runs(log):
        assert arguments[0] == "doc"
        assert environment["GOFLAGS"] == ""
        assert environment["GOWORK"] == environment["GOPROXY"] == environment["GOENV"] == "off"
        assert environment["GOTOOLCHAIN"] == "local"
        assert "SECRET" not in environment
        assert Path(folder) == Path(environment["HOME"])
        assert listing == []
        assert not Path(folder).exists()


async def test_answers_are_remembered_in_memory_and_on_disk(
    program: Path, tmp_path: Path, log: Path
) -> None:
    """Go is run once for each name, also by a later window."""
    doc = GoDoc(program, timeout_s=PATIENT_S, cache=tmp_path / "cache")
    first = await asked(doc)
    assert await asked(doc) == first
    assert await asked(GoDoc(program, timeout_s=PATIENT_S, cache=tmp_path / "cache")) == first
    assert len(runs(log)) == 3


async def test_another_version_is_asked_again(program: Path, tmp_path: Path, log: Path) -> None:
    """What an older Go said is not taken for the newer one's word."""
    await asked(GoDoc(program, timeout_s=PATIENT_S, cache=tmp_path / "cache"))
    (program.parent.parent / "VERSION").write_text("go1.28\n")
    await asked(GoDoc(program, timeout_s=PATIENT_S, cache=tmp_path / "cache"))
    assert len(runs(log)) == 6


async def test_without_go_there_are_no_facts(program: Path, tmp_path: Path, log: Path) -> None:
    """No program, one inside the workspace and one that cannot be run give nothing."""
    cache = tmp_path / "cache"
    assert await asked(GoDoc(None, cache=cache)) == {}
    assert await asked(GoDoc(program, cache=cache), root=tmp_path) == {}
    assert runs(log) == []
    program.chmod(0o644)
    assert await asked(GoDoc(program, timeout_s=PATIENT_S, cache=cache)) == {}


async def test_a_go_that_hangs_is_ended(program: Path, tmp_path: Path) -> None:
    """What takes too long gives nothing, and is not taken for an answer."""
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    assert await asked(GoDoc(program, timeout_s=0.05, cache=tmp_path / "cache")) == {}
    assert not (tmp_path / "cache").exists()


async def test_a_damaged_file_of_answers_is_no_obstacle(program: Path, tmp_path: Path) -> None:
    """What cannot be read is asked again."""
    cache = tmp_path / "cache"
    await asked(GoDoc(program, timeout_s=PATIENT_S, cache=cache))
    for text in ("{", "[]", '{"strings.Cut": 3}'):
        for file in cache.iterdir():
            file.write_text(text)
        assert "strings.Cut" in await asked(GoDoc(program, timeout_s=PATIENT_S, cache=cache))


async def test_the_real_go_says_it_in_the_same_form(tmp_path: Path) -> None:
    """The installed Go's own words are understood."""
    site = Path(sysconfig.get_path("purelib")) / "go" / "bin" / "go"
    found = str(site) if site.is_file() else shutil.which("go")
    if found is None or not (Path(found).resolve().parent.parent / "VERSION").is_file():
        pytest.skip("no Go is installed")
    doc = GoDoc(Path(found).resolve(), timeout_s=PATIENT_S, cache=tmp_path / "cache")
    facts = await asked(doc)
    assert facts["strings.Cut"].text.startswith("strings.Cut(s, sep string) (before, after string")
    assert "slices s around" in facts["strings.Cut"].text
