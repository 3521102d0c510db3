"""One suite for every engine of the dialect, all through the client.

Our host with the scripted backend, our host with a real model, and llama.cpp's own server. What
one of them lacks is said in ``support.conformance`` and shown here: a test of what an engine lacks
fails as soon as it has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

import conftest
from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    Generation,
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
from ducktypist.engine.client import EngineClient, EngineState
from ducktypist.errors import EngineRequestError
from support import conformance
from support.conformance import N_CTX_TOKENS, Engine, Lack, until_idle

NUMBERS = TextPrompt(text="one two three four")
DAYS = TextPrompt(text="Monday, Tuesday, Wednesday,")
CHAT = ChatPrompt(messages=(Message(role="user", content="Count from one to ten in words."),))
HOLE = InfillPrompt(prefix="def add(a, b):\n    return ", suffix="\n\n\nprint(add(2, 3))\n")
FUNCTION = TextPrompt(
    text="def add(a, b):\n    return a + b\n\n\ndef multiply(a, b):\n    return a * b\n\n\n"
    "def subtract(a, b):\n"
)
LINES = TextPrompt(text="1\n2\n3\n4\n5\n6\n7\n8\n")
STORY = TextPrompt(text="Once upon a time")
PROMPTS: dict[str, Prompt] = {"text": NUMBERS, "chat": CHAT, "infill": HOLE}
N_TOKENS = 20


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("scripted", marks=pytest.mark.e2e),
        pytest.param("ours", marks=pytest.mark.model),
        pytest.param("native", marks=pytest.mark.model),
    ],
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Give each engine in turn, started once for all tests."""
    if request.param == "scripted":
        with conformance.scripted() as made:
            yield made
        return
    model = conftest.REAL_MODEL
    assert model is not None
    with getattr(conformance, request.param)(model) as made:
        yield made


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[EngineClient]:
    """Give a client of the engine, which computes nothing."""
    made = engine.client()
    await made.wait_ready(60)
    await until_idle(made)
    yield made
    await made.aclose()


def _ask(prompt: Prompt, max_tokens: int = 8) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, max_tokens=max_tokens)


def _first_word(answer: Generation) -> str:
    return answer.text.split()[0].strip(",")


async def _all(client: EngineClient, request: GenerationRequest) -> dict[int, Generation]:
    async with client.answers(request) as answers:
        return {index: generation async for index, generation in answers}


@pytest.mark.parametrize("kind", list(PROMPTS))
async def test_every_kind_of_prompt_is_answered(client: EngineClient, kind: str) -> None:
    """The pieces of a stream make up the answer, and its figures agree with it."""
    async with client.stream(_ask(PROMPTS[kind])) as stream:
        pieces = [text async for text in stream]
    answer = stream.generation()
    assert all(pieces)
    assert "".join(pieces) == answer.text != ""
    timings = answer.timings
    assert 1 <= timings.completion_tokens <= 8
    assert timings.prompt_tokens >= 2
    assert timings.total_ms >= timings.ttft_ms > 0
    if answer.finish_reason is FinishReason.LENGTH:
        assert timings.completion_tokens == 8


@pytest.mark.parametrize("kind", list(PROMPTS))
async def test_greedy_tokens_lead(client: EngineClient, kind: str) -> None:
    """Each token of a greedy answer is the likeliest, and its text is part of the answer's."""
    answer = await client.generate(_ask(PROMPTS[kind]))
    logprobs = answer.logprobs
    assert len(logprobs) >= answer.timings.completion_tokens - 1
    assert all(token.logprob <= 0 for token in logprobs)
    assert all(token.margin >= 0 for token in logprobs)
    if answer.finish_reason is FinishReason.LENGTH:
        assert "".join(token.text for token in logprobs) == answer.text


async def test_a_greedy_answer_repeats(client: EngineClient) -> None:
    """Without a temperature and without the cache an engine says the same again."""
    request = replace(_ask(NUMBERS), cold=True)
    first, second = [await client.generate(request) for _ in range(2)]
    assert first.text == second.text
    assert first.timings.cached_tokens == second.timings.cached_tokens == 0


