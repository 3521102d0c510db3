"""Looking a ledger over: is the file whole, is it guarded, do its parts agree with each other.

Nothing is changed; what is wrong is said, with what to do about it. Ordinary gaps of a life with
crashes (an event whose request is missing) are told apart from damage.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw

from ducktypist.errors import LedgerError
from ducktypist.ledger import derived
from ducktypist.ledger.database import open_writer, sum_up, translated
from ducktypist.ledger.hashing import KEY_BYTES
from ducktypist.ledger.migrations import SCHEMA_VERSION, version_of
from ducktypist.ledger.moving.purge import set_aside
from ducktypist.ledger.moving.tables import EVENT_TABLES, empty_ledger, event_tables

_N_PROBLEMS = 20
"""Of SQLite's own findings; one damaged page can cause thousands."""


class Weight(enum.StrEnum):
    """How bad a finding is."""

    DAMAGE = "damage"
    """Numbers cannot be trusted, or somebody else can read the file."""
    NOTE = "note"
    """Worth knowing; the numbers say what they count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be."""

    weight: Weight
    what: str
    """Which check found it, in a word."""
    says: str
    """What is wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a look at a ledger came to."""

    schema: int
    n_events: int
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged."""
        return all(finding.weight is not Weight.DAMAGE for finding in self.findings)


def check(ledger: Path) -> Checked:
    """Look a ledger over.

    Raises:
        LedgerError: There is no such file, or it is no ledger, or a newer one.
    """
    if not ledger.is_file():
        raise LedgerError(f"{ledger} is not a file; a ledger appears with the first suggestion")
    findings = list(_about_files(ledger))
    with translated(ledger):
        connection = apsw.Connection(str(ledger), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.pragma("trusted_schema", value=False)
            connection.pragma("query_only", value=True)
            connection.set_busy_timeout(5000)
            connection.execute("BEGIN")
            version = version_of(connection)
            findings += _about_integrity(connection)
            n_events = 0
            if version < SCHEMA_VERSION:
                says = (
                    f"the schema is {version}, this version writes {SCHEMA_VERSION}; it is brought "
                    "up to date when an editor or a report next opens it, then check again"
                )
                findings.append(Finding(weight=Weight.NOTE, what="schema", says=says))
            else:
                n_events = sum(_count(connection, f"main.{name}") for name in EVENT_TABLES)
                for look in _LOOKS:
                    findings += look(connection)
        finally:
            connection.close()
    return Checked(schema=version, n_events=n_events, findings=tuple(findings))


def rebuild(ledger: Path) -> None:
    """Make the tables that stand for views anew from the events.

    Raises:
        LedgerError: There is no such file, it is no ledger, or is held by somebody for too long.
    """
    if not ledger.is_file():
        raise LedgerError(f"{ledger} is not a file; a ledger appears with the first suggestion")
    writer = open_writer(ledger)
    try:
        with translated(ledger), writer.connection:
            derived.forget(writer.connection)
    finally:
        writer.close()
    sum_up(ledger)


def _about_files(ledger: Path) -> Iterator[Finding]:
    key = ledger.with_name(f"{ledger.name}.key")
    for path in (ledger, *(ledger.with_name(ledger.name + end) for end in ("-wal", "-shm")), key):
        if path.exists() and (mode := path.stat().st_mode & 0o777) & 0o077:
            says = f"{path} can be opened by others (mode {mode:04o}); run: chmod 600 {path}"
            yield Finding(weight=Weight.DAMAGE, what="mode", says=says)
    if not key.exists():
        says = f"{key} is missing; new hashes will not match those in the ledger"
        yield Finding(weight=Weight.NOTE, what="key", says=says)
    elif not _is_key(key):
        says = f"{key} is not a key; restore it from a backup, or remove it to have a new one made"
        yield Finding(weight=Weight.DAMAGE, what="key", says=says)
    for path in set_aside(ledger):
        says = f"{path} was set aside as damaged; look whether it can be saved, else remove it"
        yield Finding(weight=Weight.NOTE, what="set aside", says=says)


def _is_key(path: Path) -> bool:
    try:
        return len(bytes.fromhex(path.read_text(encoding="ascii").strip())) == KEY_BYTES
    except (OSError, ValueError):
        return False


def _about_integrity(connection: apsw.Connection) -> Iterator[Finding]:
    for row in connection.execute(f"PRAGMA integrity_check({_N_PROBLEMS})"):
        if row[0] != "ok":
            says = f"SQLite finds: {row[0]}; keep a copy, then restore a backup"
            yield Finding(weight=Weight.DAMAGE, what="integrity", says=says)
    for table, *_ in connection.execute("PRAGMA foreign_key_check"):
        says = f"a row of `{table}` names a model that is not there; restore a backup"
        yield Finding(weight=Weight.DAMAGE, what="model", says=says)


def _about_schema(connection: apsw.Connection) -> Iterator[Finding]:
    """Compare all that makes the schema, the guards and views included, with a new ledger's."""
    fresh = empty_ledger()
    try:
        wanted, found = _schema(fresh), _schema(connection)
    finally:
        fresh.close()
    for name in sorted(wanted.keys() - found.keys()):
        says = f"`{name}` is missing from the schema; restore a backup, or export and import anew"
        yield Finding(weight=Weight.DAMAGE, what="schema", says=says)
    for name in sorted(wanted.keys() & found.keys()):
        if wanted[name] != found[name]:
            says = f"`{name}` of the schema was changed; restore a backup, or export and import"
            yield Finding(weight=Weight.DAMAGE, what="schema", says=says)
    for name in sorted(found.keys() - wanted.keys()):
        says = f"`{name}` does not belong to the schema"
        yield Finding(weight=Weight.NOTE, what="schema", says=says)


