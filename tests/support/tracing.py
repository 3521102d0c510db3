"""Numbers worked out anew from what ``ledger.traced`` says, over the views of the events."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist.ledger import stats
from ducktypist.ledger.tell.score import Forecast, score
from ducktypist.ledger.traced import How, Origin

Key = Mapping[str, Any]
Row = tuple[Any, ...]


class Views:
    """The views of one file, without the tables that stand for some of them; each is read once."""

    def __init__(self, path: Path) -> None:
        self.connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self._read: set[str] = set()

    def columns(self, view: str) -> set[str]:
        """Return the names of a view's columns."""
        return {row[1] for row in self.connection.execute(f"PRAGMA table_info({view})")}

    def rows(self, origin: Origin, key: Key, since: str | None = None) -> list[Row]:
        """Return the columns of the rows that belong to ``key``."""
        if origin.view not in self._read:
            self.connection.execute(
                f"CREATE TEMP TABLE read_{origin.view} AS SELECT * FROM main.{origin.view}"  # noqa: S608 - a name of ours
            )
            self._read.add(origin.view)
        known = self.columns(origin.view)
        names = [name for name in key if name in known]
        where = [f"{name} IS ?" for name in names]
        values = [key[name] for name in names]
        if since is not None and "day_utc" in known:
            where.append("day_utc >= ?")
            values.append(since)
        sql = f"SELECT {', '.join((*origin.columns, *origin.out_of))} FROM read_{origin.view}"  # noqa: S608 - as above
        return list(self.connection.execute(f"{sql} WHERE {' AND '.join(where) or 1}", values))


def expected(views: Views, name: str, origin: Origin, key: Key, since: str | None = None) -> Any:
    """Return what a number must be; None where nothing is known."""
    rows = views.rows(origin, key, since)
    if origin.how is How.SCORE:
        return _score(name, rows)
    if origin.how is How.SPEED:
        return _speed(key["kind"], rows)
    if origin.out_of:
        n = len(origin.columns)
        return _share(origin.how, sum(sum(r[:n]) for r in rows), sum(sum(r[n:]) for r in rows))
    return _PLAIN[origin.how](rows)


def _share(how: How, k: int, n: int) -> Any:
    if how is How.SHARE:
        return k / n if n else None
    if how is How.TOO_FEW:
        return n < 43
    return stats.wilson(k, n)[how is How.SHARE_HIGH]


def _rank(percent: int, values: Iterable[Any]) -> float:
    ordered = sorted(value for value in values if value is not None)
    return ordered[max(1, -(-len(ordered) * percent // 100)) - 1] if ordered else math.nan


def _speed(kind: str, rows: Sequence[Row]) -> str:
    ttft_ms, total_ms, decode_tok_s = (_rank(50, (row[i] for row in rows)) for i in range(3))
    return stats.speed(
        kind, ttft_p50_ms=ttft_ms, total_p50_ms=total_ms, decode_tok_s=decode_tok_s
    ).value


def _score(name: str, rows: Sequence[Row]) -> Any:
    found = score(
        [Forecast(p=p, is_right=bool(right), unit=task or one) for p, right, task, one in rows]
    )
    whole, _, end = name.rpartition("_")
    if name == "has_tell":
        return found.skill.low > 0
    if end in {"low", "high"}:
        return getattr(getattr(found, whole), end)
    value = getattr(found, name)
    return getattr(value, "value", value)


def _value(rows: Sequence[Row]) -> Any:
    ((value,),) = rows
    return value


_PLAIN: dict[How, Callable[[Sequence[Row]], Any]] = {
    How.SUM: lambda rows: sum(value or 0 for row in rows for value in row),
    How.COUNT: lambda rows: len(set(rows)),
    How.VALUE: _value,
    How.LAST: lambda rows: max((v for row in rows for v in row if v is not None), default=""),
    How.MCNEMAR: lambda rows: stats.mcnemar_exact(
        sum(row[0] for row in rows), sum(row[1] for row in rows)
    ),
    How.P50: lambda rows: _rank(50, (row[0] for row in rows)),
    How.P95: lambda rows: _rank(95, (row[0] for row in rows)),
}


def same(shown: Any, wanted: Any) -> bool:
    """Tell whether two numbers are the same; null and NaN both say that nothing is known."""
    shown, wanted = (None if isinstance(v, float) and math.isnan(v) else v for v in (shown, wanted))
    if isinstance(shown, float) and isinstance(wanted, int | float):
        return bool(shown == pytest.approx(wanted, rel=1e-9, abs=1e-12))
    return bool(shown == wanted)


def check(
    views: Views,
    row: Mapping[str, Any],
    origins: Mapping[str, Origin],
    *,
    key: Key,
    since: str | None = None,
) -> int:
    """Hold each number of a row to its origin; a number without one fails. Return how many."""
    numbers = {n: v for n, v in row.items() if n in origins or not isinstance(v, str)}
    strangers = numbers.keys() - origins.keys()
    assert not strangers, f"not in ledger/traced.py: {sorted(strangers)}"
    for name, shown in numbers.items():
        wanted = expected(views, name, origins[name], key, since)
        assert same(shown, wanted), (name, shown, wanted, dict(key))
    return len(numbers)
