"""A suggestion's signals as numbers, at most eight of them. Pure arithmetic.

Which ones, and what to expect of them, stands in ``docs/tell.md``. Never asked: what the model says
of itself (models of 3 to 9 billion weights put 92 % of their stated confidence at the ceiling).
"""

from __future__ import annotations

import math

from ducktypist.ledger.tell.cases import When
from ducktypist.ledger.tell.signals import Signals
from ducktypist.ledger.words import StaticVerdict

_BEFORE = (
    "min_logprob",
    "lowest5_logprob",
    "mean_logprob",
    "log_length",
    "min_margin",
    "static_verdict",
)
_AFTER = (*_BEFORE, "agreeing_share", "visible_share")

_STATIC = {StaticVerdict.BROKEN: -1.0, StaticVerdict.PARSES: 0.0, StaticVerdict.RESOLVES: 1.0}

_LARGEST = 1e6


def names(when: When) -> tuple[str, ...]:
    """Return what is looked at, in order."""
    return _BEFORE if when is When.BEFORE else _AFTER


def values(signals: Signals, when: When) -> tuple[float | None, ...]:
    """Return the numbers in the order of :func:`names`; None is not known.

    Log-probabilities and margins are in nats, the length is ``ln(1 + tokens)``, the static verdict
    is -1, 0 or 1, shares are 0 to 1. NaN, infinity and what is absurdly large are not known.
    """
    tokens = signals.completion_tokens
    found = (
        signals.min_logprob,
        signals.lowest5_logprob,
        signals.mean_logprob,
        math.log1p(tokens) if tokens is not None and tokens >= 0 else None,
        signals.min_margin,
        _STATIC.get(signals.static_verdict),
    )
    if when is When.AFTER:
        found = (*found, signals.agreeing_share, signals.visible_share)  # type: ignore[assignment] # two more of the same
    return tuple(v if v is not None and abs(v) <= _LARGEST else None for v in found)
