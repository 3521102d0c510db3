"""The event for one candidate of a search: what it was, what it cost, what became of it.

A search tries many patches and shows one. All of them are kept, or nothing could be said of which
source is worth its time. Pure values, like the rest of the events; see ``events``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ducktypist.domain import Outcome, Source, TextEdit, Trial
from ducktypist.ledger.attribution.changes import n_same


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One candidate was tried, or was to be."""

    TABLE: ClassVar[str] = "tried"
    suggestion_id: str
    """The search's; what is shown in the end has the same."""
    position: int
    """From 0, in the order of trying."""
    source: Source
    form_hash: str
    """Keyed hash of the patched function's normal form: the same patch found twice is one."""
    function_hash: str
    """Keyed hash of the function's path and qualified name."""
    outcome: Outcome
    """``plausible`` only where all was run that the search meant to run; ``sandbox_error``,
    ``stale`` and ``not_run`` say nothing of the candidate."""
    stage: str
    """How far it came, see :class:`~ducktypist.domain.Trial`."""
    verify_ms: float
    completion_tokens: int
    """0 for what no model made."""
    generation_ms: float
    """Its share of its request's time."""
    mean_logprob: float | None
    n_changed_chars: int
    """Characters taken out and put in."""
    suspicion: float
    cluster: int | None = None
    """Which group of alike-behaving patches it fell into, 0 the largest; None when not compared."""
    chosen: bool = False
    """Whether it is the one that was shown."""

    @classmethod
    def of(
        cls,
        trial: Trial,
        *,
        suggestion_id: str,
        position: int,
        form_hash: str,
        function_hash: str,
        cluster: int | None = None,
        chosen: bool = False,
    ) -> Tried:
        """Return the event for one trial.

        Args:
            trial: What became of the candidate.
            suggestion_id: The search's.
            position: From 0, in the order of trying.
            form_hash: ``Ledger.keyed_hash`` of the patched function's normal form.
            function_hash: ``Ledger.keyed_hash`` of the function's path and qualified name.
            cluster: Its group of alike-behaving patches, where they were compared.
            chosen: Whether it is the one that is shown.
        """
        candidate = trial.candidate
        return cls(
            suggestion_id=suggestion_id,
            position=position,
            source=candidate.source,
            form_hash=form_hash,
            function_hash=function_hash,
            outcome=trial.outcome,
            stage=trial.stage,
            verify_ms=trial.verify_ms,
            completion_tokens=candidate.completion_tokens,
            generation_ms=candidate.generation_ms,
            mean_logprob=candidate.mean_logprob,
            n_changed_chars=n_changed_characters(candidate.edit),
            suspicion=candidate.suspicion,
            cluster=cluster,
            chosen=chosen,
        )


def n_changed_characters(edit: TextEdit) -> int:
    """Return how many characters an edit takes out and puts in, common ends left aside."""
    n_head = n_same(edit.old_text, edit.new_text)
    old, new = edit.old_text[n_head:], edit.new_text[n_head:]
    n_tail = n_same(old[::-1], new[::-1])
    return len(old) + len(new) - 2 * n_tail
