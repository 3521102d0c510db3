"""Some of the views kept as tables: what makes a ledger of a million events quick to read.

The tables are no source of truth. Their rows are made by the very views that they stand for, of
those suggestions only of which something new was written, and can be made again at any time. Who
reads sees the views by their names in any case: over the tables where those are up to date, and
over the events, more slowly, where they could not be brought up to date.

This is not the place for SQL that counts; see ``sql/``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

EVENTS = ("requested", "generated", "lifecycle", "verified", "persisted", "conclusion")
"""Tables whose rows say something of a suggestion that the views below show."""

PER_SUGGESTION = (
    "evidence_moment",
    "check_result",
    "verifier_environment",
    "verifier_result",
    "evidence",
    "evidence_label",
    "life",
    "looked",
    "last_conclusion",
    "last_check_after",
    "visible_count",
    "prediction_after",
    "suggestion",
    "label_history",
)
"""The views that lead from events to what is known of one suggestion."""

TABLES = {"suggestion": "suggestion_row", "label_history": "label_row"}
"""Which table stands for which view; one suggestion's rows are made of its events alone."""

TALLY = "tally"
TALLY_TABLE = "tally_row"
"""Stands for the view of that name; one day's rows are made of that day's suggestions."""

OVER_TABLES = (
    "cell",
    "acceptance",
    "persistence",
    "day",
    "suggestion_time",
    "task_outcome",
    "flip_case",
    "flip",
    "tell_case",
    "forecast",
)
"""The views that read those three and nothing else."""

N_EVENTS = 2_000
"""Of each table, for one step: a step holds the file, and others wait meanwhile."""


def is_current(connection: apsw.Connection) -> bool:
    """Tell whether the tables know of every event that is written."""
    marks = _marks(connection)
    return bool(marks) and all(_last(connection, name) == marks.get(name) for name in EVENTS)


def use_tables(connection: apsw.Connection) -> None:
    """Let this connection's queries by a view's name read the tables that stand for views.

    Whoever calls it has asked :func:`is_current` within the same transaction, or accepts figures
    that lack the last moments.
    """
    for view, table in (*TABLES.items(), (TALLY, TALLY_TABLE)):
        connection.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM main.{table}")  # noqa: S608 - our own names
    for view in OVER_TABLES:
        connection.execute(_as_temporary(connection, view))


def watch_wanted(connection: apsw.Connection) -> None:
    """Prepare a connection of its own for :func:`step`; nothing else can be written through it.

    Views in the temporary schema hide those of the file: here they show the events of wanted
    suggestions only, and the same text that makes ``suggestion`` out of all events makes the rows
    of those. In the same way the counts of some days are made of the rows of those days.
    """
    connection.execute("CREATE TEMP TABLE wanted (suggestion_id TEXT PRIMARY KEY) WITHOUT ROWID")
    for name in EVENTS:
        connection.execute(
            f"CREATE TEMP VIEW {name} AS SELECT * FROM main.{name} "  # noqa: S608 - our own names
            "WHERE suggestion_id IN (SELECT suggestion_id FROM temp.wanted)"
        )
    for view in PER_SUGGESTION:
        connection.execute(_as_temporary(connection, view))
    connection.execute("CREATE TEMP TABLE days (day_utc TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute(
        "CREATE TEMP VIEW known AS SELECT * FROM main.suggestion_row "
        "WHERE day_utc IN (SELECT day_utc FROM temp.days)"
    )
    counted = re.sub(r"\bFROM suggestion\b", "FROM known", _as_temporary(connection, TALLY))
    connection.execute(counted)


def step(connection: apsw.Connection, *, n_events: int = N_EVENTS) -> bool:
    """Bring some of the tables' rows up to date, in one transaction; tell whether more are to come.

    Args:
        connection: One that :func:`watch_wanted` prepared and that may write.
        n_events: How many events of each table to look at.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        more = _step(connection, n_events)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return more


def forget(connection: apsw.Connection) -> None:
    """Empty the tables, so that they are made anew; within the caller's transaction.

    Whoever removes events calls this: numbers of rows are given again then.
    """
    for table in (*TABLES.values(), TALLY_TABLE, "derived_mark"):
        connection.execute(f"DELETE FROM main.{table}")  # noqa: S608 - our own names


def _step(connection: apsw.Connection, n_events: int) -> bool:
    marks = _marks(connection)
    lasts = {name: _last(connection, name) for name in EVENTS}
    if not marks or any(marks.get(name, 0) > lasts[name] for name in EVENTS):
        # The first time, or after events were removed: each suggestion comes with its request, and
        # all that was written of it by now is seen with it.
        forget(connection)
        marks = lasts | {"requested": 0}
    ends = {name: min(lasts[name], marks.get(name, 0) + n_events) for name in EVENTS}
    connection.execute("DELETE FROM temp.wanted")
    for name in EVENTS:
        connection.execute(
            f"INSERT OR IGNORE INTO temp.wanted SELECT suggestion_id FROM main.{name} "  # noqa: S608 - our own names
            "WHERE seq > ? AND seq <= ?",
            (marks.get(name, 0), ends[name]),
        )
    for view, table in TABLES.items():
        connection.execute(
            f"DELETE FROM main.{table} "  # noqa: S608 - our own names
            "WHERE suggestion_id IN (SELECT suggestion_id FROM temp.wanted)"
        )
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM temp.{view}")  # noqa: S608 - as above
    # Requests are never written again, so a suggestion stays on its day.
    connection.execute("DELETE FROM temp.days")
    connection.execute(
        "INSERT OR IGNORE INTO temp.days SELECT day_utc FROM main.suggestion_row "
        "WHERE suggestion_id IN (SELECT suggestion_id FROM temp.wanted)"
    )
    connection.execute(
        f"DELETE FROM main.{TALLY_TABLE} WHERE day_utc IN (SELECT day_utc FROM temp.days)"  # noqa: S608 - our own name
    )
    connection.execute(f"INSERT INTO main.{TALLY_TABLE} SELECT * FROM temp.{TALLY}")  # noqa: S608 - as above
    connection.executemany(
        "INSERT OR REPLACE INTO main.derived_mark (name, seq) VALUES (?, ?)", ends.items()
    )
    return ends != lasts


def _marks(connection: apsw.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT name, seq FROM main.derived_mark"))


def _last(connection: apsw.Connection, name: str) -> int:
    found = connection.execute(f"SELECT max(seq) FROM main.{name}").get  # noqa: S608 - our own names
    return found if isinstance(found, int) else 0


def _as_temporary(connection: apsw.Connection, view: str) -> str:
    """Return the statement that makes the file's view anew in the temporary schema."""
    sql = connection.execute(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'view' AND name = ?", (view,)
    ).get
    return re.sub(r"^CREATE VIEW", "CREATE TEMP VIEW", str(sql))
