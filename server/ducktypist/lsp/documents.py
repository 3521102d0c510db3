r"""The mirror of the editor's open documents.

Differs from pygls' own in four ways: only ``\n``, ``\r\n`` and ``\r`` end a line; a change
costs a copy of the text and not a walk over its lines; an edit that cannot be applied marks the
document instead of corrupting it silently; reading an unopened file keeps its line ends. It does
not know what the documents are for.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from lsprotocol import types
from pygls import workspace as stock
from pygls.workspace import ServerTextPosition

from ducktypist.domain import Document, Span
from ducktypist.errors import DucktypistError, StaleError
from ducktypist.lsp.convert import Mapper, uri_to_path

logger = logging.getLogger(__name__)


class Follower(Protocol):
    """Who wants to know of every change at once, before any request that comes after it."""

    def opened(self, uri: str, mapper: Mapper) -> None:
        """Take the text of a document that was opened."""

    def edited(self, uri: str, before: Mapper, span: Span, after: Mapper) -> None:
        """Take one change: ``span`` of the text before became what stands there after."""

    def closed(self, uri: str) -> None:
        """Take leave of a document."""


class TextDocument(stock.TextDocument):
    """One document, open in the editor or (then read-only) a file."""

    desynchronised: bool = False
    """Whether an edit could not be applied, so that ``source`` is not what the editor shows.
    Opening the document again, or a change of the whole text, mends it."""

    follower: Follower | None = None
    _mapper: Mapper | None = None

    @property
    def mapper(self) -> Mapper:
        """The mapper of the text as it stands now; a later change makes a new one."""
        if self._mapper is None:
            mapper = Mapper(
                self.source, self.position_codec.encoding or types.PositionEncodingKind.Utf16
            )
            if self._source is None:
                return mapper
            self._mapper = mapper
        return self._mapper

    @property
    def source(self) -> str:
        """The whole text.

        Raises:
            DucktypistError: The document is not open, and its file cannot be read.
        """
        if self._source is not None:
            return self._source
        path = uri_to_path(self.uri)
        if path is None:
            raise DucktypistError(f"{self.uri} is not open in the editor; open it")
        return _read(path)

    @property
    def lines(self) -> Sequence[str]:
        """The lines with their line ends; no empty last one."""
        mapper = self.mapper
        starts = [mapper.line_span(line).start for line in range(mapper.n_lines)]
        ends = [*starts[1:], len(mapper.text)]
        return tuple(
            mapper.text[start:end] for start, end in zip(starts, ends, strict=True) if start < end
        )

    def apply_changes(self, changes: Sequence[types.TextDocumentContentChangeEvent]) -> bool:
        """Apply the changes of one notification: all of them, or none and return False."""
        mapper = self.mapper
        mended = not self.desynchronised
        steps: list[tuple[Mapper, Span, Mapper]] = []
        for change in changes:
            before = mapper
            if isinstance(change, types.TextDocumentContentChangeWholeDocument):
                mapper = Mapper(change.text, mapper.encoding)
                steps.append((before, Span(start=0, end=len(before.text)), mapper))
                mended = True
                continue
            start, end = change.range.start, change.range.end
            if (end.line, end.character) < (start.line, start.character):
                logger.warning(
                    "an edit of %s has a reversed range, %s:%s to %s:%s; it is not applied",
                    self.uri,
                    *(start.line, start.character, end.line, end.character),
                )
                self.desynchronised = True
                return False
            span = Span(start=mapper.to_offset(start), end=mapper.to_offset(end))
            mapper = mapper.replaced(span, change.text)
            steps.append((before, span, mapper))
        self._mapper, self._source = mapper, mapper.text
        self.desynchronised = not mended
        if self.follower is not None:
            for before, span, after in steps:
                self.follower.edited(self.uri, before, span, after)
        return True

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply one change, or none if it is not possible (see ``desynchronised``)."""
        self.apply_changes([change])

    def offset_at_position(self, client_position: types.Position) -> int:
        """Return the offset of an editor's position, in code points."""
        return self.mapper.to_offset(client_position)

    def client_position_at_offset(self, offset: int) -> types.Position:
        """Return the editor's position of an offset in code points."""
        return self.mapper.to_position(offset)

    def server_position_at_offset(self, offset: int) -> ServerTextPosition:
        """Return line and column, both in code points, of an offset."""
        position = Mapper(self.source, types.PositionEncodingKind.Utf32).to_position(offset)
        return ServerTextPosition(position.line, position.character)


class Workspace(stock.Workspace):
    """The open documents and folders."""

    _follower: Follower | None = None

    def follow(self, follower: Follower) -> None:
        """Tell ``follower`` of every document: those that are open now, and what comes."""
        self._follower = follower
        for document in self._text_documents.values():
            if isinstance(document, TextDocument):
                document.follower = follower
                follower.opened(document.uri, document.mapper)

    def open_document(self, uri: str) -> TextDocument | None:
        """Return a document that is open in the editor, or None."""
        document = self._text_documents.get(unquote(uri))
        return document if isinstance(document, TextDocument) else None

    def get_text_document(self, doc_uri: str) -> TextDocument:
        """Return an open document, or one that reads its file whenever it is asked."""
        document = super().get_text_document(doc_uri)
        assert isinstance(document, TextDocument)  # noqa: S101 - made by _create_text_document
        return document

    def put_text_document(
        self, text_document: types.TextDocumentItem, notebook_uri: str | None = None
    ) -> None:
        """Open a document; one whose URI is none is ignored."""
        try:
            super().put_text_document(text_document, notebook_uri)
        except ValueError as error:
            logger.warning("ignored a document with a malformed URI: %s", error)
            return
        document = self.open_document(text_document.uri)
        if self._follower is not None and document is not None:
            document.follower = self._follower
            self._follower.opened(document.uri, document.mapper)

    def remove_text_document(self, doc_uri: str) -> None:
        """Close a document."""
        document = self.open_document(doc_uri)
        super().remove_text_document(doc_uri)
        if self._follower is not None and document is not None:
            self._follower.closed(document.uri)

    def apply_changes(
        self,
        identifier: types.VersionedTextDocumentIdentifier,
        changes: Sequence[types.TextDocumentContentChangeEvent],
    ) -> bool:
        """Apply the changes of one notification; return False if the mirror cannot follow."""
        document = self.open_document(identifier.uri)
        if document is None:
            logger.warning("ignored a change of %s, which is not open", identifier.uri)
            return True
        if not document.apply_changes(changes):
            return False
        document.version = identifier.version
        return True

    def update_text_document(
        self,
        text_doc: types.VersionedTextDocumentIdentifier,
        change: types.TextDocumentContentChangeEvent,
    ) -> None:
        """Apply one change, as pygls calls it for notebook cells."""
        self.apply_changes(text_doc, [change])

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> TextDocument:
        return TextDocument(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


def document_snapshot(document: TextDocument) -> Document:
    """Return an open document as it stands now.

    Raises:
        StaleError: We lost track of the document's text.
        DucktypistError: It is not open, and its file cannot be read.
    """
    if document.desynchronised:
        raise StaleError(
            f"the editor sent an edit for {document.uri} that cannot be applied; "
            "close and open the file again"
        )
    return Document(
        uri=document.uri,
        path=uri_to_path(document.uri),
        language=document.language_id or "",
        version=document.version,
        text=document.source,
    )


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise DucktypistError(
            f"{path} is not open in the editor and cannot be read: {error}; open it"
        ) from error
