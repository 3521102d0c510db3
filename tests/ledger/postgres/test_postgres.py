"""A team's ledgers in a real PostgreSQL: the same rows from the same views, nothing twice."""

from __future__ import annotations

import math
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from ducktypist.cli.ledger import ledger as command
from ducktypist.errors import LedgerError
from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.events import Accepted, SourceText, TextRole
from ducktypist.ledger.migrations import SCHEMA_VERSION
from ducktypist.ledger.moving.incoming import import_ledger
from ducktypist.ledger.moving.purge import purge
from ducktypist.ledger.moving.tables import event_tables, view_names
from ducktypist.ledger.moving.wanted import Wanted
from ducktypist.ledger.postgres.connection import redacted
from ducktypist.ledger.postgres.push import push
from ducktypist.ledger.postgres.rows import PostgresRows, translated_marks
from ducktypist.ledger.query import SqliteRows, is_url, rows_at
from support.ledger_events import generated, new_id, requested, verified, write
from support.ledger_random import HOSTILE, fill
from support.postgres_server import Server

Rows = list[dict[str, Any]]


def comparable(rows: Rows) -> list[tuple[tuple[str, object], ...]]:
    """Return rows in an order of their own, numbers rounded where sums may be added otherwise."""
    return sorted((tuple((k, _number(v)) for k, v in row.items()) for row in rows), key=repr)


def _number(value: object) -> object:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.9g}"
    return f"{value:.9g}" if isinstance(value, int) else value


def n_rows(url: str, table: str) -> int:
    """Return how many rows a table of the team's has."""
    with PostgresRows(url) as rows:
        return int(rows.query(f"SELECT count(*) AS n FROM {table}")[0]["n"])  # noqa: S608 - a test's names


@pytest.mark.parametrize("seed", [1, 2])
def test_every_view_says_the_same_in_both_databases(url: str, tmp_path: Path, seed: int) -> None:
    """For a random ledger each view has the same columns and rows, of the same types."""
    path = tmp_path / "l.sqlite3"
    fill(path, seed=seed, n_suggestions=150)
    push(path, url, origin="a", with_text=True)
    with SqliteRows(path) as here, PostgresRows(url) as there:
        for view in view_names():
            columns = [n for n in _columns(path, view) if n != "seq"]
            sql = f"SELECT {', '.join(columns)} FROM {view}"  # noqa: S608 - our names
            one, two = here.query(sql), there.query(sql)
            assert one, view
            assert comparable(one) == comparable(two), view
            assert _types(one) == _types(two), view


def _columns(path: Path, view: str) -> list[str]:
    with reading(path) as connection:
        return [f'"{row[1]}"' for row in connection.execute(f"PRAGMA table_info({view})")]


def _types(rows: Rows) -> dict[str, set[type]]:
    found: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            # Whether a sum that is whole is 3 or 3.0 differs, and matters to nobody.
            kind = float if isinstance(value, int | float) else type(value)
            found.setdefault(name, set()).add(kind)
    return found


def test_every_event_arrives_with_all_that_it_holds(url: str, tmp_path: Path) -> None:
    """Each table has the same rows, hostile words included; only a zero byte is replaced."""
    path = tmp_path / "l.sqlite3"
    fill(path)
    write(path, requested("zero", language="a\0b"))
    push(path, url, origin="a", with_text=True)
    with reading(path) as connection, PostgresRows(url) as there:
        for table in event_tables().values():
            names = ", ".join(f'"{name}"' for name in table.names)
            sql = f"SELECT {names} FROM {table.name}"  # noqa: S608 - our names
            here = list(rows_of(connection, sql))
            for row in here:
                if row.get("language") == "a\0b":
                    row["language"] = "a\ufffdb"
            assert comparable(here) == comparable(there.query(sql)), table.name
        texts = {row["text"] for row in there.query("SELECT text FROM source_text")}
    assert texts >= set(HOSTILE)


def test_a_second_push_sends_nothing_and_a_later_one_what_is_new(url: str, tmp_path: Path) -> None:
    """Pushing is incremental; two alike events stay two, and come once."""
    path = tmp_path / "l.sqlite3"
    fill(path)
    first = push(path, url, origin="a")
    assert first.n_new == first.n_read > 0
    again = push(path, url, origin="a")
    assert (again.n_read, again.n_new) == (0, 0)
    one = new_id()
    event = verified(one)
    write(path, requested(one), generated(one), event, event, Accepted(suggestion_id=one))
    later = push(path, url, origin="a")
    assert later.n_new == 5
    with PostgresRows(url) as rows:
        (row,) = rows.query("SELECT label, accepted FROM suggestion WHERE suggestion_id = ?", [one])
    assert row == {"label": "right", "accepted": 1}
    assert n_rows(url, "verified") == _count(path, "verified")


def _count(path: Path, table: str) -> int:
    with reading(path) as connection:
        return int(str(connection.execute(f"SELECT count(*) FROM {table}").get))  # noqa: S608 - our names


