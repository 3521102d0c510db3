from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from blockbuster import blockbuster_ctx

from ducktypist.domain import FinishReason, Generation, ModelIdentity, Timings, TokenLogprob
from ducktypist.errors import LedgerBusyError, LedgerError
from ducktypist.ledger import database, events
from ducktypist.ledger.hashing import install_key, keyed_hash, plain_hash
from ducktypist.ledger.reading import read_gaps, read_suggestions
from ducktypist.ledger.rows import Row, row_of
from ducktypist.ledger.store import Ledger
from support.ledger_events import MODEL, generated, new_id, requested, tried, verified, write


def every_event(one: str) -> list[events.Event]:
    """Return one of each kind of event."""
    named = {"suggestion_id": one}
    conclusion = {"label": events.Label.RIGHT, "reason": "r", "by": events.Judge.RULES}
    return [
        requested(one),
        generated(one),
        events.Shown(**named),
        events.Superseded(**named),
        events.Cancelled(**named),
        events.Dismissed(**named),
        events.Accepted(edited_fraction=0.25, **named),
        verified(one),
        tried(one),
        events.Persisted(checkpoint=events.Checkpoint.AFTER_10_MIN, edit_ratio=0.5, **named),
        events.Settled(**conclusion, **named),
        events.Revised(**conclusion, **named),
        events.SourceText(role=events.TextRole.ANSWER, text="def f(): ...", **named),
    ]


def table(path: Path, sql: str) -> list[Any]:
    """Return the rows of a query, through a connection of the test's own."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()


def test_every_event_is_kept(tmp_path: Path) -> None:
    """Each kind of event ends up in its table, with its time."""
    path, one = tmp_path / "l.sqlite3", new_id()
    write(path, *every_event(one), keep_text=True)
    assert [row[0] for row in table(path, "SELECT event FROM lifecycle ORDER BY seq")] == [
        "shown", "superseded", "cancelled", "dismissed", "accepted"
    ]  # fmt: skip
    for name in ("requested", "generated", "verified", "tried", "persisted", "source_text"):
        ((found, at_utc),) = table(path, f"SELECT suggestion_id, at_utc FROM {name}")  # noqa: S608 - a name from the line above
        assert found == one
        assert len(at_utc) == len("2026-01-31T12:00:00.000Z")
        assert at_utc.endswith("Z")
    assert table(path, "SELECT event FROM conclusion ORDER BY seq") == [("settled",), ("revised",)]
    (row,) = read_suggestions(path)
    assert (row.edited_fraction, row.edit_ratio_10min) == (0.25, 0.5)


def test_columns_are_the_fields(tmp_path: Path) -> None:
    """Every event's row has exactly its table's columns, so that neither can drift."""
    path = tmp_path / "l.sqlite3"
    database.open_writer(path).close()
    shared = {"lifecycle": {"edited_fraction", "accepted_fraction"}}
    for event in every_event("x"):
        row = row_of(event, at_utc="t")
        names = {name for _, name, *_ in table(path, f"PRAGMA table_info({row.table})")}
        given = set(row.values) | ({"model_id"} if row.model else set())
        assert names - {"seq"} == given | shared.get(row.table, set())
    names = {name for _, name, *_ in table(path, "PRAGMA table_info(model)")}
    model = row_of(requested("x"), at_utc="t").model
    assert model is not None
    assert names - {"model_id"} == set(model)


def test_source_text_is_kept_only_when_asked_for(tmp_path: Path) -> None:
    """Without keep_text no source text reaches the file or its log."""
    path = tmp_path / "l.sqlite3"
    write(path, *every_event(new_id()))
    assert table(path, "SELECT count(*) FROM source_text") == [(0,)]
    for file in tmp_path.iterdir():
        assert b"def f()" not in file.read_bytes()


def test_each_model_is_named_once(tmp_path: Path) -> None:
    """The same model under the same settings is one row; other settings are another."""
    path = tmp_path / "l.sqlite3"
    other = ModelIdentity(name="m", sha256="", quantisation="", n_ctx_tokens=1, has_fim=False)
    write(path, requested(new_id()), requested(new_id()), requested(new_id(), model=other))
    assert table(path, "SELECT name FROM model ORDER BY model_id") == [(MODEL.name,), ("m",)]


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    """A new folder is 0700, the ledger, its log and its key are 0600; a wide mode is narrowed."""
    path = tmp_path / "new" / "l.sqlite3"
    ledger = Ledger(path)
    ledger.append(requested(new_id()))
    ledger.keyed_hash("x")
    assert ledger.flush(20)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    found = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    ledger.close()
    assert set(found.values()) == {0o600}
    assert {"l.sqlite3", "l.sqlite3-wal", "l.sqlite3.key"} <= set(found)
    path.chmod(0o644)
    write(path, requested(new_id()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


TABLES = (
    "model",
    "migration",
    "requested",
    "generated",
    "lifecycle",
    "verified",
    "tried",
    "persisted",
    "conclusion",
    "source_text",
    "gap",
)


@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_ever_edited(tmp_path: Path, name: str) -> None:
    """Every table refuses UPDATE and DELETE, and REPLACE where it would delete."""
    path, one = tmp_path / "l.sqlite3", new_id()
    write(path, *every_event(one), keep_text=True)
    connection = apsw.Connection(str(path))
    if name == "gap":
        connection.execute("INSERT INTO gap (at_utc, n_unlogged, reason) VALUES ('t', 1, 'r')")
    column = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")][1]
    statements = [f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}"]  # noqa: S608 - names of our tables
    if name in {"requested", "generated"}:
        statements.append(f"REPLACE INTO {name} SELECT * FROM {name}")  # noqa: S608 - as above
    for statement in statements:
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_refused_event_costs_only_itself(tmp_path: Path) -> None:
    """An event that the schema refuses is counted, and its neighbours are written."""
    path, one, two = tmp_path / "l.sqlite3", new_id(), new_id()
    ledger = Ledger(path)
    for event in (requested(one), requested(one), "no event", requested(two, language=None)):
        ledger.append(event)  # type: ignore[arg-type] # a wrong type is the point
    ledger.append(generated(one))
    assert not ledger.flush(20)
    assert (ledger.n_logged, ledger.n_unlogged) == (2, 3)
    ledger.append(generated(two))
    assert ledger.flush(20)
    ledger.close()
    assert read_gaps(path).n_unlogged == 3
    assert "refused" in read_gaps(path).last_reason or "not an event" in read_gaps(path).last_reason
    assert [row.suggestion_id for row in read_suggestions(path)] == [one]


def test_odd_text_is_written(tmp_path: Path) -> None:
    """A lone surrogate, a NUL and NaN do not cost the event."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a", language="py\ud800\0"), generated("a", p_right=float("nan")))
    (row,) = read_suggestions(path)
    assert row.language == "py?\0"
    assert row.p_right is None


