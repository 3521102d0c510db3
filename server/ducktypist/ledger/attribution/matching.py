"""How much of one row of tokens stands in another one, and where.

The edit ratio of a suggestion and a text is the Levenshtein distance of their tokens over the
number of tokens of the longer one, 0 to 1. What stands somewhere of a suggestion is the part of the
text with the smallest ratio. Distances are found bit by bit (Myers 1999 in the form of Hyyrö 2003),
with Python's long integers as the words. Pure functions of numbers; where to look is decided in
``following``.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ducktypist.ledger.attribution.tokens import (
    BYTES_PER_TOKEN,
    N_MAX_TOKENS,
    packed,
    plain_tokens,
)

STILL_IN = 0.5
"""Up to this ratio it is the suggestion that stands there, edited or not."""

_N_ALIGNED_TOKENS = 600
"""A longer suggestion is found by its distance alone."""
_N_ALIGNED_REGION = 3000
_N_BLOCKS = 40
_N_TIES = 50
_GOOD = 0.1
"""A smaller ratio is not worth looking for a better one."""

_Token: TypeAlias = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where it was found, in tokens, half-open."""

    first: int
    end: int
    ratio: float


def edit_ratio(one: str, other: str) -> float:
    """Return the edit ratio of two texts, 0 to 1; the first 4,000 tokens of each count."""
    return ratio_of(plain_tokens(one)[:N_MAX_TOKENS], plain_tokens(other)[:N_MAX_TOKENS])


def ratio_of(one: Sequence[_Token], other: Sequence[_Token]) -> float:
    """Return the Levenshtein distance of two rows of tokens over the longer one's length."""
    n_longer = max(len(one), len(other))
    return distance(one, other) / n_longer if n_longer else 0.0


def distance(one: Sequence[_Token], other: Sequence[_Token]) -> int:
    """Return how many tokens must be put in, taken out or replaced to make one of the other."""
    if not one or not other:
        return max(len(one), len(other))
    *_, last = _distances(one, other, anywhere=False)
    return last


def best_window(
    wanted: Sequence[int], tokens: Sequence[int], *, near: int | None = None
) -> Window | None:
    """Return the part of ``tokens`` with the smallest edit ratio to ``wanted``.

    Of several equal ones it is the nearest to the token number ``near``, or the first. Takes about
    a microsecond a token.

    Returns:
        None where nothing of it is there.
    """
    if not wanted or not tokens:
        return None
    exact = _exact(wanted, tokens, near)
    if exact is not None:
        return exact
    found = _least_distance(wanted, tokens, near)
    return None if found is None else _best_near(wanted, tokens, found)


def likely_windows(wanted: Sequence[int], tokens: Sequence[int], *, n_most: int) -> list[Window]:
    """Return the parts that may be ``wanted``, none over another, the smallest ratio first.

    Args:
        wanted: What is looked for.
        tokens: Where.
        n_most: How many at most.
    """
    if not wanted or not tokens:
        return []
    found = list(itertools.islice(windows(wanted, tokens), n_most))
    scores = list(_distances(wanted, tokens, anywhere=True))
    most = int(STILL_IN * len(wanted))
    order = sorted(
        (at for at, score in enumerate(scores) if 0 < score <= most), key=lambda at: scores[at]
    )
    covered = bytearray(len(tokens))
    for window in found:
        covered[window.first : window.end] = b"\1" * (window.end - window.first)
    for at in order:
        if len(found) >= n_most:
            break
        if covered[at]:
            continue
        window = _from_end(wanted, tokens, at + 1, scores[at])
        if not any(covered[window.first : window.end]):
            covered[window.first : window.end] = b"\1" * (window.end - window.first)
            found.append(_best_near(wanted, tokens, window))
    return sorted(found, key=lambda item: item.ratio) or [
        item for item in [best_window(wanted, tokens)] if item is not None
    ]


def windows(wanted: Sequence[int], tokens: Sequence[int]) -> Iterator[Window]:
    """Give the places where all of ``wanted`` stands as it is, in order."""
    needle, hay = packed(wanted), packed(tokens)
    at = hay.find(needle) if needle else -1
    while at >= 0:
        first, rest = divmod(at, BYTES_PER_TOKEN)
        if rest == 0:
            yield Window(first=first, end=first + len(wanted), ratio=0.0)
        at = hay.find(needle, at + 1)


