"""Which suggestions and test runs are meant: by time, kind and project, as conditions of SQL."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import Kind
from ducktypist.errors import LedgerError
from ducktypist.ledger.hashing import install_key, keyed_hash
from ducktypist.ledger.moving.tables import RUN_TABLES, Table
from ducktypist.ledger.rows import Value

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to take; None means any. A suggestion comes with all its events, or not at all."""

    since_utc: str | None = None
    """Requested, or run, at this time or later."""
    before_utc: str | None = None
    """Requested, or run, before this time."""
    kind: Kind | None = None
    project_hash: str | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Wanted()

    def condition(self, table: Table) -> tuple[str, list[Value]]:
        """Return the condition that a table's rows meet, and its values; empty for any row.

        A test run is of no kind, so none is taken where one is asked for.
        """
        if self.is_all:
            return "", []
        if not table.owner:
            whole = self.kind is None and self.project_hash is None
            # What the ledger says of itself is of no kind and no project.
            return self._all_of(self._times("at_utc") if whole else [("1 = ?", 0)])
        is_run = table.name in RUN_TABLES
        conditions = self._times("ran_utc" if is_run else "at_utc")
        if self.project_hash is not None:
            conditions.append(("project_hash = ?", self.project_hash))
        if self.kind is not None:
            conditions.append(("1 = ?", 0) if is_run else ("kind = ?", self.kind.value))
        where, values = self._all_of(conditions)
        of_whom = "test_run" if is_run else "requested"
        return f"{table.owner} IN (SELECT {table.owner} FROM {of_whom} WHERE {where})", values  # noqa: S608 - names of our own; values are bound

    def _times(self, column: str) -> list[tuple[str, Value]]:
        found: list[tuple[str, Value]] = []
        if self.since_utc is not None:
            found.append((f"{column} >= ?", self.since_utc))
        if self.before_utc is not None:
            found.append((f"{column} < ?", self.before_utc))
        return found

    def _all_of(self, conditions: list[tuple[str, Value]]) -> tuple[str, list[Value]]:
        where = " AND ".join(sql for sql, _ in conditions) or "1 = 1"
        return where, [value for _, value in conditions]


def moment_of(text: str, *, now: dt.datetime) -> str:
    """Return a day or a number of days ago as the time at which that UTC day begins.

    Args:
        text: ``2026-01-31``, or a number of days: 0 is today, 1 also yesterday.
        now: The present time.

    Raises:
        LedgerError: It is neither.
    """
    try:
        if _DAY.fullmatch(text):
            day = dt.date.fromisoformat(text)
        else:
            day = now.astimezone(dt.UTC).date() - dt.timedelta(days=_n_days(text))
    except (ValueError, OverflowError) as error:
        raise LedgerError(
            f"expected a day such as 2026-01-31 or a number of days, got {text!a}"
        ) from error
    return f"{day.isoformat()}T00:00:00.000Z"


def project_hash_of(ledger: Path, folder: Path) -> str:
    """Return what a ledger calls a folder, under the key of this installation."""
    return keyed_hash(str(folder.expanduser().resolve()), key=install_key(ledger))


def known_origin(ledger: Path) -> str:
    """Return the origin of a ledger that has a key; empty for one without, and none is made."""
    return origin_of(ledger) if ledger.with_name(f"{ledger.name}.key").exists() else ""


def origin_of(ledger: Path) -> str:
    """Return a name for this installation that says nothing of whose it is."""
    return keyed_hash("the origin of exported events", key=install_key(ledger))


def _n_days(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)
