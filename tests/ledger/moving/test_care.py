"""Checking and copying: damage is found and named, a copy is whole and private."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from ducktypist.cli.ledger import COMMANDS
from ducktypist.cli.ledger import ledger as command
from ducktypist.errors import LedgerError
from ducktypist.ledger.events import Judge, Label, Settled
from ducktypist.ledger.hashing import install_key
from ducktypist.ledger.migrations import migrate
from ducktypist.ledger.moving.backup import backup
from ducktypist.ledger.moving.checking import Weight, check, rebuild
from ducktypist.ledger.reading import read_suggestions
from ducktypist.ledger.store import Ledger
from support.ledger_events import generated, requested, verified, write
from support.ledger_random import fill

UNGUARDED = """
    DROP TRIGGER gap_refuses_update;
    CREATE TRIGGER gap_refuses_update BEFORE UPDATE ON gap BEGIN SELECT 1; END
"""
ODD_LABEL = """
    INSERT INTO conclusion (suggestion_id, at_utc, event, label, reason, by)
    VALUES ('a', '2026-01-01T00:00:00.000Z', 'settled', 'splendid', '', 'rules')
"""
NO_MODEL = """
    INSERT INTO requested SELECT 99, 'b', at_utc, kind, language, 77, session_id, template_hash,
    prompt_hash, path_hash, temperature, top_p, seed, prompt_tokens, truncated, trusted,
    project_hash, path, task_hash FROM requested
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger without anything to remark upon."""
    file = tmp_path / "l.sqlite3"
    write(file, requested("a"), generated("a"), verified("a"))
    install_key(file)
    read_suggestions(file)
    return file


def found(path: Path) -> dict[str, tuple[Weight, str]]:
    """Return findings by the check that made them."""
    return {item.what: (item.weight, item.says) for item in check(path).findings}


def change(path: Path, *statements: str) -> None:
    """Change a ledger behind its back."""
    connection = apsw.Connection(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_sound_ledger_has_no_findings(path: Path) -> None:
    """Nothing is found where nothing is wrong, and the exit status says so."""
    looked = check(path)
    assert (looked.findings, looked.n_events, looked.is_sound) == ((), 3, True)
    done = CliRunner().invoke(command, ["check", "--ledger", str(path), "--json"])
    assert done.exit_code == 0
    table = json.loads(done.output)
    assert (table["sound"], table["n_events"], table["findings"]) == (True, 3, [])


def test_a_random_ledger_is_sound(tmp_path: Path) -> None:
    """Gaps, orphans and disagreeing conclusions are remarked upon, and are no damage."""
    path = tmp_path / "l.sqlite3"
    fill(path)
    read_suggestions(path)
    write(path, verified("nobody"), Settled(
        suggestion_id="nobody", label=Label.RIGHT, reason="", by=Judge.RULES
    ))  # fmt: skip
    assert check(path).is_sound
    notes = found(path)
    assert {"gap", "orphans"} <= notes.keys()
    assert all(weight is Weight.NOTE for weight, _ in notes.values())
    assert notes["gap"][1].startswith("1 events could not be logged")


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".key"])
def test_others_who_can_read_are_told_of(path: Path, suffix: str) -> None:
    """A mode that lets anybody else in is damage, with the command that ends it."""
    file = path.with_name(path.name + suffix)
    connection = apsw.Connection(str(path))
    connection.execute("SELECT count(*) FROM gap").get  # noqa: B018 - keeps the log there
    assert file.exists()
    file.chmod(0o644)
    weight, says = found(path)["mode"]
    assert weight is Weight.DAMAGE
    assert f"chmod 600 {file}" in says
    connection.close()


def test_a_missing_or_broken_key_is_told_of(path: Path) -> None:
    """Hashes then do not match; a key that is none is damage."""
    key = path.with_name(f"{path.name}.key")
    key.unlink()
    assert found(path)["key"][0] is Weight.NOTE
    key.write_text("quack", encoding="ascii")
    key.chmod(0o600)
    assert found(path)["key"][0] is Weight.DAMAGE


@pytest.mark.parametrize(
    ("statement", "what", "told"),
    [
        ("DROP TRIGGER verified_refuses_delete", "schema", "`verified_refuses_delete` is missing"),
        ("DROP VIEW cell", "schema", "`cell` is missing"),
        (
            UNGUARDED,
            "schema",
            "`gap_refuses_update` of the schema was changed",
        ),
        ("UPDATE suggestion_row SET label = 'right', kind = 'fix'", "derived", "check --repair"),
        ("DELETE FROM suggestion_row", "derived", "differs from the view"),
        (
            ODD_LABEL,
            "labels",
            "a label that nobody counts",
        ),
        (
            NO_MODEL,
            "model",
            "names a model that is not there",
        ),
    ],
)
def test_damage_is_found(path: Path, statement: str, what: str, told: str) -> None:
    """Each kind of tampering is damage, and the command's exit status is 1."""
    change(path, statement)
    weight, says = found(path)[what]
    assert weight is Weight.DAMAGE
    assert told in says
    done = CliRunner().invoke(command, ["check", "--ledger", str(path)])
    assert done.exit_code == 1
    assert told in done.output
    assert "is not sound" in done.output


