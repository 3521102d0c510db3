"""Reads one ``${…}`` or special parameter (POSIX.1-2024, XCU 2.5 and 2.6; bash(1), EXPANSION).

Pure text of one expansion; where expansions stand is ``constructs``' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SPECIAL = frozenset("@*#?-$!_")
_PARAMETER = re.compile(r"(?P<name>[A-Za-z_]\w*|\d+|[@*#?$!-])(?P<index>\[)?")
_OPERATORS = (
    ":-",
    ":=",
    ":?",
    ":+",
    "##",
    "%%",
    "//",
    "/#",
    "/%",
    "^^",
    ",,",
    "#",
    "%",
    "/",
    "^",
    ",",
    "-",
    "=",
    "?",
    "+",
    ":",
)
_MAX_CHARACTERS = 2_000
_OPENERS = {"{": "}", "(": ")", "[": "]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What one expansion asks for."""

    mark: str
    """The operator, or one of ``plain``, ``element``, ``all``, ``joined``, ``length``, ``count``,
    ``keys``, ``names``, ``indirect``, ``slice``, ``positional`` and ``$`` with a special name."""
    name: str
    """The parameter, with its subscript where that names one element."""
    arguments: tuple[str, ...] = ()


def read_expansion(text: str) -> Expansion | None:
    """Return what ``text`` (``$x``, ``${x…}``) expands to, None where it cannot be read."""
    if len(text) > _MAX_CHARACTERS:
        return None
    if not text.startswith("${"):
        return _simple(text[1:])
    inner = text[2:-1] if text.endswith("}") else ""
    if inner.startswith("#") and len(inner) > 1:
        return _length(inner[1:])
    is_indirect = inner.startswith("!") and len(inner) > 1
    return _read(inner[1:] if is_indirect else inner, is_indirect=is_indirect)


def _read(inner: str, *, is_indirect: bool) -> Expansion | None:
    found = _PARAMETER.match(inner)
    if found is None:
        return None
    name, rest = found["name"], inner[found.end() :]
    index = ""
    if found["index"]:
        end = _closing(rest, "]")
        if end < 0:
            return None
        index, rest = rest[:end], rest[end + 1 :]
    if is_indirect:
        return _indirect(name, index, rest)
    return _operated(f"{name}[{index}]" if index else name, rest) if rest else _bare(name, index)


def _simple(name: str) -> Expansion | None:
    return _bare(name, "") if _PARAMETER.fullmatch(name) or name in SPECIAL else None


def _bare(name: str, index: str) -> Expansion:
    if index in {"@", "*"}:
        return Expansion(mark="all" if index == "@" else "joined", name=name)
    if index:
        return Expansion(mark="element", name=f"{name}[{index}]", arguments=(name, index))
    if name in SPECIAL or name == "0":
        return Expansion(mark=f"${name}", name=name)
    if name.isdigit():
        return Expansion(mark="positional", name=name)
    return Expansion(mark="plain", name=name)


def _length(rest: str) -> Expansion | None:
    found = _PARAMETER.match(rest)
    if found is None:
        return None
    name, tail = found["name"], rest[found.end() :]
    if not found["index"]:
        mark = "count" if name in {"@", "*"} else "length"
        return Expansion(mark=mark, name=name) if not tail else None
    end = _closing(tail, "]")
    if end != len(tail) - 1:
        return None
    index = tail[:end]
    if index in {"@", "*"}:
        return Expansion(mark="count", name=name)
    return Expansion(mark="length", name=f"{name}[{index}]")


def _indirect(name: str, index: str, rest: str) -> Expansion:
    if index in {"@", "*"} and not rest:
        return Expansion(mark="keys", name=name)
    if rest in {"@", "*"} and not index:
        return Expansion(mark="names", name=name)
    return Expansion(mark="indirect", name=f"{name}[{index}]" if index else name)


def _operated(name: str, rest: str) -> Expansion | None:
    if rest.startswith("@") and len(rest) == 2:  # noqa: PLR2004 - the sign and one letter.
        return Expansion(mark=rest, name=name)
    operator = next((mark for mark in _OPERATORS if rest.startswith(mark)), None)
    if operator is None:
        return None
    argument = rest[len(operator) :]
    if operator == ":":
        return Expansion(mark="slice", name=name, arguments=_split(argument, ":"))
    if operator in {"/", "//", "/#", "/%"}:
        return Expansion(mark=operator, name=name, arguments=_split(argument, "/"))
    return Expansion(mark=operator, name=name, arguments=(argument,))


def _split(text: str, mark: str) -> tuple[str, ...]:
    """Return the two sides of the first ``mark`` outside of quotes and nested expansions."""
    place = _closing(text, mark)
    return (text,) if place < 0 else (text[:place], text[place + 1 :])


def _closing(text: str, mark: str) -> int:
    """Return where ``mark`` first stands outside of quotes and brackets, -1 where nowhere."""
    expected: list[str] = []
    quote = ""
    index = 0
    while index < len(text):
        character = text[index]
        if character == "\\":
            index += 1
        elif quote:
            quote = "" if character == quote else quote
        elif not expected and character == mark:
            return index
        elif character in "'\"":
            quote = character
        elif character in _OPENERS and (character == "[" or text[index - 1 : index] == "$"):
            expected.append(_OPENERS[character])
        elif expected and character == expected[-1]:
            expected.pop()
        index += 1
    return -1
