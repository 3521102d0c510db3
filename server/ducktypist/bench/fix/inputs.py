"""Further inputs for a function, near those that its asserts show; pure.

They stay in the domain that the asserts show as far as one can tell: a number keeps its sign, a
list does not become empty and its items keep their types. What comes out for them is asked of the
right solution, elsewhere.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence
from typing import Any

MAX_TEXT_CHARS = 400
_TRIES = 60


def further_calls(calls: Sequence[str], *, n: int, seed: str) -> list[str]:
    """Return up to ``n`` calls like the given ones with other arguments, none of them given.

    Args:
        calls: Such as ``f([1, 2], 'a')``, with literal arguments; others are passed over.
        n: How many at most.
        seed: The same calls and seed give the same result.
    """
    dice = random.Random(seed)  # noqa: S311 - the same inputs each time
    known = [found for call in calls if (found := _literal(call)) is not None]
    if not known:
        return []
    seen, made = set(calls), []
    for _ in range(_TRIES):
        name, arguments = dice.choice(known)
        at = dice.randrange(len(arguments)) if arguments else 0
        changed = [
            _changed(value, dice) if index == at or dice.random() < 0.3 else value  # noqa: PLR2004 - sometimes two at once
            for index, value in enumerate(arguments)
        ]
        call = f"{name}({', '.join(repr(value) for value in changed)})"
        if call not in seen and len(call) <= MAX_TEXT_CHARS:
            seen.add(call)
            made.append(call)
        if len(made) == n:
            break
    return made


def _literal(call: str) -> tuple[str, list[Any]] | None:
    node = ast.parse(call, mode="eval").body
    if not isinstance(node, ast.Call) or node.keywords:
        return None
    try:
        return ast.unparse(node.func), [ast.literal_eval(item) for item in node.args]
    except (ValueError, TypeError, SyntaxError):
        return None


def _changed(value: Any, dice: random.Random) -> Any:  # noqa: ANN401 - any literal
    """Return a value of the same shape that is near another one."""
    return dice.choice(list(_near(value, dice)) or [value])


def _near(value: Any, dice: random.Random) -> Iterator[Any]:  # noqa: ANN401 - as above
    if isinstance(value, bool):
        yield value
    elif isinstance(value, int | float):
        for other in (value + 1, value - 1, value + dice.randrange(2, 6), value * 2):
            if (other > 0) == (value > 0) and (other < 0) == (value < 0):
                yield other
    elif isinstance(value, str):
        yield from _near_text(value, dice)
    elif isinstance(value, list | tuple):
        for items in _near_items(list(value), dice):
            yield items if isinstance(value, list) else tuple(items)
    elif isinstance(value, dict) and value:
        yield from _near_mapping(value, dice)
    elif isinstance(value, set):
        yield {*value, *(_changed(item, dice) for item in sorted(value, key=repr)[:1])}


def _near_mapping(value: dict[Any, Any], dice: random.Random) -> Iterator[dict[Any, Any]]:
    key = dice.choice(list(value))
    yield {**value, key: _changed(value[key], dice)}
    if len(value) > 1:
        yield {name: item for name, item in value.items() if name != key}


def _near_text(value: str, dice: random.Random) -> Iterator[str]:
    if len(value) < 2:  # noqa: PLR2004 - nothing to change about one character but its repetition
        yield value * 2
        return
    at = dice.randrange(1, len(value))
    yield from (value[:at], value[at:], value[::-1], value + value[at], value[at:] + value[:at])
    if value.swapcase() != value:
        yield value[:at].swapcase() + value[at:]


def _near_items(items: list[Any], dice: random.Random) -> Iterator[list[Any]]:
    if not items:
        return
    at = dice.randrange(len(items))
    yield [*items[:at], _changed(items[at], dice), *items[at + 1 :]]
    # The items of a record have their places; those of a list of one type may go anywhere.
    if len({type(item) for item in items}) == 1:
        yield items[::-1]
        yield [*items, items[at]]
        yield items[at:] + items[:at]
        if len(items) > 1:
            yield items[:at] + items[at + 1 :]