async def test_seeds_decide(client: EngineClient) -> None:
    """With a temperature the seed alone decides: the same gives the same, others differ."""
    texts = {}
    for seed in (1, 2, 3, 1):
        sampling = Sampling(temperature=1.5, top_p=1.0, seed=seed)
        request = replace(_ask(STORY, 6), sampling=sampling, cold=True)
        text = (await client.generate(request)).text
        assert texts.setdefault(seed, text) == text
    assert len(set(texts.values())) > 1


async def test_a_repeated_prompt_is_cached(client: EngineClient) -> None:
    """The second time only the last token is read; a cold request reads all of it."""
    first = await client.generate(_ask(FUNCTION, 2))
    again = await client.generate(_ask(FUNCTION, 2))
    cold = await client.generate(replace(_ask(FUNCTION, 2), cold=True))
    n_prompt = first.timings.prompt_tokens
    assert again.timings.prompt_tokens == cold.timings.prompt_tokens == n_prompt
    assert again.timings.cached_tokens == n_prompt - 1
    assert cold.timings.cached_tokens == 0


async def test_an_answer_ends_at_its_limit(client: EngineClient) -> None:
    """So many tokens and no more, and it says why."""
    answer = await client.generate(_ask(NUMBERS, 3))
    assert answer.finish_reason is FinishReason.LENGTH
    assert answer.timings.completion_tokens == 3


async def test_a_stop_string_ends_the_answer(client: EngineClient) -> None:
    """An answer ends before its stop string, wherever that falls among the tokens."""
    full = await client.generate(replace(_ask(NUMBERS), cold=True))
    stop = full.text[7:10]
    answer = await client.generate(replace(_ask(NUMBERS), cold=True, stop=("zzz", stop)))
    assert answer.text == full.text[: full.text.index(stop)]
    assert answer.finish_reason is FinishReason.STOP


async def test_a_chat_is_continued_from_its_beginning(client: EngineClient) -> None:
    """What an answer is made to begin with is not repeated in it."""
    begun = ChatPrompt(
        messages=(Message(role="user", content="Count to four in words, nothing else."),),
        assistant_prefix="one two",
    )
    answer = await client.generate(_ask(begun, 4))
    assert answer.text.strip().startswith("three")


async def test_text_of_all_kinds_survives(client: EngineClient) -> None:
    """Characters of several tokens come whole, and odd ones harm nobody."""
    prompt = TextPrompt(text="é 世界 🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆")
    async with client.stream(_ask(prompt, 12)) as stream:
        pieces = [text async for text in stream]
    # The limit may cut the last character in half.
    assert "\ufffd" not in "".join(pieces)[:-1]
    for text in ("a\ud800b\x00\x1b", "\u2028\x85", "<|im_end|>"):
        answer = await client.generate(_ask(TextPrompt(text=text), 2))
        answer.text.encode()


async def test_tokens_are_told(client: EngineClient) -> None:
    """Tokenising gives the same numbers again, and none for nothing."""
    first = await client.tokenize("def add(a, b): 🦆 \ud800")
    assert len(first) > 5
    assert await client.tokenize("def add(a, b): 🦆 \ud800") == first
    assert await client.tokenize("") == []


async def test_a_prompt_over_the_context_is_refused(client: EngineClient) -> None:
    """The refusal says how much fits, and the next request is served."""
    with pytest.raises(EngineRequestError, match=r"51[12]") as caught:
        await client.generate(_ask(TextPrompt(text="word " * 3000)))
    assert caught.value.status == 400
    assert (await client.generate(_ask(NUMBERS, 1))).text


@pytest.mark.parametrize(
    "prompt",
    [TextPrompt(text=""), InfillPrompt(prefix="", suffix=""), ChatPrompt(messages=())],
)
async def test_an_empty_prompt_is_refused(client: EngineClient, prompt: Prompt) -> None:
    """Nothing to continue is a bad request on every engine, and harms none."""
    with pytest.raises(EngineRequestError) as caught:
        await client.generate(_ask(prompt))
    assert caught.value.status == 400
    assert (await client.generate(_ask(NUMBERS, 1))).text


async def test_an_unknown_path_is_not_there(client: EngineClient) -> None:
    """What an engine does not offer is told apart from what it refuses."""
    with pytest.raises(EngineRequestError) as caught:
        await client._open("/v1/nowhere", {}, deadline=asyncio.get_running_loop().time() + 1e6)
    assert caught.value.status == 501


