"""``textDocument/hover``: an explanation, or at once the reason why there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from ducktypist.errors import (
    DucktypistError,
    EngineError,
    EngineLoadingError,
    ModelError,
    ModelMissingError,
)
from ducktypist.features.explain import ExplainRequest, Explanation, explain, provenance_line
from ducktypist.lsp.convert import hover_markdown
from ducktypist.lsp.window import View

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

_EMPHASIS = re.compile(r"\*{1,3}(?=\S)([^*\n]+?)(?<=\S)\*{1,3}")

LOADING_WAIT_S = 1.5
"""A person waits that long for a model that is being loaded before being told so."""


async def hover(session: Session, view: View, params: types.HoverParams) -> types.Hover | None:
    """Explain what stands under the pointer."""
    if not session.app.config.explain.enabled:
        return None
    offset = view.mapper.to_offset(params.position)
    try:
        async with session.newest(view.document.uri, "hover"):
            explanation = await explain_at(session, view, offset, fresh=False, passing=True)
    except (ModelError, EngineError) as error:
        return types.Hover(contents=_marked(session, _why_not(error)))
    if explanation is None:
        return None
    return types.Hover(
        contents=_marked(session, text_of(explanation)),
        range=view.mapper.to_range(explanation.span),
    )


async def explain_at(
    session: Session, view: View, offset: int, *, fresh: bool, passing: bool = False
) -> Explanation | None:
    """Explain the block at an offset.

    Raises:
        EngineError: The engine cannot be had, or is still loading.
        ModelError: The model cannot be had.
    """
    request = ExplainRequest(
        document=view.document,
        offset=offset,
        trusted=session.is_trusted(view.document),
        fresh=fresh,
        passing=passing,
    )
    workbench = await session.app.workbench(wait_s=LOADING_WAIT_S)
    return await explain(
        request,
        workbench=workbench,
        cache=session.explanations,
        config=session.app.config.explain,
    )


def text_of(explanation: Explanation) -> str:
    """Return an explanation as Markdown, the provenance last."""
    return f"{explanation.markdown}\n\n---\n{provenance_line(explanation.provenance)}"


def _why_not(error: DucktypistError) -> str:
    if isinstance(error, ModelMissingError):
        return f"Ducktypist cannot explain this yet: {error}"
    if isinstance(error, EngineLoadingError):
        return "Ducktypist is loading its model; hover again in a moment"
    return f"Ducktypist cannot explain this now: {error}"


def _marked(session: Session, text: str) -> types.MarkupContent:
    if hover_markdown(session.client):
        return types.MarkupContent(kind=types.MarkupKind.Markdown, value=text)
    plain = _EMPHASIS.sub(r"\1", text).replace("\n---\n", "\n").replace("`", "")
    return types.MarkupContent(kind=types.MarkupKind.PlainText, value=plain)
