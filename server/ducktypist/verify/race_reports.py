"""Reads what Go's race detector wrote. Pure; it judges nothing.

The format: https://go.dev/doc/articles/race_detector#Report_Format
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import Frame

WARNING = "WARNING: DATA RACE"
DETECTED = ("race detected during execution of test", "race detected outside of test execution")
"""What package testing says when a test had a race, or something between tests had."""

_ACCESS = re.compile(
    r"\s*(?:Previous )?(?:atomic )?(?P<what>read|write) at (?P<address>0x[0-9a-f]+) by "
    r"(?P<who>goroutine (?P<goroutine>\d+)|main goroutine)\b",
    re.IGNORECASE,
)
_CREATED = re.compile(r"\s*Goroutine (?P<goroutine>\d+) \([^)]*\) created at:")
_FUNCTION = re.compile(r"\s+(?P<name>\S.*)\(\)\s*$")
_PLACE = re.compile(r"\s+(?P<path>\S.*?):(?P<line>\d+)(?: \+0x[0-9a-f]+)?\s*$")
_WRAPPER = re.compile(r"\.gowrap\d+$")
_RULE = re.compile(r"\s*={10,}\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One of the two accesses that race."""

    is_write: bool
    goroutine: int | None
    """The detector's number; None for the main goroutine."""
    stack: tuple[Frame, ...]
    """Innermost first, frames inside the workspace only; empty when the detector lost it."""
    created: tuple[Frame, ...] = ()
    """Where the goroutine was started, innermost first; frames inside the workspace only."""

    @property
    def place(self) -> Frame | None:
        """Where in the workspace the access happened."""
        return self.stack[0] if self.stack else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceReport:
    """One data race."""

    address: str
    """Of the memory both touched, such as ``0x00c0000824d0``."""
    accesses: tuple[Access, ...]
    """The later one first; two unless the report was cut off."""
    text: str
    """The report as the detector wrote it."""

    def frames(self) -> Iterator[Frame]:
        """Yield the frames of both stacks, then those of where the goroutines began."""
        for access in self.accesses:
            yield from access.stack
        for access in self.accesses:
            yield from access.created


def has_race(output: str) -> bool:
    """Tell whether any output of a run says that there was a race."""
    return WARNING in output or any(words in output for words in DETECTED)


def race_reports(output: str, root: Path) -> tuple[RaceReport, ...]:
    """Return the data races that an output tells of, each pair of places once.

    Args:
        output: What a test printed, other lines included.
        root: The workspace; frames elsewhere are left out.
    """
    found: dict[object, RaceReport] = {}
    for block in _blocks(output.splitlines()):
        report = _report(block, root)
        if report is None:
            continue
        places = frozenset((access.is_write, access.place) for access in report.accesses)
        found.setdefault(places, report)
    return tuple(found.values())


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    block: list[str] | None = None
    for line in lines:
        if WARNING in line:
            if block:
                yield block
            block = []
        elif block is not None and _RULE.match(line):
            yield block
            block = None
        elif block is not None:
            block.append(line)
    if block:
        yield block


def _report(block: Sequence[str], root: Path) -> RaceReport | None:
    heads: list[tuple[bool, int | None, list[Frame]]] = []
    created: dict[int, list[Frame]] = {}
    stack: list[Frame] = []
    address, function = "", ""
    for line in block:
        if match := _ACCESS.match(line):
            stack = []
            number = int(match["goroutine"]) if match["goroutine"] else None
            heads.append((match["what"].lower() == "write", number, stack))
            address = address or match["address"]
        elif match := _CREATED.match(line):
            stack = created.setdefault(int(match["goroutine"]), [])
        elif match := _PLACE.match(line):
            path = Path(match["path"])
            if _WRAPPER.search(function):
                # The compiler's own; it stands on top where the detector lost the real stack.
                function = ""
            if function and path.is_relative_to(root):
                stack.append(Frame(path=path, line=int(match["line"]), function=function))
            function = ""
        elif match := _FUNCTION.match(line):
            function = match["name"].strip()
    if not heads:
        return None
    accesses = tuple(
        Access(
            is_write=is_write,
            goroutine=number,
            stack=tuple(frames),
            created=tuple(created.get(number, ())) if number is not None else (),
        )
        for is_write, number, frames in heads
    )
    text = "\n".join(block).strip("\n")
    return RaceReport(address=address, accesses=accesses, text=text)
