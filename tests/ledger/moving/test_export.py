"""What leaves the ledger: complete, described, the same each time, and back again."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import typing
import zipfile
from pathlib import Path
from typing import Any

import apsw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ducktypist.cli.ledger import ledger as command
from ducktypist.domain import Kind
from ducktypist.errors import LedgerError
from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.events import Event, Requested
from ducktypist.ledger.hashing import install_key
from ducktypist.ledger.moving.dictionary import (
    Holds,
    event_classes,
    fields_of,
    flat_table,
    flat_view,
    model_fields,
)
from ducktypist.ledger.moving.export import export_lines, export_tables, export_view
from ducktypist.ledger.moving.incoming import import_ledger, import_lines
from ducktypist.ledger.moving.lines import TABLE_OF
from ducktypist.ledger.moving.pages import data_dictionary, json_schema, shipped_schema
from ducktypist.ledger.moving.tables import EVENT_TABLES, FLAGS, event_tables, view_names
from ducktypist.ledger.moving.wanted import Wanted, project_hash_of
from support.ledger_events import generated, requested, write
from support.ledger_random import HOSTILE, fill
from support.source_tree import ROOT, SERVER

UPDATE = os.environ.get("UPDATE_EXPECT") == "1"
"""Whether to write the schema and the dictionary anew instead of comparing them."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with every kind of event."""
    file = tmp_path / "l.sqlite3"
    fill(file)
    return file


def lines_of(path: Path, **more: Any) -> str:
    """Return a ledger as lines, kept text included."""
    out = io.StringIO()
    export_lines(path, out, **{"with_text": True, **more})
    return out.getvalue()


