from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import (
    ChatPrompt,
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
from ducktypist.engine import dialect, fields, wire_options
from ducktypist.engine.dialect import Endpoint, Logprobs
from ducktypist.errors import EngineRequestError

CHAT = {"messages": [{"role": "user", "content": "hi"}]}

PROMPTS: list[Prompt] = [
    TextPrompt(text="def f():"),
    InfillPrompt(prefix="a", suffix="b"),
    ChatPrompt(messages=(Message(role="system", content="s"), Message(role="user", content="u"))),
    ChatPrompt(messages=(Message(role="user", content="u"),), assistant_prefix="```python\n"),
]


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("foreign", [False, True])
def test_what_the_client_builds_the_host_understands(prompt: Prompt, *, foreign: bool) -> None:
    """A request survives the wire unchanged."""
    request = GenerationRequest(
        prompt=prompt,
        max_tokens=7,
        sampling=Sampling(temperature=0.5, top_p=0.9, seed=3),
        stop=("\n\n", "```"),
        cold=True,
        decode_budget_ms=250.0,
    )
    endpoint, body = dialect.build_request(request, model="m", foreign=foreign)
    parsed = dialect.parse_request(endpoint, json.loads(json.dumps(body)))
    assert parsed.generation == request
    assert parsed.stream
    assert parsed.logprobs is (Logprobs.FULL if foreign else Logprobs.SHORT)


EXTENDED = GenerationRequest(
    prompt=TextPrompt(text="a"),
    max_tokens=0,
    n=3,
    stop_when=StopRule(name=StopName.DEDENT, indent="\t", comment="//", language="go"),
    priority=Priority.BACKGROUND,
    lane="file:///x.py complete",
    deadline_ms=1500.0,
    decode_budget_ms=900.0,
    speculate=True,
)


@pytest.mark.parametrize(
    ("prompt", "more"),
    [
        (TextPrompt(text="a"), (TextPrompt(text="b"),)),
        (InfillPrompt(prefix="a", suffix="b"), (InfillPrompt(prefix="a", suffix=""),) * 20),
        (PROMPTS[2], ()),
    ],
)
def test_what_only_our_host_knows_survives_the_wire(
    prompt: Prompt, more: tuple[Prompt, ...]
) -> None:
    """Several prompts, several answers, stop rules, lanes and limits come over as they were."""
    request = dataclasses.replace(EXTENDED, prompt=prompt, more=more)
    endpoint, body = dialect.build_request(request, model="m", foreign=False)
    assert dialect.parse_request(endpoint, json.loads(json.dumps(body))).generation == request


def test_another_engine_is_not_sent_what_only_ours_knows() -> None:
    """A request to another engine has the names of the common dialect alone."""
    _, body = dialect.build_request(EXTENDED, model="m", foreign=True)
    assert not {"n", "stop_when", "priority", "lane", "deadline_ms", "speculate"} & body.keys()
    assert body["t_max_predict_ms"] == 900


@pytest.mark.parametrize(
    "prompt",
    [TextPrompt(text=""), InfillPrompt(prefix="", suffix=""), ChatPrompt(messages=())],
)
@pytest.mark.parametrize("foreign", [False, True])
def test_an_empty_prompt_is_not_sent(prompt: Prompt, *, foreign: bool) -> None:
    """Some engines abort when there is nothing to continue, so the client refuses it itself."""
    request = GenerationRequest(prompt=prompt, max_tokens=1)
    with pytest.raises(EngineRequestError, match=r"empty|something to answer"):
        dialect.build_request(request, model="m", foreign=foreign)


@pytest.mark.parametrize(
    "more",
    [(InfillPrompt(prefix="a", suffix="b"),), (PROMPTS[2],)],
)
def test_prompts_that_no_endpoint_takes_together_are_refused(more: tuple[Prompt, ...]) -> None:
    """A request is of one kind of prompt, and a chat is alone."""
    for first in (TextPrompt(text="a"), PROMPTS[2]):
        request = GenerationRequest(prompt=first, more=more, max_tokens=1)
        with pytest.raises(EngineRequestError, match="must all be texts"):
            dialect.build_request(request, model="m", foreign=False)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"logprobs": 0}, Logprobs.FULL),
        ({"logprobs": True}, Logprobs.FULL),
        ({"logprobs": False}, Logprobs.NONE),
        ({"n_probs": 0}, Logprobs.NONE),
        ({"n_probs": 1}, Logprobs.FULL),
        ({"logprobs": "compact"}, Logprobs.SHORT),
        ({}, Logprobs.NONE),
    ],
)
def test_log_probabilities_come_only_when_asked_for(body: dict[str, Any], wanted: Logprobs) -> None:
    """Each engine's way of asking is understood, and nothing is built for nobody."""
    assert dialect.parse_request(Endpoint.TEXT, {"prompt": "a"} | body).logprobs is wanted