async def test_the_model_introduces_itself(engine: Engine, client: EngineClient) -> None:
    """Name, context and infill are known of every engine; the file's hash of ours."""
    identity = await client.identity()
    assert identity.name
    assert identity.n_ctx_tokens == N_CTX_TOKENS
    assert identity.has_fim
    assert (len(identity.sha256) == 64) is (Lack.IDENTITY not in engine.lacks)


async def test_speed_is_known(engine: Engine, client: EngineClient) -> None:
    """What fits into a time is known of our host from the start, of others by their work."""
    if Lack.RATES in engine.lacks:
        assert await client.rates() is None
        long = TextPrompt(text=FUNCTION.text * 3)
        await client.generate(replace(_ask(long), cold=True))
    rates = await client.rates()
    assert rates is not None
    few = await client.tokens_in(1000, answer_tokens=1)
    many = await client.tokens_in(10_000, answer_tokens=1)
    assert few is not None
    assert many is not None
    assert 0 <= few < many


async def test_leaving_stops_the_generation(client: EngineClient) -> None:
    """Nobody computes what nobody waits for."""
    request = _ask(TextPrompt(text="slowly, word by word: one two three"), 400)
    async with client.stream(request) as stream:
        assert await anext(stream)
    await until_idle(client)
    assert stream.generation().finish_reason is FinishReason.CANCELLED
    assert (await client.generate(_ask(NUMBERS, 1))).text


async def test_leaving_stops_the_reading_of_a_prompt(client: EngineClient) -> None:
    """A prompt is read in slices, between which the engine sees that nobody waits."""
    request = replace(_ask(TextPrompt(text="word " * 480)), cold=True)
    task = asyncio.create_task(client.generate(request))
    await conformance.until_busy(client, task)
    task.cancel()
    await asyncio.wait([task])
    await until_idle(client)
    assert (await client.generate(_ask(NUMBERS, 1))).text


async def test_requests_at_once_are_not_mixed_up(client: EngineClient) -> None:
    """Everybody gets the answer to what they asked."""
    asked = [NUMBERS, DAYS, NUMBERS, DAYS, NUMBERS, DAYS]
    answers = await asyncio.gather(*(client.generate(_ask(prompt, 4)) for prompt in asked))
    for prompt, answer in zip(asked, answers, strict=True):
        assert _first_word(answer) == ("five" if prompt is NUMBERS else "Thursday")


async def test_several_prompts_are_answered_each(client: EngineClient) -> None:
    """Each answer has the number of its prompt, whichever is ready first."""
    asked = (DAYS, NUMBERS, DAYS)
    request = replace(_ask(NUMBERS, 4), more=asked, n=2)
    found = await _all(client, request)
    firsts = [_first_word(found[index]) for index in range(8)]
    assert firsts == ["five"] * 2 + ["Thursday"] * 2 + ["five"] * 2 + ["Thursday"] * 2


async def test_many_holes_of_one_text_are_filled(client: EngineClient) -> None:
    """Repairs are searched so: each line of a function in turn, several ways each."""
    holes = [
        InfillPrompt(prefix=HOLE.prefix + f"# {number}\n    return ", suffix=HOLE.suffix)
        for number in range(6)
    ]
    request = replace(
        _ask(holes[0], 4),
        more=tuple(holes[1:]),
        n=2,
        sampling=Sampling(temperature=0.7, seed=5),
        stop=("\n",),
    )
    async with client.answers(request) as answers:
        found = {index: one async for index, one in answers}
        whole = answers.timings()
    assert sorted(found) == list(range(12))
    assert all("\n" not in one.text for one in found.values())
    assert whole.completion_tokens >= 12
    assert whole.prompt_tokens > 0


async def test_candidates_have_seeds_of_their_own(client: EngineClient) -> None:
    """Several answers to one prompt differ, and the same seeds give the first one again."""
    request = replace(_ask(STORY, 6), n=4, sampling=Sampling(temperature=1.5, seed=1))
    found = await _all(client, request)
    assert sorted(found) == [0, 1, 2, 3]
    assert len({one.text for one in found.values()}) > 1


async def test_leaving_early_stops_the_other_answers(client: EngineClient) -> None:
    """Who has found what they were looking for waits for nothing else."""
    slow = TextPrompt(text="slowly, word by word: one two three")
    request = replace(_ask(NUMBERS, 400), more=(slow, slow, slow), stop=(" ten",))
    async with client.answers(request) as answers:
        await anext(answers)
    await until_idle(client)
    assert (await client.generate(_ask(NUMBERS, 1))).text


