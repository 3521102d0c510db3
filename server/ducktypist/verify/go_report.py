"""From what ``go test -json`` said to a report, test by test.

Reads the lines that ``go_driver`` passed on; what a report is worth is ``verdict``'s business.
``go doc test2json`` describes the events.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ducktypist.domain import FileLines, Frame, Killed, TestOutcome, TestReport, TestResult
from ducktypist.verify import go_traces
from ducktypist.verify.go_canary import GoCanary
from ducktypist.verify.go_packages import Package, Selection, Tree
from ducktypist.verify.go_traces import Place
from ducktypist.verify.race_reports import DETECTED

MAX_TEXT = 12_000
_OUTPUT_TAIL_CHARACTERS = 4000
_MARKS = re.compile(r"\s*(?:=== (?:RUN|PAUSE|CONT|NAME) |--- (?:PASS|FAIL|SKIP|BENCH): )")
_UNBUILT = re.compile(r"^FAIL\t(\S+) \[(?:build|setup) failed\]")
_TIMED_OUT = ("panic: test timed out after ", "SIGQUIT: quit")
_LOGS = re.compile(r"\.Logf?\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoRun:
    """What is needed to read the events of one run."""

    root: Path
    """Real, as reports name it."""
    tree: Tree
    selections: tuple[Selection, ...]
    unknown: tuple[str, ...]
    """Targets that name no test."""
    canary: GoCanary | None
    repeats: int
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the run ended, as the sandbox has it."""

    killed: Killed | None
    duration_ms: float
    output: str
    root_inside: Path
    """The workspace's path as the run saw it."""


@dataclass(slots=True)
class _Test:
    """One test, all of its repeats."""

    package: Package
    name: str
    actions: list[str] = field(default_factory=list)
    seconds: float = 0.0
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Those lines that ``testing`` marks as errors; Go before 1.25 or so marks none."""
    n_characters: int = 0

    def add(self, text: str, kind: str) -> None:
        if kind == "frame" or _MARKS.match(text):
            return
        self.n_characters += len(text)
        # The beginning holds the assertion, the first race, or the panic.
        if self.n_characters <= MAX_TEXT:
            self.lines.append(text.rstrip("\n"))
            if kind == "error":
                self.errors.append(text)

    @property
    def is_timed_out(self) -> bool:
        return any(line.startswith(_TIMED_OUT) for line in self.lines)

    def outcome(self, repeats: int) -> TestOutcome:
        if self.is_timed_out:
            return TestOutcome.ERROR
        if "fail" in self.actions:
            return TestOutcome.FAILED
        if len(self.actions) < repeats:
            return TestOutcome.ERROR
        return TestOutcome.SKIPPED if "skip" in self.actions else TestOutcome.PASSED


@dataclass(slots=True)
class _Package:
    """One package's own part of a run."""

    package: Package
    action: str = ""
    is_unbuilt: bool = False
    lines: list[str] = field(default_factory=list)

    @property
    def races_between(self) -> bool:
        """Whether the race detector told of what happened outside of every test."""
        return DETECTED[1] in "\n".join(self.lines)


