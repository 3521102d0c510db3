"""What the report says: each number is what one view says, and the same from either database."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist.domain import Kind
from ducktypist.ledger import traced
from ducktypist.ledger.forecasts import read_forecasts
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.reading import Filter
from ducktypist.ledger.stats import holm, mcnemar_exact
from ducktypist.ledger.tell.cases import When
from ducktypist.report.build import build
from ducktypist.report.content import Content, read_content
from ducktypist.report.details import MAX_TEXTS_CHARS
from ducktypist.report.telling import MOMENTS
from support.postgres_server import Server, programs, running
from support.random_ledgers import dice, write_randomly
from support.report_ledgers import hostile, identity, typical
from support.tracing import Views, check

FILTERS = (Filter(), Filter(kind=Kind.FIX), Filter(language="go", since_day_utc="2026-02-01"))


@pytest.fixture(params=["typical", 0, 1])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A plausible ledger, and some in which anything happened."""
    file = tmp_path / "l.sqlite3"
    if request.param == "typical":
        return typical(file)
    write_randomly(file, dice(request.param), n_suggestions=250)
    return file


def frozen(path: Path) -> Views:
    """Return the ledger's views, each computed once from the events and kept as a table."""
    copy = path.with_name("frozen.sqlite3")
    with apsw.Connection(str(path)) as source, apsw.Connection(str(copy)) as target:
        with target.backup("main", source, "main") as backup:
            backup.step()
        names = sorted({o.view for s in traced.SURFACES.values() for o in s.values()})
        for name in names:
            target.execute(f"CREATE TABLE kept_{name} AS SELECT * FROM {name}")  # noqa: S608 - names of our own
        # Other views read those that go; nobody asks them any more.
        target.pragma("legacy_alter_table", value=True)
        for name in names:
            target.execute(f"DROP VIEW {name}")
        for name in names:
            target.execute(f"ALTER TABLE kept_{name} RENAME TO {name}")
    return Views(copy)


def scope(wanted: Filter) -> dict[str, Any]:
    """Return what every row of a filtered report has in common."""
    found = {"kind": wanted.kind and wanted.kind.value, "language": wanted.language}
    return {name: value for name, value in found.items() if value is not None}


def numbers(row: Any, *others: str) -> dict[str, Any]:
    """Return a value's fields that are shown as numbers or as words made of them."""
    fields = {item.name: getattr(row, item.name) for item in dataclasses.fields(row)}
    return {name: value for name, value in fields.items() if name not in {"key", *others}}


