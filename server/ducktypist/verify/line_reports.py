"""Reads what ``line_probe`` said of lines that ran.

It comes from beside the tests' own code, so nothing in it is taken to be well-formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ducktypist.domain import FileLines, Frame

MAX_LINE = 200_000
"""Of a file; what lies below it is no line that somebody wrote."""
MAX_TOTAL_LINES = 8_000_000
"""Of all different sets of lines together."""


class LineReports:
    """The lines of each test of one run; equal sets of them are kept once."""

    def __init__(self, *, root: Path, inside: Path) -> None:
        """Remember how paths change.

        Args:
            root: The workspace.
            inside: Its path as the run saw it.
        """
        self._root = root
        self._inside = inside
        self._numbers = [0]
        self._tuples: dict[str, tuple[int, ...]] = {}
        self._n_lines = 0
        self._paths: dict[str, Path | None] = {}
        self._executed: dict[str, tuple[Frame, ...]] = {}
        self._covered: dict[str, tuple[FileLines, ...]] = {}

    def add(self, event: Mapping[str, Any]) -> None:
        """Keep one report; a later one of the same test counts, a malformed one does not."""
        try:
            node_id = str(event["id"])
            paths = [self._path(str(path)) for path in event.get("files", ())]
            covered = tuple(
                FileLines(path=path, lines=self._lines(str(ranges)))
                for path, ranges in zip(paths, event.get("lines", ()), strict=True)
                if path is not None
            )
            executed = tuple(_frames(event.get("order", ()), paths))
        except (LookupError, TypeError, ValueError):
            return
        self._covered[node_id], self._executed[node_id] = covered, executed

    def executed(self, node_id: str) -> tuple[Frame, ...]:
        """Return what a test ran in the order of first execution, as far as it was told."""
        return self._executed.get(node_id, ())

    def covered(self, node_id: str) -> tuple[FileLines, ...]:
        """Return which lines a test ran."""
        return self._covered.get(node_id, ())

    def _path(self, told: str) -> Path | None:
        if told not in self._paths:
            path = Path(told)
            is_own = path.is_relative_to(self._inside) and ".." not in path.parts
            self._paths[told] = self._root / path.relative_to(self._inside) if is_own else None
        return self._paths[told]

    def _lines(self, ranges: str) -> tuple[int, ...]:
        if ranges not in self._tuples:
            found: list[int] = []
            for part in ranges.split(","):
                first, _, last = part.partition("-")
                begin, end = int(first), int(last or first)
                if not 0 < begin <= end <= MAX_LINE:
                    raise ValueError(f"{part[:40]!r} is no range of lines")
                # The same objects for all tests, for there can be millions of them.
                self._numbers += range(len(self._numbers), end + 1)
                found += self._numbers[begin : end + 1]
                if self._n_lines + len(found) > MAX_TOTAL_LINES:
                    raise ValueError("there are more lines than any suite runs")
            self._n_lines += len(found)
            self._tuples[ranges] = tuple(found)
        return self._tuples[ranges]


def _frames(stays: Any, paths: list[Path | None]) -> Iterator[Frame]:  # noqa: ANN401 - from outside
    for number, name, lines in stays:
        path = paths[int(number)]
        if path is not None:
            for line in lines:
                yield Frame(path=path, line=int(line), function=str(name))
