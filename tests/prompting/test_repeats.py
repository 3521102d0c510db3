from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.prompting.repeats import (
    BELOW_LINES,
    without_echo,
    without_rest,
    without_runaway,
)


@pytest.mark.parametrize(
    ("text", "typed", "above", "after", "expected"),
    [
        ("x = 1", "    ", "", "", "x = 1"),
        # A line below, wherever in the suggestion it comes and whatever its indentation is.
        ("return total", "    ", "", "\n    return total\n", ""),
        ("a = 1\n    return total", "    ", "", "\n    return total\n", "a = 1"),
        ("a = 1\nreturn total\nb = 2", "", "", "\n\n\n        return total\n", "a = 1"),
        ("a = 1\n    b = 2", "    ", "", "\n    c = 3\n    b = 2\n", "a = 1"),
        # Together with what is typed already or stands behind the cursor.
        ("urn total", "    ret", "", "\n    return total\n", ""),
        ("turn f(", "    re", "", ")\n    return f()\n", ""),
        # Punctuation may come again.
        ("a\n}", "", "", "\n}\n", "a\n}"),
        ("f(", "", "", "\n)\nf(\n", ""),
        # The line right above, at the beginning only.
        ("a = 1", "", "a = 1\n", "", ""),
        ("a = 1\nb = 2", "", "x\na = 1\n\n", "", ""),
        ("b = 2\na = 1", "", "a = 1\n", "", "b = 2\na = 1"),
        ("a = 1", "", "a = 1\nb = 2\n", "", "a = 1"),
    ],
)
def test_no_line_comes_again(text: str, typed: str, above: str, after: str, expected: str) -> None:
    """A suggestion ends before the first line that stands below, or right above, already."""
    assert without_echo(text, typed=typed, above=above, after=after) == expected


def test_lines_far_below_may_come_again() -> None:
    """Code repeats itself; only what is in sight below the cursor counts."""
    after = "\n" + "".join(f"line_{number}\n" for number in range(BELOW_LINES + 1))
    last = f"line_{BELOW_LINES}"
    assert without_echo(last, typed="", above="", after=after) == last
    assert without_echo("line_9", typed="", above="", after=after) == ""


def test_a_docstring_is_not_said_again() -> None:
    """None of its lines comes as code or as a comment's text."""
    said = '"""Return the sum.\n\n    >>> add(1, 2)\n    3\n    """'
    text = "x = 1\n>>> add(1, 2)\n3"
    assert without_echo(text, typed="", above="", after="", said=said) == "x = 1"


LINES = st.lists(st.sampled_from(["a = 1", "return a", "", "}", "b(", "else:", "x"]), max_size=8)


@given(LINES, LINES, st.sampled_from(["", "    ", "re", "a "]))
def test_whatever_is_said_no_line_below_is_left_in_it(
    said: list[str], below: list[str], typed: str
) -> None:
    """What is left is the beginning of what was said, and repeats nothing."""
    text = "\n".join(said)
    left = without_echo(text, typed=typed, above="", after="\n" + "\n".join(below))
    assert text.startswith(left)
    words = {line for line in below if any(c.isalnum() for c in line)}
    assert words.isdisjoint(left.split("\n"))
    assert typed.strip() + left.split("\n")[0] not in words or not left


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = 2", "a = 1\nb = 2"),
        ("a = 1\na = 1\na = 1", "a = 1"),
        ("a = 1\nb = 2\na = 1\nb = 2\na = 1", "a = 1\nb = 2"),
        ("x(\n)\n)\n)", "x(\n)\n)\n)"),
        ("x = [" + "'word', " * 9 + "]", ""),
        ("a = 1\nx = [" + "'word', " * 9 + "]", "a = 1"),
        ("x = [" + "0, " * 9 + "]", "x = [" + "0, " * 9 + "]"),
        ("# ----------------", "# ----------------"),
        ("", ""),
    ],
)
def test_runaways_are_cut(text: str, expected: str) -> None:
    """An answer that says the same again and again ends before it does; rules and zeros stay."""
    assert without_runaway(text) == expected


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ('hello")', '")', "hello"),
        ('hello"', '")\nrest', "hello"),
        ("value", "\nvalue", "value"),
        ("value", "", "value"),
        ("b;", ";  \n", "b"),
    ],
)
def test_what_follows_on_the_line_is_not_typed_twice(text: str, after: str, expected: str) -> None:
    """The end of a suggestion that is the beginning of what follows is left out."""
    assert without_rest(text, after) == expected
