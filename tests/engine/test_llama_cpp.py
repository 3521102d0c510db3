"""What only a real model shows; the rest is in the suite that all engines share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    GenerationRequest,
    InfillPrompt,
    Message,
    Priority,
    Prompt,
    Sampling,
    StopName,
    StopRule,
    TextPrompt,
)
from ducktypist.engine.llama_cpp import LlamaCppBackend
from ducktypist.engine.worker import Worker
from ducktypist.errors import EngineUnavailableError
from support.engines import until_async
from support.real_engine import ask, real_worker, settings_of
from support.tickets import told

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

LONG = TextPrompt(text="alpha beta gamma delta " * 200)
SAMPLED = Sampling(temperature=0.8, top_p=0.95, seed=5)
TIE = 0.5
"""Nats. A choice with a smaller lead over the second may fall otherwise in another batch."""
FUNCTION = '''def total_price(items, discounts):
    """Return what all items cost together, each reduced by its discount in percent."""
    total = 0
    for item in items:
        price = item.price * item.amount
        discount = discounts.get(item.name, 0)
        price = price - price * discount / 100
        if price < 0:
            price = 0
        total = total + price
    return round(total, 2)
'''


# One load for the whole file: the tests read it and leave nothing behind but a warm cache.
@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[list[Worker]]:
    """Keep the worker that the first test starts, and stop it after the last."""
    made: list[Worker] = []
    yield made
    for worker in made:
        await asyncio.to_thread(worker.stop, timeout_s=10)


@pytest_asyncio.fixture(loop_scope="module")
async def worker(shared: list[Worker], model: Path) -> Worker:
    """Return a worker with the real model, loaded once."""
    if not shared:
        made = Worker(LlamaCppBackend(settings_of(model)), on_fatal=lambda: None)
        made.start()
        await until_async(lambda: made.state != "loading")
        assert made.state == "ready", made.failure
        shared.append(made)
    return shared[0]


@pytest.fixture
def backend(worker: Worker) -> LlamaCppBackend:
    """Return the backend behind the worker."""
    found = worker._backend
    assert isinstance(found, LlamaCppBackend)
    return found


def _chat(text: str, prefix: str = "") -> ChatPrompt:
    return ChatPrompt(messages=(Message(role="user", content=text),), assistant_prefix=prefix)


def _request(prompt: Prompt, *, max_tokens: int = 16, **others: object) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, max_tokens=max_tokens, **others)  # type: ignore[arg-type] # whatever the test says


async def test_special_tokens_in_code_stay_text(backend: LlamaCppBackend) -> None:
    """Text that spells a special token is read as its characters, and decodes to the same text."""
    vocab = backend._vocab
    for text in ("<|im_end|>", "a<|fim_middle|>b", "<|endoftext|>", "<start_of_turn>", "<eos>"):
        tokens = vocab.plain(text)
        assert not any(vocab.ends(token) or token in vocab._markers for token in tokens)
        assert b"".join(map(vocab.piece, tokens)).decode().strip() == text


async def test_a_turn_marker_in_code_ends_no_turn(backend: LlamaCppBackend) -> None:
    """A chat has as many turn ends as turns, whatever its text contains."""
    end = backend._prompts.format.required_tokens[-1]
    token = backend._vocab.special(end)
    assert token is not None
    plain, spiked = (
        backend.encode(_request(prompt), prompt).tokens
        for prompt in (_chat("print()"), _chat(f"print('{end}')"))
    )
    assert plain.count(token) == spiked.count(token) > 0


async def test_the_cache_is_reused_and_can_be_forbidden(worker: Worker) -> None:
    """A repeated prompt reads one token, a changed one what follows the change, a cold one all."""
    first = await ask(worker, _request(_chat("Say hello."), cold=True))
    again = await ask(worker, _request(_chat("Say hello.")))
    assert first.finished.cached_tokens == 0
    assert again.finished.cached_tokens == again.finished.prompt_tokens - 1
    changed = (await ask(worker, _request(_chat("Say goodbye.")))).finished
    assert 0 < changed.cached_tokens < changed.prompt_tokens - 1
    fresh = await ask(worker, _request(_chat("Say hello."), cold=True))
    assert fresh.finished.cached_tokens == 0
    assert fresh.texts == first.texts


async def test_other_requests_do_not_cool_a_prompt(worker: Worker) -> None:
    """A completion goes on where it was although a hover and a fix came in between."""
    typed = TextPrompt(text="import math\n\n\n" + FUNCTION + "\n\ndef area(radius):\n    return")
    more = TextPrompt(text=typed.text + " math")
    hover = _chat("Explain this.\n" + FUNCTION)
    fix = InfillPrompt(prefix=FUNCTION[:200], suffix=FUNCTION[240:])
    await ask(worker, _request(typed, lane="inline"))
    await ask(worker, _request(hover, lane="hover"))
    await ask(worker, _request(fix))
    again = (await ask(worker, _request(more, lane="inline"))).finished
    assert again.prompt_tokens - again.cached_tokens < 5
    for prompt, lane in ((hover, "hover"), (fix, "")):
        warm = (await ask(worker, _request(prompt, lane=lane))).finished
        assert warm.cached_tokens == warm.prompt_tokens - 1


async def test_a_hole_is_filled(worker: Worker) -> None:
    """Fill-in-the-middle uses what stands on both sides."""
    prompt = InfillPrompt(
        prefix="def add(first, second):\n    return ", suffix="\n\nprint(add(1, 2))\n"
    )
    assert "second" in (await ask(worker, _request(prompt))).texts[0]


async def test_a_hole_in_a_long_file_is_clipped_around(backend: LlamaCppBackend) -> None:
    """Prefix and suffix that exceed the context lose their far ends."""
    prompt = InfillPrompt(prefix="x = 1\n" * 900 + "near = ", suffix="\nafter\n" + "y = 2\n" * 900)
    tokens = backend.encode(_request(prompt, max_tokens=10), prompt).tokens
    assert len(tokens) == backend.capacity().n_ctx_tokens - 10
    text = b"".join(map(backend._vocab.piece, tokens)).decode()
    assert "near = " in text
    assert "after" in text
    short = InfillPrompt(prefix="a = ", suffix="\n")
    assert len(backend.encode(_request(short, max_tokens=10), short).tokens) < 12


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.3])
async def test_cancelling_while_reading_leaves_a_usable_context(
    worker: Worker, after_s: float
) -> None:
    """Cancelled at any moment, the next answer is what it would have been."""
    expected = (await ask(worker, _request(_chat("Say hello."), cold=True))).texts
    ticket = worker.submit(_request(LONG, cold=True), want_logprobs=False)
    await asyncio.sleep(after_s)
    ticket.cancel()
    left = await told(ticket)
    assert (left.texts, left.finished.reason) == ({}, FinishReason.CANCELLED)
    assert (await ask(worker, _request(_chat("Say hello."), cold=True))).texts == expected


async def test_cancelling_keeps_what_was_read(worker: Worker) -> None:
    """A prompt whose reading was cancelled is read on from where it was."""
    ticket = worker.submit(_request(LONG, cold=True), want_logprobs=False)
    await until_async(
        lambda: any(slot["n_tokens"] >= 256 for slot in worker.status()["slots"])  # type: ignore[call-overload,index,union-attr] # JSON
    )
    ticket.cancel()
    await told(ticket)
    assert (await ask(worker, _request(LONG, max_tokens=1))).finished.cached_tokens >= 256


async def test_cancelling_while_generating_keeps_the_cache_true(worker: Worker) -> None:
    """What is cached after a cancelled answer is what the model has read."""
    prompt = TextPrompt(text="def count():\n    return [1, 2, 3,")
    expected = (await ask(worker, _request(prompt, max_tokens=40, cold=True))).texts[0]
    ticket = worker.submit(_request(prompt, max_tokens=400), want_logprobs=False)
    await ticket.next_event()
    ticket.cancel()
    await told(ticket)
    again = await ask(worker, _request(prompt, max_tokens=40))
    assert again.texts[0] == expected


async def test_candidates_share_their_prompt(worker: Worker) -> None:
    """Four answers to one prompt read it once, and each follows its own seed."""
    prompt = TextPrompt(text=FUNCTION + "\n\ndef ")
    four = await ask(worker, _request(prompt, n=4, sampling=SAMPLED, cold=True))
    assert set(four.texts) == {0, 1, 2, 3}
    assert len(set(four.texts.values())) > 1
    assert four.finished.cached_tokens == 0
    alone = (await ask(worker, _request(prompt, max_tokens=1))).finished
    assert four.finished.prompt_tokens == alone.prompt_tokens
    assert alone.cached_tokens == alone.prompt_tokens - 1


async def test_many_holes_share_what_stands_before_them(worker: Worker) -> None:
    """Infills of each line read the beginnings once, and answer what they would have alone."""
    lines = FUNCTION.splitlines(keepends=True)
    holes = [
        InfillPrompt(
            prefix="".join(lines[:number]) + line[: len(line) - len(line.lstrip())],
            suffix="\n" + "".join(lines[number + 1 :]),
        )
        for number, line in enumerate(lines)
        if number > 1
    ]
    rule = StopRule(name=StopName.LINE)
    together = await ask(
        worker,
        _request(holes[0], max_tokens=24, more=tuple(holes[1:]), stop_when=rule, cold=True),
    )
    assert set(together.reasons) == set(range(len(holes)))
    assert together.finished.cached_tokens > together.finished.prompt_tokens // 4
    n_same = 0
    for number, hole in enumerate(holes):
        one = await ask(worker, _request(hole, max_tokens=24, stop_when=rule, cold=True))
        n_same += one.texts.get(0) == together.texts.get(number)
    # A batch of many rows rounds differently: a tie may fall the other way.
    assert n_same >= len(holes) - 2


@pytest.mark.parametrize(
    "change", ["also accepts None", "raises ValueError", "is called order_price", "uses sum()"]
)
async def test_drafts_do_not_change_the_answer(worker: Worker, change: str) -> None:
    """With n-gram speculation the greedy answer is the same, but for a tie, in fewer steps.

    How many tokens are drafted at once follows from measured times, and what a batch of several
    rows left in the cache is rounded differently; so where two tokens are all but equally likely,
    the other one may be taken, and the answers differ from there on.
    """
    prompt = _chat(
        f"Rewrite this so that it {change}. Answer with the code.\n```python\n{FUNCTION}```",
        prefix="```python\n",
    )
    plain, drafted = [
        await ask(
            worker, _request(prompt, max_tokens=160, stop=("```",), cold=True, speculate=speculate)
        )
        for speculate in (False, True)
    ]
    ids = [[token.chosen.token_id for token in one.tokens()] for one in (plain, drafted)]
    pairs = enumerate(zip(*ids, strict=False))
    split = next((place for place, (one, other) in pairs if one != other), None)
    if split is not None:
        assert plain.tokens()[split].margin < TIE
    else:
        assert ids[0] == ids[1]
    assert plain.finished.drafted_tokens == 0
    assert drafted.finished.drafted_tokens >= drafted.finished.accepted_tokens > 4


async def test_each_token_comes_with_its_probability_and_lead(worker: Worker) -> None:
    """Greedy tokens are the likeliest, and the margin is the distance to the second."""
    answers = await ask(worker, _request(_chat("Count to five.")))
    for token in answers.tokens():
        assert token.chosen == token.top[0]
        assert token.chosen.logprob <= 0
        lead = token.top[0].logprob - token.top[1].logprob
        assert token.margin == pytest.approx(lead, abs=1e-4)
        assert token.margin >= 0


async def test_a_body_stops_where_it_ends(worker: Worker) -> None:
    """With a stop rule the answer ends with the body, far below its limit."""
    prompt = TextPrompt(text='def double(number):\n    """Return twice the number."""\n')
    rule = StopRule(name=StopName.DEDENT, indent="    ")
    answers = await ask(worker, _request(prompt, max_tokens=200, stop_when=rule))
    assert answers.finished.reason is FinishReason.STOP
    assert answers.finished.completion_tokens < 60


async def test_background_work_gives_way(worker: Worker) -> None:
    """A question that somebody waits for is answered while a long one of no hurry goes on."""
    background = worker.submit(
        _request(LONG, max_tokens=100, priority=Priority.BACKGROUND, cold=True),
        want_logprobs=False,
    )
    await asyncio.sleep(0.1)
    await ask(worker, _request(_chat("Say hello."), max_tokens=4))
    assert worker.n_unfinished() == 1
    background.cancel()
    assert (await told(background)).finished.reason is FinishReason.CANCELLED


async def test_reading_ahead_makes_a_prompt_warm(worker: Worker) -> None:
    """A request for no tokens reads the prompt, and the next one finds it there."""
    prompt = TextPrompt(text="# warm\n" + FUNCTION)
    read = await ask(worker, _request(prompt, max_tokens=0, priority=Priority.BACKGROUND))
    assert read.texts == {}
    assert read.finished.completion_tokens == 0
    asked = (await ask(worker, _request(prompt, max_tokens=2))).finished
    assert asked.cached_tokens == asked.prompt_tokens - 1


async def test_rates_are_measured(worker: Worker) -> None:
    """After loading it is known how fast the model reads and generates here.

    A slow machine measures fewer widths, but always a single row first.
    """
    rates = worker.rates()
    assert rates.prefill_tok_s > 1
    assert rates.decode_tok_s > 1
    assert next(iter(rates.step_ms)) == 1
    assert min(rates.step_ms.values()) > 0


async def test_layers_and_their_reason_are_told(backend: LlamaCppBackend) -> None:
    """What is used is reported, not what was asked for."""
    info = backend.info()
    assert info.identity.n_gpu_layers >= 0
    assert info.identity.n_threads >= 1
    assert info.details["gpu_reason"]
    assert info.details["chat_format"] == "chatml"


async def test_a_full_cache_forgets_and_goes_on(model: Path) -> None:
    """More prompts than fit are all answered; what was used last is still warm."""
    prompts = [TextPrompt(text=f"# {number}\n" + "value = 1\n" * 60) for number in range(6)]
    async with real_worker(model, n_ctx_tokens=512, n_cells=512) as small:
        tickets = [
            small.submit(_request(one, max_tokens=3), want_logprobs=False) for one in prompts
        ]
        for ticket in tickets:
            assert (await told(ticket)).finished.completion_tokens == 3
        again = (await ask(small, _request(prompts[-1], max_tokens=1))).finished
        assert again.cached_tokens == again.prompt_tokens - 1


async def test_a_file_that_is_no_model_is_told(tmp_path: Path, model: Path) -> None:
    """Rubbish, a cut file and a missing one are engines that cannot be had."""
    rubbish = tmp_path / "rubbish.gguf"
    rubbish.write_bytes(b"GGUF" + bytes(1000))
    cut = tmp_path / "cut.gguf"
    with model.open("rb") as whole:
        cut.write_bytes(whole.read(1024**2))
    for path in (rubbish, cut, tmp_path / "missing.gguf"):
        with pytest.raises(EngineUnavailableError, match=path.name):
            await asyncio.to_thread(LlamaCppBackend(settings_of(path)).load)
