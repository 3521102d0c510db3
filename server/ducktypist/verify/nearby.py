"""Inputs near those that the tests use, for telling patches apart that the tests cannot.

One or two parts of a recorded call are changed, or parts of two calls are put together. What all
recorded calls have in common is kept (``habits``), because a function owes nothing to an input that
nobody would pass. Pure and deterministic.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from ducktypist.verify.calls import MAX_TEXT, Call, Plain, read_literal, write_literal
from ducktypist.verify.habits import Habits, habits_of, is_uniform

N_MAX = 60
_MAX_INT = 10**6
"""Larger numbers are not doubled; they mostly are sizes already."""
_MAX_ITEMS = 100
_N_DRAWN = 40
_N_FEW = 12
_MIN_SEQUENCE = 3
"""A tuple with fewer parts is a record, a pair of coordinates say, and keeps its length."""
_MAX_DEPTH = 4

_T = TypeVar("_T")

Place: TypeAlias = tuple[str, int | str]
"""Where a value stands in a call: an argument's index or keyword's name, or a key of the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A call that nobody made, near one that a test made."""

    call: Call
    origin: int
    """Index of the recorded call that it was made from."""


def nearby(calls: Sequence[Call], *, n_max: int = N_MAX, seed: int = 0) -> tuple[Near, ...]:
    """Return different calls near these, none of them among these.

    Args:
        calls: The recorded ones.
        n_max: How many at most; spread evenly over the calls and their arguments.
        seed: Decides which of several alike changes are made.
    """
    rng = random.Random(seed)  # noqa: S311 - a choice of inputs, no secret
    read = [_Read(call) for call in calls]
    places = {place for one in read for place in one.values}
    habits = {
        place: habits_of([one.values[place] for one in read if place in one.values])
        for place in places
    }
    streams: list[Iterator[Near]] = [
        _varied(one, origin, place, habits[place], rng)
        for origin, one in enumerate(read)
        for place in one.values
    ]
    streams += [_mixed(read), _twice(read, habits, rng)]
    seen = {_identity(call) for call in calls}
    found: list[Near] = []
    for near in _taking_turns(streams):
        if len(found) >= n_max:
            break
        identity = _identity(near.call)
        if identity not in seen and _is_short(near.call):
            seen.add(identity)
            found.append(near)
    return tuple(found)


def variations(value: Plain, rng: random.Random, *, depth: int = 0) -> Iterator[Plain]:
    """Yield values of the same kind near this one, those that tell most first."""
    match value:
        case bool():
            yield not value
        case int():
            yield from _ints(value, rng)
        case float():
            yield from _floats(value, rng)
        case str():
            yield from _texts(value, rng)
        case bytes():
            yield from (value[:-1], value[1:], b"", value + value, value[::-1])
        case list():
            yield from _lists(value, rng, depth)
        case tuple():
            yield from map(tuple, _tuples(list(value), rng, depth))
        case dict():
            yield from _dicts(value, rng, depth)
        case set() | frozenset():
            yield from (type(value)(one) for one in _sets(value, rng, depth))
        case _:
            # Of None nothing is known, not even its type.
            return


def _ints(value: int, rng: random.Random) -> Iterator[int]:
    yield from (value + 1, value - 1, 0)
    if abs(value) <= _MAX_INT:
        yield from (value * 2, -value, value + 2, value // 2, 1, value + 10)
    for _ in range(_N_DRAWN):
        # Of the same size, so that it takes about as long.
        yield rng.randint(0, max(10, abs(value) * 3 // 2)) * (-1 if value < 0 else 1)


def _floats(value: float, rng: random.Random) -> Iterator[float]:
    yield from (value + 1, value - 1, 0.0, value / 2, value * 2, -value, value + 0.5, value + 0.01)
    for _ in range(_N_DRAWN):
        yield round(rng.uniform(0, abs(value) * 3 / 2 or 10.0), 3) * (-1 if value < 0 else 1)


def _texts(value: str, rng: random.Random) -> Iterator[str]:
    yield from (value[:-1], value[1:], "", value[::-1], value + value, value.swapcase())
    n = len(value)
    if n > 1:
        for _ in range(3):
            at, other = rng.randrange(n), rng.randrange(n)
            yield value[:at] + value[other] + value[at + 1 :]
            yield value[:at] + value[at + 1 :]
            yield value[:at] + value[other] + value[at:]
        at = rng.randrange(n - 1)
        yield value[:at] + value[at + 1] + value[at] + value[at + 2 :]
    yield from (value.upper(), value.lower())
    digits = [i for i, character in enumerate(value) if character.isdecimal()]
    for i in digits[:2]:
        yield value[:i] + str((int(value[i]) + 1) % 10) + value[i + 1 :]
    yield from (f" {value}", f"{value} ", value[:1])
    for _ in range(_N_DRAWN if n > 1 else 0):
        yield "".join(rng.choices(value, k=rng.randint(1, n + 2)))


def _lists(value: list[Plain], rng: random.Random, depth: int) -> Iterator[list[Plain]]:
    n = len(value)
    elements = _elementwise(value, rng, depth)
    yield from itertools.islice(elements, 2)
    if n > 1:
        yield from (value[:-1], value[1:], value[::-1])
    yield []
    if 0 < n <= _MAX_ITEMS:
        yield [*value, value[rng.randrange(n)]]
        yield [value[0], *value]
    yield from itertools.islice(elements, 3)
    if n > 1:
        yield from _sorted_ways(value)
        at = rng.randrange(n - 1)
        yield [*value[:at], value[at + 1], value[at], *value[at + 2 :]]
        at = rng.randrange(n)
        yield [*value[:at], *value[at + 1 :]]
        yield value[:1]
        if n <= _MAX_ITEMS:
            yield value + value
    drawn = (rng.choices(value, k=rng.randint(1, n + 2)) for _ in range(_N_DRAWN if n else 0))
    yield from _taking_turns([elements, drawn])


def _tuples(value: list[Plain], rng: random.Random, depth: int) -> Iterator[list[Plain]]:
    """Yield a tuple's variations: of a record's parts, or those of a list where it is like one."""
    if len(value) >= _MIN_SEQUENCE and depth == 0 and is_uniform(value):
        yield from _lists(value, rng, depth)
        return
    yield from _elementwise(value, rng, depth)
    if len(value) > 1 and is_uniform(value):
        yield value[::-1]


def _sorted_ways(value: list[Plain]) -> Iterator[list[Plain]]:
    try:
        ordered = sorted(value)  # type: ignore[type-var] # values that cannot be compared raise
    except TypeError:
        return
    yield from (ordered, ordered[::-1])


def _elementwise(value: list[Plain], rng: random.Random, depth: int) -> Iterator[list[Plain]]:
    """Yield copies with one element varied, going round the elements in a drawn order."""
    if depth >= _MAX_DEPTH or not value:
        return
    places = list(range(len(value)))
    rng.shuffle(places)
    yield from _taking_turns([_one_varied(value, at, rng, depth) for at in places[:8]])


def _one_varied(
    value: list[Plain], at: int, rng: random.Random, depth: int
) -> Iterator[list[Plain]]:
    for other in variations(value[at], rng, depth=depth + 1):
        yield [*value[:at], other, *value[at + 1 :]]


def _dicts(
    value: dict[Plain, Plain], rng: random.Random, depth: int
) -> Iterator[dict[Plain, Plain]]:
    keys = list(value)
    changed = (
        dict(zip(keys, others, strict=True))
        for others in _elementwise(list(value.values()), rng, depth)
    )
    yield from itertools.islice(changed, 2)
    if keys:
        yield {key: value[key] for key in keys[:-1]}
        yield {key: value[key] for key in keys[1:]}
    yield {}
    if depth < _MAX_DEPTH:
        for key in keys[:2]:
            for other in itertools.islice(variations(key, rng, depth=depth + 1), 2):
                if isinstance(other, Hashable) and other not in value:
                    yield {other if k == key else k: v for k, v in value.items()}
    yield from changed


def _sets(
    value: set[Plain] | frozenset[Plain], rng: random.Random, depth: int
) -> Iterator[list[Plain]]:
    # A set's own order differs from run to run.
    ordered = sorted(value, key=write_literal)
    if ordered:
        yield from (ordered[:-1], ordered[1:])
    yield []
    if depth < _MAX_DEPTH:
        for one in ordered[:4]:
            for other in itertools.islice(variations(one, rng, depth=depth + 1), 2):
                if isinstance(other, Hashable):
                    yield [*ordered, other]


class _Read:
    """A recorded call with its arguments' values at hand."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.values: dict[Place, Plain] = {}
        for index, text in enumerate(call.arguments):
            self._keep(("argument", index), text)
        for name, text in call.keywords:
            self._keep(("keyword", name), text)
        self.state: dict[Plain, Plain] = {}
        if call.state is not None:
            state = read_literal(call.state)
            if isinstance(state, dict):
                self.state = state
                self.values |= {
                    ("state", name): value for name, value in state.items() if isinstance(name, str)
                }

    def _keep(self, place: Place, text: str) -> None:
        try:
            self.values[place] = read_literal(text)
        except ValueError:
            # It can be passed again as it is, and that is all.
            return

    def with_value(self, place: Place, value: Plain) -> Call:
        """Return the call with one value replaced."""
        where, at = place
        call = self.call
        if where == "state":
            return replace(call, state=write_literal({**self.state, at: value}))
        text = write_literal(value)
        if where == "argument":
            arguments = [text if i == at else one for i, one in enumerate(call.arguments)]
            return replace(call, arguments=tuple(arguments))
        keywords = [(name, text if name == at else one) for name, one in call.keywords]
        return replace(call, keywords=tuple(keywords))


