"""Where explanations are kept for all windows of a person; nothing here explains."""

from __future__ import annotations

from ducktypist import config
from ducktypist.config import ExplainConfig
from ducktypist.features.explain import ExplanationStore

FOLDER = "explanations"


def explanation_store(settings: ExplainConfig) -> ExplanationStore:
    """Return where explanations are kept: in the user's cache, and with no days in memory alone."""
    return ExplanationStore(folder=config.cache_dir() / FOLDER, keep_days=settings.keep_days)
