"""A pytest plugin that writes down what became of each test and which functions it executed.

``pytest -p ducktypist.pytest_plugin --ducktypist-outcomes FILE`` appends JSON lines to FILE, for
``ducktypist ledger ingest``; the format is documented in ``docs/outcomes.md``. A team may copy this
one file: it needs Python 3.9, pytest 7 and nothing else. The file names functions by hashes of
their text and holds none of it. Whatever goes wrong in here, the tests never notice.
"""
# ruff: noqa: ANN401 - pytest and the interpreter hand in whatever they have

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import hashlib
import inspect
import json
import os
import platform
import sys
import threading
import time
import tokenize
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SCHEMA = 1
DEFAULT_FILE = ".ducktypist-outcomes.jsonl"
VARIABLE = "DUCKTYPIST_OUTCOMES"
MAX_FILE_BYTES = 4 * 1024**2
MAX_FUNCTIONS = 5000
"""Of one test; of one that executes more, it is not said which."""
MAX_LOOKS = 32
"""Calls of one function in one test that are looked at for who calls it."""
MAX_HEARD = 300
"""Calls of one function in one test that are heard of at all, where that can be chosen."""
MAX_WALK = 60
"""Frames between a function and the code of the project that called it."""
CARRIED = "ducktypist_outcome"
"""The attribute of a report that says what the test executed; pytest-xdist passes it on."""
COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "BUILDKITE_COMMIT")


def pytest_addoption(parser: Any) -> None:
    """Add the option."""
    parser.getgroup("ducktypist").addoption(
        "--ducktypist-outcomes",
        nargs="?",
        const=DEFAULT_FILE,
        metavar="FILE",
        help=f"append what became of each test, and which functions it executed, to FILE (by "
        f"default {DEFAULT_FILE}; ${VARIABLE} does the same)",
    )


def pytest_configure(config: Any) -> None:
    """Begin, if a file was asked for."""
    path = config.getoption("--ducktypist-outcomes", None) or os.environ.get(VARIABLE, "")
    if not path:
        return
    with contextlib.suppress(Exception):
        root = os.path.realpath(str(config.rootpath))
        config.pluginmanager.register(_Watcher(root), "ducktypist-watcher")
        # A worker of pytest-xdist tells the process that started it.
        if not hasattr(config, "workerinput"):
            file = Path(str(config.invocation_params.dir)) / path
            config.pluginmanager.register(_Writer(str(file), root), "ducktypist-writer")


# --------------------------------------------------------------------------- what is written


class _Writer:
    """Appends one line for each test, in the process that hears of all of them."""

    def __init__(self, path: str, root: str) -> None:
        self._path = path
        self._root = root
        self._run = uuid.uuid4().hex
        self._file = -1
        self._problem = ""
        self._n_tests = 0
        self._phases: dict[tuple[str, str], list[Any]] = {}
        self._attempts: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def pytest_sessionstart(self) -> None:
        """Say which run this is."""
        self._guarded(self._begin)

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that could not be read."""
        if report.outcome == "failed":
            self._guarded(lambda: self._say("uncollected", id=report.nodeid))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take one of a test's three reports."""
        self._guarded(lambda: self._take(report))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: Any) -> None:
        """Say that this is all."""
        self._guarded(lambda: self._say("end", n_tests=self._n_tests, exit_status=int(exitstatus)))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where the outcomes are, or why they are not."""
        with contextlib.suppress(Exception):
            told = self._problem or f"outcomes of {self._n_tests} tests are in {self._path}"
            terminalreporter.write_line(f"ducktypist: {told}")

    def pytest_unconfigure(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = -1

    def _begin(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._file = os.open(self._path, flags, 0o600)
        root = Path(self._root)
        top, commit = _repository(root)
        self._say(
            "run",
            schema=SCHEMA,
            started=_now(),
            folder=root.relative_to(top).as_posix() if top is not None else "",
            commit=commit,
            environment=_environment(),
            python=platform.python_version(),
            pytest=pytest.__version__,
        )

    def _take(self, report: Any) -> None:
        key = (report.nodeid, str(getattr(report, "worker_id", "")))
        phases = self._phases.setdefault(key, [])
        phases.append(report)
        # pytest-xdist tells of a worker that crashed in one report of no known phase.
        if report.when in {"setup", "call"}:
            return
        del self._phases[key]
        attempt = self._attempts[report.nodeid] = self._attempts.get(report.nodeid, -1) + 1
        ran = getattr(report, CARRIED, None)
        more: dict[str, Any] = {}
        if isinstance(ran, dict):
            names = [ran["test"], ran["outside"], *ran["ran"], *ran["traced"]]
            new = [name for name in dict.fromkeys(names) if name and name not in self._numbers]
            if new:
                first = len(self._numbers)
                self._numbers.update((name, first + n) for n, name in enumerate(new))
                self._say("blocks", first=first, hashes=new)
            number = self._numbers.get
            more = {
                "test": number(ran["test"]),
                "outside": number(ran["outside"]),
                "ran": [number(name) for name in ran["ran"]],
                "direct": None if ran["direct"] is None else [number(it) for it in ran["direct"]],
                "traced": [number(name) for name in ran["traced"]],
            }
        self._say(
            "test",
            id=report.nodeid,
            outcome=_outcome(phases),
            duration_ms=round(sum(phase.duration for phase in phases) * 1000, 3),
            at=_now(),
            attempt=attempt,
            **more,
        )
        self._n_tests += 1

    def _say(self, kind: str, **fields: Any) -> None:
        """Append a line in one piece, so that a crash leaves whole lines and others' stay whole."""
        if self._file >= 0:
            line = json.dumps({"type": kind, "run": self._run, **fields}, separators=(",", ":"))
            os.write(self._file, f"{line}\n".encode("ascii"))

    def _guarded(self, do: Callable[[], None]) -> None:
        if self._problem:
            return
        try:
            do()
        except Exception as error:  # noqa: BLE001 - the tests must not notice
            self._problem = f"outcomes are not written: {type(error).__name__}: {error}"


