from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import (
    FinishReason,
    GenerationRequest,
    Priority,
    Prompt,
    Sampling,
    StopName,
    StopRule,
    TextPrompt,
)
from ducktypist.engine.backend import ConnectionDropped, Feed, StepCode
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.scripted import ScriptedBackend
from ducktypist.engine.worker import MAX_UNFINISHED, Worker, WorkerState
from ducktypist.errors import EngineCrashedError, EngineRequestError, EngineUnavailableError
from support.engines import until_async
from support.tickets import answer, told, working

SCRIPT = r"""
default = "one two three"
n_batch_tokens = 32
[[rule]]
match = "^long prompt"
reply = "late"
prefill_ms = 60000
[[rule]]
match = "^drip"
reply = "a b c d e f g h i j k l m n o p q r s t u v w x y z"
delay_ms = 20
[[rule]]
match = "^hang"
fail = "hang"
[[rule]]
match = "^inside"
reply = "some words"
fail = "500"
fail_after_tokens = 2
[[rule]]
match = "^hang up|^drop"
fail = "disconnect"
[[rule]]
match = "^broken"
fail = "broken"
[[rule]]
match = "^choose"
replies = ["red", "green", "blue"]
[[rule]]
match = "^number 1\\b"
reply = "the first"
[[rule]]
match = "^number 2\\b"
reply = "the second answer"
[[rule]]
match = "^number 3\\b"
reply = "the third and last"
[[rule]]
match = "^copy"
reply = "for item in items : total = total + item . price * item . count ;"
[[rule]]
match = "^lines"
reply = "x = f(1,\n      2)\ny = 3\nz = 4\n"
"""
COPIED = "for item in items : total = total + item . price * item . count ;"


class Flaky(ScriptedBackend):
    """A scripted backend whose steps end otherwise now and then."""

    def __init__(self, path: Path, *, n_ctx_tokens: int) -> None:
        super().__init__(path, n_ctx_tokens=n_ctx_tokens)
        self.codes: list[StepCode] = []
        """How the next steps end."""
        self.n_steps = 0

    def decode(self, feeds: Sequence[Feed], interrupt: Interrupt) -> StepCode:
        """Decode, or end as was said."""
        self.n_steps += 1
        code = self.codes.pop(0) if self.codes else StepCode.DONE
        if code is StepCode.FAILED:
            self._cache.spoil(feeds)
        elif code is StepCode.INTERRUPTED:
            self._cache.append_part(feeds)
        elif code is StepCode.DONE:
            return super().decode(feeds, interrupt)
        return code


@pytest.fixture
def backend(tmp_path: Path) -> Flaky:
    """Return the backend of the script above."""
    return _scripted(tmp_path, SCRIPT)


def _scripted(folder: Path, script: str) -> Flaky:
    path = folder / "script.toml"
    path.write_text(script)
    return Flaky(path, n_ctx_tokens=256)


@pytest.fixture
async def worker(backend: Flaky) -> AsyncIterator[Worker]:
    """Give a worker of it."""
    async with working(backend) as made:
        yield made


def _ask(text: str, *more: str, max_tokens: int = 100, **changed: Any) -> GenerationRequest:
    prompts: tuple[Prompt, ...] = tuple(TextPrompt(text=one) for one in more)
    return GenerationRequest(
        prompt=TextPrompt(text=text), more=prompts, max_tokens=max_tokens, **changed
    )


async def test_a_request_is_answered(worker: Worker) -> None:
    """Text, reason and counts arrive, the prompt's figures with the first piece."""
    said = await answer(worker, _ask("hello"), want_logprobs=True)
    assert (said.text, said.finished.reason) == ("one two three", FinishReason.STOP)
    assert said.finished.completion_tokens == sum(len(one.tokens) for one in said.deltas) == 5
    assert said.deltas[0].prefill is not None
    assert said.deltas[0].prefill.prompt_tokens == said.finished.prompt_tokens == 1
    assert all(len(token.top) == 2 for one in said.deltas for token in one.tokens)
    assert worker.n_unfinished() == 0
    assert worker.totals()["done"] == 1


