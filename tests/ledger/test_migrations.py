from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from ducktypist.ledger import database
from ducktypist.ledger.migrations import MIGRATIONS, SCHEMA_VERSION, migrate, version_of
from ducktypist.ledger.reading import read_suggestions
from ducktypist.ledger.rows import Row, row_of
from support.ledger_events import generated, requested, verified, write

VIEWS = 2
"""Number of a step."""


def schema(path: Path) -> list[tuple[str, ...]]:
    """Return what the file's schema says."""
    connection = apsw.Connection(str(path))
    sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    found = [tuple(str(value) for value in row) for row in connection.execute(sql)]
    connection.close()
    return found


def make_old(path: Path, version: int) -> None:
    """Make a ledger as the program of that schema version made it, with one suggestion in it."""
    connection = apsw.Connection(str(path))
    assert migrate(connection, up_to=version) == version
    writer = database.Writer(connection=connection, path=path, file_id=(0, 0))
    if version:
        old = [requested("old"), generated("old"), verified("old")]
        rows = [row_of(event, at_utc="2026-01-01T00:00:00.000Z") for event in old]
        assert writer.write([_as_of(row, connection) for row in rows]) == []
    writer.close()


def _as_of(row: Row, connection: apsw.Connection) -> Row:
    """Return a row without the columns that its table did not have yet."""
    known = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({row.table})")}
    return replace(row, values={name: row.values[name] for name in row.values.keys() & known})


def test_numbers_have_no_gaps() -> None:
    """Migrations count from 1 and each has its file."""
    assert [step.number for step in MIGRATIONS] == list(range(1, SCHEMA_VERSION + 1))
    assert all(step.sql().startswith("--") for step in MIGRATIONS)


@pytest.mark.parametrize("version", range(SCHEMA_VERSION + 1))
@pytest.mark.parametrize("opener", ["writer", "reader"])
def test_every_historical_schema_reaches_the_present_one(
    tmp_path: Path, version: int, opener: str
) -> None:
    """A ledger of any older schema becomes exactly a new one, and keeps its suggestions."""
    fresh, old = tmp_path / "fresh.sqlite3", tmp_path / "old.sqlite3"
    database.open_writer(fresh).close()
    make_old(old, version)
    if opener == "writer":
        write(old, requested("new"))
    expected = ["new"] * (opener == "writer") + ["old"] * (version > 0)
    found = {row.suggestion_id: row for row in read_suggestions(old)}
    assert sorted(found) == expected
    assert schema(old) == schema(fresh)
    if version:
        assert (found["old"].label.value, found["old"].total_ms) == ("right", 1200.0)


def test_each_step_is_recorded(tmp_path: Path) -> None:
    """The ledger says which steps were taken, and a second opening takes none."""
    path = tmp_path / "l.sqlite3"
    database.open_writer(path).close()
    connection = apsw.Connection(str(path))
    recorded = list(connection.execute("SELECT number, name FROM migration ORDER BY number"))
    assert recorded == [(step.number, step.name) for step in MIGRATIONS]
    assert migrate(connection) == 0
    connection.close()


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A step and its record are one transaction: a failure in it leaves the older schema whole."""
    path = tmp_path / "l.sqlite3"
    make_old(path, VIEWS - 1)
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE cell (x TEXT)")  # in the way of the view of that name
    connection.close()
    before = schema(path)
    connection = apsw.Connection(str(path))
    with pytest.raises(apsw.SQLError, match="cell"):
        migrate(connection)
    assert version_of(connection) == VIEWS - 1
    connection.close()
    assert schema(path) == before
