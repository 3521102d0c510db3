"""Results that ``ducktypist ingest`` was given: one JSON file a folder, in the user's state folder.

The format is documented in ``docs/red-tests.md``. What a record holds came from a test runner's
output, which anybody may have written; so it is bounded and cleaned when it is written, and again
when it is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.domain import Frame, TestOutcome, TestReport, TestResult
from ducktypist.watch.files import file_changes, read_bounded
from ducktypist.watch.node_ids import clean, is_inside, is_node_id

_log = logging.getLogger(__name__)

VERSION = 1
RECORDS = "red"
"""The folder of all records, in the user's state folder."""
MAX_RECORD_BYTES = 32 * 1024**2
MAX_RECORDS = 500
"""Further files in the folder are passed over."""
MAX_RED = 2000
MAX_NOT_RED = 100_000
MAX_MESSAGE_CHARS = 10_000
MAX_FRAMES = 50
MAX_LINE = 10_000_000
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one call of ``ducktypist ingest`` was given."""

    root: Path
    """What node ids are relative to; a real path."""
    made_s: float
    """When it was made; seconds since the epoch, UTC."""
    report: TestReport


def record_path(folder: Path, root: Path) -> Path:
    """Return where the record of a root lies, whether or not it exists."""
    digest = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=16)
    return folder / f"{digest.hexdigest()}.json"


def write_record(folder: Path, record: Record) -> Path:
    """Replace the record of a root in one step; return its path.

    Raises:
        OSError: It cannot be written.
    """
    root = record.root.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = record_path(folder, root)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        fd = os.open(draft, _WRITING, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            json.dump(_as_json(record, root), file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def read_record(path: Path) -> Record | None:
    """Return a record, or None when the file holds none that this version understands."""
    read = read_bounded(path, MAX_RECORD_BYTES)
    if read is None:
        return None
    try:
        found = json.loads(read[0])
        if not isinstance(found, dict) or found.get("version") != VERSION:
            return None
        root = Path(found["root"])
        if not root.is_absolute():
            return None
        return Record(root=root, made_s=float(found["made_s"]), report=_report(found, root))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


async def record_changes(folder: Path, roots: Sequence[Path]) -> AsyncIterator[tuple[Path, Record]]:
    """Yield each record of a root or of a folder in it, at once and when it changes.

    Yields:
        The root, and the record with its node ids made relative to that root.
    """
    try:
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        _log.warning("no results are followed: %s cannot be made (%s)", folder, error)
        return

    def files() -> dict[Path, Path]:
        found = sorted(folder.glob("*.json"))[:MAX_RECORDS]
        return dict.fromkeys(found or [folder / "none.json"], folder)

    async for changed in file_changes(files, at_once=True):
        for path in changed:
            record = await asyncio.to_thread(read_record, path)
            for root in roots if record is not None else ():
                if record is not None and record.root.is_relative_to(root):
                    yield root, _rebased(record, root)


# --------------------------------------------------------------------------- the format


def _as_json(record: Record, root: Path) -> dict[str, Any]:
    report = record.report
    named = [item for item in report.results if is_node_id(item.node_id)]
    unread = [item for item in report.collection_errors if is_node_id(item.node_id)]
    red = [item for item in named if item.outcome in _RED]
    not_red = [item.node_id for item in named if item.outcome not in _RED]
    return {
        "version": VERSION,
        "root": str(root),
        "made_s": record.made_s,
        "red": [_result_as_json(item, root) for item in red[:MAX_RED]],
        "uncollected": [_result_as_json(item, root) for item in unread[:MAX_RED]],
        "not_red": not_red[:MAX_NOT_RED],
    }


_RED = (TestOutcome.FAILED, TestOutcome.ERROR)


def _result_as_json(result: TestResult, root: Path) -> dict[str, Any]:
    frames = [
        [frame.path.relative_to(root).as_posix(), frame.line, clean(frame.function)]
        for frame in result.frames
        if frame.path.is_relative_to(root)
    ]
    return {
        "id": result.node_id,
        "outcome": result.outcome.value,
        "message": clean(result.message)[-MAX_MESSAGE_CHARS:],
        "frames": frames[-MAX_FRAMES:],
    }


def _report(found: Mapping[str, Any], root: Path) -> TestReport:
    green = [str(item) for item in _list(found["not_red"])[:MAX_NOT_RED]]
    return TestReport(
        results=(
            *_results(found["red"], root),
            *(
                TestResult(node_id=item, outcome=TestOutcome.PASSED, duration_ms=0.0)
                for item in green
                if is_node_id(item)
            ),
        ),
        collected=(),
        exit_status=None,
        killed=None,
        duration_ms=0.0,
        output_tail="",
        collection_errors=tuple(_results(found["uncollected"], root)),
    )


def _results(items: object, root: Path) -> Iterator[TestResult]:
    for item in _list(items)[:MAX_RED]:
        node_id, outcome = str(item["id"]), TestOutcome(item["outcome"])
        if not is_node_id(node_id) or outcome not in _RED:
            continue
        yield TestResult(
            node_id=node_id,
            outcome=outcome,
            duration_ms=0.0,
            message=clean(str(item["message"]))[-MAX_MESSAGE_CHARS:],
            frames=tuple(_frames(item["frames"], root)),
        )


def _frames(items: object, root: Path) -> Iterator[Frame]:
    for path, line, function in _list(items)[:MAX_FRAMES]:
        if is_inside(str(path)) and type(line) is int and 1 <= line <= MAX_LINE:
            yield Frame(path=root / str(path), line=line, function=clean(str(function))[:200])


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _rebased(record: Record, root: Path) -> Record:
    below = record.root.relative_to(root)
    if below == Path():
        return record
    report = record.report

    def moved(item: TestResult) -> TestResult:
        return TestResult(
            node_id=f"{below.as_posix()}/{item.node_id}",
            outcome=item.outcome,
            duration_ms=item.duration_ms,
            message=item.message,
            frames=item.frames,
        )

    return Record(
        root=root,
        made_s=record.made_s,
        report=TestReport(
            results=tuple(moved(item) for item in report.results),
            collected=(),
            exit_status=None,
            killed=None,
            duration_ms=0.0,
            output_tail="",
            collection_errors=tuple(moved(item) for item in report.collection_errors),
        ),
    )
