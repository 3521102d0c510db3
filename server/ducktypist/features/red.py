"""Knowing what is red: run tests in the sandbox and say where they fail.

A failing test is known by its node id; its place is the last line of its own file that the
traceback names.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.domain import FailingTest, Frame, TestOutcome, TestReport, TestResult
from ducktypist.errors import RunnerError
from ducktypist.features.grounds import MAX_FILES_SEEN, SKIPPED, Grounds
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import test_functions
from ducktypist.verify.race_reports import WARNING as RACE
from ducktypist.verify.race_reports import race_reports
from ducktypist.verify.runner import Runner

RED = (TestOutcome.FAILED, TestOutcome.ERROR)
MAX_MESSAGE_CHARS = 2000
MAX_RACE_CHARS = 8000
"""Both stacks of a data race and where the goroutines began."""
MAX_TEXT_BYTES = 4 * 1024**2
WHOLE = "."
"""The scope of everything that a runner owns."""
RACY = "go"
"""The language whose runner finds data races."""
TRACED = "python"
LANGUAGES = {".py": "python", ".go": "go"}


class Told:
    """Which tests a report says something of."""

    def __init__(self, report: TestReport) -> None:
        self._ids = {item.node_id for item in report.results}
        self._files = {_file_of(node_id) for node_id in self._ids}
        self._unread = {item.node_id for item in report.collection_errors}

    def settles(self, node_id: str) -> bool:
        """Tell whether a test is named, or a file that could not be read has tests now."""
        return node_id in self._ids or node_id in self._files

    def leaves_unread(self, node_id: str) -> bool:
        """Tell whether the test's file could not be read."""
        return _file_of(node_id) in self._unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one runner was asked for and said."""

    runner: Runner
    report: TestReport
    told: Told
    scopes: tuple[str, ...]
    """Node ids, files and folders; ``.`` is everything."""

    def settles(self, node_id: str) -> bool:
        """Tell whether the run says something of a test, if only that there is none any more."""
        if self.told.settles(node_id):
            return True
        # A run that was ended from outside, or a file that could not be read, leaves tests unsaid.
        if self.report.killed or (self.told.leaves_unread(node_id) and "::" in node_id):
            return False
        own = self.runner.owns(Path(_file_of(node_id)))
        return own and any(_within(node_id, scope) for scope in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """A run and the tests that are red after it."""

    __test__ = False

    report: TestReport
    """Of all runners together."""
    failing: tuple[FailingTest, ...]
    ran: tuple[Ran, ...]
    texts: Mapping[Path, str]
    """What was run, for the files that ``failing`` names lines of, by absolute path."""
    problems: tuple[str, ...] = ()
    """Why a runner that was asked as well could not run."""

    def settles(self, node_id: str) -> bool:
        """Tell whether the run says something of a test: if it is not red now, it is green."""
        return any(one.settles(node_id) for one in self.ran)


async def run_tests(
    targets: Sequence[str], *, grounds: Grounds, race: bool = False, trace: bool = False
) -> TestRun:
    """Run tests on the disk's files and the open buffers.

    Args:
        targets: Node ids, files and folders below the root; none means every runner's whole suite.
        grounds: Where to run them.
        race: Look for data races, where a runner can.
        trace: Have the lines told that each Python test runs. Go's tests would each have to be
            run once more for that.

    Raises:
        RunnerError: No runner owns a target, or all that were asked ended before they looked at
            any test, so nothing is known.
    """
    wanted = await asyncio.to_thread(_by_runner, targets, grounds)
    ran: list[Ran] = []
    problems: list[RunnerError] = []
    for runner, scopes in wanted:
        asked = () if WHOLE in scopes else scopes
        request = grounds.request(asked, whole_suite=True)
        try:
            report = await runner.run(
                replace(
                    request,
                    canaries=False,
                    race=race and runner.language == RACY,
                    trace=trace and runner.language == TRACED,
                )
            )
            _require_collected(runner, report)
        except RunnerError as error:
            problems.append(error)
        else:
            ran.append(Ran(runner=runner, report=report, told=Told(report), scopes=scopes))
    if problems and not ran:
        raise problems[0]
    report = merged([one.report for one in ran])
    failing, texts = await asyncio.to_thread(located, report, grounds.root, grounds.text_of)
    return TestRun(
        report=report,
        failing=failing,
        ran=tuple(ran),
        texts=texts,
        problems=tuple(str(error) for error in problems),
    )


def located(
    report: TestReport, root: Path, text_of: Callable[[Path], str]
) -> tuple[tuple[FailingTest, ...], dict[Path, str]]:
    """Return the red tests of a report with their places, and the texts that those are of.

    Args:
        report: Of any runner, run here or elsewhere.
        root: What node ids are relative to.
        text_of: Returns the text of a file below the root, or raises OSError.
    """
    texts = _Texts(root=root, text_of=text_of)
    red = [item for item in report.results if item.outcome in RED]
    return (
        tuple(_failing(item, root, texts) for item in (*red, *report.collection_errors)),
        texts.found,
    )


def text_on_disk(root: Path) -> Callable[[Path], str]:
    """Return what reads a regular file below ``root``, a large one not at all."""

    def text_of(relative: Path) -> str:
        path = root / relative
        if not path.is_file() or path.stat().st_size > MAX_TEXT_BYTES:
            raise FileNotFoundError(path)
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            return file.read()

    return text_of


def locate(node_id: str, text: str) -> int:
    """Return the 1-based line where a test begins, 1 when the text does not have it."""
    file, _, name = node_id.partition("::")
    language = LANGUAGES.get(Path(file).suffix, "")
    suffix = name.split("[", 1)[0]
    if language == "go":
        suffix = suffix.split("/", 1)[0]
    for test in test_functions(text, language):
        if test.suffix == suffix:
            return LineTable(text).line_of(test.region.signature.start) + 1
    return 1


def counts(report: TestReport) -> Mapping[str, object]:
    """Return how many tests passed and which did not, as ``ducktypist.runTests`` answers."""
    return {
        "passed": len(report.ids(TestOutcome.PASSED, TestOutcome.XFAILED, TestOutcome.XPASSED)),
        "failed": list(report.ids(TestOutcome.FAILED)),
        "errors": [
            *report.ids(TestOutcome.ERROR),
            *(item.node_id for item in report.collection_errors),
        ],
        "skipped": len(report.ids(TestOutcome.SKIPPED)),
        "duration_ms": round(report.duration_ms),
        **({"killed": str(report.killed)} if report.killed else {}),
    }


def merged(reports: Sequence[TestReport]) -> TestReport:
    """Return one report of several runners' runs, made one after the other."""
    if len(reports) == 1:
        return reports[0]
    statuses = [one.exit_status for one in reports]
    return TestReport(
        results=tuple(item for one in reports for item in one.results),
        collected=tuple(item for one in reports for item in one.collected),
        exit_status=None if None in statuses else max(statuses, default=0, key=lambda it: it != 0),
        killed=next((one.killed for one in reports if one.killed), None),
        duration_ms=sum(one.duration_ms for one in reports),
        output_tail="\n".join(one.output_tail for one in reports if one.output_tail),
        collection_errors=tuple(item for one in reports for item in one.collection_errors),
    )


