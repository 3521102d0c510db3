import pytest

from layout.columns import columns, headed
from layout.justify import align
from layout.measure import clip, width_of
from layout.paragraph import paragraph
from layout.wrap import wrap


def test_width():
    assert width_of("abc") == 3
    assert width_of("日本") == 4


def test_clip():
    assert clip("short", 5) == "short"
    assert clip("too long", 5) == "too …"


def test_wrap():
    assert wrap("the quick brown fox", 9) == [["the", "quick"], ["brown", "fox"]]


def test_long_words_are_split():
    assert wrap("abcdefgh", 3) == [["abc"], ["def"], ["gh"]]


def test_no_width():
    with pytest.raises(ValueError):
        wrap("a", 0)


def test_nothing():
    assert wrap("  ", 5) == []


def test_align():
    assert align("ab", 5, "left") == "ab   "
    assert align("ab", 5, "right") == "   ab"
    assert align("ab", 5, "centre") == " ab  "


def test_left_paragraph():
    assert paragraph("one two three", 7) == ["one two", "three  "]


def test_right_paragraph():
    assert paragraph("one two three", 7, "right") == ["one two", "  three"]


def test_block_with_nothing_to_share():
    assert paragraph("aaa bbb ccc", 7, "block") == ["aaa bbb", "ccc    "]


def test_columns():
    assert columns(["a b", "c d e"], 3) == ["a b  c d", "     e"]


def test_block_columns():
    rows = columns(["one of them is it", "x"], 11, how="block")
    assert rows == ["one of them  x", "is it"]


def test_newspaper():
    rows = headed("News", ["to be or not to be", "that is it"], 12, how="block")
    assert rows == [
        "News",
        "==========================",
        "to be or not  that is it",
        "to be",
    ]


def test_wide_block():
    rows = headed("Wide", ["a b c d eeeeeeee", "z"], 10, how="block")
    assert rows[2] == "a  b  c  d  z"
