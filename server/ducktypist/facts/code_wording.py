"""How a fact about code is worded: one plain line, short, the most relevant first.

No language and no tree here; what there is to say is found by the neighbours.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

from ducktypist.domain.facts import Fact, FactKind

MAX_FACTS = 12
"""More is no list that anybody reads in a popup."""
MAX_TEXT_CHARACTERS = 160
MAX_DETAIL_CHARACTERS = 2_000
_MAX_CONDITION_CHARACTERS = 85
_MAX_CONDITIONS_CHARACTERS = 75
_ROLE = re.compile(r":[a-z:]+:`[~!]?([^`<]*?)(?:\s*<[^`>]*>)?`")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_QUOTED = re.compile(r"`+([^`]*)`+_*")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])")
_SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)[.!?](?=\s+[A-Z`'\"(]|\s*$)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


def shortlist(facts: Iterable[Fact], *, n_at_most: int = MAX_FACTS) -> tuple[Fact, ...]:
    """Return the facts without those that say the same again, at most so many.

    Args:
        facts: The most relevant first.
        n_at_most: How many to keep.
    """
    found: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        if len(found) == n_at_most:
            break
        found.setdefault((fact.kind, fact.text), fact)
    return tuple(found.values())


def named(fact: Fact) -> Fact:
    """Return a fact whose text begins with the function it is of, for a list about several."""
    if not fact.of or fact.kind is FactKind.CALLS:
        return fact
    return dataclasses.replace(fact, text=one_line(f"{fact.of}: {fact.text}"))


def one_line(text: str, *, n_at_most: int = MAX_TEXT_CHARACTERS) -> str:
    """Return ``text`` as one line of at most so many characters, cut at a word where it is cut."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    if len(line) <= n_at_most:
        return line
    cut = line[: n_at_most - 1]
    at_word = cut.rfind(" ")
    if at_word > n_at_most * 2 // 3:
        cut = cut[:at_word]
    return cut.rstrip(" ,;:(") + "…"


def first_sentence(documentation: str) -> str:
    """Return the first sentence of a docstring or comment: plain text without its full stop.

    Marks of reStructuredText and Markdown are taken away, their words stay.
    """
    paragraph = re.split(r"\n\s*\n", documentation.strip(), maxsplit=1)[0]
    line = plain(" ".join(paragraph.split()))
    end = _SENTENCE_END.search(line)
    if end is not None and end.start() > 0:
        line = line[: end.start()]
    return line.rstrip(" .:")


def plain(text: str) -> str:
    """Return ``text`` without the marks of reStructuredText and Markdown."""
    text = _ROLE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _QUOTED.sub(r"\1", text)
    return _EMPHASIS.sub(r"\2", text).replace("`", "")


def continued(sentence: str) -> str:
    """Return a sentence as it goes on behind a colon: its first letter small, where it is a word.

    ``JSON`` and ``Unix`` stay what they are.
    """
    word = sentence.split(" ", 1)[0]
    is_plain_word = word[:1].isupper() and (word[1:].islower() or word in {"A", "An"})
    return word[0].lower() + sentence[1:] if is_plain_word and word not in _NAMES else sentence


_NAMES = frozenset({"Python", "Unix", "Windows", "Linux", "Go", "Java", "Rust", "English", "Greek"})


def call_text(subject: str, signature: str, documentation: str, *, name: str = "") -> str:
    """Return what a fact says of something called.

    Args:
        subject: The name as the code has it.
        signature: From the opening parenthesis on.
        documentation: The docstring or comment; may be empty.
        name: What is called, where comments begin with it, as Go's do; it is left out.
    """
    sentence = first_sentence(documentation)
    if name and sentence.startswith(f"{name} "):
        sentence = sentence.removeprefix(f"{name} ")
    said = continued(sentence)
    head = one_line(f"{subject}{signature}")
    return one_line(f"{head}: {said}") if said else head


def under(conditions: Sequence[str]) -> str:
    """Return under which conditions something is reached, the nearest one first.

    ``when shell, inside when is_windows``; what does not fit is said to be there.
    """
    if not conditions:
        return ""
    nearest = one_line(conditions[0], n_at_most=_MAX_CONDITION_CHARACTERS)
    around = f", inside {', '.join(conditions[1:])}" if len(conditions) > 1 else ""
    if around and len(nearest) + len(around) > _MAX_CONDITIONS_CHARACTERS:
        around = ", and more around it"
    return nearest + around


def detail_of(*parts: str) -> str:
    """Return all that a source says, cut where it is very long."""
    whole = "\n".join(part for part in parts if part)
    return whole[:MAX_DETAIL_CHARACTERS]