def imported(path: Path, text: str) -> int:
    """Import lines and return how many events were new."""
    return import_lines(path, io.BytesIO(text.encode()), name="x").n_new


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what every view and every table of events says, without numbers of rows."""
    with reading(path) as connection:
        found = {
            name: sorted(map(repr, (tuple(row.items()) for row in rows_of(connection, sql))))
            for name in (*EVENT_TABLES, *view_names())
            for sql in [f"SELECT {_columns(connection, name)} FROM {name}"]  # noqa: S608 - our names
        }
    return typing.cast("dict[str, list[tuple[Any, ...]]]", found)


def _columns(connection: apsw.Connection, name: str) -> str:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
    return ", ".join(f'"{n}"' for n in names if n not in {"seq", "model_id"})


def test_lines_come_back_as_the_same_ledger(path: Path, tmp_path: Path) -> None:
    """After export and import every view says the same, and another export gives the same bytes."""
    text, other = lines_of(path), tmp_path / "other.sqlite3"
    assert imported(other, text) == len(text.split("\n")) - 2
    assert contents(other) == contents(path)
    assert lines_of(other).split("\n")[1:] == text.split("\n")[1:]
    assert lines_of(path) == text


def test_each_line_is_one_event_in_the_order_of_time(path: Path) -> None:
    """Hostile text does not break a line; times never go back; every name of an event occurs."""
    assert json.loads(lines_of(path).split("\n")[0])["origin"] == ""
    assert not path.with_name(f"{path.name}.key").exists()
    install_key(path)
    header, *events = [json.loads(line) for line in lines_of(path).split("\n")[:-1]]
    assert header["ducktypist_ledger"] == 1
    assert header["origin"].startswith("b2k:")
    assert {event["event"] for event in events} == set(TABLE_OF)
    times = [event["at_utc"] for event in events]
    assert times == sorted(times)
    assert set(HOSTILE) <= {event["text"] for event in events if event["event"] == "source_text"}


def test_kept_text_stays_at_home(path: Path, tmp_path: Path) -> None:
    """No form of export has source text in it unless it is asked for."""
    assert '"event": "source_text"' not in lines_of(path, with_text=False)
    export_tables(path, tmp_path / "out", as_parquet=False)
    assert not (tmp_path / "out" / "source_text.csv").exists()
    export_tables(path, tmp_path / "all", as_parquet=False, with_text=True)
    assert (tmp_path / "all" / "source_text.csv").exists()


def test_a_choice_takes_whole_suggestions(path: Path) -> None:
    """Every event of a chosen suggestion comes along, and none of another."""
    everything = [json.loads(line) for line in lines_of(path).splitlines()[1:]]
    whole = {e["suggestion_id"]: e for e in everything if e["event"] == "requested"}
    wanted = Wanted(kind=Kind.FIX, since_utc="2026-01-01T01:00:00.000Z", project_hash="b2k:one")
    ids = {
        one
        for one, e in whole.items()
        if (e["kind"], e["project_hash"]) == ("fix", "b2k:one") and e["at_utc"] >= wanted.since_utc
    }
    assert 0 < len(ids) < len(whole)
    found = [json.loads(line) for line in lines_of(path, wanted=wanted).splitlines()[1:]]
    assert found == [e for e in everything if e.get("suggestion_id") in ids]
    runs = Wanted(project_hash="b2k:two")
    found = [json.loads(line) for line in lines_of(path, wanted=runs).splitlines()[1:]]
    run_ids = {e["run_id"] for e in found if e["event"] == "test_run"}
    assert run_ids
    assert {e["run_id"] for e in found if e["event"] == "test_seen"} == run_ids


def test_a_project_is_named_by_its_folder(tmp_path: Path) -> None:
    """The hash is that of the folder's real path under this installation's key."""
    path, folder = tmp_path / "l.sqlite3", tmp_path / "shop"
    folder.mkdir()
    write(path, requested("in", project_hash=project_hash_of(path, folder)), requested("out"))
    result = CliRunner().invoke(
        command, ["export", "--ledger", str(path), "--project", str(folder)]
    )
    assert result.exit_code == 0, result.output
    ids = [json.loads(line).get("suggestion_id") for line in result.stdout.splitlines()]
    assert ids == [None, "in"]


@pytest.mark.parametrize("zipped", [False, True])
def test_csv_holds_what_the_tables_hold(path: Path, tmp_path: Path, *, zipped: bool) -> None:
    """A reader of RFC 4180 gets every value back; nothing is an empty field, "" a quoted one."""
    out = tmp_path / ("out.zip" if zipped else "out")
    n_rows = export_tables(path, out, as_parquet=False, with_text=True)
    folder = out
    if zipped:
        folder = tmp_path / "unpacked"
        with zipfile.ZipFile(out) as archive:
            archive.extractall(folder)
    n_found = 0
    with reading(path) as connection:
        for table in event_tables().values():
            raw = (folder / f"{table.name}.csv").read_bytes().decode()
            names, *rows = list(csv.reader(io.StringIO(raw, newline=""), strict=True))
            n_found += len(rows)
            columns = ", ".join(f'"{name}"' for name in table.names)
            sql = f"SELECT {columns} FROM {table.name} ORDER BY at_utc, seq"  # noqa: S608 - our names
            expected = [tuple(row) for row in connection.execute(sql)]
            flags = [name in FLAGS for name in table.names]
            assert names[: len(flags)] == list(table.names)
            assert [tuple(row[: len(flags)]) for row in rows] == [
                tuple(map(_in_csv, row, flags)) for row in expected
            ]
    assert n_found == n_rows


def _in_csv(value: object, is_flag: bool) -> str:  # noqa: FBT001 - mapped over pairs
    if value is None:
        return ""
    return str(bool(value)).lower() if is_flag else str(value)


def test_nothing_and_the_empty_text_differ_in_csv(tmp_path: Path) -> None:
    """An empty text is quoted, what is not known is not; lines end in CRLF."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a", path="", prompt_tokens=None))
    export_tables(path, tmp_path / "out", as_parquet=False)
    raw = (tmp_path / "out" / "requested.csv").read_bytes()
    assert raw.count(b"\r\n") == 2
    assert raw.count(b"\n") == 2
    names, values = raw.decode().split("\r\n")[:2]
    row = dict(zip(names.split(","), values.split(","), strict=True))
    assert (row["path"], row["prompt_tokens"]) == ('""', "")


