"""What the recorded values of one argument have in common, so that made-up ones keep to it.

A function that is only ever given sorted lists owes nothing to an unsorted one: on such an input
right patches differ too, and a difference there says nothing. Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from ducktypist.verify.calls import Plain, write_literal

Habit: TypeAlias = Callable[[Plain], bool]
"""Tells whether a value keeps to it."""
Habits: TypeAlias = tuple[Habit, ...]

_MIN_LISTS = 2
_MIN_PARTS = 5
"""Together this many lists and elements before their order is called a habit: people who make up
one list for a test like to count upwards."""
_MIN_CHARACTERS = 6
_MAX_ALPHABET = 6
_MIN_REUSE = 3
"""How often each character of a small alphabet stands there on average before it is one."""


def habits_of(values: Sequence[Plain]) -> Habits:
    """Return what these values have in common; what they do not show clearly is not among it."""
    return tuple(itertools.chain(_of_numbers(values), _of_texts(values), _of_lists(values)))


def is_uniform(value: Sequence[Plain]) -> bool:
    """Tell whether all elements are of one type."""
    return len({type(part) for part in value}) <= 1


def _of_numbers(values: Sequence[Plain]) -> Iterator[Habit]:
    numbers = [number for value in values for number in _parts(value, (int, float))]
    if numbers and min(numbers) >= 0:
        yield lambda value: min(_parts(value, (int, float)), default=0) >= 0
    if numbers and min(numbers) > 0:
        # Whoever passes only positive numbers may still be asked about the first that is not.
        yield lambda value: sum(number == 0 for number in _parts(value, (int, float))) <= 1


def _of_texts(values: Sequence[Plain]) -> Iterator[Habit]:
    texts = "".join(part for value in values for part in _parts(value, (str,)))
    alphabet = set(texts)
    is_small = len(alphabet) <= _MAX_ALPHABET and len(texts) >= _MIN_REUSE * len(alphabet)
    if len(texts) >= _MIN_CHARACTERS and is_small:
        yield lambda value: all(set(part) <= alphabet for part in _parts(value, (str,)))


def _of_lists(values: Sequence[Plain]) -> Iterator[Habit]:
    lists = [value for value in values if isinstance(value, list | tuple)]
    if not lists or len(lists) < len(values):
        return
    telling = [value for value in lists if len(value) > 1]
    if len(telling) >= _MIN_LISTS and sum(map(len, telling)) >= _MIN_PARTS:
        for is_so in (_is_ordered, _is_falling, _is_distinct):
            if all(map(is_so, telling)):
                yield _holding(is_so)
    if all(map(is_uniform, lists)):
        yield _holding(is_uniform)
    rows = [row for value in lists for row in value]
    if len(rows) > 1 and _is_rectangular(rows):
        yield _holding(_is_rectangular)


def _holding(is_so: Callable[[Sequence[Plain]], bool]) -> Habit:
    return lambda value: not isinstance(value, list | tuple) or is_so(value)


def _parts(value: Plain, kinds: tuple[type, ...]) -> Iterator[Any]:
    """Yield all parts of these types, at any depth; a bool is no number."""
    match value:
        case bool():
            return
        case dict():
            for part in (*value.keys(), *value.values()):
                yield from _parts(part, kinds)
        case list() | tuple() | set() | frozenset():
            for part in value:
                yield from _parts(part, kinds)
        case _ if isinstance(value, kinds):
            yield value


def _is_ordered(value: Sequence[Plain]) -> bool:
    try:
        return all(a <= b for a, b in itertools.pairwise(value))  # type: ignore[operator] # values that cannot be compared raise
    except TypeError:
        return False


def _is_falling(value: Sequence[Plain]) -> bool:
    return _is_ordered(value[::-1])


def _is_distinct(value: Sequence[Plain]) -> bool:
    texts = [write_literal(part) for part in value]
    return len(set(texts)) == len(texts)


def _is_rectangular(value: Sequence[Plain]) -> bool:
    """Tell whether it is rows of one length."""
    lengths = {len(row) if isinstance(row, list | tuple) else -1 for row in value}
    return -1 not in lengths and len(lengths) <= 1
