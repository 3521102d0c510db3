"""The arithmetic behind every displayed number: pure functions, each with its source.

Nothing here reads a file or knows the ledger's tables. NaN is said where there is nothing to say;
no function turns a lack of data into a flattering number.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.domain import (
    MAX_HOVER_TTFT_MS,
    MAX_TTFT_MS,
    MAX_WAIT_MS,
    READING_TOK_S,
    Kind,
)
from ducktypist.ledger.reading import Cell, CellKey

Z_95 = 1.96
"""Two-sided 95 % point of the normal distribution."""

MAX_HALF_WIDTH = 0.15
"""An interval wider than this to either side says too little to be called a result."""

SOMEONE_WAITS = frozenset({Kind.EXPLAIN, Kind.COMPLETE, Kind.INFILL})
"""Kinds whose answer is waited for; a fix works in the background and shows its progress."""


class Speed(enum.StrEnum):
    """Whether one can work with it."""

    USABLE = "usable"
    SLOW = "slow"
    TEA = "tea"
    """Go and make some."""
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStats:
    """What is shown of one model and quantisation at one kind and language."""

    key: CellKey
    n_suggestions: int
    """Answered suggestions, the denominator of coverage."""
    n_verified: int
    """Right, wrong and flaky ones, the denominator of ``right``."""
    n_right: int
    n_wrong: int
    n_flaky: int
    n_unverified: int
    n_concluded: int
    coverage: float
    """Share verified, 0 to 1; NaN when nothing was answered."""
    right: float
    """Share right, 0 to 1; NaN when nothing was verified."""
    right_low: float
    """Lower end of the 95 % Wilson interval."""
    right_high: float
    too_few: bool
    """Whether the interval is too wide for ``right`` to be called a result."""
    n_shown: int
    n_accepted: int
    n_dismissed: int
    n_looked_10min: int
    n_still_in_10min: int
    ttft_p50_ms: float
    ttft_p95_ms: float
    total_p50_ms: float
    total_p95_ms: float
    decode_p50_tok_s: float
    speed: Speed


def summarise(cell: Cell) -> CellStats:
    """Return what is shown of one cell."""
    n_verified = cell.n_right + cell.n_wrong + cell.n_flaky
    low, high = wilson(cell.n_right, n_verified)
    ttft_p50_ms = percentile(cell.ttft_ms, 50)
    total_p50_ms = percentile(cell.total_ms, 50)
    decode_p50_tok_s = percentile(cell.decode_tok_s, 50)
    return CellStats(
        key=cell.key,
        n_suggestions=cell.n_answered,
        n_verified=n_verified,
        n_right=cell.n_right,
        n_wrong=cell.n_wrong,
        n_flaky=cell.n_flaky,
        n_unverified=cell.n_unverified,
        n_concluded=cell.n_concluded,
        coverage=share(n_verified, cell.n_answered),
        right=share(cell.n_right, n_verified),
        right_low=low,
        right_high=high,
        too_few=too_few(n_verified, cell.n_right),
        n_shown=cell.n_shown,
        n_accepted=cell.n_accepted,
        n_dismissed=cell.n_dismissed,
        n_looked_10min=cell.n_looked_10min,
        n_still_in_10min=cell.n_still_in_10min,
        ttft_p50_ms=ttft_p50_ms,
        ttft_p95_ms=percentile(cell.ttft_ms, 95),
        total_p50_ms=total_p50_ms,
        total_p95_ms=percentile(cell.total_ms, 95),
        decode_p50_tok_s=decode_p50_tok_s,
        speed=speed(
            cell.key.kind,
            ttft_p50_ms=ttft_p50_ms,
            total_p50_ms=total_p50_ms,
            decode_tok_s=decode_p50_tok_s,
        ),
    )


def share(k: int, n: int) -> float:
    """Return ``k / n``, NaN when ``n`` is 0."""
    return k / n if n else math.nan


def wilson(k: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the score interval of ``k`` successes in ``n`` trials (Wilson 1927, JASA 22:209).

    Both ends are shares within 0 to 1, and NaN when ``n`` is 0.

    Raises:
        ValueError: ``k`` is not within 0 to ``n``.
    """
    _check_counts(k, n)
    if n == 0:
        return math.nan, math.nan
    share_seen, squared = k / n, z * z
    denominator = 1 + squared / n
    middle = (share_seen + squared / (2 * n)) / denominator
    half = z * math.sqrt(share_seen * (1 - share_seen) / n + squared / (4 * n * n)) / denominator
    # At the borders the exact values are 0 and 1; floating point may miss them by an ulp.
    low = 0.0 if k == 0 else max(0.0, middle - half)
    high = 1.0 if k == n else min(1.0, middle + half)
    return low, high