# --------------------------------------------------------------------------- who runs what


def _by_runner(targets: Sequence[str], grounds: Grounds) -> list[tuple[Runner, tuple[str, ...]]]:
    scopes: dict[int, list[str]] = {}
    for target in targets or (WHOLE,):
        for runner in _runners_of(target, grounds):
            scopes.setdefault(grounds.runners.index(runner), []).append(target)
    return [(grounds.runners[number], tuple(found)) for number, found in sorted(scopes.items())]


def _runners_of(target: str, grounds: Grounds) -> Sequence[Runner]:
    if "::" in target or not (grounds.root / target).is_dir():
        return [grounds.runner_of(target)]
    if len(grounds.runners) == 1:
        return grounds.runners
    owners: set[int] = set()
    for relative in _files_below(grounds.root, target):
        number = next((n for n, one in enumerate(grounds.runners) if one.owns(relative)), None)
        if number is not None:
            owners.add(number)
        if len(owners) == len(grounds.runners):
            break
    if not owners:
        names = " and ".join(runner.name for runner in grounds.runners) or "any runner"
        where = "the folder" if target == WHOLE else target
        raise RunnerError(f"there are no test files of {names} in {where}")
    return [grounds.runners[number] for number in sorted(owners)]


def _files_below(root: Path, folder: str) -> Iterator[Path]:
    n_seen = 0
    for place, subfolders, names in os.walk(root / folder):
        subfolders[:] = sorted(
            item for item in subfolders if not item.startswith(".") and item not in SKIPPED
        )
        n_seen += len(names)
        yield from ((Path(place) / name).relative_to(root) for name in sorted(names))
        if n_seen > MAX_FILES_SEEN:
            break


