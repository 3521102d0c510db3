"""What a search for a patch hands back: an edit that was run, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.domain import ModelIdentity, Outcome, Prediction, Source, TextEdit, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSummary:
    """What a search tried, for the person, the editor's ``data`` and the bench."""

    n_candidates: int = 0
    n_plausible: int = 0
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    sources: Mapping[Source, int] = field(default_factory=dict)
    """How many candidates came from where."""
    source: Source | None = None
    """Where the proposed patch came from."""
    what: str = ""
    """What it does, for a person."""
    first_plausible_ms: float | None = None
    """From the request to the first plausible patch."""
    n_before_first: int | None = None
    """How many candidates were tried until then, it included."""
    total_ms: float = 0.0
    doubt: str = ""
    """Why the patch may be wrong although all tests pass; empty when nothing speaks against it."""
    suspects: tuple[str, ...] = ()
    """Functions that were searched, the most suspicious first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixProposal:
    """What came of it; ``edit`` is None when nothing plausible was found."""

    suggestion_id: str
    path: Path | None
    """The file to change, absolute."""
    text: str
    """The text that ``edit`` was made for; anything else makes the edit stale."""
    edit: TextEdit | None
    verdict: Verdict
    model: ModelIdentity
    message: str
    search: SearchSummary = field(default_factory=SearchSummary)
    prediction: Prediction | None = None
    """How likely ``edit`` is right; None without one, or where nobody says."""
