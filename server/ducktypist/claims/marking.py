"""Marks behind what nothing confirms, so that a reader sees which words are only the model's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ducktypist.claims.sentences import MARK, code_spans, sentences_of
from ducktypist.domain import Claim, Span, Standing

_REST_OF_WORD = re.compile(r"\w*(?:\(\))?(?:[./:-]\w[\w]*(?:\(\))?)*(?:['\u2019]s\b)?")
_REST_BEHIND_CODE = re.compile(r"(?:['\u2019]?s\b)?")


def mark(prose: str, claims: Sequence[Claim]) -> str:
    """Return a prose in which every unconfirmed claim's words have ``(?)`` behind them.

    Once for each subject and sentence. Never within code spans or words; in a fenced block at the
    end of the line. Marking what is marked changes nothing.

    Args:
        prose: The prose in which the claims were found.
        claims: All of them.
    """
    if MARK in prose:
        # Either the claims' places are those of the marked text, or of the text before.
        before = _marked(prose.replace(MARK, ""), claims)
        if before == prose:
            return prose
    return _marked(prose, claims)


def _marked(prose: str, claims: Sequence[Claim]) -> str:
    codes = code_spans(prose)
    fenced = tuple(one.span for one in sentences_of(prose) if one.is_fenced)
    done: set[tuple[str, str, int]] = set()
    places: set[int] = set()
    for claim in claims:
        key = (claim.kind, claim.subject, claim.span.end if claim.said else claim.sentence.start)
        if claim.standing is Standing.UNCONFIRMED and key not in done:
            if claim.span.end > len(prose):
                continue
            done.add(key)
            places.add(_behind(prose, claim.span, codes, fenced))
    parts: list[str] = []
    at = 0
    for place in sorted(places):
        parts.append(prose[at:place])
        if not prose.startswith(MARK, place):
            parts.append(MARK)
        at = place
    return "".join([*parts, prose[at:]])


def _behind(prose: str, span: Span, codes: Sequence[Span], fenced: Sequence[Span]) -> int:
    """Return where a mark for the words of ``span`` can stand."""
    for line in fenced:
        if line.start <= span.start <= line.end:
            end = line.end
            return end - len(MARK) if prose[:end].endswith(MARK) else end
    at = span.end
    for code in codes:
        if code.start < at <= code.end:
            at = code.end
            rest = _REST_BEHIND_CODE.match(prose, at)
            return rest.end() if rest is not None else at
    rest = _REST_OF_WORD.match(prose, at) if at and prose[at - 1].isalnum() else None
    at = rest.end() if rest is not None else at
    # Behind the marks of bold type that the words end with, not between two of them.
    while at and prose[at : at + 1] == "*" and prose[at - 1] == "*":
        at += 1
    return at
