"""From a test run to the labels of suggestions: note what it says, work out what follows.

Everything here blocks on the disk and belongs in a thread. What follows is worked out from the
ledger's rows alone (``ledger.attribution``), so a failure that is found days later, by another
window or in a file from elsewhere, revises a label all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import TestReport
from ducktypist.features.runs import Executed, Followed, RunNotes, executed_in
from ducktypist.ledger.events import Event, Revised, Settled, TestRun, TestSeen, Verified
from ducktypist.ledger.hashing import plain_hash
from ducktypist.ledger.later import RunSource
from ducktypist.ledger.seen import (
    alone,
    blocks_followed,
    conclusions,
    runs_known,
    said_key,
    said_known,
    seen_key,
)
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.times import now_utc, utc_text

ENOUGH = 3
"""Runs that say the same of the same code."""
MAX_TEXT_BYTES = 4 * 1024**2
FLUSH_S = 10.0
LOOK_S = 0.5
"""How long somebody waits for rows to be written before it is looked what is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """What was new to the ledger."""

    n_runs: int = 0
    n_seen: int = 0
    """Tests of functions in which a suggestion stands, each function counted."""
    spoken_for: frozenset[str] = frozenset()
    """The suggestions of which an outcome was recorded."""
    labels: tuple[Settled | Revised, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run, as far as it is known without its tests."""

    source: RunSource
    ran_utc: str
    run_id: str
    environment_hash: str = ""
    commit_hash: str = ""


def project_hash(ledger: Ledger, root: Path) -> str:
    """Return the ledger's name for a workspace folder."""
    return ledger.keyed_hash(str(root.resolve()))


def followed_in(ledger: Ledger, root: Path) -> Followed:
    """Return in which functions of a folder suggestions stand, or stood.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    ledger.flush(LOOK_S)
    found = blocks_followed(ledger.path, project_hash(ledger, root))
    return Followed(
        hashes=frozenset(block for _, block in found),
        paths=tuple(dict.fromkeys(path for path, _ in found if path)),
    )


def take_report(
    report: TestReport,
    *,
    ran: Ran,
    root: Path,
    ledger: Ledger,
    text_of: Callable[[Path], str],
    followed: Followed | None = None,
) -> Attributed:
    """Note what a report says of code that is followed, and what follows from it.

    Args:
        report: Of any runner, run here or elsewhere.
        ran: Which run it is of.
        root: What node ids are relative to.
        ledger: What is read and written.
        text_of: Returns the text that was run of a file below the root; raises OSError where it
            cannot be read or may be another one by now.
        followed: What is followed there; None to look.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    if followed is None:
        followed = followed_in(ledger, root)
    if not followed.hashes:
        return Attributed()
    tests = executed_in(
        report, root=root, followed=followed, keyed=ledger.keyed_hash, text_of=text_of
    )
    notes = notes_of(ran, root=root, ledger=ledger, followed=followed)
    _add_all(notes, tests)
    return take_events(notes.events(), ledger=ledger)


def notes_of(ran: Ran, *, root: Path, ledger: Ledger, followed: Followed) -> RunNotes:
    """Return what collects the tests of one run."""
    return RunNotes(
        project_hash=project_hash(ledger, root),
        followed=followed,
        keyed=ledger.keyed_hash,
        run_id=ran.run_id,
        source=ran.source,
        ran_utc=ran.ran_utc,
        environment_hash=ran.environment_hash,
        commit_hash=ran.commit_hash,
    )


def take_events(events: Sequence[Event], *, ledger: Ledger) -> Attributed:
    """Append what is not in the ledger yet of some runs, and what follows from it.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    if not events:
        return Attributed()
    with alone(ledger.path):
        ledger.flush(FLUSH_S)
        new = _new(events, ledger.path)
        seen = [event for event in new if isinstance(event, TestSeen)]
        if new:
            ledger.append_all(new)
            ledger.flush(FLUSH_S)
        # Also where nothing is new: who wrote the rows may have been stopped before it got here.
        blocks = {event.block_hash for event in events if isinstance(event, TestSeen)}
        found = conclusions(ledger.path, blocks)
        if found:
            ledger.append_all(found)
            ledger.flush(FLUSH_S)
    return Attributed(
        n_runs=sum(isinstance(event, TestRun) for event in new),
        n_seen=len(seen),
        spoken_for=frozenset(event.suggestion_id for event in found),
        labels=tuple(event for event in found if not isinstance(event, Verified)),
    )


def report_id(report: TestReport, *, root: Path, made_s: float | None = None) -> str:
    """Return the id of a run that is known from a report alone: the same for the same report.

    Args:
        report: What a file says.
        root: What its node ids are relative to.
        made_s: When it was made, for a report that has no durations to tell two runs apart.
    """
    parts = [str(root.resolve()), "" if made_s is None else f"{made_s:.3f}"]
    parts += [f"{it.node_id} {it.outcome} {it.duration_ms:.3f}" for it in report.results]
    return plain_hash("\n".join(parts))


def source_of(report: TestReport) -> RunSource:
    """Return who told of a report that was read from a file, by the tests that it names."""
    is_go = any(item.node_id.partition("::")[0].endswith(".go") for item in report.results)
    return RunSource.GO_JSON if is_go else RunSource.JUNIT


def unchanged_since(
    root: Path, at_s: float, buffers: Mapping[Path, str] | None = None
) -> Callable[[Path], str]:
    """Return what reads a file below ``root`` unless it was written after a run began or ended.

    Args:
        root: The folder.
        at_s: Seconds since the epoch.
        buffers: Texts that were run instead of the disk's.
    """

    def text_of(relative: Path) -> str:
        if buffers is not None and relative in buffers:
            return buffers[relative]
        path = root / relative
        found = path.stat()
        if found.st_mtime > at_s or found.st_size > MAX_TEXT_BYTES:
            raise FileNotFoundError(path)
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            return file.read()

    return text_of


def utc_of(at_s: float) -> str:
    """Return a time as the ledger writes it; a time to come is now."""
    return min(utc_text(dt.datetime.fromtimestamp(at_s, dt.UTC)), now_utc())


def _add_all(notes: RunNotes, tests: Iterable[Executed]) -> None:
    for test in tests:
        notes.add(test)


def _new(events: Sequence[Event], path: Path) -> list[Event]:
    """Return what is not in the ledger and says anything new.

    Of rows of a run that say the same, the first counts. What was said in three runs, with the same
    code in the same environment, is not written a fourth time: a label needs three.
    """
    rows = [event for event in events if isinstance(event, TestSeen)]
    runs = {event.run_id: event for event in events if isinstance(event, TestRun)}
    known = {run_id: set(seen) for run_id, seen in runs_known(path, runs).items()}
    n_said = said_known(path, {row.block_hash for row in rows})
    new: dict[str, list[Event]] = {
        run_id: [] if run_id in known else [run] for run_id, run in runs.items()
    }
    for row in rows:
        seen = known.setdefault(row.run_id, set())
        said = said_key(row, runs[row.run_id].environment_hash)
        if seen_key(row) not in seen and n_said[said] < ENOUGH:
            seen.add(seen_key(row))
            n_said[said] += 1
            new[row.run_id].append(row)
    return [
        event
        for found in new.values()
        if any(isinstance(event, TestSeen) for event in found)
        for event in found
    ]
