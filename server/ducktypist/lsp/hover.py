"""``textDocument/hover``: the facts at once, the prose when it is there, and why where it is not.

What is known needs no engine: facts are shown while the model is being loaded, or is missing. How
something is explained is ``features.explain``'s business.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lsprotocol import types

from ducktypist.domain import ModelIdentity, Priority
from ducktypist.errors import DucktypistError, EngineLoadingError, ModelMissingError
from ducktypist.features.explain import ExplainRequest, Explanation, text_of
from ducktypist.features.explain.showing import plain
from ducktypist.lsp.convert import hover_markdown
from ducktypist.lsp.explaining import Wanted
from ducktypist.lsp.window import View

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

ALL_AT_ONCE_WAIT_S = 1.0
"""How long a hover waits for its prose where it has nothing else to show, and where the engine is
fast enough to be done by then."""
CACHED_WAIT_S = 0.03
"""How long a prose takes that another window has explained already, most of the time."""


async def hover(session: Session, view: View, params: types.HoverParams) -> types.Hover | None:
    """Explain what stands under the pointer, as far as that is known by now."""
    if not session.app.config.explain.enabled:
        return None
    desk = session.explaining
    offset = view.mapper.to_offset(params.position)
    request = ExplainRequest(document=view.document, offset=offset, priority=Priority.FOCUS)
    desk.prefetching.looked(view, offset)
    known = desk.known(request)
    if known is not None and known.is_whole:
        return _whole(session, view, known, about=known)
    async with session.newest(view.document.uri, "hover"):
        return await _not_yet_known(session, view, request)


async def _not_yet_known(
    session: Session, view: View, request: ExplainRequest
) -> types.Hover | None:
    desk, config = session.explaining, session.app.config.explain
    started_s = time.monotonic()
    desk.points(request)
    request = await desk.placed(request)
    facts = await desk.facts(request)
    if facts is None:
        return None
    wanted = desk.want(request, facts.span)
    wait_s = config.hover_wait_ms / 1000
    if not facts.facts or await desk.writes_soon():
        wait_s = max(wait_s, ALL_AT_ONCE_WAIT_S)
    # What the facts took is waited already; but a prose that lies in the cache gets its chance.
    left_s = wait_s - (time.monotonic() - started_s)
    await wanted.wait(max(left_s, min(CACHED_WAIT_S, wait_s)))
    found = wanted.so_far
    if found is None or not (found.prose or found.facts):
        found = facts
    if found.is_whole:
        return _whole(session, view, found, about=facts)
    desk.note_shown(found)
    last = _last_line(wanted, facts_ms=facts.facts_ms if facts.facts else None)
    if not found.prose and not found.facts:
        return _hover(session, view, f"*{last}*", about=facts)
    return _hover(session, view, text_of(found, last_line=last, depth=config.depth), about=facts)


def why_not(error: DucktypistError) -> str:
    """Say for a person why there is no prose."""
    if isinstance(error, ModelMissingError):
        return f"Ducktypist cannot explain this yet: {error}"
    if isinstance(error, EngineLoadingError):
        return "Ducktypist is loading its model; hover again in a moment"
    return f"Ducktypist cannot explain this now: {error}"


def _last_line(wanted: Wanted, *, facts_ms: float | None) -> str:
    """Return what stands in the place of who said it while there is no whole prose."""
    if wanted.problem is not None:
        return why_not(wanted.problem)
    parts = [] if wanted.model is None else [_name(wanted.model)]
    if facts_ms is not None:
        parts.append(f"facts in {facts_ms:.0f} ms")
    parts.append(
        "the explanation is being written, hover again"
        if wanted.is_running
        else "the model found nothing to say"
    )
    return " · ".join(parts)


def _name(model: ModelIdentity) -> str:
    if model.quantisation.lower() in model.name.lower():
        return model.name
    return f"{model.name} {model.quantisation}".strip()


def _whole(session: Session, view: View, known: Explanation, *, about: Explanation) -> types.Hover:
    session.explaining.note_shown(known)
    text = text_of(known, depth=session.app.config.explain.depth)
    return _hover(session, view, text, about=about)


def _hover(session: Session, view: View, text: str, *, about: Explanation) -> types.Hover:
    return types.Hover(contents=_marked(session, text), range=view.mapper.to_range(about.span))


def _marked(session: Session, text: str) -> types.MarkupContent:
    if hover_markdown(session.client):
        return types.MarkupContent(kind=types.MarkupKind.Markdown, value=text)
    return types.MarkupContent(kind=types.MarkupKind.PlainText, value=plain(text))
