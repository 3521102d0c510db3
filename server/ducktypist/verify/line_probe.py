"""Notes which lines of the workspace's functions each test runs, inside the test process.

Runs in the sandbox with the user's Python (3.8 or newer) and the standard library only;
``pytest_runner`` copies it next to the run and ``pytest_probe`` loads it when a run is traced.
``sys.monitoring`` where there is one (3.12), else a trace function. Lines of module and class
bodies are left out: they belong to the import, not to the test that happened to import first.
"""
# ruff: noqa: ANN401 - monitoring and trace functions are handed whatever the interpreter has

from __future__ import annotations

import dis
import inspect
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable

    Lines = dict[tuple[str, int], str]
    """Path and line to the function's name, in the order of first execution."""

MAX_LINES = 20_000
"""Of one test; what it runs beyond them is not noted."""
MAX_ORDERED = 4000
"""Of one test that failed; the order is told of no others."""
MAX_SESSION_ORDERED = 400_000
MAX_SESSION_CHARACTERS = 12_000_000
"""Of all tests together; later ones are told without lines and count as not traced."""
QUIET_LINES = 100_000
"""After so many line events of one function without a new line, a trace function looks no more: a
long loop costs no more than that, and a line that runs for the first time later is missed."""
STUCK_CPU_S = 1.0
"""A test that has used so much processor time says where it is, and again after each twice as much:
it may be in a loop without end and never come to say anything else."""


class TestLines:
    """Which lines each test runs, and what is reported of them."""

    __test__ = False

    def __init__(self, root: str, *, tell_stuck: Callable[[Any], None]) -> None:
        """Remember what to look at.

        Args:
            root: The workspace's folder; a ``site-packages`` in it is not the workspace's own.
            tell_stuck: Called with the frame that is running when a test takes very long.
        """
        self._lines = _Lines(root)
        self._watch = _StuckWatch(tell_stuck)
        self._node_id = ""
        self._n_ordered = 0
        self._n_characters = 0

    def begin(self, node_id: str) -> None:
        """Start a test: no line has run."""
        self._node_id = node_id
        self._lines.found = {}
        self._lines.follower.begin()
        self._watch.begin()

    def so_far(self) -> dict[str, Any]:
        """Return the report of a test that is still running."""
        return self._told(dict(self._lines.found), ordered=True)

    def end(self, shared: Iterable[Lines], *, ordered: bool) -> dict[str, Any]:
        """Return the report of the test that has ended.

        Args:
            shared: Lines that others ran for it: shared fixtures.
            ordered: Also tell in which order lines ran first.
        """
        self._watch.end()
        self._lines.follower.end()
        mine, self._lines.found = self._lines.found, {}
        found: Lines = {}
        for lines in (*shared, mine):
            found.update(lines)
        return self._told(found, ordered=ordered)

    def aside(self) -> Lines:
        """Go on with no lines, so that each counts as new again; return those of before."""
        before, self._lines.found = self._lines.found, {}
        self._lines.follower.again()
        return before

    def back(self, before: Lines) -> Lines:
        """Go on with those of before; return what ran in between."""
        between = self._lines.found
        self._lines.found = {**before, **between}
        return between

    def _told(self, lines: Lines, *, ordered: bool) -> dict[str, Any]:
        """Return lines as they are reported; without them when all tests together had too many.

        ``files``: paths. ``lines``: for each of them its lines, such as ``3-7,9``. ``order``: stays
        in one function, each the number of its file, the function's name and lines.
        """
        by_path: dict[str, list[int]] = {}
        for path, line in lines:
            by_path.setdefault(path, []).append(line)
        ranges = [_ranges(found) for found in by_path.values()]
        self._n_characters += sum(map(len, by_path)) + sum(map(len, ranges))
        if self._n_characters > MAX_SESSION_CHARACTERS:
            return {"id": self._node_id}
        told: dict[str, Any] = {"id": self._node_id, "files": list(by_path), "lines": ranges}
        if ordered and self._n_ordered < MAX_SESSION_ORDERED:
            told["order"] = _order(lines, {path: index for index, path in enumerate(by_path)})
            self._n_ordered += min(len(lines), MAX_ORDERED)
        return told


class _Lines:
    """What ran, and what is looked at."""

    def __init__(self, root: str) -> None:
        self.found: Lines = {}
        self._root = root.rstrip(os.sep) + os.sep
        self._is_own: dict[str, bool] = {}
        self.follower = _follower(self)

    def wants(self, code: types.CodeType) -> bool:
        """Tell whether this is a function of the workspace."""
        if not code.co_flags & inspect.CO_OPTIMIZED:
            return False
        path = code.co_filename
        known = self._is_own.get(path)
        if known is None:
            known = self._is_own[path] = (
                path.startswith(self._root)
                and not path.startswith(sys.prefix + os.sep)
                and f"{os.sep}site-packages{os.sep}" not in path
            )
        return known

    def note(self, code: types.CodeType, line: int) -> None:
        """Keep one line of a function that is wanted."""
        lines = self.found
        if len(lines) < MAX_LINES:
            lines.setdefault((code.co_filename, line), code.co_name)


