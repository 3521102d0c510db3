"""What comes in: everything or nothing, once, and told by line what is wrong."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.cli.ledger import ledger as command
from ducktypist.errors import LedgerError
from ducktypist.ledger import database
from ducktypist.ledger.events import Accepted, Label
from ducktypist.ledger.migrations import SCHEMA_VERSION, migrate
from ducktypist.ledger.moving import lines as wire
from ducktypist.ledger.moving.export import export_lines
from ducktypist.ledger.moving.incoming import import_ledger, import_lines
from ducktypist.ledger.reading import read_gaps, read_suggestions
from ducktypist.ledger.store import Ledger
from support.ledger_events import generated, new_id, requested, verified, write
from support.ledger_random import fill


def lines_of(path: Path) -> list[str]:
    """Return a ledger as lines."""
    out = io.StringIO()
    export_lines(path, out, with_text=True)
    return out.getvalue().splitlines()


def take(path: Path, lines: list[str]) -> int:
    """Import lines and return how many were new."""
    return import_lines(path, io.BytesIO("\n".join(lines).encode()), name="x.jsonl").n_new


def counted(path: Path, table: str) -> int:
    """Return how many rows a table has."""
    connection = apsw.Connection(str(path))
    found = connection.execute(f"SELECT count(*) FROM {table}").get  # noqa: S608 - a test's names
    connection.close()
    return int(str(found))


def test_the_same_events_twice_are_nothing_new(tmp_path: Path) -> None:
    """Importing again, in any order, changes nothing; two alike events stay two."""
    one, two = tmp_path / "one.sqlite3", tmp_path / "two.sqlite3"
    fill(one, seed=3)
    header, *events = lines_of(one)
    assert take(two, [header, *events]) == len(events)
    assert take(two, [header, *events]) == 0
    assert take(one, [header, *reversed(events)]) == 0
    assert take(one, [header, *events[:20]]) == 0
    event = verified(new_id())
    write(one, event, event)
    assert counted(one, "verified") == counted(two, "verified") + 2
    assert take(two, lines_of(one)) == 2
    assert import_ledger(two, one).n_new == 0


def test_later_events_of_a_known_suggestion_are_added(tmp_path: Path) -> None:
    """What happened since the last time comes along, and the label is the one of all events."""
    here, there = tmp_path / "here.sqlite3", tmp_path / "there.sqlite3"
    write(here, requested("a"), generated("a"))
    assert take(there, lines_of(here)) == 2
    write(here, verified("a"), Accepted(suggestion_id="a"))
    assert take(there, lines_of(here)) == 2
    (row,) = read_suggestions(there)
    assert (row.label, row.accepted) == (Label.RIGHT, True)


def test_ledgers_of_a_team_become_one(tmp_path: Path) -> None:
    """Merging A into B and B into A gives the same suggestions, models and gaps."""
    both: list[Path] = []
    for order in ((1, 2), (2, 1)):
        path = tmp_path / f"{order}.sqlite3"
        for seed in order:
            other = tmp_path / f"{order}-{seed}.sqlite3"
            fill(other, seed=seed)
            import_ledger(path, other)
            import_ledger(path, other)
        both.append(path)
    one, two = (sorted(lines_of(path)[1:]) for path in both)
    assert one == two
    assert counted(both[0], "model") == 3
    assert read_gaps(both[0]).n_unlogged == 1 + 2
    assert counted(both[0], "requested") == 120


def test_of_two_requests_with_one_id_the_first_stays(tmp_path: Path) -> None:
    """An id belongs to one suggestion; who claims it again is passed over."""
    path, other = tmp_path / "l.sqlite3", tmp_path / "o.sqlite3"
    write(path, requested("a", language="python"))
    write(other, requested("a", language="go"))
    assert import_ledger(path, other).n_new == 0
    assert [row.language for row in read_suggestions(path)] == ["python"]


GOOD = requested("a")


def good(tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """Return a header and an event that are right."""
    path = tmp_path / "good.sqlite3"
    write(path, GOOD)
    header, event = lines_of(path)
    return header, json.loads(event)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"suggestion_id": 7}, "`suggestion_id` is a text, got 7"),
        ({"suggestion_id": ""}, "`suggestion_id` is empty"),
        ({"suggestion_id": None}, "may not be null"),
        ({"temperature": "hot"}, "`temperature` is a finite number"),
        ({"temperature": True}, "`temperature` is a finite number"),
        ({"temperature": 10**400}, "`temperature` is a finite number"),
        ({"seed": 2**63}, "`seed` is an integer of 64 bits"),
        ({"seed": 1.5}, "`seed` is an integer"),
        ({"truncated": 1}, "`truncated` is true or false"),
        ({"at_utc": "yesterday"}, "`at_utc` is a time such as"),
        ({"at_utc": "2026-01-01T00:00:00.000Z\n"}, "`at_utc` is a time such as"),
        ({"model": "duck"}, "`model` of a requested event is an object"),
        ({"model": {"name": "duck"}}, "a model lacks"),
        ({"mood": "good"}, "a requested has no 'mood'"),
        ({"x\n\x1b[31m": 1}, r"has no 'x\\n\\x1b\[31m'"),
        ({"event": "eaten"}, "there is no event 'eaten'"),
        ({"event": ["requested"]}, "there is no event"),
        ({"event": "lifecycle"}, "there is no event 'lifecycle'"),
    ],
)
def test_a_wrong_event_is_told_by_its_line(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """Nothing of the file is imported, and the message says which line and what was expected."""
    header, event = good(tmp_path)
    path = tmp_path / "l.sqlite3"
    bad = json.dumps(event | {"suggestion_id": "b"} | change)
    with pytest.raises(LedgerError, match=message) as caught:
        take(path, [header, json.dumps(event), "", bad])
    assert str(caught.value).startswith("x.jsonl, line 4: ")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not a line of JSON"),
        ("[]", "one JSON object"),
        ("[" * 100_000, "not a line of JSON"),
        ('{"event": "gap", "n_unlogged": NaN}', "NaN is not JSON"),
        ("\ud800", "not a line of JSON"),
        ("1" * 5000, "not a line of JSON"),
    ],
)
def test_what_is_no_event_is_refused(tmp_path: Path, line: str, message: str) -> None:
    """Broken JSON, other JSON and other encodings are told from events."""
    header, _ = good(tmp_path)
    data = f"{header}\n{line}".encode("utf-8", "surrogatepass")
    with pytest.raises(LedgerError, match=message):
        import_lines(tmp_path / "l.sqlite3", io.BytesIO(data), name="x")


def test_headers_are_compared_first(tmp_path: Path) -> None:
    """A newer form, a newer schema, no header and two headers are refused with what to do."""
    header, event = good(tmp_path)
    row, path = json.dumps(event), tmp_path / "l.sqlite3"
    newer = json.dumps(json.loads(header) | {"schema": SCHEMA_VERSION + 1})
    other = json.dumps(json.loads(header) | {"ducktypist_ledger": 2})
    odd = json.dumps(json.loads(header) | {"schema": "9"})
    for lines, message in (
        ([newer, row], "newer version of Ducktypist"),
        ([other, row], "install a newer one"),
        ([odd, row], "a number from 1"),
        ([row], "first line is no header"),
        ([header, row, header, row], "line 3: this is a second header"),
        ([], "is empty"),
    ):
        with pytest.raises(LedgerError, match=message):
            take(path, lines)
    assert not path.exists()


def test_lines_of_an_older_schema_are_filled_in(tmp_path: Path) -> None:
    """A column that came later has its default, as in a ledger that was migrated."""
    header, event = good(tmp_path)
    path = tmp_path / "l.sqlite3"
    older = json.dumps(json.loads(header) | {"schema": 5})
    later = {"project_hash", "path", "task_hash"}
    assert take(path, [older, json.dumps({k: v for k, v in event.items() if k not in later})]) == 1
    assert take(path, [header, json.dumps(event)]) == 0
    with pytest.raises(LedgerError, match="a requested lacks kind"):
        take(path, [header, json.dumps({k: v for k, v in event.items() if k != "kind"})])


def test_odd_text_is_kept_as_the_store_keeps_it(tmp_path: Path) -> None:
    """A lone surrogate becomes a question mark; zero bytes and quotes come through."""
    header, event = good(tmp_path)
    path = tmp_path / "l.sqlite3"
    odd = json.dumps(event | {"language": "a\ud800\0'\""})
    assert take(path, [header, odd]) == 1
    assert [row.language for row in read_suggestions(path)] == ["a?\0'\""]


def test_a_long_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without line ends does not fill the memory."""
    from ducktypist.ledger.moving import incoming  # noqa: PLC0415 - patched here only

    monkeypatch.setattr(incoming, "MAX_LINE_BYTES", 1000)
    header, _ = good(tmp_path)
    with pytest.raises(LedgerError, match="line 2 is longer than 1000 bytes"):
        take(tmp_path / "l.sqlite3", [header, "x" * 2000])


