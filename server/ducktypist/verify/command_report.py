"""From what a test command wrote and how it ended to a report.

Reads what ``command_driver`` passed on. Not here: the dialects of JUnit XML (``junit``).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ducktypist.domain import Frame, TestOutcome, TestReport, TestResult
from ducktypist.errors import RunnerError
from ducktypist.verify.junit import place_in, read_junit
from ducktypist.verify.sandbox import RunResult

_OUTPUT_TAIL_CHARACTERS = 4000
_RED = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPlan:
    """What is settled before a run, all of it read from the file system."""

    root: Path
    files: Mapping[str, bool]
    commands: Sequence[tuple[str, ...]]
    nonce: str
    text: str
    path: str
    readable: tuple[Path, ...]
    with_junit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What became of one command."""

    status: int
    junit: bytes | None


def read_report(plan: CommandPlan, result: RunResult, targets: Sequence[str]) -> TestReport:
    """Return the report of a run. Blocks.

    Raises:
        RunnerError: The program could not be started, or wrote no usable report.
    """
    done = list(_done(plan, result))
    results: dict[str, TestResult] = {}
    broken = [
        _error(file, f"no such test file: {file}")
        for file, there in plan.files.items()
        if not there
    ]
    for number, item in enumerate(done):
        only = _only_file(plan, number)
        if plan.with_junit:
            found, errors = _from_junit(plan, item, result, only)
            broken += errors
        else:
            found = [_from_status(file, item, result) for file in ([only] if only else plan.files)]
        for test in found:
            before = results.get(test.node_id)
            # Of repeats the worst counts.
            if before is None or before.outcome is TestOutcome.PASSED:
                results[test.node_id] = test
    wanted = [target for target in targets if "::" in target]
    whole = {target for target in targets if "::" not in target}
    if targets and plan.with_junit:
        results = {
            node_id: test
            for node_id, test in results.items()
            if node_id in wanted or _is_below(node_id, whole)
        }
    return TestReport(
        results=tuple(results.values()),
        collected=tuple(results),
        exit_status=result.exit_status,
        killed=result.killed,
        duration_ms=result.duration_ms,
        output_tail=result.output[-_OUTPUT_TAIL_CHARACTERS:],
        canaries_possible=False,
        collection_errors=tuple(broken),
    )


def _done(plan: CommandPlan, result: RunResult) -> Iterator[_Done]:
    for raw in result.reports.splitlines():
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if not isinstance(line, dict) or line.get("nonce") != plan.nonce:
            continue
        if "missing" in line:
            raise RunnerError(
                f"{plan.commands[0][0]} could not be started in the sandbox: {line['missing']}; "
                "set tests.command to a program that is installed for all"
            )
        text = line.get("junit")
        yield _Done(status=int(line["status"]), junit=base64.b64decode(text) if text else None)


def _from_junit(
    plan: CommandPlan, item: _Done, result: RunResult, only: str | None
) -> tuple[list[TestResult], list[TestResult]]:
    if item.junit is None:
        if item.status == 0:
            raise RunnerError(
                f"{plan.commands[0][0]} ended well and wrote no JUnit XML to {{junit}}; check the "
                "arguments in tests.command"
            )
        files = [only] if only else list(plan.files)
        return [], [_error(file, result.output.strip()[-4000:]) for file in files]
    known = {file for file, there in plan.files.items() if there}
    report = read_junit(
        item.junit,
        exists=lambda path: path in known or (plan.root / path).is_file(),
        only_file=only,
        root=result.root_inside.as_posix(),
    )
    tests = [_with_frames(test, plan.root) for test in report.results if "::" in test.node_id]
    # A file that cannot be loaded is reported as if it were a test.
    errors = [_with_frames(test, plan.root) for test in report.results if "::" not in test.node_id]
    # Why it cannot is often printed and not reported.
    tail = result.output.strip()[-_OUTPUT_TAIL_CHARACTERS:]
    errors = [
        replace(test, message=f"{test.message}\n{tail}".strip())
        for test in errors
        if test.outcome in _RED
    ]
    if item.status and not errors and not any(test.outcome in _RED for test in tests):
        why = f"the command ended with status {item.status} although no test of it failed"
        errors = [_error(file, why) for file in ([only] if only else plan.files)]
    return tests, errors


def _from_status(file: str, item: _Done, result: RunResult) -> TestResult:
    is_red = item.status != 0
    return TestResult(
        node_id=file,
        outcome=TestOutcome.FAILED if is_red else TestOutcome.PASSED,
        duration_ms=result.duration_ms,
        message=result.output.strip()[-_OUTPUT_TAIL_CHARACTERS:] if is_red else "",
    )


def _with_frames(test: TestResult, root: Path) -> TestResult:
    file = test.node_id.partition("::")[0]
    line = place_in(test.message, file) if test.outcome in _RED else None
    if line is None:
        return test
    function = test.node_id.partition("::")[2]
    return replace(test, frames=(Frame(path=root / file, line=line, function=function),))


def _only_file(plan: CommandPlan, number: int) -> str | None:
    """Return the file that a command was run for, when it was run for one."""
    there = [file for file, exists in plan.files.items() if exists]
    named = [file for file in there if file in plan.commands[number]]
    if len(there) == 1:
        return there[0]
    if len(named) == 1:
        return named[0]
    inside = [file for file in there if any(file in part for part in plan.commands[number])]
    return inside[0] if len(inside) == 1 else None


def _is_below(node_id: str, targets: set[str]) -> bool:
    path = PurePosixPath(node_id.partition("::")[0])
    return any(str(above) in targets for above in (path, *path.parents))


def _error(file: str, text: str) -> TestResult:
    return TestResult(node_id=file, outcome=TestOutcome.ERROR, duration_ms=0.0, message=text)
