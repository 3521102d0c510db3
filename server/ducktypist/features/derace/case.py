"""Reproducing a data race, and finding the functions and variables that it is about.

Everything is run in the sandbox under the race detector. Nothing here asks a model.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import FailingTest, Frame, TestReport, TestResult
from ducktypist.features.fix.case import Case, NothingToFixError
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.grounds import Grounds
from ducktypist.features.red import RED
from ducktypist.syntax.go_scopes import Variable
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.race.recipes import RacingLine, racing_variables
from ducktypist.syntax.regions import FunctionRegion, function_named, functions, test_functions
from ducktypist.verify.guard import is_protected
from ducktypist.verify.race_reports import RaceReport, race_reports
from ducktypist.verify.runner import RunRequest

ATTEMPTS = (5, 20, 50)
"""How often the test is repeated in each attempt to see the race; most show at once."""
ON_STACK = 0.4
"""How suspicious a function is that a racing one was called from."""
_GO = "go"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeraceRequest:
    """Which test shows the race."""

    failing: FailingTest
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RacingFile:
    """One file outside the tests with lines that race."""

    path: Path
    """Relative to the workspace's root."""
    text: str
    races: tuple[tuple[RacingLine, ...], ...]
    """For each race its sides in this file."""
    variables: tuple[Variable, ...]
    writers: frozenset[str]
    """Qualified names of the functions on whose lines is written."""

    @property
    def lines(self) -> tuple[int, ...]:
        """The racing lines, 1-based, in order."""
        return tuple(sorted({side.line for sides in self.races for side in sides}))


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceCase:
    """One reproduced data race."""

    case: Case
    """As for any failing test; its suite is the test's package, under the race detector."""
    reports: tuple[RaceReport, ...]
    files: tuple[RacingFile, ...]
    """Those with most races first; never none."""

    def race_request(
        self,
        targets: Sequence[str],
        *,
        changed: dict[Path, str],
        repeats: int,
        hash_seed: int = 0,
        canaries: bool = True,
    ) -> RunRequest:
        """Return a request under the race detector."""
        grounds = self.case.grounds
        request = grounds.request(targets, changed=changed, whole_suite=True)
        limits = request.limits
        if repeats <= ATTEMPTS[0]:
            # What waits for ever is found out soon, unless the machine is busy.
            usual_s = 3 * self.case.before.duration_ms / 1000
            timeout_s = min(limits.timeout_s, max(grounds.limits.timeout_s, usual_s))
            limits = replace(limits, timeout_s=timeout_s)
        return replace(
            request,
            limits=limits,
            race=True,
            repeats=repeats,
            hash_seed=hash_seed,
            canaries=canaries,
        )


@contextlib.asynccontextmanager
async def race_reproduced(
    request: DeraceRequest, *, grounds: Grounds, progress: Callable[[str], None]
) -> AsyncIterator[RaceCase]:
    """Run the test under the race detector until it shows; the package's other tests run beside it.

    Raises:
        NothingToFixError: No race shows here, or none in a file that may be changed.
        RunnerError: No runner owns the test, or its runner cannot look for races.
        SandboxError: The run could not be isolated.
    """
    target = request.failing.node_id
    runner = grounds.runner_of(target)
    before, found = await _seen(target, grounds, progress)
    files = await asyncio.to_thread(racing_files, found, grounds)
    if not files:
        raise NothingToFixError("the race is in no file of the workspace outside the tests")
    places = await asyncio.to_thread(_places, found, files, grounds)
    if not places:
        raise NothingToFixError("the race is in no function of the workspace outside the tests")
    package = await asyncio.to_thread(_package, target, grounds)
    request_all = replace(grounds.request(package, whole_suite=True), race=True)
    suite = asyncio.create_task(runner.run(request_all))
    failed = next(item for item in before.results if item.node_id == target)
    try:
        yield RaceCase(
            case=Case(
                target=target,
                others=(),
                runner=runner,
                grounds=grounds,
                failed=failed,
                before=before,
                suite=suite,
                places=places,
                test_code=await asyncio.to_thread(_test_code, request.failing, grounds),
                texts={place.path: place.text for place in places},
            ),
            reports=found,
            files=files,
        )
    finally:
        suite.cancel()
        await asyncio.wait([suite])


def reports_of(report: TestReport, grounds: Grounds, *, target: str) -> tuple[RaceReport, ...]:
    """Return the races that a run's tests told of, each pair of places once. Blocking."""
    texts = [item.message for item in (*report.results, *report.collection_errors)]
    output, root = "\n".join([*texts, report.output_tail]), grounds.root.resolve()
    # A run on a copy of the workspace names the copy, also where the test starts the goroutines.
    inside = re.search(
        rf"^\s+(/.*)/{re.escape(target.partition('::')[0])}:\d+", output, re.MULTILINE
    )
    if inside is not None and inside[1] != str(root):
        output = output.replace(f"{inside[1]}/", f"{root}/")
    return race_reports(output, root)


