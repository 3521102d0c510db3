"""Which names a function could have meant: what is bound, where, and how alike two names are.

What a language's bindings look like is told by ``python_names`` and
``go_names``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_PAIRS = frozenset(
    frozenset(pair)
    for pair in (
        ("left", "right"),
        ("start", "end"),
        ("start", "stop"),
        ("begin", "end"),
        ("first", "last"),
        ("first", "second"),
        ("head", "tail"),
        ("low", "high"),
        ("lo", "hi"),
        ("min", "max"),
        ("lower", "upper"),
        ("row", "col"),
        ("row", "column"),
        ("rows", "cols"),
        ("width", "height"),
        ("key", "value"),
        ("k", "v"),
        ("next", "prev"),
        ("old", "new"),
        ("source", "target"),
        ("src", "dst"),
        ("parent", "child"),
        ("top", "bottom"),
        ("numerator", "denominator"),
        ("index", "item"),
        ("index", "value"),
        ("before", "after"),
        ("previous", "current"),
        ("prev", "curr"),
    )
)
MAX_REPLACEMENTS = 4
"""So many other names are proposed for one use of a name."""
_MIN_WEIGHT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One name that is bound in a function."""

    name: str
    role: str
    """``parameter``, ``loop`` or ``local``."""
    kind: str
    """What it seems to hold (``number``, ``text``, a declared type); empty when unknown."""
    offset: int
    """From where on it can be used."""
    until: int
    """Up to where."""


class Scope:
    """The bindings of one function."""

    def __init__(self, bindings: Iterable[Binding], *, is_typed: bool = False) -> None:
        """Note the bindings; ``is_typed`` when a name of another kind cannot be meant."""
        self._is_typed = is_typed
        self.by_name: dict[str, list[Binding]] = {}
        for binding in bindings:
            self.by_name.setdefault(binding.name, []).append(binding)

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def at(self, name: str, offset: int) -> Binding | None:
        """Return what a name stands for at a place; the kind of the first that has one."""
        found = [b for b in self.by_name.get(name, ()) if b.offset <= offset <= b.until]
        known = [binding for binding in found if binding.kind]
        return next(iter(known or found), None)

    def others(self, name: str, offset: int) -> Iterator[tuple[str, float]]:
        """Yield the names that may be meant instead, with weights, the likeliest first."""
        own = self.at(name, offset)
        ranked = []
        for other in self.by_name:
            binding = self.at(other, offset)
            if other == name or binding is None:
                continue
            if self._is_typed and own and own.kind and binding.kind not in {"", own.kind}:
                continue
            weight = likeness(own, binding) + similarity(name, other)
            if self._is_typed and own and own.kind != binding.kind:
                # One of them is unknown; that it fits is luck.
                weight *= 0.5
            ranked.append((weight, other))
        ranked.sort(key=lambda item: (-item[0], item[1]))
        for weight, other in ranked[:MAX_REPLACEMENTS]:
            if weight > _MIN_WEIGHT:
                yield other, weight


def likeness(one: Binding | None, other: Binding) -> float:
    """Return how well one binding could stand for another, by role and kind."""
    if one is None:
        return 0.25
    if one.kind and other.kind:
        return (0.42 if one.role == other.role else 0.36) if one.kind == other.kind else 0.04
    return 0.34 if one.role == other.role else 0.22


def similarity(one: str, other: str) -> float:
    """Return how easily two names are mistaken for each other, at most 0.2."""
    parts = set(one.lower().split("_")), set(other.lower().split("_"))
    rest = (parts[0] - parts[1]) | (parts[1] - parts[0])
    if rest in _PAIRS:
        return 0.2
    if len(one) == len(other) == 1:
        return 0.15 if abs(ord(one) - ord(other)) == 1 else 0.08
    ratio = difflib.SequenceMatcher(a=one, b=other).ratio()
    return 0.15 * ratio if ratio > 0.5 else 0.0  # noqa: PLR2004 - half of the letters
