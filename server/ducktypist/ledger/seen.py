"""Test runs in the ledger: which functions are followed, who ran them, what follows from that.

Rows become the events that they were, and :func:`~ducktypist.ledger.attribution.blame.attribute`
works out what follows. No number that is shown comes from here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from ducktypist.domain import Outcome
from ducktypist.errors import LedgerError
from ducktypist.ledger.attribution.blame import Dated, attribute
from ducktypist.ledger.events import (
    Judge,
    Label,
    Moment,
    Revised,
    Settled,
    Tier,
    Verified,
    Verifier,
)
from ducktypist.ledger.later import How, Placed, RunSource, Sighted, TestRun, TestSeen
from ducktypist.ledger.query import Rows, SqliteRows
from ducktypist.locks import open_lock, wait_for_lock

T = TypeVar("T")
Said: TypeAlias = Verified | Settled | Revised

_WORDS: Mapping[str, Callable[[Any], Any]] = {
    "by": Judge,
    "how": How,
    "label": Label,
    "moment": Moment,
    "outcome": Outcome,
    "source": RunSource,
    "tier": Tier,
    "verifier": Verifier,
    **dict.fromkeys(("as_made", "has_tell", "is_body", "is_direct", "passed", "timed_out"), bool),
}
"""What columns hold that a database has no type for."""
_NO_RUN: Mapping[str, Any] = {"run_id": "", "duration_ms": None}
_LISTED = "(SELECT value FROM json_each(?))"
"""The texts of a JSON array, as many as there are."""


def blocks_followed(path: Path, project_hash: str) -> tuple[tuple[str, str], ...]:
    """Return where suggestions were seen in a project: paths, and keyed hashes of functions.

    Blocks on the disk, so call it from a thread. A ledger that is not there yet has none.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
    """
    if not path.exists():
        return ()
    found = SqliteRows(path).query(
        """
        SELECT DISTINCT s.path, s.block_hash
        FROM sighted AS s
        JOIN placed AS p ON p.suggestion_id = s.suggestion_id
        WHERE p.project_hash = ? AND s.block_hash <> ''
        ORDER BY s.path, s.block_hash
        """,
        [project_hash],
    )
    return tuple((row["path"], row["block_hash"]) for row in found)


def runs_known(path: Path, run_ids: Iterable[str]) -> dict[str, frozenset[tuple[str, str, bool]]]:
    """Return which of some runs are in the ledger, and what was seen in them.

    Returns:
        By run, what :func:`seen_key` makes of each test that was seen.

    Raises:
        LedgerError: As for :func:`blocks_followed`.
    """
    wanted = json.dumps(sorted(set(run_ids)))
    if not path.exists() or wanted == "[]":
        return {}
    with SqliteRows(path) as rows:
        known: dict[str, set[tuple[str, str, bool]]] = {
            row["run_id"]: set()
            for row in rows.query(
                f"SELECT run_id FROM test_run WHERE run_id IN {_LISTED}",  # noqa: S608 - a constant
                [wanted],
            )
        }
        for row in rows.query(
            "SELECT run_id, test_hash, block_hash, passed FROM test_seen "  # noqa: S608 - as above
            f"WHERE run_id IN {_LISTED}",
            [wanted],
        ):
            key = (row["test_hash"], row["block_hash"], bool(row["passed"]))
            known.setdefault(row["run_id"], set()).add(key)
    return {run_id: frozenset(seen) for run_id, seen in known.items()}


def seen_key(seen: TestSeen) -> tuple[str, str, bool]:
    """Return what tells a row from the others of its run; repeats that say the same are one."""
    return seen.test_hash, seen.block_hash, seen.passed


def said_known(path: Path, blocks: Collection[str]) -> Counter[tuple[object, ...]]:
    """Return how often the ledger holds what tests said of functions.

    Returns:
        By what :func:`said_key` makes of a row and its run's environment.

    Raises:
        LedgerError: As for :func:`blocks_followed`.
    """
    if not path.exists() or not blocks:
        return Counter()
    found = SqliteRows(path).query(
        f"""
        SELECT
            s.test_hash, s.test_block_hash, s.block_hash, s.rest_hash, s.passed, s.is_direct,
            r.environment_hash, count(*) AS n
        FROM test_seen AS s
        JOIN test_run AS r ON r.run_id = s.run_id
        WHERE s.block_hash IN {_LISTED}
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        """,  # noqa: S608 - as above
        [json.dumps(sorted(blocks))],
    )
    return Counter(
        {
            said_key(_event(TestSeen, {**row, **_NO_RUN}), row["environment_hash"]): row["n"]
            for row in found
        }
    )


def said_key(seen: TestSeen, environment_hash: str) -> tuple[object, ...]:
    """Return what a row says, whichever run it is of."""
    return (
        *(seen.test_hash, seen.test_block_hash, seen.block_hash, seen.rest_hash),
        *(seen.passed, seen.is_direct, environment_hash),
    )


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a ledger's lock for those who append what follows from its rows.

    Two windows may hear of one report at the same moment; so the second one finds what the first
    one wrote. Blocks, so use it in a thread.

    Raises:
        LedgerError: The ledger's folder cannot be written.
    """
    lock = path.with_name(f"{path.name}.attribution-lock")
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = open_lock(lock)
    except OSError as error:
        raise LedgerError(f"{lock} cannot be made: {error.strerror or error}") from error
    try:
        wait_for_lock(descriptor)
        yield
    finally:
        os.close(descriptor)


