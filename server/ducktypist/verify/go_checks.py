"""Runs what a Go function's doc comment states, as tests of the package it is in.

A file of tests is laid over the package for the run, in place of the package's own tests, which may
not compile for reasons of their own. Without any check it is still compiled, so that a body that
does not compile is found out. Not here: which checks (``syntax.doc_checks``), their text
(``go_check_tests``), what comes of it (``verdict``).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import TestOutcome, TestReport
from ducktypist.syntax.doc_checks import DocCheck, doc_checks
from ducktypist.syntax.doc_checks.go_types import go_signature
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.regions import function_named, imports
from ducktypist.verify.example_plan import ExampleReport, lost, nothing_run, relative_to
from ducktypist.verify.go_check_tests import CheckTests, make_tests
from ducktypist.verify.go_packages import TEST_SUFFIX, Tree
from ducktypist.verify.runner import Runner, RunRequest, Trials
from ducktypist.verify.watchdog import Limits

MAX_ROUNDS = 3
"""How often checks that do not compile are left out and the rest is tried again."""
_CLAUSE = re.compile(r"^[ \t]*package[ \t]+\w+", re.MULTILINE)
_REPORTED = re.compile(r"^\s*\S+_test\.go:\d+: (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One version of a file, and what is run for it."""

    path: Path
    """Relative to the root."""
    text: str
    function: FunctionRegion
    package: str
    n_results: int
    checks: tuple[DocCheck, ...]


async def run_go_examples(
    *,
    runner: Runner,
    root: Path,
    path: Path,
    text: str,
    function: str,
    limits: Limits,
    hash_seed: int = 0,
    overlay: Mapping[Path, str] | None = None,
    level: int | None = None,
) -> ExampleReport:
    """Compile a package with a changed file, and run what the function's comment states.

    Nothing attempted, and not broken, means that it compiles and that there is nothing to run.

    Args:
        runner: The one for Go.
        root: The workspace folder.
        path: The file, absolute or relative to ``root``.
        text: The file's text to run, laid over what is on disk.
        function: Qualified name, such as ``Stack.Push``.
        limits: What the run may use.
        hash_seed: As for a run of tests.
        overlay: Further texts to lay over, such as other unsaved buffers.
        level: The sandbox level that the report is to carry.

    Raises:
        RunnerError: ``go`` did not start.
        SandboxError: The run could not be isolated.
    """
    relative = await asyncio.to_thread(relative_to, path, root)
    case = await asyncio.to_thread(_case, relative, text, function)
    if case is None:
        return nothing_run(broken=False, why=f"there is no function {function}")
    own = {**(overlay or {}), **await asyncio.to_thread(_without_tests, root, relative, overlay)}
    for _ in range(MAX_ROUNDS):
        tests = make_tests(case.package, case.checks, case.n_results)
        place = relative.parent / tests.name
        request = RunRequest(
            root=root,
            limits=limits,
            targets=(place.as_posix(),),
            overlay={**own, relative: text, place: tests.text},
            hash_seed=hash_seed,
        )
        report = await runner.run(request)
        fewer = await asyncio.to_thread(_compiling, report, case, tests, root)
        if fewer is None:
            break
        case = replace(case, checks=fewer)
    return await asyncio.to_thread(_report, report, case, tests, root, level)


async def screen_go_examples(
    *,
    runner: Runner,
    root: Path,
    path: Path,
    texts: Sequence[str],
    function: str,
    limits: Limits,
    overlay: Mapping[Path, str] | None = None,
    level: int | None = None,
) -> tuple[ExampleReport, ...]:
    """Do as :func:`run_go_examples` for many versions of a file, in one sandbox; no verdicts.

    The checks are those of the first version; which of them compile is found out once.
    """
    relative = await asyncio.to_thread(relative_to, path, root)
    cases = await asyncio.to_thread(lambda: [_case(relative, text, function) for text in texts])
    first = next((case for case in cases if case is not None), None)
    missing = nothing_run(broken=False, why=f"there is no function {function}")
    if first is None:
        return (missing,) * len(texts)
    own = {**(overlay or {}), **await asyncio.to_thread(_without_tests, root, relative, overlay)}
    tests = make_tests(first.package, first.checks, first.n_results)
    place = relative.parent / tests.name
    request = RunRequest(
        root=root,
        limits=limits,
        targets=(place.as_posix(),),
        overlay={**own, relative: first.text, place: tests.text},
    )
    reports: list[ExampleReport] = []
    checks, mark = first.checks, tests.mark
    async with runner.trials(request) as trials:
        for case in cases:
            if case is None:
                reports.append(missing)
                continue
            one, checks = await _screen(trials, replace(case, checks=checks), place, mark, root)
            reports.append(replace(one, level=level))
    return tuple(reports)