def _outcome(phases: Iterable[Any]) -> str:
    """Return one word for what the reports of setup, call and teardown say together."""
    words = {phase.when: phase.outcome for phase in phases}
    is_expected = any(hasattr(phase, "wasxfail") for phase in phases)
    if any(word not in {"passed", "skipped"} for word in words.values()):
        return "failed" if words.get("call", "passed") not in {"passed", "skipped"} else "error"
    if "skipped" in words.values():
        return "xfailed" if is_expected else "skipped"
    return "xpassed" if is_expected else "passed"


# --------------------------------------------------------------------------- what is executed


class _Watcher:
    """Notes which functions of the project each test executes, where the tests are executed."""

    def __init__(self, root: str) -> None:
        self._sources = _Sources(root)
        self._calls = _Calls(self._sources)
        self._traced: list[str] = []
        self._test: Any = None
        self._is_on = True

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: Any) -> Iterator[None]:
        """Begin a test; one that is run again begins again."""
        with self._guarded():
            function = getattr(item, "function", None) or getattr(item, "obj", None)
            function = inspect.unwrap(function) if callable(function) else None
            self._test = getattr(function, "__code__", None)
            self._traced = []
            self._calls.begin(self._test)
        yield

    # Innermost, so that pytest's own work is not listened to.

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_fixture_setup(self) -> Iterator[None]:
        """Listen while a fixture is made."""
        yield from self._listening()

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Listen while the test runs."""
        yield from self._listening()

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Listen while fixtures are taken down."""
        yield from self._listening()

    def _listening(self) -> Iterator[None]:
        with self._guarded():
            self._calls.listen()
        yield
        with self._guarded():
            self._calls.pause()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: Any) -> Iterator[None]:
        """Give the report of the teardown what the test executed."""
        given = yield
        with self._guarded():
            if call.excinfo is not None:
                self._traced.extend(self._functions_of(call.excinfo.tb))
            if call.when == "teardown":
                told = self._told()
                if told is not None:
                    setattr(given.get_result(), CARRIED, told)  # type: ignore[attr-defined] # pluggy's result of the hook

    def _told(self) -> dict[str, Any] | None:
        ran = self._calls.end()
        if ran is None:
            return None
        is_direct: dict[str, bool] = {}
        is_all = True
        for code, direct in ran:
            block = self._sources.block_of(code)
            if block:
                is_direct[block] = direct or is_direct.get(block, False)
            else:
                is_all = False
        test = self._sources.block_of(self._test) if self._test is not None else ""
        direct_ones = [block for block, direct in is_direct.items() if direct]
        outside = self._sources.outside(self._test) if is_all and self._test is not None else ""
        return {
            "test": test,
            "outside": outside,
            "ran": list(is_direct),
            "direct": direct_ones if self._test is not None else None,
            "traced": list(dict.fromkeys(self._traced)),
        }

    def _functions_of(self, trace: Any) -> Iterator[str]:
        while trace is not None:
            code = trace.tb_frame.f_code
            # What fails in the test's own file or in a fixture's is the check, not what is checked.
            is_check = Path(code.co_filename).name == "conftest.py" or (
                self._test is not None and code.co_filename == self._test.co_filename
            )
            if not is_check and self._sources.holds(code):
                block = self._sources.block_of(code)
                if block:
                    yield block
            trace = trace.tb_next

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        if not self._is_on:
            yield
            return
        try:
            yield
        except Exception:  # noqa: BLE001 - the tests must not notice
            self._is_on = False
            with contextlib.suppress(Exception):
                self._calls.end()


