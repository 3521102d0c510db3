"""What the log-probabilities of one answer come to, in four numbers. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ducktypist.domain import TokenLogprob

N_LOWEST = 5
"""How many of the least likely tokens are averaged."""


def logprob_features(
    tokens: Sequence[TokenLogprob],
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return mean, minimum, mean of the lowest five, and smallest margin, in nats."""
    if not tokens:
        return None, None, None, None
    ordered = sorted(token.logprob for token in tokens)
    lowest = ordered[:N_LOWEST]
    mean = math.fsum(ordered) / len(ordered)
    # A token that had no rival, as where a grammar left one choice, comes without a lead.
    margin = min((token.margin for token in tokens if math.isfinite(token.margin)), default=None)
    return mean, ordered[0], math.fsum(lowest) / len(lowest), margin