def test_append_neither_waits_nor_raises_while_the_file_is_locked(tmp_path: Path) -> None:
    """With the file held by another process, events queue; when it is released all are written."""
    path = tmp_path / "l.sqlite3"
    write(path, requested(new_id()))
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    ledger = Ledger(path)
    for _ in range(200):
        ledger.append(requested(new_id()))
    assert not ledger.flush(0.2)
    assert ledger.n_logged == 0
    release = threading.Timer(6.0, lambda: holder.execute("ROLLBACK"))  # beyond the busy time-out
    release.start()
    assert ledger.flush(60)
    assert (ledger.n_logged, ledger.n_unlogged) == (200, 0)
    ledger.close()
    release.join()
    holder.close()


def test_a_busy_file_is_a_busy_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that stays held is told apart from one that cannot be used, and waiting shows."""
    path = tmp_path / "l.sqlite3"
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    writer = database.open_writer(path)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerBusyError, match="held by another process"):
        writer.write([row_of(requested(new_id()), at_utc="t")])
    ledger = Ledger(path)
    ledger.append(requested(new_id()))
    assert not ledger.flush(1.0)
    assert ledger.n_unlogged == 1
    assert "held by another process" in ledger.last_error
    holder.execute("ROLLBACK")
    assert ledger.flush(20)
    assert ledger.n_unlogged == 0
    ledger.close()
    holder.close()
    writer.close()


def test_the_queue_is_bounded(tmp_path: Path) -> None:
    """While nothing can be written, memory is bounded, and what is dropped is counted and noted."""
    path = tmp_path / "l.sqlite3"
    path.mkdir()
    ledger = Ledger(path, n_max_queued=10)
    for _ in range(25):
        ledger.append(requested(new_id()))
    assert not ledger.flush(5)
    assert (ledger.n_unlogged, ledger.n_unnoted) == (25, 25)
    path.rmdir()
    assert ledger.flush(20)
    assert (ledger.n_logged, ledger.n_unlogged, ledger.n_unnoted) == (10, 15, 0)
    ledger.close()
    assert read_gaps(path).n_unlogged == 15


def test_close_writes_what_is_queued(tmp_path: Path) -> None:
    """Closing flushes, may be repeated, and an event after it is counted instead of raised."""
    path = tmp_path / "l.sqlite3"
    ledger = Ledger(path)
    for _ in range(1500):
        ledger.append(requested(new_id()))
    ledger.close(20)
    ledger.close()
    ledger.append(requested(new_id()))
    assert (ledger.n_logged, ledger.n_unlogged) == (1500, 1)
    assert table(path, "SELECT count(*) FROM requested") == [(1500,)]


async def test_the_event_loop_is_never_blocked(tmp_path: Path) -> None:
    """After prepare, appending and hashing make no blocking call on the event loop."""
    ledger = Ledger(tmp_path / "new" / "l.sqlite3")
    await asyncio.to_thread(ledger.prepare)
    with blockbuster_ctx():
        for _ in range(50):
            one = new_id()
            ledger.append(requested(one, path_hash=ledger.keyed_hash("src/duck.py")))
            ledger.append(generated(one))
            await asyncio.sleep(0)
    assert await asyncio.to_thread(ledger.flush, 20)
    await asyncio.to_thread(ledger.close)
    assert (ledger.n_logged, ledger.n_unlogged) == (100, 0)


def test_what_is_appended_together_is_one_transaction(tmp_path: Path) -> None:
    """Hundreds of candidates go to the file at once, with one time; the queue's bound holds."""
    path, one = tmp_path / "l.sqlite3", new_id()
    ledger = Ledger(path, n_max_queued=300)
    committed: list[int] = []
    write_rows = database.Writer.write

    def counting(writer: database.Writer, rows: Sequence[Row]) -> list[str]:
        committed.append(len(rows))
        return write_rows(writer, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database.Writer, "write", counting)
        ledger.append_all([])
        ledger.append_all([requested(one), *(tried(one, position=i) for i in range(250))])
        assert ledger.flush(20)
        assert committed == [251]
    ledger.append_all(tried(one, position=i) for i in range(400))
    ledger.close(20)
    assert (ledger.n_logged, ledger.n_unlogged) == (551, 100)
    assert table(path, "SELECT count(DISTINCT at_utc) FROM tried WHERE seq <= 250") == [(1,)]


