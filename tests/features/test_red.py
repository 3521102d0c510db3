from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.domain import Frame, Killed, TestOutcome, TestReport, TestResult
from ducktypist.errors import RunnerError
from ducktypist.features.grounds import Grounds
from ducktypist.features.red import counts, locate, located, merged, run_tests, text_on_disk
from ducktypist.verify.runner import Runner, RunRequest
from ducktypist.verify.sandbox import SandboxStatus
from support.workbench import grounds_in, write_tree

FILES = {
    "shop.py": "def price(name):\n    return {'a': 1}[name]\n",
    "tests/test_shop.py": """\
import unittest

import pytest

from shop import price


def check(value):
    assert value == 1


def test_known():
    x = price("a")
    assert x == 1


def test_unknown():
    x = 1
    assert price("b") == x


@pytest.mark.parametrize("name", ["a", "é]b"])
def test_each(name):
    assert (
        price(name[0]) == 1
    )


def test_in_helper():
    x = 2
    check(x)


@pytest.fixture
def broken():
    raise ValueError("no")


def test_with_fixture(broken):
    pass


class TestCase(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(price("a"), 2)


@pytest.mark.skip
def test_later():
    assert False
""",
    "tests/test_broken.py": "import nothing_of_that_name\n\ndef test_x():\n    pass\n",
}


