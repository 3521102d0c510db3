"""Test runs as the ledger's events: which test executed which functions that suggestions stand in.

A function is known by the hash of its text (``syntax.blocks``), so it does not matter where it
stands. What a test executed is taken from the lines that it ran where a run tells them; else from
its text, which must name the function and the place that it comes from. Nothing is concluded here,
nothing is read from files, and what nobody knows is not said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ducktypist.domain import TestOutcome, TestReport, TestResult
from ducktypist.ledger.events import Event, TestRun, TestSeen
from ducktypist.ledger.later import RunSource
from ducktypist.syntax.blocks import block_hash_of, block_text
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import FunctionRegion, functions, test_functions

PASSED = frozenset({TestOutcome.PASSED})
FAILED = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})
"""What was expected to fail says nothing, whatever became of it."""
LANGUAGES = {".py": "python", ".go": "go"}
_WORD = re.compile(r"\w+")
MAX_FUNCTIONS = 5000
"""Of one test that are told; of one that executed more, its rest is not hashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """In which functions of a project suggestions stand, or stood."""

    hashes: frozenset[str] = frozenset()
    """Keyed hashes of their blocks."""
    paths: tuple[str, ...] = ()
    """Where they were seen, relative to the project's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """One test, and what it executed; functions go by the plain hashes of their blocks."""

    node_id: str
    outcome: TestOutcome
    duration_ms: float | None
    functions: Mapping[str, bool | None]
    """Whether the test calls each of them itself, or its failure goes through it; None when nobody
    says."""
    test_block: str = ""
    """The test function's own; empty when nobody says."""
    outside: str = ""
    """Hash of what the project says outside of functions; empty when nobody says, or when the
    functions are not all that the test executed."""


@dataclass(slots=True, kw_only=True)
class RunNotes:
    """Collects what the tests of one run say of functions that are followed."""

    project_hash: str
    followed: Followed
    keyed: Callable[[str], str]
    """The ledger's keyed hash."""
    run_id: str
    source: RunSource
    ran_utc: str
    environment_hash: str = ""
    commit_hash: str = ""
    n_passed: int = 0
    n_failed: int = 0
    n_skipped: int = 0
    _seen: list[TestSeen] = field(default_factory=list)
    _keyed: dict[str, str] = field(default_factory=dict)

    def add(self, test: Executed) -> None:
        """Count one test, and note what it says."""
        self.n_passed += test.outcome in PASSED
        self.n_failed += test.outcome in FAILED
        self.n_skipped += test.outcome is TestOutcome.SKIPPED
        if test.outcome not in PASSED | FAILED:
            return
        for block, is_direct in test.functions.items():
            # A test that was suggested is no evidence for itself.
            if block != test.test_block and self._key(block) in self.followed.hashes:
                self._seen.append(self._sight(test, block, is_direct=is_direct))

    def events(self) -> tuple[Event, ...]:
        """Return the run and what was seen in it; nothing where that is nothing."""
        if not self._seen:
            return ()
        run = TestRun(
            run_id=self.run_id,
            project_hash=self.project_hash,
            source=self.source,
            ran_utc=self.ran_utc,
            environment_hash=self.environment_hash,
            commit_hash=self.commit_hash,
            n_passed=self.n_passed,
            n_failed=self.n_failed,
            n_skipped=self.n_skipped,
        )
        return (run, *self._seen)

    def _sight(self, test: Executed, block: str, *, is_direct: bool | None) -> TestSeen:
        rest = ""
        if test.outside and len(test.functions) <= MAX_FUNCTIONS:
            rest = self.keyed("\0".join([test.outside, *sorted(test.functions.keys() - {block})]))
        return TestSeen(
            run_id=self.run_id,
            test_hash=self.keyed(test.node_id),
            block_hash=self._key(block),
            passed=test.outcome in PASSED,
            is_direct=is_direct,
            test_block_hash=self._key(test.test_block) if test.test_block else "",
            rest_hash=rest,
            duration_ms=test.duration_ms,
        )

    def _key(self, block: str) -> str:
        if block not in self._keyed:
            self._keyed[block] = self.keyed(block)
        return self._keyed[block]


def executed_in(
    report: TestReport,
    *,
    root: Path,
    followed: Followed,
    keyed: Callable[[str], str],
    text_of: Callable[[Path], str],
) -> Iterator[Executed]:
    """Yield what the tests of a report executed, in its order.

    Reads and parses files, so call it in a thread.

    Args:
        report: Of any runner, run here or elsewhere.
        root: What node ids are relative to, and frames lie below.
        followed: Nothing is said of functions in other files than theirs where that saves reading.
        keyed: The ledger's keyed hash.
        text_of: Returns the text that was run of a file below the root; raises OSError where it
            cannot be read or may be another one by now.
    """
    files = _Files(root=root, text_of=text_of)
    wanted = [
        (path, block)
        for path in followed.paths
        for block in files.blocks(path)
        if keyed(block.hash) in followed.hashes
    ]
    for item in report.results:
        yield _executed(item, wanted, files, paths=frozenset(followed.paths))


