from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import (
    ChatPrompt,
    GenerationRequest,
    InfillPrompt,
    Message,
    Prompt,
    Sampling,
    TextPrompt,
)
from ducktypist.engine.backend import ConnectionDropped, Feed, Job, StepCode
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.scripted import ScriptedBackend, ScriptedDrawer, split_tokens
from ducktypist.engine.scripted_cache import CacheMisuseError
from ducktypist.engine.scripted_chaos import garbage
from ducktypist.errors import EngineRequestError, EngineUnavailableError
from support.single import Said, say

SCRIPT = """
default = "fallback"
n_cells = 48
n_sequences = 4
n_batch_tokens = 16
n_rows = 4

[[rule]]
kind = "infill"
reply = "middle"

[[rule]]
match = "^user: again$"
replies = ["one", "two"]

[[rule]]
match = "count"
reply = "1 2 3 4 5 6"
logprob = -0.25
margin = 1.5

[[rule]]
match = "hang up"
fail = "disconnect"

[[rule]]
match = "break"
reply = "a b c"
fail = "500"
fail_after_tokens = 2

[[rule]]
match = "stop early"
reply = "a b c"
fail = "half"
fail_after_tokens = 2

[[rule]]
match = "babble"
reply = "a b c"
fail = "garbage"
fail_after_tokens = 2

[[rule]]
match = "hang"
fail = "hang"

[[rule]]
match = "slow"
reply = "a b"
prefill_ms = 60000

[[rule]]
match = "stuck"
fail = "stall"

[[rule]]
match = "damaged"
fail = "broken"
"""
FED = TextPrompt(text="please count")


@pytest.fixture
def backend(tmp_path: Path) -> ScriptedBackend:
    """Return the backend of the script above."""
    return _loaded(tmp_path / "script.toml", SCRIPT)


def _loaded(path: Path, script: str, n_ctx_tokens: int = 32) -> ScriptedBackend:
    path.write_text(script)
    made = ScriptedBackend(path, n_ctx_tokens=n_ctx_tokens)
    made.load()
    return made


def _ask(backend: ScriptedBackend, prompt: Prompt, **changed: Any) -> Said:
    said = say(backend, _request(prompt, **changed))
    backend.trim(0, 0)
    return said


def _request(prompt: Prompt, *, max_tokens: int = 20, **changed: Any) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, max_tokens=max_tokens, **changed)


def _chat(text: str, prefix: str = "") -> ChatPrompt:
    return ChatPrompt(messages=(Message(role="user", content=text),), assistant_prefix=prefix)


def _drawer(backend: ScriptedBackend, prompt: Prompt) -> ScriptedDrawer:
    return backend.drawer(Job(request=_request(prompt), want_logprobs=False), 0)


def _feed(backend: ScriptedBackend, prompt: Prompt = FED, **changed: Any) -> Feed:
    tokens = backend.encode(_request(prompt), prompt).tokens
    fields = {"sequence": 0, "start": 0, "tokens": tokens, "n_rows": 1}
    return Feed(**{**fields, "drawer": _drawer(backend, prompt), **changed})


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    """Cutting text into tokens loses nothing."""
    assert "".join(split_tokens(text)) == text


def test_the_first_rule_that_fits_answers(backend: ScriptedBackend) -> None:
    """Kind and pattern choose the rule, and the default answers the rest."""
    assert _ask(backend, InfillPrompt(prefix="count", suffix="")).text == "middle"
    assert _ask(backend, TextPrompt(text="please count")).text == "1 2 3 4 5 6"
    assert _ask(backend, TextPrompt(text="other")).text == "fallback"


def test_an_empty_prompt_is_one_token(backend: ScriptedBackend) -> None:
    """Something is always read, so that there is something to answer after."""
    said = _ask(backend, TextPrompt(text=""))
    assert (said.text, said.n_prompt_tokens) == ("fallback", 1)


def test_greedy_replies_follow_one_another_and_the_last_stays(backend: ScriptedBackend) -> None:
    """Each greedy answer gets the next reply."""
    assert [_ask(backend, _chat("again")).text for _ in range(3)] == ["one", "two", "two"]


