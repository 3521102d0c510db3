"""*Explain this*: ``ducktypist/explain`` and its commands, streamed or as one reply.

A client that gives a partial-result token gets each passage as it comes, and then a result that
repeats nothing (LSP 3.17, "Partial Result Progress"). How it is explained is ``features.explain``'s
business; where an editor without a panel shows it, that of ``showing``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from ducktypist.domain import ClaimCount, Span
from ducktypist.errors import DucktypistError, EngineError
from ducktypist.features.explain import ExplainRequest, Passage
from ducktypist.features.workbench import new_suggestion_id
from ducktypist.lsp.convert import range_as_json
from ducktypist.lsp.hover import why_not
from ducktypist.lsp.progress import progress
from ducktypist.lsp.showing import show_document
from ducktypist.lsp.window import View

if TYPE_CHECKING:
    from ducktypist.features.workbench import Workbench
    from ducktypist.lsp.session import Session

METHOD = "ducktypist/explain"
VISIBLE = "ducktypist/visible"
TITLE = "Ducktypist: explaining"
ENGINE_WAIT_S = 120.0


@dataclass(slots=True, kw_only=True)
class Reply:
    """What came of one request, without what was sent already."""

    language: str
    """The document's LSP language id."""
    range: types.Range | None = None
    """What was explained; None until that is known."""
    passages: list[Passage] = field(default_factory=list)
    suggestion_ids: list[str] = field(default_factory=list)
    claims: ClaimCount = field(default_factory=ClaimCount)
    _asked_at: str = field(default_factory=new_suggestion_id)
    """Ids begin with the time, so that those of answers made for this request come behind it."""

    def add(self, passage: Passage, claims: ClaimCount) -> None:
        """Count one passage in, and what it claims."""
        if passage.suggestion_id and passage.suggestion_id not in self.suggestion_ids:
            self.suggestion_ids.append(passage.suggestion_id)
        self.claims = self.claims.plus(claims)

    @property
    def text(self) -> str:
        """All of it as Markdown."""
        return "\n\n".join(passage.markdown for passage in self.passages)

    @property
    def short(self) -> str:
        """What the model said, and where it said nothing all of it."""
        prose = [passage.markdown for passage in self.passages if passage.kind == "prose"]
        return "\n\n".join(prose) or self.text

    def as_json(self) -> dict[str, Any]:
        """Return it for a client."""
        ids = self.suggestion_ids
        return {
            "markdown": self.text,
            "suggestion_id": ids[0] if ids else None,
            "suggestion_ids": ids,
            "claims": {
                "confirmed": self.claims.n_confirmed,
                "contradicted": self.claims.n_contradicted,
                "unconfirmed": self.claims.n_unconfirmed,
            },
            "cached": bool(ids) and max(ids) < self._asked_at,
            "language": self.language,
            "range": None if self.range is None else range_as_json(self.range),
        }


async def explain_request(session: Session, params: Any) -> dict[str, Any] | None:  # noqa: ANN401 - JSON
    """Answer ``ducktypist/explain``.

    Args:
        session: The window's.
        params: ``textDocument``, ``position`` or ``range``, and perhaps ``fresh``,
            ``partialResultToken`` and ``workDoneToken``.

    Raises:
        DucktypistError: It cannot be explained; the message says why.
        JsonRpcInvalidParams: The parameters are not what the method takes.
    """
    if not isinstance(params, Mapping):
        raise _bad(METHOD, "it takes {textDocument, position | range}")
    document = params.get("textDocument")
    uri = document.get("uri") if isinstance(document, Mapping) else None
    partial = _token(params, "partialResultToken")
    done = _token(params, "workDoneToken")
    view, request = _asked(session, METHOD, uri, params, fresh=params.get("fresh") is True)
    if partial is not None and done is None:
        # Whoever streams shows by that that something is being done.
        reply = await _explain(session, view, request, token=partial)
    else:
        async with progress(session.server, session.client, TITLE, token=done):
            reply = await _explain(session, view, request, token=partial)
    return None if reply is None else reply.as_json()


def note_visible(session: Session, params: Any) -> None:  # noqa: ANN401 - JSON
    """Take ``ducktypist/visible``: which lines of a document are on the screen.

    Args:
        session: The window's.
        params: ``textDocument`` and ``range``; anything else is ignored, as notifications are.
    """
    document = params.get("textDocument") if isinstance(params, Mapping) else None
    uri = document.get("uri") if isinstance(document, Mapping) else None
    chosen = params.get("range") if isinstance(params, Mapping) else None
    if not isinstance(uri, str) or not isinstance(chosen, Mapping):
        session.log(f"{VISIBLE} takes {{textDocument, range}}")
        return
    try:
        first, last = (_position(VISIBLE, chosen.get(name)).line for name in ("start", "end"))
    except JsonRpcInvalidParams as error:
        session.log(error.message)
        return
    session.explaining.prefetching.visible(uri, min(first, last), max(first, last))