def too_few(n: int, k: int) -> bool:
    """Tell whether ``k`` of ``n`` is too little to be called a result.

    That is so while the 95 % interval reaches more than 15 points to either side. The half-width
    taken is that of an even split, ``z / (2 √n)``, or the Wilson interval's own if that were wider:
    ten of ten has a narrow interval because it is ten of ten, not because ten were many. It
    amounts to n < 43.

    Raises:
        ValueError: ``k`` is not within 0 to ``n``.
    """
    low, high = wilson(k, n)
    if n == 0:
        return True
    return max((high - low) / 2, Z_95 / (2 * math.sqrt(n))) > MAX_HALF_WIDTH


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile, NaN when there are no values.

    It is the smallest value that at least ``percent`` % of the values do not exceed, so always one
    that was seen (Hyndman & Fan 1996, Am. Stat. 50:361, definition 1).

    Raises:
        ValueError: ``percent`` is not above 0 and at most 100.
    """
    if not 0 < percent <= 100:  # noqa: PLR2004 - per cent
        message = f"a percentile is above 0 and at most 100, got {percent}"
        raise ValueError(message)
    if not values:
        return math.nan
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]


def speed(kind: str, *, ttft_p50_ms: float, total_p50_ms: float, decode_tok_s: float) -> Speed:
    """Return whether one can work with it.

    *tea*: it decodes slower than a person reads, or takes over 10 s where someone is waiting.
    *usable*: it does not, and the first token comes within 1 s inline and within 3 s elsewhere.
    *slow*: what lies between. Not measured, where one of the numbers that decide is missing.

    Args:
        kind: A :class:`~ducktypist.domain.Kind`; an unknown one is held to the hover's limits.
        ttft_p50_ms: Median time to the first token.
        total_p50_ms: Median time to the last.
        decode_tok_s: Median decoding rate, tokens a second.
    """
    known = Kind(kind) if kind in set(Kind) else Kind.EXPLAIN
    if decode_tok_s < READING_TOK_S:
        return Speed.TEA
    if known in SOMEONE_WAITS and total_p50_ms > MAX_WAIT_MS:
        return Speed.TEA
    if math.isnan(ttft_p50_ms) or math.isnan(decode_tok_s):
        return Speed.NOT_MEASURED
    within = ttft_p50_ms <= MAX_TTFT_MS.get(known, MAX_HOVER_TTFT_MS)
    return Speed.USABLE if within else Speed.SLOW


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the unbiased pass@k of ``c`` right among ``n`` samples, NaN when ``n < k``.

    ``1 - C(n - c, k) / C(n, k)`` (Chen et al. 2021, arXiv:2107.03374, equation 1).

    Raises:
        ValueError: ``c`` is not within 0 to ``n``, or ``k`` is below 1.
    """
    _check_counts(c, n)
    if k < 1:
        message = f"pass@k needs k of at least 1, got {k}"
        raise ValueError(message)
    if n < k:
        return math.nan
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the two-sided exact p-value of paired outcomes (McNemar 1947; Edwards 1948).

    Only tasks on which the two disagree count: under the null hypothesis each is a fair coin. With
    no such task there is no evidence, and p is 1.

    Args:
        only_first: Tasks that only the first got right.
        only_second: Tasks that only the second got right.

    Raises:
        ValueError: A count is negative.
    """
    if only_first < 0 or only_second < 0:
        message = f"counts are not negative, got {only_first} and {only_second}"
        raise ValueError(message)
    n = only_first + only_second
    tail = sum(math.comb(n, i) for i in range(min(only_first, only_second) + 1))
    return min(1.0, tail / 2 ** (n - 1)) if n else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for being several, in their order (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def _check_counts(k: int, n: int) -> None:
    if not 0 <= k <= n:
        message = f"counts need 0 <= k <= n, got k={k}, n={n}"
        raise ValueError(message)
