"""What came of checking accepted code, as quiet hints at the functions that it is in.

A hint is true of one text of a function. It follows edits elsewhere, and goes when the function is
another one. It decides nothing, reads no file and runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lsprotocol import types

from ducktypist.domain import Document, Span
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.diagnostics import SOURCE
from ducktypist.lsp.line_moves import Place, line_move
from ducktypist.syntax.regions import function_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One line at the name of a function."""

    suggestion_id: str
    uri: str
    function: str
    """Qualified name."""
    text: str
    """The function's text that it is true of."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    hint: Hint
    place: Place
    """Where the function's name begins now."""


class CheckedHints:
    """The hints of one window."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], _Shown] = {}
        self._mappers: dict[str, Mapper] = {}

    def show(self, hint: Hint, offset: int, mapper: Mapper) -> None:
        """Show a hint.

        Args:
            hint: It takes the place of the function's last one.
            offset: Where the function's name begins.
            mapper: Of the document's text of now.
        """
        self._mappers[hint.uri] = mapper
        self._shown[hint.uri, hint.function] = _Shown(hint=hint, place=_place(mapper, offset))

    def clear(self) -> bool:
        """Take all hints away; tell whether there were any."""
        had_any = bool(self._shown)
        self._shown.clear()
        self._mappers.clear()
        return had_any

    def of(self, uri: str) -> tuple[Hint, ...]:
        """Return the hints in a document."""
        return tuple(shown.hint for shown in self._shown.values() if shown.hint.uri == uri)

    # ------------------------------------------------------------------ what the editor does

    def edited(self, uri: str, before: Mapper, span: Span, after: Mapper) -> None:
        """Follow one change of a document."""
        if uri not in self._mappers:
            return
        self._mappers[uri] = after
        move = line_move(before, span, after)
        for key, shown in list(self._shown.items()):
            if key[0] != uri:
                continue
            place = move.of_place(shown.place)
            if place is None:
                del self._shown[key]
            else:
                self._shown[key] = replace(shown, place=place)

    def closed(self, uri: str) -> bool:
        """Take the hints of a document away; tell whether it had any."""
        self._mappers.pop(uri, None)
        gone = [key for key in self._shown if key[0] == uri]
        for key in gone:
            del self._shown[key]
        return bool(gone)

    def settle(self, found: Mapping[Hint, int | None], mapper: Mapper) -> None:
        """Take what :func:`name_offset` found in a document's text of now."""
        for hint, offset in found.items():
            key = hint.uri, hint.function
            shown = self._shown.get(key)
            if shown is None or shown.hint is not hint:
                continue
            if offset is None:
                del self._shown[key]
            else:
                self._shown[key] = replace(shown, place=_place(mapper, offset))

    # ------------------------------------------------------------------ what is shown

    def diagnostics(self) -> dict[str, list[types.Diagnostic]]:
        """Return the hints as diagnostics by URI."""
        found: dict[str, list[types.Diagnostic]] = {}
        for shown in self._shown.values():
            hint, mapper = shown.hint, self._mappers[shown.hint.uri]
            found.setdefault(hint.uri, []).append(
                types.Diagnostic(
                    range=_range(mapper, shown.place, hint.function.rpartition(".")[2]),
                    severity=types.DiagnosticSeverity.Hint,
                    source=SOURCE,
                    code=hint.suggestion_id,
                    message=hint.message,
                )
            )
        return found


def name_offset(hint: Hint, document: Document) -> int | None:
    """Return where the function of a hint has its name, None when it is another one now.

    Reads the whole text, so call it in a thread.
    """
    function = function_named(document.text, document.language, hint.function)
    if function is None or function.span.of(document.text) != hint.text:
        return None
    return function.name_span.start


def _place(mapper: Mapper, offset: int) -> Place:
    line = mapper.line_at(offset)
    return Place(line, offset - mapper.line_span(line).start)


def _range(mapper: Mapper, place: Place, name: str) -> types.Range:
    line = mapper.line_span(min(place.line, mapper.n_lines - 1))
    start = min(line.start + (place.column or 0), line.end)
    return mapper.to_range(Span(start=start, end=min(start + len(name), line.end)))
