"""Every number that is shown comes from one view: each is worked out anew and compared."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist.domain import Kind
from ducktypist.ledger import traced
from ducktypist.ledger.forecasts import read_forecasts
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.reading import CellKey
from ducktypist.ledger.report_rows import StatsFilter, sources_table, stats_table
from ducktypist.ledger.sources import SourceKey
from ducktypist.ledger.tell.cases import When
from ducktypist.ledger.tell.rows import logged, past
from support.ledger_days import a_day_of_the_ledger
from support.random_ledgers import dice, write_randomly
from support.tracing import Views, check

__all__ = ["a_day_of_the_ledger"]

CELL_KEY = tuple(CellKey.__slots__)
FILTERS = (
    StatsFilter(),
    StatsFilter(kind=Kind.COMPLETE),
    StatsFilter(language="go", since_days=4),
    StatsFilter(kind=Kind.FIX, language="python", since_days=1),
)


@pytest.fixture(params=range(3))
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A ledger in which anything happened."""
    file = tmp_path / "l.sqlite3"
    write_randomly(file, dice(request.param), n_suggestions=250)
    return file


def scope(filters: StatsFilter) -> dict[str, Any]:
    """Return what every row of a filtered table has in common."""
    wanted: dict[str, Any] = {}
    if filters.kind is not None:
        wanted["kind"] = filters.kind.value
    if filters.language is not None:
        wanted["language"] = filters.language
    return wanted


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_stats_come_from_views(path: Path, filters: StatsFilter) -> None:
    """Every number of ``stats --json``, with and without a filter, is what one view says."""
    table: dict[str, Any] = stats_table(path, filters, tell=True)
    views, since = Views(path), table["filters"]["since_day_utc"]
    rest = scope(filters)
    n_checked = 0
    for name, key in (
        ("cells", CELL_KEY),
        ("acceptances", CELL_KEY),
        ("persistences", CELL_KEY),
        ("claims", CELL_KEY),
        ("telling", ("kind", "moment")),
    ):
        origins = traced.SURFACES[f"stats.{name}"]
        for row in table.pop(name):
            whose = rest | {column: row[column] for column in key}
            n_checked += check(views, row, origins, key=whose, since=since)
    top = {k: v for k, v in table.items() if k not in {"version", "filters"}}
    check(views, top, traced.STATS, key=rest, since=since)
    if filters == StatsFilter():
        assert n_checked > 1000


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_sources_come_from_views(path: Path, filters: StatsFilter) -> None:
    """Every number of ``stats --sources --json`` is what one view says."""
    table: dict[str, Any] = sources_table(path, filters)
    views, since = Views(path), table["filters"]["since_day_utc"]
    rest = scope(filters)
    for row in table.pop("sources"):
        key = rest | {column: row[column] for column in SourceKey.__slots__}
        check(views, row, traced.SOURCES, key=key, since=since)
    top = {k: v for k, v in table.items() if k not in {"version", "filters"}}
    check(views, top, traced.SURFACES["sources"], key=rest, since=since)


def test_a_number_that_is_not_named_fails(path: Path) -> None:
    """A new number without an origin, and a wrong one, are both found."""
    views = Views(path)
    row: dict[str, Any] = stats_table(path)["cells"][0]  # type: ignore[index, assignment, call-overload] # JSON
    key = {column: row[column] for column in CELL_KEY}
    check(views, row, traced.CELLS, key=key)
    with pytest.raises(AssertionError, match="n_new"):
        check(views, row | {"n_new": 1}, traced.CELLS, key=key)
    with pytest.raises(AssertionError, match="n_suggestions"):
        check(views, row | {"n_suggestions": -1}, traced.CELLS, key=key)


def test_every_origin_exists(path: Path) -> None:
    """Each view and column that is named is there, and nothing is named that nobody shows."""
    views = Views(path)
    for origins in traced.SURFACES.values():
        for origin in origins.values():
            assert {*origin.columns, *origin.out_of} <= views.columns(origin.view)
    table: dict[str, Any] = stats_table(path, tell=True)
    for name in ("cells", "acceptances", "persistences", "telling"):
        assert traced.SURFACES[f"stats.{name}"].keys() <= table[name][0].keys()


def test_the_tell_is_scored_alike_everywhere(path: Path) -> None:
    """What is scored here is what ``tell`` says was written down and may be scored."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.execute("SELECT count(*) FROM forecast").get > 50  # type: ignore[operator] # a number
    cases = past(SqliteRows(path))
    found = read_forecasts(path)
    assert found
    for key, forecasts in found.items():
        of_kind = tuple(case for case in cases if case.kind == key.kind)
        theirs = logged(of_kind, When(key.moment))
        assert sorted(map(dataclasses.astuple, theirs), key=str) == sorted(
            map(dataclasses.astuple, forecasts), key=str
        )