async def test_each_answer_of_a_request_ends_by_itself(worker: Worker) -> None:
    """Prompts times choices come back numbered prompt by prompt."""
    request = _ask("number 1", "number 2", "number 3", n=2)
    said = await answer(worker, request)
    assert [said.texts[index] for index in range(6)] == [
        *["the first"] * 2,
        *["the second answer"] * 2,
        *["the third and last"] * 2,
    ]
    assert set(said.reasons.values()) == {FinishReason.STOP}


async def test_choices_follow_their_seeds(worker: Worker) -> None:
    """Each of the sampled answers to one prompt has the next seed."""
    sampled = Sampling(temperature=1.0, seed=1)
    said = await answer(worker, _ask("choose", n=4, sampling=sampled))
    assert [said.texts[index] for index in range(4)] == ["green", "blue", "red", "green"]


async def test_a_token_limit_ends_with_length(worker: Worker) -> None:
    """What was generated until the limit is the answer."""
    said = await answer(worker, _ask("hello", max_tokens=3))
    assert (said.text, said.finished.reason) == ("one two", FinishReason.LENGTH)


async def test_the_context_is_a_limit(worker: Worker) -> None:
    """An answer ends where the context does; a prompt that fills it is refused."""
    said = await answer(worker, _ask("drip " + "x " * 125, max_tokens=100))
    assert said.finished.reason is FinishReason.LENGTH
    assert said.finished.prompt_tokens + said.finished.completion_tokens <= 256
    refused = await answer(worker, _ask("x " * 128))
    assert isinstance(refused.end, EngineRequestError)
    assert refused.end.status == 400


async def test_stop_strings_end_an_answer(worker: Worker) -> None:
    """A stop string is no part of the text."""
    said = await answer(worker, _ask("hello", stop=(" three",)))
    assert (said.text, said.finished.reason) == ("one two", FinishReason.STOP)


async def test_a_stop_rule_ends_an_answer(worker: Worker) -> None:
    """A rule on the text ends it early, and what shows the end is part of it."""
    rule = StopRule(name=StopName.STATEMENT)
    said = await answer(worker, _ask("lines", stop_when=rule))
    assert said.finished.reason is FinishReason.STOP
    assert said.text.startswith("x = f(1,\n      2)")
    assert "z" not in said.text


async def test_reading_only_warms(worker: Worker) -> None:
    """Zero tokens read the prompt, and the next one finds it."""
    warmed = await answer(worker, _ask("a b c d e", max_tokens=0))
    assert (warmed.text, warmed.finished.completion_tokens) == ("", 0)
    assert (await answer(worker, _ask("a b c d e f"))).finished.cached_tokens == 9


async def test_what_was_read_is_reused_unless_forbidden(worker: Worker) -> None:
    """All but the last token of a repeated prompt is cached; a cold request reads everything."""
    for cold, n_cached in ((False, 0), (False, 8), (True, 0), (False, 8)):
        said = await answer(worker, _ask("a b c d e", cold=cold))
        assert said.finished.cached_tokens == n_cached
        assert said.finished.prompt_tokens == 9


async def test_many_requests_are_never_crossed(worker: Worker) -> None:
    """Whoever asks at the same time gets the answer to their own question."""
    texts = {1: "the first", 2: "the second answer", 3: "the third and last"}
    numbers = [1 + number % 3 for number in range(30)]
    said = await asyncio.gather(
        *(answer(worker, _ask(f"number {number} please " * 3)) for number in numbers)
    )
    assert [one.text for one in said] == [texts[number] for number in numbers]


