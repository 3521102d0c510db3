"""What is counted of requests on their way; time is an argument."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import pytest

from ducktypist.domain import TokenLogprob
from ducktypist.engine.activity import Activity
from ducktypist.engine.condition import Condition, EngineState
from ducktypist.engine.pieces import Piece


def test_a_request_reads_until_its_first_token() -> None:
    """Then it writes, and when it is over nothing is going on."""
    activity = Activity()
    assert not activity.is_busy
    with activity.asking() as asked:
        assert activity.is_busy
        assert not activity.is_writing
        asked.took(1, now_s=10.0)
        assert activity.is_writing
    assert not activity.is_busy
    assert not activity.is_writing


def test_the_rate_is_that_of_what_came_after_the_first_piece() -> None:
    """The first tokens say when it began; a few tokens, or all at one moment, are no figure."""
    activity = Activity()
    with activity.asking() as asked:
        asked.took(3, now_s=10.0)
        assert activity.tok_s is None
        asked.took(2, now_s=10.1)
        assert activity.tok_s is None
        asked.took(8, now_s=10.5)
        assert activity.tok_s == pytest.approx(20.0)
    with Activity().asking() as hasty:
        hasty.took(1, now_s=5.0)
        hasty.took(50, now_s=5.0)
        assert hasty.tok_s is None


def test_the_last_rate_stands_until_there_is_another() -> None:
    """Of several answers it is that of the one whose token came last."""
    activity = Activity()
    with activity.asking() as asked:
        asked.took(1, now_s=0.0)
        asked.took(10, now_s=1.0)
    with activity.asking() as asked:
        assert activity.tok_s == 10.0
        asked.took(1, now_s=2.0)
        assert activity.tok_s == 10.0
        asked.took(4, now_s=2.1)
        assert activity.tok_s == pytest.approx(40.0)
        with activity.asking() as other:
            other.took(1, now_s=2.2)
            other.took(5, now_s=2.7)
            assert activity.tok_s == pytest.approx(10.0)
            asked.took(1, now_s=3.0)
            assert activity.tok_s == pytest.approx(5.0)


def test_the_engines_own_figure_goes_before_ours() -> None:
    """It says how long it took without the way here."""
    activity = Activity()
    with activity.asking() as asked:
        asked.took(1, now_s=0.0)
        asked.took(10, now_s=1.0)
        asked.told(3, 1.0)
        assert asked.tok_s == 10.0
        asked.told(11, 500.0)
    assert activity.tok_s == 22.0


def test_a_change_is_told_once_until_somebody_looks() -> None:
    """However many tokens come meanwhile."""
    activity, n_told = Activity(), 0

    def told() -> None:
        nonlocal n_told
        n_told += 1

    with activity.asking() as asked:
        activity.seen()
        activity.on_change = told
        for number in range(100):
            asked.took(1, now_s=float(number))
        assert n_told == 1
        activity.seen()
        asked.took(1, now_s=101.0)
        assert n_told == 2
    assert n_told == 2
    activity.seen()
    activity.changed()
    assert n_told == 3


def test_a_change_of_the_engines_state_is_told() -> None:
    """The same state again is none."""
    condition, found = Condition(None), []
    condition.activity.on_change = lambda: found.append(condition.state)
    condition.state = EngineState.STOPPED
    assert found == []
    condition.state = EngineState.LOADING
    condition.activity.seen()
    condition.state = EngineState.READY
    assert found == [EngineState.LOADING, EngineState.READY]


async def test_pieces_pass_as_they_are() -> None:
    """Each counts the tokens that it tells of, or as one; leaving early closes the source."""
    token = TokenLogprob(text="a", logprob=-0.1, margin=1.0)
    pieces = [
        Piece(timings={"prompt_n": 4.0}),
        Piece(text="ab", logprobs=(token, token)),
        Piece(text="c"),
        Piece(timings={"predicted_n": 30.0, "predicted_ms": 1000.0}),
        Piece(text="never read"),
    ]
    closed: list[bool] = []

    async def source() -> AsyncGenerator[Piece, None]:
        try:
            for piece in pieces:
                yield piece
        finally:
            closed.append(True)

    @asynccontextmanager
    async def opening() -> AsyncGenerator[AsyncGenerator[Piece, None], None]:
        async with aclosing(source()) as found:
            yield found

    activity, seen = Activity(), []
    async with activity.counting(opening()) as counted:
        async for piece in counted:
            seen.append(piece)
            assert activity.is_writing == (len(seen) > 1)
            if len(seen) == 4:
                break
    assert seen == pieces[:4]
    assert closed == [True]
    assert not activity.is_busy
    assert activity.tok_s == 30.0