class GoReader:
    """Collects the lines of one run, in whatever pieces they come."""

    def __init__(self, run: GoRun) -> None:
        """Remember what the lines are about."""
        self._run = run
        self._packages = {
            selection.package.import_path: _Package(package=selection.package)
            for selection in run.selections
        }
        self._tests: dict[tuple[str, str], _Test] = {}
        self._built: list[str] = []
        self._covered: dict[tuple[str, str], tuple[go_traces.Block, ...]] = {}
        self._statuses: list[int] = []
        self._is_expired = False
        self.is_finished = False
        """Whether the driver said that everything was done."""

    @property
    def has_begun(self) -> bool:
        """Whether ``go`` said anything."""
        return bool(self._built or self._statuses or any(p.action for p in self._packages.values()))

    def feed(self, raw: bytes) -> bool:
        """Take one line; return whether the run is finished."""
        try:
            line = json.loads(raw)
        except ValueError:
            # A run that was killed may have stopped in the middle of a line.
            return self.is_finished
        if isinstance(line, dict) and line.get("nonce") == self._run.nonce:
            if "event" in line:
                self._event(line["event"])
            elif "text" in line:
                self._built.append(str(line["text"]))
            elif "status" in line:
                self._statuses.append(int(line["status"]))
            elif "covered" in line:
                covered = line["covered"]
                key = (str(covered["package"]), str(covered["test"]))
                self._covered[key] = go_traces.blocks(covered["blocks"])
            elif "finished" in line:
                self._is_expired = "expired" in line
                self.is_finished = True
        return self.is_finished

    def report(self, ended: Ended) -> TestReport:
        """Return the report of everything that was fed."""
        tests = [test for test in self._tests.values() if not self._is_own(test.name)]
        killed = ended.killed
        timed_out = any(test.is_timed_out for test in self._tests.values())
        if killed is None and (timed_out or self._is_expired):
            killed = Killed.WALL_CLOCK
        status = max(self._statuses, default=1 if self._run.unknown else 0)
        return TestReport(
            results=tuple(self._result(test, ended, killed) for test in tests),
            collected=tuple(self._node_id(test) for test in tests),
            exit_status=None if killed else status,
            killed=killed,
            duration_ms=ended.duration_ms,
            output_tail=ended.output[-_OUTPUT_TAIL_CHARACTERS:],
            canaries_failed=self._canaries_failed(),
            collection_errors=tuple(self._uncollected(ended)),
        )

    def _event(self, event: Mapping[str, Any]) -> None:
        action, output = str(event.get("Action", "")), str(event.get("Output", ""))
        if action == "build-output":
            self._built.append(output.rstrip("\n"))
            return
        path, name = str(event.get("Package", "")), str(event.get("Test", ""))
        package = self._packages.get(path)
        if package is None:
            return
        if not name:
            self._package_event(package, action, output)
            return
        test = self._tests.get((path, name))
        if test is None:
            test = self._tests[path, name] = _Test(package=package.package, name=name)
        if action == "output":
            test.add(output, str(event.get("OutputType", "")))
        elif action in {"pass", "fail", "skip"}:
            test.actions.append(action)
            test.seconds += float(event.get("Elapsed", 0.0))

    def _package_event(self, package: _Package, action: str, output: str) -> None:
        if action == "output":
            package.is_unbuilt |= _UNBUILT.match(output) is not None
            if len(package.lines) < MAX_TEXT // 40:
                package.lines.append(output.rstrip("\n"))
        elif action in {"pass", "fail", "skip"} and not package.action:
            # The tests behind a panic are run again, without those that must fail.
            package.action = action

    def _is_own(self, name: str) -> bool:
        return self._run.canary is not None and self._run.canary.owns(name)

    def _node_id(self, test: _Test) -> str:
        return f"{test.package.file_of(test.name).as_posix()}::{test.name}"

    def _result(self, test: _Test, ended: Ended, killed: Killed | None) -> TestResult:
        outcome = test.outcome(self._run.repeats)
        passed = outcome is TestOutcome.PASSED
        key = (test.package.import_path, test.name)
        covered = self._lines_covered(self._covered.get(key, ()))
        return TestResult(
            node_id=self._node_id(test),
            outcome=outcome,
            duration_ms=test.seconds * 1000,
            message="" if passed else self._message(test, outcome, ended, killed),
            frames=() if passed else self._frames(self._places(test, ended)),
            covered=covered,
        )

    def _message(
        self, test: _Test, outcome: TestOutcome, ended: Ended, killed: Killed | None
    ) -> str:
        parts = [_cut(test, ended.root_inside)]
        for inner in self._red_below(test):
            if sum(map(len, parts)) < MAX_TEXT:
                # What is wrong is said where it is found; the test around it only counts it.
                parts.append(f"{inner.name}:\n{_cut(inner, ended.root_inside)}")
        text = "\n".join(filter(None, parts))
        if not text and outcome is TestOutcome.ERROR:
            why = f" ({killed.value.replace('_', ' ')})" if killed else ""
            return f"the run ended in the middle of this test{why}"
        return text

    def _red_below(self, test: _Test) -> list[_Test]:
        """Return the failed subtests that have something to say."""
        return [
            other
            for other in self._tests.values()
            if other.package is test.package
            and other.name.startswith(f"{test.name}/")
            and "fail" in other.actions
            and other.lines
        ]

    def _places(self, test: _Test, ended: Ended) -> tuple[Place, ...]:
        """Return the failing line and, of a panic or race, the stack; the test's file first."""
        found = go_traces.stack(test.lines, ended.root_inside)
        if found:
            return found
        top = test.name.partition("/")[0]
        for name, line in go_traces.reported_lines(test.errors or test.lines):
            path = test.package.folder / name
            text = self._run.tree.text(path)
            lines = text.splitlines() if text is not None else []
            if line > len(lines) or (not test.errors and _LOGS.search(lines[line - 1])):
                continue
            return (Place(path=path, line=line, function=top),)
        inner = self._red_below(test)
        return self._places(inner[0], ended) if inner else ()

    def _frames(self, places: Iterable[Place]) -> tuple[Frame, ...]:
        return tuple(
            Frame(path=self._run.root / place.path, line=place.line, function=place.function)
            for place in places
        )

    def _lines_covered(self, blocks: Sequence[go_traces.Block]) -> tuple[FileLines, ...]:
        by_file: dict[Path, set[int]] = {}
        for block in blocks:
            path = self._file(block.file)
            if path is not None:
                text = (self._run.tree.text(path) or "").splitlines()
                by_file.setdefault(path, set()).update(go_traces.lines_of(block, text))
        return tuple(
            FileLines(path=self._run.root / path, lines=tuple(sorted(lines)))
            for path, lines in sorted(by_file.items())
            if lines
        )

    def _file(self, imported: str) -> Path | None:
        """Return the file that coverage names by its package's import path."""
        for item in self._packages.values():
            module = item.package.module
            if imported.startswith(module.path + "/"):
                return module.folder / imported.removeprefix(module.path + "/")
        return None

    def _uncollected(self, ended: Ended) -> Iterator[TestResult]:
        for target in self._run.unknown:
            yield self._error(target.partition("::")[0], f"no such test: {target}", ())
        for path, item in self._packages.items():
            if not (item.is_unbuilt or self._is_silent(path, item) or item.races_between):
                continue
            text = "\n".join(self._built if item.is_unbuilt else item.lines).strip()
            places = go_traces.compile_errors(text, item.package.module.folder)
            places = places or go_traces.stack(item.lines, ended.root_inside)
            for node_id in self._files_of(item.package):
                yield self._error(node_id, text[:MAX_TEXT], places)

    def _is_silent(self, path: str, item: _Package) -> bool:
        """Tell whether a package failed before its first test, as by a panic in an ``init``."""
        return item.action == "fail" and all(package != path for package, _ in self._tests)

    def _files_of(self, package: Package) -> list[str]:
        for selection in self._run.selections:
            if selection.package is package and selection.tests is not None:
                files = dict.fromkeys(package.file_of(test) for test in selection.tests)
                return [path.as_posix() for path in files]
        return [package.files[0].as_posix()]

    def _error(self, node_id: str, text: str, places: Iterable[Place]) -> TestResult:
        return TestResult(
            node_id=node_id,
            outcome=TestOutcome.ERROR,
            duration_ms=0.0,
            message=text,
            frames=self._frames(places),
        )

    def _canaries_failed(self) -> bool | None:
        canary = self._run.canary
        if canary is None:
            return None
        found = [
            self._has_failed(path, item, canary)
            for path, item in self._packages.items()
            # What never got to its tests says nothing of those that must fail, either.
            if item.action and not item.is_unbuilt and not self._is_silent(path, item)
        ]
        return all(found) if found else None

    def _has_failed(self, path: str, item: _Package, canary: GoCanary) -> bool:
        tests = (self._tests.get((path, name)) for name in canary.must_fail)
        failed = all(
            test is not None and test.actions == ["fail"] * self._run.repeats for test in tests
        )
        # A TestMain that reports success whatever the tests say is found out here.
        return failed and item.action == "fail"


def _cut(test: _Test, inside: Path) -> str:
    lines = go_traces.shown(test.lines, inside)
    if lines[:1] == [_TIMED_OUT[1]]:
        # We asked for it; the line after it is an address.
        lines = ["the test was still running when its time was over", *lines[2:]]
    text = "\n".join(lines).strip("\n")
    return f"{text}\n[...]" if test.n_characters > MAX_TEXT else text
