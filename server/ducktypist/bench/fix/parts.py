"""One program's part of what a run of many said. Pure values; nothing is run here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from ducktypist.domain import TestOutcome, TestReport, TestResult

PROGRAM: Final = Path("/program")
"""What a program's own folder is called in what its tests say."""
WORK: Final = "w"
"""The folder that holds the programs of a run."""
HUNG: Final = "took too long"
MAX_NOTE: Final = 200


def part_of(key: str, report: TestReport) -> TestReport:
    """Return what a report says of the program in a folder, as if it had been run alone.

    Args:
        key: The folder's name below :data:`WORK`.
        report: Of the run.
    """
    prefix = f"{key}/"
    # A package is named without the slash, and c1 is no part of c15.
    own = re.compile(rf"{re.escape(key)}(?!\w)")
    place = re.compile(rf"(?:/[^\s/:]+)*/{WORK}/{re.escape(key)}/")

    # A compiler names files from where it was called.
    below = re.compile(rf"^(?:\./)?{re.escape(key)}/", re.MULTILINE)

    def alone(item: TestResult) -> TestResult:
        return replace(
            item,
            node_id=item.node_id.removeprefix(prefix),
            message=below.sub("", place.sub(f"{PROGRAM}/", item.message)),
        )

    return replace(
        report,
        results=tuple(alone(item) for item in report.results if item.node_id.startswith(prefix)),
        collected=tuple(
            name.removeprefix(prefix) for name in report.collected if name.startswith(prefix)
        ),
        collection_errors=tuple(
            alone(replace(item, message=_own_lines(item.message, key)))
            for item in report.collection_errors
            if own.match(item.node_id)
        ),
        output_tail="",
    )


def is_lost(report: TestReport) -> bool:
    """Tell whether a run ended before it had said all of a program."""
    told = {item.node_id for item in report.results}
    return not report.collection_errors and (not told or not told.issuperset(report.collected))


def note_of(report: TestReport) -> str:
    """Return the first thing that went wrong in a program's part of a report, one line."""
    if report.killed is not None:
        return f"ended: {report.killed.value.replace('_', ' ')}"
    for item in (*report.collection_errors, *report.results):
        if item.outcome is not TestOutcome.PASSED:
            name = item.node_id.partition("::")[2]
            line = _telling(item.message) or str(item.outcome)
            return (f"{name}: {line}" if name else line)[:MAX_NOTE]
    return "" if report.results else "no test was run"


def _own_lines(message: str, key: str) -> str:
    """Return what a compiler said of one package, where it speaks of several."""
    parts = re.split(r"^(?=# )", message, flags=re.MULTILINE)
    named = re.compile(rf"# \[?\w+/{re.escape(key)}(?!\w)")
    kept = [part for part in parts if not part.startswith("# ") or named.match(part)]
    return "".join(kept).strip() or message


def _telling(message: str) -> str:
    """Return the line of a message that says most: Python's error, else the first."""
    lines = [line.strip() for line in message.replace(f"{PROGRAM}/", "").splitlines()]
    errors = [line[1:].strip() for line in lines if re.match(r"E\s+\S", line)]
    plain = [line for line in lines if re.search(r"\w", line) and not line.startswith("#")]
    return next(iter([*errors, *plain]), "")
