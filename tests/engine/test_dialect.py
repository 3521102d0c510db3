from __future__ import annotations

from typing import Any

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
from ducktypist.engine import dialect, fields
from ducktypist.engine.answers import AnswerWriter, Piece, read_error, read_piece
from ducktypist.engine.backend import Candidate, Delta, Finished, TokenChoice
from ducktypist.engine.dialect import Endpoint
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
    )
    endpoint, body = dialect.build_request(request, model="m", foreign=foreign)
    parsed = dialect.parse_request(endpoint, body)
    assert parsed.generation == request
    assert parsed.stream
    assert parsed.want_logprobs


@pytest.mark.parametrize(
    ("endpoint", "body", "told"),
    [
        (Endpoint.TEXT, {}, "`prompt` must be a string, got nothing"),
        (Endpoint.TEXT, {"prompt": ""}, "`prompt` is empty"),
        (Endpoint.TEXT, {"prompt": [1, 2]}, "must be one string"),
        (Endpoint.TEXT, {"prompt": "a", "max_tokens": 0}, "`max_tokens` must be at least 1"),
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
        (Endpoint.TEXT, {"prompt": "a", "n": 2}, "`n` must be 1"),
        (Endpoint.TEXT, {"prompt": "a", "echo": True}, "`echo`"),
        (Endpoint.TEXT, {"prompt": "a", "logprobs": "x"}, "`logprobs`"),
        (Endpoint.CHAT, {}, "`messages` must be an array"),
        (Endpoint.CHAT, {"messages": []}, "at least one message"),
        (Endpoint.CHAT, {"messages": [{"role": "tool", "content": "x"}]}, "`role` must be one of"),
        (Endpoint.CHAT, {"messages": [{"role": "user"}]}, "`content` must be a string"),
        (Endpoint.CHAT, {"messages": [{"role": "assistant", "content": "x"}]}, "to answer"),
        (Endpoint.CHAT, {"messages": ["x"]}, "must hold objects"),
        (Endpoint.CHAT, CHAT | {"response_format": {"type": "json_object"}}, "must be text"),
        (Endpoint.CHAT, CHAT | {"tools": [{}]}, "`tools` is not supported"),
        (Endpoint.INFILL, {"input_prefix": ""}, "is empty"),
        (Endpoint.INFILL, {"input_prefix": 1}, "`input_prefix` must be a string"),
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


def test_text_parts_are_joined() -> None:
    """A message may come in parts, as long as they are text."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    parsed = dialect.parse_request(
        Endpoint.CHAT, {"messages": [{"role": "user", "content": parts}], "max_tokens": -1}
    )
    assert parsed.generation.prompt == ChatPrompt(messages=(Message(role="user", content="ab"),))
    assert parsed.generation.max_tokens == dialect.MAX_COMPLETION_TOKENS


def test_events_survive_their_encoding() -> None:
    """An event is one line that reads back as what was written; other lines are nothing."""
    payload = {"content": "a\nb\r 😀 \u2028"}
    raw = dialect.encode_event(payload).decode()
    assert raw.count("\n") == 2
    assert dialect.decode_event(raw.strip("\n")) == payload
    assert dialect.decode_event("data: [DONE]") is None
    assert dialect.decode_event(": a comment") is None
    with pytest.raises(ValueError, match="JSON object"):
        dialect.decode_event("data: 3")


FINISHED = Finished(
    reason=FinishReason.LENGTH,
    prompt_tokens=10,
    cached_tokens=4,
    completion_tokens=2,
    prefill_ms=3.0,
    decode_ms=5.0,
    queue_ms=1.0,
)
BEST = Candidate(token_id=1, piece=b"\xf0\x9f", logprob=-0.5)
OTHER = Candidate(token_id=2, piece=b"\xf0\x9e", logprob=-2.0)


@pytest.mark.parametrize("endpoint", list(Endpoint))
@pytest.mark.parametrize(
    ("chosen", "margin"), [(BEST, 1.5), (OTHER, -1.5)], ids=["likeliest", "runner-up"]
)
def test_what_the_host_writes_the_client_reads(
    endpoint: Endpoint, chosen: Candidate, margin: float
) -> None:
    """Pieces, log-probabilities, margins and timings survive the wire, streamed or whole.

    The two candidates look the same as text, and are told apart all the same.
    """
    writer = AnswerWriter(
        endpoint=endpoint, request_id="r", model="m", created_s=1, want_logprobs=True
    )
    token = TokenChoice(chosen=chosen, top=(BEST, OTHER))
    piece = read_piece(writer.piece(Delta(text="x", tokens=(token,)), offset=0))
    closing = read_piece(writer.closing(FINISHED))
    whole = read_piece(writer.whole("xy", [token], FINISHED))
    assert (piece.text, piece.finish_reason) == ("x", None)
    assert piece.logprobs[0].logprob == chosen.logprob
    assert piece.logprobs[0].margin == margin
    assert closing.finish_reason is FinishReason.LENGTH
    assert closing.timings is not None
    assert (closing.timings["prompt_n"], closing.timings["cache_n"]) == (6, 4)
    assert (whole.text, whole.finish_reason) == ("xy", FinishReason.LENGTH)
    assert whole.logprobs == piece.logprobs


def test_other_engines_answers_are_read() -> None:
    """OpenAI's older log-probabilities, missing timings and a usage chunk are understood."""
    body = {
        "choices": [
            {
                "text": "ab",
                "finish_reason": "stop",
                "logprobs": {
                    "tokens": ["a", "b"],
                    "token_logprobs": [-0.1, -3.0],
                    "top_logprobs": [{"a": -0.1, "c": -1.1}, None],
                },
            }
        ]
    }
    piece = read_piece(body)
    assert piece.logprobs[0].margin == pytest.approx(1.0)
    assert piece.logprobs[1].margin != piece.logprobs[1].margin
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    assert read_piece(usage) == Piece(prompt_tokens=3, completion_tokens=2)


@pytest.mark.parametrize("body", [{"choices": ["x"]}, {"content": 1}, {"choices": [{"text": 3}]}])
def test_an_answer_of_another_shape_is_a_value_error(body: dict[str, Any]) -> None:
    """A broken answer is told apart from a good one, with one exception type."""
    with pytest.raises(ValueError, match="not an answer"):
        read_piece(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "m"}}, "m"),
        ({"error": "m"}, "m"),
        ({"detail": "m"}, "m"),
        ({"message": "m"}, "m"),
        ([], ""),
    ],
)
def test_error_bodies_of_several_engines_are_read(body: object, message: str) -> None:
    """The message is found wherever an engine puts it."""
    assert read_error(body) == message