async def explain_command(
    session: Session, name: str, wanted: Mapping[str, Any], *, fresh: bool
) -> dict[str, Any] | None:
    """Answer ``ducktypist.explain`` or ``ducktypist.regenerate``.

    Args:
        session: The window's.
        name: The command's.
        wanted: ``uri``, ``position`` or ``range``, and perhaps ``show``.
        fresh: Whether what is known is forgotten first.

    Raises:
        DucktypistError: It cannot be explained; the message says why.
        JsonRpcInvalidParams: The arguments are not what the command takes.
    """
    view, request = _asked(session, name, wanted.get("uri"), wanted, fresh=fresh)
    async with progress(session.server, session.client, TITLE):
        reply = await _explain(session, view, request, token=None)
    if wanted.get("show") is True:
        whole = "" if reply is None else reply.text
        await show_document(session, view, whole, short="" if reply is None else reply.short)
    return None if reply is None else reply.as_json()


async def _explain(
    session: Session, view: View, request: ExplainRequest, *, token: types.ProgressToken | None
) -> Reply | None:
    """Explain, and tell each passage where there is a token.

    Raises:
        DucktypistError: It cannot be explained, and nothing is known of it either.
    """
    desk = session.explaining
    desk.prefetching.give_way()
    request = await desk.placed(request)
    workbench, problem = await _workbench(session)
    reply = Reply(language=view.document.language)
    n_passages = 0

    def told(passage: Passage) -> None:
        reply.add(passage, desk.claims_of(request, passage))
        if passage.span is not None:
            reply.range = _together(reply.range, view.mapper.to_range(passage.span))
        if token is None:
            reply.passages.append(passage)
        else:
            value = _partial(view, passage)
            session.server.protocol.notify(
                types.PROGRESS, types.ProgressParams(token=token, value=value)
            )

    try:
        # Closed when the client cancels, so that the work is left.
        async with contextlib.aclosing(await desk.passages(request, workbench)) as passages:
            async for passage in passages:
                told(passage)
                n_passages += 1
    except EngineError as error:
        problem = error
    if problem is not None:
        if not n_passages:
            raise problem
        told(Passage(kind="provenance", markdown=f"*{why_not(problem)}*"))
    return reply if n_passages else None


async def _workbench(session: Session) -> tuple[Workbench | None, DucktypistError | None]:
    """Return the model's workbench, or why there is none: facts need no model."""
    try:
        return await session.explaining.workbench(wait_s=ENGINE_WAIT_S), None
    except DucktypistError as error:
        return None, error


def _partial(view: View, passage: Passage) -> dict[str, Any]:
    value: dict[str, Any] = {"markdown": passage.markdown, "kind": passage.kind}
    if passage.span is not None:
        value["range"] = range_as_json(view.mapper.to_range(passage.span))
    if passage.suggestion_id:
        value["suggestion_id"] = passage.suggestion_id
    return value


def _together(one: types.Range | None, other: types.Range) -> types.Range:
    if one is None:
        return other
    first = min((one.start, other.start), key=lambda at: (at.line, at.character))
    last = max((one.end, other.end), key=lambda at: (at.line, at.character))
    return types.Range(start=first, end=last)


# --------------------------------------------------------------------------- what was asked


def _asked(
    session: Session,
    name: str,
    uri: object,
    params: Mapping[str, Any],
    *,
    fresh: bool,
) -> tuple[View, ExplainRequest]:
    if not isinstance(uri, str):
        raise _bad(name, "it needs the document's uri and a position or a range")
    place, chosen = params.get("position"), params.get("range")
    if isinstance(chosen, Mapping):
        start, end = _position(name, chosen.get("start")), _position(name, chosen.get("end"))
    else:
        start = end = _position(name, place)
    view = session.server.view(uri)
    offset, last = view.mapper.to_offset(start), view.mapper.to_offset(end)
    return view, ExplainRequest(
        document=view.document,
        offset=offset,
        selection=Span(start=offset, end=last) if last > offset else None,
        fresh=fresh,
    )


def _position(name: str, place: object) -> types.Position:
    line = place.get("line") if isinstance(place, Mapping) else None
    character = place.get("character") if isinstance(place, Mapping) else None
    for number in (line, character):
        if not isinstance(number, int) or isinstance(number, bool):
            raise _bad(name, "a position has whole numbers `line` and `character`")
    assert isinstance(line, int)  # noqa: S101 - for the type checker
    assert isinstance(character, int)  # noqa: S101 - as above
    return types.Position(line=max(0, line), character=max(0, character))


def _token(params: Mapping[str, Any], name: str) -> types.ProgressToken | None:
    token = params.get(name)
    if token is None:
        return None
    if isinstance(token, bool) or not isinstance(token, (int, str)):
        raise _bad(METHOD, f"`{name}` is a string or an integer")
    return token


def _bad(name: str, why: str) -> JsonRpcInvalidParams:
    return JsonRpcInvalidParams(f"{name}: {why}")