class _Calls:
    """Hears of calls: through ``sys.monitoring`` (Python 3.12), else a profile function."""

    def __init__(self, sources: _Sources) -> None:
        self._sources = sources
        self._codes: dict[int, Any] = {}
        """By identity, for code objects are compared by their content, which takes long; kept, so
        that no identity is used twice."""
        self._foreign: dict[int, Any] = {}
        self._looks: dict[int, int] = {}
        """How often each function was called in this test, as far as that was counted."""
        self._direct: set[int] = set()
        self._done: set[int] = set()
        """Functions of which this test needs to hear no more."""
        self._names: dict[int, frozenset[str]] = {}
        self._file = ""
        self._depth = 0
        self._was_deaf = False
        """Whether this test called something that was not heard."""
        self._monitoring: Any = None
        self._are_some_off = False
        """Whether ``sys.monitoring`` tells of some functions of the project no more."""

    def begin(self, test: Any) -> None:
        """Forget what ran."""
        self._file = test.co_filename if test is not None else ""
        self._looks, self._direct, self._done = {}, set(), set()
        self._was_deaf = False
        if self._are_some_off:
            self._are_some_off = False
            self._monitoring.restart_events()

    def listen(self) -> None:
        """Note what is called from here on; may be within another listening."""
        self._depth += 1
        if self._depth == 1 and self._monitoring is None and not self._monitor():
            self._was_deaf |= not self._profile()

    def pause(self) -> None:
        """Note nothing until listening again."""
        self._depth = max(0, self._depth - 1)
        if self._depth == 0 and self._monitoring is None:
            if sys.getprofile() == self._on_event:
                sys.setprofile(None)
            else:
                # Somebody took its place, or the interpreter dropped it for lack of stack.
                self._was_deaf = True
            if getattr(threading, "_profile_hook", None) == self._on_event:
                threading.setprofile(None)

    def end(self) -> list[tuple[Any, bool]] | None:
        """Return what ran and whether the test itself called it; None where nobody listened."""
        if self._depth > 0:
            self._depth = 1
            self.pause()
        looks = self._looks
        if self._was_deaf or len(looks) > MAX_FUNCTIONS:
            return None
        return [(self._codes[key], key in self._direct) for key in looks]

    def _monitor(self) -> bool:
        monitoring: Any = getattr(sys, "monitoring", None)
        # The numbers that are reserved for other kinds of tools are left to them.
        free = [tool for tool in (4, 3) if monitoring is not None and not monitoring.get_tool(tool)]
        if not free:
            return False
        tool, start = free[0], monitoring.events.PY_START
        monitoring.use_tool_id(tool, "ducktypist-outcomes")
        monitoring.register_callback(tool, start, self._on_start)
        monitoring.set_events(tool, start)
        self._monitoring = monitoring
        return True

    def _on_start(self, code: Any, _: int) -> Any:
        """Hear of a call; once is enough of others' functions, as nothing switches them on again.

        The project's stay on as a rule, because to switch them on again switches on everything.
        """
        key = id(code)
        if key in self._foreign:
            return self._monitoring.DISABLE
        if self._depth == 0:
            return None
        if key not in self._done:
            self._note(code, sys._getframe(1).f_back)  # noqa: SLF001 - the only way to the caller
            return None
        n_heard = self._looks[key] = self._looks.get(key, 0) + 1
        if n_heard < MAX_HEARD:
            return None
        self._are_some_off = True
        return self._monitoring.DISABLE

    def _profile(self) -> bool:
        if sys.getprofile() is not None:
            return False
        if getattr(threading, "_profile_hook", None) is None:
            threading.setprofile(self._on_event)
        sys.setprofile(self._on_event)
        return True

    def _on_event(self, frame: Any, event: str, _: Any) -> None:
        if event == "call":
            code = frame.f_code
            key = id(code)
            if key not in self._foreign and key not in self._done:
                self._note(code, frame.f_back)

    def _note(self, code: Any, caller: Any) -> None:
        # Whatever is raised in here would be raised in the tests: a lack of stack, for one.
        with contextlib.suppress(Exception):
            key = id(code)
            if key not in self._codes:
                if not self._sources.holds(code):
                    self._foreign[key] = code
                    return
                self._codes[key] = code
            n_looks = self._looks[key] = self._looks.get(key, 0) + 1
            if self._is_called_by_test(code, caller):
                self._direct.add(key)
                self._done.add(key)
            elif n_looks >= MAX_LOOKS:
                self._done.add(key)

    def _is_called_by_test(self, code: Any, caller: Any) -> bool:
        """Tell whether the nearest caller of the project stands in the test's file.

        Where others' code is in between (a library that calls back, an event loop), the caller
        must name the function, too.
        """
        for n_between in range(MAX_WALK):
            if caller is None:
                return False
            if self._sources.holds(caller.f_code):
                is_there = caller.f_code.co_filename == self._file
                return is_there and (n_between == 0 or code.co_name in self._named(caller.f_code))
            caller = caller.f_back
        return False

    def _named(self, code: Any) -> frozenset[str]:
        known = self._names.get(id(code))
        if known is None:
            found = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
            for constant in code.co_consts:
                if inspect.iscode(constant):
                    found |= self._named(constant)
            known = self._names[id(code)] = frozenset(found)
            self._codes.setdefault(id(code), code)
        return known