def test_parquet_is_typed(path: Path, tmp_path: Path) -> None:
    """Flags are booleans, times are times, and every value comes back."""
    export_tables(path, tmp_path / "out", as_parquet=True, with_text=True)
    for table in event_tables().values():
        found = pq.read_table(tmp_path / "out" / f"{table.name}.parquet")
        for column in flat_table(table).columns:
            kind = found.schema.field(column.name).type
            expected = {
                Holds.TEXT: pa.string(),
                Holds.INTEGER: pa.int64(),
                Holds.REAL: pa.float64(),
                Holds.FLAG: pa.bool_(),
                Holds.TIME: pa.timestamp("ms", tz="UTC"),
            }
            assert kind == expected[column.holds], column.name
    texts = pq.read_table(tmp_path / "out" / "source_text.parquet")["text"].to_pylist()
    with reading(path) as connection:
        sql = "SELECT text FROM source_text ORDER BY at_utc, seq"
        assert texts == [row[0] for row in connection.execute(sql)]


@pytest.mark.parametrize("view", view_names())
def test_every_view_holds_what_the_dictionary_says(path: Path, view: str) -> None:
    """Each value of each view is of the type that its column is exported as."""
    python = {
        Holds.TEXT: str,
        Holds.TIME: str,
        Holds.INTEGER: int,
        Holds.REAL: int | float,
        Holds.FLAG: int,
    }
    with reading(path) as connection:
        flat = flat_view(connection, view)
        rows = list(connection.execute(f"SELECT * FROM {view}"))  # noqa: S608 - our names
    assert rows
    for i, column in enumerate(flat.columns):
        values = {row[i] for row in rows} - {None}
        assert all(isinstance(value, python[column.holds]) for value in values), column.name
        assert column.holds is not Holds.FLAG or values <= {0, 1}, column.name


@pytest.mark.parametrize("as_parquet", [False, True])
def test_a_view_is_one_file(path: Path, tmp_path: Path, *, as_parquet: bool) -> None:
    """The flat table has a row for each suggestion and can be chosen by kind."""
    kind = Wanted(kind=Kind.COMPLETE)
    with reading(path) as connection:
        n_all = connection.execute("SELECT count(*) FROM suggestion").get
        n_kind = connection.execute("SELECT count(*) FROM suggestion WHERE kind = 'complete'").get
    options: dict[str, Any] = {"view": "suggestion", "as_parquet": as_parquet}
    assert export_view(path, tmp_path / "all", **options) == n_all
    assert export_view(path, tmp_path / "some", wanted=kind, **options) == n_kind
    again = tmp_path / "again"
    export_view(path, again, **options)
    assert again.read_bytes() == (tmp_path / "all").read_bytes()
    with pytest.raises(LedgerError, match="no view 'requested'"):
        export_view(path, tmp_path / "x", view="requested", as_parquet=False)
    with pytest.raises(LedgerError, match="has no kind"):
        export_view(path, tmp_path / "x", view="gap_total", as_parquet=False, wanted=kind)
    assert not (tmp_path / "x").exists()


def test_what_is_written_is_the_owners(path: Path, tmp_path: Path) -> None:
    """Files have mode 0600, folders 0700, and nothing half-written stays."""
    out = tmp_path / "out"
    out.mkdir()
    arguments = ["export", "--ledger", str(path), "--out"]
    for target, form in (("e.jsonl", "jsonl"), ("c.zip", "csv"), ("c", "csv"), ("p", "parquet")):
        result = CliRunner().invoke(command, [*arguments, str(out / target), "--format", form])
        assert result.exit_code == 0, result.output
    view = [*arguments, str(out / "v.csv"), "--format", "csv", "--view", "suggestion"]
    assert CliRunner().invoke(command, view).exit_code == 0
    assert {p.name for p in out.iterdir()} == {"e.jsonl", "c.zip", "c", "p", "v.csv"}
    for file in out.rglob("*"):
        expected = 0o700 if file.is_dir() else 0o600
        assert stat.S_IMODE(file.stat().st_mode) == expected, file
    for target in ("e.jsonl", "c"):
        again = CliRunner().invoke(
            command,
            [*arguments, str(out / target), "--format", "csv" if target == "c" else "jsonl"],
        )
        assert again.exit_code == 1
        assert "exists already" in again.output
    forced = CliRunner().invoke(command, [*arguments, str(out / "e.jsonl"), "--force"])
    assert forced.exit_code == 0