@pytest.mark.parametrize("kind", ["foreign", "garbage", "future", "empty", "itself"])
def test_other_files_are_refused(tmp_path: Path, kind: str) -> None:
    """Another program's database, a damaged one, a newer one: a clear message, nothing imported."""
    path, other = tmp_path / "l.sqlite3", tmp_path / "other.sqlite3"
    write(path, requested("a"))
    if kind == "garbage":
        other.write_bytes(b"SQLite format 3\0" + b"quack" * 2000)
    else:
        connection = apsw.Connection(str(other))
        if kind == "foreign":
            connection.execute("CREATE TABLE t (a)")
        elif kind == "future":
            migrate(connection)
            connection.execute(
                "INSERT INTO migration (number, name) VALUES (?, 'x')", (SCHEMA_VERSION + 1,)
            )
        connection.close()
    message = {
        "foreign": "another program's database",
        "garbage": "damaged",
        "future": "newer version",
        "empty": "empty",
        "itself": "this ledger itself",
    }[kind]
    with pytest.raises(LedgerError, match=message):
        import_ledger(path, path if kind == "itself" else other)
    assert counted(path, "requested") == 1


def test_an_older_schema_is_brought_up_in_a_copy(tmp_path: Path) -> None:
    """The other file keeps its old schema; its events arrive."""
    path, other = tmp_path / "l.sqlite3", tmp_path / "other.sqlite3"
    connection = apsw.Connection(str(other))
    migrate(connection, up_to=1)
    connection.execute(
        "INSERT INTO gap (at_utc, n_unlogged, reason) VALUES ('2026-01-01T00:00:00.000Z', 3, 'x')"
    )
    connection.close()
    before = other.read_bytes()
    assert import_ledger(path, other).n_new == 1
    assert other.read_bytes() == before
    assert read_gaps(path).n_unlogged == 3


