"""Go's tokens, as far as planting bugs and splitting tables of test cases need them. No parser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])+')
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<name>[^\W\d]\w*)
  | (?P<sign><<=|>>=|&\^=|\.\.\.|&&|\|\||<-|\+\+|--|==|!=|<=|>=|:=|[-+*/%&|^]=|<<|>>|&\^|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token that is neither space nor comment."""

    kind: str
    """``text`` (strings and runes), ``number``, ``name`` or ``sign``."""
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A composite literal that lists test cases."""

    items: tuple[tuple[int, int], ...]
    """Where each item with its comma stands."""


def tokens(source: str) -> list[Token]:
    """Return the tokens of a text; whatever is no Go comes as single signs."""
    return [
        Token(kind=found.lastgroup, text=found[0], start=found.start(), end=found.end())
        for found in _TOKEN.finditer(source)
        if found.lastgroup not in {None, "space", "comment"}
    ]


def closing(found: Sequence[Token], at: int) -> int | None:
    """Return the index of the bracket that closes the one at ``at``; None when there is none."""
    depth = 0
    for index in range(at, len(found)):
        if found[index].kind == "sign":
            depth += (found[index].text in _OPENING) - (found[index].text in _CLOSING)
            if depth == 0:
                return index
    return None


def tables(source: str) -> Iterator[Table]:
    """Yield the tables of cases in a test file: ``= []T{…}`` and ``= map[K]V{…}``."""
    found = tokens(source)
    at = 0
    while at < len(found):
        opened = _table_opening(found, at)
        end = None if opened is None else closing(found, opened)
        if opened is None or end is None:
            at += 1
            continue
        yield Table(items=tuple(_items(found, opened, end)))
        at = end


def _table_opening(found: Sequence[Token], at: int) -> int | None:
    """Return the index of the brace that opens a table whose ``=`` is at ``at``."""
    if found[at].text not in {"=", ":="} or at + 2 >= len(found):
        return None
    after = at + 2 if found[at + 1].text == "map" else at + 1
    behind = closing(found, after) if found[after].text == "[" else None
    if behind is None:
        return None
    for index in range(behind + 1, len(found)):
        text = found[index].text
        if text == "{":
            return _behind_struct(found, index)
        if found[index].kind not in {"name", "sign"} or text in {";", "(", ")", "=", ":="}:
            break
    return None


def _behind_struct(found: Sequence[Token], opened: int) -> int | None:
    """Return the brace itself, or the one after it when it opens an unnamed struct's fields."""
    if found[opened - 1].text not in {"struct", "interface"}:
        return opened
    end = closing(found, opened)
    is_followed = end is not None and end + 1 < len(found) and found[end + 1].text == "{"
    return end + 1 if end is not None and is_followed else None


def _items(found: Sequence[Token], opened: int, end: int) -> Iterator[tuple[int, int]]:
    depth, start = 0, None
    for index in range(opened + 1, end):
        token = found[index]
        start = token.start if start is None else start
        if token.kind == "sign" and token.text in _OPENING:
            depth += 1
        elif token.kind == "sign" and token.text in _CLOSING:
            depth -= 1
        elif token.text == "," and depth == 0:
            yield start, token.end
            start = None
    if start is not None:
        yield start, found[end - 1].end
