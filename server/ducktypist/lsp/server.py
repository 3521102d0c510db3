"""The language server: which messages it takes and who answers them.

A handler is convert, call, convert. What is heavy (features, grammars, the HTTP client) is imported
after ``initialize`` was answered, in a thread, so that the first answer does not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ducktypist.lsp.options import ServeOptions
from ducktypist.lsp.transport import run_stdio
from ducktypist.lsp.window import Window

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

logger = logging.getLogger(__name__)

COMMANDS = (
    "ducktypist.accepted",
    "ducktypist.dismissed",
    "ducktypist.toggleCompletion",
    "ducktypist.runTests",
    "ducktypist.tests",
    "ducktypist.explain",
    "ducktypist.regenerate",
    "ducktypist.status",
    "ducktypist.stats",
    "ducktypist.report",
    "ducktypist.recent",
    "ducktypist.models",
    "ducktypist.pullModel",
    "ducktypist.applyAction",
)


class DucktypistServer(Window):
    """One editor window and, once it is initialized, its session."""

    def __init__(self, options: ServeOptions) -> None:
        super().__init__(options)
        self._initialized: types.InitializeParams | None = None
        self._session: asyncio.Task[Session] | None = None

    def remember(self, params: types.InitializeParams) -> None:
        """Keep what ``initialize`` said until the session is built from it."""
        self._initialized = params

    async def session(self) -> Session:
        """Return the session; built once, in a thread, on first use.

        New settings are waited for: what is asked behind them is asked under them.
        """
        if self._session is None:
            self._session = asyncio.ensure_future(self._build_session())
        session = await asyncio.shield(self._session)
        await session.settled()
        return session

    async def _build_session(self) -> Session:
        if self._initialized is None:
            message = "a session needs initialize"
            raise RuntimeError(message)
        module = await asyncio.to_thread(_import_session)
        session: Session = await module.Session.start(self, self._initialized)
        return session

    async def stop(self) -> None:
        """Wind the session down."""
        built = self._session
        if built is None or not built.done() or built.cancelled() or built.exception():
            return
        await built.result().aclose()


def _import_session() -> Any:  # noqa: ANN401 - a module
    # Heavy, so after initialize and in a thread; the handlers' modules come along.
    from ducktypist.lsp import (  # noqa: PLC0415 - see above
        code_actions,  # noqa: F401 - see above
        commands,  # noqa: F401 - see above
        completion,  # noqa: F401 - see above
        explained,  # noqa: F401 - see above
        hover,  # noqa: F401 - see above
        lenses,  # noqa: F401 - see above
        offers,  # noqa: F401 - see above
        session,
    )

    return session


def build(options: ServeOptions) -> DucktypistServer:
    """Return a server with all its features registered."""
    server = DucktypistServer(options)
    _register_documents(server)
    _register_requests(server)
    _register_own(server)
    for command in COMMANDS:
        _register_command(server, command)
    return server


def serve(options: ServeOptions, protocol_fd: int) -> int:
    """Serve one editor on standard input and ``protocol_fd``; return the exit status."""
    server = build(options)
    return run_stdio(server.protocol, write_fd=protocol_fd, on_stop=server.stop)


def _register_documents(server: DucktypistServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.remember(params)

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await (await server.session()).initialized()

    # Opening, changing and closing reach the session by ``Workspace.follow``: at once, in order. It
    # is built by the first of them, if by nothing before.
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def did_open(_: types.DidOpenTextDocumentParams) -> None:
        await server.session()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def did_save(params: types.DidSaveTextDocumentParams) -> None:
        (await server.session()).saved(params.text_document.uri)

    everything = types.FileOperationRegistrationOptions(
        filters=[
            types.FileOperationFilter(pattern=types.FileOperationPattern(glob="**"), scheme="file")
        ]
    )

    @server.feature(types.WORKSPACE_DID_RENAME_FILES, everything)
    async def did_rename(params: types.RenameFilesParams) -> None:
        (await server.session()).following.renamed(params.files)

    @server.feature(types.WORKSPACE_DID_DELETE_FILES, everything)
    async def did_delete(params: types.DeleteFilesParams) -> None:
        (await server.session()).following.deleted(params.files)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        await (await server.session()).reconfigured(params.settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def did_change_folders(_: types.DidChangeWorkspaceFoldersParams) -> None:
        await (await server.session()).folders_changed()


def _register_requests(server: DucktypistServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        from ducktypist.lsp.hover import hover  # noqa: PLC0415 - heavy: after initialize

        view = server.view(params.text_document.uri)
        return await hover(await server.session(), view, params)

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(trigger_characters=["\n"], resolve_provider=False),
    )
    async def completion(params: types.CompletionParams) -> types.CompletionList | None:
        from ducktypist.lsp.completion import completion  # noqa: PLC0415 - see hover

        view = server.view(params.text_document.uri)
        session = await server.session()
        session.explaining.prefetching.give_way()
        return await completion(session, view, params)

    @server.feature(
        types.TEXT_DOCUMENT_INLINE_COMPLETION,
        # Without options pygls does not announce it.
        types.InlineCompletionOptions(),
    )
    async def inline_completion(
        params: types.InlineCompletionParams,
    ) -> types.InlineCompletionList | None:
        from ducktypist.lsp.completion import inline_completion  # noqa: PLC0415 - see hover

        view = server.view(params.text_document.uri)
        session = await server.session()
        session.explaining.prefetching.give_way()
        return await inline_completion(session, view, params)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(
            code_action_kinds=[
                types.CodeActionKind.QuickFix,
                types.CodeActionKind.RefactorRewrite,
                types.CodeActionKind.Source,
            ],
            resolve_provider=True,
        ),
    )
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        from ducktypist.lsp.offers import code_actions  # noqa: PLC0415 - see hover

        view = server.view(params.text_document.uri)
        return await code_actions(await server.session(), view, params)

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        from ducktypist.lsp.lenses import code_lenses  # noqa: PLC0415 - see hover

        view = server.view(params.text_document.uri)
        return await code_lenses(await server.session(), view)

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        from ducktypist.lsp.code_actions import resolve  # noqa: PLC0415 - see hover

        session = await server.session()
        session.explaining.prefetching.give_way()
        return await resolve(session, action)


def _register_own(server: DucktypistServer) -> None:
    """Register what is no method of LSP's; ``docs/protocol.md`` describes it."""

    @server.feature("ducktypist/explain")
    async def explain(params: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        from ducktypist.lsp.explained import explain_request  # noqa: PLC0415 - see hover

        return await explain_request(await server.session(), params)

    @server.feature("ducktypist/visible")
    async def visible(params: Any) -> None:  # noqa: ANN401 - JSON in
        from ducktypist.lsp.explained import note_visible  # noqa: PLC0415 - see hover

        note_visible(await server.session(), params)

    @server.feature("ducktypist/trust")
    async def trust(params: Any) -> None:  # noqa: ANN401 - JSON in
        await (await server.session()).trust_changed(params)


def _register_command(server: DucktypistServer, name: str) -> None:
    async def command(*arguments: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        from ducktypist.lsp.commands import run_command  # noqa: PLC0415 - heavy: after initialize

        return await run_command(await server.session(), name, list(arguments))

    server.command(name)(command)