# --------------------------------------------------------------------------- what a function is


class _Sources:
    """Which functions are the project's, and by which hash of their text they are known."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip(os.sep) + os.sep
        self._started_s = time.time()
        self._is_own: dict[str, bool] = {}
        self._files: dict[str, list[tuple[int, int, int, str, str]]] = {}
        self._outsides: dict[str, str] = {}
        self._modules: tuple[int, list[str]] = (0, [])
        """How many modules there were, and the files of the project's among them."""
        self._known_outsides: dict[tuple[int, str], str] = {}
        self._blocks: dict[int, tuple[Any, str]] = {}

    def holds(self, code: Any) -> bool:
        """Tell whether this is a function of the project; the body of a class is none."""
        return bool(code.co_flags & inspect.CO_OPTIMIZED) and self._owns(code.co_filename)

    def outside(self, test: Any) -> str:
        """Return a hash of what the project's modules say outside of functions.

        Those that are imported by now, of test modules the test's own. Empty where the file of one
        is another one by now.
        """
        if len(sys.modules) != self._modules[0]:
            modules: list[Any] = list(sys.modules.values())
            files = {
                str(vars(module).get("__file__") or "")
                for module in modules
                if inspect.ismodule(module)
            }
            self._modules = (len(sys.modules), sorted(filter(self._is_code, files)))
        key = self._modules[0], test.co_filename
        if key not in self._known_outsides:
            paths = {*self._modules[1], test.co_filename}
            for path in paths:
                self._functions(path)
            found = sorted(self._outsides[path] for path in paths)
            self._known_outsides[key] = _hash("\0".join(found)) if all(found) else ""
        return self._known_outsides[key]

    def _is_code(self, path: str) -> bool:
        name = os.path.basename(path)  # noqa: PTH119 - a text, looked at for every module
        is_test = name.startswith("test_") or name.endswith("_test.py")
        return name.endswith(".py") and not is_test and self._owns(path)

    def _owns(self, path: str) -> bool:
        known = self._is_own.get(path)
        if known is None:
            real = os.path.realpath(path)
            known = self._is_own[path] = (
                # ``<string>``, ``<frozen os>`` and the like are no files.
                Path(path).is_absolute()
                and real.startswith(self._root)
                and not real.startswith(os.path.realpath(sys.prefix) + os.sep)
                and f"{os.sep}site-packages{os.sep}" not in real
            )
        return known

    def block_of(self, code: Any) -> str:
        """Return the hash of a function's text; empty when its file is another one by now."""
        known = self._blocks.get(id(code))
        if known is None:
            known = self._blocks[id(code)] = (code, self._find(code))
        return known[1]

    def _find(self, code: Any) -> str:
        line, name, best = code.co_firstlineno, code.co_name, ""
        for first, start, end, own_name, block in self._functions(code.co_filename):
            if own_name == name and line in {first, start}:
                return block
            # Outer functions come first, so the last one is the innermost; lambdas are in one.
            if start <= line <= end:
                best = block
        return best if name.startswith("<") else ""

    def _functions(self, path: str) -> list[tuple[int, int, int, str, str]]:
        if path not in self._files:
            self._files[path], self._outsides[path] = [], ""
            with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                found = Path(path).stat()
                # What is imported is not what is there now.
                if found.st_mtime <= self._started_s and found.st_size <= MAX_FILE_BYTES:
                    with tokenize.open(path) as file:
                        text = file.read()
                    self._files[path] = list(functions_in(text))
                    self._outsides[path] = _outside(text, self._files[path])
        return self._files[path]