def test_an_unused_ledger_makes_no_file(tmp_path: Path) -> None:
    """Nothing is opened before the first event, and flushing nothing succeeds."""
    ledger = Ledger(tmp_path / "sub" / "l.sqlite3")
    assert ledger.flush(1)
    ledger.close()
    assert not list(tmp_path.iterdir())


def test_a_file_taken_away_is_made_anew(tmp_path: Path) -> None:
    """When the ledger is deleted under a running session, later events go to a new file."""
    path = tmp_path / "l.sqlite3"
    ledger = Ledger(path)
    ledger.append(requested(new_id()))
    assert ledger.flush(20)
    for file in tmp_path.iterdir():
        file.unlink()
    ledger.append(requested("after"))
    assert ledger.flush(20)
    ledger.close()
    assert [row.suggestion_id for row in read_suggestions(path)] == ["after"]


def test_reading_never_makes_a_file(tmp_path: Path) -> None:
    """Reading a missing ledger is an error that says so, and leaves the folder as it was."""
    with pytest.raises(LedgerError, match="appears with the first suggestion"):
        read_suggestions(tmp_path / "l.sqlite3")
    assert not list(tmp_path.iterdir())


def test_a_generation_is_summed_up() -> None:
    """Log-probabilities become mean, minimum, mean of the lowest five and smallest margin."""
    values = [-0.1, -3.0, -0.2, -0.4, -0.3, -1.0, -2.0]
    tokens = tuple(
        TokenLogprob(text="t", logprob=value, margin=1 + index)
        for index, value in enumerate(values)
    )
    generation = Generation(
        text="x", finish_reason=FinishReason.STOP, timings=Timings(), logprobs=tokens
    )
    event = events.Generated.of(generation, suggestion_id="a")
    assert event.mean_logprob == pytest.approx(-1.0)
    assert event.min_logprob == -3.0
    assert event.lowest5_logprob == pytest.approx(-(3.0 + 2.0 + 1.0 + 0.4 + 0.3) / 5)
    assert event.min_margin == 1
    assert event.answer is events.Answer.GIVEN
    blank = Generation(text=" \n", finish_reason=FinishReason.STOP, timings=Timings())
    assert events.Generated.of(blank, suggestion_id="a").answer is events.Answer.EMPTY
    assert events.Generated.of(blank, suggestion_id="a").mean_logprob is None


def test_hashes_are_keyed_per_installation(tmp_path: Path) -> None:
    """The key is made once and kept; two installations hash the same text differently."""
    one, two = install_key(tmp_path / "a" / "l"), install_key(tmp_path / "b" / "l")
    assert install_key(tmp_path / "a" / "l") == one != two
    assert keyed_hash("x", key=one) != keyed_hash("x", key=two)
    assert keyed_hash("x", key=one) == Ledger(tmp_path / "a" / "l").keyed_hash("x")
    assert keyed_hash("x", key=one).startswith("b2k:")
    # BLAKE2b-128 of the empty string, from the reference implementation.
    assert plain_hash("") == "b2:cae66941d9efbd404e4d88758ea67670"
    assert keyed_hash("\ud800", key=one)


def test_a_key_that_cannot_be_kept_costs_no_request(tmp_path: Path) -> None:
    """Where no key can be written or the key file is broken, a hash is still given."""
    (tmp_path / "file").write_text("")
    assert Ledger(tmp_path / "file" / "l").keyed_hash("x").startswith("b2k:")
    for content in ("not hexadecimal", "abcd"):
        (tmp_path / "l.key").write_text(content)
        assert Ledger(tmp_path / "l").keyed_hash("x").startswith("b2k:")
        assert (tmp_path / "l.key").read_text() == content
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "l.key"]
