"""Which sources of candidates to try first: those that worked for this model before.

A beta-binomial estimate per source (prior: about twenty candidates' worth of what the bench found)
is divided by what a candidate costs. The ledger's counts are this person's own code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ducktypist.domain import Source
from ducktypist.ledger.sources import SourceCount

PSEUDO_COUNT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What to expect of a source before anything is known of this model."""

    rate: float
    """Share of suggestions of which it found a plausible patch."""
    cost_s: float
    """What asking all of its first questions takes on a laptop."""


PRIORS: Mapping[Source, Prior] = {
    Source.MUTATION: Prior(rate=0.4, cost_s=3.0),
    Source.LINE: Prior(rate=0.5, cost_s=4.0),
    Source.INSERTION: Prior(rate=0.1, cost_s=4.0),
    Source.SPAN: Prior(rate=0.2, cost_s=8.0),
    Source.BODY: Prior(rate=0.1, cost_s=5.0),
    Source.REWRITE: Prior(rate=0.04, cost_s=5.0),
}


def order_of(records: Sequence[SourceCount], wanted: Sequence[str] = ()) -> tuple[Source, ...]:
    """Return the sources to try, the most promising for its cost first.

    Args:
        records: What the ledger says of the resident model.
        wanted: Names of sources in the order that the person chose; empty means ours.
    """
    if wanted:
        return tuple(Source(name) for name in wanted)
    known = {record.source: record for record in records}

    def worth(source: Source) -> float:
        prior, record = PRIORS[source], known.get(source)
        n, k = (record.n_suggestions, record.n_suggestions_plausible) if record else (0, 0)
        rate = (k + PSEUDO_COUNT * prior.rate) / (n + PSEUDO_COUNT)
        return rate / prior.cost_s

    return tuple(sorted(PRIORS, key=worth, reverse=True))