def test_only_who_speaks_takes_a_turn(backend: ScriptedBackend) -> None:
    """A prompt that is only read leaves the next reply to the next one."""
    assert _ask(backend, _chat("again"), max_tokens=0).tokens == ()
    assert _ask(backend, _chat("again")).text == "one"


def test_sampled_replies_follow_seed_and_choice(backend: ScriptedBackend) -> None:
    """With a temperature the seed chooses, whatever came before; each choice is the next one."""
    request = _request(_chat("again"), sampling=Sampling(temperature=1.0, seed=1), n=2)
    said = [say(backend, request, index=index, sequence=index).text for index in (0, 1)]
    assert said == ["two", "one"]
    assert say(backend, request, index=0, sequence=2).text == "two"


def test_each_prompt_of_a_request_has_its_own_rule(backend: ScriptedBackend) -> None:
    """Answers are numbered prompt by prompt."""
    request = _request(TextPrompt(text="other"), more=(FED,), n=2)
    said = [say(backend, request, index=index, sequence=index).text for index in range(4)]
    assert said == ["fallback", "fallback", "1 2 3 4 5 6", "1 2 3 4 5 6"]


def test_a_reply_goes_on_after_the_assistants_prefix(backend: ScriptedBackend) -> None:
    """What the answer is made to begin with is not repeated."""
    assert _ask(backend, _chat("count", "1 2")).text == " 3 4 5 6"


def test_an_answer_ends_with_its_reply(backend: ScriptedBackend) -> None:
    """After the reply's last token there is none; drawing a place again gives the same token."""
    assert _ask(backend, FED).is_whole
    feed = _feed(backend)
    backend.decode([feed], Interrupt())
    first = feed.drawer.draw(2, place=0)
    assert first == feed.drawer.draw(2, place=0)
    assert first is not None
    assert first.chosen.piece == b"1"


def test_logprobs_are_as_the_script_says(backend: ScriptedBackend) -> None:
    """A rule may fix log-probability and margin; the two likeliest come only when asked for."""
    token = _ask(backend, FED).tokens[0]
    assert token.chosen.logprob == -0.25
    assert token.margin == token.top[0].logprob - token.top[1].logprob == 1.5
    assert say(backend, _request(FED), want_logprobs=False).tokens[0].top == ()


def test_failures_are_as_the_script_says(backend: ScriptedBackend) -> None:
    """A rule may fail after some tokens, or hang up; the next answer is not touched."""
    with pytest.raises(EngineRequestError) as caught:
        _ask(backend, TextPrompt(text="break"))
    assert caught.value.status == 500
    backend.trim(0, 0)
    with pytest.raises(ConnectionDropped):
        _ask(backend, TextPrompt(text="hang up"))
    backend.trim(0, 0)
    assert _ask(backend, TextPrompt(text="other")).text == "fallback"


def test_half_answers_and_garbage_look_whole(backend: ScriptedBackend) -> None:
    """Nothing but their text tells them from others."""
    half = _ask(backend, TextPrompt(text="stop early"))
    assert (half.text, half.is_whole) == ("a ", True)
    babble = _ask(backend, TextPrompt(text="babble"), max_tokens=100)
    assert babble.text == f"a {garbage('babble')}"
    assert babble.is_whole


def _in_chaos(path: Path, n: int, **chaos: Any) -> list[str]:
    script = {"chaos": chaos, "n_cells": 400, "rule": [{"replies": ["1 2 3 4", "5 6 7 8"]}]}
    backend = _loaded(path, json.dumps(script), n_ctx_tokens=200)
    return [_ask(backend, TextPrompt(text=f"number {i}"), max_tokens=60).text for i in range(n)]


