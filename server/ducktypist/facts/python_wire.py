"""A fact as JSON and back, between ``python_worker`` and ``python_names``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind


def to_json(fact: Fact) -> dict[str, Any]:
    """Return a fact as JSON's own types."""
    span = fact.span
    return {
        "kind": str(fact.kind),
        "subject": fact.subject,
        "text": fact.text,
        "source": fact.source,
        "names": list(fact.names),
        "detail": fact.detail,
        "span": [span.start, span.end] if span is not None else None,
    }


def from_json(message: Mapping[str, Any]) -> Fact:
    """Return the fact that :func:`to_json` was given.

    Raises:
        KeyError, TypeError, ValueError: It is no such message.
    """
    span = message["span"]
    return Fact(
        kind=FactKind(message["kind"]),
        subject=str(message["subject"]),
        text=str(message["text"]),
        source=str(message["source"]),
        names=tuple(str(name) for name in message["names"]),
        detail=str(message["detail"]),
        span=Span(start=span[0], end=span[1]) if span is not None else None,
    )
