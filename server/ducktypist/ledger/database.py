"""The ledger's file as SQLite sees it: opening, setting aside, migrating, writing rows.

The only module that imports apsw, which bundles its own SQLite: several windows write to one file,
and the systems' libraries before 3.51.3 can corrupt a write-ahead log that way. Every apsw error
leaves here as a :class:`~ducktypist.errors.LedgerError`. There is no queue and no thread here; a
connection belongs to the thread that opened it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from ducktypist.errors import LedgerBusyError, LedgerCorruptError, LedgerError
from ducktypist.ledger import derived
from ducktypist.ledger.migrations import SCHEMA_VERSION, migrate, version_of
from ducktypist.ledger.rows import Row, Value
from ducktypist.locks import open_lock, try_lock

BUSY_TIMEOUT_MS = 5_000
SUMMING_TIMEOUT_MS = 1_000
"""How long whoever only wants to read quickly waits for another process."""
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "fuse.sshfs", "ncpfs", "glusterfs"}
)
"""Where shared memory is not shared, so that a write-ahead log would be corrupted."""

BAD_ROW = (
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.TooBigError,
    TypeError,
    ValueError,
    OverflowError,
)
"""What a row that the schema refuses, or that is none, is refused with."""
_LOG = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Writer:
    """One open connection that may write, and the file that it holds."""

    connection: apsw.Connection
    path: Path
    file_id: tuple[int, int]
    """Device and inode at opening; another pair at ``path`` means another file."""

    def is_current(self) -> bool:
        """Tell whether the open file is still the one that ``path`` names."""
        try:
            return _file_id(self.path) == self.file_id
        except OSError:
            return False

    def write(self, rows: Sequence[Row]) -> list[str]:
        """Commit ``rows`` in one transaction and return what was wrong with those left out.

        A row that the schema refuses is left out alone; any other trouble leaves all of them out.

        Raises:
            LedgerBusyError: Another process held the file for five seconds.
            LedgerCorruptError: The file is damaged.
            LedgerError: The disk is full, the folder cannot be written, or the like.
        """
        with translated(self.path):
            durable = any(row.durable for row in rows)
            self.connection.pragma("synchronous", "FULL" if durable else "NORMAL")
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                refused = [reason for row in rows if (reason := self._insert(row))]
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back by itself, on a full disk for example.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
        return refused

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        with contextlib.suppress(apsw.Error):
            self.connection.close()

    def _insert(self, row: Row) -> str:
        """Insert one row; return what is wrong with it, or nothing."""
        try:
            values = dict(row.values)
            if row.model is not None:
                values["model_id"] = self._model_id(row.model)
            self.connection.execute(*_insertion("INSERT", row.table, values))
        except BAD_ROW as error:
            return f"a row of `{row.table}` was refused: {error}"
        return ""

    def _model_id(self, model: Mapping[str, Value]) -> Value:
        self.connection.execute(*_insertion("INSERT OR IGNORE", "model", model))
        wanted = " AND ".join(f"{name} = ?" for name in model)
        found = self.connection.execute(
            f"SELECT model_id FROM model WHERE {wanted}",  # noqa: S608 - names of our own dataclass fields
            tuple(model.values()),
        ).get
        if not isinstance(found, int):
            message = "the model has an empty column"
            raise ValueError(message)  # noqa: TRY004 - a bad value, not a bad type
        return found


def open_writer(path: Path, *, check: bool = False) -> Writer:
    """Open the ledger for writing; make or migrate it where needed.

    A file that is not a database is set aside beside itself with a warning, and a new one is made.

    Args:
        path: The ledger's file; its folder is made when missing.
        check: Look the whole file over first, because a write just found it damaged.

    Raises:
        LedgerError: The place cannot be written, or the file is another program's or a newer one.
    """
    with translated(path):
        _make_place(path)
        with _locked(path):
            try:
                connection = _open_ours(path, check=check)
            except (apsw.NotADBError, apsw.CorruptError, LedgerCorruptError) as error:
                aside = _set_aside(path)
                _LOG.warning("%s is damaged (%s); kept as %s, begun anew", path, error, aside.name)
                _create(path)
                connection = _open_ours(path, check=False)
        return Writer(connection=connection, path=path, file_id=_file_id(path))


@contextlib.contextmanager
def reading(path: Path) -> Iterator[apsw.Connection]:
    """Open the ledger read-only; migrate it first when its schema is an older one.

    The tables that stand for views are brought up to date first and used; where that is not
    possible, the same views are read over the events, which takes longer.

    Raises:
        LedgerError: There is no such file, it is not a ledger, or it is a newer one.
    """
    if not path.is_file():
        raise LedgerError(f"{path} is not a file; a ledger appears with the first suggestion")
    with translated(path):
        connection = _connect_to_read(path)
        try:
            if version_of(connection) < SCHEMA_VERSION:
                connection.close()
                open_writer(path).close()
                connection = _connect_to_read(path)
            if derived.is_current(connection) or _could_sum_up(path):
                derived.use_tables(connection)
            yield connection
        finally:
            connection.close()


def sum_up(path: Path, *, n_steps: int | None = None) -> bool:
    """Bring the tables that stand for views up to date; tell whether they are.

    Several steps are several transactions, so that others can write in between.

    Args:
        path: The ledger's file.
        n_steps: How many at most; all that are needed when None.

    Raises:
        LedgerError: The file is missing or cannot be written, or another process held it.
    """
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(SUMMING_TIMEOUT_MS)
            connection.pragma("trusted_schema", value=False)
            connection.pragma("synchronous", "NORMAL")
            connection.pragma("temp_store", "MEMORY")
            if version_of(connection) != SCHEMA_VERSION:
                return False
            if derived.is_current(connection):
                return True
            derived.watch_wanted(connection)
            n_left = n_steps
            while more := derived.step(connection):
                n_left = None if n_left is None else n_left - 1
                if n_left == 0:
                    break
            return not more
        finally:
            connection.close()


def rows_of(
    connection: apsw.Connection, sql: str, bindings: Sequence[Value] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query by column name."""
    cursor = connection.execute(sql, bindings)
    names: list[str] | None = None
    for row in cursor:
        if names is None:
            names = [column[0] for column in cursor.get_description()]
        yield dict(zip(names, row, strict=True))