class _StuckWatch:
    """Calls back with the frame that is running when a test takes very long."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        """Take the signal of the timer that counts processor time, if it is nobody's.

        A thread would be seen by tests that count threads, and make forking unsafe.
        """
        self._is_on = (
            threading.current_thread() is threading.main_thread()
            and hasattr(signal, "ITIMER_VIRTUAL")
            and signal.getsignal(signal.SIGVTALRM) == signal.SIG_DFL
        )
        if self._is_on:
            signal.signal(signal.SIGVTALRM, lambda _, frame: tell(frame))

    def begin(self) -> None:
        """Count from here."""
        if self._is_on:
            signal.setitimer(signal.ITIMER_VIRTUAL, STUCK_CPU_S, 2 * STUCK_CPU_S)

    def end(self) -> None:
        """Count no more."""
        if self._is_on:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


def _follower(lines: _Lines) -> Any:
    monitoring: Any = getattr(sys, "monitoring", None)
    # The numbers that are reserved for other kinds of tools are left to them.
    for tool in (4, 3) if monitoring is not None else ():
        if monitoring.get_tool(tool) is None:
            return _Monitoring(lines, monitoring, tool)
    return _Tracing(lines)


class _Monitoring:
    """Hears of each line once a test, of functions of others hardly anything."""

    def __init__(self, lines: _Lines, monitoring: Any, tool: int) -> None:
        self._lines = lines
        self._monitoring = monitoring
        self._tool = tool
        self._is_on = False
        monitoring.use_tool_id(tool, "ducktypist")

    def begin(self) -> None:
        """Hear of every line again. Between tests it stays on: to switch off and on costs more."""
        if self._is_on:
            self.again()
            return
        self._is_on = True
        monitoring, events = self._monitoring, self._monitoring.events
        for event, callback in self._callbacks().items():
            monitoring.register_callback(self._tool, event, callback)
        monitoring.set_events(self._tool, events.PY_START | events.PY_RESUME)

    def again(self) -> None:
        """Hear of every line again."""
        self._monitoring.restart_events()

    def end(self) -> None:
        """Go on; what is heard until the next beginning is dropped."""

    def _callbacks(self) -> dict[int, Callable[..., Any]]:
        monitoring, events, tool = self._monitoring, self._monitoring.events, self._tool
        lines, off = self._lines, self._monitoring.DISABLE
        # By identity, for code objects are compared by their content, which takes long. Kept
        # alive, so that no identity is used twice.
        followed: dict[int, Any] = {}

        def on_start(code: Any, _: int) -> Any:
            if id(code) not in followed and lines.wants(code):
                followed[id(code)] = code
                monitoring.set_local_events(tool, code, events.LINE)
            return off

        def on_line(code: Any, line: int) -> Any:
            lines.note(code, line)
            return off

        return {events.PY_START: on_start, events.PY_RESUME: on_start, events.LINE: on_line}


class _Tracing:
    """A trace function, for Python before 3.12; stays away where there is another one."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines
        self._codes: dict[int, _Traced] = {}

    def begin(self) -> None:
        """Trace this thread and those that are started from now on."""
        self.again()
        if sys.gettrace() is None:
            sys.settrace(self._on_call)
        if getattr(threading, "_trace_hook", None) is None:
            threading.settrace(self._on_call)

    def again(self) -> None:
        """Take every line for new."""
        self._codes = {}

    def end(self) -> None:
        """Stop, unless another tracer has taken the place meanwhile."""
        if sys.gettrace() == self._on_call:
            sys.settrace(None)
        if getattr(threading, "_trace_hook", None) == self._on_call:
            threading.settrace(None)

    def _on_call(self, frame: Any, *_: Any) -> Any:
        code = frame.f_code
        if not self._lines.wants(code):
            return None
        traced = self._codes.get(id(code))
        if traced is None:
            traced = self._codes[id(code)] = _Traced(code, self._lines)
        return traced.on_line if traced.is_on else None


class _Traced:
    """One function that is traced during one test."""

    def __init__(self, code: types.CodeType, lines: _Lines) -> None:
        self._code = code
        self._lines = lines
        self._seen: set[int] = set()
        self._unseen = _lines_of(code)
        self._n_quiet = 0
        self.is_on = True

    def on_line(self, frame: Any, event: str, _: Any) -> Any:
        """Hear of a line, a return or an exception."""
        if event != "line":
            return self.on_line
        line = frame.f_lineno
        if line in self._seen:
            self._n_quiet += 1
            if self._n_quiet > QUIET_LINES:
                self.is_on = False
        else:
            self._seen.add(line)
            self._unseen.discard(line)
            self._n_quiet = 0
            self._lines.note(self._code, line)
            self.is_on = bool(self._unseen)
        if not self.is_on:
            frame.f_trace_lines = False
        return self.on_line


def _lines_of(code: types.CodeType) -> set[int]:
    found = {line for _, line in dis.findlinestarts(code) if line}
    # Newer versions count the signature, on which no line event comes.
    return found - {code.co_firstlineno} or found


def _ranges(lines: Iterable[int]) -> str:
    parts: list[str] = []
    first = last = 0
    for line in sorted(lines):
        if line == last + 1 and last:
            last = line
            continue
        if last:
            parts.append(f"{first}-{last}" if last > first else str(first))
        first = last = line
    if last:
        parts.append(f"{first}-{last}" if last > first else str(first))
    return ",".join(parts)


def _order(lines: Lines, numbers: dict[str, int]) -> list[list[Any]]:
    stays: list[list[Any]] = []
    for count, ((path, line), name) in enumerate(lines.items()):
        if count >= MAX_ORDERED:
            break
        if stays and stays[-1][0] == numbers[path] and stays[-1][1] == name:
            stays[-1][2].append(line)
        else:
            stays.append([numbers[path], name, [line]])
    return stays
