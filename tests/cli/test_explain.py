"""``ducktypist explain``: what it reads, what it says with and without a model, and its errors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from ducktypist.cli import cli
from ducktypist.cli import explain as command
from ducktypist.cli.explain_place import Wanted, language_in, place_of, wanted_of
from ducktypist.errors import DucktypistError
from support.windows import script_written

CODE = "# a comment\nrm -f old\nls -l\n\ngreet() {\n  echo hi\n}\n"
PROSE = "It does something."


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with a script, the person's folders elsewhere; no host outlives it."""
    for name in ("DATA", "STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"DUCKTYPIST_{name}_DIR", str(tmp_path / name.lower()))
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.sh").write_text(CODE)
    monkeypatch.chdir(folder)
    yield folder
    runtime = os.environ["DUCKTYPIST_RUNTIME_DIR"]
    hosts = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(f"--socket={runtime}/") for word in process.info["cmdline"] or [])
    ]
    for process in hosts:
        process.terminate()
    psutil.wait_procs(hosts, timeout=10)


@pytest.fixture
def backend(tmp_path: Path) -> str:
    """A model that says one thing."""
    return f"--backend=scripted:{script_written(tmp_path / 's.json', rule=[{'reply': PROSE}])}"


def run(*arguments: str, pipe: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["explain", *arguments], input=pipe)


# --------------------------------------------------------------------------- with a model


def test_a_file_is_explained_block_by_block(here: Path, backend: str) -> None:
    """Each block has its heading, its prose and who said it; a comment has none."""
    result = run(str(here / "a.sh"), backend)
    assert result.exit_code == 0, result.output
    assert result.output.count(PROSE) >= 3
    assert "Line 2" in result.output
    assert "Lines 5–7" in result.output
    assert "Line 1:" not in result.output
    assert "**" not in result.output
    assert "scripted" in result.output


def test_a_line_is_the_block_that_stands_there(here: Path, backend: str) -> None:
    """Inside of a function the statement, and no heading, because there is one block alone."""
    result = run(f"{here / 'a.sh'}:2", backend, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["language"] == "shellscript"
    assert {tuple(item["lines"]) for item in found["passages"]} == {(2, 2)}
    assert "heading" not in {item["kind"] for item in found["passages"]}
    (prose,) = [item for item in found["passages"] if item["kind"] == "prose"]
    assert prose["suggestion_id"]
    assert "error" not in found


def test_lines_are_those_lines(here: Path, backend: str) -> None:
    """Of a range, the blocks in it."""
    result = run(f"{here / 'a.sh'}:2-3", backend, "--json")
    assert result.exit_code == 0, result.output
    lines = {tuple(item["lines"]) for item in json.loads(result.output)["passages"]}
    assert lines == {(2, 2), (3, 3)}


def test_a_pipe_is_read_and_its_language_guessed(here: Path, backend: str) -> None:
    """With `-`, and with nothing at all."""
    for arguments in (["-"], []):
        result = run(*arguments, backend, "--json", pipe="find . -print0 | xargs -0 rm\n")
        assert result.exit_code == 0, result.output
        assert json.loads(result.output)["language"] == "shellscript"
    assert here.is_dir()


def test_the_depth_is_one_of_three(here: Path, backend: str) -> None:
    """And reaches the explanation: one line is less than a thorough one."""
    said = [run(f"{here / 'a.sh'}:2", backend, f"--depth={depth}") for depth in ("line", "short")]
    assert [result.exit_code for result in said] == [0, 0]
    assert said[0].output.count(PROSE) < said[1].output.count(PROSE)
    assert run("a.sh", "--depth=deep").exit_code == 2


# --------------------------------------------------------------------------- without one


def test_facts_need_no_model(here: Path) -> None:
    """No engine is started for them."""
    result = run(f"{here / 'a.sh'}:2", "--facts-only")
    assert result.exit_code == 0, result.output
    assert "Facts" in result.output
    assert "-f" in result.output
    assert not list(Path(os.environ["DUCKTYPIST_RUNTIME_DIR"]).glob("*.sock"))


def test_a_terminal_obeys_nothing_of_the_code(here: Path) -> None:
    """What a file holds reaches the terminal without escape sequences."""
    (here / "evil.sh").write_text("rm -f \x1b]0;owned\x07 ${x:-\x1b[31m\u202e}\n")
    result = run(f"{here / 'evil.sh'}:1", "--facts-only")
    assert result.exit_code == 0, result.output
    assert not set(result.output) & set("\x1b\x07\u202e")


def test_a_missing_model_is_said_after_the_facts(here: Path) -> None:
    """What can be said is said; how to get the model is the error, also in JSON."""
    result = run(f"{here / 'a.sh'}:2")
    assert result.exit_code == 1
    assert "Facts" in result.output
    assert "ducktypist model pull" in result.output
    as_json = run(f"{here / 'a.sh'}:2", "--json")
    assert as_json.exit_code == 1
    assert "model pull" in json.loads(as_json.stdout)["error"]


def test_nothing_to_explain_is_said(here: Path, backend: str) -> None:
    """A comment is not code."""
    result = run(f"{here / 'a.sh'}:1", backend)
    assert result.exit_code == 1
    assert "nothing to explain here" in result.output


# --------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("none.sh", "there is no file none.sh"),
        (".", ". is a folder"),
        ("a.sh:8", "a.sh has 7 lines; there is no line 8"),
        ("a.sh:3-99", "there is no line 99"),
        ("a.sh:0", "lines count from 1"),
        ("a.sh:5-2", "go upwards, as in a.sh:3-7"),
        ("binary", "it holds NUL bytes"),
        ("empty", "empty has 0 lines"),
    ],
)
def test_what_cannot_be_explained_is_said(here: Path, argument: str, message: str) -> None:
    """Each with the name that was given, and status 1."""
    (here / "binary").write_bytes(b"\x7fELF\0\1")
    (here / "empty").write_bytes(b"")
    result = run(argument if argument != "empty" else "empty:1", "--facts-only")
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_terminal_without_a_file_is_a_usage_error(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for somebody who waits."""
    assert here.is_dir()

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(command, "sys", type("", (), {"stdin": Terminal()}))
    result = run()
    assert result.exit_code == 2
    assert "name a FILE" in result.output


def test_a_file_too_long_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how to explain a part of it."""
    monkeypatch.setattr("ducktypist.cli.explain_place.MAX_BYTES", 10)
    result = run(str(here / "a.sh"))
    assert result.exit_code == 1
    assert "longer than 10 bytes" in result.output


# --------------------------------------------------------------------------- places and languages


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("a.sh", Wanted(file="a.sh")),
        ("a.sh:3", Wanted(file="a.sh", first_line=3)),
        ("a.sh:3-7", Wanted(file="a.sh", first_line=3, last_line=7)),
        ("a.sh:7-7", Wanted(file="a.sh", first_line=7, last_line=7)),
        ("C:\\x:3", Wanted(file="C:\\x", first_line=3)),
        ("C:\\x", Wanted(file="C:\\x")),
        ("a:b.sh", Wanted(file="a:b.sh")),
        ("-:2", Wanted(file="-", first_line=2)),
        (":3", Wanted(file=":3")),
        ("there:12", Wanted(file="there:12")),
    ],
)
def test_lines_follow_the_last_colon(here: Path, argument: str, wanted: Wanted) -> None:
    """A file that is called so goes before the lines of another."""
    (here / "there:12").write_text("ls\n")
    assert wanted_of(argument) == wanted


