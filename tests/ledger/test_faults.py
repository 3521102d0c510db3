"""What the ledger survives: crashes, crowds, full disks, foreign files."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist.errors import LedgerError
from ducktypist.ledger import database
from ducktypist.ledger.migrations import SCHEMA_VERSION
from ducktypist.ledger.reading import read_suggestions
from ducktypist.ledger.store import Ledger
from support.ledger_events import new_id, requested, write

PROGRAM = Path(__file__).parents[1] / "support" / "ledger_writer.py"
N_KILLS = 20
N_ALL = 5_000_000


def start(
    path: Path, name: str, n_events: int, *more: str, **environ: str
) -> subprocess.Popen[str]:
    """Start a writer process."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(path), name, str(n_events), *more],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a writer process and return its counts."""
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    return dict(json.loads(output.splitlines()[-1]))


def counts(path: Path) -> dict[str, int]:
    """Return events by the name of their writer, after SQLite's own check of the file."""
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    sql = """
        SELECT substr(suggestion_id, 1, instr(suggestion_id, '-') - 1), count(*)
        FROM (SELECT suggestion_id FROM requested UNION ALL SELECT suggestion_id FROM verified)
        GROUP BY 1
    """
    found = dict(connection.execute(sql))
    connection.close()
    return found


def test_four_windows_write_one_file(tmp_path: Path) -> None:
    """Four processes that start together on a missing file lose nothing and log everything."""
    path = tmp_path / "l.sqlite3"
    windows = [start(path, f"w{i}", 600) for i in range(4)]
    results = [finish(window) for window in windows]
    assert [(r["logged"], r["unlogged"], r["flushed"]) for r in results] == [(600, 0, True)] * 4
    assert counts(path) == {f"w{i}": 600 for i in range(4)}


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Twenty writers are killed at random moments; whatever a flush acknowledged is in the file."""
    path = tmp_path / "l.sqlite3"
    rng = random.Random(6)  # noqa: S311 - moments, not secrets
    acked: dict[str, int] = {}
    for round_ in range(N_KILLS // 2):
        pair = {f"k{round_}{side}": "" for side in "ab"}
        writers = {name: start(path, name, N_ALL) for name in pair}
        for name, writer in writers.items():
            assert writer.stdout is not None
            acked[name] = int(writer.stdout.readline().split()[1])
        time.sleep(rng.uniform(0.0, 0.15))
        for name, writer in writers.items():
            writer.kill()
            output, _ = writer.communicate()
            whole = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
            acked[name] = max([acked[name], *(int(line.split()[1]) for line in whole)])
    found = counts(path)
    lost = {name: (n, found.get(name, 0)) for name, n in acked.items() if found.get(name, 0) < n}
    assert len(acked) == N_KILLS
    assert not lost
    write(path, requested(new_id()))


def test_leaving_without_close_flushes(tmp_path: Path) -> None:
    """A process that ends without closing its ledger still writes what it appended."""
    path = tmp_path / "l.sqlite3"
    code = (
        f"import sys; sys.path.insert(0, {str(PROGRAM.parents[1])!r})\n"
        "from pathlib import Path\n"
        "from support.ledger_events import requested\n"
        "from ducktypist.ledger.store import Ledger\n"
        f"ledger = Ledger(Path({str(path)!r}))\n"
        "for i in range(3000):\n    ledger.append(requested(f'x-{i}'))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert counts(path) == {"x": 3000}


@pytest.mark.parametrize(
    "content",
    [b"hello", b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 8000, os.urandom(20_000)],
    ids=["short", "zeros", "header only", "noise"],
)
def test_a_garbage_file_is_set_aside(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is no database is kept under another name, and a new ledger is begun."""
    path = tmp_path / "l.sqlite3"
    path.write_bytes(content)
    write(path, requested("a"))
    (aside,) = tmp_path.glob("l.sqlite3.broken-*")
    assert aside.read_bytes() == content
    assert "begun anew" in caplog.text
    assert [row.suggestion_id for row in read_suggestions(path)] == ["a"]


def test_a_file_damaged_while_in_use_is_set_aside(tmp_path: Path) -> None:
    """Damage that shows only in writing leads to a new file too, and the event is not lost."""
    path = tmp_path / "l.sqlite3"
    write(path, *(requested(new_id()) for _ in range(500)))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    ledger = Ledger(path)
    ledger.append(requested("after"))
    deadline = time.monotonic() + 60
    while not ledger.flush(5):
        assert time.monotonic() < deadline, ledger.last_error
    ledger.close()
    assert len(list(tmp_path.glob("l.sqlite3.broken-*"))) == 1
    assert [row.suggestion_id for row in read_suggestions(path)] == ["after"]


def test_windows_that_meet_a_garbage_file_set_it_aside_once(tmp_path: Path) -> None:
    """Three processes that find the same garbage agree on one new file."""
    path = tmp_path / "l.sqlite3"
    path.write_bytes(b"garbage" * 1000)
    windows = [start(path, f"w{i}", 100) for i in range(3)]
    assert all(finish(window)["logged"] == 100 for window in windows)
    assert len([p for p in tmp_path.glob("*.broken-*") if p.name[-1] == "Z"]) == 1
    assert counts(path) == {f"w{i}": 100 for i in range(3)}


