"""Conditions in words, such as ``n is negative`` or ``an empty list``, as inputs that meet them.

Each has to be understood to its last word, or it gives nothing. Shared by Python and Go; what an
empty value looks like is the language's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ducktypist.syntax.doc_checks.model import Parameter

_NUMBERS = frozenset({"int", "uint", "float"})
_ZERO = r"(?:0|zero)"
_INTEGER = r"(-?\d{1,9})"
_NOUNS = {
    **dict.fromkeys(("list", "array", "sequence", "slice", "lists", "slices"), ("list",)),
    **dict.fromkeys(("string", "str", "text", "word", "sentence", "strings"), ("str",)),
    **dict.fromkeys(("number", "integer", "int", "numbers", "integers"), ("int", "uint", "float")),
    **dict.fromkeys(("dict", "dictionary", "mapping", "map"), ("dict",)),
    "tuple": ("tuple",),
    "set": ("set",),
    "iterable": ("list",),
    "collection": ("list",),
    **dict.fromkeys(("input", "argument", "value", "it", "parameter"), ()),
}
"""The kinds of parameters that a noun can stand for; none means the only parameter there is."""
_ADJECTIVES = {
    "empty": "empty",
    "negative": "negative",
    "zero": "zero",
    "non-positive": "non_positive",
    "nonpositive": "non_positive",
}
_PREDICATES = (
    (r"(?:is|are) (?:an? )?(?:strictly )?negative(?: (?:number|integer|value)s?)?", "negative"),
    (rf"(?:is )?(?:<|less than|below|smaller than) {_ZERO}", "negative"),
    (r"(?:is|are) (?:not (?:strictly )?positive|non-?positive)", "non_positive"),
    (r"is not a positive (?:number|integer|int)", "non_positive"),
    (rf"(?:is )?(?:<=|≤|less than or equal to|at most|not greater than) {_ZERO}", "non_positive"),
    (r"(?:is|are|equals|is equal to) zero", "zero"),
    (r"(?:is|are|==?|===|equals|is equal to) 0", "same_zero"),
    (r"(?:is|are) (?:an? )?empty(?: (?:list|string|sequence|slice|dict|tuple|map|set))?", "empty"),
    (r"(?:has|have|contains?) no (?:elements|items|characters|entries)", "empty"),
    (r"(?:is|==) (?:None|nil|null)", "none"),
    (rf"(?:is|==?|equals|is equal to) {_INTEGER}", "same"),
    (rf"(?:is )?(?:<|less than|below|smaller than|under) {_INTEGER}", "below"),
    (rf"(?:is )?(?:>|greater than|more than|above|larger than|over) {_INTEGER}", "above"),
    (rf"(?:is )?(?:<=|≤|less than or equal to|at most) {_INTEGER}", "same_or_below"),
    (rf"(?:is )?(?:>=|≥|greater than or equal to|at least) {_INTEGER}", "same_or_above"),
    (r"(?:is not|isn't) an? (integer|int|number|string|str|list|dict|dictionary|tuple)", "no_kind"),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), what) for pattern, what in _PREDICATES)
_SPLIT = re.compile(r",? or (?:if |when )?")
_REFUSED = re.compile(
    r"\b(?:and|both|all|any|each|every|either|neither|nor|unless|but|only|else)\b",
    re.IGNORECASE,
)
_ARTICLE = r"(?:(?:the|an?|its|this|that) )?(?:(?:given|input|passed|value of|length of the) )?"
_OTHER_KINDS = {"int": '"x"', "float": '"x"', "str": "0", "list": "0", "dict": "0", "tuple": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meets:
    """An argument that meets a condition."""

    parameter: Parameter
    argument: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """How the language writes what conditions speak of."""

    empty: Callable[[Parameter, str], str]
    """The empty value for a parameter, whose kind the noun (the second) may tell; else empty."""
    none: str
    has_kinds_at_run_time: bool
    """An argument of another kind is refused by the function and not by the compiler."""


def inputs(
    said: str, parameters: Sequence[Parameter], tongue: Tongue, *, is_error: bool
) -> list[Meets]:
    """Return inputs that meet a condition; none when any doubt is left.

    Args:
        said: The condition, without ``if`` and without its full stop.
        parameters: The function's.
        tongue: How the language writes values.
        is_error: The function refuses such input.
    """
    said = re.sub(r"\s+", " ", said).strip(" .,:;")
    if _REFUSED.search(said) or not said:
        return []
    parts = _SPLIT.split(said)
    if len(parts) > 1 and re.search(r"\bnot\b|\bnon-?|\bother\b|n't\b", parts[0]):
        # `not positive or zero`: who is to say how far the `not` reaches.
        return []
    found: list[Meets] = []
    for part in parts:
        found += _clause(part.strip(), parameters, tongue, is_error=is_error)
    return found


def _clause(
    said: str, parameters: Sequence[Parameter], tongue: Tongue, *, is_error: bool
) -> list[Meets]:
    for subject, noun, what, operand in _readings(said, parameters):
        arguments = list(_arguments(subject, noun, what, operand, tongue, is_error=is_error))
        if arguments:
            return [Meets(parameter=subject, argument=argument) for argument in arguments]
    return []


def _readings(
    said: str, parameters: Sequence[Parameter]
) -> Iterator[tuple[Parameter, str, str, str]]:
    """Yield whom a clause speaks of, by which noun, and what it says of it."""
    for one in parameters:
        head = re.match(rf"{_ARTICLE}(?:(\w+) )?{re.escape(one.name)}(?= |<|>|=|≤|≥)", said)
        noun = (head[1] or "") if head is not None else ""
        if head is None or (noun and noun.lower() not in _NOUNS):
            continue
        for what, operand in _predicates(said[head.end() :].strip()):
            yield one, noun.lower(), what, operand
    head = re.match(rf"{_ARTICLE}(\w+)(?= |<|>|=|≤|≥)", said, re.IGNORECASE)
    if head is not None and head[1].lower() in _NOUNS:
        meant = _meant(head[1].lower(), parameters)
        if meant is not None:
            for what, operand in _predicates(said[head.end() :].strip()):
                yield meant, head[1].lower(), what, operand
    yield from _adjectives(said, parameters)


def _adjectives(
    said: str, parameters: Sequence[Parameter]
) -> Iterator[tuple[Parameter, str, str, str]]:
    """Read ``an empty list``, ``negative n``, ``a negative number``."""
    match = re.fullmatch(
        rf"(?:{_ARTICLE})?({'|'.join(_ADJECTIVES)})(?: (\w+))?(?: (\w+))?", said, re.IGNORECASE
    )
    if match is None:
        return
    what = _ADJECTIVES[match[1].lower()]
    words = [word for word in match.groups()[1:] if word]
    if not words and what == "zero" and (only := _meant("number", parameters)) is not None:
        yield only, "", what, ""
    named = {one.name: one for one in parameters}
    nouns = [word.lower() for word in words if word not in named]
    meant = [named[word] for word in words if word in named]
    if not words or any(noun not in _NOUNS for noun in nouns) or len(meant) + len(nouns) > 2:  # noqa: PLR2004 - a noun and a name
        return
    noun = nouns[0] if nouns else ""
    one = meant[0] if len(meant) == 1 else _meant(noun, parameters)
    if one is not None and len(meant) <= 1 and len(nouns) <= 1:
        yield one, noun, what, ""


def _predicates(said: str) -> Iterator[tuple[str, str]]:
    for pattern, what in _PATTERNS:
        match = pattern.fullmatch(re.sub(r"(?<=[<>=≤≥])(?=[\w-])", " ", said))
        if match is not None:
            yield what, match[1] if pattern.groups else ""


def _meant(noun: str, parameters: Sequence[Parameter]) -> Parameter | None:
    """Return the parameter that a noun without a name stands for, when there is only one."""
    kinds = _NOUNS[noun]
    if len(parameters) == 1:
        one = parameters[0]
        return one if not kinds or not one.kind or one.kind in kinds else None
    # With several, each of them has to be known, or another one may be meant.
    if not kinds or any(not one.kind for one in parameters):
        return None
    found = [one for one in parameters if one.kind in kinds]
    return found[0] if len(found) == 1 else None


def _arguments(
    one: Parameter, noun: str, what: str, operand: str, tongue: Tongue, *, is_error: bool
) -> Iterator[str]:
    if what == "empty":
        kinds = _NOUNS.get(noun, ())
        if not one.kind or not kinds or one.kind in kinds:
            value = tongue.empty(one, kinds[0] if len(kinds) == 1 else "")
            if value:
                yield value
    elif what == "none":
        if one.kind not in _NUMBERS or tongue.has_kinds_at_run_time:
            yield tongue.none
    elif what == "no_kind":
        kinds = _NOUNS[operand.lower()]
        if is_error and tongue.has_kinds_at_run_time and (not one.kind or one.kind in kinds):
            yield _OTHER_KINDS[kinds[0]]
    elif one.kind in _NUMBERS or (not one.kind and what != "zero"):
        # A matrix or a symbol can be `zero`, too; only a number is `0` or negative.
        values = _numbers(what, operand)
        yield from (str(value) for value in values if value >= 0 or one.kind != "uint")


def _numbers(what: str, operand: str) -> tuple[int, ...]:
    fixed = {"negative": (-1,), "zero": (0,), "same_zero": (0,), "non_positive": (0, -1)}
    if what in fixed:
        return fixed[what]
    value = int(operand)
    by_word = {
        "same": (value,),
        "below": (value - 1,),
        "above": (value + 1,),
        "same_or_below": (value, value - 1),
        "same_or_above": (value, value + 1),
    }
    return by_word[what]
