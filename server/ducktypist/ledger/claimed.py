"""The event that says how the claims of an explanation stood beside what is known of the code.

Only what a prose claims and somebody can check is counted; see ``claims`` for what is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The claims of an explanation were compared with what is known."""

    TABLE: ClassVar[str] = "claimed"
    suggestion_id: str
    n_confirmed: int
    """Of the first answers, before anything was asked again: what the model is worth."""
    n_contradicted: int
    """Of the first answers: what is known says otherwise."""
    n_unconfirmed: int
    """Of the first answers: nobody knows."""
    n_asked_again: int
    """Parts of it that were asked for once more because they contradicted what is known."""
    n_struck: int
    """Claims that contradicted it still, and were taken out or replaced."""
    n_shown_confirmed: int
    """Of what is shown."""
    n_shown_unconfirmed: int
    """Of what is shown, marked as such."""
