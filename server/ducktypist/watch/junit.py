"""What a JUnit XML file says, which some other test runner writes.

Anybody may have written it: it is read up to a size, and the parser refuses what is no report.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import Frame, TestOutcome, TestReport
from ducktypist.errors import RunnerError
from ducktypist.watch.files import file_changes, read_bounded
from ducktypist.watch.node_ids import clean, is_inside, is_node_id

MAX_JUNIT_BYTES = 32 * 1024**2


def parse_junit(raw: bytes, root: Path) -> TestReport:
    """Return what a JUnit XML document says of the tests of files below ``root``.

    Raises:
        RunnerError: It is no JUnit XML, or says of no test in which file it is.
    """
    from ducktypist.verify import junit  # noqa: PLC0415 - few windows need an XML parser

    def exists(relative: str) -> bool:
        return is_inside(relative) and (root / relative).is_file()

    found = junit.read_junit(raw, exists=exists)
    if found.unplaced and not found.results:
        raise RunnerError(
            f"a JUnit report has {len(found.unplaced)} tests and says of none in which file below "
            f"{root} it is"
        )
    results = []
    for item in found.results:
        file = item.node_id.partition("::")[0]
        line = junit.place_in(item.message, file) if item.outcome in _RED else None
        frames = () if line is None else (Frame(path=root / file, line=line, function=""),)
        results.append(
            replace(item, node_id=clean(item.node_id), message=clean(item.message), frames=frames)
        )
    return TestReport(
        results=tuple(item for item in results if is_node_id(item.node_id)),
        collected=(),
        exit_status=None,
        killed=None,
        duration_ms=sum(item.duration_ms for item in results),
        output_tail="",
    )


_RED = (TestOutcome.FAILED, TestOutcome.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class JunitResults:
    """What a workspace folder's JUnit XML file says."""

    root: Path
    report: TestReport | None
    """None when there is no file any more."""
    made_s: float
    """When the file was written; seconds since the epoch, UTC."""
    problem: str = ""
    """Why the file was not understood; then ``report`` is None, too, and nothing is known."""


def read_junit(root: Path, relative: str) -> JunitResults:
    """Return what the file says now."""
    path = root / relative
    read = read_bounded(path, MAX_JUNIT_BYTES)
    if read is None:
        problem = ""
        if path.exists():
            problem = f"{path} is no regular file of at most {MAX_JUNIT_BYTES} bytes"
        return JunitResults(root=root, report=None, made_s=0.0, problem=problem)
    raw, made_s = read
    try:
        report = parse_junit(raw, root)
    except RunnerError as error:
        return JunitResults(root=root, report=None, made_s=made_s, problem=str(error))
    return JunitResults(root=root, report=report, made_s=made_s)


async def junit_changes(roots: Sequence[Path], relative: str) -> AsyncIterator[JunitResults]:
    """Yield what the file says, at once and whenever it changes, for every root."""
    files = {root / relative: root for root in roots}
    async for changed in file_changes(lambda: files, at_once=True):
        for path in changed:
            yield await asyncio.to_thread(read_junit, files[path], relative)
