"""Code actions worked out: searched, run, turned into an edit of the text that was worked on.

What is offered where is ``offers``' business. An edit is made for one text: if that is another one
when the edit is ready, there is no edit but the offer to work it out again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ducktypist.domain import Document, FailingTest
from ducktypist.errors import DucktypistError, StaleError
from ducktypist.features.afterwards import Suggested
from ducktypist.features.body import BodyRequest, write_body
from ducktypist.features.context.readable import is_secret
from ducktypist.features.fix import FixRequest, fix
from ducktypist.features.fix.proposals import FixProposal
from ducktypist.features.followed_files import language_of
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.lsp.convert import (
    Mapper,
    path_to_uri,
    supports_apply_edit,
    uri_to_path,
    workspace_edit,
)
from ducktypist.lsp.progress import Progress, progress
from ducktypist.lsp.stale import changed_message, offer_again
from ducktypist.lsp.worked import Worked

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

ENGINE_WAIT_S = 120.0
TITLES = {
    "body": "Ducktypist: writing the body",
    "fix": "Ducktypist: fixing the test",
    "derace": "Ducktypist: removing the data race",
}


async def resolve(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Work an action out: search, run, and return the edit with its verdict.

    Raises:
        StaleError: The text changed meanwhile; the person is asked whether to do it again.
        DucktypistError: It could not be worked out.
    """
    data = action.data
    if not isinstance(data, Mapping) or "action" not in data or action.edit is not None:
        return action
    try:
        worked = await perform(session, data)
        edit = await _workspace_edit(session, worked)
    except StaleError as error:
        _offer_again(session, data, error)
        raise
    action.data = {**data, **worked.as_json()}
    action.edit = edit
    if edit is None:
        session.tell(types.MessageType.Info, worked.message)
    else:
        action.command = types.Command(
            title="Ducktypist: accepted",
            command="ducktypist.accepted",
            arguments=[worked.suggestion_id],
        )
    return action


async def apply(session: Session, data: Mapping[str, Any]) -> dict[str, Any]:
    """Work an action out and ask the editor to make its edit.

    Raises:
        StaleError: The text changed meanwhile; the person is asked whether to do it again.
        DucktypistError: It could not be worked out, or the editor refused the edit.
    """
    try:
        worked = await perform(session, data)
        edit = await _workspace_edit(session, worked)
        answer = {**worked.as_json(), "message": worked.message, "applied": False}
        if edit is None:
            session.tell(types.MessageType.Info, worked.message)
            return answer
        if not supports_apply_edit(session.client):
            problem = "this editor can neither resolve a code action nor apply an edit"
            # Such an editor may not show why a command failed either.
            session.tell(types.MessageType.Warning, problem)
            raise DucktypistError(problem)
        result = await session.server.protocol.ask(
            types.WORKSPACE_APPLY_EDIT,
            types.ApplyWorkspaceEditParams(edit=edit, label=worked.summary),
        )
        if not result.applied:
            await _require_same_text(session, worked)
            raise DucktypistError(f"the editor did not apply the edit: {result.failure_reason}")
    except StaleError as error:
        _offer_again(session, data, error)
        raise
    session.record_accepted(worked.suggestion_id)
    # Of a resolved action the editor shows the label; of an applied edit most show nothing.
    session.tell(types.MessageType.Info, worked.summary)
    return {**answer, "applied": True}


async def perform(session: Session, data: Mapping[str, Any]) -> Worked:
    """Do what an action's ``data`` asks for, with progress in the editor.

    Raises:
        StaleError: A text that it is about changed meanwhile.
        DucktypistError: It could not be worked out.
    """
    kind = str(data.get("action"))
    if kind not in TITLES:
        raise DucktypistError(f"there is no action {kind!r:.40}; ask for code actions again")
    async with progress(session.server, session.client, TITLES[kind]) as display:
        display.report("waiting for the model")
        if kind == "body":
            uri = str(data.get("uri"))
            work = _write_body(session, data, display)
            return await session.searches.run(work, concerns=lambda changed: changed == uri)
        root, node_id = _test_of(session, data)
        failing = _failing(session, data, root, node_id)
        work = (_fix if kind == "fix" else _derace)(session, failing, display)
        return await session.searches.run(work, concerns=_of_its_language(failing))


# --------------------------------------------------------------------------- what is done


async def _write_body(session: Session, data: Mapping[str, Any], display: Progress) -> Worked:
    view = session.server.view(str(data.get("uri")))
    document = view.document
    if document.path is not None and is_secret(document.path):
        raise DucktypistError(f"{document.path.name} may hold secrets; no model is asked about it")
    root = session.app.root_of(document.path)
    grounds = await session.grounds(root)
    proposal = await write_body(
        BodyRequest(
            document=document,
            function=str(data.get("function")),
            trusted=session.is_trusted(document),
            root=root,
            buffers=session.buffers(root),
        ),
        workbench=await session.app.workbench(wait_s=ENGINE_WAIT_S),
        grounds=grounds,
        config=session.app.config.complete,
        progress=display.report,
        ring=session.ring,
    )
    if proposal is None:
        raise StaleError(f"the function {data.get('function')} is gone; ask for actions again")
    if proposal.edit is not None:
        session.acceptances.shown(
            Suggested(
                suggestion_id=proposal.suggestion_id,
                document=document,
                edit=proposal.edit,
                function=str(data.get("function")),
            )
        )
    return Worked(
        suggestion_id=proposal.suggestion_id,
        verdict=proposal.verdict,
        message=proposal.message,
        edit=proposal.edit,
        uri=document.uri,
        text=document.text,
        prediction=proposal.prediction,
    )