def test_chaos_strikes_the_share_that_the_script_says(tmp_path: Path) -> None:
    """The same answers each time, none of them for a share of 0, all of them for 1."""
    path = tmp_path / "script.json"
    kinds = ["half", "garbage"]
    right = ["1 2 3 4", *["5 6 7 8"] * 59]
    assert _in_chaos(path, 60) == right
    some = _in_chaos(path, 60, share=0.5, seed=3, kinds=kinds)
    n_wrong = sum(got != wanted for got, wanted in zip(some, right, strict=True))
    assert 15 < n_wrong < 45
    assert some == _in_chaos(path, 60, share=0.5, seed=3, kinds=kinds)
    assert some != _in_chaos(path, 60, share=0.5, seed=4, kinds=kinds)
    every = _in_chaos(path, 60, share=1, kinds=kinds)
    assert not set(every) & set(right)


def test_chaos_fails_in_every_way_that_is_named(tmp_path: Path) -> None:
    """An answer hangs up or is refused; the same prompt may be answered the next time."""
    script = '{"chaos": {"share": 0.5, "kinds": ["disconnect", "500"]}, "n_cells": 400}'
    backend = _loaded(tmp_path / "script.json", script, n_ctx_tokens=200)
    seen = set()
    for _ in range(60):
        try:
            seen.add(_ask(backend, TextPrompt(text="other")).text)
        except (ConnectionDropped, EngineRequestError) as error:
            seen.add(type(error).__name__)
            backend.trim(0, 0)
    assert seen == {"ok", "ConnectionDropped", "EngineRequestError"}


@pytest.mark.parametrize("text", ["hang", "slow"])
def test_a_step_is_interrupted(backend: ScriptedBackend, text: str) -> None:
    """Whatever a step waits for, the interrupt ends it, and nothing can be drawn from it."""
    interrupt, feed = Interrupt(), _feed(backend, TextPrompt(text=text))
    threading.Timer(0.05, interrupt.set).start()
    assert backend.decode([feed], interrupt) is StepCode.INTERRUPTED
    with pytest.raises(CacheMisuseError, match="row 0"):
        feed.drawer.draw(0, place=0)


def test_a_stalled_step_hears_nothing(backend: ScriptedBackend) -> None:
    """Only the end of the process ends it, as with a library that hangs."""
    interrupt, feed = Interrupt(), _feed(backend, TextPrompt(text="stuck"))
    interrupt.set()
    thread = threading.Thread(target=backend.decode, args=([feed], interrupt), daemon=True)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()


def test_an_interrupted_sequence_must_be_cut_back(backend: ScriptedBackend) -> None:
    """Parts of the step may have gone in, so the sequence is of no use before it is trimmed."""
    interrupt = Interrupt()
    interrupt.set()
    assert backend.decode([_feed(backend)], interrupt) is StepCode.INTERRUPTED
    interrupt.clear()
    with pytest.raises(CacheMisuseError, match="must be cut back to 0"):
        backend.decode([_feed(backend, start=3)], interrupt)
    backend.trim(0, 1)
    with pytest.raises(CacheMisuseError, match="must be cut back to 0"):
        backend.decode([_feed(backend, start=1)], interrupt)
    backend.trim(0, 0)
    assert backend.decode([_feed(backend)], interrupt) is StepCode.DONE


def test_a_failed_step_spoils_the_cache(backend: ScriptedBackend) -> None:
    """After a failure every sequence must be emptied, then the others can be read again."""
    backend.decode([_feed(backend, sequence=1)], Interrupt())
    broken = _feed(backend, TextPrompt(text="damaged"))
    assert backend.decode([broken], Interrupt()) is StepCode.FAILED
    with pytest.raises(CacheMisuseError, match="must be cut back"):
        backend.copy(1, 2, 1)
    for sequence in (0, 1):
        backend.trim(sequence, 0)
    assert backend.decode([_feed(backend, sequence=1)], Interrupt()) is StepCode.DONE


def test_the_longest_wait_of_a_step_counts_once(tmp_path: Path) -> None:
    """Answers of one step are computed together; a prompt's own time is taken once."""
    script = '[[rule]]\nmatch = "a"\nreply = "x y"\nprefill_ms = 100\ndelay_ms = 10'
    backend = _loaded(tmp_path / "script.toml", script)
    feed = _feed(backend, TextPrompt(text="a b"))
    assert isinstance(feed.drawer, ScriptedDrawer)
    assert feed.drawer.wait_ms(feed) == 110
    backend.decode([feed], Interrupt())
    assert feed.drawer.wait_ms(feed) == 10
    unread = _feed(backend, TextPrompt(text="a b"), tokens=feed.tokens[:2], n_rows=0)
    assert isinstance(unread.drawer, ScriptedDrawer)
    assert unread.drawer.wait_ms(unread) == 0


