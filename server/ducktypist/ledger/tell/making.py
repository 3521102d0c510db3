"""Making a calibrator from the past: rates, fits, and the proof that they tell anything.

The same past and seeds give the same calibrator, whatever order they come in.
"""

from __future__ import annotations

from collections.abc import Sequence

from ducktypist.domain import Kind
from ducktypist.errors import LedgerError
from ducktypist.ledger.tell.calibrator import CAP, Calibrator
from ducktypist.ledger.tell.cases import N_FIT, Past, When, in_time_order
from ducktypist.ledger.tell.learned import Tell, like_bins
from ducktypist.ledger.tell.prior import Tally
from ducktypist.ledger.tell.proving import prove, tells_of_seeds
from ducktypist.ledger.tell.score import Forecast
from ducktypist.ledger.tell.seeds import Seed, seeds_hash


def make_calibrator(past: Sequence[Past], seeds: Sequence[Seed]) -> Calibrator:
    """Return what the past teaches.

    Raises:
        LedgerError: A kind has 30 outcomes, and numpy or scipy is not installed.
    """
    ordered = in_time_order(past)
    kinds = sorted({case.kind for case in ordered})
    tells = [
        tell
        for kind in kinds
        for when in When
        if (tell := _tell(kind, when, [case for case in ordered if case.kind is kind], seeds))
    ]
    return _with_rates(ordered, seeds, tells)


def base_rates(past: Sequence[Past], seeds: Sequence[Seed]) -> Calibrator:
    """Return what the past teaches without fitting anything, so without numpy."""
    return _with_rates(past, seeds, ())


def _with_rates(past: Sequence[Past], seeds: Sequence[Seed], tells: Sequence[Tell]) -> Calibrator:
    tally = Tally()
    tally.sow(seeds)
    n_known: dict[str, int] = {}
    for case in past:
        tally.add(case)
        n_known[case.kind.value] = n_known.get(case.kind.value, 0) + 1
    proven = {(tell.kind, tell.when) for tell in tells if tell.proof is not None}
    sown = [tell for tell in tells_of_seeds(seeds) if (tell.kind, tell.when) not in proven]
    taken = {(tell.kind, tell.when) for tell in sown}
    kept = [tell for tell in tells if (tell.kind, tell.when) not in taken]
    return Calibrator(
        tally=tally,
        tells=tuple(sorted((*kept, *sown), key=lambda tell: (tell.kind, tell.when))),
        n_known=n_known,
        as_of_utc=max((case.known_utc for case in past), default=""),
        seeds=seeds_hash(seeds),
    )


def best_calibrator(past: Sequence[Past], seeds: Sequence[Seed]) -> Calibrator:
    """Return the calibrator, or the base rates alone where numpy or scipy is not installed."""
    try:
        return make_calibrator(past, seeds)
    except LedgerError:
        return base_rates(past, seeds)


def _tell(kind: Kind, when: When, past: Sequence[Past], seeds: Sequence[Seed]) -> Tell | None:
    if sum(case.counts(when) for case in past) < N_FIT:
        return None
    from ducktypist.ledger.tell.prequential import walk  # noqa: PLC0415 - numpy is an extra

    steps, learner = walk(past, when=when, seeds=seeds)
    learned = learner.fit(past[-1])
    if learned is None:
        return None
    scored = [step.as_forecast() for step in steps if step.used_signals]
    capped = [
        Forecast(
            p=min(CAP, item.p), is_right=item.is_right, reference=item.reference, unit=item.unit
        )
        for item in scored
    ]
    return Tell(
        kind=kind,
        when=when,
        linear=learned.linear,
        calibration=learned.calibration,
        like=like_bins(item.p for item in scored),
        proof=prove(capped),
    )
