"""``ducktypist ingest``: what it takes, what it says, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist import config
from ducktypist.cli import cli
from ducktypist.watch import RECORDS, Record, read_record, record_path

GO_TEST = 'package p\n\nimport "testing"\n\nfunc TestA(t *testing.T) {\n\tt.Fatal(1)\n}\n'
JUNIT = (
    '<testsuite><testcase classname="t.test_a" name="test_one"/>'
    '<testcase classname="t.test_a" name="test_two"><failure message="no"/></testcase>'
    '<testcase classname="t.test_a" name="test_three"><skipped/></testcase></testsuite>'
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with a Go test and a Python test."""
    root = tmp_path / "it's a folder"
    (root / "p").mkdir(parents=True)
    (root / "t").mkdir()
    (root / "go.mod").write_text("module m.example\n")
    (root / "p" / "a_test.go").write_text(GO_TEST)
    (root / "t" / "test_a.py").write_text("")
    return root


def go_lines(action: str) -> str:
    """Return what ``go test -json`` prints for one test."""
    said = [
        {"Action": "run", "Test": "TestA"},
        {"Action": "output", "Test": "TestA", "Output": "    a_test.go:6: 1\n"},
        {"Action": action, "Test": "TestA", "Elapsed": 0.1},
        {"Action": action},
    ]
    return "".join(json.dumps({"Package": "m.example/p", **item}) + "\n" for item in said)


def ingested(*arguments: str, given: str | bytes | None = None) -> Result:
    """Run ``ducktypist ingest``."""
    return CliRunner().invoke(cli, ["ingest", *arguments], input=given)


def kept(root: Path) -> Record | None:
    """Return the record of a folder."""
    return read_record(record_path(config.state_dir() / RECORDS, root))


def test_go_events_on_standard_input(root: Path) -> None:
    """One line is said, on standard error; nothing is written into the folder."""
    before = sorted(root.rglob("*"))
    result = ingested("--root", str(root), given=go_lines("fail"))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == f"ducktypist ingest: 0 passed, 1 failed; shown in windows of {root}\n"
    record = kept(root)
    assert record is not None
    assert record.root == root
    assert [item.node_id for item in record.report.results] == ["p/a_test.go::TestA"]
    assert sorted(root.rglob("*")) == before
    assert ingested("--root", str(root), given=go_lines("pass")).exit_code == 0
    again = kept(root)
    assert again is not None
    assert again.report.results[0].outcome == "passed"


def test_the_current_folder_is_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing needs to be said where one stands."""
    monkeypatch.chdir(root)
    assert ingested(given=go_lines("fail")).exit_code == 0
    assert kept(root) is not None


@pytest.mark.parametrize("place", ["file", "standard input"])
def test_junit_xml(root: Path, place: str) -> None:
    """As a file, whose own time counts, or on standard input, behind blank lines."""
    if place == "file":
        path = root.parent / "results.xml"
        path.write_text(JUNIT)
        os.utime(path, (1_000_000, 1_000_000))
        result = ingested("--root", str(root), str(path))
    else:
        result = ingested("--root", str(root), given=f"\n\n{JUNIT}")
    assert result.exit_code == 0, result.output
    assert "1 passed, 1 failed, 1 skipped" in result.stderr
    record = kept(root)
    assert record is not None
    assert (record.made_s == 1_000_000) == (place == "file")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "holds no event"),
        ("PASS\nok m.example/p 0.1s\n", "holds no event"),
        ("<html></html>", "first element is <html>"),
        (b"<testsuite \xff", "not well-formed"),
        ('{"Action":"run","Package":"other.example","Test":"TestB"}\n', "--root"),
    ],
)
def test_what_is_not_understood_changes_nothing(root: Path, given: str | bytes, said: str) -> None:
    """The reason is said, the status is not 0, and the record stays as it was."""
    assert ingested("--root", str(root), given=go_lines("fail")).exit_code == 0
    before = kept(root)
    result = ingested("--root", str(root), given=given)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
    assert kept(root) == before


def test_a_state_folder_that_cannot_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one message with the path."""
    monkeypatch.setenv("DUCKTYPIST_STATE_DIR", str(root / "go.mod"))
    result = ingested("--root", str(root), given=go_lines("fail"))
    assert result.exit_code == 1
    assert "go.mod" in result.output


def test_tee_passes_everything_through_as_it_comes(root: Path) -> None:
    """Byte by byte, lines that are no events as well, before the whole input is there."""
    with subprocess.Popen(
        [sys.executable, "-m", "ducktypist", "ingest", "--tee", "--root", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\xff not an event\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"\xff not an event\n"
        out, err = process.communicate(go_lines("fail").encode(), timeout=60)
    assert out == go_lines("fail").encode()
    assert process.returncode == 0
    assert b"0 passed, 1 failed" in err


def test_tee_into_a_closed_pipe_still_ingests(root: Path) -> None:
    """Who reads the copy may leave, as ``head`` does."""
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "ducktypist", "ingest", "--tee", "--root", str(root)],
        input=go_lines("fail").encode(),
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert process.returncode == 0, process.stderr
    assert kept(root) is not None