def test_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    """A file of a newer version is neither written nor set aside; the message says what to do."""
    path = tmp_path / "l.sqlite3"
    write(path, requested(new_id()))
    connection = apsw.Connection(str(path))
    sql = "INSERT INTO migration (number, name) VALUES (?, 'from the future')"
    connection.execute(sql, (SCHEMA_VERSION + 1,))
    connection.close()
    before = path.read_bytes()
    ledger = Ledger(path)
    ledger.append(requested(new_id()))
    assert not ledger.flush(5)
    assert "made by a newer version" in ledger.last_error
    ledger.close()
    assert ledger.n_unlogged == 1
    with pytest.raises(LedgerError, match="made by a newer version"):
        read_suggestions(path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.broken-*"))


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A database that is not a ledger is neither written nor set aside."""
    path = tmp_path / "l.sqlite3"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE bookmark (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="another program's database"):
        database.open_writer(path)
    with pytest.raises(LedgerError, match="another program's database"):
        read_suggestions(path)
    assert path.read_bytes() == before


def test_an_unwritable_folder_is_counted(tmp_path: Path) -> None:
    """Where the folder may not be written, appending goes on and every event is counted."""
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    environ = {}
    if os.geteuid() == 0:
        for parent in (tmp_path, *tmp_path.parents[:2]):
            parent.chmod(parent.stat().st_mode | 0o055)
        environ["BECOME_UID"] = "65534"
    try:
        result = finish(start(folder / "l.sqlite3", "w", 40, **environ))
    finally:
        folder.chmod(0o755)
    assert (result["logged"], result["unlogged"], result["flushed"]) == (0, 40, False)
    assert "Permission denied" in result["error"]
    assert not list(folder.iterdir())


def test_a_ledger_in_an_unwritable_folder_can_be_read(tmp_path: Path) -> None:
    """A closed ledger on read-only storage still gives its numbers, and stays as it is."""
    folder = tmp_path / "locked"
    write(folder / "l.sqlite3", requested("a"))
    code = (
        "import os, sys, pathlib\n"
        "from ducktypist.ledger.report_rows import stats_table\n"
        "os.setuid(int(sys.argv[2]))\n"
        "print(len(stats_table(pathlib.Path(sys.argv[1]))['cells']))\n"
    )
    uid = os.geteuid()
    if uid == 0:
        uid = 65534
        for parent in (tmp_path, *tmp_path.parents[:2]):
            parent.chmod(parent.stat().st_mode | 0o055)
        os.chown(folder / "l.sqlite3", uid, -1)
    before = sorted(folder.iterdir())
    folder.chmod(0o555)
    try:
        command = [sys.executable, "-c", code, str(folder / "l.sqlite3"), str(uid)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    finally:
        folder.chmod(0o755)
    assert output == "1\n"
    assert sorted(folder.iterdir()) == before


def test_a_parent_that_is_a_file_is_counted(tmp_path: Path) -> None:
    """A path that cannot exist is trouble to be shown, and no exception."""
    (tmp_path / "file").write_text("")
    ledger = Ledger(tmp_path / "file" / "l.sqlite3")
    ledger.append(requested(new_id()))
    assert not ledger.flush(5)
    ledger.close()
    assert ledger.n_unlogged == 1
    assert "cannot be opened as the ledger" in ledger.last_error


def test_a_full_disk_is_counted(tmp_path: Path) -> None:
    """When the file cannot grow, appending goes on, the loss is counted, the rest stays whole."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a-0"))
    limit = 400_000
    result = finish(start(path, "w", 6000, "6000", MAX_FILE_BYTES=str(limit)))
    assert not result["flushed"]
    assert result["unlogged"] > 0
    assert result["logged"] + result["unlogged"] == 6000
    assert result["error"]
    found = counts(path)
    assert found["a"] == 1
    assert found.get("w", 0) == result["logged"]


def test_a_disk_with_room_again_gets_the_waiting_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that met a full disk are written once there is room."""
    path = tmp_path / "l.sqlite3"
    write(path, requested("a-0"))
    real = database._open_ours
    full = True

    def open_on_a_small_disk(path: Path, *, check: bool) -> apsw.Connection:
        connection = real(path, check=check)
        if full:
            connection.pragma("max_page_count", connection.pragma("page_count"))
        return connection

    monkeypatch.setattr(database, "_open_ours", open_on_a_small_disk)
    ledger = Ledger(path)
    for i in range(300):
        ledger.append(requested(f"b-{i}"))
    assert not ledger.flush(5)
    assert ledger.n_unlogged > 0
    assert "the disk is full" in ledger.last_error
    full = False
    deadline = time.monotonic() + 60
    while not ledger.flush(5):
        assert time.monotonic() < deadline
    ledger.close()
    assert ledger.n_unlogged == 0
    assert counts(path) == {"a": 1, "b": 300}


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system nothing is written, and the message says why and what to do."""
    monkeypatch.setattr(database, "_file_system_of", lambda _: "nfs4")
    with pytest.raises(LedgerError, match=r"network file system \(nfs4\)"):
        database.open_writer(tmp_path / "l.sqlite3")
    assert not list(tmp_path.iterdir())


def test_the_file_system_of_a_folder_is_found() -> None:
    """The type of a mounted file system is read from the kernel's list, the deepest mount first."""
    assert database._file_system_of(Path("/proc/self")) == "proc"
    assert database._file_system_of(Path("/")) not in {"", "proc"}
