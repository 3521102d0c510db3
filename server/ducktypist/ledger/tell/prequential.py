"""Walking through the past as it happened: each forecast knows only what was known before it.

Prequential scoring (Dawid 1984, JRSS A 147:278). A suggestion is foretold at its ``at_utc``; its
outcome is learned at its ``known_utc`` and not a moment earlier. Where predictions were logged at
the time, those are what live figures are made of (``rows.logged``); this replay is for history that
was logged without any, and for deciding whether there is a tell.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from ducktypist.ledger.tell import features
from ducktypist.ledger.tell.cases import N_FIT, Past, When
from ducktypist.ledger.tell.fit import Example, fit_linear, fit_map
from ducktypist.ledger.tell.learned import PRIOR_LEAST, Tell, forecast
from ducktypist.ledger.tell.maps import logit
from ducktypist.ledger.tell.prior import Tally
from ducktypist.ledger.tell.score import Forecast
from ducktypist.ledger.tell.seeds import Seed

N_CALIBRATE = 1_000
"""Fewer are not calibrated on top."""

N_NEWEST = 5_000
"""Older outcomes are not fitted any more: people, code and models change."""

N_REPLAYED = 3_000
"""How many of the newest forecasts are replayed."""

REFIT_SHARE = 0.1
"""A replay fits anew when 30 outcomes came, or a tenth more where that is more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One forecast of the replay."""

    case: Past
    base_rate: float
    p: float
    """What the signals said; the base rate while there was no fit."""
    used_signals: bool

    def as_forecast(self) -> Forecast:
        """Return it for scoring."""
        return Forecast(
            p=self.p, is_right=self.case.is_right, reference=self.base_rate, unit=self.case.task
        )


@dataclass(slots=True, kw_only=True)
class Learner:
    """What is known of one kind at one moment of a suggestion's life, growing."""

    when: When
    tally: Tally = field(default_factory=Tally)
    examples: list[Example] = field(default_factory=list)
    _starts: dict[str, float] = field(default_factory=dict)

    def meet(self, case: Past) -> tuple[float, float] | None:
        """Note what the rates say of a suggestion before its outcome: plain, and to start from."""
        rate = self.tally.base_rate(self.when, case.signals)
        start = self.tally.start(self.when, case.signals)
        # Where nothing is known, an even chance is what a fit starts from.
        self._starts[case.suggestion_id] = 0.5 if start is None else start.mean
        return None if rate is None or start is None else (rate.mean, start.mean)

    def learn(self, case: Past) -> None:
        """Take an outcome in."""
        self.tally.add(case)
        if not case.counts(self.when):
            return
        self.examples.append(
            Example(
                values=features.values(case.signals, self.when),
                offset=logit(self._starts.pop(case.suggestion_id), least=PRIOR_LEAST),
                is_right=case.is_right,
                task=case.task,
            )
        )

    def fit(self, case: Past) -> Tell | None:
        """Return what the newest examples teach, without proof; None while there are too few."""
        newest = self.examples[-N_NEWEST:]
        if len(newest) < N_FIT:
            return None
        linear, left_out = fit_linear(newest)
        calibration = None
        if len(newest) >= N_CALIBRATE:
            calibration = fit_map(
                left_out, [one.is_right for one in newest], [one.task for one in newest]
            )
        return Tell(
            kind=case.kind,
            when=self.when,
            linear=linear,
            calibration=calibration,
            like=(),
            proof=None,
        )


def walk(
    past: Sequence[Past],
    *,
    when: When,
    seeds: Sequence[Seed] = (),
    replays: bool = True,
) -> tuple[tuple[Step, ...], Learner]:
    """Return the forecasts of one kind of suggestion, and all that is known at the end.

    Args:
        past: Suggestions of one kind, in order of time.
        when: Which forecast.
        seeds: What is known beforehand.
        replays: Whether to forecast at all, which takes fits; False only learns.
    """
    learner = Learner(when=when)
    learner.tally.sow(seeds)
    steps: list[Step] = []
    waiting: list[tuple[str, str, int]] = []
    tell: Tell | None = None
    n_due = N_FIT
    n_skipped = len(past) - N_REPLAYED
    for place, case in enumerate(past):
        while waiting and waiting[0][0] <= case.at_utc:
            learner.learn(past[heapq.heappop(waiting)[2]])
        met = learner.meet(case)
        heapq.heappush(waiting, (case.known_utc, case.suggestion_id, place))
        if not replays or place < n_skipped:
            continue
        if (n := len(learner.examples)) >= n_due:
            tell = learner.fit(case)
            n_due = n + max(N_FIT, int(n * REFIT_SHARE))
        if met is not None and case.counts(when):
            steps.append(_step(case, when, met, tell))
    while waiting:
        learner.learn(past[heapq.heappop(waiting)[2]])
    return tuple(steps), learner


def _step(case: Past, when: When, met: tuple[float, float], tell: Tell | None) -> Step:
    base_rate, start = met
    return Step(
        case=case,
        base_rate=base_rate,
        p=forecast(tell, case.signals, when, start),
        used_signals=tell is not None or when is When.AFTER,
    )