def shown(content: Content) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each row of the page: its surface, its numbers and what it is of."""
    yield "totals", numbers(content.totals), {}
    for cell in content.cells:
        yield "cells", numbers(cell), dataclasses.asdict(cell.key)
    for day in content.days:
        yield "days", numbers(day), {"day_utc": day.day_utc}
    for taken in content.acceptances:
        yield "acceptances", numbers(taken), dataclasses.asdict(taken.key)
    for still in content.persistences:
        yield "persistences", numbers(still), dataclasses.asdict(still.key)
    for source in content.sources:
        yield "sources", numbers(source), dataclasses.asdict(source.key)
    for detail in content.details:
        yield "details", numbers(detail, "texts", "checks"), {"suggestion_id": detail.suggestion_id}
    moments = {words: when for when, words in MOMENTS.items()}
    for score in (*content.telling.overall, *content.telling.by_kind):
        of_kind = {"kind": score.kind} if score.kind else {}
        yield "telling", numbers(score), {"moment": moments[score.moment], **of_kind}


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_every_number_comes_from_one_view(path: Path, wanted: Filter) -> None:
    """With and without a filter, each number of the page is worked out anew and compared."""
    views = frozen(path)
    content = read_content(SqliteRows(path), wanted, n_details=20)
    surfaces = set()
    for surface, row, key in shown(content):
        surfaces.add(surface)
        origins = traced.SURFACES[f"report.{surface}"]
        whose = key if surface == "details" else scope(wanted) | dict(key)
        since = None if surface == "details" else wanted.since_day_utc
        assert check(views, row, origins, key=whose, since=since)
    if wanted == Filter():
        assert {"totals", "cells", "days", "acceptances", "sources", "details"} <= surfaces
    (unlogged,) = views.rows(traced.STATS["n_unlogged"], {})
    assert content.gaps.n_unlogged == unlogged[0]


def test_every_field_of_the_page_is_named(path: Path) -> None:
    """The registry names the rest as well: flips and gaps, column by column."""
    views = frozen(path)
    content = read_content(SqliteRows(path), Filter())
    origins = traced.SURFACES["report.flips"]
    rows = [numbers(flip, "first", "second", "kind") for flip in content.flips]
    for row in rows:
        assert row.keys() == origins.keys()
        assert row["p"] == mcnemar_exact(row["n_only_first"], row["n_only_second"])
    assert [row["p_holm"] for row in rows] == holm([row["p"] for row in rows])
    counted = ("n_tasks", "n_both", "n_only_first", "n_only_second", "n_none")
    for name in counted:
        assert sum(row[name] for row in rows) == sum(
            values[0] for values in views.rows(origins[name], {})
        )


def test_flips_are_of_one_pair_each(tmp_path: Path) -> None:
    """Both directions of a pair add up to its tasks."""
    content = read_content(SqliteRows(typical(tmp_path / "l.db")), Filter())
    assert {flip.kind for flip in content.flips} == {"complete", "fix"}
    for flip in content.flips:
        assert {flip.first, flip.second} == {"duck-0.5b Q4_K_M", "duck-1.5b Q8_0"}
        assert flip.n_tasks == (flip.n_both + flip.n_only_first + flip.n_only_second + flip.n_none)
        assert flip.n_only_first > 0 < flip.n_only_second


def test_all_kinds_together_are_scored_once(tmp_path: Path) -> None:
    """The overall score is of every forecast, and the curve ends at its base rate."""
    path = typical(tmp_path / "l.db")
    telling = read_content(SqliteRows(path), Filter()).telling
    n: Counter[str] = Counter()
    for key, forecasts in read_forecasts(path).items():
        n[MOMENTS[When(key.moment)]] += len(forecasts)
    assert {score.moment: score.n for score in telling.overall} == dict(n)
    for score, curve in zip(telling.overall, telling.curves, strict=True):
        assert curve.risks[-1].coverage == 1
        assert curve.risks[-1].risk == pytest.approx(1 - score.base_rate)
        assert len(curve.risks) <= 100
        assert sum(item.n for item in curve.bins) == score.n


def test_changed_labels_keep_their_history(tmp_path: Path) -> None:
    """In order, the first label first; only those that changed are listed."""
    changes = read_content(SqliteRows(typical(tmp_path / "l.db")), Filter()).changes
    assert changes
    for change in changes:
        assert change.steps[0].label == "right"
        assert change.steps[-1].label == "wrong"
        assert [step.at_utc for step in change.steps] == sorted(s.at_utc for s in change.steps)
    lasts = [change.steps[-1].at_utc for change in changes]
    assert lasts == sorted(lasts, reverse=True)


def test_the_newest_suggestions_come_first(tmp_path: Path) -> None:
    """As many as are asked for."""
    path = typical(tmp_path / "l.db")
    details = read_content(SqliteRows(path), Filter(), n_details=5).details
    assert [item.suggestion_id for item in details] == [identity(479 - n) for n in range(5)]


def test_checks_are_those_of_the_view(path: Path) -> None:
    """Each suggestion lists the checks that were evidence for it, as often as they ran."""
    columns = tuple(traced.SURFACES["report.details.checks"])
    for item in read_content(SqliteRows(path), Filter(), n_details=30).details:
        sql = f"SELECT {', '.join(columns)} FROM check_result WHERE suggestion_id = ?"  # noqa: S608 - names of our own
        wanted = SqliteRows(path).tuples(sql, [item.suggestion_id])
        found = [tuple(getattr(check, name) for name in columns) for check in item.checks]
        assert sorted(found, key=str) == sorted(wanted, key=str)


def test_kept_texts_share_one_allowance(tmp_path: Path) -> None:
    """However long they are, the page stays small, and what is left out is counted."""
    details = read_content(SqliteRows(hostile(tmp_path / "l.db")), Filter()).details
    texts = [text for item in details for text in item.texts]
    assert sum(len(text.text) for text in texts) <= MAX_TEXTS_CHARS
    assert {text.n_left_out for text in texts if text.text.startswith("mmm")} == {14_000}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A real PostgreSQL."""
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL server on this machine")
    with running(binaries) as found:
        yield found


def test_a_teams_database_gives_the_same_page(server: Server, tmp_path: Path) -> None:
    """Read from PostgreSQL, every byte is the same."""
    from ducktypist.ledger.postgres.push import push  # noqa: PLC0415 - needs an optional library
    from ducktypist.ledger.postgres.rows import PostgresRows  # noqa: PLC0415 - as above

    path = typical(tmp_path / "l.db")
    url = server.url(server.new_database())
    push(path, url, origin="a", with_text=True)
    assert build(PostgresRows(url), Filter()) == build(SqliteRows(path), Filter())