def _schema(connection: apsw.Connection) -> dict[str, str]:
    # SQLite's own statistics and indices have no text.
    sql = "SELECT name, sql FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
    return {str(name): str(made) for name, made in connection.execute(sql)}


def _about_orphans(connection: apsw.Connection) -> Iterator[Finding]:
    for table in event_tables().values():
        home = {"suggestion_id": "requested", "run_id": "test_run"}.get(table.owner, "")
        if table.name in {home, "gap"}:
            continue
        sql = (
            f"SELECT count(DISTINCT {table.owner}) FROM {table.name} "  # noqa: S608 - our own names
            f"WHERE {table.owner} NOT IN (SELECT {table.owner} FROM {home})"
        )
        if n := _number(connection, sql):
            says = f"`{table.name}` has events of {n} that `{home}` does not have; not counted"
            yield Finding(weight=Weight.NOTE, what="orphans", says=says)


def _about_gaps(connection: apsw.Connection) -> Iterator[Finding]:
    if n := _number(connection, "SELECT coalesce(sum(n_unlogged), 0) FROM gap"):
        reason = connection.execute("SELECT reason FROM gap ORDER BY at_utc DESC, seq DESC").get
        says = f"{n} events could not be logged at the time ({reason}); the numbers lack them"
        yield Finding(weight=Weight.NOTE, what="gap", says=says)


def _about_labels(connection: apsw.Connection) -> Iterator[Finding]:
    """Say where somebody's conclusion is not what the checks say; the conclusion holds."""
    sql = (
        "SELECT count(*) FROM suggestion WHERE concluded_label IS NOT NULL "
        "AND evidence_label <> 'unverified' AND concluded_label <> evidence_label"
    )
    if n := _number(connection, sql):
        says = f"{n} labels were concluded otherwise than the checks alone say; see label_history"
        yield Finding(weight=Weight.NOTE, what="labels", says=says)
    sql = (
        "SELECT count(*) FROM conclusion WHERE label NOT IN ('right','wrong','flaky','unverified')"
    )
    if n := _number(connection, sql):
        says = f"{n} conclusions have a label that nobody counts"
        yield Finding(weight=Weight.DAMAGE, what="labels", says=says)


def _about_derived(connection: apsw.Connection) -> Iterator[Finding]:
    """Compare the tables that stand for views with the views, where they claim to be current."""
    if not derived.is_current(connection):
        return
    for view, table in derived.TABLES.items():
        # Both ways, because either may lack what the other has.
        n = sum(
            _number(
                connection,
                f"SELECT count(*) FROM (SELECT * FROM {a} EXCEPT SELECT * FROM {b})",  # noqa: S608 - our own names
            )
            for a, b in ((f"main.{view}", f"main.{table}"), (f"main.{table}", f"main.{view}"))
        )
        if n:
            says = (
                f"`{table}` differs from the view it stands for in {n} rows; run: "
                "ducktypist ledger check --repair"
            )
            yield Finding(weight=Weight.DAMAGE, what="derived", says=says)


_LOOKS: tuple[Callable[[apsw.Connection], Iterator[Finding]], ...] = (
    _about_schema,
    _about_orphans,
    _about_gaps,
    _about_labels,
    _about_derived,
)


def _count(connection: apsw.Connection, table: str) -> int:
    return _number(connection, f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names


def _number(connection: apsw.Connection, sql: str) -> int:
    found = connection.execute(sql).get
    return found if isinstance(found, int) else 0
