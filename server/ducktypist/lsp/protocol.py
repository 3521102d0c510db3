"""The LSP half of the protocol object: the life of a session, and the mirror of its documents.

What differs from stock pygls 2.1.1, besides what ``jsonrpc`` does: ``exit`` without ``shutdown``
leaves with status 1, shutting down does not trip over requests that end meanwhile, an edit that
cannot be applied is noticed, a finished progress display is forgotten (pygls issue 607), and the
editor's process is watched. Which features exist is ``server``'s business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.progress import Progress
from pygls.protocol import lsp_method
from pygls.uris import from_fs_path

from ducktypist.lsp.documents import Workspace
from ducktypist.lsp.jsonrpc import ReplyingProtocol
from ducktypist.lsp.orphan import end_of

if TYPE_CHECKING:
    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

logger = logging.getLogger(__name__)


class DucktypistProtocol(ReplyingProtocol):
    """One conversation with one editor."""

    workspace: Workspace

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        self.progress = _PurgedProgress(self)
        self._leave: Callable[[int], None] = _leave_at_once
        self._own_tasks: set[asyncio.Task[Any]] = set()

    def set_leave(self, leave: Callable[[int], None]) -> None:
        """Take the function that ends the process with a status."""
        self._leave = leave

    # ----------------------------------------------------------------- builtin methods

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Agree on capabilities; a handler of ours may register features before that."""
        server = self._server
        server.process_id = params.process_id
        self.client_capabilities = params.capabilities
        self.trace = params.trace or types.TraceValue.Off
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
        root_uri = params.root_uri
        if root_uri is None and params.root_path:
            root_uri = from_fs_path(params.root_path)
        self._workspace = Workspace(
            root_uri,
            server._text_document_sync_kind,  # noqa: SLF001 - pygls keeps it there
            params.workspace_folders or [],
            encoding,
        )
        if (handler := self.fm.features.get(types.INITIALIZE)) is not None:
            yield handler, (params,), None
        builder = ServerCapabilitiesBuilder(
            params.capabilities,
            {*self.fm.features, *self.fm.builtin_features},
            self.fm.feature_options,
            list(self.fm.commands),
            server._text_document_sync_kind,  # noqa: SLF001 - pygls keeps it there
            server._notebook_document_sync,  # noqa: SLF001 - pygls keeps it there
            encoding,
        )
        self.server_capabilities = builder.build()  # type: ignore[no-untyped-call] # pygls' gap
        if params.process_id is not None:
            self._watch_editor(params.process_id)
        return types.InitializeResult(
            capabilities=self.server_capabilities, server_info=self.server_info
        )

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:  # noqa: ANN401 - pygls' signature
        """End all requests; only ``exit`` may follow."""
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, args, None
        own_id = self.msg_id
        # A snapshot: cancelling removes entries.
        for msg_id, future in list(self._request_futures.items()):
            if msg_id != own_id and not future.done():
                future.cancel()
        self._shutdown = True

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:  # noqa: ANN401 - pygls' signature
        """Leave: with status 0 after ``shutdown``, else with 1."""
        if (handler := self.fm.features.get(types.EXIT)) is not None:
            yield handler, args, None
        self._leave(0 if self._shutdown else 1)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Follow an edit; say so once if that is not possible."""
        document = self.workspace.open_document(params.text_document.uri)
        was_lost = document is not None and document.desynchronised
        followed = self.workspace.apply_changes(params.text_document, params.content_changes)
        if not followed and not was_lost:
            message = (
                f"Ducktypist lost track of {params.text_document.uri}: its editor sent an edit "
                "that cannot be applied. Close and open the file to go on"
            )
            self.notify(
                types.WINDOW_SHOW_MESSAGE,
                types.ShowMessageParams(type=types.MessageType.Warning, message=message),
            )
        if (handler := self.fm.features.get(types.TEXT_DOCUMENT_DID_CHANGE)) is not None:
            yield handler, (params,), None

    # ----------------------------------------------------------------- the editor's process

    def _watch_editor(self, process_id: int) -> None:
        end = end_of(process_id)
        if end is None:
            logger.warning("the editor's process %d is not to be seen here", process_id)
            return

        async def leave_with_it() -> None:
            await end
            logger.warning("the editor (process %d) is gone; leaving", process_id)
            self._leave(1)

        task = asyncio.ensure_future(leave_with_it())
        self._own_tasks.add(task)
        task.add_done_callback(self._own_tasks.discard)


class _PurgedProgress(Progress):
    """Forgets a progress token when its display ends."""

    def end(self, token: types.ProgressToken, value: types.WorkDoneProgressEnd) -> None:
        super().end(token, value)
        self.tokens.pop(token, None)


def _leave_at_once(status: int) -> None:
    raise SystemExit(status)
