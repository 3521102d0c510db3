"""Where places of a text go when it is changed.

An edit replaces a range of code points by so many others. A zone, where something followed stands,
takes in what is written at its borders: too much is harmless, because the part that is most like it
is looked for inside. Fresh ranges are exact: they are what was put in. One edit that replaces much
(a formatter, a reload from disk) is first taken apart by comparing lines. Knows texts and numbers,
and nothing of suggestions.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

N_COMPARED_LINES = 400
"""Lines between two lines that occur once are compared with so many others at most."""
N_SMALL_CHARS = 80
"""What replaces less than that is one change."""


@dataclass(frozen=True, slots=True)
class Change:
    """The code points ``[start, end)`` became ``n_new`` others."""

    start: int
    end: int
    n_new: int

    @property
    def shift(self) -> int:
        """By how much what comes after it moves."""
        return self.n_new - (self.end - self.start)


Range: TypeAlias = tuple[int, int]
"""Half-open, in code points."""


def zone_after(zone: Range, change: Change) -> Range:
    """Return where a zone is after a change, grown by what the change wrote inside or beside it."""
    start, end = zone
    if change.end < start:
        return start + change.shift, end + change.shift
    if change.start > end:
        return zone
    return min(start, change.start), max(end, change.end) + change.shift


def fresh_after(fresh: Sequence[Range], change: Change) -> list[Range]:
    """Return what is fresh after a change: what is left of what was, and what it put in."""
    ranges = []
    for start, end in fresh:
        if change.end <= start and not (change.start == change.end == start):
            ranges.append((start + change.shift, end + change.shift))
        elif change.start >= end:
            ranges.append((start, end))
        else:
            before = (start, min(end, change.start))
            after = (change.start + change.n_new, max(start, end + change.shift))
            ranges += [item for item in (before, after) if item[0] < item[1]]
    if change.n_new:
        ranges.append((change.start, change.start + change.n_new))
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def kept_after(ranges: Sequence[Range], change: Change) -> list[Range]:
    """Return where ranges are after a change that put nothing in of itself, such as formatting."""
    kept = []
    for start, end in ranges:
        inside = change.start < end and start < change.end
        if inside or start < change.start < end:
            kept.append(zone_after((start, end), change))
        elif change.end <= start:
            kept.append((start + change.shift, end + change.shift))
        else:
            kept.append((start, end))
    return kept


def taken_apart(old: str, start: int, end: int, new: str) -> list[Change]:
    """Return one edit of ``old`` as the changes it amounts to, the last in the text first.

    In that order each is said in offsets of the text before and after those already made.
    """
    removed = old[start:end]
    n_head = n_same(removed, new)
    n_tail = n_same(removed[n_head:][::-1], new[n_head:][::-1])
    inner, put = removed[n_head : len(removed) - n_tail], new[n_head : len(new) - n_tail]
    at = start + n_head
    if not inner and not put:
        return []
    if min(len(inner), len(put)) < N_SMALL_CHARS:
        return [Change(at, at + len(inner), len(put))]
    # Lines are compared whole, so that one whose half was left out above is known again.
    n_back = n_head - (removed.rfind("\n", 0, n_head) + 1)
    n_on = removed.find("\n", len(removed) - n_tail) + 1
    stop = n_on or len(removed)
    first = n_head - n_back
    changes = _by_lines(removed[first:stop], new[first : len(new) - (len(removed) - stop)])
    shift = start + first
    return [Change(item.start + shift, item.end + shift, item.n_new) for item in changes]


def _by_lines(old: str, new: str) -> list[Change]:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    at_before, at_after = _offsets(before), _offsets(after)
    told = [line.strip() for line in before]
    tells = [line.strip() for line in after]
    changes: list[Change] = []
    a = b = 0
    for i, j in [*same_lines(told, tells), (len(before), len(after))]:
        if (a, b) != (i, j):
            n_new = at_after[j] - at_after[b]
            changes.append(Change(at_before[a], at_before[i], n_new))
        if i < len(before) and before[i] != after[j]:
            changes += _blanks(before[i], after[j], at_before[i])
        a, b = i + 1, j + 1
    return changes[::-1]


def _blanks(old: str, new: str, at: int) -> list[Change]:
    """Return what makes of a line the one that says the same with other blanks around."""
    n_old, n_new = len(old) - len(old.lstrip()), len(new) - len(new.lstrip())
    n_said = len(old.strip())
    tail_old, tail_new = len(old) - n_old - n_said, len(new) - n_new - n_said
    if not n_said:
        return [Change(at, at + len(old), len(new))]
    changes = []
    if old[:n_old] != new[:n_new]:
        changes.append(Change(at, at + n_old, n_new))
    if old[n_old + n_said :] != new[n_new + n_said :]:
        end = at + n_old + n_said
        changes.append(Change(end, end + tail_old, tail_new))
    return changes


def same_lines(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return which lines are the same ones, as pairs of numbers that both rise.

    Lines that occur once in both come first (patience diff); between those, neighbours that are
    alike, then whatever a comparison finds where it is not too much.
    """
    anchors = _rising(_unique_pairs(old, new))
    pairs: list[tuple[int, int]] = []
    a = b = 0
    for i, j in [*anchors, (len(old), len(new))]:
        pairs += _between(old, new, (a, i), (b, j))
        if i < len(old):
            pairs.append((i, j))
        a, b = i + 1, j + 1
    return pairs


def _unique_pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    def once(lines: Sequence[str]) -> dict[str, int]:
        places: dict[str, int] = {}
        for number, line in enumerate(lines):
            places[line] = -1 if line in places else number
        return {line: number for line, number in places.items() if number >= 0 and line}

    theirs = once(new)
    return [(i, theirs[line]) for line, i in once(old).items() if line in theirs]


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest run of pairs whose second numbers rise."""
    tops: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        place = bisect_left(tops, j)
        before.append(last[place - 1] if place else -1)
        if place == len(tops):
            tops.append(j)
            last.append(index)
        else:
            tops[place], last[place] = j, index
    run: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        run.append(pairs[index])
        index = before[index]
    return run[::-1]


def _between(
    old: Sequence[str], new: Sequence[str], mine: Range, theirs: Range
) -> list[tuple[int, int]]:
    (a, i), (b, j) = mine, theirs
    head: list[tuple[int, int]] = []
    while a < i and b < j and old[a] == new[b]:
        head.append((a, b))
        a, b = a + 1, b + 1
    tail: list[tuple[int, int]] = []
    while a < i and b < j and old[i - 1] == new[j - 1]:
        i, j = i - 1, j - 1
        tail.append((i, j))
    inner: list[tuple[int, int]] = []
    if 0 < i - a <= N_COMPARED_LINES and 0 < j - b <= N_COMPARED_LINES:
        matcher = difflib.SequenceMatcher(None, old[a:i], new[b:j], autojunk=False)
        for block in matcher.get_matching_blocks():
            lines = range(block.size)
            inner += [(a + block.a + n, b + block.b + n) for n in lines if old[a + block.a + n]]
    return [*head, *inner, *reversed(tail)]


def _offsets(lines: Sequence[str]) -> list[int]:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets


def n_same(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike; halving compares long runs fast."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
