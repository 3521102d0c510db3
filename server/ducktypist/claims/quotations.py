"""Where a prose says of an option what its manual says, word for word.

Such words need no judgement, and what they say of other options is the manual's as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.claims import meaning
from ducktypist.claims.known_options import KnownOptions, command_near, of_command
from ducktypist.claims.sentences import Sentence
from ducktypist.domain import Fact, Span

_BEFORE = re.compile(r"[`*]*(--?[A-Za-z0-9?][\w-]*)[`*]*(?:\s+means)?\s*:?[`*]*\s+$")
_AFTER = re.compile(r"\s*(?:$|[.;(:])")
_MIN_CHARACTERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """An option with its manual's words."""

    span: Span
    """From the option to the last of the words, in the prose."""
    sentence: Span
    token: str
    fact: Fact


def quotations_of(sentences: Sequence[Sentence], known: KnownOptions) -> Iterator[Quotation]:
    """Yield what is said in the words of the facts; each option stands right before its words."""
    patterns = [
        (fact, pattern)
        for fact in known.facts
        for text in dict.fromkeys((fact.text, meaning.text_of(fact)))
        if (pattern := _pattern(text)) is not None
    ]
    for sentence in sentences:
        for fact, pattern in patterns:
            for match in pattern.finditer(sentence.text):
                before = _BEFORE.search(sentence.text[: match.start()])
                if before is None or not _AFTER.match(sentence.text, match.end()):
                    continue
                named = command_near(sentence.text[: match.start()], before.start(), known.commands)
                if not any(
                    fact in of_command(group, "", named, known.commands)
                    for group in known.of(before[1])
                ):
                    continue
                base = sentence.span.start
                yield Quotation(
                    span=Span(start=base + before.start(), end=base + match.end()),
                    sentence=sentence.span,
                    token=before[1],
                    fact=fact,
                )


def _pattern(text: str) -> re.Pattern[str] | None:
    words = text.rstrip(" .;").split()
    if sum(map(len, words)) < _MIN_CHARACTERS:
        return None
    return re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
