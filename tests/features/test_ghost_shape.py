from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.features.ghost.hole import hole_at
from ducktypist.features.ghost.shape import Shaped, is_complete, shaped
from ducktypist.syntax.checks import new_syntax_errors
from support.cursor import at_cursor
from support.workbench import document_of


def shape(marked: str, answer: str, *, language: str = "python", **how: bool) -> Shaped:
    """Return what an answer at the marked place amounts to."""
    text, offset = at_cursor(marked)
    document = document_of(text, language=language)
    hole = hole_at(document, offset)
    assert hole is not None
    return shaped(hole, answer, document, max_lines=12, **how)


LINES = {
    "plain": ("x = <CURSOR>\n", "1 + 2", "1 + 2"),
    "one line only": ("x = <CURSOR>\n", "1\ny = 2", "1"),
    "indentation said again": ("def f():\n    <CURSOR>\n    return x\n", "    x = 1", "x = 1"),
    "blank before a blank": ("x = <CURSOR>\n", "  1", "1"),
    "blank that is needed": ("x =<CURSOR>\n", " 1", " 1"),
    "its own indentation, at the margin": (
        "class A:\n    def f(self):\n        pass\n\n<CURSOR>\n    def g(self):\n        pass\n",
        "    def h(self):\n        return 3\n\n",
        "    def h(self):\n        return 3",
    ),
    "word said again": ("def f(x):\n    ret<CURSOR>\n", "return x", "urn x"),
    "word gone on with": ("def f(x):\n    ret<CURSOR>\n", "urn x", "urn x"),
    "closer that exists": ("x = f(<CURSOR>)\n", "a, g(b))", "a, g(b)"),
    "closer that does not": ("x = f(<CURSOR>\n", "a, g(b))\ny = 1", "a, g(b))"),
    "quote that exists": ("x = f('<CURSOR>')\n", "abc')", "abc"),
    "open bracket over lines": (
        "x = f(<CURSOR>\n", "\n    a,\n    b,\n)\ny = 1", "\n    a,\n    b,\n)",
    ),
    "list that it opens itself": ("x = <CURSOR>\n", "[\n    1,\n]\ny = 2", "[\n    1,\n]"),
    "block that it opens itself": (
        "def f(n):\n    <CURSOR>\n    return n\n",
        "if n < 0:\n        raise ValueError(n)\n    return n",
        "if n < 0:\n        raise ValueError(n)",
    ),
    "block that stands below": (
        "def f(n):\n    <CURSOR>\n        raise ValueError(n)\n    return n\n", "if n < 0:",
        "if n < 0:",
    ),
    "line below": ("def f(n):\n    <CURSOR>\n    return n\n", "return n", ""),
    "line above": ("def f(n):\n    n = 1\n    <CURSOR>\n    return n\n", "n = 1", ""),
    "another place": ("def f(n):\n    <CURSOR>\n    return n\n", "\n\n\ndef g():\n    pass", ""),
    "fence": ("x = <CURSOR>\n", "1\n```\nThis is one.", "1"),
    "invisible": ("x = <CURSOR>\n", "1\u200b + \u202e2", "1 + 2"),
    "CRLF": ("x = [<CURSOR>\r\ny = 1\r\n", "\n    1,\n]", "\r\n    1,\r\n]"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_the_rest_of_a_line(name: str) -> None:
    """What is typed is the answer's first line, more where what it opens has to be closed."""
    marked, answer, expected = LINES[name]
    found = shape(marked, answer)
    assert found.edit.new_text == expected
    assert found.is_usable == bool(expected)


BLOCKS = {
    "python": (
        "def f(x):\n    for i in x:\n        <CURSOR>\n    return 1\n",
        "y = i\n        print(y)\n    return 1\n",
        "y = i\n        print(y)",
    ),
    "python, at the colon": (
        "def f(x):\n    for i in x:<CURSOR>\n    return 1\n",
        "print(i)\n    return 1\n",
        "\n        print(i)",
    ),
    "tabs": ("if x:\n\t<CURSOR>\n", "for i in x:\n\t    print(i)\n", "for i in x:\n\t\tprint(i)"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block(name: str) -> None:
    """All that belongs under the opening line comes, indented as the file is."""
    marked, answer, expected = BLOCKS[name]
    assert shape(marked, answer).edit.new_text == expected


def test_a_block_in_braces() -> None:
    """It ends before the brace that stands below."""
    marked = "package p\n\nfunc f(x int) {\n\tif x > 1 {\n\t\t<CURSOR>\n\t}\n}\n"
    found = shape(marked, "x--\n\t\tg(x)\n\t}\n}\n", language="go")
    assert found.edit.new_text == "x--\n\t\tg(x)"


def test_what_breaks_the_file_is_not_usable() -> None:
    """Not even a single line; but what was open before is no fault of the suggestion."""
    assert not shape("x = 1\n<CURSOR>\ny = 2\n", "x = (1").is_usable
    assert shape("x = 1\n<CURSOR>\ny = 2\n", "x = (1").is_broken
    assert shape("for i in <CURSOR>\n", "range(3):").is_usable


def test_a_line_that_was_broken_off_is_left_out() -> None:
    """Of an answer that ran into a limit, whole lines are kept."""
    marked = "x = <CURSOR>\n"
    assert shape(marked, "[\n    1,\n]\nlong", is_whole=False).edit.new_text == "[\n    1,\n]"
    assert not shape(marked, "something_lo", is_whole=False).is_usable


def test_unknown_names_are_doubtful() -> None:
    """They may be shown where there is nothing better."""
    found = shape("def f(a):\n    return <CURSOR>\n", "b")
    assert found.is_usable
    assert not found.is_good
    assert shape("def f(a):\n    return <CURSOR>\n", "a").is_good


@pytest.mark.parametrize(
    ("marked", "answer", "expected"),
    [
        ("x = 1\n<CURSOR>\ny = 2\n", "z = 3\n", True),
        ("x = 1\n<CURSOR>\ny = 2\n", "if x:\n", False),
        ("x = 1\n<CURSOR>\ny = 2\n", "if x:\n    z = 3\n", True),
        ("x = 1\n<CURSOR>\ny = 2\n", "\n", False),
        ("x = 1\n<CURSOR>\ny = 2\n", "\n\n", True),
        ("x = 1<CURSOR>\ny = 2\n", "\n", True),
        ("x = f(<CURSOR>\ny = 2\n", "\n", False),
        ("x = f(<CURSOR>\ny = 2\n", "a,\n", False),
        ("x = f(<CURSOR>\ny = 2\n", "a,\n    b)\n", True),
        ("x = 1\n<CURSOR>\ny = 2\n", "y = 2\n", True),
    ],
)
def test_when_an_answer_is_complete(marked: str, answer: str, *, expected: bool) -> None:
    """At the end of a line, once nothing is open and nothing is broken, or nothing will come."""
    text, offset = at_cursor(marked)
    document = document_of(text)
    hole = hole_at(document, offset)
    assert hole is not None
    assert is_complete(hole, answer, document, max_lines=12) is expected


SOURCE = '''"""Sums of things."""

import math


def total(values, *, start=0):
    """Return the sum of the values.

    >>> total([1, 2])
    3
    """
    result = start
    for value in values:
        if math.isnan(value):
            continue
        result += value
    return result


class Counter:
    """Counts."""

    def __init__(self):
        """Begin at zero."""
        self.counts = {}

    def add(self, key, amount=1):
        """Add an amount, which must not be negative."""
        if amount < 0:
            raise ValueError("negative")
        self.counts[key] = self.counts.get(key, 0) + amount
        return self.counts[key]

    def clear(self):
        """Forget all."""


def mean(values):
    """Return the mean."""
    if not values:
        raise ValueError("no values")
    return total(values) / len(values)
'''


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=0, max_value=4))
@settings(max_examples=500, deadline=None)
def test_nothing_that_is_said_repeats_or_breaks_the_file(seed: int, kind: int) -> None:
    """At any place, against answers made of what stands around it, the two rules hold."""
    rng = random.Random(seed)  # noqa: S311 - the same answers each time are what is wanted
    offset = 1 + seed * 37 % (len(SOURCE) - 1)
    text = SOURCE
    if kind == 0:
        # As if the rest of the line, or the line, were still to be typed.
        end = text.find("\n", offset)
        text = text[:offset] + text[end if end >= 0 else len(text) :]
    document = document_of(text)
    hole = hole_at(document, offset)
    if hole is None:
        return
    answer = _adversarial(rng, text, offset)
    found = shaped(hole, answer, document, max_lines=12, is_whole=bool(rng.getrandbits(1)))
    if not found.is_usable:
        return
    after = found.edit.apply(text)
    assert not new_syntax_errors(text, after, "python")
    if _parses(text):
        assert _parses(after)
    below = [line.strip() for line in text[offset:].split("\n")[1:] if line.strip()][:10]
    said = [line.strip() for line in found.edit.new_text.split("\n")]
    repeated = {line for line in said if any(map(str.isalnum, line))} & set(below)
    assert not repeated
    if hole.function is not None and hole.function.docstring is not None:
        told = {line.strip() for line in hole.function.docstring.of(text).split("\n")}
        assert not {line for line in said if any(map(str.isalnum, line))} & told


def _adversarial(rng: random.Random, text: str, offset: int) -> str:
    """Return lines from around a place, in order or not, broken off or with more between them."""
    lines = text[offset:].split("\n")[:14] if rng.getrandbits(1) else text.split("\n")
    start = rng.randrange(len(lines))
    chosen = lines[start : start + rng.randint(1, 6)]
    if rng.getrandbits(1):
        chosen.insert(
            0, rng.choice(["", "    x = 1", "x = (1,", "    if x:", "return None", '"""'])
        )
    if rng.getrandbits(2) == 0:
        chosen.insert(rng.randrange(len(chosen)), "")
    answer = "\n".join(chosen)
    if rng.getrandbits(1):
        answer = answer.lstrip()
    return answer[: rng.randint(1, len(answer))] if answer and rng.getrandbits(2) == 0 else answer


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
