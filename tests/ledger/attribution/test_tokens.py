"""Tokens and fingerprints: what counts as the same text, and what a fingerprint gives away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.ledger.attribution.tokens import Fingerprinter, decoded, encoded, plain_tokens
from ducktypist.ledger.hashing import keyed_hash

KEY = b"k" * 32
PRINT = Fingerprinter(lambda text: keyed_hash(text, key=KEY))

SAME = [
    ("a = 'x'", 'a  =  "x"'),
    ("f(a, b)", "f(\n    a,\n    b,\n)"),
    ("f(a)", "f(\n    a,\n)"),
    ("x = [1, 2]", "x = [\n    1,\n    2,\n]"),
    ("x = a + \\\n    b", "x = a + b"),
    ("{'a': 1}", '{"a": 1,}'),
]
OTHER = [
    ("x = (1,)", "x = (1)"),
    ("return (a,)", "return (a)"),
    ("a - b", "a -- b"),
    ("a == b", "a = b"),
    ("'a b'", "'ab'"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_a_formatter_changes_does_not_count(one: str, other: str) -> None:
    """Blanks, quotes, commas before a closing bracket and line continuations are left out."""
    assert PRINT.tokens(one).ids == PRINT.tokens(other).ids


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_means_something_else_counts(one: str, other: str) -> None:
    """The comma that makes a tuple stays, and so does everything else that is no blank."""
    assert PRINT.tokens(one).ids != PRINT.tokens(other).ids


@given(st.text(alphabet="ab_1 ,()[]{}'\"\\\n\t=äé", max_size=60))
def test_every_token_says_where_it_stands(text: str) -> None:
    """A token's place holds the token, places rise, and a round trip gives the same tokens."""
    tokens = PRINT.tokens(text)
    words = plain_tokens(text)
    assert len(words) == len(tokens.ids) == len(tokens.starts) == len(tokens.ends)
    for word, start, end in zip(words, tokens.starts, tokens.ends, strict=True):
        assert text[start:end].replace("'", '"') == word.replace("'", '"')
    assert list(tokens.starts) == sorted(set(tokens.starts))
    assert decoded(encoded(tokens.ids)) == tokens.ids


def test_a_fingerprint_depends_on_the_key() -> None:
    """Without the installation's key nobody can tell whether a guess is right."""
    other = Fingerprinter(lambda text: keyed_hash(text, key=b"o" * 32))
    assert not set(other.tokens("def f(x): return x").ids) & set(
        PRINT.tokens("def f(x): return x").ids
    )


@pytest.mark.parametrize("damaged", ["", "?", "AAA", "QUJD\n", "ä"])
def test_a_damaged_fingerprint_is_none(damaged: str) -> None:
    """What is not base64 of whole tokens gives no tokens, and no error."""
    assert decoded(damaged) == ()
