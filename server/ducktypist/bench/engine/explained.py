"""An explanation as the benches of the engine want it: from the text alone, kept nowhere.

Facts come from our own summaries and the syntax, so that the question is the same on every machine.
"""

from __future__ import annotations

from ducktypist.config import ExplainConfig
from ducktypist.domain import Document
from ducktypist.facts.manual import Manual
from ducktypist.features.explain import (
    Explaining,
    ExplainRequest,
    Explanation,
    ExplanationStore,
    FactSources,
)
from ducktypist.features.grounds import NotRunnable
from ducktypist.features.workbench import Workbench


async def explained(
    document: Document, offset: int, workbench: Workbench, *, window: Explaining | None = None
) -> Explanation | None:
    """Explain a place and wait for it.

    Args:
        document: Where.
        offset: In code points.
        workbench: Who is asked.
        window: What remembers; None for one that knows nothing yet.

    Raises:
        EngineError: One of its four kinds.
    """
    return await (window or fresh_window()).explain(
        ExplainRequest(document=document, offset=offset),
        workbench=workbench,
        sources=FactSources(manual=Manual(page_dirs=(), cache_dir=None)),
        config=ExplainConfig(),
        grounds=_nothing_runs,
    )


def fresh_window() -> Explaining:
    """Return explanations of a window that knows nothing yet."""
    return Explaining(store=ExplanationStore(folder=None, keep_days=0))


async def _nothing_runs() -> NotRunnable:
    return NotRunnable(reason="the bench runs nothing")
