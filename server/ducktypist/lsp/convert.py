"""Between LSP's positions, URIs and edits and our own; between capabilities and plain answers.

The only place that knows UTF-16, and that an editor may count in UTF-8 or UTF-32 instead. It keeps
no state and decides nothing.
"""

from __future__ import annotations

import math
import os
import re
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.capabilities import get_capability

from ducktypist.domain import Span, TextEdit
from ducktypist.errors import StaleError

# LSP 3.17, "Text Documents": these three end a line, and nothing else does. ``str.splitlines``
# also splits at form feeds, U+0085, U+2028 and others.
_LINE_END = re.compile(r"\r\n|\n|\r")

# Runs of characters that take more than one code unit, all characters of a run taking the same.
_WIDE_RUNS = {
    types.PositionEncodingKind.Utf8: re.compile(
        "[\u0080-\u07ff]+|[\u0800-\uffff]+|[\U00010000-\U0010ffff]+"
    ),
    types.PositionEncodingKind.Utf16: re.compile("[\U00010000-\U0010ffff]+"),
    types.PositionEncodingKind.Utf32: None,
}

ANNOTATION_ID = "ducktypist"


class Mapper:
    """Maps between offsets in one text and an editor's positions; immutable.

    An offset counts code points. Positions that lie outside the text are moved to the nearest
    place inside, as LSP asks for columns: past the end of a line means the end of that line, past
    the last line the end of the text. A column in the middle of a character is moved behind it.
    """

    __slots__ = ("_line_starts", "encoding", "text")

    def __init__(
        self,
        text: str,
        encoding: str = types.PositionEncodingKind.Utf16,
        *,
        line_starts: list[int] | None = None,
    ) -> None:
        """Index ``text``, whose lines start at ``line_starts`` if the caller knows them already."""
        self.text = text
        self.encoding = types.PositionEncodingKind(encoding)
        if line_starts is None:
            line_starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
        self._line_starts = line_starts

    @property
    def n_lines(self) -> int:
        """How many lines the text has; a text that ends in a line end has an empty last one."""
        return len(self._line_starts)

    def line_span(self, line: int) -> Span:
        """Return the extent of a line (0-based), its line end left out.

        Raises:
            IndexError: The text has no such line.
        """
        if not 0 <= line < len(self._line_starts):
            message = f"no line {line} in a text of {len(self._line_starts)} lines"
            raise IndexError(message)
        start = self._line_starts[line]
        if line + 1 == len(self._line_starts):
            return Span(start=start, end=len(self.text))
        end = self._line_starts[line + 1] - 1
        if end > start and self.text[end - 1] == "\r" and self.text[end] == "\n":
            end -= 1
        return Span(start=start, end=end)

    def line_at(self, offset: int) -> int:
        """Return the line (0-based) on which an offset lies."""
        return max(0, bisect_right(self._line_starts, offset) - 1)

    def to_offset(self, position: types.Position) -> int:
        """Return the offset of a position."""
        if position.line >= len(self._line_starts):
            return len(self.text)
        span = self.line_span(max(position.line, 0))
        return span.start + self._columns_to_chars(span, max(position.character, 0))

    def to_position(self, offset: int) -> types.Position:
        """Return the position of an offset; one outside the text is moved inside."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, offset) - 1
        # An offset between \r and \n belongs to no position; the end of the line is nearest.
        span = self.line_span(line)
        before = self.text[span.start : min(offset, span.end)]
        return types.Position(line=line, character=self._n_units(before))

    def to_span(self, range_: types.Range) -> Span:
        """Return what a range covers; a reversed one covers nothing, at its end."""
        end = self.to_offset(range_.end)
        return Span(start=min(self.to_offset(range_.start), end), end=end)

    def to_range(self, span: Span) -> types.Range:
        """Return the range of a span."""
        return types.Range(start=self.to_position(span.start), end=self.to_position(span.end))

    def replaced(self, span: Span, new_text: str) -> Mapper:
        """Return the mapper of the text with ``span`` replaced, without reading all of it again.

        A place is the start of a line because of the one or two characters around it, so only
        the borders and the inside of the new text need looking at. Cost: copies of the text and
        of the list of line starts.
        """
        text = "".join((self.text[: span.start], new_text, self.text[span.end :]))
        start, end = span.start, span.start + len(new_text)
        starts = self._line_starts
        before = starts[: bisect_right(starts, start - 1)] if start else []
        inside = [
            found.end()
            for found in _LINE_END.finditer(text, max(start - 1, 0), end + 1)
            if start <= found.end() <= end
        ]
        first_after = bisect_right(starts, span.end)
        shift = len(new_text) - len(span)
        after = starts[first_after:]
        if shift:
            after = [line_start + shift for line_start in after]
        if not before:
            before = [0]
        return Mapper(text, self.encoding, line_starts=before + inside + after)

    def _columns_to_chars(self, line: Span, n_units: int) -> int:
        n_chars = len(line)
        wide_runs = _WIDE_RUNS[self.encoding]
        if wide_runs is None or n_units == 0:
            return min(n_units, n_chars)
        units = done = 0
        for run in wide_runs.finditer(self.text, line.start, line.end):
            narrow = run.start() - line.start - done
            if units + narrow >= n_units:
                break
            units += narrow
            done += narrow
            width = self._n_units(self.text[run.start()])
            wide = run.end() - run.start()
            if units + wide * width >= n_units:
                return done + math.ceil((n_units - units) / width)
            units += wide * width
            done += wide
        return min(done + n_units - units, n_chars)

    def _n_units(self, text: str) -> int:
        if text.isascii() or self.encoding is types.PositionEncodingKind.Utf32:
            return len(text)
        # An editor may send half a surrogate pair; it counts as one unit, and must not crash us.
        if self.encoding is types.PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2


# --------------------------------------------------------------------------- addresses


def uri_to_path(uri: str, *, windows: bool = os.name == "nt") -> Path | None:
    """Return the path that a ``file:`` URI names, or None for any other URI (RFC 8089).

    Args:
        uri: Any URI; percent-encoded bytes that are not UTF-8 survive as surrogate escapes.
        windows: Whether ``/c:/`` begins with a drive letter and a host is a share's server.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:  # A bracketed host that is no IPv6 address.
        return None
    path = unquote(parts.path, errors="surrogateescape")
    if parts.scheme != "file" or not path.startswith("/") or "\0" in path:
        return None
    host = "" if parts.netloc.lower() == "localhost" else unquote(parts.netloc)
    if host:
        return Path(f"//{host}{path}") if windows else None
    if windows and re.match(r"/[a-zA-Z]:", path):
        return Path(path[1].lower() + path[2:])
    return Path(path)


