from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from ducktypist.domain import FinishReason, Generation, Timings
from ducktypist.engine.client import AnswerStream
from ducktypist.errors import EngineCrashedError
from ducktypist.features.arriving import Arriving


def said(text: str, reason: FinishReason = FinishReason.STOP) -> Generation:
    """Return an answer."""
    return Generation(text=text, finish_reason=reason, timings=Timings())


def stream(
    *answers: tuple[int, Generation] | Exception | asyncio.Event,
) -> AnswerStream:
    """Return a stream of answers; it waits where an event stands and fails where an error does."""

    async def give() -> AsyncGenerator[tuple[int, Generation], None]:
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, asyncio.Event):
                await answer.wait()
                continue
            yield answer

    return AnswerStream(give(), Timings)


async def taken(arriving: Arriving) -> list[tuple[int, str]]:
    """Return everything that an iteration gives."""
    return [(number, generation.text) async for number, generation in arriving]


async def test_of_what_is_there_the_most_suspicious_goes_first() -> None:
    """Answers that came out of order are handed out in the order of their prompts."""
    arriving = Arriving(stream((2, said("c")), (0, said("a")), (1, said("b"))), n=1)
    await arriving.read()
    assert await taken(arriving) == [(0, "a"), (1, "b"), (2, "c")]


async def test_first_answers_to_all_prompts_go_before_second_ones() -> None:
    """With two answers to each of two prompts the prompts take turns."""
    numbered = [(index, said(str(index))) for index in range(4)]
    arriving = Arriving(stream(*numbered), n=2)
    await arriving.read()
    assert await taken(arriving) == [(0, "0"), (1, "2"), (0, "1"), (1, "3")]


async def test_what_is_there_is_handed_out_before_the_rest_comes() -> None:
    """Nobody waits for the last answer to see the first."""
    rest = asyncio.Event()
    arriving = Arriving(stream((1, said("b")), rest, (0, said("a"))), n=1)
    reading = asyncio.create_task(arriving.read())
    assert await anext(arriving) == (1, said("b"))
    rest.set()
    assert await anext(arriving) == (0, said("a"))
    await reading
    with pytest.raises(StopAsyncIteration):
        await anext(arriving)


async def test_an_error_comes_after_what_came_before_it() -> None:
    """Answers that are whole are not lost when the engine dies."""
    arriving = Arriving(stream((0, said("a")), EngineCrashedError("gone")), n=1)
    await arriving.read()
    assert await anext(arriving) == (0, said("a"))
    with pytest.raises(EngineCrashedError, match="gone"):
        await anext(arriving)


async def test_a_cancelled_answer_is_none() -> None:
    """What the engine broke off is not taken for what the model said."""
    arriving = Arriving(stream((0, said("a", FinishReason.CANCELLED)), (1, said("b"))), n=1)
    await arriving.read()
    assert await taken(arriving) == [(1, "b")]