# --------------------------------------------------------------------------- what follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of working out everything once more."""

    n_runs: int
    n_suggestions: int
    """Those that a run speaks for."""
    n_said: int
    """Events that follow."""
    missing: tuple[Said, ...]
    """What follows and is not in the ledger."""
    surplus: tuple[Said, ...]
    """What is in the ledger and does not follow."""


def conclusions(path: Path, blocks: Collection[str]) -> tuple[Said, ...]:
    """Return what follows from test runs of some functions and is not in the ledger yet.

    Args:
        path: The ledger's file.
        blocks: Keyed hashes of the functions.

    Raises:
        LedgerError: As for :func:`blocks_followed`.
    """
    if not path.exists():
        return ()
    with SqliteRows(path) as rows:
        found = rows.query(
            f"SELECT DISTINCT suggestion_id FROM sighted WHERE block_hash IN {_LISTED}",  # noqa: S608 - as above
            [json.dumps(sorted(blocks))],
        )
        if not found:
            return ()
        return _read(rows, [row["suggestion_id"] for row in found]).attributed()


def replayed(path: Path) -> Replayed:
    """Work out from the observations alone what follows, and compare it with what was concluded.

    Raises:
        LedgerError: As for :func:`blocks_followed`, or there is no ledger.
    """
    with SqliteRows(path) as rows:
        ids = [row["suggestion_id"] for row in rows.query("SELECT suggestion_id FROM placed")]
        found = _read(rows, sorted(set(ids)))
    own = [item for item in found.known if not _is_attributed(item.event)]
    said = dataclasses.replace(found, known=own).attributed()
    here = Counter(item.event for item in found.known if _is_attributed(item.event))
    there = Counter(said)
    return Replayed(
        n_runs=len(found.runs),
        n_suggestions=len({event.suggestion_id for event in said}),
        n_said=len(said),
        missing=tuple((there - here).elements()),
        surplus=tuple((here - there).elements()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The rows that attribution is worked out from, each table in the order of writing."""

    ids: list[str]
    placed: list[Dated[Placed]]
    sighted: list[Dated[Sighted]]
    runs: list[Dated[TestRun]]
    seen: list[TestSeen]
    known: list[Dated[Said]]

    def attributed(self) -> tuple[Said, ...]:
        return attribute(
            self.placed,
            self.sighted,
            self.runs,
            self.seen,
            known=self.known,
            only=frozenset(self.ids),
        )


def _read(rows: Rows, ids: list[str]) -> _Read:
    listed = [json.dumps(ids)]
    of_these = f"WHERE suggestion_id IN {_LISTED} ORDER BY seq"
    seen = rows.query(
        f"""
        SELECT * FROM test_seen WHERE test_hash IN (
            SELECT test_hash FROM test_seen WHERE block_hash IN (
                SELECT block_hash FROM sighted
                WHERE block_hash <> '' AND suggestion_id IN {_LISTED}
            )
        )
        ORDER BY seq
        """,  # noqa: S608 - as above
        listed,
    )
    run_ids = json.dumps(sorted({row["run_id"] for row in seen}))
    runs = rows.query(
        f"SELECT * FROM test_run WHERE run_id IN {_LISTED} ORDER BY seq",  # noqa: S608 - as above
        [run_ids],
    )
    verified = rows.query(f"SELECT * FROM verified {of_these}", listed)  # noqa: S608 - as above
    concluded = rows.query(f"SELECT * FROM conclusion {of_these}", listed)  # noqa: S608 - as above
    known: list[Dated[Said]] = [_dated(Verified, row) for row in verified]
    known += [_dated(_CONCLUDED[row["event"]], row) for row in concluded]
    placed = rows.query(f"SELECT * FROM placed {of_these}", listed)  # noqa: S608 - as above
    sighted = rows.query(f"SELECT * FROM sighted {of_these}", listed)  # noqa: S608 - as above
    return _Read(
        ids=ids,
        placed=[_dated(Placed, row) for row in placed],
        sighted=[_dated(Sighted, row) for row in sighted],
        runs=[_dated(TestRun, row) for row in runs],
        seen=[_event(TestSeen, row) for row in seen],
        known=sorted(known, key=lambda item: item.at_utc),
    )


_CONCLUDED: Mapping[str, type[Settled | Revised]] = {
    Settled.EVENT: Settled,
    Revised.EVENT: Revised,
}


def _is_attributed(event: Said) -> bool:
    return bool(event.run_id) if isinstance(event, Verified) else event.by is Judge.RULES


def _dated(kind: type[T], row: Mapping[str, Any]) -> Dated[T]:
    return Dated(at_utc=row["at_utc"], event=_event(kind, row))


def _event(kind: type[T], row: Mapping[str, Any]) -> T:
    """Return the event that a row was made of."""
    values = {
        item.name: row[item.name]
        if row[item.name] is None or item.name not in _WORDS
        else _WORDS[item.name](row[item.name])
        for item in dataclasses.fields(kind)  # type: ignore[arg-type] # every event is a dataclass
    }
    return kind(**values)
