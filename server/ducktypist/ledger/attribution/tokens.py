"""A text as tokens, and tokens as a fingerprint that says where they are and not what.

A token is a run of word characters or one other character that is no blank. What formatters change
and nobody means is left out: blanks, which quotes a string has, a comma before a closing bracket
(but for the one that makes a tuple), a backslash at the end of a line. A fingerprint holds four
bytes of a keyed hash for each token. This is not the place for comparing; see ``matching``.
"""

from __future__ import annotations

import base64
import binascii
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ducktypist.domain import Span

N_MAX_TOKENS = 4000
"""Of one suggestion; what is beyond is not compared."""
BYTES_PER_TOKEN = 4

Ids: TypeAlias = tuple[int, ...]
"""Tokens, each by the first four bytes of its keyed hash."""

_TOKEN = re.compile(r"\w+|\\(?=\r?\n)|[^\w\s]")
_HEX_DIGITS = 2 * BYTES_PER_TOKEN
_N_CACHED = 100_000
_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_BEFORE_TUPLE = frozenset(("return", "in", "yield", "and", "or", "not", "if", "else", "is", "for"))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one text, with where they stand in it, in code points."""

    ids: Ids
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, first: int, end: int) -> Span:
        """Return where the tokens ``[first, end)`` stand; an empty range lies before a token."""
        if first >= end:
            at = self.starts[first] if first < len(self.starts) else (self.ends or [0])[-1]
            return Span(start=at, end=at)
        return Span(start=self.starts[first], end=self.ends[end - 1])

    def index_at(self, offset: int) -> int:
        """Return the first token that begins at ``offset`` or after it."""
        return bisect_left(self.starts, offset)


class Fingerprinter:
    """Makes tokens of texts, by one installation's key.

    Args:
        keyed: A keyed hash as ``Ledger.keyed_hash`` makes it: a name, a colon, hexadecimal digits.
    """

    def __init__(self, keyed: Callable[[str], str]) -> None:
        self._keyed = keyed
        self._known: dict[str, int] = {}

    def tokens(self, text: str) -> Tokens:
        """Return the tokens of ``text``, those left out that formatters put in or take out."""
        words, starts, ends = _words(text)
        ids, known = [], self._known
        for word in words:
            found = known.get(word)
            ids.append(self._id(word) if found is None else found)
        return Tokens(tuple(ids), starts, ends)

    def _id(self, word: str) -> int:
        if len(self._known) >= _N_CACHED:
            self._known.clear()
        digits = self._keyed(f"token\0{word}").rpartition(":")[2]
        self._known[word] = found = int(digits[:_HEX_DIGITS], 16)
        return found


def encoded(ids: Ids) -> str:
    """Return a fingerprint as base64, for a column of the ledger."""
    return base64.b64encode(packed(ids)).decode("ascii")


def decoded(fingerprint: str) -> Ids:
    """Return the tokens of a fingerprint; none where it is not one."""
    try:
        data = base64.b64decode(fingerprint, validate=True)
    except (binascii.Error, ValueError):
        return ()
    whole = len(data) // BYTES_PER_TOKEN * BYTES_PER_TOKEN
    return tuple(
        int.from_bytes(data[at : at + BYTES_PER_TOKEN], "big")
        for at in range(0, whole, BYTES_PER_TOKEN)
    )


def packed(ids: Sequence[int]) -> bytes:
    """Return tokens as four bytes each, the most significant first."""
    return b"".join(item.to_bytes(BYTES_PER_TOKEN, "big") for item in ids)


def plain_tokens(text: str) -> list[str]:
    """Return the tokens of ``text`` as they read, for comparing two texts at hand."""
    return _words(text)[0]


def _words(text: str) -> tuple[list[str], array[int], array[int]]:
    words: list[str] = []
    starts, ends = array("q"), array("q")
    brackets: list[_Bracket] = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word == "\\" and text[match.end() : match.end() + 1] in {"\r", "\n"}:
            continue
        if word == "'":
            word = '"'
        elif word == ",":
            if brackets:
                brackets[-1].n_commas += 1
        elif word in _OPENING:
            is_tuple = word == "(" and not _is_call(words)
            brackets.append(_Bracket(is_tuple=is_tuple))
        elif word in _CLOSING:
            bracket = brackets.pop() if brackets else _Bracket(is_tuple=False)
            makes_tuple = bracket.is_tuple and bracket.n_commas == 1
            if words and words[-1] == "," and not makes_tuple:
                del words[-1], starts[-1], ends[-1]
        words.append(word)
        starts.append(match.start())
        ends.append(match.end())
    return words, starts, ends


@dataclass(slots=True)
class _Bracket:
    is_tuple: bool
    n_commas: int = 0


def _is_call(words: Sequence[str]) -> bool:
    """Tell whether a round bracket after these tokens opens arguments."""
    if not words:
        return False
    last = words[-1]
    is_word = last[0].isalnum() or last[0] == "_"
    return last in {")", "]"} or (is_word and last not in _BEFORE_TUPLE)
