"""A pytest plugin that notes with which arguments the tests call one function.

Runs inside the sandbox with the user's Python (3.8 or newer) and pytest (6 to 9), so it uses
nothing of Ducktypist; ``behaviour_calls`` copies it next to the run and loads it with ``-p``. What
it notes makes no verdict: it only says on which inputs patches are worth comparing.
"""
# ruff: noqa: ANN401 - a program's arguments can be anything

from __future__ import annotations

import gc
import json
import os
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_FD = int(os.environ.pop("DUCKTYPIST_REPORT_FD"))
_SETUP = json.loads(os.environ.pop("DUCKTYPIST_CALLS"))
_PID = os.getpid()
os.set_inheritable(_FD, False)  # noqa: FBT003 - positional-only in Python


class NotPlainError(Exception):
    """A value that cannot be written down."""


class _Recorder:
    """Notes the outermost calls of one function, each once, before its first line runs."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.name = setup["name"]
        self.lines = set(setup["lines"])
        self.path = os.path.realpath(setup["path"])
        self.owner = setup["owner"]
        self.kind = setup["kind"]
        self.max_calls = setup["max_calls"]
        self.max_text = setup["max_text"]
        self.calls: list[dict[str, Any]] = []
        self.refused: dict[str, int] = {}
        self.module = ""
        self.n_seen = 0
        self._texts: set[str] = set()
        self._is_ours: dict[int, bool] = {}
        self._defaults: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self._depth = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more is noted."""
        return bool(len(self.calls) >= self.max_calls or self.n_seen >= 50 * self.max_calls)

    def __call__(self, frame: Any, event: str, _: Any) -> None:
        """Be called by the interpreter at each call and return."""
        code = frame.f_code
        if code.co_name != self.name or not self._is_target(code):
            return
        if event == "call":
            self._depth += 1
            if self._depth == 1 and not self.is_full:
                self.n_seen += 1
                self._note(frame)
        elif event == "return" and self._depth:
            self._depth -= 1

    def _is_target(self, code: Any) -> bool:
        known = self._is_ours.get(id(code))
        if known is None:
            path = os.path.realpath(code.co_filename)
            known = code.co_firstlineno in self.lines and path == self.path
            self._is_ours[id(code)] = known
        return bool(known)

    def _note(self, frame: Any) -> None:
        try:
            call = self._call(frame)
        except NotPlainError as error:
            self.refused[str(error)] = self.refused.get(str(error), 0) + 1
            return
        except Exception as error:  # noqa: BLE001 - a value's own code may raise anything
            name = type(error).__name__
            self.refused[name] = self.refused.get(name, 0) + 1
            return
        text = json.dumps(call)
        if text not in self._texts:
            self._texts.add(text)
            self.calls.append(call)
        self.module = self.module or str(frame.f_globals.get("__name__", ""))

    def _call(self, frame: Any) -> dict[str, Any]:
        code, values = frame.f_code, frame.f_locals
        names = code.co_varnames
        n_all = code.co_argcount + code.co_kwonlyargcount
        positional = list(names[: code.co_argcount])
        star = values[names[n_all]] if code.co_flags & 0x04 else ()
        stars = values[names[n_all + bool(code.co_flags & 0x04)]] if code.co_flags & 0x08 else {}
        call: dict[str, Any] = {"arguments": [], "keywords": [], "state": None}
        if self.kind in {"method", "classmethod"}:
            call["state"] = self._state(values[positional[0]], frame)
            del positional[0]
        defaults = self._default_values(code)
        only_keywords = names[code.co_argcount : n_all]
        is_keyword = False
        for name in positional:
            value = values[name]
            if not star and name in defaults and defaults[name] is value:
                # What is left at its default is left out, and what follows is named.
                is_keyword = True
            elif is_keyword and name in names[: getattr(code, "co_posonlyargcount", 0)]:
                raise NotPlainError("a default before a positional argument")
            elif is_keyword:
                call["keywords"].append([name, self._text(value)])
            else:
                call["arguments"].append(self._text(value))
        call["arguments"] += [self._text(value) for value in star]
        for name in only_keywords:
            if name not in defaults or defaults[name] is not values[name]:
                call["keywords"].append([name, self._text(values[name])])
        call["keywords"] += [[name, self._text(value)] for name, value in stars.items()]
        return call

    def _state(self, one: Any, frame: Any) -> str | None:
        if self.kind == "classmethod":
            if getattr(one, "__qualname__", "") != self.owner:
                raise NotPlainError("a subclass")
            return None
        kind = type(one)
        if (kind.__qualname__, kind.__module__) != (self.owner, frame.f_globals.get("__name__")):
            raise NotPlainError(kind.__name__)
        state = dict(getattr(one, "__dict__", {}))
        for base in kind.__mro__:
            slots = base.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if name not in {"__dict__", "__weakref__"} and hasattr(one, name):
                    state[name] = getattr(one, name)
        return self._text(state)

    def _default_values(self, code: Any) -> dict[str, Any]:
        if self._defaults is None:
            self._defaults = ((), {})
            for found in gc.get_referrers(code):
                if isinstance(found, types.FunctionType) and found.__code__ is code:
                    self._defaults = (found.__defaults__ or (), found.__kwdefaults__ or {})
                    break
        ordered, named = self._defaults
        last = code.co_varnames[: code.co_argcount][code.co_argcount - len(ordered) :]
        return dict(zip(last, ordered), **named)  # noqa: B905 - strict= came with 3.10

    def _text(self, value: Any) -> str:
        text = literal(value, depth=0)
        if len(text) > self.max_text:
            raise NotPlainError("something very long")
        return text


