"""Fitting on one half of the tasks and scoring on the other.

The split goes by a keyed hash of the task, so that no task is in both halves and the same seed
always makes the same halves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.domain import Kind
from ducktypist.ledger.tell.calibrator import CAP, Calibrator
from ducktypist.ledger.tell.cases import Past, When
from ducktypist.ledger.tell.making import make_calibrator
from ducktypist.ledger.tell.score import Forecast, Score, score
from ducktypist.ledger.tell.seeds import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """The scores of one kind at one moment, or of all kinds together."""

    kind: Kind | None
    """None means all."""
    when: When
    n_fitted: int
    """Outcomes of the half that was fitted on."""
    has_tell: bool
    """Whether the fitted half proved a tell, so that the signals would be shown; for all kinds
    together, whether any did."""
    shown: Score
    """Of what a person would have been shown."""
    signals: Score
    """Of what the signals said, shown or not."""


def split(past: Sequence[Past], *, seed: int) -> tuple[tuple[Past, ...], tuple[Past, ...]]:
    """Return the half to fit on and the half to score on; each task is in one of them."""
    halves: tuple[list[Past], list[Past]] = ([], [])
    key = str(seed).encode()
    for case in past:
        digest = hashlib.blake2b(case.task.encode("utf-8", "replace"), key=key, digest_size=2)
        halves[digest.digest()[0] % 2].append(case)
    return tuple(halves[0]), tuple(halves[1])


def held_out(
    past: Sequence[Past], seeds: Sequence[Seed], *, seed: int
) -> tuple[Calibrator, tuple[HeldOut, ...]]:
    """Return the calibrator of one half, and how it does on the other.

    Raises:
        LedgerError: numpy or scipy is not installed.
    """
    fitted, other = split(past, seed=seed)
    calibrator = make_calibrator(fitted, seeds)
    kinds = sorted({case.kind for case in other})
    found = [
        _held_out(calibrator, kind, when, fitted, other)
        for when in When
        for kind in (*kinds, *((None,) if len(kinds) > 1 else ()))
    ]
    return calibrator, tuple(found)


def _held_out(
    calibrator: Calibrator,
    kind: Kind | None,
    when: When,
    fitted: Sequence[Past],
    other: Sequence[Past],
) -> HeldOut:
    shown: list[Forecast] = []
    signals: list[Forecast] = []
    for case in other:
        if kind not in {None, case.kind} or not case.counts(when):
            continue
        rate = calibrator.base_rate(case.signals, when)
        prediction = calibrator.predict(case.signals, when)
        said = calibrator.forecast(case.signals, when)
        if rate is None or prediction is None or said is None:
            continue
        shown.append(_forecast(prediction.p_right, rate.mean, case))
        signals.append(_forecast(min(CAP, said), rate.mean, case))
    return HeldOut(
        kind=kind,
        when=when,
        n_fitted=sum(kind in {None, case.kind} and case.counts(when) for case in fitted),
        has_tell=any(
            tell.has_tell
            for tell in calibrator.tells
            if tell.when is when and kind in {None, tell.kind}
        ),
        shown=score(shown),
        signals=score(signals),
    )


def _forecast(p: float, reference: float, case: Past) -> Forecast:
    return Forecast(p=p, is_right=case.is_right, reference=reference, unit=case.task)