def path_to_uri(path: Path) -> str:
    """Return the ``file:`` URI of a path, made absolute."""
    return path.absolute().as_uri()


# --------------------------------------------------------------------------- edits


def range_as_json(place: types.Range) -> dict[str, dict[str, int]]:
    """Return a range for where JSON of our own is sent, which lsprotocol does not convert."""
    return {
        name: {"line": at.line, "character": at.character}
        for name, at in (("start", place.start), ("end", place.end))
    }


def workspace_edit(
    edits: Sequence[TextEdit],
    *,
    uri: str,
    version: int | None,
    mapper: Mapper,
    client: types.ClientCapabilities,
    label: str | None = None,
) -> types.WorkspaceEdit:
    """Return edits of one document in the newest form that the client understands.

    Args:
        edits: Edits of the same text, none overlapping another, in any order.
        uri: The document's.
        version: The version that the edits were made for; a client that supports versioned edits
            refuses them for any other. None leaves that open.
        mapper: Of the text that the edits were made for.
        client: What the client can do.
        label: What to show beside the edit, where the client can show it.

    Raises:
        StaleError: The text is not what an edit expects to replace.
        ValueError: Two edits overlap.
    """
    ordered = sorted(edits, key=lambda edit: (edit.span.start, edit.span.end))
    reached = 0
    for edit in ordered:
        if edit.span.start < reached:
            message = f"edits overlap at offset {edit.span.start}"
            raise ValueError(message)
        reached = edit.span.end
        if edit.span.of(mapper.text) != edit.old_text:
            raise StaleError(f"{uri} changed where the edit was to be made; ask again")
    plain = [
        types.TextEdit(range=mapper.to_range(edit.span), new_text=edit.new_text) for edit in ordered
    ]
    if not supports_document_changes(client):
        return types.WorkspaceEdit(changes={uri: plain})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    if label is None or not supports_change_annotations(client):
        return types.WorkspaceEdit(
            document_changes=[types.TextDocumentEdit(text_document=document, edits=plain)]
        )
    annotated = [
        types.AnnotatedTextEdit(
            range=edit.range, new_text=edit.new_text, annotation_id=ANNOTATION_ID
        )
        for edit in plain
    ]
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(text_document=document, edits=annotated)],
        change_annotations={
            ANNOTATION_ID: types.ChangeAnnotation(label=label, needs_confirmation=False)
        },
    )


# --------------------------------------------------------------------------- capabilities


def supports_resolve_edit(client: types.ClientCapabilities) -> bool:
    """Tell whether a code action's edit may come later, from ``codeAction/resolve``."""
    support = get_capability(client, "text_document.code_action.resolve_support")
    return support is not None and "edit" in support.properties


def supports_action_data(client: types.ClientCapabilities) -> bool:
    """Tell whether a code action's ``data`` comes back when it is resolved."""
    return bool(get_capability(client, "text_document.code_action.data_support"))


def hover_markdown(client: types.ClientCapabilities) -> bool:
    """Tell whether hovers may be Markdown; some editors show it raw."""
    formats = get_capability(client, "text_document.hover.content_format") or ()
    return types.MarkupKind.Markdown in formats


def supports_progress(client: types.ClientCapabilities) -> bool:
    """Tell whether the server may open a progress display of its own."""
    return bool(get_capability(client, "window.work_done_progress"))


def supports_show_document(client: types.ClientCapabilities) -> bool:
    """Tell whether the server may ask for a document to be shown."""
    return bool(get_capability(client, "window.show_document.support"))


def supports_document_changes(client: types.ClientCapabilities) -> bool:
    """Tell whether edits may name the version that they were made for."""
    return bool(get_capability(client, "workspace.workspace_edit.document_changes"))


def supports_change_annotations(client: types.ClientCapabilities) -> bool:
    """Tell whether edits may carry a label."""
    support = get_capability(client, "workspace.workspace_edit.change_annotation_support")
    return support is not None


def supports_apply_edit(client: types.ClientCapabilities) -> bool:
    """Tell whether the server may ask for an edit to be made."""
    return bool(get_capability(client, "workspace.apply_edit"))


def supports_lens_refresh(client: types.ClientCapabilities) -> bool:
    """Tell whether the editor can be told to ask for code lenses again."""
    return bool(get_capability(client, "workspace.code_lens.refresh_support"))


def supports_configuration(client: types.ClientCapabilities) -> bool:
    """Tell whether the server may ask for settings."""
    return bool(get_capability(client, "workspace.configuration"))


def inline_completion(client: types.ClientCapabilities) -> bool:
    """Tell whether the client asks for inline completions by itself."""
    return get_capability(client, "text_document.inline_completion") is not None
