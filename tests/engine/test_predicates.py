from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from ducktypist.domain import FinishReason, GenerationRequest, StopName, StopRule, TextPrompt
from ducktypist.engine.client import EngineClient
from ducktypist.engine.pieces import Piece
from ducktypist.engine.predicates import StopWatch, until_complete
from support.raw_http import events, head, serving

BODY = "    total = 0\n    for x in xs:\n        total += x\n    return total\n"


@pytest.mark.parametrize(
    ("rule", "said", "n_pieces"),
    [
        (StopRule(name=StopName.DEDENT, indent="    "), [BODY, "\n", "print", "(1)", "\n"], 5),
        (StopRule(name=StopName.BRACE, comment="//"), ["\tif x {\n", "\t}\n", "}", "\n"], 3),
        (StopRule(name=StopName.LINE), ["\n", "x = ", "1", "\n    y", "\n"], 4),
        (StopRule(name=StopName.STATEMENT), ["f(", "\n", "1)", "\n"], 4),
        (StopRule(name=StopName.FENCE), ["x\n", "`", "`", "`", "py"], 4),
    ],
)  # fmt: skip
def test_the_watch_ends_with_the_piece_that_shows_the_end(
    rule: StopRule, said: list[str], n_pieces: int
) -> None:
    """An answer is complete with the first piece that shows it, and stays so."""
    watch = StopWatch(rule)
    told = [watch.feed(piece) for piece in said]
    assert told.index(True) == n_pieces - 1
    assert all(told[n_pieces - 1 :])


def test_a_watch_that_sees_no_end_says_so() -> None:
    """A body that stops short of the next line is not complete."""
    watch = StopWatch(StopRule(name=StopName.DEDENT, indent="    "))
    assert not any(watch.feed(character) for character in BODY)


async def given(*pieces: Piece) -> AsyncGenerator[Piece, None]:
    """Give these pieces."""
    for piece in pieces:
        yield piece


async def test_an_engine_that_does_not_know_the_rules_is_left_early() -> None:
    """The piece that shows the end is the last, and says that the answer is complete."""
    pieces = given(
        Piece(text="    return 1\n", prompt_tokens=5), Piece(text=""), Piece(text="x\n"),
        Piece(text="never"),
    )  # fmt: skip
    rule = StopRule(name=StopName.DEDENT, indent="    ")
    found = [piece async for piece in until_complete(pieces, rule)]
    assert [piece.text for piece in found] == ["    return 1\n", "", "x\n"]
    assert [piece.finish_reason for piece in found] == [None, None, FinishReason.STOP]
    assert found[0].prompt_tokens == 5
    await pieces.aclose()


async def test_an_engine_that_ends_by_itself_is_heard_out() -> None:
    """Where the rule sees no end, the engine's own reason and figures come through."""
    said = [Piece(text="x = 1"), Piece(finish_reason=FinishReason.LENGTH, completion_tokens=3)]
    found = [piece async for piece in until_complete(given(*said), StopRule(name=StopName.LINE))]
    assert found == said


async def test_the_client_ends_an_answer_where_the_engine_would_not() -> None:
    """An engine that is not ours is not told the rule; its answer ends by it all the same."""
    sent: list[dict[str, Any]] = []

    async def talk(path: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if path != "/v1/completions":
            writer.write(head(kind="application/json", length=2) + b"{}")
            return
        sent.append(body)
        writer.write(head())
        # Longer than anybody listens.
        for number in range(10_000):
            text = "    return 1\n" if number == 0 else f"x = {number}\n"
            choice = {"index": 0, "text": text, "finish_reason": None}
            writer.write(events({"choices": [choice]}))
            await writer.drain()
            await asyncio.sleep(0.001)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    client = EngineClient.remote(f"http://127.0.0.1:{port}")
    request = GenerationRequest(
        prompt=TextPrompt(text="def f():\n"),
        max_tokens=9,
        stop_when=StopRule(name=StopName.DEDENT, indent="    "),
    )
    async with serving(port, talk):
        said = await asyncio.wait_for(client.generate(request), 20)
    await client.aclose()
    assert said.text.startswith("    return 1\nx = 1\n")
    assert said.finish_reason is FinishReason.STOP
    assert [body for body in sent if "stop_when" in body] == []