def _varied(
    one: _Read, origin: int, place: Place, habits: Habits, rng: random.Random
) -> Iterator[Near]:
    for value in variations(one.values[place], rng):
        if all(habit(value) for habit in habits):
            yield Near(call=one.with_value(place, value), origin=origin)


def _twice(
    read: Sequence[_Read], habits: dict[Place, Habits], rng: random.Random
) -> Iterator[Near]:
    """Yield calls with two values varied."""
    several = [(origin, one) for origin, one in enumerate(read) if len(one.values) > 1]
    for _ in range(2 * _N_DRAWN if several else 0):
        origin, one = rng.choice(several)
        call = one.call
        for place in rng.sample(list(one.values), 2):
            few = list(itertools.islice(variations(one.values[place], rng), _N_FEW))
            kept = [value for value in few if all(habit(value) for habit in habits[place])]
            if kept:
                call = _Read(call).with_value(place, rng.choice(kept))
        yield Near(call=call, origin=origin)


def _mixed(read: Sequence[_Read]) -> Iterator[Near]:
    """Yield calls with one argument taken from another place or call."""
    for origin, one in enumerate(read):
        for (place, value), (_, other) in itertools.permutations(one.values.items(), 2):
            if type(value) is type(other) and value != other:
                yield Near(call=one.with_value(place, other), origin=origin)
    for (origin, one), lender in itertools.product(enumerate(read), read):
        for place, value in lender.values.items():
            mine = one.values.get(place)
            if len(one.values) > 1 and type(mine) is type(value) and mine != value:
                yield Near(call=one.with_value(place, value), origin=origin)


def _taking_turns(streams: Sequence[Iterator[_T]]) -> Iterator[_T]:
    """Yield the first of each, then the second of each, and so on."""
    waiting = list(streams)
    while waiting:
        left = []
        for stream in waiting:
            for value in stream:
                yield value
                left.append(stream)
                break
        waiting = left


def _identity(call: Call) -> tuple[object, ...]:
    return (call.arguments, tuple(sorted(call.keywords)), call.state)


def _is_short(call: Call) -> bool:
    texts = [*call.arguments, *(text for _, text in call.keywords), call.state or ""]
    return sum(map(len, texts)) <= MAX_TEXT
