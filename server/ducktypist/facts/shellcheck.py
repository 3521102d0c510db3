"""What shellcheck finds in a shell text: known mistakes, each with its number.

The text goes to its standard input; it reads no file of the workspace and no settings, and runs
in an empty folder. Whatever goes wrong with it gives no findings, never an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.shell_wording import clipped, sentence
from ducktypist.syntax.lines import LineTable

_MAX_TEXT_CHARACTERS = 400_000
_MAX_OUTPUT_BYTES = 4_000_000
_MAX_FINDINGS = 200
_NOISE = frozenset({1008, 1071, 1090, 1091, 2034, 2148, 2154, 2317, 2329})
"""What is no mistake of this text: sourced files that are not read here (SC1090, SC1091) with the
variables and functions that they may use or set (SC2034, SC2154, SC2317, SC2329), a missing or
unknown shebang (SC1008, SC1071, SC2148)."""
_DIALECTS = {"sh": "sh", "dash": "dash", "ksh": "ksh", "busybox": "busybox", "bash": "bash"}
_SHEBANG = re.compile(r"#![ \t]*(?:\S*/env[ \t]+(?:-S[ \t]+)?)?(?:\S*/)?(\w+)")
_LONE_RETURN = re.compile(r"\r(?!\n)")


def find_shellcheck(*, roots: Iterable[Path] = ()) -> Path | None:
    """Return shellcheck's program: beside our own Python, or on ``PATH`` outside a workspace.

    Args:
        roots: The workspace's folders; nothing inside them is taken, for it may be anybody's.
    """
    inside = [root.resolve() for root in roots]
    own = Path(sys.executable).parent
    for folder in (str(own), *os.environ.get("PATH", "").split(os.pathsep)):
        if not os.path.isabs(folder):  # noqa: PTH117 - a relative entry means whatever cwd holds.
            continue
        found = shutil.which("shellcheck", path=folder)
        if found is None:
            continue
        program = Path(found)
        places = (program.absolute(), program.resolve())
        if not any(place.is_relative_to(root) for place in places for root in inside):
            return program
    return None


async def findings(
    text: str, *, program: Path, timeout_s: float, part: Span | None = None
) -> tuple[Fact, ...]:
    """Return what shellcheck finds in ``text``, in source order; empty where it fails.

    Args:
        text: The whole script.
        program: shellcheck, as ``find_shellcheck`` gives it.
        timeout_s: How long it may take.
        part: Only findings that reach into this are wanted; all by default.
    """
    if not text.strip() or len(text) > _MAX_TEXT_CHARACTERS:
        return ()
    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="ducktypist-shellcheck-")
    try:
        output = await _output(text, program=program, timeout_s=timeout_s, folder=folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return await asyncio.to_thread(_facts, text, output, part)


async def _output(text: str, *, program: Path, timeout_s: float, folder: str) -> bytes:
    shebang = _SHEBANG.match(text)
    dialect = _DIALECTS.get(shebang[1] if shebang else "", "bash")
    try:
        process = await asyncio.create_subprocess_exec(
            str(program),
            "--norc",
            "--format=json1",
            f"--shell={dialect}",
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env={"PATH": os.defpath, "HOME": folder, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    except (OSError, ValueError):
        return b""
    try:
        # A lone carriage return ends a line for us, so it shall for shellcheck.
        data = _LONE_RETURN.sub("\n", text).encode("utf-8", errors="replace")
        output, _ = await asyncio.wait_for(process.communicate(data), timeout=timeout_s)
    except (TimeoutError, OSError):
        return b""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return output if len(output) <= _MAX_OUTPUT_BYTES else b""


def _facts(text: str, output: bytes, part: Span | None) -> tuple[Fact, ...]:
    try:
        read: Any = json.loads(output)
    except ValueError:
        return ()
    comments = read.get("comments") if isinstance(read, Mapping) else None
    if not isinstance(comments, Sequence):
        return ()
    lines = LineTable(text)
    facts = [
        fact
        for comment in comments[:_MAX_FINDINGS]
        if isinstance(comment, Mapping) and (fact := _fact(text, lines, comment)) is not None
    ]
    wanted = [
        fact
        for fact in facts
        if part is None
        or (fact.span is not None and fact.span.start < part.end and fact.span.end > part.start)
    ]
    return tuple(
        sorted(wanted, key=lambda fact: (fact.span.start if fact.span else 0, fact.source))
    )


def _fact(text: str, lines: LineTable, comment: Mapping[str, Any]) -> Fact | None:
    code, message = comment.get("code"), comment.get("message")
    if not isinstance(code, int) or not isinstance(message, str) or code in _NOISE:
        return None
    start = _offset(lines, comment.get("line"), comment.get("column"))
    end = _offset(lines, comment.get("endLine"), comment.get("endColumn"))
    if start is None:
        return None
    span = Span(start=start, end=max(start, end if end is not None else start))
    return Fact(
        kind=FactKind.FINDING,
        subject=clipped(span.of(text)),
        text=sentence(message.replace("`", "'").rstrip(".")),
        source=f"shellcheck SC{code}",
        detail=message,
        span=span,
    )


def _offset(lines: LineTable, line: object, column: object) -> int | None:
    """Return the code point of a line and column, both from 1."""
    if not isinstance(line, int) or not isinstance(column, int):
        return None
    if not 1 <= line <= len(lines) or column < 1:
        return None
    span = lines.span(line - 1)
    return min(span.start + column - 1, span.end)