def test_a_shared_prefix_takes_cells_once(backend: ScriptedBackend) -> None:
    """Copying shares cells, and the last holder frees them."""
    backend.decode([_feed(backend, TextPrompt(text="a " * 7 + "a"))], Interrupt())
    backend.copy(0, 1, 15)
    backend.copy(0, 2, 10)
    assert backend._cache.n_used_cells == 15
    backend.trim(0, 0)
    backend.trim(1, 12)
    assert backend._cache.n_used_cells == 12
    backend.trim(1, 0)
    assert backend._cache.n_used_cells == 10


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"start": 1}, "position 1 of sequence 0, which has 0"),
        ({"tokens": ()}, "a batch of 0 tokens"),
        ({"n_rows": 4}, "4 rows of 3 tokens"),
        ({"n_rows": -1}, "-1 rows of 3 tokens"),
        ({"sequence": 4}, "there are 4 of them"),
        ({"tokens": range(17)}, "1 to 16 can be fed"),
        ({"tokens": (1, 2, 3)}, "something else than its prompt"),
        ({"drawer": None}, "another backend"),
    ],
)
def test_a_wrong_feed_raises(backend: ScriptedBackend, changed: dict[str, Any], told: str) -> None:
    """A mistake in a batch is found before anything is computed."""
    with pytest.raises(CacheMisuseError, match=told):
        backend.decode([_feed(backend, **changed)], Interrupt())


def test_a_wrong_batch_raises(backend: ScriptedBackend) -> None:
    """One sequence cannot be fed twice in a step, nor the cache beyond its cells."""
    with pytest.raises(CacheMisuseError, match="the same sequence twice"):
        backend.decode([_feed(backend), _feed(backend)], Interrupt())
    prompt = TextPrompt(text="a " * 8)
    with pytest.raises(CacheMisuseError, match="5 rows; 4 can be wanted"):
        backend.decode([_feed(backend, prompt, n_rows=5)], Interrupt())
    for sequence in range(3):
        backend.decode([_feed(backend, prompt, sequence=sequence)], Interrupt())
    with pytest.raises(CacheMisuseError, match="which has 48 cells"):
        backend.decode([_feed(backend, sequence=3)], Interrupt())


def test_a_wrong_copy_or_cut_raises(backend: ScriptedBackend) -> None:
    """Copying goes into empty sequences only, and nothing grows by being cut."""
    for sequence in (0, 1):
        backend.decode([_feed(backend, sequence=sequence)], Interrupt())
    for source, target, n_tokens in ((0, 1, 1), (0, 0, 1), (0, 2, 4)):
        with pytest.raises(CacheMisuseError):
            backend.copy(source, target, n_tokens)
    with pytest.raises(CacheMisuseError, match="it has 3"):
        backend.trim(0, 4)


def test_recurrent_memory_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where the script says so, a cut empties the sequence and nothing is copied."""
    backend = _loaded(tmp_path / "script.toml", "can_fork = false")
    backend.decode([_feed(backend)], Interrupt())
    with pytest.raises(CacheMisuseError, match="cannot be copied"):
        backend.copy(0, 1, 3)
    assert backend.trim(0, 3)
    assert not backend.trim(0, 2)
    assert backend.trim(0, 0)
    assert backend.decode([_feed(backend)], Interrupt()) is StepCode.DONE


def test_an_answer_is_drawn_after_its_own_text_only(backend: ScriptedBackend) -> None:
    """A row of another answer, or after another token than the answer's, is refused."""
    mine, other = _feed(backend), _feed(backend, TextPrompt(text="other"), sequence=1)
    backend.decode([mine, other], Interrupt())
    assert mine.drawer.draw(2, place=0) is not None
    for row, place in ((1, 0), (3, 0), (2, 1), (4, 0), (-1, 0)):
        with pytest.raises(CacheMisuseError):
            mine.drawer.draw(row, place=place)
    wrong = Feed(sequence=0, start=3, tokens=(7,), n_rows=1, drawer=mine.drawer)
    backend.decode([wrong], Interrupt())
    with pytest.raises(CacheMisuseError, match="is drawn after"):
        mine.drawer.draw(0, place=1)


