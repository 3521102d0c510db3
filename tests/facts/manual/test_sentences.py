"""The first sentence of what is said of an option."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.facts.manual.sentences import MAX_TEXT, cut, first_sentence, sentences

_CASES = [
    ("Reads names from a file.  Other names are left out.", "Reads names from a file"),
    ("use sizes, e.g. 10K, not bytes. More.", "use sizes, e.g. 10K, not bytes"),
    ("use a shell, i.e. Bash. More.", "use a shell, i.e. Bash"),
    ("do not list names starting with .", "do not list names starting with ."),
    ("do not list implied . and ..", "do not list implied . and .."),
    ("reads /etc/app.conf Then more", "reads /etc/app.conf Then more"),
    ("Prints sizes, dates, etc. in columns. More.", "Prints sizes, dates, etc. in columns"),
    ("Prints sizes, dates, etc. Then it stops.", "Prints sizes, dates, etc."),
    ("Sorts (but see below. Really.) the names. More.", "Sorts (but see below. Really.) the names"),
    ("Test. Checks the file and quits. More.", "Test. Checks the file and quits"),
    ("Quiet mode.", "Quiet mode"),
    ("Sets the type to one of:", "Sets the type to one of"),
    ("selects the list of names. name_list is one.", "selects the list of names"),
    ('It says "done." Then it stops.', 'It says "done."'),
    ("Is it so? Nobody knows it.", "Is it so?"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), _CASES)
def test_the_first_sentence_ends_where_it_does(text: str, expected: str) -> None:
    """Abbreviations, file names and full stops that are meant end no sentence."""
    assert first_sentence(text) == expected


def test_a_long_sentence_is_cut_after_a_word() -> None:
    """What is too long ends after a whole word, with an ellipsis."""
    said = first_sentence("word " * 100)
    assert len(said) <= MAX_TEXT
    assert said.endswith("word…")


def test_a_word_longer_than_the_bound_is_cut_inside() -> None:
    """A text without spaces is no longer than the bound either."""
    assert cut("x" * 500, 10) == "x" * 9 + "…"


@given(st.text(max_size=600))
def test_the_bound_holds_for_any_text(text: str) -> None:
    """Nothing makes a sentence longer than the bound, and sentences lose no word."""
    assert len(first_sentence(text)) <= MAX_TEXT
    assert " ".join(sentences(text)).split() == text.split()