def literal(value: Any, *, depth: int) -> str:
    """Return the text of a plain value.

    Raises:
        NotPlainError: It is of another type, or holds one; the message is the type's name.
    """
    kind = type(value)
    if value is None or kind in {bool, int, str, bytes}:
        return repr(value)
    if kind is float and value == value:  # noqa: PLR0124 - NaN is the one that is not itself
        return repr(value).replace("inf", "1e999")
    if depth > 8 or kind not in {list, tuple, dict, set, frozenset}:  # noqa: PLR2004 - deep enough
        raise NotPlainError(kind.__name__)
    if len(value) > 500:  # noqa: PLR2004 - long enough
        raise NotPlainError("something very long")
    if kind is dict:
        pairs = [
            literal(key, depth=depth + 1) + ": " + literal(item, depth=depth + 1)
            for key, item in value.items()
        ]
        return "{" + ", ".join(pairs) + "}"
    parts = [literal(item, depth=depth + 1) for item in value]
    if kind is list:
        return "[" + ", ".join(parts) + "]"
    if kind is tuple:
        return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"
    inner = "{" + ", ".join(sorted(parts)) + "}" if parts else ""
    return "frozenset(" + inner + ")" if kind is frozenset else inner or "set()"


_RECORDER = _Recorder(_SETUP)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: Any) -> Generator[None, Any, None]:
    """Listen while a test runs, and tell at its end, as a later one may end the process."""
    if _RECORDER.is_full:
        yield
        return
    n_before, before = len(_RECORDER.calls), sys.getprofile()
    sys.setprofile(_RECORDER)
    try:
        yield
    finally:
        sys.setprofile(before)
        _RECORDER._depth = 0  # noqa: SLF001 - of this file
        _tell(item.nodeid, _RECORDER.calls[n_before:])


def _tell(
    node_id: str,
    calls: list[dict[str, Any]],
    _write: Any = os.write,
    _dumps: Any = json.dumps,
    _pid: Any = os.getpid,
) -> None:
    # As in the other probe: only the first process tells, with functions bound before the tests.
    if _pid() != _PID:
        return
    fields = {
        "nonce": _SETUP["nonce"],
        "id": node_id,
        "calls": calls,
        "module": _RECORDER.module,
        "places": list(map(str, sys.path)),
        "refused": _RECORDER.refused,
        "n_seen": _RECORDER.n_seen,
    }
    data = (_dumps(fields) + "\n").encode("utf-8", "backslashreplace")
    while data:
        data = data[_write(_FD, data) :]
