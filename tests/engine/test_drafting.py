"""Drafts from what was said before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ducktypist.engine.drafting import Drafter


def test_what_followed_before_is_drafted() -> None:
    """After the same tokens, what followed them the last time is proposed."""
    drafter = Drafter([1, 2, 3, 4, 5, 6, 9, 1, 2, 3])
    assert drafter.propose(2) == (4, 5)
    assert drafter.propose(10) == (4, 5, 6, 9, 1, 2, 3)


def test_the_longest_match_wins_and_then_the_latest() -> None:
    """Of two places the one with more in common counts, of equal ones the later."""
    longer = Drafter([7, 1, 2, 3, 50, 8, 1, 2, 3, 60, 7, 1, 2, 3])
    assert longer.propose(1) == (50,)
    later = Drafter([1, 2, 50, 3, 1, 2, 60, 4, 1, 2])
    assert later.propose(1) == (60,)


def test_nothing_is_drafted_from_what_was_never_said() -> None:
    """New tokens, and prompts of one token, give no draft."""
    assert Drafter([]).propose(5) == ()
    assert Drafter([1]).propose(5) == ()
    assert Drafter([1, 2, 3]).propose(5) == ()


def test_it_knows_how_often_it_is_right() -> None:
    """The share grows while the answer copies, and falls while it does not, also undrafted."""
    text = list(range(60))
    copying = Drafter([*text, 900, 0, 1])
    for token in text[2:40]:
        copying.said(token)
    assert copying.p_hit() > 0.9
    going_astray = Drafter([*([1, 2, 3] * 20), 1, 2])
    for token in [7, 1, 2] * 20:
        going_astray.said(token)
    # By then it has learnt what follows; something else each time it cannot know.
    assert going_astray.propose(1) == (7,)
    lost = Drafter([1, 2, 3])
    for number in range(30):
        for token in (1, 2, 100 + number):
            lost.said(token)
    lost.said(1)
    lost.said(2)
    assert lost.p_hit() < 0.5


@given(st.lists(st.integers(0, 2), max_size=60), st.integers(0, 20))
def test_a_draft_is_always_a_piece_of_what_was_said(tokens: list[int], wanted: int) -> None:
    """Whatever is proposed stands somewhere in the text after the same last two tokens."""
    draft = Drafter(tokens).propose(wanted)
    assert len(draft) <= wanted
    if draft:
        needle = [*tokens[-2:], *draft]
        places = range(len(tokens) - len(needle) + 1)
        assert any(tokens[place : place + len(needle)] == needle for place in places)