def _open_ours(path: Path, *, check: bool) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.pragma("trusted_schema", value=False)
        version_of(connection)
        if check:
            _check(connection)
        connection.pragma("secure_delete", value=True)
        connection.pragma("journal_mode", "WAL")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: apsw.Connection) -> None:
    found = connection.pragma("quick_check", 1)
    if found != "ok":
        raise LedgerCorruptError(f"{connection.filename} fails SQLite's own check: {found}")


def _could_sum_up(path: Path) -> bool:
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return False
    try:
        return sum_up(path)
    except LedgerError as error:
        _LOG.info("%s is read without its tables of sums: %s", path, error)
        return False


def _connect_to_read(path: Path) -> apsw.Connection:
    wal = path.with_name(f"{path.name}-wal")
    # A log needs a writable folder even to be read; without a log and a writer, none is needed.
    frozen = not os.access(path.parent, os.W_OK) and not wal.exists()
    name = f"{path.absolute().as_uri()}?{'immutable=1' if frozen else 'mode=ro'}"
    connection = apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.pragma("trusted_schema", value=False)
    connection.pragma("temp_store", "MEMORY")
    return connection


def _insertion(verb: str, table: str, values: Mapping[str, Value]) -> tuple[str, tuple[Value, ...]]:
    marks = ", ".join("?" * len(values))
    return f"{verb} INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())


def _make_place(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind = _file_system_of(path.parent)
    if kind in NETWORK_FILE_SYSTEMS:
        raise LedgerError(
            f"{path} lies on a network file system ({kind}), where several windows would corrupt "
            "it; set `ledger.path` to a local file"
        )
    if not path.exists():
        _create(path)
    elif not path.is_file():
        raise LedgerError(f"{path} is not a regular file; set `ledger.path` to a file")
    elif path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _create(path: Path) -> None:
    """Make an empty file that only its owner can read; SQLite's log inherits the mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))


def _file_system_of(folder: Path) -> str:
    """Return the type of the file system that holds ``folder``, empty where /proc does not say."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    real = folder.resolve()
    best, kind = -1, ""
    for line in lines.splitlines():
        # The fifth field is the mount point; the type follows a dash (proc_pid_mountinfo(5)).
        head, _, tail = line.partition(" - ")
        mount = Path(head.split(" ")[4].replace(r"\040", " "))
        if real.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), tail.split(" ")[0]
    return kind


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the opening lock, so that two windows never set the same file aside."""
    lock = open_lock(path.with_name(f"{path.name}.lock"))
    try:
        deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
        while not try_lock(lock):
            if time.monotonic() > deadline:
                message = f"{path} is being opened by another process; this is tried again"
                raise LedgerBusyError(message)
            time.sleep(0.01)
        yield
    finally:
        os.close(lock)


def _set_aside(path: Path) -> Path:
    """Rename the file and its log, so that nothing is lost and a new one can be made."""
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _file_id(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn apsw's and the system's errors into ours."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise LedgerBusyError(f"{path} is held by another process; this is tried again") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise LedgerCorruptError(f"{path} is damaged or is not a database: {error}") from error
    except apsw.FullError as error:
        raise LedgerError(f"{path} cannot grow, the disk is full; free some space") from error
    except apsw.IOError as error:
        raise LedgerError(
            f"{path} cannot be read or written ({error}); the disk is full, over its quota, or "
            "failing"
        ) from error
    except apsw.Error as error:
        message = f"{path} cannot be used as the ledger: {error}; check the folder and its rights"
        raise LedgerError(message) from error
    except OSError as error:
        reason = error.strerror or error
        raise LedgerError(
            f"{path} cannot be opened as the ledger: {reason}; make its folder writable, or set "
            "`ledger.path`"
        ) from error
