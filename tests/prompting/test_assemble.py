from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Span
from ducktypist.prompting import assemble
from ducktypist.syntax.regions import function_named

LINES = st.lists(st.text(alphabet="ab \t", max_size=12), max_size=12).map("\n".join)

MODULE = '''\
import os
from pathlib import Path


class Shop:
    """A shop."""

    @property
    def name(self) -> str:
        return "x"

    def total(self, n: int) -> int:
        """Return the total.

        >>> Shop().total(1)
        1
        """


def helper(a, b):
    return a + b
'''


@settings(deadline=None)
@given(LINES, st.integers(0, 80))
def test_clip_before_keeps_whole_lines_at_the_end(text: str, budget: int) -> None:
    """The clipped text is an end of the text within the budget, cut at a line's end."""
    kept = assemble.clip_before(text, budget)
    assert len(kept) <= budget or kept == text
    assert text.endswith(kept)
    if kept != text and "\n" in text[len(text) - budget : -1]:
        assert text[: len(text) - len(kept)].endswith("\n")


@settings(deadline=None)
@given(LINES, st.integers(0, 80))
def test_steady_before_is_an_end_of_the_text(text: str, budget: int) -> None:
    """Half of the budget or more is used where there are lines to begin with."""
    kept = assemble.steady_before(text, budget)
    assert len(kept) <= budget or kept == text
    assert text.endswith(kept)


def test_what_stands_before_begins_at_the_same_place_while_one_types() -> None:
    """Over many keystrokes the beginning moves a few times only, and always to a line's start."""
    typed = "".join(f"value_{number} = {number}\n" for number in range(120))
    begins = [
        len(text) - len(assemble.steady_before(text, 400))
        for text in (typed[:end] for end in range(400, len(typed)))
    ]
    assert begins == sorted(begins)
    assert len(set(begins)) <= 2 + len(typed) // 200
    assert all(begin == 0 or typed[begin - 1] == "\n" for begin in begins)
    shortest = min(end - begin for end, begin in enumerate(begins, start=400))
    assert shortest > 400 // 2 - len("value_119 = 119\n")


def test_what_stands_before_begins_at_the_same_place_when_the_budget_trembles() -> None:
    """The measured speed of an engine is never the same twice; the text mostly is."""
    text = "".join(f"value_{number} = {number}\n" for number in range(400))
    begins = [len(text) - len(assemble.steady_before(text, 1400 + n)) for n in range(100)]
    moves = sum(one != other for one, other in itertools.pairwise(begins))
    assert moves <= 1


@settings(deadline=None)
@given(LINES, st.integers(0, 80))
def test_clip_after_keeps_whole_lines_at_the_beginning(text: str, budget: int) -> None:
    """The clipped text is a beginning of the text within the budget."""
    kept = assemble.clip_after(text, budget)
    assert len(kept) <= max(budget, 0) or kept == text
    assert text.startswith(kept)
    if kept != text and "\n" in text[:budget]:
        assert kept.endswith("\n")


@settings(deadline=None)
@given(LINES, st.data())
def test_around_stays_within_its_budget(text: str, data: st.DataObject) -> None:
    """Before and after together fit, and touch the hole."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    budget = data.draw(st.integers(0, 80))
    most_after = data.draw(st.none() | st.integers(0, 80))
    before, after = assemble.around(
        text, Span(start=start, end=end), max_chars=budget, max_after_chars=most_after
    )
    assert len(before) + len(after) <= budget
    assert most_after is None or len(after) <= most_after
    assert text[:start].endswith(before)
    assert text[end:].startswith(after)


def test_head_is_dedented_signature_and_docstring() -> None:
    """The head of a method stands at the margin, its docstring one step deep."""
    function = function_named(MODULE, "python", "Shop.total")
    assert function is not None
    assert assemble.head_of(MODULE, function) == (
        'def total(self, n: int) -> int:\n    """Return the total.\n\n'
        '    >>> Shop().total(1)\n    1\n    """'
    )
    decorated = function_named(MODULE, "python", "Shop.name")
    assert decorated is not None
    assert assemble.head_of(MODULE, decorated) == "@property\ndef name(self) -> str:"


def test_names_of_languages() -> None:
    """People's names and fences follow from the LSP id; an unknown id is its own name."""
    assert assemble.language_name("shellscript") == "Bash"
    assert assemble.fence("shellscript") == "bash"
    assert assemble.comment_marker("shellscript") == "#"
    assert assemble.comment_marker("lua") == "--"
    assert assemble.comment_marker("zig") == "//"
    assert assemble.language_name("zig") == assemble.fence("zig") == "zig"
    assert assemble.comment_marker("go") == "//"
