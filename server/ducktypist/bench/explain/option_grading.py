"""Whether an explanation says the right thing of an option; graded by words that people chose.

Pure text, and nothing of the server's own judgement of claims. A sentence counts where it speaks of
the option; where it speaks of several, only the words that belong to this one do.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.bench.explain.option_tasks import OptionUse
from ducktypist.bench.explain.sentences import sentences
from ducktypist.bench.explain.shown import MARK

MAX_QUOTED_WORDS = 3
"""A longer code span repeats the command and says nothing of an option in it."""
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_OPTION = re.compile(r"(?<![\w\-$.=/])(--?[A-Za-z0-9][\w-]*)")
_GOES_ON = re.compile(
    r"^[\s*_]*(it|this|that|which|these|they|here|in other words|so)\b", re.IGNORECASE
)
_LONG_WORDS = frozenset({"find", "java", "openssl", "test", "["})
"""Commands whose words after one dash are no clusters of letters."""
_WORD = re.compile(r"[a-z][a-z'-]+")
_EMPTY_WORDS = """
a an and the this that these those it its is are be was were of to in on at by for from with
    as or if so then also here which where when used uses use using option options flag flags
    argument arguments parameter switch command commands line given called named part means stands
    example e.g i.e such have has explanation description note first second third next call calls
    calling run runs running ran pass passes passed specify specifies specified provide provided
    include includes including contain contains tell tells indicate indicates each every"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


class OptionGrade(enum.StrEnum):
    """What an explanation says of an option."""

    RIGHT = "right"
    MARKED = "marked"
    """What it says would be wrong, or is right, and it is marked as unconfirmed."""
    WRONG = "wrong"
    SILENT = "silent"
    """Nothing, or nothing definite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One explanation of one option use."""

    grade: OptionGrade
    why: str = ""
    """Which word is wrong, or which are missing."""
    said: tuple[str, ...] = ()
    """The words that speak of the option."""

    @property
    def is_false(self) -> bool:
        """Whether a word is said that must not be; the others leave something out."""
        return self.grade is OptionGrade.WRONG and self.why.startswith("says ")


def graded(prose: str, use: OptionUse, *, facts: Sequence[str] = ()) -> Graded:
    """Grade an explanation.

    Args:
        prose: With the marks that it carries.
        use: What it is to speak of.
        facts: Lines that are shown with it; each is taken as a whole.
    """
    mention = _mention(use)
    known = [fact for fact in facts if mention.search(fact)]
    said = (*speaking_of(prose, use), *known)
    definite = [item for item in said if _is_definite(item, use)]
    plain = [item.lower() for item in definite if MARK not in item]
    marked = [item for item in definite if MARK in item]
    for pattern in use.wrong:
        for item in plain:
            if found := re.search(pattern, item):
                return Graded(grade=OptionGrade.WRONG, why=f"says {found[0]!r}", said=said)
    if not plain:
        grade = OptionGrade.MARKED if marked else OptionGrade.SILENT
        return Graded(grade=grade, said=said)
    whole = "\n".join(plain)
    missing = [words for words in use.right if not _has_any(words, whole)]
    if not missing:
        return Graded(grade=OptionGrade.RIGHT, said=said)
    if marked:
        return Graded(grade=OptionGrade.MARKED, why=f"lacks {missing[0][0]!r}", said=said)
    return Graded(grade=OptionGrade.WRONG, why=f"lacks {missing[0][0]!r}", said=said)


def speaking_of(text: str, use: OptionUse) -> Iterator[str]:
    """Yield the words of an explanation that speak of an option, sentence by sentence."""
    mention = _mention(use)
    before = False
    heading = False
    for sentence in sentences(_FENCE.sub("\n", text)):
        places = [found.span() for found in mention.finditer(sentence)]
        places = [_around(sentence, item) for item in places if not _is_quoted(sentence, item)]
        others = _others(sentence, mention)
        if places:
            yield _own_words(sentence, places, others)
            before, heading = True, sentence.rstrip(" *_").endswith(":")
        elif (before and not others and _GOES_ON.match(sentence)) or (heading and not others):
            yield sentence
            heading = False
        else:
            before = heading = False


def _mention(use: OptionUse) -> re.Pattern[str]:
    """Return what speaks of an option: its names, alone or with a value or in a cluster."""
    found = []
    for name in (use.option, *use.names):
        bare = re.escape(name)
        if re.fullmatch(r"--[\w-]+", name):
            found.append(rf"(?<![\w-]){bare}(?![\w-])")
        elif re.fullmatch(r"-[A-Za-z0-9]", name):
            letter = re.escape(name[1])
            found += [
                rf"(?<![\w-]){bare}(?![A-Za-z-])",
                rf"(?<![\w`-])[`'\"]?{letter}[`'\"]? (?:option|flag|switch)\b",
            ]
            # A cluster counts only where the command has it.
            found += [rf"(?<![\w-]){re.escape(item)}(?![\w-])" for item in _clusters(name, use)]
        else:
            found.append(rf"(?<![\w-]){bare}(?![\w-])")
    return re.compile("|".join(found))


def _clusters(name: str, use: OptionUse) -> set[str]:
    """Return the words of the command in which the option stands beside others."""
    if use.command in _LONG_WORDS:
        return set()
    own = re.split(r"[|;&]", use.line[use.line.index(use.command) :])[0]
    words = re.findall(r"(?<!\S)-[A-Za-z0-9]{2,}(?!\S)", own)
    return {word for word in words if name[1] in word[1:]}


def _others(sentence: str, mention: re.Pattern[str]) -> list[tuple[int, int]]:
    return [
        _around(sentence, found.span(1))
        for found in _OPTION.finditer(sentence)
        if not mention.search(found[1]) and not _is_quoted(sentence, found.span(1))
    ]


def _is_quoted(sentence: str, place: tuple[int, int]) -> bool:
    """Tell whether a mention is part of a code span that repeats more than it and its value."""
    for span in _SPAN.finditer(sentence):
        if span.start() <= place[0] and place[1] <= span.end():
            n_options = len(_OPTION.findall(span[1]))
            return n_options > 1 or len(span[1].split()) > MAX_QUOTED_WORDS
    return False


def _around(sentence: str, place: tuple[int, int]) -> tuple[int, int]:
    """Return the code span that holds a mention; the mention where none does."""
    for span in _SPAN.finditer(sentence):
        if span.start() <= place[0] and place[1] <= span.end():
            return span.span()
    return place


def _own_words(
    sentence: str, places: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> str:
    """Return what a sentence says of one option: up to the next one, and from it on."""
    first, last = places[0][0], places[-1][1]
    after = [start for start, _ in others if start > last]
    before = [end for _, end in others if end < first]
    end = min(after, default=len(sentence))
    start = max(before, default=0)
    if end < len(sentence) and not _words(sentence[last:end]):
        # "-a and -b do …": what follows is said of both.
        end = len(sentence)
    return sentence[first if start else 0 : end].strip()


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in _EMPTY]


def _is_definite(said: str, use: OptionUse) -> bool:
    """Tell whether words claim anything beyond that there is such an option."""
    without = _SPAN.sub(" ", _mention(use).sub(" ", said))
    without = re.sub(rf"\b{re.escape(use.command)}\b", " ", without)
    return bool(_words(without))


def _has_any(patterns: Sequence[str], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)
