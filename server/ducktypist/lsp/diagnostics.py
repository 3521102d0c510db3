"""Red tests as diagnostics: at the failing assertion, moved along with edits, gone when green."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lsprotocol import types

from ducktypist.domain import FailingTest
from ducktypist.lsp.convert import path_to_uri

SOURCE = "ducktypist"
MAX_MESSAGE_LINES = 12
FAR = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Red:
    test: FailingTest
    line: int
    """0-based line in the editor's text now."""


class RedTests:
    """Which tests are red, and on which line their failure stands now."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[Path, str], _Red] = {}
        self._published: set[str] = set()

    def update(
        self, failing: Iterable[FailingTest], *, root: Path, ran: Collection[str] | None
    ) -> None:
        """Take the outcome of a run.

        Args:
            failing: What is red after it.
            root: The workspace folder that it was made in.
            ran: Node ids that it says something of; None means all of the folder's.
        """
        for key in list(self._by_id):
            if key[0] == root and (ran is None or key[1] in ran or _file_of(key[1]) in ran):
                del self._by_id[key]
        for test in failing:
            self._by_id[root, test.node_id] = _Red(test=test, line=max(0, test.line - 1))

    def known_ids(self, root: Path) -> frozenset[str]:
        """Return the node ids that are red in a folder."""
        return frozenset(node_id for held_by, node_id in self._by_id if held_by == root)

    def get(self, root: Path, node_id: str) -> FailingTest | None:
        """Return a red test by its id."""
        red = self._by_id.get((root, node_id))
        return red.test if red else None

    def at(self, path: Path, line: int, test_names: Sequence[str]) -> list[FailingTest]:
        """Return the red tests to which a place belongs.

        Args:
            path: The file.
            line: 0-based.
            test_names: Suffixes of the tests whose text the place lies in, ``TestX::test_y``.
        """
        real = path.resolve()
        found = []
        for red in self._by_id.values():
            same_file = red.test.path.resolve() == real
            suffix = red.test.node_id.partition("::")[2].split("[", 1)[0]
            if same_file and (red.line == line or suffix in test_names):
                found.append(red.test)
        return found

    def through(self, path: Path, first_line: int, last_line: int) -> list[FailingTest]:
        """Return the red tests whose traceback passes through lines (1-based) of a file."""
        real = path.resolve()
        return [
            red.test
            for red in self._by_id.values()
            if any(
                frame.path.resolve() == real and first_line <= frame.line <= last_line
                for frame in red.test.frames
            )
        ]

    def moved(self, path: Path, changes: Sequence[types.TextDocumentContentChangeEvent]) -> None:
        """Follow edits of a file, so that a line published later is the right one."""
        real = path.resolve()
        for change in changes:
            if not isinstance(change, types.TextDocumentContentChangePartial):
                continue
            start, end = change.range.start, change.range.end
            delta = _n_line_ends(change.text) - (end.line - start.line)
            if not delta:
                continue
            for key, red in self._by_id.items():
                behind = end.line < red.line or (end.line == red.line and end.character == 0)
                if behind and red.test.path.resolve() == real:
                    self._by_id[key] = replace(red, line=max(0, red.line + delta))

    def diagnostics(self) -> dict[str, list[types.Diagnostic]]:
        """Return what is to be published by URI, empty lists where something must be cleared."""
        by_uri: dict[str, list[types.Diagnostic]] = {uri: [] for uri in self._published}
        for red in self._by_id.values():
            uri = path_to_uri(red.test.path)
            by_uri.setdefault(uri, []).append(_diagnostic(red))
        self._published = {uri for uri, found in by_uri.items() if found}
        return by_uri


def _diagnostic(red: _Red) -> types.Diagnostic:
    test = red.test
    lines = [line for line in test.message.splitlines() if line.strip()][-MAX_MESSAGE_LINES:]
    name = test.node_id.partition("::")[2] or test.node_id
    related = [
        types.DiagnosticRelatedInformation(
            location=types.Location(
                uri=path_to_uri(frame.path),
                range=types.Range(
                    start=types.Position(line=max(0, frame.line - 1), character=0),
                    end=types.Position(line=max(0, frame.line - 1), character=FAR),
                ),
            ),
            message=f"in {frame.function}",
        )
        for frame in test.frames
        if frame.path.resolve() != test.path.resolve()
    ]
    return types.Diagnostic(
        range=types.Range(
            start=types.Position(line=red.line, character=0),
            end=types.Position(line=red.line, character=FAR),
        ),
        severity=types.DiagnosticSeverity.Error,
        source=SOURCE,
        code=test.node_id,
        message=f"{name} fails:\n" + "\n".join(lines),
        related_information=related or None,
    )


def _file_of(node_id: str) -> str:
    return node_id.partition("::")[0]


def _n_line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
