"""Claims that a call gives a value: found in a prose, and judged once somebody has run them.

Only calls whose arguments are literals; nothing is run or evaluated here but literals.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ducktypist.claims.sentences import Sentence
from ducktypist.domain import Claim, ClaimKind, Span, Standing
from ducktypist.syntax.own_parser import FAILURES, alone

MAX_CALL_CHARACTERS = 300

_CALL = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)*\(")
_GIVES = re.compile(
    r"[`\s]*"
    r"(?:(?:would|will|should|which|it|then|and|call|also|simply|evaluated|(?:the )?value)\s+)*"
    r"(?P<verb>gives?(?: back)?|returns?|yields?|is|evaluates? to|equals?|produces?|results? in"
    r"|be|becomes?|outputs?|prints?|->|→|=>|==|=|raises?|throws?)"
    r"(?:\s+(?:the\s+)?(?:value|result|string|number|list|exactly))?[\s:`]*"
)
_RAISES = frozenset({"raise", "raises", "throw", "throws"})
_PLAIN_VALUE = re.compile(
    r"-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|None|True|False|[^\W\d]\w*(?:Error|Exception)\b"
)
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


def result_claims(sentences: Sequence[Sentence]) -> tuple[Claim, ...]:
    """Return the claims that a call with plain arguments gives a value, all unconfirmed."""
    return tuple(claim for sentence in sentences for claim in _of(sentence))


def calls_of(claims: Sequence[Claim]) -> tuple[str, ...]:
    """Return the calls whose results are claimed, each once."""
    found = (claim.subject for claim in claims if claim.kind is ClaimKind.RESULT)
    return tuple(dict.fromkeys(found))


def with_results(claims: Sequence[Claim], results: Mapping[str, str]) -> tuple[Claim, ...]:
    """Judge result claims by what running their calls gave.

    Args:
        claims: All claims of a prose; those of other kinds are returned as they are.
        results: What each call gave, by its text: a value's ``repr``, or ``raises ValueError: …``.
            Claims of calls that are missing stay unconfirmed.
    """
    return tuple(
        _judged(claim, results[claim.subject])
        if claim.kind is ClaimKind.RESULT and claim.subject in results
        else claim
        for claim in claims
    )


def _judged(claim: Claim, got: str) -> Claim:
    if _is_same(claim.said, got):
        return replace(claim, standing=Standing.CONFIRMED, correction="")
    return replace(claim, standing=Standing.CONTRADICTED, correction=got)


def _is_same(said: str, got: str) -> bool:
    if got.startswith("raises "):
        return (
            said.split(":", maxsplit=1)[0]
            == got.split(":", maxsplit=1)[0].split(",", maxsplit=1)[0]
        )
    one, other = _literal(said), _literal(got)
    if one is None or other is None:
        return " ".join(said.split()) == " ".join(got.split())
    return _is_equal(one[0], other[0])


def _is_equal(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        try:
            # Prose says 0.3 where Python shows 0.30000000000000004.
            return one == other or math.isclose(one, other, rel_tol=1e-9)
        except OverflowError:
            return False
    if (
        isinstance(one, list | tuple)
        and type(one) is type(other)
        and isinstance(other, list | tuple)
    ):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return one == other


def _of(sentence: Sentence) -> Iterator[Claim]:
    text = sentence.text
    at = 0
    while match := _CALL.search(text, at):
        end = _closing(text, match.end() - 1)
        at = match.end()
        if end is None or end - match.start() > MAX_CALL_CHARACTERS:
            continue
        call = text[match.start() : end]
        said = _said(text, end) if _is_plain_call(call) else None
        if said is None:
            continue
        value, until = said
        at = until
        base = sentence.span.start
        yield Claim(
            kind=ClaimKind.RESULT,
            span=Span(start=base + match.start(), end=base + until),
            sentence=sentence.span,
            subject=call,
            said=value,
            standing=Standing.UNCONFIRMED,
        )


def _said(text: str, at: int) -> tuple[str, int] | None:
    """Return the value that is said of a call that ends at ``at``, and where the value ends."""
    verb = _GIVES.match(text, at)
    if verb is None:
        return None
    start = verb.end()
    value = _value(text, start)
    if value is None:
        return None
    until = start + len(value)
    if verb["verb"] in _RAISES or re.fullmatch(r"\w+(?:Error|Exception)", value):
        is_error = re.fullmatch(r"\w*(?:Error|Exception)", value) is not None
        return (f"raises {value}", until) if is_error else None
    return value, until


def _value(text: str, start: int) -> str | None:
    if plain := _PLAIN_VALUE.match(text, start):
        return plain[0]
    first = text[start : start + 1]
    if first in _BRACKETS or first in {"'", '"'} or re.match(r"[rbuf]['\"]", text[start:]):
        end = _closing(text, start) if first in _BRACKETS else _string_end(text, start)
        value = text[start:end] if end is not None else ""
        return value if value and _literal(value) is not None else None
    return None


def _string_end(text: str, start: int) -> int | None:
    match = re.compile(r"""[rbu]?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""").match(text, start)
    return match.end() if match is not None else None


def _closing(text: str, start: int) -> int | None:
    """Return where the bracket that opens at ``start`` is closed; strings are passed over."""
    waiting: list[str] = []
    at = start
    while at < min(len(text), start + MAX_CALL_CHARACTERS):
        mark = text[at]
        if mark in {"'", '"'}:
            end = _string_end(text, at)
            if end is None:
                return None
            at = end
            continue
        if mark in _BRACKETS:
            waiting.append(_BRACKETS[mark])
        elif mark in ")]}":
            if not waiting or waiting.pop() != mark:
                return None
            if not waiting:
                return at + 1
        at += 1
    return None


def _is_plain_call(call: str) -> bool:
    try:
        with alone():
            tree = ast.parse(call, mode="eval").body
    except FAILURES:
        return False
    if not isinstance(tree, ast.Call) or any(word.arg is None for word in tree.keywords):
        return False
    values = [*tree.args, *(word.value for word in tree.keywords)]
    return all(_literal(ast.unparse(value)) is not None for value in values)


def _literal(text: str) -> tuple[object] | None:
    """Return a literal's value in a tuple, None for what is none."""
    try:
        with alone():
            return (ast.literal_eval(text.strip()),)
    except (*FAILURES, TypeError):
        return None
