"""Explanations: facts at once, a model's prose on top, and what the prose claims compared.

``target`` says what is explained, ``sources`` what is known of it, ``asking`` has the prose written
and checked, ``store`` keeps it for all windows, ``explaining`` joins who asks for the same,
``passages`` goes through a selection part by part, and ``showing`` makes Markdown of it all.
"""

from __future__ import annotations

from ducktypist.features.explain.explaining import Explaining, Work
from ducktypist.features.explain.passages import passages
from ducktypist.features.explain.showing import Passage, provenance_line, text_of
from ducktypist.features.explain.sources import FactSources
from ducktypist.features.explain.store import ExplanationStore
from ducktypist.features.explain.words import ExplainRequest, Explanation

__all__ = [
    "ExplainRequest",
    "Explaining",
    "Explanation",
    "ExplanationStore",
    "FactSources",
    "Passage",
    "Work",
    "passages",
    "provenance_line",
    "text_of",
]
