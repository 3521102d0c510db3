"""Code actions: offered at once, worked out when one is chosen.

Nothing is kept between request and resolve: an action's ``data`` says all that is needed. A client
that cannot resolve gets a command that ends in ``workspace/applyEdit``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ducktypist.domain import FailingTest, TextEdit, Verdict
from ducktypist.errors import DucktypistError, StaleError
from ducktypist.features.body import BodyRequest, write_body
from ducktypist.features.fix import FixRequest, fix
from ducktypist.features.grounds import NotRunnable
from ducktypist.lsp.convert import (
    Mapper,
    path_to_uri,
    supports_action_data,
    supports_apply_edit,
    supports_resolve_edit,
    uri_to_path,
    workspace_edit,
)
from ducktypist.lsp.diagnostics import SOURCE
from ducktypist.lsp.progress import Progress, progress
from ducktypist.lsp.window import View
from ducktypist.syntax.regions import function_at, test_functions

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

ENGINE_WAIT_S = 120.0
MAX_FIXES_OFFERED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What an action came to."""

    suggestion_id: str
    verdict: Verdict
    message: str
    edit: types.WorkspaceEdit | None


async def code_actions(
    session: Session, view: View, params: types.CodeActionParams
) -> list[types.CodeAction]:
    """Offer what can be done at a place. Asks no model and runs nothing."""
    only = params.context.only
    # In a thread, because parsing a large file takes longer than a keystroke may wait.
    actions = await asyncio.to_thread(
        lambda: [*_fixes(session, view, params), *_body(view, params), *_explain(view, params)]
    )
    wanted = [
        action
        for action in actions
        if only is None or any(_is_kind(action.kind, kind) for kind in only)
    ]
    can_resolve = supports_resolve_edit(session.client) and supports_action_data(session.client)
    return [_offered(action, can_resolve=can_resolve) for action in wanted]


