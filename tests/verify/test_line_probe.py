from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed, TestOutcome, TestReport, TestResult
from ducktypist.verify import line_probe
from ducktypist.verify.line_reports import LineReports
from ducktypist.verify.pytest_runner import PytestRunner
from ducktypist.verify.runner import RunRequest
from support.sandboxes import LIMITS

MODULE = """\
import threading

TABLE = [number for number in range(3)]


class Counter:
    start = TABLE[0]

    def count(self, n):
        total = self.start
        for step in range(n):
            if step % 2:
                total += step
            else:
                total -= 1
        return total


def in_thread(n):
    found = []

    def work():
        found.append(n)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found


def numbers(n):
    for number in range(n):
        yield number


def prepared():
    return Counter()


def long_call(n):
    return max(
        n,
        len("three"),
    )


def forever(n):
    while n >= 0:
        n += 1
    return n
"""
TESTS = """\
import pytest

import module


@pytest.fixture(scope="module")
def shared():
    return module.prepared()


@pytest.fixture
def own():
    return list(module.numbers(1))


def test_wrong(shared):
    assert shared.count(4) == 99


def test_right(shared, own):
    assert shared.count(0) == 0


def test_thread():
    assert module.in_thread(1) == [1]


def test_imports():
    import late

    assert late.double(2) == 4


def test_skipped():
    pytest.skip("not now")


@pytest.mark.xfail
def test_known():
    assert module.long_call(1) == 0
"""
LATE = "FACTOR = 2\n\n\ndef double(x):\n    return FACTOR * x\n"
PROBE = Path(line_probe.__file__)
DRIVER = """
import importlib.util, json, sys
def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    found = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
probe = load("probe", sys.argv[1])
module = load("module", sys.argv[2] + "/module.py")
lines = probe.TestLines(sys.argv[2], tell_stuck=lambda frame: None)
told = []
def one(work, ordered=False):
    lines.begin(str(len(told)))
    work()
    told.append(lines.end([], ordered=ordered))
one(lambda: module.Counter().count(4), ordered=True)
one(lambda: module.Counter().count(0))
one(lambda: module.in_thread(1))
one(lambda: list(module.numbers(2)))
one(lambda: None)
print(json.dumps(told))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project whose tests run lines in many ways."""
    root = tmp_path / "workspace"
    root.mkdir()
    for name, text in {"module.py": MODULE, "test_module.py": TESTS, "late.py": LATE}.items():
        (root / name).write_text(text)
    return root


def interpreters() -> list[str]:
    """Return this Python, and one of each other version that is there."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [sys.executable]
    for minor in (8, 10, 12, 13, 14):
        name = f"python3.{minor}"
        places = [shutil.which(name), *pyenv.glob(f"versions/3.{minor}.*/bin/{name}")]
        for place in filter(None, places):
            done = subprocess.run([place, "-c", ""], check=False, capture_output=True)
            if done.returncode == 0:
                found.append(str(place))
                break
    return found


async def traced(
    bench: Any, *targets: str, trace: bool = True, timeout_s: float = 20.0, **overlay: str
) -> TestReport:
    """Return the report of a traced run, with modules laid over."""
    runner = PytestRunner(sandbox=bench.sandbox, interpreter=bench.user_python)
    return await runner.run(
        RunRequest(
            root=bench.workspace,
            limits=replace(LIMITS, timeout_s=timeout_s),
            targets=targets,
            overlay={Path(f"{name}.py"): text for name, text in overlay.items()},
            trace=trace,
        )
    )


def covered(report: TestReport, root: Path) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the lines of the files under test by test and file."""
    return {
        result.node_id.partition("::")[2]: {
            file.path.relative_to(root).as_posix(): file.lines
            for file in result.covered
            if not file.path.name.startswith("test_")
        }
        for result in report.results
    }


@pytest.mark.sandbox
async def test_each_test_has_its_own_lines(bench: Any) -> None:
    """Fixtures count for the tests that use them, shared ones for all; imports for none."""
    report = await traced(bench)
    found = covered(report, bench.workspace)
    assert found == {
        "test_wrong": {"module.py": (10, 11, 12, 13, 15, 16, 37)},
        "test_right": {"module.py": (10, 11, 16, 32, 33, 37)},
        "test_thread": {"module.py": (20, 22, 23, 25, 26, 27, 28)},
        "test_imports": {"late.py": (5,)},
        "test_skipped": {},
        "test_known": {"module.py": (41, 42, 43)},
    }
    assert report.canaries_failed is True


@pytest.mark.sandbox
async def test_the_order_is_kept_for_tests_that_failed(best: Any) -> None:
    """A failing test's lines come in the order of their first execution; passing ones have none."""
    report = await traced(best)
    by_name = {result.node_id.partition("::")[2]: result for result in report.results}
    lines = [
        (frame.line, frame.function)
        for frame in by_name["test_wrong"].executed
        if frame.path == best.workspace / "module.py"
    ]
    assert lines == [
        (37, "prepared"),
        *((line, "count") for line in (10, 11, 12, 15, 13, 16)),
    ]
    assert by_name["test_right"].executed == ()
    assert by_name["test_right"].covered