def test_a_place_is_where_the_code_begins(here: Path) -> None:
    """Indentation is not what one asks about; line ends are not part of the lines."""
    (here / "b.sh").write_bytes(b"\xef\xbb\xbfif true; then\r\n  ls -l\r\nfi\r\n")
    place = place_of(wanted_of("b.sh:2"), language="")
    assert place.document.text[place.offset :].startswith("ls -l")
    assert place.selection is None
    chosen = place_of(wanted_of("b.sh:1-2"), language="").selection
    assert chosen is not None
    assert chosen.of(place.document.text) == "if true; then\r\n  ls -l"
    assert place_of(wanted_of("b.sh"), language="go").document.language == "go"


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("x.py", "", "python"),
        ("x.go", "", "go"),
        (".bashrc", "", "shellscript"),
        ("run", "#!/usr/bin/env bash\n", "shellscript"),
        ("run", "#!/bin/sh -e\n", "shellscript"),
        ("run", "#!/usr/bin/python3.12\n", "python"),
        ("run", "#!/usr/bin/env -S python3 -u\n", "python"),
        ("run", "#!/usr/bin/env node\n", "javascript"),
        ("run", "#!/usr/bin/perl\n", "plaintext"),
        ("notes", "some words\n", "plaintext"),
        ("", "find . | xargs rm\n", "shellscript"),
        ("", "ls -l\n", "shellscript"),
        ("", "print(1)\n", "python"),
        ("", "x = [n for n in range(3)]\n", "python"),
        ("", "package main\n\nfunc main() {}\n", "go"),
        ("", "func (s *Set) Has(x int) bool { return s.m[x] }\n", "go"),
        ("", "", "plaintext"),
    ],
)
def test_the_language_is_guessed(name: str, text: str, language: str) -> None:
    """By the name, the first line, and for a pipe by what is in it."""
    assert language_in(text, name) == language


def test_a_file_that_cannot_be_read_is_an_error_of_ours(here: Path) -> None:
    """A name that no system takes is no traceback."""
    with pytest.raises(DucktypistError, match="cannot be read"):
        place_of(Wanted(file=str(here / "a\0b")), language="")
