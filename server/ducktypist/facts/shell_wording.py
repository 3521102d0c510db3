"""How pieces of shell text stand in the sentence of a fact: plain, short, on one line."""

from __future__ import annotations

import re

MAX_TEXT_CHARACTERS = 160
_MAX_PIECE_CHARACTERS = 44
_WHOLE_QUOTE = re.compile(r"'([^']*)'|\"([^\"\\`]*)\"")
_ORDINALS = (
    "",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
)


def clipped(piece: str, *, n_at_most: int = _MAX_PIECE_CHARACTERS) -> str:
    """Return a piece of source on one line, its end left out where it is long."""
    line = " ".join(piece.replace("\\\n", " ").split())
    return line if len(line) <= n_at_most else line[: n_at_most - 1].rstrip() + "…"


def sentence(text: str) -> str:
    """Return a fact's text: one plain line, cut at a word where it is long.

    A backquote, which is Markdown's sign for code, becomes a quote.
    """
    line = " ".join(text.replace("`", "'").split())
    line = "".join(character if character.isprintable() else "�" for character in line)
    if len(line) <= MAX_TEXT_CHARACTERS:
        return line
    cut = line[: MAX_TEXT_CHARACTERS - 1]
    return cut[: max(cut.rfind(" "), MAX_TEXT_CHARACTERS // 2)].rstrip(" ,;:") + "…"


def unquoted(piece: str) -> str:
    """Return ``piece`` without the quotes around all of it."""
    found = _WHOLE_QUOTE.fullmatch(piece)
    return (found[1] or found[2] or "") if found else piece


def ordinal(number: int) -> str:
    """Return ``first`` for 1, ``11th`` for 11."""
    return _ORDINALS[number] if 0 < number < len(_ORDINALS) else f"{number}th"
