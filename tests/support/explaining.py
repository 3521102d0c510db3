"""What explanations are made with, for tests: our own summaries, no other programs, no store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ducktypist.config import ExplainConfig
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
from support.cursor import at_cursor
from support.workbench import document_of

CONFIG = ExplainConfig()


def asking(marked: str, *, language: str = "python", **changes: Any) -> ExplainRequest:
    """Return a request at the marked place."""
    text, offset = at_cursor(marked)
    request = ExplainRequest(document=document_of(text, language=language), offset=offset)
    return replace(request, **changes)


def bundled_sources() -> FactSources:
    """Return facts that are the same on every machine."""
    return FactSources(manual=Manual(page_dirs=(), cache_dir=None))


def explaining() -> Explaining:
    """Return a window's explanations, kept in memory alone."""
    return Explaining(store=ExplanationStore(folder=None, keep_days=0))


async def nothing_runs() -> NotRunnable:
    """Say that nothing may be run."""
    return NotRunnable(reason="the folder is not trusted, so nothing was run")


async def explained(
    request: ExplainRequest,
    workbench: Workbench,
    *,
    here: Explaining | None = None,
    config: ExplainConfig = CONFIG,
) -> Explanation | None:
    """Explain a place and wait for all of it."""
    return await (here or explaining()).explain(
        request,
        workbench=workbench,
        sources=bundled_sources(),
        config=config,
        grounds=nothing_runs,
    )
