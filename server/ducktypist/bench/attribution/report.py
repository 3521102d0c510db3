"""Many histories together: how much of what was said is right, with intervals, and what is not."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from ducktypist.bench.attribution.histories import history
from ducktypist.bench.attribution.judging import CHECKS, Judged, What, judged
from ducktypist.bench.attribution.replay import Replay
from ducktypist.bench.figures import Figure, share_of
from ducktypist.bench.measure import machine
from ducktypist.domain import Json

BAR_PERCENT = 99
N_EXAMPLES = 40
EVERY = 25
LABELS = (*CHECKS.values(), What.LABEL)
"""Everything that is a label: still in or gone, right or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionReport:
    """What came out."""

    seed: int
    n_histories: int
    n_steps: int
    judged: tuple[Judged, ...]
    crashes: tuple[str, ...]
    """Seeds and errors."""
    n_unlike: int
    """Histories in which attribution worked out again came to something else."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Return the lines of the table."""
        named = [item for item in self.judged if item.what in LABELS]
        n_right = sum(item.is_right for item in named)
        spoken = [item for item in named if not item.is_silent]
        n_right_spoken = sum(item.is_right for item in spoken)
        bar = f"≥ {BAR_PERCENT} %"
        lines = [
            share_of(
                "labels",
                "of all that is known, said and right",
                n_right,
                len(named),
                bar=bar,
                is_met=bool(named) and 100 * n_right >= BAR_PERCENT * len(named),
            ),
            share_of("labels said", "right", n_right_spoken, len(spoken)),
        ]
        for what in What:
            mine = [item for item in self.judged if item.what is what]
            lines.append(
                share_of(f"  {what.value}", "right", sum(it.is_right for it in mine), len(mine))
            )
        lines += [
            _count("crashes", "histories", len(self.crashes), self.n_histories),
            _count("replay", "comes to something else", self.n_unlike, self.n_histories),
        ]
        return tuple(lines)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Return what is not right, in words, and the crashes."""
        found = [f"{it.what.value}: {it.example}" for it in self.judged if not it.is_right]
        return (*self.crashes, *found)

    def as_json(self) -> dict[str, Json]:
        """Return everything, enough to repeat it."""
        return {
            "bench": "attribution",
            "seed": self.seed,
            "histories": self.n_histories,
            "steps": self.n_steps,
            "machine": dict(machine()),
            "figures": [item.as_json() for item in self.figures],
            "wrong": list(self.wrong),
        }


def attribution(*, n_histories: int, seed: int, say: Callable[[str], None]) -> AttributionReport:
    """Replay made-up histories and judge what was said.

    Args:
        n_histories: How many.
        seed: The histories have this seed and those after it.
        say: Told how far it is.
    """
    found: list[Judged] = []
    crashes: list[str] = []
    n_steps = n_unlike = 0
    for number in range(n_histories):
        if number and number % EVERY == 0:
            say(f"{number} of {n_histories} histories")
        told = history(seed + number)
        n_steps += len(told.steps)
        replay = Replay(history=told)
        try:
            replay.run()
        except Exception:  # noqa: BLE001 - a crash of what is measured is a result
            crashes.append(f"seed {seed + number}: {traceback.format_exc(limit=-2)}")
        found += judged(replay)
        n_unlike += not replay.is_idempotent
    return AttributionReport(
        seed=seed,
        n_histories=n_histories,
        n_steps=n_steps,
        judged=tuple(found),
        crashes=tuple(crashes),
        n_unlike=n_unlike,
    )


def _count(name: str, what: str, k: int, n: int) -> Figure:
    return Figure(
        name=name, what=what, value=float(k), unit="", n=n, bar="0", is_met=k == 0 if n else None
    )
