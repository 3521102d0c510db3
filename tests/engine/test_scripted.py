from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    GenerationRequest,
    InfillPrompt,
    Message,
    Prompt,
    Sampling,
    TextPrompt,
)
from ducktypist.engine.backend import ConnectionDropped, Delta, Finished, Job
from ducktypist.engine.scripted import ScriptedBackend, split_tokens
from ducktypist.errors import EngineRequestError, EngineUnavailableError

SCRIPT = """
default = "fallback"

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
"""


@pytest.fixture
def backend(tmp_path: Path) -> ScriptedBackend:
    """Return the backend of the script above."""
    path = tmp_path / "script.toml"
    path.write_text(SCRIPT)
    made = ScriptedBackend(path, n_ctx_tokens=32)
    made.load()
    return made


def _ask(
    backend: ScriptedBackend,
    prompt: Prompt,
    *,
    max_tokens: int = 20,
    stop: tuple[str, ...] = (),
    sampling: Sampling | None = None,
    cancel_after: int = 10**6,
) -> tuple[str, Finished, list[Delta]]:
    deltas: list[Delta] = []
    request = GenerationRequest(
        prompt=prompt, max_tokens=max_tokens, stop=stop, sampling=sampling or Sampling()
    )
    job = Job(request=request, want_logprobs=True)
    finished = backend.generate(job, deltas.append, lambda: len(deltas) >= cancel_after)
    return "".join(delta.text for delta in deltas), finished, deltas


def _chat(text: str, prefix: str = "") -> ChatPrompt:
    return ChatPrompt(messages=(Message(role="user", content=text),), assistant_prefix=prefix)


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    """Cutting text into tokens loses nothing."""
    assert "".join(split_tokens(text)) == text


def test_the_first_rule_that_fits_answers(backend: ScriptedBackend) -> None:
    """Kind and pattern choose the rule, and the default answers the rest."""
    assert _ask(backend, InfillPrompt(prefix="count", suffix=""))[0] == "middle"
    assert _ask(backend, TextPrompt(text="please count"))[0] == "1 2 3 4 5 6"
    assert _ask(backend, TextPrompt(text="other"))[0] == "fallback"


def test_greedy_replies_follow_one_another_and_the_last_stays(backend: ScriptedBackend) -> None:
    """Each occurrence of a greedy request gets the next reply."""
    assert [_ask(backend, _chat("again"))[0] for _ in range(3)] == ["one", "two", "two"]


def test_sampled_replies_follow_the_seed(backend: ScriptedBackend) -> None:
    """With a temperature the seed chooses, whatever came before."""
    drawn = [
        _ask(backend, _chat("again"), sampling=Sampling(temperature=1.0, seed=seed))[0]
        for seed in (1, 0, 1)
    ]
    assert drawn == ["two", "one", "two"]


def test_a_reply_goes_on_after_the_assistants_prefix(backend: ScriptedBackend) -> None:
    """What the answer is made to begin with is not repeated."""
    assert _ask(backend, _chat("count", "1 2"))[0] == " 3 4 5 6"


def test_limits_and_stops_hold(backend: ScriptedBackend) -> None:
    """The token limit ends with ``length``, a stop string with ``stop``."""
    text, finished, _ = _ask(backend, TextPrompt(text="count"), max_tokens=3)
    assert (text, finished.reason, finished.completion_tokens) == ("1 2", FinishReason.LENGTH, 3)
    text, finished, _ = _ask(backend, TextPrompt(text="count"), stop=(" 3",))
    assert (text, finished.reason) == ("1 2", FinishReason.STOP)


def test_logprobs_are_as_the_script_says(backend: ScriptedBackend) -> None:
    """A rule may fix log-probability and margin."""
    token = _ask(backend, TextPrompt(text="count"))[2][0].tokens[0]
    assert token.chosen.logprob == -0.25
    assert token.top[0].logprob - token.top[1].logprob == 1.5


def test_repeating_a_prompt_finds_it_cached(backend: ScriptedBackend) -> None:
    """All but the last token come from the cache the second time."""
    prompt = TextPrompt(text="a b c")
    assert _ask(backend, prompt)[1].cached_tokens == 0
    assert _ask(backend, prompt)[1].cached_tokens == 4


def test_failures_are_as_the_script_says(backend: ScriptedBackend) -> None:
    """A rule may fail after some tokens, or hang up."""
    with pytest.raises(EngineRequestError) as caught:
        _ask(backend, TextPrompt(text="break"))
    assert caught.value.status == 500
    with pytest.raises(ConnectionDropped):
        _ask(backend, TextPrompt(text="hang up"))


def test_cancelling_ends_between_tokens(backend: ScriptedBackend) -> None:
    """Nothing goes out after nobody waits any more."""
    text, finished, _ = _ask(backend, TextPrompt(text="count"), cancel_after=2)
    assert (text, finished.reason) == ("1 ", FinishReason.CANCELLED)


def test_a_prompt_longer_than_the_context_is_refused(backend: ScriptedBackend) -> None:
    """The refusal says how many tokens fit."""
    with pytest.raises(EngineRequestError, match="at most 31 fit"):
        _ask(backend, TextPrompt(text="a " * 40))


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("x = ", "is not a script"),
        ("unknown = 1", "a script has no `unknown`"),
        ("[[rule]]\nmatch = '('", "is not a script"),
        ("[[rule]]\nfail = 'sometimes'", "`fail` must be one of"),
        ("[[rule]]\nkind = 'poem'", "`kind` must be"),
        ("load_fail = 'out of memory'", "out of memory"),
    ],
)
def test_a_bad_script_does_not_load(tmp_path: Path, script: str, told: str) -> None:
    """A broken script is an engine that cannot be had, and says why."""
    path = tmp_path / "script.toml"
    path.write_text(script)
    with pytest.raises(EngineUnavailableError, match=told):
        ScriptedBackend(path, n_ctx_tokens=32).load()


def test_json_scripts_are_read_and_fim_can_be_missing(tmp_path: Path) -> None:
    """The same names in JSON; without fill-in-the-middle an infill is refused with 501."""
    path = tmp_path / "script.json"
    path.write_text('{"fim": false, "rule": [{"reply": "x"}]}')
    backend = ScriptedBackend(path, n_ctx_tokens=32)
    backend.load()
    assert not backend.info().identity.has_fim
    with pytest.raises(EngineRequestError) as caught:
        _ask(backend, InfillPrompt(prefix="a", suffix="b"))
    assert caught.value.status == 501
