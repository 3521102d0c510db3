"""Whether signals tell anything: forecasts that were made before their outcomes, scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ducktypist.domain import Kind
from ducktypist.ledger.tell.cases import Stratum, When
from ducktypist.ledger.tell.learned import Proof, Tell, like_bins
from ducktypist.ledger.tell.score import Forecast, flat, score
from ducktypist.ledger.tell.seeds import Seed

N_PROVEN = 30
"""Fewer scored forecasts prove nothing."""

_RAN = (Stratum.PASSED, Stratum.FAILED, Stratum.NOT_RUN)


def prove(forecasts: Sequence[Forecast]) -> Proof | None:
    """Return how forecasts did; None where too few could be scored."""
    if len(forecasts) < N_PROVEN:
        return None
    found = score(forecasts)
    gain = found.skill_over_reference
    return Proof(
        gain=gain.value,
        gain_low=gain.low,
        gain_high=gain.high,
        **flat(found, Proof.__slots__),
    )


def tells_of_seeds(seeds: Sequence[Seed]) -> tuple[Tell, ...]:
    """Return for which kinds the bench alone shows that having been run tells something.

    Each suggestion of the bench is foretold by the others of its model that ran as it did, itself
    left out, and that is compared with the rate of all others of its model.
    """
    found = []
    for kind in sorted({seed.kind for seed in seeds}):
        forecasts = list(_left_out(seeds, kind))
        proof = prove(forecasts)
        if proof is not None:
            found.append(
                Tell(
                    kind=kind,
                    when=When.AFTER,
                    linear=None,
                    calibration=None,
                    like=like_bins(()),
                    proof=proof,
                )
            )
    return tuple(found)


def _left_out(seeds: Sequence[Seed], kind: Kind) -> Iterator[Forecast]:
    counts: dict[tuple[str, Stratum], tuple[int, int]] = {}
    for seed in seeds:
        if seed.kind is kind and seed.stratum in _RAN:
            n, n_right = counts.get((seed.model_sha256, seed.stratum), (0, 0))
            counts[seed.model_sha256, seed.stratum] = (n + seed.n, n_right + seed.n_right)
    for (model, _), (n, n_right) in sorted(counts.items()):
        n_all = sum(count[0] for key, count in counts.items() if key[0] == model)
        n_all_right = sum(count[1] for key, count in counts.items() if key[0] == model)
        for is_right, times in ((True, n_right), (False, n - n_right)):
            forecast = Forecast(
                p=_laplace(n_right - is_right, n - 1),
                is_right=is_right,
                reference=_laplace(n_all_right - is_right, n_all - 1),
            )
            yield from (forecast for _ in range(times))


def _laplace(k: int, n: int) -> float:
    """Return the rule of succession's rate, which is never 0 or 1."""
    return (k + 1) / (n + 2)
