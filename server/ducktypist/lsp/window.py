"""One editor window as the protocol sees it: the pygls server without handlers.

What a handler may rely on: the conversation, the documents, the options of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ducktypist import __version__
from ducktypist.domain import Document
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.documents import document_snapshot
from ducktypist.lsp.options import ServeOptions
from ducktypist.lsp.protocol import DucktypistProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A document as it stood when a request came, and how its positions are counted."""

    document: Document
    mapper: Mapper


class Window(LanguageServer):
    """One editor window."""

    protocol: DucktypistProtocol

    def __init__(self, options: ServeOptions) -> None:
        super().__init__(
            "ducktypist",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=DucktypistProtocol,
        )
        self.options = options

    def view(self, uri: str) -> View:
        """Return a document as it stands now; the first thing that a handler does.

        Raises:
            StaleError: We lost track of the document's text.
            DucktypistError: It is not open, and its file cannot be read.
        """
        document = self.protocol.workspace.get_text_document(uri)
        return View(document=document_snapshot(document), mapper=document.mapper)
