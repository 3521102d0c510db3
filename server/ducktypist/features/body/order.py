"""Which form of asking for a body to use first, and how many samples of each to draw.

A form is worth what its candidates came to for this model (the ledger's counts of this person's own
code), on top of a prior of about twenty candidates' worth of what the bench found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ducktypist.domain import Source
from ducktypist.ledger.sources import SourceCount

PSEUDO_COUNT = 20.0
PRIORS: Mapping[Source, float] = {
    Source.CHAT: 0.45,
    Source.INFILL: 0.35,
    Source.TEXT: 0.34,
}
"""Share of the candidates of a form that pass, before anything is known of this model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One request: a form, greedy or sampled, and how many answers."""

    source: Source
    is_greedy: bool
    n: int = 1


def turns_of(
    records: Sequence[SourceCount], *, n_max: int, has_fim: bool, most: int
) -> tuple[Turn, ...]:
    """Return what to ask, in order: each form greedily, then samples, more of the better forms.

    Args:
        records: What the ledger says of the resident model.
        n_max: How many answers in all.
        has_fim: Whether the model can fill in.
        most: How many answers one request may have.
    """
    rates = {
        source: rate
        for source, rate in _rates(records).items()
        if has_fim or source is not Source.INFILL
    }
    order = sorted(rates, key=lambda source: rates[source], reverse=True)
    greedy = [Turn(source=source, is_greedy=True) for source in order[:n_max]]
    n_of = _shared_out(rates, order, n_max - len(greedy))
    sampled = [
        Turn(source=source, is_greedy=False, n=min(most, n_of[source]))
        for source in order
        if n_of[source]
    ]
    return (*greedy, *sampled)


def _rates(records: Sequence[SourceCount]) -> dict[Source, float]:
    known = {record.source: record for record in records}
    rates: dict[Source, float] = {}
    for source, prior in PRIORS.items():
        record = known.get(source)
        n, k = (record.n_tried, record.n_plausible) if record else (0, 0)
        rates[source] = (k + PSEUDO_COUNT * prior) / (n + PSEUDO_COUNT)
    return rates


def _shared_out(
    rates: Mapping[Source, float], order: Sequence[Source], n: int
) -> dict[Source, int]:
    """Return how many samples of each: the next one where the rate by those it has is highest."""
    n_of = dict.fromkeys(order, 0)
    for _ in range(max(0, n)):
        # Each has one answer already, its greedy one.
        best = max(order, key=lambda source: rates[source] / (2 + n_of[source]))
        n_of[best] += 1
    return n_of
