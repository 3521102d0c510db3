"""What a prose says is raised, beside what the code raises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ducktypist.claims import python_shape
from ducktypist.claims.sentences import Sentence
from ducktypist.claims.subject import Subject
from ducktypist.claims.wordlists import words
from ducktypist.domain import Claim, ClaimKind, Fact, FactKind, Span, Standing

_NAME = (
    r"`{0,2}(?P<name>[A-Z]\w*(?:Error|Exception|Exit|Iteration|Interrupt|Warning|Failure|Fault)\b"
    r"|\w+(?:\.\w+)*\.[A-Z]\w+)`{0,2}"
)
_ACTIVE = re.compile(
    r"\b(?:rais(?:e|es|ed|ing)|throw(?:s|n|ing)?|result in|results in|lead to|leads to)\s+"
    r"(?:either\s+)?(?:an?|the)?\s*" + _NAME
)
_MORE = re.compile(r"\s*(?:,|,?\s*(?:and|or))\s+(?:an?\s+)?" + _NAME)
_LATER = re.compile(r"\b(?:and|or)\s+(?:an?\s+)?" + _NAME + r"(?=\s+(?:if|when|for|in case)\b)")
_PASSIVE = re.compile(
    _NAME + r"\s+(?:exception\s+|error\s+)?(?:is|are|will be|gets|may be|can be|would be)"
    r"\s+(?:raised|thrown)\b"
)
_NEGATED = re.compile(
    r"\b(?:not|never|no|without|n't|prevents?|avoids?|instead of|rather than)\s+(?:\w+\s+){0,2}$"
)
_EXCEPTION = re.compile(r"\b[A-Z]\w+\b")
_IMPLICIT = words(
    """
    KeyError IndexError ZeroDivisionError TypeError AttributeError FileNotFoundError OSError
    IOError StopIteration UnicodeDecodeError UnicodeEncodeError UnicodeError RecursionError
    ModuleNotFoundError ImportError LookupError ArithmeticError OverflowError PermissionError
    NameError MemoryError KeyboardInterrupt NullPointerException IndexOutOfBoundsException
    ArrayIndexOutOfBoundsException ClassCastException ReferenceError
    """
)
"""What is raised by lookups, divisions and calls, and not only by ``raise``."""


def raise_claims(sentences: Sequence[Sentence], subject: Subject) -> tuple[Claim, ...]:
    """Return what a prose claims to be raised."""
    known = _Known(subject)
    return tuple(claim for sentence in sentences for claim in _of(sentence, known))


class _Known:
    """What is raised, by the facts and by the syntax."""

    def __init__(self, subject: Subject) -> None:
        self.facts: dict[str, Fact] = {}
        for fact in subject.of_kind(FactKind.RAISES):
            for name in _EXCEPTION.findall(f"{fact.subject} {fact.text}"):
                self.facts.setdefault(name, fact)
        shapes = python_shape.functions_of(subject.code) if subject.grammar == "python" else ()
        self.raised = frozenset(name for shape in shapes for name in shape.raised)
        if not shapes:
            found = re.findall(r"\b(?:raise|throw(?:\s+new)?)\s+([\w.]+)", subject.code)
            self.raised = frozenset(name.rpartition(".")[2] for name in found)
        self.may_raise = not shapes or any(shape.may_raise for shape in shapes)
        self.caught = frozenset(name for shape in shapes for name in shape.caught) - self.raised

    def judge(self, name: str, *, is_negated: bool) -> tuple[Standing, Fact | None, str]:
        """Return how a claim stands, what says so, and what would be true instead."""
        fact = self.facts.get(name)
        is_raised = fact is not None or name in self.raised
        if is_negated:
            if is_raised:
                return Standing.CONTRADICTED, fact, fact.text if fact else f"raises {name}"
            return Standing.UNCONFIRMED, None, ""
        if is_raised:
            return Standing.CONFIRMED, fact, ""
        if name in self.caught:
            return Standing.CONTRADICTED, None, f"{name} is caught here"
        is_possible = name in _IMPLICIT and self.may_raise
        if self.facts and not is_possible:
            first = next(iter(self.facts.values()))
            texts = dict.fromkeys(one.text for one in self.facts.values())
            return Standing.CONTRADICTED, first, "; ".join(texts)
        return Standing.UNCONFIRMED, None, ""


def _of(sentence: Sentence, known: _Known) -> Iterator[Claim]:
    if sentence.is_fenced:
        return
    text, base = sentence.text, sentence.span.start
    for pattern in (_ACTIVE, _PASSIVE):
        for match in pattern.finditer(text):
            is_negated = bool(_NEGATED.search(text[: match.start()]))
            if pattern is _PASSIVE:
                is_negated = is_negated or text[: match.start()].rstrip().lower().endswith("no")
            found = [match]
            while pattern is _ACTIVE and (more := _MORE.match(text, found[-1].end())):
                found.append(more)
            if pattern is _ACTIVE and not is_negated:
                # "raises a KeyError if …, and a TypeError when …"
                found += _LATER.finditer(text, found[-1].end())
            for index, one in enumerate(found):
                name = one["name"].rpartition(".")[2]
                standing, fact, correction = known.judge(name, is_negated=is_negated)
                if is_negated and standing is Standing.UNCONFIRMED:
                    continue
                start = match.start() if not index else one.start("name")
                yield Claim(
                    kind=ClaimKind.RAISES,
                    span=Span(start=base + start, end=base + one.end()),
                    sentence=sentence.span,
                    subject=name,
                    standing=standing,
                    fact=fact,
                    correction=correction,
                )
