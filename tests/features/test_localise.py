from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from ducktypist.domain import FileLines, Frame, TestOutcome, TestReport, TestResult
from ducktypist.features.fix.localise import MAX_FUNCTIONS, Suspect, impacted, suspects
from ducktypist.features.grounds import Grounds
from ducktypist.syntax.lines import LineTable
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_toolchain import find_go
from ducktypist.verify.sandbox import Sandbox, SandboxStatus
from ducktypist.verify.watchdog import Limits
from support.projects import Project, projects
from support.workbench import grounds_in, write_tree

PROJECTS = projects()
HARD = {"booking"}
"""A comparison that the passing tests run as often as everything around it: it is among the
suspects, and not among the first three. No second project may join it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where the localiser looks and where the bug is."""

    places: tuple[Suspect, ...]
    rank: int
    """Of the function, 1 is the first; 99 when it is not among them."""
    line_rank: int
    """Of the line among all lines of all functions."""


def grounds_of(root: Path, buffers: Mapping[Path, str] | None = None) -> Grounds:
    """Return grounds on which nothing can be run."""
    return Grounds(
        root=root,
        sandbox=cast("Sandbox", None),
        interpreter=Path(sys.executable),
        runners=(),
        limits=cast("Any", None),
        suite_limits=cast("Any", None),
        buffers=buffers or {},
    )


def ranked(places: tuple[Suspect, ...], project: Project) -> Found:
    """Return how early the bug comes."""
    keys = [(place.path, place.function.qualified_name) for place in places]
    wanted = (project.file, project.function)
    lines = sorted(
        ((-suspicion, number, line) for number, place in enumerate(places)
         for line, suspicion in place.lines.items()),
    )  # fmt: skip
    hits = [
        rank
        for rank, (_, number, line) in enumerate(lines, start=1)
        if keys[number] == wanted and line in project.lines
    ]
    return Found(
        places=places,
        rank=keys.index(wanted) + 1 if wanted in keys else 99,
        line_rank=hits[0] if hits else 99,
    )


async def traced(project: Project, grounds: Grounds, **changes: str) -> TestReport:
    """Return a traced run of all tests."""
    runner = grounds.runner_of(project.failing[0])
    request = grounds.request([], whole_suite=True)
    overlay = {Path(name): text for name, text in changes.items()}
    return await runner.run(replace(request, trace=True, overlay=overlay))


@pytest.fixture
def grounds(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus, go_cache: Path
) -> Grounds:
    """Grounds for Python and Go."""
    found = grounds_in(workspace, sandbox_level, tmp_path / "scratch", timeout_s=60.0)
    go = find_go(configured="", workspace=workspace)
    runner = GoRunner(sandbox=found.sandbox, toolchain=go, cache_dir=go_cache)
    limits = Limits(
        timeout_s=120.0,
        max_memory_bytes=4 * 1024**3,
        max_processes=256,
        max_output_bytes=4 * 1024**2,
    )
    return replace(found, runners=(*found.runners, runner), limits=limits, suite_limits=limits)


@pytest.mark.sandbox
@pytest.mark.timeout(300)
@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
async def test_the_bug_is_among_the_first_three_functions(
    project: Project, grounds: Grounds, workspace: Path
) -> None:
    """In nine of ten projects, for each failing test; the line is one of those to be changed."""
    await asyncio.to_thread(project.copy_to, workspace)
    report = await traced(project, grounds)
    failing = [result for result in report.results if result.outcome is TestOutcome.FAILED]
    assert sorted(result.node_id for result in failing) == sorted(project.failing)
    for failed in failing:
        places = await asyncio.to_thread(suspects, failed, grounds, suite=report)
        found = ranked(places, project)
        first = MAX_FUNCTIONS if project.name in HARD else 3
        assert found.rank <= first, names_of(found.places)
        assert found.line_rank < 99


@pytest.mark.sandbox
@pytest.mark.timeout(300)
@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
async def test_the_told_fix_is_one(project: Project, grounds: Grounds, workspace: Path) -> None:
    """With what ``case.json`` says every test passes."""
    await asyncio.to_thread(project.copy_to, workspace)
    report = await traced(project, grounds, **{project.file.as_posix(): project.fixed_text()})
    assert {result.outcome for result in report.results} == {TestOutcome.PASSED}
    assert 8 <= len({result.node_id.partition("[")[0] for result in report.results}) <= 20


def test_there_are_ten_projects() -> None:
    """Eight in Python and two in Go, of four to eight source files each."""
    assert [project.language for project in PROJECTS].count("python") == 8
    assert [project.language for project in PROJECTS].count("go") == 2
    for project in PROJECTS:
        suffix = {"python": ".py", "go": ".go"}[project.language]
        sources = [
            path
            for path in project.folder.rglob(f"*{suffix}")
            if "test" not in path.stem and path.stem != "__init__"
        ]
        assert 4 <= len(sources) <= 8, project.name