def functions_in(text: str) -> Iterator[tuple[int, int, int, str, str]]:
    """Yield first line (of its decorators), line of ``def``, last line, name and hash of functions.

    The hash is of the same text as ``syntax.blocks.block_text`` returns; a test compares them.

    Raises:
        SyntaxError: It is no Python.
    """
    lines = text.split("\n")
    nodes = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    for node in sorted(nodes, key=lambda it: (it.lineno, -(it.end_lineno or it.lineno))):
        end = node.end_lineno or node.lineno
        first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
        block = [line for line in (it.rstrip() for it in lines[node.lineno - 1 : end]) if line]
        while block and block[-1].lstrip().startswith("#"):
            block.pop()
        indent = block[0][: len(block[0]) - len(block[0].lstrip(" \t\f"))] if block else ""
        bare = "\n".join(line.removeprefix(indent) for line in block)
        yield first, node.lineno, end, node.name, _hash(bare)


def _outside(text: str, functions: Iterable[tuple[int, int, int, str, str]]) -> str:
    lines = text.split("\n")
    for first, _, end, _, _ in functions:
        lines[first - 1 : end] = [""] * (end - first + 1)
    kept = [line.rstrip() for line in lines]
    return _hash("\n".join(it for it in kept if it and not it.lstrip().startswith("#")))


def _hash(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return f"b2:{hashlib.blake2b(data, digest_size=16).hexdigest()}"


# --------------------------------------------------------------------------- where it runs


def _now() -> str:
    now = dt.datetime.now(dt.timezone.utc)  # noqa: UP017 - dt.UTC is Python 3.11's
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"


def _environment() -> str:
    """Return a hash of interpreter, system and installed packages, as far as folders name them."""
    packages: set[str] = set()
    for folder in sys.path:
        with contextlib.suppress(OSError):
            names = [path.name for path in Path(folder or ".").iterdir()]
            packages.update(name for name in names if name.endswith((".dist-info", ".egg-info")))
    parts = [platform.python_implementation(), sys.version, platform.system(), platform.machine()]
    return _hash("\0".join([*parts, *sorted(packages)]))


def _repository(folder: Path) -> tuple[Path | None, str]:
    """Return the top of the git repository around a folder, and the commit; git is not run."""
    named = next((os.environ[name] for name in COMMITS if os.environ.get(name)), "")
    top = next((at for at in (folder, *folder.parents) if (at / ".git").exists()), None)
    found = ""
    if top is not None:
        with contextlib.suppress(OSError, ValueError):
            found = _head(top / ".git")
    return top, found or named


def _head(git: Path) -> str:
    if git.is_file():
        # A worktree's or a submodule's.
        git = git.parent / _line(git).partition("gitdir:")[2].strip()
    head = _line(git / "HEAD")
    if not head.startswith("ref:"):
        return head
    name = head[4:].strip()
    places = [git]
    with contextlib.suppress(OSError):
        places.append(git / _line(git / "commondir"))
    for place in places:
        with contextlib.suppress(OSError):
            return _line(place / name)
    for place in places:
        with contextlib.suppress(OSError):
            for line in (place / "packed-refs").read_text(encoding="utf-8").splitlines():
                commit, _, ref = line.strip().partition(" ")
                if ref == name:
                    return commit
    return ""


def _line(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline(4096).strip()
