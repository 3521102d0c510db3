"""One version of a file in a process of its own: imports it, makes the calls, says what came.

Runs inside the sandbox beside ``behaviour_driver``, with the user's Python (3.8 or newer) and the
standard library only. The code that it calls may do anything to this process; what it says counts
for its own version alone.
"""
# ruff: noqa: ANN401, BLE001, S307 - any value and any error of foreign code; texts of literals are evaluated in here

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import io
import json
import os
import resource
import signal
import sys
import types
from typing import TYPE_CHECKING, Any

import _ducktypist_behaviour_shapes as shapes  # type: ignore[import-not-found] # its name beside the run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RETURNED, RAISED, TOO_LONG, VARIED, NOT_RUN = "returned", "raised", "too_long", "varied", "not_run"
MAX_PRINTED = 1000
MAX_SEEN = 20
IMPORT_S = 3.0
KILLING = ("os.kill",)
"""Beginnings of audit events that are always refused: they reach beyond the version."""
SPAWNING = (
    *KILLING,
    *("os.fork", "os.exec", "os.posix_spawn", "os.system", "subprocess.", "pty."),
)
"""Those that are refused to the function; a module may start programs when it is imported."""
TELLING = (
    *SPAWNING,
    *("socket.", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.putenv"),
    *("os.listdir", "os.scandir", "shutil.", "tempfile.", "sqlite3.", "time.sleep"),
)
"""Beginnings of audit events that a function which only computes does not cause."""
NAMES = {"__builtins__": {}, "set": set, "frozenset": frozenset}


class TooLongError(BaseException):
    """A call used up its time. No Exception, so that fewer handlers stop it."""


def be_version(plan: dict[str, Any], target: Path, own: list[str], first: int, writer: int) -> None:
    """Be the process of one version: import it, make the calls from ``first`` on, and leave."""
    write, dumps, leave, own_pid, pid = os.write, json.dumps, os._exit, os.getpid(), os.getpid

    def say(**fields: object) -> None:
        # A copy of this process that the version made has nothing to say.
        if pid() != own_pid:
            leave(1)
        data = (dumps(fields) + "\n").encode()
        while data:
            data = data[write(writer, data) :]

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    confine(plan["memory_bytes"])
    watch = Watch()
    sys.addaudithook(watch)
    try:
        with silence(), limited(IMPORT_S):
            for name in own:
                sys.modules.pop(name, None)
            importlib.invalidate_caches()
            module = load(plan["module"], target)
            function, owner = resolve(module, plan["function"])
    except BaseException as error:
        say(broken=type(error).__name__ + ": " + str(error)[:200])
        leave(1)
    say(ready=True)
    for one in plan["inputs"][first:]:
        watch.seen.clear()
        watch.is_on = True
        output = call_twice(function, owner, one, plan)
        watch.is_on = False
        say(output=output, noticed=list(watch.seen))
    leave(0)


class Watch:
    """An audit hook: notes what is more than computing, refuses what starts or ends processes."""

    def __init__(self) -> None:
        self.is_on = False
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: Any) -> None:
        """Be told of an event by the interpreter."""
        if event.startswith(KILLING):
            raise PermissionError(event)
        if not self.is_on or (len(self.seen) >= MAX_SEEN and not event.startswith(SPAWNING)):
            return
        if event == "open":
            # Importing opens files too, in this way and no other.
            path, mode = str(arguments[0]), arguments[1]
            if mode != "rb" or not path.endswith((".py", ".pyc")):
                self.seen.append("opens a file")
        elif event.startswith(TELLING):
            self.seen = [*self.seen[-MAX_SEEN:], event]
            if event.startswith(SPAWNING):
                raise PermissionError(event)


def call_twice(function: Any, owner: Any, one: dict[str, Any], plan: dict[str, Any]) -> list[str]:
    """Return how a call ended, how that is shown, what tells it from others, and its type."""
    before = call(function, owner, one, plan["call_s"])
    if before[0] in {TOO_LONG, VARIED}:
        return before
    again = call(function, owner, one, plan["call_s"])
    if before[2] != again[2]:
        return [VARIED, before[1] + " or " + again[1], VARIED, ""]
    return before