@pytest.mark.parametrize("text", ["long prompt", "drip", "hang"])
async def test_what_runs_is_cancelled(worker: Worker, text: str) -> None:
    """While reading, between tokens, and while the backend hangs."""
    ticket = worker.submit(_ask(text), want_logprobs=False)
    await asyncio.sleep(0.1)
    ticket.cancel()
    assert (await told(ticket)).finished.reason is FinishReason.CANCELLED
    assert (await answer(worker, _ask("next"))).text == "one two three"
    assert worker.totals()["cancelled"] == 1


async def test_what_waits_is_cancelled(tmp_path: Path) -> None:
    """A request that has no place yet ends at once, and is never begun."""
    async with working(_scripted(tmp_path, "n_sequences = 1\n" + SCRIPT)) as worker:
        first = worker.submit(_ask("drip"), want_logprobs=False)
        await asyncio.wait_for(first.next_event(), 20)
        second = worker.submit(_ask("long prompt"), want_logprobs=False)
        await until_async(lambda: worker.totals()["queue_depth"] == 1)
        second.cancel()
        said = await told(second)
        assert said.finished.reason is FinishReason.CANCELLED
        assert said.finished.completion_tokens == 0
        assert (await told(first)).finished.completion_tokens == 51


async def test_cancelling_one_leaves_the_others(worker: Worker) -> None:
    """Those who compute in the same steps go on."""
    kept = worker.submit(_ask("drip"), want_logprobs=False)
    left = worker.submit(_ask("drip on"), want_logprobs=False)
    await left.next_event()
    left.cancel()
    assert (await told(left)).finished.reason is FinishReason.CANCELLED
    assert (await told(kept)).finished.reason is FinishReason.STOP


async def test_a_deadline_ends_with_what_there_is(worker: Worker) -> None:
    """As at a token limit, wherever the request is by then."""
    said = await answer(worker, _ask("drip", deadline_ms=200))
    assert said.finished.reason is FinishReason.LENGTH
    assert 0 < said.finished.completion_tokens < 51
    said = await answer(worker, _ask("long prompt", deadline_ms=100))
    assert (said.text, said.finished.reason) == ("", FinishReason.LENGTH)


async def test_a_budget_begins_with_the_first_token(worker: Worker) -> None:
    """Generating for so long is enough."""
    said = await answer(worker, _ask("drip", decode_budget_ms=150))
    assert said.finished.reason is FinishReason.LENGTH
    assert 0 < said.finished.completion_tokens < 51


async def test_deadline_and_budget_may_be_over_together(tmp_path: Path) -> None:
    """Two reasons for which an answer ends are one end."""
    script = 'reply = "a b c"\ndelay_ms = 200\n'
    async with working(_scripted(tmp_path, "[[rule]]\n" + script)) as worker:
        request = _ask("hello", n=2, deadline_ms=300, decode_budget_ms=50)
        said = await answer(worker, request)
        assert (said.texts, said.finished.reason) == ({0: "a", 1: "a"}, FinishReason.LENGTH)
        assert (await answer(worker, _ask("hello"))).text == "a b c"


async def test_the_newest_of_a_lane_wins(worker: Worker) -> None:
    """The older request of a lane is cancelled, another lane's is not."""
    older = worker.submit(_ask("drip", lane="typing"), want_logprobs=False)
    other = worker.submit(_ask("drip", lane="hover"), want_logprobs=False)
    await older.next_event()
    newer = worker.submit(_ask("drip on", lane="typing"), want_logprobs=False)
    said = [(await told(ticket)).finished.reason for ticket in (older, other, newer)]
    assert said == [FinishReason.CANCELLED, FinishReason.STOP, FinishReason.STOP]


async def test_background_gives_way(tmp_path: Path) -> None:
    """A warming-up that takes for ever keeps nobody waiting, and is begun again afterwards."""
    async with working(_scripted(tmp_path, "per_token_ms = 1\n" + SCRIPT)) as worker:
        behind = worker.submit(_ask("hang", priority=Priority.BACKGROUND), want_logprobs=False)
        await until_async(lambda: worker.step_age_s(time.monotonic()) is not None)
        for _ in range(3):
            assert (await answer(worker, _ask("hello"))).text == "one two three"
        assert worker.n_unfinished() == 1
        await until_async(lambda: worker.step_age_s(time.monotonic()) is not None)
        behind.cancel()
        assert (await told(behind)).finished.reason is FinishReason.CANCELLED