# --------------------------------------------------------------------------- which functions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """One function of a file."""

    function: FunctionRegion
    hash: str
    lines: range
    """1-based."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """One test as it is written."""

    hash: str
    words: frozenset[str]


@dataclass(slots=True, kw_only=True)
class _Files:
    """The functions of files, each read once; a file that cannot be read has none."""

    root: Path
    text_of: Callable[[Path], str]
    _texts: dict[str, str] = field(default_factory=dict)
    _blocks: dict[str, tuple[_Block, ...]] = field(default_factory=dict)
    _tests: dict[str, dict[str, _Test]] = field(default_factory=dict)
    _words: dict[str, frozenset[str]] = field(default_factory=dict)

    def text(self, path: str) -> str:
        if path not in self._texts:
            try:
                self._texts[path] = self.text_of(Path(path))
            except (OSError, ValueError):
                self._texts[path] = ""
        return self._texts[path]

    def blocks(self, path: str) -> tuple[_Block, ...]:
        if path not in self._blocks:
            language = LANGUAGES.get(PurePosixPath(path).suffix)
            text = self.text(path) if language else ""
            table = LineTable(text)
            self._blocks[path] = tuple(
                _Block(
                    function=function,
                    hash=block_hash_of(block_text(text, function)),
                    lines=range(
                        table.line_of(function.span.start) + 1,
                        table.line_of(function.span.end) + 2,
                    ),
                )
                for function in functions(text, language or "")
            )
        return self._blocks[path]

    def at(self, path: str, lines: Iterable[int]) -> Iterator[str]:
        """Yield the hashes of the innermost functions around lines."""
        owner: dict[int, str] = {}
        for block in self.blocks(path):
            # Outer ones come first.
            owner |= dict.fromkeys(block.lines, block.hash)
        yield from dict.fromkeys(owner[line] for line in lines if line in owner)

    def test(self, node_id: str) -> _Test | None:
        """Return a test as it is written, if it is found."""
        path, _, name = node_id.partition("::")
        if path not in self._tests:
            text, language = self.text(path), LANGUAGES.get(PurePosixPath(path).suffix, "")
            self._tests[path] = {
                test.suffix: _Test(
                    hash=block_hash_of(block_text(text, test.region)),
                    words=frozenset(_WORD.findall(test.region.span.of(text))),
                )
                for test in test_functions(text, language)
            }
        suffix = name.split("[", 1)[0]
        if path.endswith(".go"):
            suffix = suffix.split("/", 1)[0]
        return self._tests[path].get(suffix)

    def words(self, path: str) -> frozenset[str]:
        """Return the words of a file."""
        if path not in self._words:
            self._words[path] = frozenset(_WORD.findall(self.text(path)))
        return self._words[path]

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else ""


def _executed(
    item: TestResult,
    wanted: Iterable[tuple[str, _Block]],
    files: _Files,
    *,
    paths: AbstractSet[str],
) -> Executed:
    test = None
    found: dict[str, bool | None] = {}
    ran = _lines_run(item, files)
    if item.outcome in PASSED | FAILED and paths:
        test, own_file = files.test(item.node_id), item.node_id.partition("::")[0]
        traced = {
            block
            for path, lines in _lines_traced(item, files).items()
            if path != own_file
            for block in files.at(path, lines)
        }
        named = {
            block.hash: _names(files, own_file, test, path, block.function)
            for path, block in wanted
        }
        if not ran:
            found = {block: None for block, is_named in named.items() if is_named}
        elif not paths.isdisjoint(ran):
            executed = [block for path, lines in ran.items() for block in files.at(path, lines)]
            found = dict.fromkeys(executed)
        found |= dict.fromkeys(traced)
        for block in found:
            found[block] = named.get(block)
            if item.outcome in FAILED and traced:
                found[block] = block in traced
            elif item.outcome is TestOutcome.ERROR:
                # It failed before or after the test itself, and nobody says where.
                found[block] = None
    return Executed(
        node_id=item.node_id,
        outcome=item.outcome,
        duration_ms=item.duration_ms or None,
        functions=found,
        test_block=test.hash if test is not None else "",
    )


def _lines_run(item: TestResult, files: _Files) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for covered in item.covered:
        if path := files.relative(covered.path):
            found.setdefault(path, []).extend(covered.lines)
    if not found:
        for frame in item.executed:
            if path := files.relative(frame.path):
                found.setdefault(path, []).append(frame.line)
    return found


def _lines_traced(item: TestResult, files: _Files) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for frame in item.frames:
        if (path := files.relative(frame.path)) and Path(path).name != "conftest.py":
            found.setdefault(path, []).append(frame.line)
    return found


def _names(
    files: _Files, test_file: str, test: _Test | None, path: str, function: FunctionRegion
) -> bool | None:
    """Tell whether a test's text names a function, and its file the place that it comes from.

    Returns:
        None where the test is not found.
    """
    if test is None:
        return None
    if function.name not in test.words:
        return False
    where, beside = PurePosixPath(path), PurePosixPath(test_file).parent
    if path == test_file or (function.language == "go" and where.parent == beside):
        return True
    places = {where.parent.name}
    if function.language != "go":
        places |= {where.stem, (function.class_name or "").rpartition(".")[2]}
    return not (places - {""}).isdisjoint(files.words(test_file))
