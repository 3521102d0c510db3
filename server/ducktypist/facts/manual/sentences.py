"""The first sentence of a paragraph, and text cut where it becomes too long."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_TEXT = 160
"""So long is what stands in a list of facts."""
CUT = "…"
"""At the end of what was longer."""
_END = re.compile(r"[.!?][)\"']*(?=\s+[A-Z0-9\"'(\[<$%-]|\s*\Z)|(?<=[a-z]{4})\.(?=\s+[a-z])")
_LAST_WORD = re.compile(r"\S+\Z")
# Never the end of a sentence.
_INSIDE = frozenset({"e.g.", "i.e.", "vs.", "cf.", "resp.", "approx.", "viz.", "fig.", "no.",
                     "mr.", "ms.", "dr.", "st.", "incl.", "esp.", "eg.", "ie.", "sec.", "pp.",
                     "ca.", "al.", "vol.", "ver.", "v.", "a.k.a."})  # fmt: skip
# The end of one only where the next word has a capital and the sentence could be over.
_SHORT = frozenset({"etc.", "inc.", "ltd.", "corp."})
_MIN_SENTENCE = 2
_MIN_WORDS = 3


def first_sentence(text: str) -> str:
    """Return the first sentence without its full stop, at most ``MAX_TEXT`` characters.

    Args:
        text: Plain text on one line.
    """
    for match in _END.finditer(text[: 4 * MAX_TEXT]):
        sentence = text[: match.end()]
        # "Test. Check the integrity of a file" says something with its second sentence only.
        is_enough = len(sentence.split()) >= _MIN_WORDS
        if is_enough and _is_end(sentence, after=text[match.end() :]):
            return cut(_without_stop(sentence), MAX_TEXT)
    return cut(_without_stop(text), MAX_TEXT)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a paragraph, with their full stops."""
    begin = 0
    for match in _END.finditer(text):
        if _is_end(text[begin : match.end()], after=text[match.end() :]):
            yield text[begin : match.end()].strip()
            begin = match.end()
    if text[begin:].strip():
        yield text[begin:].strip()


def cut(text: str, length: int) -> str:
    """Return text of at most so many characters, cut after a word and marked with an ellipsis."""
    text = text.strip()
    if len(text) <= length:
        return text
    head = text[: length - 1]
    if not text[length - 1].isspace():
        at = head.rfind(" ")
        head = head[:at] if at > length // 2 else head
    return head.rstrip(" ,;:.([") + CUT


def _is_end(sentence: str, *, after: str) -> bool:
    word = _LAST_WORD.search(sentence.rstrip("\"')"))
    last = word[0].lstrip("(\"'[").casefold() if word else ""
    if last in _INSIDE or not last.strip("."):
        return False
    if last in _SHORT:
        return after.lstrip()[:1].isupper()
    # An initial, as in "J. Doe"; "option -x." and "1." do end one.
    if len(last) == len("j.") and last[0].isalpha() and word and word[0][0].isupper():
        return not after.strip()
    if sentence.count("(") > sentence.count(")"):
        return False
    return len(sentence) > _MIN_SENTENCE


def _without_stop(text: str) -> str:
    text = text.strip()
    if text.endswith(":"):
        return text[:-1].rstrip()
    # "starting with ." and "implied . and .." mean the full stop; "etc." keeps its own.
    text = text.rstrip(" ;,")
    is_stop = text.endswith(".") and not text.endswith(("..", " .")) and len(text) > 1
    last = text.rsplit(None, 1)[-1].casefold() if text else ""
    return text[:-1] if is_stop and last not in _SHORT and last not in _INSIDE else text
