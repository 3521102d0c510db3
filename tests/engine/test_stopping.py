from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.engine.backend import Candidate, TokenChoice
from ducktypist.engine.stopping import StopScanner


def _run(pieces: list[bytes], stops: tuple[str, ...]) -> tuple[str, list[bytes], bool]:
    scanner = StopScanner(stops)
    deltas = []
    for number, piece in enumerate(pieces):
        chosen = Candidate(token_id=number, piece=piece, logprob=0.0)
        deltas.append(scanner.feed(TokenChoice(chosen=chosen)))
        if scanner.stopped:
            break
    if not scanner.stopped:
        deltas.append(scanner.flush())
    there = [delta for delta in deltas if delta]
    text = "".join(delta.text for delta in there)
    return text, [one.chosen.piece for delta in there for one in delta.tokens], scanner.stopped


@pytest.mark.parametrize(
    ("pieces", "stops", "text"),
    [
        ([b"ab", b"c"], (), "abc"),
        ([b"ab", b"STOP", b"x"], ("STOP",), "ab"),
        ([b"abS", b"T", b"OP", b"x"], ("STOP",), "ab"),
        ([b"abS", b"T", b"x"], ("STOP",), "abSTx"),
        ([b"abSTO"], ("STOP",), "abSTO"),
        ([b"a\n", b"\nb"], ("\n\n", "b"), "a"),
        ([b"STOP"], ("STOP",), ""),
        ([b"xaab"], ("aab", "xaac"), "x"),
        (["é".encode()[:1], "é".encode()[1:] + b"!"], ("!",), "é"),
        ([b"a", b"\xf0\x9f"], (), "a"),
    ],
)
def test_text_ends_before_the_first_stop_string(
    pieces: list[bytes], stops: tuple[str, ...], text: str
) -> None:
    """A stop string is found wherever token borders lie, and is not part of the answer."""
    assert _run(pieces, stops)[0] == text


def test_tokens_of_the_stop_string_are_left_out() -> None:
    """Only tokens that contribute to the answer are handed over."""
    assert _run([b"a", b"bST", b"OP"], ("STOP",))[1] == [b"a", b"bST"]


@given(
    st.text(alphabet="abé😀", max_size=12),
    st.lists(st.text(alphabet="abé😀", min_size=1, max_size=3), max_size=3),
    st.lists(st.integers(min_value=0, max_value=40), max_size=10),
)
def test_the_way_text_is_cut_into_tokens_does_not_matter(
    text: str, stops: list[str], borders: list[int]
) -> None:
    """The answer is the text up to its first stop string, however bytes were grouped."""
    raw = text.encode()
    cuts = sorted({0, len(raw), *(border for border in borders if border < len(raw))})
    pieces = [raw[a:b] for a, b in itertools.pairwise(cuts)]
    shown, tokens, stopped = _run(pieces, tuple(stops))
    ends = [text.find(stop) for stop in stops if stop in text]
    if stopped:
        # With several stops the one that is complete first wins, which may begin later.
        assert text.startswith(shown)
        assert any(text[len(shown) :].startswith(stop) for stop in stops)
    else:
        assert not ends
        assert shown == text
        assert b"".join(tokens) == raw
