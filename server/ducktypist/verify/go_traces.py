"""Places in what Go prints: failing lines, stacks of panics and races, compile errors, coverage.

Pure text in, paths below the root out. Which test a text belongs to is ``go_report``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_FRAMES = 60
_REPORTED = re.compile(r"^\s*([\w.-]+\.go):(\d+): ")
_COMPILED = re.compile(r"^(?:vet: )?(\S+\.go):(\d+)(?::\d+)?: ")
_CALLED = re.compile(r"^\s*(\S.*)\(.*\)$")
_PLACE = re.compile(r"^\s+(/.+\.go):(\d+)(?: \+0x[0-9a-f]+.*)?$")
_ANY_PLACE = re.compile(r"^\t(\S.*\.go):(\d+)(?: \+0x[0-9a-f]+.*)?$")
_BLOCK = re.compile(r"^(\S+\.go):(\d+)\.(\d+),(\d+)\.(\d+) \d+ (\d+)$")
_STACK_HEAD = re.compile(r"^goroutine \d+.*\[")
_RACE_HEAD = re.compile(r"^(?:Previous )?(?:[Ww]rite|[Rr]ead|[Aa]tomic \w+) at 0x[0-9a-f]+ by ")
_CLOSURE = re.compile(r"(?:\.func\d+(?:\.\d+)*|\.gowrap\d+|-range\d+)+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a workspace file."""

    path: Path
    """Relative to the root."""
    line: int
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of code that ran."""

    file: str
    """Import path and file name."""
    start: tuple[int, int]
    """Line and column, both 1-based."""
    end: tuple[int, int]


def reported_lines(lines: Iterable[str]) -> list[tuple[str, int]]:
    """Return file name and line of everything that ``testing`` printed with its place."""
    found = (_REPORTED.match(line) for line in lines)
    return [(match[1], int(match[2])) for match in found if match]


def compile_errors(text: str, folder: Path) -> tuple[Place, ...]:
    """Return the places that the compiler (or vet) complains about.

    Args:
        text: What it said.
        folder: What its paths are relative to, relative to the root.
    """
    matches = (_COMPILED.match(line) for line in text.splitlines())
    found = [
        Place(path=_joined(folder, match[1]), line=int(match[2]), function="")
        for match in matches
        if match and not match[1].startswith("/") and ".." not in match[1]
    ]
    return tuple(dict.fromkeys(found))[:MAX_FRAMES]


def stack(lines: Sequence[str], inside: Path) -> tuple[Place, ...]:
    """Return the stack of a panic or a data race, outermost first, workspace files only.

    Args:
        lines: A test's output.
        inside: The workspace's path as the run saw it.
    """
    starts = [
        number
        for number, line in enumerate(lines)
        if _STACK_HEAD.match(line) or _RACE_HEAD.match(line)
    ]
    for start in starts:
        found = _one_stack(lines[start + 1 :], inside)
        if found:
            return tuple(reversed(found[:MAX_FRAMES]))
    return ()


def shown(lines: Sequence[str], inside: Path) -> list[str]:
    """Return a test's output with its stacks cut down to the workspace's own frames.

    Go prints some twenty lines of its own for each panic, and every goroutine there is.
    """
    kept: list[str] = []
    waiting: list[str] = []
    head: str | None = None
    for line in lines:
        if _STACK_HEAD.match(line):
            # Its header waits for a frame to stand over.
            head, waiting = line, []
            continue
        if head is None:
            kept.append(line)
            continue
        place = _ANY_PLACE.match(line)
        if place is None:
            waiting = [line] if line.strip() else []
            continue
        path = Path(place[1])
        if path.is_relative_to(inside):
            kept += [head] if head else []
            kept += [*waiting, f"\t{path.relative_to(inside).as_posix()}:{place[2]}"]
            head = ""
        waiting = []
    return kept


def blocks(raw: Iterable[str]) -> tuple[Block, ...]:
    """Return the blocks of a coverage profile that ran."""
    found = (_BLOCK.match(line) for line in raw)
    return tuple(
        Block(
            file=match[1],
            start=(int(match[2]), int(match[3])),
            end=(int(match[4]), int(match[5])),
        )
        for match in found
        if match and int(match[6])
    )


def lines_of(block: Block, text: Sequence[str]) -> Iterable[int]:
    """Return the lines of a block that hold a statement of it.

    A block starts behind its opening brace and ends before or at its closing one; lines that share
    nothing but such a brace with it are not its own.
    """
    (first, column), (last, end_column) = block.start, block.end
    for number in range(first, min(last, len(text)) + 1):
        line = text[number - 1]
        end = end_column - 1 if number == last else len(line)
        part = line[column - 1 if number == first else 0 : end].partition("//")[0]
        if part.strip().strip("{}"):
            yield number


def _one_stack(lines: Sequence[str], inside: Path) -> list[Place]:
    found: list[Place] = []
    function = ""
    for line in lines:
        if not line.strip():
            break
        place = _PLACE.match(line)
        if place is None:
            called = _CALLED.match(line)
            if line.lstrip().startswith("created by "):
                break
            function = _own_name(called[1]) if called else ""
            if function == "panic":
                # What is above was called by the panic itself, such as deferred functions.
                found.clear()
            continue
        path = Path(place[1])
        if path.is_relative_to(inside):
            below = path.relative_to(inside)
            found.append(Place(path=below, line=int(place[2]), function=function))
    return found


def _own_name(called: str) -> str:
    """Return ``Add`` for ``example.com/shop.(*Cart).Add.func1``."""
    name = _CLOSURE.sub("", called.rpartition("/")[2].partition("[")[0])
    return name.rpartition(".")[2].strip("()*")


def _joined(folder: Path, name: str) -> Path:
    return folder / name.removeprefix("./")