@pytest.mark.sandbox
async def test_nothing_is_noted_unless_it_is_asked_for(best: Any) -> None:
    """A run that is not traced has no lines."""
    report = await traced(best, trace=False)
    assert {(result.executed, result.covered) for result in report.results} == {((), ())}


@pytest.mark.sandbox
async def test_a_test_that_never_ends_says_where_it_was(best: Any) -> None:
    """A run that is ended from outside leaves the lines so far and the place as a traceback."""
    loop = "from module import forever\n\n\ndef test_loop():\n    assert forever(1) == 0\n"
    report = await traced(best, "test_loop.py::test_loop", timeout_s=12.0, test_loop=loop)
    assert report.killed is Killed.WALL_CLOCK
    (result,) = report.results
    assert result.outcome is TestOutcome.ERROR
    assert [frame.function for frame in result.frames] == ["test_loop", "forever"]
    assert result.frames[-1].line in {48, 49}
    assert {frame.line for frame in result.executed if frame.function == "forever"} == {48, 49}


@pytest.mark.sandbox
async def test_another_tracer_stays_alive(best: Any) -> None:
    """A tracer that is there before goes on to be called, as coverage tools need it."""
    tracer = (
        "import sys\n\nSEEN = []\n\n\n"
        "def tracer(frame, event, arg):\n"
        "    SEEN.append(frame.f_code.co_name)\n    return tracer\n\n\n"
        "def pytest_runtest_logstart():\n    sys.settrace(tracer)\n\n\n"
        "def pytest_runtest_logfinish():\n    sys.settrace(None)\n"
    )
    test = (
        "import conftest\nimport module\n\n\n"
        "def test_seen():\n    module.Counter().count(1)\n    assert 'count' in conftest.SEEN\n"
    )
    report = await traced(best, "test_seen.py", conftest=tracer, test_seen=test)
    assert [result.outcome for result in report.results] == [TestOutcome.PASSED]


@pytest.mark.parametrize("python", interpreters())
def test_all_versions_of_python_note_the_same(python: str, workspace: Path) -> None:
    """With a trace function or with ``sys.monitoring``: the same lines, new in every test."""
    command = [python, "-c", DRIVER, str(PROBE), str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    path = str(workspace / "module.py")
    order = [[0, "count", [10, 11, 12, 15, 13, 16]]]
    assert json.loads(done.stdout) == [
        {"id": "0", "files": [path], "lines": ["10-13,15-16"], "order": order},
        {"id": "1", "files": [path], "lines": ["10-11,16"]},
        {"id": "2", "files": [path], "lines": ["20,22-23,25-28"]},
        {"id": "3", "files": [path], "lines": ["32-33"]},
        {"id": "4", "files": [], "lines": []},
    ]


def test_lines_beyond_the_bounds_are_not_told(tmp_path: Path) -> None:
    """A suite that runs very many lines gets reports without them, and never one that is huge."""
    lines = line_probe.TestLines(str(tmp_path), tell_stuck=lambda _: None)
    many = {(str(tmp_path / "a.py"), line): "f" for line in range(1, 40_000, 2)}
    sizes = []
    for number in range(200):
        lines.begin(str(number))
        sizes.append(len(json.dumps(lines.end([many], ordered=True))))
    assert sizes[0] > 100_000
    assert sizes[-1] < 100
    assert sum(sizes) < 24 * 1024**2


def test_malformed_reports_are_dropped(tmp_path: Path) -> None:
    """What does not have the form of a report counts as nothing said; so does what lies outside."""
    reports = LineReports(root=tmp_path, inside=Path("/inside"))
    good = {"id": "a", "files": ["/inside/m.py"], "lines": ["2-3,7"], "order": [[0, "f", [7, 2]]]}
    for bad in (
        {"files": [], "lines": []},
        {**good, "lines": []},
        {**good, "lines": ["x"]},
        {**good, "lines": ["9-2"]},
        {**good, "lines": ["1-99999999999"]},
        {**good, "order": [[5, "f", [1]]]},
        {**good, "order": [[0, "f", [None]]]},
        {**good, "files": None},
    ):
        reports.add(bad)
    assert reports.covered("a") == ()
    reports.add(good)
    reports.add({"id": "b", "files": ["/etc/passwd", "/inside/../x.py"], "lines": ["1", "1"]})
    (file,) = reports.covered("a")
    assert (file.path, file.lines) == (tmp_path / "m.py", (2, 3, 7))
    assert [frame.line for frame in reports.executed("a")] == [7, 2]
    assert reports.covered("b") == ()


def test_a_suite_of_a_thousand_tests_takes_little_room(tmp_path: Path) -> None:
    """Equal sets of lines are kept once, and the numbers of different ones are shared."""
    reports = LineReports(root=tmp_path, inside=tmp_path)
    for number in range(1000):
        ranges = f"1-1999,{3000 + number % 2}"
        reports.add({"id": str(number), "files": [str(tmp_path / "m.py")], "lines": [ranges]})
    one, other = (reports.covered(name)[0].lines for name in ("0", "998"))
    assert one is other
    assert one[1500] is reports.covered("1")[0].lines[1500]
    result = TestResult(
        node_id="0", outcome=TestOutcome.PASSED, duration_ms=1.0, covered=reports.covered("0")
    )
    assert hash(result)