async def _fix(session: Session, failing: FailingTest, display: Progress) -> Worked:
    grounds = await _grounds(session, failing.root)
    proposal = await fix(
        FixRequest(failing=failing, trusted=True),
        workbench=await session.app.workbench(wait_s=ENGINE_WAIT_S),
        grounds=grounds,
        config=session.app.config.fix,
        progress=display.report,
    )
    return await _worked(session, failing.root, proposal)


async def _derace(session: Session, failing: FailingTest, display: Progress) -> Worked:
    from ducktypist.features.derace import DeraceRequest, derace  # noqa: PLC0415 - few ever need it

    grounds = await _grounds(session, failing.root)
    proposal = await derace(
        DeraceRequest(failing=failing, trusted=True),
        workbench=await session.app.workbench(wait_s=ENGINE_WAIT_S),
        grounds=grounds,
        config=session.app.config.fix,
        progress=display.report,
    )
    return await _worked(session, failing.root, proposal)


def _test_of(session: Session, data: Mapping[str, Any]) -> tuple[Path, str]:
    root, node_id = Path(str(data.get("root"))), str(data.get("nodeid"))
    if root not in session.app.roots and session.app.root_of(root / "x") != root:
        raise DucktypistError(f"{root} is no folder of this workspace; ask for actions again")
    return root, node_id


def _failing(session: Session, data: Mapping[str, Any], root: Path, node_id: str) -> FailingTest:
    line = data.get("line")
    return session.red.get(root, node_id) or FailingTest(
        node_id=node_id,
        root=root,
        path=root / node_id.partition("::")[0],
        line=max(1, line) if isinstance(line, int) else 1,
        message="",
        frames=(),
    )


async def _grounds(session: Session, root: Path) -> Grounds:
    grounds = await session.grounds(root)
    if isinstance(grounds, NotRunnable):
        raise DucktypistError(f"no fix without running the test: {grounds.reason}")
    return grounds


async def _worked(session: Session, root: Path, proposal: FixProposal) -> Worked:
    path = proposal.path
    uri = await asyncio.to_thread(_uri_of, session, path) if path else ""
    if proposal.edit is not None:
        session.note_suggested(proposal.suggestion_id, root)
    if proposal.edit is not None and path is not None:
        language = language_of(path.name) or ""
        document = Document(uri=uri, path=path, language=language, version=None, text=proposal.text)
        session.acceptances.shown(
            Suggested(suggestion_id=proposal.suggestion_id, document=document, edit=proposal.edit),
            is_run=True,
        )
    return Worked(
        suggestion_id=proposal.suggestion_id,
        verdict=proposal.verdict,
        message=proposal.message,
        edit=proposal.edit if path is not None else None,
        uri=uri,
        text=proposal.text,
        root=root,
        search=proposal.search,
        prediction=proposal.prediction,
    )


def _of_its_language(failing: FailingTest) -> Callable[[str], bool]:
    """Return what tells whether a document may be part of what a test runs."""
    roots = (failing.root, failing.root.resolve())

    def concerns(uri: str) -> bool:
        path = uri_to_path(uri)
        return (
            path is not None
            and path.suffix == failing.path.suffix
            and any(path.is_relative_to(root) for root in roots)
        )

    return concerns


# --------------------------------------------------------------------------- the edit


async def _workspace_edit(session: Session, worked: Worked) -> types.WorkspaceEdit | None:
    """Return the edit in the client's form, if the text is still the one that was worked on."""
    if worked.edit is None:
        return None
    mapper, version = await _require_same_text(session, worked)
    # Nothing may come between this look at the text and the answer.
    return workspace_edit(
        [worked.edit],
        uri=worked.uri,
        version=version,
        mapper=mapper,
        client=session.client,
        label=worked.summary,
    )


async def _require_same_text(session: Session, worked: Worked) -> tuple[Mapper, int | None]:
    workspace = session.server.protocol.workspace
    is_open = workspace.open_document(worked.uri) is not None
    # In a thread: a file that is not open is read from the disk.
    view = (
        session.server.view(worked.uri)
        if is_open
        else await asyncio.to_thread(session.server.view, worked.uri)
    )
    if view.document.text != worked.text:
        raise StaleError(changed_message(worked.uri))
    return view.mapper, view.document.version if is_open else None


def _offer_again(session: Session, data: Mapping[str, Any], error: StaleError) -> None:
    async def again() -> Mapping[str, Any]:
        try:
            return await apply(session, data)
        except StaleError:
            # Offered again already.
            return {}
        except DucktypistError as failed:
            session.tell(types.MessageType.Error, str(failed))
            return {}

    session.in_background(offer_again(session, error, again))


def _uri_of(session: Session, path: Path) -> str:
    """Return the URI under which the editor knows a file, if it has it open."""
    real = path.resolve()
    # Not the keys: pygls decodes those.
    for document in list(session.server.protocol.workspace.text_documents.values()):
        uri: str = document.uri
        known = uri_to_path(uri)
        if known is not None and known.resolve() == real:
            return uri
    return path_to_uri(path)