def test_an_answer_may_be_drawn_from_the_row_of_a_shared_prompt(backend: ScriptedBackend) -> None:
    """Two answers to one prompt begin at the same row, and go on in their own sequences."""
    request = _request(_chat("again"), sampling=Sampling(temperature=1.0), n=2)
    job = Job(request=request, want_logprobs=False)
    one, two = (backend.drawer(job, index) for index in (0, 1))
    tokens = backend.encode(request, request.prompt).tokens
    feed = Feed(sequence=0, start=0, tokens=tokens, n_rows=1, drawer=one)
    backend.decode([feed], Interrupt())
    drawn = [drawer.draw(len(tokens) - 1, place=0) for drawer in (one, two)]
    assert [token.chosen.piece for token in drawn if token] == [b"one", b"two"]


def test_a_prompt_longer_than_the_context_is_refused(backend: ScriptedBackend) -> None:
    """The refusal says how many tokens fit."""
    with pytest.raises(EngineRequestError, match="at most 31 fit"):
        backend.encode(_request(FED), TextPrompt(text="a " * 40))


def test_the_script_says_what_there_is_room_for(tmp_path: Path) -> None:
    """The smaller context counts; the cache is twice as large unless the script says otherwise."""
    small = _loaded(tmp_path / "a.toml", "n_ctx_tokens = 20").capacity()
    assert (small.n_ctx_tokens, small.n_cells) == (20, 40)
    assert (small.n_sequences, small.n_batch_tokens) == (64, 256)
    tight = _loaded(tmp_path / "b.toml", "n_cells = 24").capacity()
    assert (tight.n_ctx_tokens, tight.n_cells) == (24, 24)


def test_rates_follow_from_the_script(tmp_path: Path) -> None:
    """A token's own time is what makes wide steps dear; without it they cost nothing."""
    dear = _loaded(tmp_path / "a.toml", "per_token_ms = 4\nn_batch_tokens = 100").measure()
    assert (dear.step_ms, dear.decode_tok_s) == ({1: 5.0, 100: 401.0}, 200.0)
    assert dear.prefill_tok_s == pytest.approx(100 / 0.401)
    free = _loaded(tmp_path / "b.toml", "n_batch_tokens = 100").measure()
    assert free.step_ms[1] == free.step_ms[100]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("x = ", "is not a script"),
        ("unknown = 1", "a script has no `unknown`"),
        ("[[rule]]\nmatch = '('", "is not a script"),
        ("[[rule]]\nfail = 'sometimes'", "`fail` must be one of"),
        ("[[rule]]\nkind = 'poem'", "`kind` must be"),
        ("[chaos]\nshare = 2", "`share` must be from 0 to 1"),
        ("[chaos]\nkinds = ['fire']", "`kinds` must be some of"),
        ("[chaos]\nluck = 1", "`chaos` has no `luck`"),
        ("n_sequences = 0", "`n_sequences` must be at least 1"),
        ("load_fail = 'out of memory'", "out of memory"),
    ],
)
def test_a_bad_script_does_not_load(tmp_path: Path, script: str, told: str) -> None:
    """A broken script is an engine that cannot be had, and says why."""
    with pytest.raises(EngineUnavailableError, match=told):
        _loaded(tmp_path / "script.toml", script)


def test_json_scripts_are_read_and_fim_can_be_missing(tmp_path: Path) -> None:
    """The same names in JSON; without fill-in-the-middle an infill is refused with 501."""
    backend = _loaded(tmp_path / "script.json", '{"fim": false, "rule": [{"reply": "x"}]}')
    assert not backend.info().identity.has_fim
    with pytest.raises(EngineRequestError) as caught:
        _ask(backend, InfillPrompt(prefix="a", suffix="b"))
    assert caught.value.status == 501
