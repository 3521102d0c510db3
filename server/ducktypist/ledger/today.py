"""What the ledger counts for one model today: what a status line has room for.

Rows of the views ``cell`` and ``suggestion_time``, all kinds and languages together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import Kind
from ducktypist.ledger.query import Rows
from ducktypist.ledger.reading import Cell, Filter, read_cells, since_day
from ducktypist.ledger.stats import (
    SOMEONE_WAITS,
    Speed,
    percentile,
    share,
    speed,
    too_few,
    wilson,
)

_WORST_FIRST = (Speed.TEA, Speed.SLOW, Speed.USABLE, Speed.NOT_MEASURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The counts of one model over one UTC day, all kinds and languages together."""

    n_suggestions: int = 0
    """Answered ones."""
    n_verified: int = 0
    n_right: int = 0
    right: float = share(0, 0)
    """Share right of the verified, 0 to 1; NaN when nothing was verified."""
    right_low: float = share(0, 0)
    """Lower end of the 95 % Wilson interval."""
    right_high: float = share(0, 0)
    too_few: bool = True
    """Whether the interval is too wide to go by."""
    speed: Speed = Speed.NOT_MEASURED
    """The worst of the kinds that somebody waits for."""


def read_today(ledger: Path | Rows, *, model: str, model_sha256: str, quantisation: str) -> Today:
    """Return what the ledger counts for a model today; a missing file is an empty ledger.

    Blocks on the disk, so call it from a thread.

    Args:
        ledger: The ledger's file, or its views.
        model: The model's name.
        model_sha256: Its file's hash; empty where a remote engine does not say.
        quantisation: Its quantisation; empty likewise.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
    """
    if isinstance(ledger, Path) and not ledger.exists():
        return Today()
    wanted = (model, model_sha256, quantisation)
    cells = [
        cell
        for cell in read_cells(ledger, Filter(since_day_utc=since_day(1)))
        if (cell.key.model, cell.key.model_sha256, cell.key.quantisation) == wanted
    ]
    n_right = sum(cell.n_right for cell in cells)
    n_verified = n_right + sum(cell.n_wrong + cell.n_flaky for cell in cells)
    low, high = wilson(n_right, n_verified)
    return Today(
        n_suggestions=sum(cell.n_answered for cell in cells),
        n_verified=n_verified,
        n_right=n_right,
        right=share(n_right, n_verified),
        right_low=low,
        right_high=high,
        too_few=too_few(n_verified, n_right),
        speed=worst(speeds(cells).values()),
    )


def speeds(cells: list[Cell]) -> Mapping[Kind, Speed]:
    """Return the word for each kind that somebody waits for, over all languages."""
    found: dict[Kind, Speed] = {}
    for kind in sorted(SOMEONE_WAITS):
        of_kind = [cell for cell in cells if cell.key.kind == kind]
        if of_kind:
            found[kind] = speed(
                kind,
                ttft_p50_ms=percentile([ms for cell in of_kind for ms in cell.ttft_ms], 50),
                total_p50_ms=percentile([ms for cell in of_kind for ms in cell.total_ms], 50),
                decode_tok_s=percentile([one for cell in of_kind for one in cell.decode_tok_s], 50),
            )
    return found


def worst(words: Iterable[Speed]) -> Speed:
    """Return the worst of some words; what was not measured says nothing."""
    return min(words, key=_WORST_FIRST.index, default=Speed.NOT_MEASURED)