async def test_a_failure_is_one_requests_alone(worker: Worker) -> None:
    """A request of which an answer fails ends with that error; the others do not notice."""
    dripping = worker.submit(_ask("drip"), want_logprobs=False)
    said = await answer(worker, _ask("number 1", "inside", "number 3", n=2))
    assert isinstance(said.end, EngineRequestError)
    assert said.end.status == 500
    dropped = await answer(worker, _ask("drop"))
    assert isinstance(dropped.end, ConnectionDropped)
    assert (await told(dripping)).finished.reason is FinishReason.STOP
    assert worker.state is WorkerState.READY


async def test_a_failed_step_is_tried_again(backend: Flaky, worker: Worker) -> None:
    """The cache is cleared and everything read again, and nobody can tell."""
    asked = [worker.submit(_ask("drip", n=3), want_logprobs=False) for _ in range(2)]
    await until_async(lambda: backend.n_steps > 5)
    backend.codes = [StepCode.FAILED]
    for ticket in asked:
        said = await told(ticket, n_answers=3)
        assert set(said.reasons.values()) == {FinishReason.STOP}
        assert len(set(said.texts.values())) == 1
    assert worker.state is WorkerState.READY


async def test_a_backend_that_keeps_failing_has_crashed(tmp_path: Path) -> None:
    """Failing again costs everybody in flight a clear error, and the host must end."""
    told_of = asyncio.Event()
    loop = asyncio.get_running_loop()
    backend = await asyncio.to_thread(_scripted, tmp_path, SCRIPT)
    worker = Worker(
        backend, on_fatal=lambda: loop.call_soon_threadsafe(told_of.set), rates_path=None
    )
    worker.start()
    await until_async(lambda: worker.state is WorkerState.READY)
    others = worker.submit(_ask("drip"), want_logprobs=False)
    await others.next_event()
    broken = worker.submit(_ask("broken"), want_logprobs=False)
    for ticket in (broken, others):
        assert isinstance((await told(ticket)).end, EngineCrashedError)
    await asyncio.wait_for(told_of.wait(), 20)
    assert worker.state is WorkerState.FAILED
    assert worker.failure
    await asyncio.to_thread(worker.stop, timeout_s=5)


async def test_no_room_is_made_room(backend: Flaky, worker: Worker) -> None:
    """When the backend has no room, what nobody waits for is forgotten and the step repeated."""
    await answer(worker, _ask("a b c d e"))
    backend.codes = [StepCode.NO_ROOM]
    assert (await answer(worker, _ask("hello"))).text == "one two three"
    assert (await answer(worker, _ask("a b c d e"))).finished.cached_tokens == 0


async def test_an_interrupt_without_a_reason_is_harmless(backend: Flaky, worker: Worker) -> None:
    """An interrupted step is done again, until it gets through."""
    backend.codes = [StepCode.INTERRUPTED, StepCode.DONE, StepCode.INTERRUPTED]
    assert (await answer(worker, _ask("number 2"))).text == "the second answer"


async def test_drafts_change_no_answer(backend: Flaky, worker: Worker) -> None:
    """Speculation says the same in fewer steps, and counts what it drafted."""
    prompt = f"copy this: {COPIED}\n"
    plain = await answer(worker, _ask(prompt))
    n_plain, backend.n_steps = backend.n_steps, 0
    drafted = await answer(worker, _ask(prompt, speculate=True))
    assert plain.text == drafted.text == COPIED
    assert backend.n_steps < n_plain
    assert drafted.finished.drafted_tokens >= drafted.finished.accepted_tokens > 0
    assert plain.finished.drafted_tokens == 0