CODE = '''\
"""Sums."""


def total(values):
    """Return the sum."""
    found = start()
    for value in values:
        if value is None:
            continue
        found += clean(
            value,
            3,
        )
    return found


def start():
    return 1


def clean(value, most):
    return min(value, most)


def report(values):
    found = total(values)
    if found < 0:
        raise ValueError("negative")
    return f"{found}"
'''
TESTS = """\
from sums import report


def test_report():
    expected = "6"
    assert report([1, 2, 3]) == expected


def test_other():
    assert report([]) == "1"
"""


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """A small workspace."""
    return write_tree(tmp_path / "sums", {"sums.py": CODE, "tests/test_sums.py": TESTS})


def lines_of(root: Path, *lines: int, name: str = "sums.py") -> FileLines:
    """Return lines that a test ran."""
    return FileLines(path=root / name, lines=lines)


def result(
    name: str,
    *covered: FileLines,
    outcome: TestOutcome = TestOutcome.FAILED,
    frames: Sequence[tuple[Path, int]] = (),
) -> TestResult:
    """Return what became of one test."""
    return TestResult(
        node_id=f"tests/test_sums.py::{name}",
        outcome=outcome,
        duration_ms=1.0,
        covered=covered,
        frames=tuple(Frame(path=path, line=line, function="f") for path, line in frames),
    )


def report_of(*results: TestResult) -> TestReport:
    """Return a report."""
    return TestReport(
        results=results,
        collected=tuple(item.node_id for item in results),
        exit_status=1,
        killed=None,
        duration_ms=1.0,
        output_tail="",
    )


RAN = (6, 7, 8, 10, 11, 14, 18, 22, 26, 27, 29)


def names_of(places: Sequence[Suspect]) -> list[str]:
    """Return the functions in order."""
    return [place.function.qualified_name for place in places]


def test_lines_that_did_not_run_are_left_out(sums: Path) -> None:
    """A statement of several lines runs as a whole; what no test ran is not suspicious."""
    failed = result("test_report", lines_of(sums, *RAN), frames=[(sums / "tests/test_sums.py", 6)])
    found = {place.function.name: place for place in suspects(failed, grounds_of(sums))}
    assert set(found) == {"total", "start", "clean", "report"}
    assert set(found["total"].lines) == {6, 7, 8, 10, 11, 12, 14}
    assert set(found["report"].lines) == {26, 27, 29}
    for place in found.values():
        values = list(place.lines.values())
        assert values == sorted(values, reverse=True)
        assert all(0 < value <= 1 for value in values)
        assert 0 < place.suspicion <= 1


def test_what_passing_tests_run_is_less_suspicious(sums: Path) -> None:
    """The loop, which only the failing test runs, comes before what both run."""
    failed = result("test_report", lines_of(sums, *RAN))
    passed = result(
        "test_other", lines_of(sums, 6, 7, 14, 18, 26, 27, 29), outcome=TestOutcome.PASSED
    )
    alone = suspects(failed, grounds_of(sums))
    found = suspects(failed, grounds_of(sums), suite=report_of(failed, passed))
    assert names_of(found)[:2] == ["total", "clean"]
    (total,) = (place for place in found if place.function.name == "total")
    # The loop's head decides whether its body runs.
    assert set(list(total.lines)[:5]) == {7, 8, 10, 11, 12}
    assert {place.function.name for place in alone} == {place.function.name for place in found}


def test_without_lines_the_traceback_is_what_is_known(sums: Path) -> None:
    """Where nothing was traced, functions on the trace come with all of their lines."""
    code, test = sums / "sums.py", sums / "tests/test_sums.py"
    failed = result("test_report", frames=[(test, 6), (code, 26), (code, 10), (code, 22)])
    found = suspects(failed, grounds_of(sums))
    assert names_of(found)[0] == "clean"
    assert set(names_of(found)) == {"clean", "total", "report"}
    (total,) = (place for place in found if place.function.name == "total")
    assert set(total.lines) == {6, 7, 8, 9, 10, 11, 12, 14}


def test_the_condition_is_as_suspicious_as_its_branch(sums: Path) -> None:
    """That the wrong branch was taken shows in the branch; what raises only tells of it."""
    failed = result("test_report", lines_of(sums, 26, 27, 28))
    passed = result("test_other", lines_of(sums, 26, 27, 29), outcome=TestOutcome.PASSED)
    (found,) = suspects(failed, grounds_of(sums), suite=report_of(failed, passed))
    assert list(found.lines) == [27, 26, 28]


def test_what_sets_an_attribute_that_an_error_read_is_not_cleared(tmp_path: Path) -> None:
    """Off the traceback, a function that wrote what the failing line read stays before others."""
    code = """\
class Box:
    def fill(self, x):
        self.inside = x.strip() + x

    def label(self, x):
        self.name = x.strip() + x

    def empty(self):
        return self.inside + 1
"""
    root = write_tree(tmp_path / "box", {"box.py": code})
    failed = result(
        "test_report", lines_of(root, 3, 6, 9, name="box.py"), frames=[(root / "box.py", 9)]
    )
    assert names_of(suspects(failed, grounds_of(root))) == ["Box.empty", "Box.fill", "Box.label"]