@pytest.mark.sandbox
async def test_what_is_red_and_where(
    workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Each red test has the line of its own file where it fails, whatever made it fail."""
    write_tree(workspace, FILES)
    run = await run_tests([], grounds=grounds_in(workspace, sandbox_level, scratch_root))
    lines = FILES["tests/test_shop.py"].splitlines()
    found = {item.node_id.partition("::")[2]: item for item in run.failing}
    at = {
        name: lines[item.line - 1].strip()
        for name, item in found.items()
        if item.path.name == "test_shop.py"
    }
    parametrised = next(name for name in at if name.startswith("test_each["))
    assert at == {
        "test_unknown": 'assert price("b") == x',
        parametrised: "price(name[0]) == 1",
        "test_in_helper": "assert value == 1",
        "test_with_fixture": 'raise ValueError("no")',
        "TestCase::test_equal": 'self.assertEqual(price("a"), 2)',
    }
    uncollected = found[""]
    assert uncollected.node_id == "tests/test_broken.py"
    assert uncollected.path == workspace / "tests" / "test_broken.py"
    assert uncollected.line == 1
    assert "nothing_of_that_name" in uncollected.message
    assert all(item.message and item.root == workspace for item in run.failing)
    assert run.settles("tests/test_shop.py::test_known")
    assert not run.problems
    told = counts(run.report)
    assert told["passed"] == 2
    assert len(told["failed"]) == 4  # type: ignore[arg-type] # a list, as the wire has it
    assert told["errors"] == ["tests/test_shop.py::test_with_fixture", "tests/test_broken.py"]
    assert told["skipped"] == 1
    assert "killed" not in told


@pytest.mark.sandbox
async def test_an_open_buffer_counts_instead_of_the_file(
    workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Unsaved text is what is tested, and lines are those of the buffer."""
    write_tree(workspace, {"test_a.py": "def test_a():\n    assert True\n"})
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    text = "\n\n\ndef test_a():\n    assert False\n"
    buffered = replace(grounds, buffers={Path("test_a.py"): text})
    run = await run_tests(["test_a.py"], grounds=buffered)
    (failing,) = run.failing
    assert failing.line == 5
    assert (workspace / "test_a.py").read_text() == "def test_a():\n    assert True\n"
    assert run.report.outcome_of("test_a.py::test_a") is TestOutcome.FAILED


@pytest.mark.parametrize(
    ("node_id", "line"),
    [
        ("t.py::test_a", 2),
        ("t.py::TestB::test_c", 7),
        ("t.py::test_a[x-1]", 2),
        ("t.py::test_a[a::b]", 2),
        ("t.py::test_gone", 1),
        ("t.py", 1),
        ("t.md::test_a", 1),
    ],
)
def test_locate(node_id: str, line: int) -> None:
    """A test's line is that of its ``def``; an unknown one is put at the top."""
    text = "\ndef test_a():\n    pass\n\n\nclass TestB:\n    def test_c(self):\n        pass\n"
    assert locate(node_id, text) == line


def test_a_go_test_is_located_by_its_function() -> None:
    """Whatever its subtests are called."""
    text = "package p\n\nfunc TestA(t *testing.T) {\n}\n"
    assert locate("p/a_test.go::TestA/x[1]/y", text) == 3
    assert locate("p/a_test.go::TestB", text) == 1


# --------------------------------------------------------------------------- several runners


def result(node_id: str, outcome: str = "passed", *frames: Frame, message: str = "") -> TestResult:
    """Return one result."""
    return TestResult(
        node_id=node_id,
        outcome=TestOutcome(outcome),
        duration_ms=1.0,
        message=message,
        frames=frames,
    )


def report(*results: TestResult, killed: Killed | None = None, unread: str = "") -> TestReport:
    """Return a report of these results, and of one file that could not be read."""
    return TestReport(
        results=results,
        collected=(),
        exit_status=None if killed else 0,
        killed=killed,
        duration_ms=5.0,
        output_tail="",
        collection_errors=(result(unread, "error", message="bad syntax"),) if unread else (),
    )


class Told:
    """A runner that answers what it was told to, and remembers what it was asked."""

    def __init__(self, suffix: str, answer: TestReport | RunnerError) -> None:
        self.name, self.language, self._suffix, self._answer = f"x{suffix}", "", suffix, answer
        self.asked: list[RunRequest] = []

    def owns(self, relative: Path) -> bool:
        """Tell by the suffix."""
        return relative.name.endswith(self._suffix)

    async def run(self, request: RunRequest) -> TestReport:
        """Answer."""
        self.asked.append(request)
        if isinstance(self._answer, RunnerError):
            raise self._answer
        return self._answer


def grounds_of(root: Path, status: SandboxStatus, *runners: object) -> Grounds:
    """Return grounds with these runners."""
    found: tuple[Runner, ...] = runners  # type: ignore[assignment] # they never make trials
    return replace(grounds_in(root, status, root / "none"), runners=found)


@pytest.fixture
def nowhere() -> SandboxStatus:
    """Return the status of a sandbox that no run here needs."""
    return SandboxStatus(level=0, tool="", version="", reason="")


async def test_without_targets_every_runner_runs_its_own(
    workspace: Path, nowhere: SandboxStatus
) -> None:
    """One report of all; a runner that owns no file in the folder is left alone."""
    write_tree(workspace, {"a/test_a.py": "", "b_test.go": "", ".venv/x.rb": ""})
    py = Told(".py", report(result("a/test_a.py::test_x")))
    go = Told("_test.go", report(result("b_test.go::TestX", "failed")))
    rb = Told(".rb", report())
    run = await run_tests([], grounds=grounds_of(workspace, nowhere, py, go, rb))
    assert [item.node_id for item in run.report.results] == [
        "a/test_a.py::test_x",
        "b_test.go::TestX",
    ]
    assert run.report.duration_ms == 10
    assert [test.node_id for test in run.failing] == ["b_test.go::TestX"]
    assert [one.targets for one in (*py.asked, *go.asked, *rb.asked)] == [(), ()]
    assert not any(one.race for one in (*py.asked, *go.asked))
    assert not any(one.canaries for one in (*py.asked, *go.asked))


async def test_races_are_looked_for_where_that_is_possible(
    workspace: Path, nowhere: SandboxStatus
) -> None:
    """Go's runner is asked to; another one runs as ever."""
    write_tree(workspace, {"test_a.py": "", "b_test.go": ""})
    py, go = Told(".py", report()), Told("_test.go", report())
    go.language = "go"
    await run_tests([], grounds=grounds_of(workspace, nowhere, py, go), race=True)
    assert ([one.race for one in py.asked], [one.race for one in go.asked]) == ([False], [True])


async def test_targets_go_to_who_owns_them(workspace: Path, nowhere: SandboxStatus) -> None:
    """Tests and files to their runner, a folder to every one that owns a file in it."""
    write_tree(workspace, {"a/test_a.py": "", "a/b_test.go": "", "c/c_test.go": ""})
    py, go = Told(".py", report()), Told("_test.go", report())
    grounds = grounds_of(workspace, nowhere, py, go)
    await run_tests(["a/test_a.py::test_x", "a/b_test.go", "c"], grounds=grounds)
    await run_tests(["a"], grounds=grounds)
    assert [one.targets for one in py.asked] == [("a/test_a.py::test_x",), ("a",)]
    assert [one.targets for one in go.asked] == [("a/b_test.go", "c"), ("a",)]


async def test_a_file_of_nobody_is_an_error(workspace: Path, nowhere: SandboxStatus) -> None:
    """It names the file and who was asked; so does a folder without tests."""
    write_tree(workspace, {"a/b.rb": ""})
    grounds = grounds_of(workspace, nowhere, Told(".py", report()), Told("_test.go", report()))
    with pytest.raises(RunnerError, match=r"a/b\.rb is no test file of x\.py and x_test\.go"):
        await run_tests(["a/b.rb::x"], grounds=grounds)
    with pytest.raises(RunnerError, match=r"there are no test files of .* in a"):
        await run_tests(["a"], grounds=grounds)


async def test_one_runner_that_cannot_run_does_not_hide_the_others(
    workspace: Path, nowhere: SandboxStatus
) -> None:
    """What it said is kept beside their results; if all failed it is an error."""
    write_tree(workspace, {"test_a.py": "", "b_test.go": ""})
    py, go = Told(".py", RunnerError("no pytest")), Told("_test.go", report())
    run = await run_tests([], grounds=grounds_of(workspace, nowhere, py, go))
    assert run.problems == ("no pytest",)
    assert not run.settles("test_a.py::test_x")
    assert run.settles("b_test.go::TestX")
    broken = Told("_test.go", report(unread=""))
    broken._answer = replace(report(), collection_errors=(result("", "error", message="bad flag"),))
    with pytest.raises(RunnerError, match="no pytest"):
        await run_tests([], grounds=grounds_of(workspace, nowhere, py, broken))
    with pytest.raises(RunnerError, match="ended before it collected any test: bad flag"):
        await run_tests(["b_test.go"], grounds=grounds_of(workspace, nowhere, py, broken))


@pytest.mark.parametrize(
    ("targets", "given", "settled", "not_settled"),
    [
        pytest.param(
            [],
            report(),
            ["a.py::x", "d/b.py::y[1]", "a.py"],
            ["a.go::x"],
            id="all: the others went",
        ),
        pytest.param(
            ["d"], report(), ["d/b.py::x", "d/b.py"], ["a.py::x", "d2/b.py::x"], id="a folder"
        ),
        pytest.param(
            ["a.py"], report(), ["a.py::x", "a.py::T::y"], ["a.pyx::x", "b.py::x"], id="a file"
        ),
        pytest.param(
            ["a.py::T"],
            report(result("a.py::T::x")),
            ["a.py::T::x", "a.py::T::y", "a.py::T[1]"],
            ["a.py::T2", "b.py"],
            id="a class",
        ),
        pytest.param(
            [],
            report(result("a.py::x"), killed=Killed.WALL_CLOCK),
            ["a.py::x"],
            ["a.py::y", "b.py"],
            id="ended from outside",
        ),
        pytest.param(
            [], report(unread="a.py"), ["b.py::x"], ["a.py::x"], id="a file that cannot be read"
        ),
        pytest.param(
            ["a.py::x"], report(result("a.py::x")), ["a.py"], [], id="it can be read again"
        ),
    ],
)
async def test_what_a_run_settles(
    workspace: Path,
    nowhere: SandboxStatus,
    *,
    targets: list[str],
    given: TestReport,
    settled: list[str],
    not_settled: list[str],
) -> None:
    """What is green because of it, and what it says nothing of."""
    write_tree(workspace, {"a.py": "", "d/b.py": ""})
    run = await run_tests(targets, grounds=grounds_of(workspace, nowhere, Told(".py", given)))
    assert [node_id for node_id in (*settled, *not_settled) if run.settles(node_id)] == settled


RACE = """\
==================
WARNING: DATA RACE
Write at 0x00c000012345 by goroutine 8:
  example.com/m.(*Counter).Add()
      {root}/counter.go:2 +0x44

Previous read at 0x00c000012345 by goroutine 7:
  example.com/m.(*Counter).Get()
      {root}/counter.go:3 +0x44
==================
"""


def test_places_of_a_data_race(workspace: Path) -> None:
    """Both stacks count as frames, so that each function is offered the way out.

    The message begins with what the detector says, however long the test's own words are.
    """
    write_tree(workspace, {"counter.go": "\n" * 9, "a_test.go": "\n" * 9})
    message = "x" * 5000 + "\n" + RACE.format(root=workspace) + "testing.go: race detected\n" * 100
    (failing,), texts = located(
        report(result("a_test.go::TestA", "failed", message=message)),
        workspace,
        text_on_disk(workspace),
    )
    assert failing.message.startswith("WARNING: DATA RACE")
    assert "Previous read" in failing.message
    lines = {frame.line for frame in failing.frames if frame.path == workspace / "counter.go"}
    assert lines == {2, 3}
    assert texts[workspace / "counter.go"] == "\n" * 9


def test_lines_that_are_not_there(workspace: Path) -> None:
    """A frame behind its file's end, or of no file, is left out; nothing but files is read."""
    write_tree(workspace, {"test_a.py": "def test_a():\n    assert f()\n"})
    (workspace / "pipe.py").touch()
    frames = (
        Frame(path=workspace / "test_a.py", line=70, function="test_a"),
        Frame(path=workspace / "gone.py", line=1, function="f"),
        Frame(path=workspace, line=1, function="f"),
    )
    found = report(
        result("test_a.py::test_a", "failed", *frames), result("gone.py::test_b", "failed")
    )
    (one, other), texts = located(found, workspace, text_on_disk(workspace))
    assert (one.line, one.first_line, one.frames) == (1, 1, ())
    assert (other.line, other.path) == (1, workspace / "gone.py")
    assert list(texts) == [workspace / "test_a.py"]


def test_reports_merged_into_one() -> None:
    """The worst status and the first end from outside; none of nothing."""
    both = merged([report(result("a"), killed=Killed.MEMORY), report(result("b"), unread="c")])
    assert (both.killed, both.exit_status) == (Killed.MEMORY, None)
    assert [item.node_id for item in both.results] == ["a", "b"]
    assert [item.node_id for item in both.collection_errors] == ["c"]
    assert merged([]).results == ()
