from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.facts.code_wording import continued, first_sentence, one_line
from ducktypist.facts.python_signatures import bare, best, compact, fits, parameters_of


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("f(a: int, *, b: str='x, y') -> int", ("a: int", "*", "b: str='x, y'")),
        ("f(a: dict[str, int]={}, /)", ("a: dict[str, int]={}", "/")),
        (
            "f(a: Callable[[int], str]=..., *args: int)",
            ("a: Callable[[int], str]=...", "*args: int"),
        ),
        ("f()", ()),
        ("f", ()),
    ],
)
def test_parameters_are_split_outside_of_brackets_and_quotes(
    signature: str, expected: tuple[str, ...]
) -> None:
    """A comma in a type or a default does not end a parameter."""
    assert parameters_of(signature) == expected


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("a: int", "a"),
        ("a: int=3", "a=3"),
        ("a=3", "a=3"),
        ("a: dict[str, int]={1: 2}", "a={1: 2}"),
        ("**kwargs: Any", "**kwargs"),
        ("a='" + "x" * 40 + "'", "a=…"),
    ],
)
def test_annotations_are_left_out(parameter: str, expected: str) -> None:
    """Of a parameter its name and a short default stay."""
    assert bare(parameter) == expected


def test_a_short_signature_stays_whole() -> None:
    """What fits is not cut, and the type that is returned stays with it."""
    assert compact("f(a: int, *, b=1) -> str", subject="f") == "(a, *, b=1) -> str"


def test_a_long_signature_gives_up_what_is_not_needed() -> None:
    """Needed parameters and those in use stay, others become an ellipsis."""
    many = ", ".join(f"option_{i}: int=0" for i in range(30))
    shown = compact(f"f(first: int, {many}, *, last: int=0)", subject="f", used=("last",))
    assert shown.startswith("(first, option_0=0")
    assert shown.endswith(", …, last=0)")
    assert len(shown) <= 100


def test_private_types_are_not_told() -> None:
    """A type variable of a stub means nothing to a person."""
    assert compact("f(a: _T) -> _T | None", subject="f") == "(a)"


@pytest.mark.parametrize(
    ("signature", "n_positional", "keywords", "expected"),
    [
        ("f(a, b=1)", 1, (), True),
        ("f(a, b=1)", 3, (), False),
        ("f(a, b=1)", 0, (), False),
        ("f(a, b=1)", 1, ("c",), False),
        ("f(a, **k)", 1, ("c",), True),
        ("f(a, *rest)", 5, (), True),
        ("f(a, *, b)", 2, ("b",), False),
        ("f(a, *, b)", 1, (), False),
        ("f(a, /, b)", 2, (), True),
    ],
)
def test_a_call_fits_the_signatures_that_take_it(
    signature: str, n_positional: int, keywords: tuple[str, ...], *, expected: bool
) -> None:
    """Too many, too few and unknown arguments do not fit."""
    assert fits(signature, n_positional=n_positional, keywords=keywords, is_open=False) is expected


def test_the_first_overload_that_fits_is_the_best() -> None:
    """Of overloads none of which fits the first is taken."""
    overloads = ["f(a)", "f(a, b)", "f(a, b, c=1)"]
    assert best(overloads, n_positional=2, keywords=()) == 1
    assert best(overloads, n_positional=9, keywords=()) == 0


@given(st.text(max_size=60))
def test_signatures_of_any_text_do_not_raise(text: str) -> None:
    """Whatever a stub holds, there is a text of bounded length or more parameters than fit."""
    assert compact(text, subject="f").startswith("(")


@pytest.mark.parametrize(
    ("documentation", "expected"),
    [
        ("Rename a file. It overwrites.", "Rename a file"),
        ("Deserialize ``s`` to a :class:`dict`", "Deserialize s to a dict"),
        (
            "Use `this <https://x.y>`_ and *that*, e.g. A.",
            "Use this <https://x.y> and that, e.g. A",
        ),
        ("One\ntwo.\n\nThree.", "One two"),
        ("See [here](https://x.y).", "See here"),
        ("", ""),
    ],
)
def test_a_first_sentence_is_plain_text(documentation: str, expected: str) -> None:
    """Marks of reStructuredText and Markdown are taken away, and so is what follows."""
    assert first_sentence(documentation) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [("Rename it", "rename it"), ("JSON it", "JSON it"), ("A list", "a list"), ("", "")],
)
def test_a_sentence_goes_on_behind_a_colon(sentence: str, expected: str) -> None:
    """A first word loses its capital, an abbreviation does not."""
    assert continued(sentence) == expected


@given(st.text(), st.integers(min_value=2, max_value=200))
def test_one_line_is_one_line_and_short(text: str, n_at_most: int) -> None:
    """Any text becomes one line without control characters that is no longer than asked."""
    line = one_line(text, n_at_most=n_at_most)
    assert len(line) <= n_at_most
    assert len(line.splitlines()) <= 1