async def _screen(
    trials: Trials, case: _Case, place: Path, mark: str, root: Path
) -> tuple[ExampleReport, tuple[DocCheck, ...]]:
    for _ in range(MAX_ROUNDS):
        tests = make_tests(case.package, case.checks, case.n_results, mark=mark)
        report = await trials.run({case.path: case.text, place: tests.text})
        fewer = await asyncio.to_thread(_compiling, report, case, tests, root)
        if fewer is None:
            break
        case = replace(case, checks=fewer)
    one = await asyncio.to_thread(_report, report, case, tests, root, None)
    return one, case.checks


def _case(relative: Path, text: str, function: str) -> _Case | None:
    region = function_named(text, "go", function)
    clause = _CLAUSE.search(text)
    if region is None or clause is None:
        return None
    signature = go_signature(text, region)
    return _Case(
        path=relative,
        text=text,
        function=region,
        package=clause[0].split()[1],
        n_results=len(signature.results) if signature is not None else 0,
        checks=doc_checks(text, "go", region),
    )


def _without_tests(
    root: Path, relative: Path, overlay: Mapping[Path, str] | None
) -> dict[Path, str]:
    """Return the package's own test files with nothing in them; whose they are stays said."""
    tree = Tree(root=root, overlay=overlay or {})
    found: dict[Path, str] = {}
    for name in tree.names(relative.parent):
        place = relative.parent / name
        if name.endswith(TEST_SUFFIX) and place != relative:
            clause = _CLAUSE.search(tree.text(place) or "")
            if clause is not None:
                found[place] = clause[0].strip() + "\n"
    return found


def _compiling(
    report: TestReport, case: _Case, tests: CheckTests, root: Path
) -> tuple[DocCheck, ...] | None:
    """Return the checks to go on with when some did not compile; None when that is not it."""
    places = _places(report, root)
    if not places or _is_blamed(report, case, root):
        return None
    own = [line for path, line in places if path.name == tests.name]
    if not own or not case.checks:
        return None
    wrong = {tests.check_at(line) for line in own}
    # A line outside of all checks is an import that some check asked for.
    kept = () if None in wrong else [c for n, c in enumerate(case.checks) if n not in wrong]
    return tuple(kept)


def _places(report: TestReport, root: Path) -> list[tuple[Path, int]]:
    """Return the places that the compiler complains about, by path below the root."""
    found: list[tuple[Path, int]] = []
    root = root.resolve()
    for error in report.collection_errors:
        for frame in error.frames:
            inside = frame.path.is_relative_to(root)
            path = frame.path.relative_to(root) if inside else frame.path
            found.append((path, frame.line))
    return found


def _is_blamed(report: TestReport, case: _Case, root: Path) -> bool:
    """Tell whether the compiler complains of the function, or of imports that it has no use for.

    A package that is imported and not there is nobody's fault here: nothing is fetched.
    """
    spans = [case.function.span]
    if "imported and not used" in report.collection_errors[0].message:
        spans += imports(case.text, "go")
    lines = [
        range(case.text.count("\n", 0, span.start) + 1, case.text.count("\n", 0, span.end) + 2)
        for span in spans
    ]
    return any(
        path == case.path and any(line in one for one in lines)
        for path, line in _places(report, root)
    )


def _report(
    report: TestReport, case: _Case, tests: CheckTests, root: Path, level: int | None
) -> ExampleReport:
    if report.killed is not None:
        return lost(why="", killed=report.killed, level=level, duration_ms=report.duration_ms)
    if report.collection_errors:
        why = report.collection_errors[0].message
        if not _is_blamed(report, case, root):
            # Something else in the package does not compile; that is not the body's fault.
            words = f"the package does not compile elsewhere: {_first_error(why)}"
            return replace(nothing_run(broken=False, why=words), level=level)
        lines = sorted(why.splitlines(), key=lambda line: not line.startswith("./"))
        return lost(why="\n".join(lines), killed=None, level=level, duration_ms=report.duration_ms)
    outcomes = {result.node_id.partition("::")[2]: result for result in report.results}
    failures: list[str] = []
    passed = n_missing = 0
    for index, check in enumerate(case.checks):
        result = outcomes.get(tests.test(index))
        if result is None:
            n_missing += 1
        elif result.outcome is TestOutcome.PASSED:
            passed += 1
        else:
            said = _REPORTED.search(result.message)
            last = result.message.strip().splitlines()[-1:] or ["it did not end"]
            failures.append(said[1] if said else f"{check.call}: {last[0]}")
    compiles = outcomes.get(tests.compiles)
    is_complete = compiles is not None and compiles.outcome is TestOutcome.PASSED and not n_missing
    return ExampleReport(
        attempted=len(case.checks),
        passed=passed,
        failed=len(failures),
        first_failure="\n".join(failures),
        killed=None,
        broken=False,
        tampered=report.canaries_failed is not True or not (is_complete or failures),
        level=level,
        duration_ms=report.duration_ms,
    )


def _first_error(text: str) -> str:
    lines = [line for line in text.splitlines() if re.match(r"\S+:\d+", line)]
    return (lines or text.splitlines() or ["no message"])[0][:160]