def test_tables_of_sums_are_made_anew(path: Path) -> None:
    """Repairing touches no event and puts right what stands for the views."""
    change(path, "UPDATE suggestion_row SET label = 'wrong'")
    assert not check(path).is_sound
    done = CliRunner().invoke(command, ["check", "--ledger", str(path), "--repair"])
    assert done.exit_code == 0, done.output
    assert [row.label for row in read_suggestions(path)] == [Label.RIGHT]
    rebuild(path)
    assert check(path).findings == ()


def test_a_torn_page_is_found(tmp_path: Path) -> None:
    """SQLite's own check is part of it."""
    path = tmp_path / "l.sqlite3"
    fill(path, n_suggestions=200)
    change(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        for at in range(4096 * 40, size, 4096 * 7):
            file.seek(at)
            file.write(b"\xff" * 200)
    try:
        sound = check(path).is_sound
    except LedgerError as error:
        assert "damaged" in str(error)  # noqa: PT017 - either way of telling is right
    else:
        assert not sound


def test_other_files_are_no_ledgers(tmp_path: Path) -> None:
    """Nothing, garbage and another program's database are told apart."""
    path = tmp_path / "l.sqlite3"
    for content, message in ((None, "is not a file"), (b"quack" * 999, "not a database")):
        if content is not None:
            path.write_bytes(content)
        done = CliRunner().invoke(command, ["check", "--ledger", str(path)])
        assert done.exit_code == 1
        assert message in done.output
    path.unlink()
    change(path, "CREATE TABLE t (a)")
    assert "another program" in CliRunner().invoke(command, ["check", "--ledger", str(path)]).output


def test_an_older_schema_is_noted(tmp_path: Path) -> None:
    """What is not up to date is not compared, only said; looking does not change it."""
    path = tmp_path / "l.sqlite3"
    connection = apsw.Connection(str(path))
    migrate(connection, up_to=5)
    connection.close()
    path.chmod(0o600)
    assert check(path).is_sound
    assert "the schema is 5" in found(path)["schema"][1]


def test_a_copy_is_whole_private_and_usable(path: Path, tmp_path: Path) -> None:
    """The copy is one file of mode 0600, sound, with the same suggestions, and without the key."""
    out = tmp_path / "out"
    out.mkdir()
    done = CliRunner().invoke(command, ["backup", "--ledger", str(path), str(out / "b.sqlite3")])
    assert done.exit_code == 0, done.output
    assert "3 events" in done.output
    assert [file.name for file in out.iterdir()] == ["b.sqlite3"]
    copy = out / "b.sqlite3"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert read_suggestions(copy) == read_suggestions(path)
    again = CliRunner().invoke(command, ["backup", "--ledger", str(path), str(copy)])
    assert again.exit_code == 1
    assert "--force" in again.output
    write(path, requested("b"))
    forced = ["backup", "--ledger", str(path), str(copy), "--force"]
    assert CliRunner().invoke(command, forced).exit_code == 0
    assert len(read_suggestions(copy)) == 2


def test_a_copy_is_made_while_others_write(path: Path, tmp_path: Path) -> None:
    """A window that writes all the time is not held up, and the copy is one state."""
    window = Ledger(path)
    for number in range(500):
        window.append_all([requested(f"w{number}"), generated(f"w{number}")])
    done = backup(path, tmp_path / "b.sqlite3")
    assert window.flush(30)
    window.close()
    assert done.n_events >= 3
    copied = {row.suggestion_id for row in read_suggestions(tmp_path / "b.sqlite3")}
    assert copied <= {row.suggestion_id for row in read_suggestions(path)}
    assert check(tmp_path / "b.sqlite3").is_sound


def test_a_damaged_ledger_gives_no_copy(tmp_path: Path) -> None:
    """Better no copy than one that looks like one; nothing half-made stays."""
    path = tmp_path / "l.sqlite3"
    path.write_bytes(b"quack" * 2000)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(LedgerError):
        backup(path, out / "b.sqlite3")
    with pytest.raises(LedgerError, match="is not a file"):
        backup(tmp_path / "none", out / "b.sqlite3")
    assert list(out.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(path: Path, tmp_path: Path) -> None:
    """A missing folder is named with what to do."""
    with pytest.raises(LedgerError, match="cannot be written"):
        backup(path, tmp_path / "none" / "b.sqlite3")


def test_the_path_is_printed(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the settings, or the given one."""
    monkeypatch.setenv("DUCKTYPIST_DATA_DIR", str(tmp_path))
    assert CliRunner().invoke(command, ["path"]).output == f"{tmp_path / 'ledger.sqlite3'}\n"
    assert CliRunner().invoke(command, ["path", "--ledger", str(path)]).output == f"{path}\n"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_the_group_has_help(name: str) -> None:
    """Each says what it does, and shows it when asked."""
    done = CliRunner().invoke(command, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert len(done.output) > 100
