"""The tables that stand for views say what the views say, whatever happened and in which order."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist.errors import LedgerError
from ducktypist.ledger import database, derived, store
from ducktypist.ledger.reading import read_cells, read_suggestions
from ducktypist.ledger.store import Ledger
from support.ledger_events import generated, requested, verified, write
from support.random_ledgers import dice, more_events, write_randomly

SHOWN = (*derived.TABLES, derived.TALLY, *derived.OVER_TABLES)


def contents(connection: apsw.Connection, schema: str) -> dict[str, list[str]]:
    """Return every view's rows, through that schema, in an order of their own."""
    return {
        view: sorted(map(repr, connection.execute(f"SELECT * FROM {schema}.{view}")))  # noqa: S608 - names of views
        for view in SHOWN
    }


def compare(path: Path) -> None:
    """Hold what readers see to the views over the events."""
    with database.reading(path) as connection, connection:
        assert _uses_tables(connection)
        assert contents(connection, "temp") == contents(connection, "main")


def _uses_tables(connection: apsw.Connection) -> bool:
    sql = "SELECT count(*) FROM temp.sqlite_schema WHERE name = 'suggestion'"
    return connection.execute(sql).get == 1


@pytest.mark.parametrize(
    ("seed", "n_events"), [(0, 1), (1, 7), (2, 7), (3, 40), (4, 40), (5, 10_000), (6, 10_000)]
)
def test_tables_say_what_the_views_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, n_events: int
) -> None:
    """After any events, however they are summed up, each view has the same rows either way."""
    path, rng = tmp_path / "l.sqlite3", dice(seed)
    given = derived.step.__kwdefaults__ or {}
    monkeypatch.setitem(given, "n_events", n_events)
    write_randomly(path, rng, n_suggestions=40)
    compare(path)
    for round_ in range(4):
        if rng.random() < 0.5:
            write_randomly(path, rng, n_suggestions=5, start=40 + 5 * round_)
        more_events(path, rng, n_known=70, n_events=rng.randrange(1, 40))
        if rng.random() < 0.5:
            database.sum_up(path, n_steps=1)
        compare(path)


def test_every_view_that_reads_suggestions_is_known() -> None:
    """No view over suggestions is left out of the list that makes it quick."""
    connection = apsw.Connection(":memory:")
    database.migrate(connection)
    views = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'"))
    reads = "|".join(("suggestion", "label_history", derived.TALLY, *derived.OVER_TABLES))
    over = {name for name, sql in views.items() if re.search(rf"(FROM|JOIN) ({reads})\b", sql)}
    assert over == {derived.TALLY, *derived.OVER_TABLES}
    assert set(derived.PER_SUGGESTION) >= set(derived.TABLES)
    assert set(derived.PER_SUGGESTION) <= set(views)


def test_a_ledger_that_cannot_be_written_is_read_without_tables(tmp_path: Path) -> None:
    """Where the tables cannot be brought up to date, the same numbers come from the events."""
    path = tmp_path / "l.sqlite3"
    write_randomly(path, dice(3), n_suggestions=30)
    expected = read_cells(path)
    more_events(path, dice(4), n_known=30, n_events=30)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    try:
        with database.reading(path) as connection:
            assert not _uses_tables(connection)
            held = contents(connection, "main")
        without = read_cells(path)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert without != expected
    assert read_cells(path) == without
    with database.reading(path) as connection:
        assert contents(connection, "temp") == held


def test_removed_events_leave_nothing_behind(tmp_path: Path) -> None:
    """Tables that were told to forget are made anew of what is left, though numbers come again."""
    path = tmp_path / "l.sqlite3"
    write_randomly(path, dice(5), n_suggestions=30)
    compare(path)
    connection = apsw.Connection(str(path))
    triggers = [
        *connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE '%refuses_delete'")
    ]
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for table in derived.EVENTS:
        connection.execute(f"DELETE FROM {table} WHERE suggestion_id > 's00010'")  # noqa: S608 - a name of ours
    derived.forget(connection)
    connection.close()
    write_randomly(path, dice(6), n_suggestions=30, start=100)
    compare(path)
    assert not [s for s in read_suggestions(path) if "s00010" < s.suggestion_id < "s00100"]


def test_shrunken_tables_of_events_are_noticed(tmp_path: Path) -> None:
    """Even without being told, tables that know of more events than there are begin anew."""
    path = tmp_path / "l.sqlite3"
    write_randomly(path, dice(5), n_suggestions=30)
    compare(path)
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER requested_refuses_delete")
    connection.execute("DELETE FROM requested WHERE seq > 5")
    connection.close()
    compare(path)
    assert len(read_suggestions(path)) == 5


def test_what_is_written_is_summed_up_when_nothing_else_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet ledger brings its tables up to date by itself, before anybody reads."""
    path, summed = tmp_path / "l.sqlite3", threading.Event()
    real = store.sum_up

    def noticed(*arguments: Any, **named: Any) -> bool:
        done = real(*arguments, **named)
        summed.set()
        return done

    monkeypatch.setattr(store, "SUM_UP_AFTER_S", 0.05)
    monkeypatch.setattr(store, "sum_up", noticed)
    ledger = Ledger(path)
    ledger.append_all([requested("a"), generated("a"), verified("a")])
    assert summed.wait(30)
    ledger.close()
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert derived.is_current(connection)
    assert connection.execute("SELECT label FROM suggestion_row").get == "right"
    connection.close()


def test_a_failure_to_sum_up_stops_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in summing up, the next event is written."""
    path, failed = tmp_path / "l.sqlite3", threading.Event()

    def fail(*_: Any, **__: Any) -> bool:
        failed.set()
        raise RuntimeError

    monkeypatch.setattr(store, "SUM_UP_AFTER_S", 0.01)
    monkeypatch.setattr(store, "sum_up", fail)
    ledger = Ledger(path)
    ledger.append(requested("a"))
    assert failed.wait(30)
    ledger.append(requested("b"))
    assert ledger.flush(20)
    ledger.close()
    assert ledger.n_unlogged == 0
    assert [row.suggestion_id for row in read_suggestions(path)] == ["b", "a"]


def test_summing_up_needs_a_ledger(tmp_path: Path) -> None:
    """A missing file is an error and is not made."""
    with pytest.raises(LedgerError):
        database.sum_up(tmp_path / "none.sqlite3")
    assert not list(tmp_path.iterdir())


def test_the_last_label_of_the_history_holds(tmp_path: Path) -> None:
    """A suggestion's history ends with the label that it has, and begins with the first one."""
    path = tmp_path / "l.sqlite3"
    write_randomly(path, dice(11), n_suggestions=200)
    write(path, requested("alone"))
    with database.reading(path) as connection:
        now = dict(connection.execute("SELECT suggestion_id, label FROM suggestion"))
        sql = "SELECT suggestion_id, place, label, event FROM label_history ORDER BY 1, 2"
        last: dict[str, str] = {}
        for one, place, label, event in connection.execute(sql):
            assert place == 1 or one in last
            assert event != "evidence" or last.get(one, "unverified") != label
            last[one] = label
    assert {one: last.get(one, "unverified") for one in now} == now
    assert now["alone"] == "unverified"
