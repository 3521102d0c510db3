"""A made-up past for tests of the tell: outcomes drawn from a known truth."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

from ducktypist.domain import Kind
from ducktypist.ledger.tell.cases import Past
from ducktypist.ledger.tell.signals import Signals

MODELS = ("a" * 64, "b" * 64)
_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def signals(**changes: Any) -> Signals:
    """Return the signals of a Python body by the first model."""
    values: dict[str, Any] = {
        "model_sha256": MODELS[0],
        "quantisation": "Q4_K_M",
        "kind": Kind.COMPLETE,
        "language": "python",
    }
    return Signals(**values | changes)


def at(n_seconds: float) -> str:
    """Return a time so many seconds after the start, as the ledger writes it."""
    moment = _START + dt.timedelta(seconds=n_seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def case(place: int, *, is_right: bool, **changes: Any) -> Past:
    """Return one suggestion of the past, asked for in the second ``place``."""
    values: dict[str, Any] = {
        "suggestion_id": f"{place:026}",
        "at_utc": at(place),
        "known_utc": at(place + 0.5),
        "task": f"task-{place}",
        "signals": signals(),
        "is_right": is_right,
        "is_beyond": True,
    }
    return Past(**values | changes)


def made_past(
    n: int,
    *,
    seed: int = 0,
    strength: float = 1.5,
    sees_tests: bool = False,
    kind: Kind = Kind.COMPLETE,
    language: str = "python",
    shift: float = 0.0,
) -> tuple[Past, ...]:
    """Return ``n`` outcomes: a logit of ``strength`` times what the log-probabilities hint at.

    Args:
        n: How many.
        seed: Of the draws.
        strength: 0 makes signals that tell nothing.
        sees_tests: Whether tests were run that pass for 30 % of the wrong ones as well.
        kind: Of all of them.
        language: Of all of them.
        shift: Of the logit, for a kind that is easier or harder.
    """
    random_ = random.Random(seed)  # noqa: S311 - made-up data
    found = []
    for place in range(n):
        hint = random_.gauss(0, 1)
        model = random_.randrange(2)
        logit = strength * hint + (0.7 if model == 0 else -0.7) + shift
        is_right = random_.random() < 1 / (1 + math.exp(-logit))
        share = None
        if sees_tests:
            passes = is_right or random_.random() < 0.3
            share = 1.0 if passes else random_.choice([0.0, 0.5])
        found.append(
            case(
                place,
                is_right=is_right,
                task=f"task-{place // 2}",
                signals=signals(
                    model_sha256=MODELS[model],
                    kind=kind,
                    language=language,
                    min_logprob=hint - 3 + random_.gauss(0, 0.3),
                    lowest5_logprob=0.5 * hint - 2 + random_.gauss(0, 0.3),
                    mean_logprob=0.1 * hint - 0.3 + random_.gauss(0, 0.05),
                    min_margin=abs(random_.gauss(0, 1)),
                    completion_tokens=random_.randint(3, 200),
                    visible_share=share,
                ),
            )
        )
    return tuple(found)