async def test_an_answer_ends_where_a_rule_says(client: EngineClient) -> None:
    """An answer of one line costs one line, whether the engine sees the end or the client does."""
    rule = StopRule(name=StopName.LINE)
    answer = await client.generate(replace(_ask(LINES, 10), stop_when=rule))
    assert answer.text.strip() == "9"
    assert answer.finish_reason is FinishReason.STOP
    assert answer.timings.completion_tokens < 10
    await until_idle(client)


async def test_a_deadline_ends_an_answer(client: EngineClient) -> None:
    """What is not finished by then ends with what there is, whoever looks at the clock."""
    answer = await client.generate(replace(_ask(NUMBERS, 200), deadline_ms=1.0))
    assert answer.finish_reason is FinishReason.LENGTH
    assert answer.timings.completion_tokens < 20
    await until_idle(client)


async def test_time_to_generate_is_limited(client: EngineClient) -> None:
    """A budget of milliseconds ends an answer as a budget of tokens does."""
    answer = await client.generate(replace(_ask(NUMBERS, 200), decode_budget_ms=1.0))
    assert answer.finish_reason is FinishReason.LENGTH
    # The first token is there before the time begins to run.
    assert 1 <= answer.timings.completion_tokens < 20
    await until_idle(client)


async def test_a_prompt_can_be_read_ahead(engine: Engine, client: EngineClient) -> None:
    """What was only read is warm: the request that follows reads one token."""
    prompt = TextPrompt(text="def divide(a, b):\n    return a / b\n\n\ndef modulo(a, b):\n")
    warmed = await client.generate(replace(_ask(prompt, 0), priority=Priority.BACKGROUND))
    assert warmed.timings.completion_tokens == (1 if Lack.READ_ONLY in engine.lacks else 0)
    answer = await client.generate(_ask(prompt, 2))
    assert answer.timings.cached_tokens == answer.timings.prompt_tokens - 1


async def test_the_newest_of_a_lane_wins(engine: Engine, client: EngineClient) -> None:
    """A request that another one made pointless ends, and says so."""
    old = replace(_ask(DAYS, N_TOKENS), lane="hover")
    async with client.stream(old) as stream:
        first = await anext(stream)
        newer = await client.generate(replace(_ask(NUMBERS, 2), lane="hover"))
        rest = [text async for text in stream]
    assert newer.text
    ended = stream.generation()
    assert ended.text == first + "".join(rest)
    is_cancelled = ended.finish_reason is FinishReason.CANCELLED
    assert is_cancelled is (Lack.LANES not in engine.lacks)


async def test_drafting_does_not_change_the_answer(engine: Engine, client: EngineClient) -> None:
    """A greedy answer that copies its prompt is the same with drafts and without."""
    request = replace(_ask(FUNCTION, N_TOKENS), cold=True)
    plain = await client.generate(request)
    drafted = await client.generate(replace(request, speculate=True))
    assert drafted.text == plain.text
    timings = drafted.timings
    assert timings.drafted_tokens >= timings.accepted_tokens >= 0
    assert plain.timings.drafted_tokens == 0
    if Lack.DRAFTS in engine.lacks:
        assert timings.drafted_tokens == 0


async def test_loading_is_told_and_waited_for(
    engine: Engine, request: pytest.FixtureRequest
) -> None:
    """Who asks while the model loads is answered once it is there."""
    if Lack.LOADING in engine.lacks:
        # Whoever connects finds it ready; before that nobody listens.
        client = engine.client()
        await client.ensure_started()
        assert client.state is EngineState.READY
        await client.aclose()
        return
    assert engine.spec is not None
    model = engine.spec.model_path
    folder = request.getfixturevalue("tmp_path")
    spec = replace(engine.spec, model_path=model, log_dir=folder / "log")
    spec = replace(spec, model_name="a second of the same")
    client = EngineClient.embedded(spec)
    try:
        await client.ensure_started()
        assert client.state in {EngineState.LOADING, EngineState.READY}
        assert (await client.generate(_ask(NUMBERS, 1))).text
    finally:
        await client.stop_host()
        await client.aclose()