async def test_stopping_ends_everything(backend: Flaky) -> None:
    """Who still waits is told that the host ends."""
    async with working(backend) as worker:
        tickets = [worker.submit(_ask(text), want_logprobs=False) for text in ("hang", "drip")]
        await asyncio.sleep(0.1)
    for ticket in tickets:
        end = (await told(ticket)).end
        assert isinstance(end, EngineUnavailableError) or end.reason is FinishReason.CANCELLED
    assert not worker._thread.is_alive()


async def test_a_model_that_does_not_load_is_told(tmp_path: Path) -> None:
    """The reason is kept, and asking for what was loaded raises it."""
    backend = await asyncio.to_thread(_scripted, tmp_path, 'load_fail = "out of memory"')
    async with working(backend) as worker:
        assert (worker.state, worker.failure) == (WorkerState.FAILED, "out of memory")
        with pytest.raises(EngineUnavailableError, match="out of memory"):
            worker.info()


async def test_too_many_requests_are_refused(worker: Worker) -> None:
    """The queue has an end, and says so."""
    tickets = [worker.submit(_ask("hang"), want_logprobs=False) for _ in range(MAX_UNFINISHED)]
    with pytest.raises(EngineRequestError) as caught:
        worker.submit(_ask("one too many"), want_logprobs=False)
    assert caught.value.status == 429
    for ticket in tickets:
        ticket.cancel()
    for ticket in tickets:
        assert (await told(ticket)).finished.reason is FinishReason.CANCELLED


async def test_the_status_tells_who_computes(worker: Worker) -> None:
    """Slots, cells and the age of the step are there to be looked at."""
    assert worker.step_age_s(time.monotonic()) is None
    ticket = worker.submit(_ask("hang"), want_logprobs=False)
    await until_async(lambda: (worker.step_age_s(time.monotonic()) or 0) > 0)
    slots = worker.status()["slots"]
    assert isinstance(slots, list)
    ticket.cancel()
    await told(ticket)
    await until_async(lambda: worker.step_age_s(time.monotonic()) is None)
    assert worker.rates().decode_tok_s > 0


@pytest.mark.parametrize("seed", range(3))
async def test_any_mix_ends_rightly(tmp_path: Path, seed: int) -> None:
    """Asked, cancelled, outdated and failing in any mix: everything ends once and is right."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    limits = f"n_cells = {chance.choice([256, 700])}\nn_sequences = {chance.choice([1, 3, 16])}\n"
    backend = await asyncio.to_thread(_scripted, tmp_path, limits + SCRIPT.replace("20", "1"))
    whole = {"number 1": "the first", "number 2": "the second answer", "hello": "one two three"}
    async with working(backend) as worker:

        async def one() -> None:
            await asyncio.sleep(chance.random())
            text = chance.choice(list(whole))
            n_answers = chance.choice([1, 1, 4])
            request = _ask(
                f"{text} {'word ' * chance.randint(0, 60)}",
                n=n_answers,
                priority=chance.choice(list(Priority)),
                lane=chance.choice(["", "", "", "one"]),
                cold=chance.random() < 0.2,
                speculate=chance.random() < 0.3,
                deadline_ms=chance.choice([0, 0, 0, 30]),
                decode_budget_ms=chance.choice([0, 0, 0, 10]),
            )
            ticket = worker.submit(request, want_logprobs=False)
            if chance.random() < 0.2:
                await asyncio.sleep(chance.random() / 20)
                ticket.cancel()
            said = await told(ticket, n_answers=n_answers)
            for index, found in said.texts.items():
                assert whole[text].startswith(found)
                if said.reasons.get(index) is FinishReason.STOP:
                    assert found == whole[text]

        await asyncio.gather(*(one() for _ in range(80)))
        assert worker.n_unfinished() == 0
        totals = worker.totals()
        assert totals["done"] + totals.get("cancelled", 0) == 80
