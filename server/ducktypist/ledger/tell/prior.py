"""Base rates that borrow from their relatives: cell ← model and kind ← kind.

A hierarchical beta-binomial, kept simple: each level passes on what the *others* in it showed, as
at most ``PSEUDO_COUNT`` imagined suggestions and never as more than it knows. Nothing is counted
twice, and a new model starts where its relatives stand. (Gelman et al., Bayesian Data Analysis,
third edition, chapter 5; the start without any knowledge is the uniform Beta(1, 1).)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ducktypist.ledger.stats import Z_95
from ducktypist.ledger.tell.cases import Past, Stratum, When, plain, ran, strata_of
from ducktypist.ledger.tell.seeds import Seed
from ducktypist.ledger.tell.signals import Signals

PSEUDO_COUNT = 20.0
"""How many suggestions a level's knowledge is worth to the level below, and a bench's at all."""

N_DIGITS = 6
"""Of counts, behind the point."""

_START_N = 2.0
_START = {Stratum.FAILED: 0.05}
"""The rate where nothing is known: an even one, except that a failed check makes wrong by rule."""


@dataclass(slots=True)
class Count:
    """Counted outcomes; fractions come from seeds."""

    n: float = 0.0
    right: float = 0.0
    n_own: int = 0
    """Those of this ledger."""

    def plus(self, other: Count) -> Count:
        """Return both together."""
        return Count(self.n + other.n, self.right + other.right, self.n_own + other.n_own)

    def less(self, other: Count) -> Count:
        """Return what remains without ``other``."""
        return Count(self.n - other.n, self.right - other.right, self.n_own - other.n_own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate and what it rests on."""

    mean: float
    """0 to 1."""
    n: float
    """As many suggestions as it is worth, the borrowed ones included."""
    n_like: int
    """Of this ledger: those of the same model and kind, or up to 20 of other models."""


@dataclass(slots=True)
class Tally:
    """Counts by stratum, kind, model and language, with their sums."""

    cells: dict[tuple[str, ...], Count] = field(default_factory=dict)
    """By (stratum, kind, model, language), and by its shorter beginnings."""
    sown: dict[tuple[str, ...], Count] = field(default_factory=dict)
    """Of benches, likewise, but for no other model: a bench speaks for its own model file only."""

    def add(self, case: Past) -> None:
        """Count one outcome in."""
        for stratum in strata_of(case):
            self.add_counts(_key(stratum, case.signals), n=1.0, right=float(case.is_right), n_own=1)

    def sow(self, seeds: Iterable[Seed]) -> None:
        """Count a bench's outcomes in, scaled down to what they are worth."""
        seeds = tuple(seeds)
        totals: dict[tuple[str, ...], int] = {}
        for seed in seeds:
            group = (seed.stratum, seed.kind, seed.model_sha256)
            totals[group] = totals.get(group, 0) + seed.n
        for seed in seeds:
            total = totals[seed.stratum, seed.kind, seed.model_sha256]
            scale = min(1.0, PSEUDO_COUNT / total) if total else 0.0
            key = (seed.stratum, seed.kind, seed.model_sha256, seed.language)
            # Rounded as the calibrator's file has it.
            n, right = (round(count * scale, N_DIGITS) for count in (seed.n, seed.n_right))
            self.add_counts(key, n=n, right=right, n_own=0)

    def is_sown(self, signals: Signals) -> bool:
        """Tell whether a bench ran suggestions of this kind by this very model file."""
        wanted = (signals.kind.value, signals.model_sha256)
        return any(key[1:] == wanted for key in self.sown)

    def base_rate(self, when: When, signals: Signals) -> Rate | None:
        """Return what is known of a suggestion without any signal.

        While no outcome says more than running did, that is the rate before running.
        """
        found = self.rate(plain(when), signals)
        return self.rate(Stratum.BEFORE, signals) if found is None else found

    def start(self, when: When, signals: Signals) -> Rate | None:
        """Return the rate that a fit starts from: after running, of those that ran as it did."""
        found = None if when is When.BEFORE else self.rate(ran(signals), signals)
        return self.base_rate(when, signals) if found is None else found

    def add_counts(self, key: tuple[str, ...], *, n: float, right: float, n_own: int) -> None:
        """Count several outcomes in, by stratum, kind, model and language.

        Those of which none is this ledger's own are a bench's.
        """
        counts, lengths = (self.cells, (2, 3, 4)) if n_own else (self.sown, (3, 4))
        for length in lengths:
            count = counts.setdefault(key[:length], Count())
            count.n += n
            count.right += right
            count.n_own += n_own

    def rate(self, stratum: Stratum, signals: Signals) -> Rate | None:
        """Return the rate of a suggestion's cell; None where nothing is known of its kind."""
        key = _key(stratum, signals)
        kind, own, own_cell = (self.cells.get(key[:length], Count()) for length in (2, 3, 4))
        model, cell = (
            count.plus(self.sown.get(key[:length], Count()))
            for length, count in ((3, own), (4, own_cell))
        )
        if kind.n + model.n <= 0:
            return None
        mean, n = _START.get(stratum, 0.5), _START_N
        for count in (kind.less(own), model.less(cell), cell):
            weight = min(PSEUDO_COUNT, n)
            n = count.n + weight
            mean = (count.right + weight * mean) / n
        like = model.n_own or min(int(PSEUDO_COUNT), kind.n_own)
        # Differences of sums of fractions may miss the borders by an ulp.
        return Rate(mean=min(1.0, max(0.0, mean)), n=n, n_like=like)


def interval(mean: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson interval of a rate that is worth ``n`` suggestions, maybe a fraction.

    As ``stats.wilson`` (Wilson 1927, JASA 22:209). It always holds ``mean``.
    """
    squared = z * z
    denominator = 1 + squared / n
    middle = (mean + squared / (2 * n)) / denominator
    half = z * math.sqrt(mean * (1 - mean) / n + squared / (4 * n * n)) / denominator
    return max(0.0, min(mean, middle - half)), min(1.0, max(mean, middle + half))


def _key(stratum: Stratum, signals: Signals) -> tuple[str, ...]:
    return (stratum.value, signals.kind.value, signals.model_sha256, signals.language)
