"""Any value as two texts: one to show, one that tells it from values that are not equal to it.

Runs inside the sandbox beside ``behaviour_driver``, with the user's Python (3.8 or newer). ``1``,
``1.0`` and ``True`` are shown apart and told apart by nothing, because ``==`` does not either.
"""
# ruff: noqa: ANN401 - any value

from __future__ import annotations

import hashlib
import re
import types
from typing import Any

MAX_NODES = 5000
MAX_ITEMS = 1000
MAX_DEPTH = 20
MAX_SHOWN = 200
MAX_KEY = 300
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+|\b0x[0-9a-fA-F]{6,}")
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType)
_OPEN = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}


def of(value: Any) -> tuple[str, str]:
    """Return how a value is shown and what tells it from others, both of any length."""
    return _Walk().of(value, 0)


def cut(text: str) -> str:
    """Return a text short enough to be shown."""
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def digest(text: str) -> str:
    """Return a text that differs where the texts do, and is short."""
    if len(text) <= MAX_KEY:
        return text
    return text[:40] + hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


class _Walk:
    """One walk through a value, bounded."""

    def __init__(self) -> None:
        self.n_left = MAX_NODES
        self.above: list[int] = []

    def of(self, value: Any, depth: int) -> tuple[str, str]:
        self.n_left -= 1
        if self.n_left < 0 or depth > MAX_DEPTH or id(value) in self.above:
            return "…", "…"
        kind = type(value)
        if value is None or value is Ellipsis or value is NotImplemented or kind is bool:
            return repr(value), repr(int(value) if kind is bool else value)
        if kind in {int, float, complex}:
            return _number(value)
        if kind in {str, bytes, bytearray, range}:
            return repr(value), repr(value)
        self.above.append(id(value))
        try:
            return self._compound(value, kind, depth)
        finally:
            self.above.pop()

    def _compound(self, value: Any, kind: type, depth: int) -> tuple[str, str]:
        for base, brackets in _OPEN.items():
            if isinstance(value, base):
                found = [self.of(part, depth + 1) for part in base.__iter__(value)]
                return self._sequence(found, kind, base, brackets)
        if isinstance(value, dict):
            pairs = [
                (self.of(key, depth + 1), self.of(part, depth + 1))
                for key, part in dict.items(value)
            ]
            shown = "{" + ", ".join(k[0] + ": " + v[0] for k, v in pairs) + "}"
            key = "{" + ", ".join(sorted(k[1] + ": " + v[1] for k, v in pairs)) + "}"
            return (shown if kind is dict else kind.__name__ + "(" + shown + ")"), key
        if hasattr(kind, "__next__"):
            return self._iterator(value, depth)
        if isinstance(value, _NAMED):
            name = "<" + str(getattr(value, "__qualname__", kind.__name__)) + ">"
            return name, name
        if getattr(kind, "__repr__", None) is not object.__repr__:
            text = _ADDRESS.sub("", repr(value))
            return text, kind.__name__ + " " + text
        state = getattr(value, "__dict__", {})
        shown, key = self.of(dict(state), depth + 1)
        return kind.__name__ + "(" + shown + ")", kind.__name__ + key

    def _sequence(
        self, found: list[tuple[str, str]], kind: type, base: type, brackets: str
    ) -> tuple[str, str]:
        if base in {set, frozenset}:
            found = sorted(found, key=lambda one: one[1])
            if not found:
                return kind.__name__ + "()", "set()"
        comma = "," if base is tuple and len(found) == 1 else ""
        shown = brackets[0] + ", ".join(one[0] for one in found) + comma + brackets[1]
        key = brackets[0] + ", ".join(one[1] for one in found) + comma + brackets[1]
        plain = {list, tuple, set}
        return (shown if kind in plain else kind.__name__ + "(" + shown + ")"), key

    def _iterator(self, value: Any, depth: int) -> tuple[str, str]:
        found: list[tuple[str, str]] = []
        end = ""
        try:
            for part in value:
                if len(found) >= MAX_ITEMS:
                    end = "…"
                    break
                found.append(self.of(part, depth + 1))
        except Exception as error:  # noqa: BLE001 - how it ends is part of what it gives
            end = "raises " + type(error).__name__
        shown, key = (
            "iterator over ["
            + ", ".join([one[side] for one in found] + ([end] if end else []))
            + "]"
            for side in (0, 1)
        )
        return shown, key


def _number(value: Any) -> tuple[str, str]:
    if isinstance(value, complex):
        real, imaginary = _number(value.real), _number(value.imag)
        text = "(" + real[0] + ", " + imaginary[0] + "j)"
        return text, real[1] if imaginary[1] == "0" else text
    if isinstance(value, int):
        # Python refuses to write very long numbers in decimal digits.
        text = repr(value) if value.bit_length() < 10000 else hex(value)  # noqa: PLR2004 - see above
        return text, text
    rounded = float(f"{value:.12g}")
    if rounded == rounded and abs(rounded) < 1e15 and rounded == int(rounded):  # noqa: PLR0124, PLR2004 - NaN; beyond it floats have gaps
        return repr(rounded + 0.0), str(int(rounded))
    return repr(rounded), repr(rounded)
