"""Numbers and names as a person reads them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.report import words

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize("write", [words.percent, words.number, words.duration])
def test_what_is_not_known_is_a_dash(write: type) -> None:
    """It is never a 0."""
    assert write(math.nan) == words.DASH
    assert write(None) == words.DASH


def test_intervals_need_both_ends() -> None:
    """With one end missing there is none."""
    assert words.percents(0.694, 0.765) == "69–77"
    assert words.percents(0.6, math.nan) == words.DASH
    assert words.numbers(-0.0301, 0.25) == "-0.030 to 0.250"
    assert words.numbers(None, 0.25) == words.DASH


def test_half_a_point_goes_up() -> None:
    """As one expects of it; Python's own rounding would make 12.5 a 12."""
    assert words.percent(0.125) == f"13{SPACE}%"
    assert words.percent(0.0) == f"0{SPACE}%"
    assert words.percent(1.0) == f"100{SPACE}%"


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [
        (0.4, "0 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (1234, "1.2 s"),
        (61_000, "61 s"),
        (900_000, "15 min"),
    ],
)
def test_durations_have_the_unit_that_fits(value_ms: float, text: str) -> None:
    """Milliseconds, seconds or minutes."""
    assert words.duration(value_ms) == text.replace(" ", SPACE)


def test_no_score_is_minus_nothing() -> None:
    """What rounds to zero has no sign."""
    assert words.number(-0.0001) == "0.000"


def test_one_is_singular() -> None:
    """And thousands are told apart."""
    assert words.several(1, "event") == "1 event"
    assert words.several(1234, "event") == "1,234 events"
    assert words.several(2, "entry", "entries") == "2 entries"


@given(st.text(max_size=400), st.integers(min_value=6, max_value=60))
def test_a_cut_name_fits_and_shows_all_that_it_has(text: str, n_chars: int) -> None:
    """It is one line of at most so many characters, and never empty."""
    found = words.cut(text, n_chars)
    assert 1 <= len(found) <= n_chars
    assert "\n" not in found
    assert words.clean(found) == found


@given(st.text())
def test_nothing_invisible_remains(text: str) -> None:
    """Control characters and marks that turn text around become visible."""
    found = words.clean(text)
    found.encode("utf-8")
    assert not set(found) & set(
        "\x00\x08\x0b\x1b\x7f\x85\u061c\u200e\u202a\u202e\u2066\u2069\ufeff"
    )
    assert len(found) <= len(text)


@pytest.mark.parametrize(
    ("p", "said"), [(1.0, "1.000"), (0.021, "0.021"), (0.001, "0.001"), (1e-9, f"<{SPACE}0.001")]
)
def test_no_p_value_is_said_to_be_nothing(p: float, said: str) -> None:
    """Evidence is never so strong that the p-value is 0."""
    assert words.p_value(p) == said
