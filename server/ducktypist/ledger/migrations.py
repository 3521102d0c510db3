"""The numbered schema steps of the ledger and the rule for taking them.

Each step is one SQL file under ``sql/`` and is recorded in the table ``migration`` in the same
transaction that makes it. A file that was once shipped is never edited. This is not the place for
reading or writing events.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from ducktypist.errors import LedgerError

if TYPE_CHECKING:
    import apsw

APPLICATION_ID = 0x4455434B
"""``DUCK``, in SQLite's header: what tells a ledger from another program's database."""

_CREATE_RECORD = """
CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    at_utc TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step."""

    number: int
    """From 1, without gaps."""
    name: str
    portable: bool = False
    """Whether PostgreSQL runs the same text. Such a step makes views only, and drops them first, so
    that it can be taken again."""

    def sql(self) -> str:
        """Return the statements of the step."""
        folder = resources.files("ducktypist.ledger") / "sql"
        return (folder / f"{self.number:04}_{self.name}.sql").read_text(encoding="utf-8")


MIGRATIONS = (
    Migration(number=1, name="events"),
    Migration(number=2, name="views"),
    Migration(number=3, name="drafts"),
    Migration(number=4, name="tried"),
    Migration(number=5, name="accepted"),
    Migration(number=6, name="later"),
    Migration(number=7, name="views", portable=True),
    Migration(number=8, name="counts", portable=True),
    Migration(number=9, name="derived"),
    Migration(number=10, name="claimed"),
    Migration(number=11, name="claims", portable=True),
)

SCHEMA_VERSION = MIGRATIONS[-1].number
"""The schema that this version of the program reads and writes."""


def version_of(connection: apsw.Connection) -> int:
    """Return the number of the last step taken, 0 for an empty file.

    Raises:
        LedgerError: The file belongs to another program, or to a newer version of this one.
    """
    application_id = connection.pragma("application_id")
    n_objects = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if n_objects == 0:
        return 0
    if application_id != APPLICATION_ID:
        raise LedgerError(
            f"{connection.filename} is another program's database; set `ledger.path` to a file of "
            "its own"
        )
    version = connection.execute("SELECT max(number) FROM migration").get
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise LedgerError(
            f"{connection.filename} was made by a newer version of Ducktypist (schema {version}, "
            f"this one knows {SCHEMA_VERSION}); install that one, or name another file in "
            "`ledger.path`"
        )
    return version


def migrate(connection: apsw.Connection, *, up_to: int = SCHEMA_VERSION) -> int:
    """Take the steps that are missing, each in its own transaction, and return how many.

    Another process may be doing the same: what is missing is asked again inside each transaction.

    Args:
        connection: A connection that may write.
        up_to: The last step to take; less than all of them only to rebuild an old schema.

    Raises:
        LedgerError: The file is not ours, or is newer than we are.
    """
    n_taken = 0
    while (version := version_of(connection)) < up_to:
        step = MIGRATIONS[version]
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version_of(connection) == version:
                if version == 0:
                    connection.pragma("application_id", APPLICATION_ID)
                    connection.execute(_CREATE_RECORD)
                connection.execute(step.sql())
                connection.execute(
                    "INSERT INTO migration (number, name) VALUES (?, ?)", (step.number, step.name)
                )
                n_taken += 1
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return n_taken
