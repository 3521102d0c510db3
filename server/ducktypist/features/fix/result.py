"""What a search hands back, whatever it searched for: the proposal and its summary."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from ducktypist.domain import Outcome, Rung, Verdict
from ducktypist.features.check_body import failed
from ducktypist.features.fix.case import Case
from ducktypist.features.fix.choice import Choice
from ducktypist.features.fix.proposals import FixProposal, SearchSummary
from ducktypist.features.fix.record import BY_RULE, RULES, Record
from ducktypist.features.fix.search import Search


def proposal(
    found: Search, case: Case, record: Record, choice: Choice | None, verdict: Verdict
) -> FixProposal:
    """Write the search's end into the ledger and return what is proposed."""
    suggestion_id = record.ended(found, case, choice, verdict)
    candidate = choice.plausible.candidate if choice is not None else None
    by_rule = candidate is not None and candidate.source in BY_RULE
    return FixProposal(
        suggestion_id=suggestion_id,
        path=case.grounds.root / candidate.path if candidate is not None else None,
        text=case.texts[candidate.path] if candidate is not None else "",
        edit=candidate.edit if candidate is not None else None,
        verdict=verdict,
        model=RULES if by_rule else record.workbench.model,
        message=verdict.summary,
        search=_summary(found, case, choice),
        prediction=record.prediction,
    )


def nothing_to_propose(found: Search, record: Record, reason: str) -> FixProposal:
    """Return what is said when there was nothing to search for."""
    return FixProposal(
        suggestion_id=record.suggestion_id,
        path=None,
        text="",
        edit=None,
        verdict=failed(Rung.UNVERIFIED, Outcome.NOT_RUN, reason),
        model=record.workbench.model,
        message=reason,
        search=SearchSummary(total_ms=_since_ms(found)),
    )


def nothing_found(found: Search, case: Case, what: str) -> Verdict:
    """Return the verdict on a search without a patch: what was tried, and where."""
    tried = ", ".join(f"`{place.function.name}`" for place in case.places)
    reason = f"{what}: {found} in {tried}"
    return replace(failed(Rung.UNVERIFIED, Outcome.STILL_FAILING, reason), repeats=1)


def _summary(found: Search, case: Case, choice: Choice | None) -> SearchSummary:
    return SearchSummary(
        n_candidates=len(found.trials),
        n_plausible=len(found.plausible),
        outcomes=dict(found.outcomes),
        sources=dict(Counter(trial.candidate.source for trial in found.trials)),
        source=choice.plausible.candidate.source if choice else None,
        what=choice.plausible.candidate.what if choice else "",
        first_plausible_ms=found.first_plausible_ms,
        n_before_first=found.n_before_first,
        total_ms=_since_ms(found),
        doubt=choice.doubt if choice else "",
        suspects=tuple(place.function.qualified_name for place in case.places),
    )


def _since_ms(found: Search) -> float:
    return (asyncio.get_running_loop().time() - found.started_s) * 1000