def test_people_who_share_events_do_not_double_them(url: str, tmp_path: Path) -> None:
    """Several ledgers come together in one database, also where one was merged into another."""
    one, two = tmp_path / "one.sqlite3", tmp_path / "two.sqlite3"
    fill(one, seed=1)
    fill(two, seed=2)
    push(one, url, origin="one")
    import_ledger(two, one)
    push(two, url, origin="two")
    import_ledger(one, two)
    assert push(one, url, origin="one").n_new == 0
    for table in event_tables():
        if table != "source_text":
            assert n_rows(url, table) == _count(two, table), table
    with PostgresRows(url) as rows:
        found = rows.query("SELECT origin, count(*) AS n FROM requested GROUP BY origin")
    assert {row["origin"]: row["n"] for row in found} == {"one": 60, "two": 60}


def test_after_a_purge_here_nothing_is_missed(url: str, tmp_path: Path) -> None:
    """Numbers of rows that are given again do not make new events look known."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a"), requested("b"))
    push(path, url, origin="a")
    purge(path, Wanted())
    write(path, requested("c"), requested("d"))
    assert push(path, url, origin="a").n_new == 2
    assert n_rows(url, "requested") == 4


def test_an_interrupted_push_goes_on(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent stays, the next push sends the rest, and alike events are not miscounted."""
    path = tmp_path / "l.sqlite3"
    fill(path)
    monkeypatch.setattr("ducktypist.ledger.postgres.push.N_BATCH", 7)

    def stop(table: str, _n: int) -> None:
        if table == "verified":
            raise KeyboardInterrupt

    n_rounds = 0
    while True:
        try:
            push(path, url, origin="a", with_text=True, told=stop)
        except KeyboardInterrupt:
            n_rounds += 1
        else:
            break
    assert n_rounds > 3
    for table in event_tables():
        assert n_rows(url, table) == _count(path, table), table


def test_people_push_at_the_same_time(url: str, tmp_path: Path) -> None:
    """Several ledgers with the same events in another order come in side by side, each once."""
    paths = [tmp_path / f"{number}.sqlite3" for number in range(4)]
    for number, path in enumerate(paths):
        for seed in (1, 2) if number % 2 else (2, 1):
            other = tmp_path / f"{number}-{seed}.sqlite3"
            fill(other, seed=seed)
            import_ledger(path, other)
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda path: push(path, url, origin=path.stem), paths))
    assert sum(item.n_new for item in done) == done[0].n_read
    assert n_rows(url, "verified") == _count(paths[0], "verified")


def test_kept_text_is_sent_only_on_request(url: str, tmp_path: Path) -> None:
    """Without being asked no text leaves; asked later, all of it comes along."""
    path = tmp_path / "l.sqlite3"
    text = SourceText(suggestion_id="a", role=TextRole.ANSWER, text="return quack")
    write(path, requested("a"), text, keep_text=True)
    assert push(path, url, origin="a").n_new == 1
    assert n_rows(url, "source_text") == 0
    assert push(path, url, origin="a", with_text=True).n_new == 1


