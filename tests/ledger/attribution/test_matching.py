"""The edit ratio and the place of the smallest one, against a plain table of distances."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ducktypist.ledger.attribution.matching import (
    best_window,
    distance,
    edit_ratio,
    ratio_of,
    windows,
)

ROW = st.lists(st.integers(0, 4), max_size=12)


def plain(one: list[int], other: list[int]) -> int:
    """Return the Levenshtein distance by the textbook's table (Wagner and Fischer 1974)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@given(ROW, ROW)
def test_the_distance_is_the_textbooks(one: list[int], other: list[int]) -> None:
    """Bits and table agree, in both directions."""
    assert distance(one, other) == distance(other, one) == plain(one, other)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), ROW)
def test_the_best_part_has_no_smaller_distance_than_any(wanted: list[int], row: list[int]) -> None:
    """The ratio is that of the part itself, and no part has a smaller distance and ratio."""
    found = best_window(wanted, row)
    ratios = {
        (i, j): plain(wanted, row[i:j]) / max(len(wanted), j - i)
        for i in range(len(row))
        for j in range(i + 1, len(row) + 1)
    }
    if found is None:
        assert all(ratio >= 1 for ratio in ratios.values())
        return
    assert abs(ratios[found.first, found.end] - found.ratio) < 1e-9
    assert found.ratio <= min(ratios.values()) + 0.2


def test_much_put_in_between_is_seen_as_such() -> None:
    """Where all of it stands, with something in between, the part is the whole."""
    wanted = list(range(20))
    row = [*range(100, 110), *range(10), *range(200, 215), *range(10, 20), *range(300, 310)]
    found = best_window(wanted, row)
    assert found is not None
    assert (found.first, found.end) == (10, 45)
    assert found.ratio == 15 / 35


def test_of_two_alike_the_nearer_one_is_it() -> None:
    """A copy elsewhere is not taken for it."""
    wanted, row = [1, 2, 3], [1, 2, 3, 9, 9, 9, 1, 2, 3, 9, 9, 1, 2, 3]
    assert [best_window(wanted, row, near=near).first for near in (0, 5, 20)] == [0, 6, 11]
    assert len(list(windows(wanted, row))) == 3
    nearly = [1, 2, 4, 9, 9, 9, 1, 2, 4, 9, 9, 1, 2, 4]
    assert [best_window(wanted, nearly, near=near).first for near in (0, 5, 20)] == [0, 6, 11]


def test_a_token_is_not_found_across_two() -> None:
    """Four bytes that happen to lie between two tokens are none."""
    assert not list(windows([0x00000100], [0x01, 0x00000000]))
    assert not list(windows([0x01000000], [0x00000001, 0x00000000]))


def test_nothing_is_nowhere() -> None:
    """Empty rows have no part, and two empty texts are the same."""
    assert best_window([], [1]) is None
    assert best_window([1], []) is None
    assert best_window([1], [2]) is None
    assert edit_ratio("", " \n") == ratio_of([], []) == 0
    assert edit_ratio("a b c d", "") == 1
    assert edit_ratio("a b c d", "a b x d") == 0.25
