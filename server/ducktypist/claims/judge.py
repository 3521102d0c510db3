"""All claims of a prose, each with how it stands beside what is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ducktypist.claims.names import name_claims
from ducktypist.claims.numbers import number_claims
from ducktypist.claims.options import option_claims
from ducktypist.claims.raising import raise_claims
from ducktypist.claims.results import result_claims
from ducktypist.claims.returning import return_claims
from ducktypist.claims.sentences import MARK, sentences_of
from ducktypist.claims.subject import Subject
from ducktypist.claims.wordlists import words
from ducktypist.domain import Claim, Span

PART_CHARACTERS = 4000
"""A longer prose is judged in parts, so that the time it takes grows with its length only."""

_ENGLISH = words(
    """
    the of and to is are that with not this it for if by be from as or which when all each only does
    instead then before after its they there without has been but into than an
    """
)
_VERBS = words(
    """
    adds appends asks assigns bypasses changes checks compares compresses counts creates deletes
    descends disables discards displays downloads edits enables excludes executes exits extracts
    fetches filters finds follows forces gives ignores includes inverts keeps limits lists makes
    matches moves names numbers opens outputs overwrites prevents prints reads removes repeats
    replaces resets returns reverses runs searches selects sends separates sets shows skips sorts
    stops suppresses takes tells treats uses writes yields raises throws calls starts ends
    """
)
"""What a very short sentence has to hold for being English."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_SHARE = 0.1
_FEW = 12


def claims_of(prose: str, subject: Subject) -> tuple[Claim, ...]:
    """Return what a prose claims and how each claim stands, in the order of the prose.

    Calls with their results are unconfirmed until ``with_results`` is told what they gave. Meanings
    are compared in English only; names and numbers in any language.

    Args:
        prose: Markdown text of a model; marks in it do not matter.
        subject: What it is about.
    """
    plain = prose.replace(MARK, " " * len(MARK))
    claims = [
        _shifted(claim, start)
        for start, end in _parts(plain)
        for claim in _claims(plain[start:end], subject)
    ]
    return tuple(sorted(claims, key=lambda claim: (claim.span.start, claim.span.end)))


def _claims(prose: str, subject: Subject) -> list[Claim]:
    sentences = sentences_of(prose)
    is_english = _is_english(" ".join(one.plain for one in sentences if not one.is_fenced))
    results = result_claims(sentences)
    taken = [claim.span for claim in results]
    return [
        *results,
        *option_claims(sentences, subject, is_english=is_english),
        *raise_claims(sentences, subject),
        *return_claims(sentences, subject, taken=taken, is_english=is_english),
        *name_claims(sentences, subject, taken=taken),
        *number_claims(sentences, subject, taken=taken),
    ]


def _parts(prose: str) -> Iterator[tuple[int, int]]:
    """Yield where the parts begin and end, between paragraphs where there are any."""
    start = 0
    while len(prose) - start > PART_CHARACTERS:
        limit = start + PART_CHARACTERS
        gaps = (prose.rfind(gap, start + 1, limit) for gap in ("\n\n", "\n", " "))
        end = next((gap for gap in gaps if gap > start), limit)
        yield start, end
        start = end
    yield start, len(prose)


def _shifted(claim: Claim, by: int) -> Claim:
    if not by:
        return claim
    span, sentence = claim.span, claim.sentence
    return replace(
        claim,
        span=Span(start=span.start + by, end=span.end + by),
        sentence=Span(start=sentence.start + by, end=sentence.end + by),
    )


def _is_english(text: str) -> bool:
    """Tell whether a prose can be compared with English manuals; in doubt it cannot."""
    words = [word.lower() for word in _WORD.findall(text)]
    n_small = sum(word in _ENGLISH for word in words)
    if len(words) >= _FEW:
        return n_small >= _SHARE * len(words)
    return text.isascii() and (n_small > 0 or not _VERBS.isdisjoint(words))