def test_what_cannot_be_is_refused(path: Path) -> None:
    """Tables do not go to standard output, and a time is a day or a number of days."""
    for arguments, message in (
        (["--format", "csv"], "standard output"),
        (["--view", "suggestion", "--out", "x"], "csv or parquet"),
        (["--since", "yesterday"], "number of days"),
        (["--since", "2026-02-31"], "number of days"),
    ):
        result = CliRunner().invoke(command, ["export", "--ledger", str(path), *arguments])
        assert result.exit_code != 0
        assert message in result.output


def test_the_schema_is_the_one_that_is_shipped() -> None:
    """The JSON Schema in the package says what the program writes."""
    if UPDATE:
        text = json.dumps(json_schema(), indent=1, ensure_ascii=False)
        (SERVER / "ducktypist/ledger/moving/schema.json").write_text(f"{text}\n", encoding="utf-8")
    assert json.loads(shipped_schema()) == json_schema()
    assert CliRunner().invoke(command, ["schema"]).output == shipped_schema()


def test_every_line_obeys_the_schema(path: Path) -> None:
    """Each event has exactly the keys and types that the schema names."""
    definitions: Any = json_schema()["$defs"]
    for number, line in enumerate(lines_of(path).split("\n")[:-1]):
        event = json.loads(line)
        _obeys(event, definitions[event["event"] if number else "header"], definitions)


def _obeys(value: Any, schema: Any, definitions: Any) -> None:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    if "const" in schema:
        assert value == schema["const"]
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    python = {
        "string": str, "integer": int, "number": float, "boolean": bool, "null": type(None),
        "object": dict,
    }  # fmt: skip
    assert type(value) in {python[kind] for kind in kinds}
    if "pattern" in schema and value is not None:
        assert re.search(schema["pattern"], value)
    if isinstance(value, dict):
        assert set(schema["required"]) == set(schema["properties"]) == set(value)
        for name, item in value.items():
            _obeys(item, schema["properties"][name], definitions)


def test_the_page_holds_the_data_dictionary() -> None:
    """Every table and column is described in the documentation as the code describes it."""
    file = ROOT / "docs" / "ledger.md"
    page = file.read_text(encoding="utf-8")
    if UPDATE:
        page = page[: page.index("### `requested`")] + data_dictionary()
        file.write_text(page, encoding="utf-8")
    assert page.endswith(data_dictionary())


def test_every_column_is_explained() -> None:
    """No column of a table, of a model or of the flat table for notebooks is left without words."""
    for table in event_tables().values():
        assert not [c.name for c in flat_table(table).columns if not c.says], table.name
    assert not [name for name, field in model_fields().items() if not field.says]


def test_the_flat_view_is_explained(path: Path) -> None:
    """So is each column of the view ``suggestion``."""
    with reading(path) as connection:
        columns = flat_view(connection, "suggestion").columns
    assert not [column.name for column in columns if not column.says]


def test_the_tables_are_those_of_the_events() -> None:
    """Every event has a table that is exported, every column a field, every flag a bool."""
    assert {str(vars(cls).get("TABLE", getattr(cls, "TABLE", ""))) for cls in _classes()} | {
        "gap"
    } == set(EVENT_TABLES)
    assert set(event_classes()) | {"gap"} == set(TABLE_OF)
    for name, home in TABLE_OF.items():
        assert set(fields_of(name)) <= set(event_tables()[home].names), name
    flags = {
        field
        for cls in _classes()
        for field, kind in typing.get_type_hints(cls).items()
        if kind in {bool, bool | None}
    }
    assert flags | {"has_fim"} == FLAGS


def _classes() -> tuple[type, ...]:
    found: tuple[type, ...] = typing.get_args(Event)
    assert Requested in found
    return found


def test_an_older_ledger_comes_in_as_the_present_one(path: Path, tmp_path: Path) -> None:
    """Another ledger's file is copied, not changed, and its events are the same afterwards."""
    before = path.read_bytes()
    other = tmp_path / "other.sqlite3"
    write(other, requested("mine"), generated("mine"))
    done = import_ledger(other, path)
    assert done.n_new == done.n_read
    assert import_ledger(other, path).n_new == 0
    assert path.read_bytes() == before
    assert {"mine"} < {row["suggestion_id"] for row in _suggestions(other)}


def _suggestions(path: Path) -> list[dict[str, Any]]:
    with reading(path) as connection:
        return list(rows_of(connection, "SELECT suggestion_id FROM suggestion"))