def _require_collected(runner: Runner, report: TestReport) -> None:
    for error in report.collection_errors:
        if not error.node_id:
            why = error.message.strip()[-MAX_MESSAGE_CHARS:] or "it said nothing"
            raise RunnerError(f"{runner.name} ended before it collected any test: {why}")


def _file_of(node_id: str) -> str:
    return node_id.partition("::")[0]


def _within(node_id: str, scope: str) -> bool:
    if scope in {WHOLE, node_id}:
        return True
    return any(node_id.startswith(scope.rstrip("/") + mark) for mark in ("::", "[", "/"))


# --------------------------------------------------------------------------- where it fails


@dataclass(slots=True, kw_only=True)
class _Texts:
    """Texts of files below a root, each read once; a file that cannot be read has none."""

    root: Path
    text_of: Callable[[Path], str]
    found: dict[Path, str] = field(default_factory=dict)
    n_lines: dict[Path, int] = field(default_factory=dict)
    """0 for a file that cannot be read."""

    def of(self, path: Path) -> str:
        if path not in self.n_lines:
            try:
                self.found[path] = self.text_of(path.relative_to(self.root))
                self.n_lines[path] = len(LineTable(self.found[path]))
            except (OSError, ValueError):
                self.n_lines[path] = 0
        return self.found.get(path, "")

    def have(self, path: Path, line: int) -> bool:
        self.of(path)
        return 1 <= line <= self.n_lines[path]


def _failing(result: TestResult, root: Path, texts: _Texts) -> FailingTest:
    path = root / _file_of(result.node_id)
    first_line = locate(result.node_id, texts.of(path))
    frames = tuple(
        item
        for item in (*result.frames, *_race_frames(result.message, root))
        if texts.have(item.path, item.line)
    )
    lines = [item.line for item in result.frames if _is_same_file(item.path, path, root)]
    line = lines[-1] if lines else first_line
    return FailingTest(
        node_id=result.node_id,
        root=root,
        path=path,
        line=line if texts.have(path, line) else first_line,
        first_line=first_line,
        message=shortened(result.message) or "the test fails",
        frames=frames,
    )


def shortened(message: str) -> str:
    """Return the end of a failure's message; of a data race, what the detector says of it."""
    start = message.find(RACE)
    if start >= 0:
        return message[start : start + MAX_RACE_CHARS].strip()
    return message[-MAX_MESSAGE_CHARS:].strip()


def _race_frames(message: str, root: Path) -> Iterator[Frame]:
    if RACE in message:
        for race in race_reports(message, root):
            yield from race.frames()


def _is_same_file(one: Path, other: Path, root: Path) -> bool:
    if one == other:
        return True
    return one.name == other.name and one.is_relative_to(root) and one.resolve() == other.resolve()