def _exact(wanted: Sequence[int], tokens: Sequence[int], near: int | None) -> Window | None:
    places = windows(wanted, tokens)
    if near is None:
        return next(places, None)
    return min(places, key=lambda item: abs(item.first - near), default=None)


def _least_distance(
    wanted: Sequence[int], tokens: Sequence[int], near: int | None
) -> Window | None:
    """Return the part with the smallest distance; of those with the same, the longest."""
    scores = list(_distances(wanted, tokens, anywhere=True))
    least = min(scores)
    if least >= len(wanted):
        return None
    ends = [at + 1 for at, score in enumerate(scores) if score == least]
    if near is not None and len(ends) > 1:
        ends.sort(key=lambda end: abs(end - len(wanted) - near))
    found = [_from_end(wanted, tokens, end, least) for end in ends[:_N_TIES]]
    if near is None:
        return min(found, key=lambda item: item.ratio)
    return min(found, key=lambda item: (item.ratio, abs(item.first - near)))


def _from_end(wanted: Sequence[int], tokens: Sequence[int], end: int, least: int) -> Window:
    before = tokens[max(0, end - len(wanted) - least) : end]
    scores = list(_distances(wanted[::-1], before[::-1], anywhere=False))
    length = max((at + 1 for at, score in enumerate(scores) if score == least), default=1)
    return Window(first=end - length, end=end, ratio=least / max(len(wanted), length))


def _distances(
    wanted: Sequence[_Token], tokens: Sequence[_Token], *, anywhere: bool
) -> Iterator[int]:
    """Give, for each token, the distance of ``wanted`` to what ends with it.

    Args:
        wanted: At least one token.
        tokens: The text.
        anywhere: Whether what ends there may begin anywhere; else it begins at the beginning.
    """
    masks: dict[_Token, int] = {}
    for place, token in enumerate(wanted):
        masks[token] = masks.get(token, 0) | (1 << place)
    n_wanted = len(wanted)
    full, top = (1 << n_wanted) - 1, 1 << (n_wanted - 1)
    carry = 0 if anywhere else 1
    up, down, score = full, 0, n_wanted
    for token in tokens:
        same = masks.get(token, 0)
        vertical = same | down
        horizontal = (((same & up) + up) ^ up) | same
        plus = down | (full & ~(horizontal | up))
        minus = up & horizontal
        if plus & top:
            score += 1
        elif minus & top:
            score -= 1
        plus = ((plus << 1) | carry) & full
        minus = (minus << 1) & full
        up = minus | (full & ~(vertical | plus))
        down = plus & vertical
        yield score


def _best_near(wanted: Sequence[int], tokens: Sequence[int], found: Window) -> Window:
    if found.ratio <= _GOOD:
        return found
    grown = _aligned(wanted, tokens, found)
    return grown if grown is not None and grown.ratio < found.ratio else found


def _aligned(wanted: Sequence[int], tokens: Sequence[int], found: Window) -> Window | None:
    """Return a longer part with a smaller ratio: much was put in between, and little is gone."""
    n_wanted = len(wanted)
    if n_wanted > _N_ALIGNED_TOKENS:
        return None
    base = 0
    if len(tokens) > _N_ALIGNED_REGION:
        base = max(0, found.first - _N_ALIGNED_REGION // 2)
    region = tokens[base : base + _N_ALIGNED_REGION]
    matcher = difflib.SequenceMatcher(None, wanted, region, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if len(blocks) > _N_BLOCKS:
        kept = sorted(blocks, key=lambda block: -block.size)[:_N_BLOCKS]
        blocks = sorted(kept, key=lambda block: block.a)
    best, part = 2.0, (0, 0)
    for index, first in enumerate(blocks):
        cost, before = first.a, first
        for last in blocks[index:]:
            if last is not before:
                gaps = last.a - before.a - before.size, last.b - before.b - before.size
                cost, before = cost + max(gaps), last
            length = last.b + last.size - first.b
            ratio = (cost + n_wanted - last.a - last.size) / max(n_wanted, length)
            if ratio < best:
                best, part = ratio, (first.b, last.b + last.size)
    if best >= found.ratio:
        return None
    ratio = ratio_of(wanted, region[part[0] : part[1]])
    return Window(first=base + part[0], end=base + part[1], ratio=ratio)
