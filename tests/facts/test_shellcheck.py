from __future__ import annotations

import asyncio
import json
import stat
import sys
from pathlib import Path

import pytest

from ducktypist.domain import Span
from ducktypist.domain.facts import FactKind
from ducktypist.facts.shellcheck import find_shellcheck, findings

PROGRAM = find_shellcheck()
needs_shellcheck = pytest.mark.skipif(PROGRAM is None, reason="shellcheck is not installed")
LIMIT_S = 60.0


def program(folder: Path, body: str) -> Path:
    """Write a program in shellcheck's place."""
    path = folder / "shellcheck"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def answer(*comments: dict[str, object]) -> str:
    """Return a program's body that gives these comments."""
    return f"sys.stdin.read()\nprint({json.dumps({'comments': comments})!r})"


def comment(code: int, line: int, column: int, end: int) -> dict[str, object]:
    """Return a comment as shellcheck writes it."""
    return {
        "file": "-",
        "line": line,
        "endLine": line,
        "column": column,
        "endColumn": end,
        "level": "info",
        "code": code,
        "message": f"Finding `{code}`.",
        "fix": None,
    }


@needs_shellcheck
async def test_real_findings_have_number_and_place() -> None:
    """An unquoted variable behind tabs and an umlaut is found where it stands."""
    assert PROGRAM is not None
    text = '#!/bin/bash\nx="ä b"\n\techo é $x\n'
    (fact,) = await findings(text, program=PROGRAM, timeout_s=LIMIT_S)
    assert fact.kind is FactKind.FINDING
    assert fact.source == "shellcheck SC2086"
    assert fact.subject == "$x"
    assert fact.span is not None
    assert fact.span.of(text) == "$x"


@needs_shellcheck
async def test_sourced_files_and_their_variables_are_no_findings() -> None:
    """A file that is not read here is no mistake, nor what it may define."""
    assert PROGRAM is not None
    text = '#!/bin/sh\n. ./other.sh\necho "$from_other"\n'
    assert await findings(text, program=PROGRAM, timeout_s=LIMIT_S) == ()


@needs_shellcheck
async def test_the_shebang_chooses_the_dialect() -> None:
    """What bash may and sh may not is a finding for sh only."""
    assert PROGRAM is not None
    body = 'x=a\n[[ $x == a ]] && echo "$x"\n'
    assert await findings(f"#!/bin/bash\n{body}", program=PROGRAM, timeout_s=LIMIT_S) == ()
    found = await findings(f"#!/usr/bin/env sh\n{body}", program=PROGRAM, timeout_s=LIMIT_S)
    assert "shellcheck SC3010" in {fact.source for fact in found}


@needs_shellcheck
async def test_broken_text_gives_findings_or_none() -> None:
    """A text that does not parse raises nothing."""
    assert PROGRAM is not None
    for text in ("if then\n", "\x00'", "\ud800 $x", "a\rb $"):
        await findings(text, program=PROGRAM, timeout_s=LIMIT_S)


async def test_only_the_part_asked_for(tmp_path: Path) -> None:
    """Findings elsewhere in the script are left out; noise is, too."""
    body = answer(comment(2086, 1, 1, 3), comment(2046, 2, 2, 4), comment(1091, 2, 1, 2))
    fake = program(tmp_path, body)
    text = "ab cd\r\nefgh\n"
    found = await findings(text, program=fake, timeout_s=LIMIT_S, part=Span(start=7, end=11))
    assert [(fact.source, fact.subject, fact.text) for fact in found] == [
        ("shellcheck SC2046", "fg", "Finding '2046'")
    ]


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit(3)",
        "print('nonsense')",
        "print('[1]')",
        "print('{\"comments\": 3}')",
        'print(\'{"comments": [1, {"code": "x"}, {"code": 1, "message": "m", "line": 99}]}\')',
        "os.kill(os.getpid(), 9)",
        "os.close(0); print('{}')",
    ],
)
async def test_a_failure_gives_nothing(tmp_path: Path, body: str) -> None:
    """Whatever the program does wrong, there are no findings and no error."""
    assert (
        await findings("echo $x\n" * 50, program=program(tmp_path, body), timeout_s=LIMIT_S) == ()
    )


async def test_a_missing_program_gives_nothing(tmp_path: Path) -> None:
    """A path without a program is no error."""
    assert await findings("echo", program=tmp_path / "none", timeout_s=LIMIT_S) == ()


async def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """Its process is gone when the answer is there."""
    note = tmp_path / "pid"
    body = f"open({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    started = asyncio.create_task(findings("echo", program=program(tmp_path, body), timeout_s=5.0))
    assert await started == ()
    if note.exists() and note.read_text():
        assert not Path(f"/proc/{note.read_text()}").exists()


async def test_it_sees_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the user or the workspace reach it: empty folder, own environment."""
    monkeypatch.setenv("SHELLCHECK_OPTS", "-x")
    monkeypatch.chdir(tmp_path)
    note = tmp_path / "seen"
    body = (
        "sys.stdin.read()\n"
        f"json.dump([sorted(os.environ), os.listdir('.'), sys.argv[1:]], open({str(note)!r}, 'w'))"
    )
    await findings("echo", program=program(tmp_path, body), timeout_s=LIMIT_S)
    names, listed, arguments = json.loads(note.read_text())
    assert {"HOME", "LC_ALL", "PATH"} >= set(names) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
    assert listed == []
    assert arguments == ["--norc", "--format=json1", "--shell=bash", "-"]


def test_nothing_inside_the_workspace_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shellcheck that lies in the workspace, or is a link into it, is passed over."""
    inside = tmp_path / "work" / "bin"
    inside.mkdir(parents=True)
    planted = program(inside, "pass")
    linked = tmp_path / "bin"
    linked.mkdir()
    (linked / "shellcheck").symlink_to(planted)
    outside = tmp_path / "outside"
    outside.mkdir()
    good = program(outside, "pass")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", f"bin:{inside}:{linked}:{outside}")
    assert find_shellcheck(roots=[tmp_path / "work"]) == good
    monkeypatch.setenv("PATH", str(inside))
    assert find_shellcheck(roots=[tmp_path / "work"]) is None