def test_a_hostile_ledger_runs_nothing(tmp_path: Path) -> None:
    """A database with values of wrong types and triggers of its own leaves this ledger alone."""
    path, other = tmp_path / "l.sqlite3", tmp_path / "other.sqlite3"
    write(path, requested("a"))
    database.open_writer(other).close()
    connection = apsw.Connection(str(other))
    connection.execute("DROP TABLE gap")
    connection.execute("CREATE TABLE gap (seq INTEGER PRIMARY KEY, at_utc, n_unlogged, reason)")
    connection.execute("INSERT INTO gap (at_utc, n_unlogged, reason) VALUES (x'00', 'many', 1)")
    connection.execute(
        "INSERT INTO lifecycle (suggestion_id, at_utc, event) VALUES ('b', '2026', 'shown')"
    )
    connection.close()
    with pytest.raises(LedgerError):
        import_ledger(path, other)
    assert (counted(path, "requested"), counted(path, "lifecycle")) == (1, 0)


def test_an_import_goes_on_beside_a_writer(tmp_path: Path) -> None:
    """An open window logs before and after, and loses nothing."""
    path, other = tmp_path / "l.sqlite3", tmp_path / "o.sqlite3"
    fill(other)
    window = Ledger(path)
    window.append(requested("before"))
    assert window.flush(20)
    import_ledger(path, other)
    window.append(requested("after"))
    assert window.flush(20)
    window.close()
    assert {"before", "after"} < {row.suggestion_id for row in read_suggestions(path)}


def test_the_command_takes_files_ledgers_and_standard_input(tmp_path: Path) -> None:
    """Import and merge are one; each file is told of, and a missing one is said to be missing."""
    path, other, file = (tmp_path / name for name in ("l.sqlite3", "o.sqlite3", "e.jsonl"))
    write(other, requested("a"), generated("a"))
    exported = CliRunner().invoke(command, ["export", "--ledger", str(other), "--out", str(file)])
    assert exported.exit_code == 0, exported.output
    here = ["--ledger", str(path)]
    first = CliRunner().invoke(command, ["import", *here, str(file), str(other)])
    assert first.exit_code == 0, first.output
    assert f"{file}: 2 events read, 2 of them new" in first.output
    assert f"{other}: 2 events read, 0 of them new" in first.output
    piped = CliRunner().invoke(command, ["merge", *here, "-"], input=file.read_bytes())
    assert "2 events read, 0 of them new" in piped.output
    missing = CliRunner().invoke(command, ["merge", *here, str(tmp_path / "none")])
    assert missing.exit_code == 1
    assert "cannot be read" in missing.output
    assert wire.FORMAT_KEY in file.read_text(encoding="utf-8")


_WORDS = st.sampled_from(
    [*wire.TABLE_OF, wire.FORMAT_KEY, "event", "schema", "suggestion_id", "at_utc", "model", "text"]
)
_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _WORDS
_JSON = st.recursive(
    _VALUES,
    lambda inner: st.lists(inner) | st.dictionaries(_WORDS | st.text(), inner),
    max_leaves=20,
)


@given(value=_JSON | st.dictionaries(_WORDS, _JSON))
def test_no_line_can_do_more_than_be_refused(value: Any) -> None:
    """Whatever a line holds, it is an event, a header, or a LedgerError."""
    with contextlib.suppress(LedgerError):
        wire.parse_line(json.dumps(value).encode())


@given(line=st.binary())
def test_no_bytes_can_do_more_than_be_refused(line: bytes) -> None:
    """The same for bytes that are no JSON."""
    with contextlib.suppress(LedgerError):
        wire.parse_line(line)