def test_events_are_neither_changed_nor_removed(
    server: Server, database: str, tmp_path: Path
) -> None:
    """Triggers refuse it, as in a person's ledger."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a"))
    push(path, server.url(database), origin="a")
    for statement in (
        "UPDATE ducktypist.requested SET language = 'x'",
        "DELETE FROM ducktypist.requested",
        "TRUNCATE ducktypist.generated",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            server.execute(database, statement)


def test_what_is_not_ours_stays_untouched(server: Server, database: str, tmp_path: Path) -> None:
    """Everything lies in the schema ``ducktypist``; tables of the same names elsewhere stay."""
    server.execute(database, "CREATE TABLE requested (quack int)")
    path = tmp_path / "l.sqlite3"
    write(path, requested("a"))
    push(path, server.url(database), origin="a")
    assert server.execute(database, "SELECT count(*) FROM public.requested") == [(0,)]
    schemas = {
        row[0]
        for row in server.execute(
            database,
            "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('requested', 'gap')",
        )
    }
    assert schemas == {"public", "ducktypist"}


def test_an_older_schema_is_brought_up_to_date(
    server: Server, database: str, tmp_path: Path
) -> None:
    """Columns that are missing are added, views made anew, events kept and known again."""
    url, path = server.url(database), tmp_path / "l.sqlite3"
    fill(path)
    push(path, url, origin="a")
    n = n_rows(url, "verified")
    server.execute(
        database,
        "UPDATE ducktypist.migration SET number = 1;"
        "DROP VIEW ducktypist.suggestion CASCADE;"
        "ALTER TABLE ducktypist.verified DROP COLUMN moment CASCADE",
    )
    with pytest.raises(LedgerError, match=r"holds a ledger of schema 1; push to it once"):
        n_rows(url, "verified")
    assert push(path, url, origin="b").n_new == 0
    assert n_rows(url, "verified") == n
    assert n_rows(url, "suggestion") == 60


def test_a_newer_schema_is_refused(server: Server, database: str, tmp_path: Path) -> None:
    """Neither written nor read, and the message says what to do."""
    url, path = server.url(database), tmp_path / "l.sqlite3"
    write(path, requested("a"))
    push(path, url, origin="a")
    newer = f"INSERT INTO ducktypist.migration (number, name) VALUES ({SCHEMA_VERSION + 1}, 'x')"  # noqa: S608 - a test's number
    server.execute(database, newer)
    for attempt in (lambda: push(path, url, origin="a"), lambda: n_rows(url, "requested")):
        with pytest.raises(LedgerError, match=r"made by a newer version .* install that one"):
            attempt()


def test_an_empty_database_says_what_to_do(url: str) -> None:
    """Reading before the first push is told as that."""
    with pytest.raises(LedgerError, match="holds no ledger; push to it once"):
        PostgresRows(url).query("SELECT 1")


def test_a_password_is_never_told(
    server: Server, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a success, a refusal, a wrong host or a broken address; the environment's is used."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a"))
    word = server.password
    run = CliRunner()
    here = ["push", "--ledger", str(path)]
    good = run.invoke(command, [*here, server.url(database)])
    assert good.exit_code == 0, good.output
    wrong = "wr0ng%20w0rd"
    for url, secret in (
        (server.url("missing"), word),
        (f"postgresql://duck:{wrong}@/x?host={server.folder}", wrong),
        (f"postgresql://duck:{wrong}@localhost:1/x", wrong),
        (f"postgresql://duck:{wrong}@localhost:port/x", wrong),
        (f"postgresql://duck@/x?host={tmp_path}&password={wrong}", wrong),
        (f"postgresql://duck:{wrong}@[::1/x", wrong),
        (f"postgresql://duck:{wrong}@h/x?nonsense={wrong}", wrong),
    ):
        result = run.invoke(command, [*here, url])
        assert result.exit_code == 1, url
        told = result.output + repr(result.exception)
        for hidden in {secret, secret.replace("%20", " ")}:
            assert hidden not in told.split("nonsense")[0], (url, told)
        assert "Traceback" not in told
    assert word not in good.output
    monkeypatch.setenv("PGPASSWORD", word)
    bare = run.invoke(command, [*here, server.bare_url(database)])
    assert bare.exit_code == 0, bare.output
    assert "0 of them new" in bare.output


def test_addresses_without_secrets() -> None:
    """What is left of an address is still an address."""
    assert redacted("postgresql://u:p@h:5/d?sslmode=require") == (
        "postgresql://u@h:5/d?sslmode=require"
    )
    assert redacted("postgresql://u@/d?host=/run/x&password=p") == "postgresql://u@/d?host=/run/x"
    assert redacted("postgresql://h/d") == "postgresql://h/d"
    assert is_url("postgres://h/d")
    assert not is_url("/x/postgresql")
    assert isinstance(rows_at("postgresql://h/d"), PostgresRows)
    assert isinstance(rows_at("/x"), SqliteRows)


def test_marks_are_translated() -> None:
    """A question mark or percent sign inside of text, names or comments is left as it is."""
    assert translated_marks("a = ? AND b LIKE 'x?%' -- why?\nAND \"c?\" = ?") == (
        "a = %s AND b LIKE 'x?%%' -- why?\nAND \"c?\" = %s"
    )
    assert translated_marks("'it''s ?' || ? || 5 % 2") == "'it''s ?' || %s || 5 %% 2"
    assert translated_marks("'open ?") == "'open ?"


def test_one_state_is_read(url: str, tmp_path: Path) -> None:
    """Inside a block what others write is not seen, in either database."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a"))
    push(path, url, origin="a")
    count = "SELECT count(*) AS n FROM requested"
    with SqliteRows(path) as here, PostgresRows(url) as there:
        for rows in (here, there):
            assert rows.query(count) == [{"n": 1}]
        write(path, requested("b"))
        push(path, url, origin="a")
        for rows in (here, there):
            assert rows.query(count) == [{"n": 1}]
    for later in (SqliteRows(path), PostgresRows(url)):
        assert later.query(count) == [{"n": 2}]


def test_reading_cannot_write(url: str, tmp_path: Path) -> None:
    """A connection for reading refuses anything else."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a"))
    push(path, url, origin="a")
    for rows in (PostgresRows(url), SqliteRows(path)):
        with pytest.raises(LedgerError):
            rows.query("INSERT INTO gap (at_utc, n_unlogged, reason) VALUES ('x', 1, 'x')")


def test_a_missing_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg, the message says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    path = tmp_path / "l.sqlite3"
    write(path, requested("a"))
    with pytest.raises(LedgerError, match=r"ducktypist\[postgres\]"):
        push(path, "postgresql://h/d", origin="a")