def test_lines_that_ran_late_are_more_suspicious(tmp_path: Path) -> None:
    """What ran for the first time shortly before the failure comes before what ran long ago."""
    root = write_tree(
        tmp_path / "order", {"order.py": "def one(x):\n    return x + 1\n\n\n"
        "def two(x):\n    return x + 2\n\n\ndef three(x):\n    return x + 3\n"}
    )  # fmt: skip
    for lines in ((2, 6, 10), (10, 2, 6)):
        failed = replace(
            result("test_report", lines_of(root, 2, 6, 10, name="order.py")),
            executed=tuple(
                Frame(path=root / "order.py", line=line, function="f") for line in lines
            ),
        )
        found = [next(iter(place.lines)) for place in suspects(failed, grounds_of(root))]
        assert found == list(reversed(lines))


def test_lines_that_lead_to_an_error_come_first(sums: Path) -> None:
    """The line that raised and those that computed what it used are worse than the others."""
    code, test = sums / "sums.py", sums / "tests/test_sums.py"
    unused = """\
def unused(values):
    other = 1
    count = len(values) + 1
    return 10 / count


"""
    text = CODE.replace("def start", f"{unused}def start")
    (sums / "sums.py").write_text(text)
    at = text[: text.index("other = 1")].count("\n") + 1
    failed = result(
        "test_report",
        lines_of(sums, at, at + 1, at + 2),
        frames=[(test, 6), (code, at + 2)],
    )
    (found,) = suspects(failed, grounds_of(sums))
    assert list(found.lines) == [at + 1, at + 2, at]
    assert found.lines[at] < found.lines[at + 1]


def test_protected_files_are_never_suspects(sums: Path, tmp_path: Path) -> None:
    """Tests, conftest, settings and what lies outside the workspace cannot be changed."""
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_text(CODE)
    write_tree(sums, {"conftest.py": CODE, "tests/tool.py": CODE, "setup.py": CODE})
    places = [elsewhere, *(sums / name for name in ("conftest.py", "tests/tool.py", "setup.py"))]
    failed = result(
        "test_report",
        *(FileLines(path=path, lines=RAN) for path in places),
        frames=[(path, 6) for path in places],
    )
    assert suspects(failed, grounds_of(sums)) == ()


def test_unsaved_text_is_what_counts(sums: Path) -> None:
    """Lines are those of the open buffer, and a file that is gone does no harm."""
    buffer = "# one line more\n" + CODE
    failed = result("test_report", lines_of(sums, 19), lines_of(sums, 3, name="gone.py"))
    (found,) = suspects(failed, grounds_of(sums, {Path("sums.py"): buffer}))
    assert found.text == buffer
    assert found.function.name == "start"
    assert list(found.lines) == [19]


def test_a_failure_elsewhere_does_not_hide_the_cause(sums: Path) -> None:
    """A red test that runs other lines is another bug, and what both run is not blamed for it."""
    write_tree(
        sums, {"other.py": "def other(x):\n    return x + 1\n\n\ndef setup(x):\n    return x\n"}
    )
    shared = FileLines(path=sums / "other.py", lines=(6,))
    mine = result("test_report", lines_of(sums, 6, 7, 8, 10, 14, 18, 22), shared)
    reds = [
        result(f"test_red{number}", FileLines(path=sums / "other.py", lines=(2, 6)))
        for number in range(4)
    ]
    green = result("test_green", shared, outcome=TestOutcome.PASSED)
    found = suspects(mine, grounds_of(sums), suite=report_of(mine, *reds, green))
    assert names_of(found)[-1] == "setup"


def test_there_are_not_too_many(tmp_path: Path) -> None:
    """A test that runs half of a program gives the first few functions."""
    code = "".join(f"def f{number}(x):\n    return x + {number}\n\n\n" for number in range(40))
    root = write_tree(tmp_path / "many", {"many.py": code})
    ran = tuple(range(2, 160, 4))
    found = suspects(result("test_report", lines_of(root, *ran, name="many.py")), grounds_of(root))
    assert len(found) == MAX_FUNCTIONS


def test_impacted_tests_are_found_through_links(sums: Path, tmp_path: Path) -> None:
    """A report has the real path of a file, the workspace may be opened through a link."""
    link = tmp_path / "link"
    link.symlink_to(sums)
    report = report_of(
        result("test_a", lines_of(sums.resolve(), 6)), result("test_b", lines_of(sums.resolve(), 7))
    )
    assert impacted(report, link / "sums.py", {6}) == ("tests/test_sums.py::test_a",)


def test_every_line_of_a_suspect_is_a_line_of_its_text(sums: Path) -> None:
    """Numbers count from 1 and lie inside the function."""
    failed = result("test_report", lines_of(sums, *RAN))
    for place in suspects(failed, grounds_of(sums)):
        table = LineTable(place.text)
        for line in place.lines:
            assert place.function.span.covers(table.content(line - 1).start)
