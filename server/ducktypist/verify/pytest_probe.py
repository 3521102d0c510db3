"""A pytest plugin that reports what happened, test by test, on a pipe of its own.

Runs inside the sandbox with the user's Python (3.8 or newer) and pytest (6 to 9), so it uses
nothing of Ducktypist. ``pytest_runner`` copies it next to the run and loads it with ``-p``.
It hides its pipe from the tests as well as it can; a test that sets out to forge reports from
within the same process still could, which is why we say plausible and not correct.
PYTEST_DONT_REWRITE: it has no assertions to rewrite, and is loaded for every run.
"""
# ruff: noqa: ANN401 - the classes of pytest's objects differ by version

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.pathlib import fnmatch_ex

if TYPE_CHECKING:
    from collections.abc import Generator

MAX_TEXT = 8000
MAX_FRAMES = 60
_FD = int(os.environ.pop("DUCKTYPIST_REPORT_FD"))
_SETUP = json.loads(os.environ.pop("DUCKTYPIST_PROBE"))
_PID = os.getpid()
_RED: set[str] = set()
os.set_inheritable(_FD, False)  # noqa: FBT003 - positional-only in Python


def pytest_configure(config: Any) -> None:
    """Add the file of tests that must fail, also where ``testpaths`` chose the others."""
    if not _SETUP["canary"]:
        return
    path = Path.cwd() / _SETUP["canary"]
    # pytest 8 drops a folder that is named together with a file in it, and the folder has it.
    if not any(_covers(argument, path) for argument in config.args):
        config.args.append(str(path))
        _SETUP["is_named"] = True


def _collect_by_file_path(file_path: Any, parent: Any) -> Any:
    """Collect the canaries' file where the project's patterns for test files leave it out."""
    return _canary_module(parent, path=file_path)


def _collect_by_path(path: Any, parent: Any) -> Any:
    """Do the same for pytest 6, whose paths are of another kind."""
    return _canary_module(parent, fspath=path)


_IS_OLD = pytest.__version__.startswith("6.")
pytest_collect_file = _collect_by_path if _IS_OLD else _collect_by_file_path


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> Any:
    """Collect the canaries whatever the project's naming rules are."""
    path = str(getattr(collector, "fspath", ""))
    is_canary = bool(_SETUP["canary"]) and Path(path).name == _SETUP["canary"]
    if is_canary and name.startswith("test_") and callable(obj) and not isinstance(obj, type):
        return pytest.Function.from_parent(collector, name=name)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: Any) -> None:
    """Say which tests there are, after all deselection."""
    _emit("collected", ids=[item.nodeid for item in session.items])


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(call: Any) -> Generator[None, Any, None]:
    """Keep the frames of a failure; the report itself has them only as text."""
    outcome = yield
    report = outcome.get_result()
    if call.excinfo is not None:
        report.ducktypist_frames = _frames(call.excinfo.value)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: Any) -> Generator[None, Any, None]:
    """Follow which lines a test and its fixtures run, when that was asked for."""
    if _LINES is None:
        yield
        return
    _LINES.begin(item.nodeid)
    try:
        yield
    finally:
        shared = [_shared_lines(item, name) for name in getattr(item, "fixturenames", ())]
        _emit("executed", **_LINES.end(shared, ordered=item.nodeid in _RED))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, Any, None]:
    """Keep the lines of a fixture that several tests share, for those that come later."""
    if _LINES is None or fixturedef.scope == "function":
        yield
        return
    before = _LINES.aside()
    try:
        yield
    finally:
        fixturedef.ducktypist_lines = _LINES.back(before)


def pytest_runtest_logreport(report: Any) -> None:
    """Say what became of one phase of one test."""
    if report.outcome == "failed":
        _RED.add(report.nodeid)
    _emit(
        "phase",
        id=report.nodeid,
        when=report.when,
        outcome=report.outcome,
        duration_s=getattr(report, "duration", 0.0),
        xfail=hasattr(report, "wasxfail"),
        text=_text(report) if report.outcome != "passed" else "",
        frames=getattr(report, "ducktypist_frames", []),
    )


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, Any, None]:
    """Keep the frames of a file that cannot be collected."""
    outcome = yield
    report = outcome.get_result()
    excinfo = getattr(getattr(report, "call", None), "excinfo", None)
    if excinfo is not None:
        error = excinfo.value
        report.ducktypist_frames = _frames(error.__cause__ or error)


def pytest_collectreport(report: Any) -> None:
    """Say that a file could not be collected."""
    if report.outcome == "failed":
        frames = getattr(report, "ducktypist_frames", [])
        _emit("uncollected", id=report.nodeid, text=_text(report), frames=frames)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    """Say that the session came to its proper end."""
    _emit("finished", status=int(exitstatus))


def _covers(argument: str, path: Path) -> bool:
    if "::" in argument:
        return False
    folder = Path(argument).resolve()
    return folder.is_dir() and folder in path.resolve().parents


def _canary_module(parent: Any, **place: Any) -> Any:
    (path,) = (Path(str(value)) for value in place.values())
    if path.name != _SETUP["canary"] or _SETUP.get("is_named"):
        return None
    if any(fnmatch_ex(pattern, path) for pattern in parent.config.getini("python_files")):
        return None
    return pytest.Module.from_parent(parent, **place)


def _emit(
    event: str,
    _write: Any = os.write,
    _dumps: Any = json.dumps,
    _pid: Any = os.getpid,
    **fields: object,
) -> None:
    # A test may fork and let the child run on into pytest; only the first process reports.
    # What is called is bound when this is loaded: a test may replace anything by name.
    if _pid() != _PID:
        return
    line = _dumps({"nonce": _SETUP["nonce"], "event": event, **fields}) + "\n"
    data = line.encode("utf-8", "backslashreplace")
    while data:
        data = data[_write(_FD, data) :]


def _shared_lines(item: Any, name: str) -> Any:
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    fixtures = known.get(name)
    return getattr(fixtures[-1], "ducktypist_lines", {}) if fixtures else {}


def _stuck(frame: Any) -> None:
    """Say where a test is that takes very long: it may be ended before it can say anything else."""
    stack: list[list[Any]] = []
    while frame is not None:
        if frame.f_code is _emit.__code__:
            # The timer's signal came in the middle of another report.
            return
        stack.append([frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name])
        frame = frame.f_back
    _emit("stuck", frames=stack[::-1][-MAX_FRAMES:], **_LINES.so_far())


def _text(report: Any) -> str:
    text = getattr(report, "longreprtext", None) or str(report.longrepr or "")
    if len(text) <= MAX_TEXT:
        return text
    # The end holds the assertion; the beginning, the test.
    return text[: MAX_TEXT // 4] + "\n[...]\n" + text[-3 * MAX_TEXT // 4 :]


def _frames(error: BaseException) -> list[list[Any]]:
    found: list[list[Any]] = []
    if isinstance(error, SyntaxError) and error.filename:
        found.append([str(Path(error.filename).absolute()), error.lineno or 1, "<module>"])
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        path = str(Path(code.co_filename).absolute())
        if not path.startswith(sys.prefix + os.sep) and Path(path).is_file():
            found.append([path, trace.tb_lineno, code.co_name])
        trace = trace.tb_next
    return found[-MAX_FRAMES:]


def _lines() -> Any:
    if not _SETUP.get("trace"):
        return None
    # It is there only when a run is traced.
    line_probe = importlib.import_module("_ducktypist_line_probe")
    return line_probe.TestLines(str(Path.cwd()), tell_stuck=_stuck)


_LINES = _lines()
_emit("loaded", pytest=pytest.__version__, python=sys.version.split()[0])