def call(function: Any, owner: Any, one: dict[str, Any], limit_s: float) -> list[str]:
    """Make one call on arguments of its own."""
    printed = Printed()
    try:
        arguments = [eval(text, dict(NAMES)) for text in one["arguments"]]
        keywords = {name: eval(text, dict(NAMES)) for name, text in one["keywords"]}
        bound = bind(owner, one["state"], arguments)
        start = shapes.of([*visible(bound, owner), keywords])
    except BaseException as error:
        return [NOT_RUN, type(error).__name__, "", ""]
    how, shown, key, kind = RAISED, "", "", ""
    out, err = sys.stdout, sys.stderr
    try:
        with limited(limit_s):
            sys.stdout = sys.stderr = printed
            try:
                value = function(*bound, **keywords)
                shape = shapes.of(value)
                how, shown, key, kind = RETURNED, shape[0], shape[1], type(value).__name__
            except TooLongError:
                raise
            except BaseException as error:
                key = type(error).__name__
                shown = "raises " + key
                text = str(error)
                if text and isinstance(error, Exception):
                    shown += ": " + text[:80]
            end = shapes.of([*visible(bound, owner), keywords])
    except TooLongError:
        return [TOO_LONG, "does not end", TOO_LONG, ""]
    finally:
        sys.stdout, sys.stderr = out, err
    if end[1] != start[1]:
        shown += ", changes its arguments to " + shapes.of(visible(bound, owner))[0]
        key += " -> " + end[1]
    if printed.text:
        shown += ", prints " + repr(printed.text[:80])
        key += " prints " + printed.text
    return [how, shapes.cut(shown), shapes.digest(how + " " + key), kind]


def bind(owner: Any, state: str | None, arguments: list[Any]) -> list[Any]:
    """Return the arguments with the object or class before them, where the function takes one."""
    if owner is None:
        return arguments
    if state is None:
        return [owner, *arguments]
    one = object.__new__(owner)
    for name, value in eval(state, dict(NAMES)).items():
        object.__setattr__(one, name, value)
    return [one, *arguments]


def visible(bound: list[Any], owner: Any) -> list[Any]:
    """Return the arguments with the object's variables instead of the object."""
    if bound and owner is not None and isinstance(bound[0], owner):
        return [dict(getattr(bound[0], "__dict__", {})), *bound[1:]]
    return bound


class Printed(io.TextIOBase):
    """Standard output of a call: its beginning is kept, the rest is not."""

    text = ""

    def write(self, text: str) -> int:
        """Take a text."""
        self.text = (self.text + str(text))[:MAX_PRINTED]
        return len(text)

    def writable(self) -> bool:
        """Say that it can be written."""
        return True


def load(name: str, path: Path) -> types.ModuleType:
    """Import the module by the name that it had in the tests, else straight from its file."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
    else:
        if module.__file__ and os.path.realpath(module.__file__) == os.path.realpath(str(path)):
            return module
    spec = importlib.util.spec_from_file_location(name, str(path))
    if spec is None or spec.loader is None:
        message = "it is no module that Python can import"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def resolve(module: types.ModuleType, function: str) -> tuple[Any, Any]:
    """Return the plain function of that qualified name, and what it takes first, if anything."""
    owner: Any = None
    one: Any = module
    for part in function.split("."):
        owner, one = one, vars(one)[part]
    takes = owner if isinstance(owner, type) else None
    if isinstance(one, staticmethod):
        takes, one = None, one.__func__
    elif isinstance(one, classmethod):
        one = one.__func__
    elif isinstance(one, property):
        one = one.fget
    elif hasattr(one, "func") and not inspect.isfunction(one):
        one = one.func
    if one is getattr(owner, "__new__", None):
        takes = None
    one = inspect.unwrap(one)
    if not inspect.isfunction(one) or one.__name__ != function.rpartition(".")[2]:
        message = "a decorator hides the function"
        raise TypeError(message)
    return one, takes


def is_below(module: Any, folder: str) -> bool:
    """Tell whether a module is one of the workspace's own files."""
    path = getattr(module, "__file__", None)
    if not isinstance(path, str):
        # A package without a file: its parts are forgotten, so it has to be.
        path = next(iter(getattr(module, "__path__", ())), "")
    return path.startswith(folder + os.sep) and not path.startswith(sys.prefix + os.sep)


def confine(memory_bytes: int) -> None:
    """Bound what this process may take: memory and the size of files."""
    for what, value in ((resource.RLIMIT_DATA, memory_bytes), (resource.RLIMIT_FSIZE, 2**23)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (value, value))


@contextlib.contextmanager
def limited(limit_s: float) -> Iterator[None]:
    """Raise TooLongError in what takes longer than this on the processor, again and again."""

    def over(*_: object) -> None:
        raise TooLongError

    signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, limit_s, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Let nothing be printed."""
    with contextlib.redirect_stdout(Printed()), contextlib.redirect_stderr(Printed()):
        yield
