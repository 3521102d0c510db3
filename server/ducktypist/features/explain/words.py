"""What is asked for and what is answered: the values of this feature; nothing is done here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.domain import ClaimCount, Document, Fact, Priority, Provenance, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """Where the person points."""

    document: Document
    offset: int
    """In code points."""
    selection: Span | None = None
    """What the person chose; None for the block at the offset."""
    root: Path | None = None
    """The workspace folder that holds the document; None where none does."""
    trusted: bool = False
    fresh: bool = False
    """Ask again although an explanation is kept."""
    priority: Priority = Priority.INTERACTIVE
    lane: str = ""
    """Of requests with the same lane the newest wins, as a pointer's do; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is shown of one block."""

    title: str
    """What is explained: "the function `add`", "this command"."""
    span: Span
    facts: tuple[Fact, ...] = ()
    """What is known, the most telling first."""
    prose: str = ""
    """Plain Markdown: checked, what could not be confirmed is marked; empty while there is none."""
    provenance: Provenance | None = None
    """Who said the prose; None while nobody did."""
    claims: ClaimCount = field(default_factory=ClaimCount)
    """How what the prose claims stands; the contradicted ones are no longer in it."""
    is_whole: bool = False
    """Whether the prose has all its sections."""
    facts_ms: float = 0.0
    """How long finding the facts took."""