async def resolve(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Work an action out: search, run, and return the edit with its verdict.

    Raises:
        StaleError: The text changed meanwhile.
        DucktypistError: It could not be worked out.
    """
    data = action.data
    if not isinstance(data, Mapping) or "action" not in data or action.edit is not None:
        return action
    worked = await perform(session, data)
    action.data = {
        **data,
        "suggestion_id": worked.suggestion_id,
        "verdict": as_json(worked.verdict),
    }
    action.edit = worked.edit
    if worked.edit is None:
        session.tell(types.MessageType.Info, worked.message)
    else:
        action.command = types.Command(
            title="Ducktypist: accepted",
            command="ducktypist.accepted",
            arguments=[worked.suggestion_id],
        )
    return action


async def perform(session: Session, data: Mapping[str, Any]) -> Worked:
    """Do what an action's ``data`` asks for, with progress in the editor.

    Raises:
        DucktypistError: It could not be worked out.
    """
    titles = {"body": "Ducktypist: writing the body", "fix": "Ducktypist: fixing the test"}
    kind = str(data.get("action"))
    if kind not in titles:
        raise DucktypistError(f"there is no action {kind!r:.40}; ask for code actions again")
    async with progress(session.server, session.client, titles[kind]) as display:
        display.report("waiting for the model")
        return await (_write_body if kind == "body" else _fix)(session, data, display)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the object that ``data`` holds."""
    return {key: value for key, value in asdict(verdict).items() if value is not None}


# --------------------------------------------------------------------------- what is offered


def _fixes(
    session: Session, view: View, params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    path = view.document.path
    root = session.app.root_of(path)
    if path is None or root is None:
        return
    offset = view.mapper.to_offset(params.range.start)
    text = view.document.text
    names = [
        test.suffix
        for test in test_functions(text, view.document.language)
        if test.region.span.covers(offset)
    ]
    tests = session.red.at(path, params.range.start.line, names)
    function = function_at(text, view.document.language, offset)
    if function is not None and not names:
        lines = [
            view.mapper.to_position(at).line + 1 for at in (function.span.start, function.span.end)
        ]
        tests += session.red.through(path, *lines)
    for test in list(dict.fromkeys(tests))[:MAX_FIXES_OFFERED]:
        name = test.node_id.partition("::")[2] or test.node_id
        yield types.CodeAction(
            title=f"Ducktypist: fix failing test `{name}`",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[
                item
                for item in params.context.diagnostics
                if item.source in {SOURCE, None} and item.code == test.node_id
            ]
            or None,
            data={
                "action": "fix",
                "root": str(test.root),
                "nodeid": test.node_id,
                "line": test.line,
            },
        )


def _body(view: View, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
    offset = view.mapper.to_offset(params.range.start)
    function = function_at(view.document.text, view.document.language, offset)
    if function is None or not function.is_empty or function.docstring is None:
        return
    yield types.CodeAction(
        title=f"Ducktypist: write the body of `{function.name}`",
        kind=types.CodeActionKind.RefactorRewrite,
        data={"action": "body", "uri": view.document.uri, "function": function.qualified_name},
    )


def _explain(view: View, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
    yield types.CodeAction(
        title="Ducktypist: explain this",
        kind=types.CodeActionKind.Source,
        command=types.Command(
            title="Ducktypist: explain this",
            command="ducktypist.explain",
            arguments=[
                {
                    "uri": view.document.uri,
                    "position": {
                        "line": params.range.start.line,
                        "character": params.range.start.character,
                    },
                }
            ],
        ),
    )


def _offered(action: types.CodeAction, *, can_resolve: bool) -> types.CodeAction:
    if action.data is None or can_resolve:
        return action
    action.command = types.Command(
        title=action.title, command="ducktypist.applyAction", arguments=[action.data]
    )
    action.data = None
    return action


def _is_kind(kind: types.CodeActionKind | str | None, wanted: types.CodeActionKind | str) -> bool:
    """Tell whether a kind is the wanted one or below it: kinds are hierarchical."""
    own, asked = _word(kind), _word(wanted)
    return not asked or own == asked or own.startswith(asked + ".")


def _word(kind: types.CodeActionKind | str | None) -> str:
    return "" if kind is None else str(getattr(kind, "value", kind))


# --------------------------------------------------------------------------- what is done


async def _write_body(session: Session, data: Mapping[str, Any], display: Progress) -> Worked:
    view = session.server.view(str(data.get("uri")))
    document = view.document
    grounds = await session.grounds(session.app.root_of(document.path))
    proposal = await write_body(
        BodyRequest(
            document=document,
            function=str(data.get("function")),
            trusted=session.is_trusted(document),
        ),
        workbench=await session.app.workbench(wait_s=ENGINE_WAIT_S),
        grounds=grounds,
        config=session.app.config.complete,
        progress=display.report,
    )
    if proposal is None:
        raise StaleError(f"the function {data.get('function')} is gone; ask for actions again")
    edit = None
    if proposal.edit is not None:
        edit = await _edit(session, document.uri, document.text, proposal.edit, proposal.verdict)
    return Worked(
        suggestion_id=proposal.suggestion_id,
        verdict=proposal.verdict,
        message=proposal.message,
        edit=edit,
    )


async def _fix(session: Session, data: Mapping[str, Any], display: Progress) -> Worked:
    root, node_id = Path(str(data.get("root"))), str(data.get("nodeid"))
    if root not in session.app.roots and session.app.root_of(root / "x") != root:
        raise DucktypistError(f"{root} is no folder of this workspace; ask for actions again")
    failing = session.red.get(root, node_id) or FailingTest(
        node_id=node_id,
        root=root,
        path=root / node_id.partition("::")[0],
        line=max(1, int(data.get("line") or 1)),
        message="",
        frames=(),
    )
    grounds = await session.grounds(root)
    if isinstance(grounds, NotRunnable):
        raise DucktypistError(f"no fix without running the test: {grounds.reason}")
    proposal = await fix(
        FixRequest(failing=failing, trusted=True),
        workbench=await session.app.workbench(wait_s=ENGINE_WAIT_S),
        grounds=grounds,
        config=session.app.config.fix,
        progress=display.report,
    )
    edit = None
    if proposal.edit is not None and proposal.path is not None:
        uri = _uri_of(session, proposal.path)
        edit = await _edit(session, uri, proposal.text, proposal.edit, proposal.verdict)
    return Worked(
        suggestion_id=proposal.suggestion_id,
        verdict=proposal.verdict,
        message=proposal.message,
        edit=edit,
    )


async def _edit(
    session: Session, uri: str, text: str, edit: TextEdit, verdict: Verdict
) -> types.WorkspaceEdit:
    """Return the edit in the client's form, if the text is still the one that was worked on."""
    # In a thread: a file that is not open is read from the disk.
    view = await asyncio.to_thread(session.server.view, uri)
    if view.document.text != text:
        raise StaleError(f"{uri} changed while Ducktypist was working on it; ask again")
    is_open = session.server.protocol.workspace.open_document(uri) is not None
    return workspace_edit(
        [edit],
        uri=uri,
        version=view.document.version if is_open else None,
        mapper=Mapper(text, view.mapper.encoding),
        client=session.client,
        label=verdict.summary,
    )


def _uri_of(session: Session, path: Path) -> str:
    """Return the URI under which the editor knows a file, if it has it open."""
    real = path.resolve()
    # Not the keys: pygls decodes those.
    for document in session.server.protocol.workspace.text_documents.values():
        uri: str = document.uri
        known = uri_to_path(uri)
        if known is not None and known.resolve() == real:
            return uri
    return path_to_uri(path)


async def apply(session: Session, data: Mapping[str, Any]) -> dict[str, Any]:
    """Work an action out and ask the editor to make its edit.

    Raises:
        DucktypistError: It could not be worked out, or the editor refused the edit.
    """
    worked = await perform(session, data)
    answer: dict[str, Any] = {
        "suggestion_id": worked.suggestion_id,
        "verdict": as_json(worked.verdict),
        "message": worked.message,
        "applied": False,
    }
    if worked.edit is None:
        session.tell(types.MessageType.Info, worked.message)
        return answer
    if not supports_apply_edit(session.client):
        raise DucktypistError("this editor can neither resolve a code action nor apply an edit")
    result = await session.server.protocol.ask(
        types.WORKSPACE_APPLY_EDIT,
        types.ApplyWorkspaceEditParams(edit=worked.edit, label=worked.verdict.summary),
    )
    if not result.applied:
        raise DucktypistError(f"the editor did not apply the edit: {result.failure_reason}")
    session.record_accepted(worked.suggestion_id)
    return {**answer, "applied": True}