def racing_files(
    reports: Sequence[RaceReport], grounds: Grounds, *, texts: dict[Path, str] | None = None
) -> tuple[RacingFile, ...]:
    """Return the files that may be changed and have racing lines, those with most races first.

    Args:
        reports: What the detector said.
        grounds: Whose files they are.
        texts: Texts that counted when it said so, where they are not the workspace's own.
    """
    sides: dict[Path, list[tuple[RacingLine, ...]]] = {}
    for report in reports:
        of_files: dict[Path, list[RacingLine]] = {}
        for access in report.accesses:
            relative = _changeable(access.place, grounds)
            if relative is not None and access.place is not None:
                line = RacingLine(line=access.place.line, is_write=access.is_write)
                of_files.setdefault(relative, []).append(line)
        for path, lines in of_files.items():
            sides.setdefault(path, []).append(tuple(lines))
    files = []
    for path in sorted(sides, key=lambda item: -len(sides[item])):
        text = (texts or {}).get(path)
        text = grounds.text_of(path) if text is None else text
        files.append(_file(path, text, sides[path]))
    return tuple(files)


def _file(path: Path, text: str, races: list[tuple[RacingLine, ...]]) -> RacingFile:
    regions = functions(text, _GO)
    written = {side.line for sides in races for side in sides if side.is_write}
    inside = (_function_at(text, regions, line) for line in sorted(written))
    return RacingFile(
        path=path,
        text=text,
        races=tuple(races),
        variables=racing_variables(text, races),
        writers=frozenset(item.qualified_name for item in inside if item is not None),
    )


async def _seen(
    target: str, grounds: Grounds, progress: Callable[[str], None]
) -> tuple[TestReport, tuple[RaceReport, ...]]:
    """Return a run that shows the race, and what it shows."""
    runner = grounds.runner_of(target)
    last: TestResult | None = None
    for number, repeats in enumerate(ATTEMPTS):
        progress(f"looking for the race: -race -count={repeats}")
        request = replace(
            grounds.request([target], whole_suite=True),
            race=True,
            repeats=repeats,
            hash_seed=number,
            # What a goroutine does after its test is told of the test that runs next.
            canaries=False,
        )
        report = await runner.run(request)
        last = next((item for item in report.results if item.node_id == target), None)
        if report.killed is not None:
            why = report.killed.replace("_", " ")
            raise NothingToFixError(f"the run with -race was ended: {why}")
        if last is None:
            errors = "; ".join(item.message.strip()[-200:] for item in report.collection_errors)
            raise NothingToFixError(f"{target} could not be built: {errors or 'no such test'}")
        found = await asyncio.to_thread(reports_of, report, grounds, target=target)
        if found and last.outcome in RED:
            return report, found
    red = f"; the test {last.outcome} all the same" if last and last.message else ""
    raise NothingToFixError(f"-race reports no race in {ATTEMPTS[-1]} runs of {target}{red}")


def _places(
    reports: Sequence[RaceReport], files: Sequence[RacingFile], grounds: Grounds
) -> tuple[Suspect, ...]:
    """Return the functions outside the tests on the stacks, those with racing lines first."""
    texts = {file.path: file.text for file in files}
    racing = {(file.path, line) for file in files for line in file.lines}
    lines: dict[tuple[Path, str], dict[int, float]] = {}
    regions: dict[tuple[Path, str], FunctionRegion] = {}
    for frame in (frame for report in reports for frame in report.frames()):
        path = _changeable(frame, grounds)
        if path is None:
            continue
        if path not in texts:
            try:
                texts[path] = grounds.text_of(path)
            except OSError:
                # Generated for the run and gone with it.
                continue
        region = _function_at(texts[path], functions(texts[path], _GO), frame.line)
        if region is None:
            continue
        key = (path, region.qualified_name)
        regions[key] = region
        value = 1.0 if (path, frame.line) in racing else ON_STACK
        seen = lines.setdefault(key, {})
        seen[frame.line] = max(value, seen.get(frame.line, 0.0))
    found = [
        Suspect(
            path=path,
            text=texts[path],
            function=regions[path, name],
            suspicion=max(lines[path, name].values()),
            lines=dict(sorted(lines[path, name].items(), key=lambda item: -item[1])),
        )
        for path, name in lines
    ]
    return tuple(sorted(found, key=lambda place: -place.suspicion))


def _changeable(frame: Frame | None, grounds: Grounds) -> Path | None:
    """Return a frame's file relative to the root, None when no patch may touch it."""
    relative = grounds.relative(frame.path) if frame is not None else None
    if relative is None or relative.suffix != ".go" or is_protected(relative, grounds.root):
        return None
    return None if relative.name.endswith("_test.go") else relative


def _function_at(text: str, regions: Sequence[FunctionRegion], line: int) -> FunctionRegion | None:
    table = LineTable(text)
    if not 0 < line <= len(table):
        return None
    place = table.content(line - 1)
    return next(
        (
            region
            for region in regions
            if region.signature.start <= place.end and place.start <= region.span.end
        ),
        None,
    )


def _package(target: str, grounds: Grounds) -> list[str]:
    """Return the test files of a test's package."""
    folder = Path(target.partition("::")[0]).parent
    on_disk = {path.name for path in (grounds.root / folder).glob("*_test.go")}
    open_ones = {path.name for path in grounds.buffers if path.parent == folder}
    names = on_disk | {name for name in open_ones if name.endswith("_test.go")}
    return [(folder / name).as_posix() for name in sorted(names)]


def _test_code(failing: FailingTest, grounds: Grounds) -> str:
    relative = Path(failing.node_id.partition("::")[0])
    name = failing.node_id.partition("::")[2].partition("/")[0]
    text = grounds.text_of(relative)
    region = function_named(text, _GO, name)
    if region is None:
        tests = (item.region for item in test_functions(text, _GO) if item.suffix == name)
        region = next(tests, None)
    return region.span.of(text) if region is not None else ""
