from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from ducktypist.domain import GenerationRequest, InfillPrompt, Sampling, Timings
from ducktypist.engine.client import EngineClient
from ducktypist.errors import EngineUnavailableError
from ducktypist.features.workbench import Budget, Tally
from ducktypist.prompting.assemble import CHARS_PER_TOKEN
from support.engines import until_async
from support.workbench import bench_of

BUDGET = Budget(within_ms=500.0, floor_tokens=100, ceiling_tokens=2000, usual_tokens=700)


@pytest.mark.parametrize(("fits", "expected"), [(10, 100), (350, 350), (90_000, 2000), (None, 700)])
async def test_context_is_what_fits_into_its_time(
    tmp_path: Path, fits: int | None, expected: int
) -> None:
    """A slow engine gets the floor, a fast one the ceiling, an unknown one what is usual."""
    asked: list[float] = []

    async def tokens_in(_: EngineClient, within_ms: float) -> int | None:
        asked.append(within_ms)
        return fits

    async with bench_of(tmp_path, []) as bench:
        with patch.object(EngineClient, "tokens_in", tokens_in):
            assert await bench.workbench.max_chars(BUDGET) == int(expected * CHARS_PER_TOKEN)
    assert asked == [500.0]


async def test_an_engine_that_cannot_be_asked_is_one_that_nobody_knows(tmp_path: Path) -> None:
    """The question itself will say what is wrong."""
    async with bench_of(tmp_path, []) as bench:
        error = EngineUnavailableError("gone")
        with patch.object(EngineClient, "tokens_in", side_effect=error):
            assert await bench.workbench.max_chars(BUDGET) == int(700 * CHARS_PER_TOKEN)


async def test_context_leaves_room_for_the_answer(tmp_path: Path) -> None:
    """However fast the engine, at most half of its context is filled, by a careful estimate."""
    async with bench_of(tmp_path, []) as bench:
        model = replace(bench.workbench.model, n_ctx_tokens=512)
        small = replace(bench.workbench, model=model)
        with patch.object(EngineClient, "tokens_in", return_value=90_000):
            assert await small.max_chars(BUDGET) == int(256 * CHARS_PER_TOKEN)


async def test_a_scripted_host_says_how_fast_it_is(tmp_path: Path) -> None:
    """The whole way is there: what the host measured decides between floor and ceiling."""
    async with bench_of(tmp_path, []) as bench:
        fits = await bench.workbench.engine.tokens_in(BUDGET.within_ms)
        assert fits is not None
        assert await bench.workbench.max_chars(BUDGET) == int(
            min(max(fits, 100), 2000) * CHARS_PER_TOKEN
        )


async def test_a_lane_is_of_one_kind_document_and_window(tmp_path: Path) -> None:
    """What another kind, another document or another window asks does not end a request."""
    async with bench_of(tmp_path, []) as bench:
        one = bench.workbench
        other = replace(one, session_id="another")
        uri = "file:///" + "long/" * 200
        lanes = [
            one.lane("hover", uri), one.lane("complete", uri), one.lane("hover", uri + "x"),
            other.lane("hover", uri),
        ]  # fmt: skip
        assert len(set(lanes)) == len(lanes)
        assert one.lane("hover", uri) == lanes[0]
        assert all(len(lane) <= 256 for lane in lanes)


async def test_leaving_early_ends_what_is_still_generated(tmp_path: Path) -> None:
    """After the first answer the others are cancelled, and what was done is counted."""
    rules = [
        {"match": "first", "reply": "done"},
        {"reply": "word " * 400, "delay_ms": 20},
    ]
    tally = Tally()
    async with bench_of(tmp_path, rules) as bench:
        request = GenerationRequest(
            prompt=InfillPrompt(prefix="slow", suffix=""),
            more=(InfillPrompt(prefix="first", suffix=""),),
            max_tokens=400,
            sampling=Sampling(),
        )
        async with bench.workbench.answers(request, tally) as answers:
            number, generation = await anext(answers)
        assert (number, generation.text) == (1, "done")
        await until_async(lambda: bool(bench.backend.ended))
        assert bench.backend.ended[0].reason == "cancelled"
        (timings,) = tally.timings
        assert timings.prompt_tokens > 0


async def test_answers_that_nobody_takes_do_not_hold_up_the_engine(tmp_path: Path) -> None:
    """While the first answer is looked at, the others are generated and read."""
    async with bench_of(tmp_path, [{"reply": "x", "delay_ms": 5}]) as bench:
        request = GenerationRequest(
            prompt=InfillPrompt(prefix="p", suffix=""), max_tokens=8, n=5, sampling=Sampling()
        )
        async with bench.workbench.answers(request, Tally()) as answers:
            await anext(answers)
            await until_async(lambda: bool(bench.backend.ended))
            await asyncio.sleep(0.05)
            rest = [number async for number, _ in answers]
        assert rest == [0] * 4


def test_a_tally_adds_up_everything_that_is_a_sum() -> None:
    """Tokens and durations of several requests are added, drafts among them."""
    tally = Tally()
    for n in (1, 10):
        tally.add(
            Timings(
                queue_ms=n, prefill_ms=n, ttft_ms=n, decode_ms=n, total_ms=n, prompt_tokens=n,
                cached_tokens=n, completion_tokens=n, drafted_tokens=n, accepted_tokens=n,
            )
        )  # fmt: skip
    total = tally.total()
    assert (total.queue_ms, total.prefill_ms, total.decode_ms) == (11, 11, 11)
    assert (total.prompt_tokens, total.cached_tokens, total.completion_tokens) == (11, 11, 11)
    assert (total.drafted_tokens, total.accepted_tokens) == (11, 11)
    assert total.ttft_ms == 1