def test_one_request_has_a_limit_of_answers() -> None:
    """Prompts times choices are bounded, whichever of the two is many."""
    body = {"prompt": ["a"] * 33, "n": 2}
    with pytest.raises(EngineRequestError, match="66"):
        dialect.parse_request(Endpoint.TEXT, body)
    parsed = dialect.parse_request(Endpoint.TEXT, body | {"n": 1})
    assert parsed.generation.n_answers == 33


@pytest.mark.parametrize(
    ("endpoint", "body", "told"),
    [
        (Endpoint.TEXT, {}, "`prompt` must be a string, got nothing"),
        (Endpoint.TEXT, {"prompt": ""}, "`prompt` is empty"),
        (Endpoint.TEXT, {"prompt": [1, 2]}, "token ids are not taken"),
        (Endpoint.TEXT, {"prompt": []}, "must hold 1 to 64 prompts"),
        (Endpoint.TEXT, {"prompt": ["a", ""]}, "`prompt` is empty"),
        (Endpoint.TEXT, {"prompt": ["a", None]}, "`prompt` must be a string, got nothing"),
        (Endpoint.TEXT, {"prompt": "a", "max_tokens": -2}, "must lie between"),
        (Endpoint.TEXT, {"prompt": "a", "max_tokens": 10**9}, "must lie between"),
        (Endpoint.TEXT, {"prompt": "a", "max_tokens": True}, "must be a whole number"),
        (Endpoint.TEXT, {"prompt": "a", "temperature": -1}, "`temperature` must lie between"),
        (Endpoint.TEXT, {"prompt": "a", "temperature": float("nan")}, "`temperature` must lie"),
        (Endpoint.TEXT, {"prompt": "a", "top_p": 1.5}, "`top_p` must lie between"),
        (Endpoint.TEXT, {"prompt": "a", "seed": "1"}, "`seed` must be a whole number"),
        (Endpoint.TEXT, {"prompt": "a", "stream": 1}, "`stream` must be true or false"),
        (Endpoint.TEXT, {"prompt": "a", "stop": ["x"] * 33}, "at most 32"),
        (Endpoint.TEXT, {"prompt": "a", "stop": ["x" * 257]}, "at most 256 characters"),
        (Endpoint.TEXT, {"prompt": "a", "stop": [1]}, "`stop` must be a string"),
        (Endpoint.TEXT, {"prompt": "a", "grammar": "root ::="}, "`grammar` is not supported"),
        (Endpoint.TEXT, {"prompt": "a", "n": 65}, "`n` must lie between 1 and 64"),
        (Endpoint.TEXT, {"prompt": "a", "n": 0}, "`n` must lie between 1 and 64"),
        (Endpoint.TEXT, {"prompt": "a", "best_of": 2}, "`best_of` must equal `n`"),
        (Endpoint.TEXT, {"prompt": "a", "best_of": [1]}, "`best_of` must equal `n`"),
        (Endpoint.TEXT, {"prompt": "a", "priority": 1}, "`priority` must be one of background"),
        (Endpoint.TEXT, {"prompt": "a", "lane": "x" * 257}, "`lane` has at most 256"),
        (Endpoint.TEXT, {"prompt": "a", "deadline_ms": -1}, "`deadline_ms` must lie"),
        (Endpoint.TEXT, {"prompt": "a", "t_max_predict_ms": 1e12}, "`t_max_predict_ms` must"),
        (Endpoint.TEXT, {"prompt": "a", "speculate": 1}, "`speculate` must be true or false"),
        (Endpoint.TEXT, {"prompt": "a", "stop_when": "line"}, "`stop_when` must be an object"),
        (Endpoint.TEXT, {"prompt": "a", "stop_when": {"name": []}}, "`stop_when.name` must be"),
        (
            Endpoint.TEXT,
            {"prompt": "a", "stop_when": {"name": "line", "indent": " " * 300}},
            "`indent` has at most 256",
        ),
        (Endpoint.TEXT, {"prompt": "a", "echo": True}, "`echo`"),
        (Endpoint.TEXT, {"prompt": "a", "logprobs": "x"}, "`logprobs`"),
        (Endpoint.CHAT, {}, "`messages` must be an array"),
        (Endpoint.CHAT, {"messages": []}, "at least one message"),
        (Endpoint.CHAT, {"messages": [{"role": "tool", "content": "x"}]}, "`role` must be one of"),
        (Endpoint.CHAT, {"messages": [{"role": ["user"]}]}, "`role` must be one of"),
        (Endpoint.CHAT, {"messages": [{"role": "user"}]}, "`content` must be a string"),
        (Endpoint.CHAT, {"messages": [{"role": "assistant", "content": "x"}]}, "to answer"),
        (Endpoint.CHAT, {"messages": ["x"]}, "must hold objects"),
        (Endpoint.CHAT, CHAT | {"response_format": {"type": "json_object"}}, "must be text"),
        (Endpoint.CHAT, CHAT | {"tools": [{}]}, "`tools` is not supported"),
        (Endpoint.INFILL, {"input_prefix": ""}, "is empty"),
        (Endpoint.INFILL, {"input_prefix": 1}, "`input_prefix` must be a string"),
        (Endpoint.INFILL, {"infills": {}}, "`infills` must be an array"),
        (Endpoint.INFILL, {"infills": []}, "must hold 1 to 64 prompts"),
        (Endpoint.INFILL, {"infills": ["a"]}, "`infills` must hold objects"),
        (Endpoint.INFILL, {"infills": [{"input_prefix": ""}]}, "is empty"),
    ],
)
def test_a_bad_request_is_refused(endpoint: Endpoint, body: dict[str, Any], told: str) -> None:
    """What is missing, of the wrong type or out of bounds is named in the refusal."""
    with pytest.raises(EngineRequestError, match=told):
        dialect.parse_request(endpoint, body)


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(raw: bytes) -> None:
    """Anything but a JSON object is a bad request, never another exception."""
    with pytest.raises(EngineRequestError):
        dialect.parse_json(raw)


def test_a_prompt_over_the_limit_is_refused() -> None:
    """Size is limited before anything is tokenised, and the status says so."""
    body = {"prompt": "é" * (fields.MAX_PROMPT_BYTES // 2 + 1)}
    with pytest.raises(EngineRequestError, match="more than") as caught:
        dialect.parse_request(Endpoint.TEXT, body)
    assert caught.value.status == 413


def test_lone_surrogates_are_replaced_and_pairs_are_joined() -> None:
    """No text that cannot be encoded reaches the tokeniser."""
    parsed = dialect.parse_request(Endpoint.TEXT, {"prompt": "a\ud83d b \ud83d\ude00"})
    assert parsed.generation.prompt == TextPrompt(text="a\ufffd b 😀")


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaned_text_can_always_be_encoded(text: str) -> None:
    """Cleaning leaves nothing that UTF-8 refuses, and changes nothing that it accepts."""
    cleaned = fields.clean(text)
    cleaned.encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert cleaned == text


def test_an_editors_current_line_belongs_to_the_prefix() -> None:
    """``prompt`` and ``input_extra`` of an infill stand before the hole."""
    body = {
        "input_prefix": "a\n",
        "prompt": "  b",
        "input_suffix": "c",
        "input_extra": [{"filename": "x.py", "text": "X = 1"}],
    }
    parsed = dialect.parse_request(Endpoint.INFILL, body)
    assert parsed.generation.prompt == InfillPrompt(prefix="X = 1\n\na\n  b", suffix="c")


def test_other_files_stand_before_every_hole() -> None:
    """``input_extra`` is said once for all holes of a request."""
    body = {
        "infills": [{"input_prefix": "a", "input_suffix": "b"}, {"input_prefix": "c"}],
        "input_extra": [{"text": "X = 1\n"}],
        "n_cmpl": 2,
    }
    parsed = dialect.parse_request(Endpoint.INFILL, body).generation
    assert parsed.prompts == (
        InfillPrompt(prefix="X = 1\n\na", suffix="b"),
        InfillPrompt(prefix="X = 1\n\nc", suffix=""),
    )
    assert parsed.n_answers == 4


def test_text_parts_are_joined() -> None:
    """A message may come in parts, as long as they are text."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    parsed = dialect.parse_request(
        Endpoint.CHAT, {"messages": [{"role": "user", "content": parts}], "max_tokens": -1}
    )
    assert parsed.generation.prompt == ChatPrompt(messages=(Message(role="user", content="ab"),))
    assert parsed.generation.max_tokens == wire_options.MAX_COMPLETION_TOKENS


def test_events_survive_their_encoding() -> None:
    """An event is one line that reads back as what was written; other lines are nothing."""
    payload = {"content": "a\nb\r 😀 \u2028"}
    raw = dialect.encode_event(payload)
    assert raw.count(b"\n") == 2
    assert dialect.decode_event(raw.strip(b"\n")) == payload
    assert dialect.decode_event(b'error: {"message": "m"}\r') == {"error": {"message": "m"}}
    assert dialect.decode_event(b"data: [DONE]") is None
    assert dialect.decode_event(b": a comment") is None
    assert dialect.decode_event(b"data: null") is None
    with pytest.raises(ValueError, match="JSON object"):
        dialect.decode_event(b"data: 3")
