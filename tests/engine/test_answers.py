from __future__ import annotations

import json
import math
from typing import Any

import pytest

from ducktypist.domain import FinishReason, GenerationRequest, TextPrompt
from ducktypist.engine.answers import AnswerWriter
from ducktypist.engine.backend import (
    AnswerEnd,
    Candidate,
    ConnectionDropped,
    Delta,
    Finished,
    Prefill,
    TokenChoice,
)
from ducktypist.engine.dialect import Endpoint, Logprobs, WireRequest, decode_event
from ducktypist.engine.pieces import WHOLE_REQUEST, Piece, read_error, read_piece
from ducktypist.engine.sending import Gathered
from ducktypist.errors import EngineRequestError

FINISHED = Finished(
    reason=FinishReason.LENGTH,
    prompt_tokens=10,
    cached_tokens=4,
    completion_tokens=2,
    prefill_ms=3.0,
    decode_ms=5.0,
    queue_ms=1.0,
    drafted_tokens=8,
    accepted_tokens=5,
)
BEST = Candidate(token_id=1, piece=b"\xf0\x9f", logprob=-0.5)
OTHER = Candidate(token_id=2, piece=b"\xf0\x9e", logprob=-2.0)


def writer(
    endpoint: Endpoint, *, logprobs: Logprobs = Logprobs.SHORT, n_answers: int = 1
) -> AnswerWriter:
    """Return the writer of a request of model ``m``."""
    return AnswerWriter(
        endpoint=endpoint,
        request_id="r",
        model="m",
        created_s=1,
        logprobs=logprobs,
        n_answers=n_answers,
    )


def gathered(
    endpoint: Endpoint, *, logprobs: Logprobs = Logprobs.SHORT, n_answers: int = 1
) -> Gathered:
    """Return what gathers the events of a request."""
    asked = WireRequest(
        endpoint=endpoint,
        generation=GenerationRequest(prompt=TextPrompt(text="a"), max_tokens=9, n=n_answers),
        stream=True,
        logprobs=logprobs,
    )
    return Gathered(writer(endpoint, logprobs=logprobs, n_answers=n_answers), asked)


def word(text: str) -> TokenChoice:
    """Return a token that was sure of itself."""
    return TokenChoice(chosen=Candidate(token_id=7, piece=text.encode(), logprob=-0.25))


def delta(text: str, index: int = 0, prefill: Prefill | None = None) -> Delta:
    """Return a piece of one token."""
    return Delta(text=text, tokens=(word(text),), index=index, prefill=prefill)


def events(raw: bytes) -> list[dict[str, Any]]:
    """Return the JSON events of a stream's bytes."""
    found = [decode_event(line) for line in raw.split(b"\n")]
    return [event for event in found if event is not None]


def pieces(raw: bytes) -> list[Piece]:
    """Return the events as the client reads them."""
    return [read_piece(event) for event in events(raw)]


@pytest.mark.parametrize("endpoint", list(Endpoint))
@pytest.mark.parametrize("logprobs", [Logprobs.SHORT, Logprobs.FULL])
@pytest.mark.parametrize(
    ("chosen", "margin"), [(BEST, 1.5), (OTHER, -1.5)], ids=["likeliest", "runner-up"]
)
def test_what_the_host_writes_the_client_reads(
    endpoint: Endpoint, logprobs: Logprobs, chosen: Candidate, margin: float
) -> None:
    """Pieces, log-probabilities, margins and timings survive the wire, streamed or whole.

    The two candidates look the same as text, and are told apart all the same.
    """
    token = TokenChoice(chosen=chosen, top=(BEST, OTHER))
    prefill = Prefill(prompt_tokens=10, cached_tokens=4, prefill_ms=3.0)
    stream = gathered(endpoint, logprobs=logprobs)
    stream.take(Delta(text="x", tokens=(token,), prefill=prefill))
    piece = pieces(stream.flush())[-1]
    stream.take(FINISHED)
    closing = pieces(stream.flush())[-1]
    assert (piece.text, piece.finish_reason, piece.index) == ("x", None, 0)
    assert piece.timings == {"cache_n": 4, "prompt_n": 6, "prompt_ms": 3.0}
    assert [one.logprob for one in piece.logprobs] == [chosen.logprob]
    assert piece.logprobs[0].margin == margin
    assert closing.finish_reason is FinishReason.LENGTH
    assert closing.timings is not None
    assert (closing.timings["prompt_n"], closing.timings["cache_n"]) == (6, 4)
    assert (closing.timings["draft_n"], closing.timings["draft_n_accepted"]) == (8, 5)
    at_once = gathered(endpoint, logprobs=logprobs)
    at_once.take(Delta(text="xy", tokens=(token,)))
    whole = read_piece(json.loads(at_once.whole(FINISHED)))
    assert (whole.text, whole.finish_reason) == ("xy", FinishReason.LENGTH)
    assert whole.logprobs == piece.logprobs


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_nothing_is_said_of_tokens_unless_asked(endpoint: Endpoint) -> None:
    """Without log-probabilities an event holds the text alone."""
    stream = gathered(endpoint, logprobs=Logprobs.NONE)
    stream.take(delta("x"))
    raw = stream.flush()
    assert b"prob" not in raw
    assert pieces(raw)[-1].text == "x"


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_odd_text_and_odd_numbers_survive(endpoint: Endpoint) -> None:
    """Quotes, line ends of Unicode, half characters and impossible tokens are written soundly."""
    text = 'a"b\\\n\r\u2028\x85\x00😀\ufffd'
    tokens = (
        TokenChoice(chosen=Candidate(token_id=1, piece=b"\xf0", logprob=-math.inf), top=(BEST,)),
        TokenChoice(chosen=BEST, top=(BEST,)),
    )
    stream = gathered(endpoint)
    stream.take(Delta(text=text, tokens=tokens))
    piece = pieces(stream.flush())[-1]
    assert piece.text == text
    assert piece.logprobs[0].logprob == -9999.0
    assert math.isnan(piece.logprobs[1].margin)


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_pieces_of_one_answer_go_out_joined(endpoint: Endpoint) -> None:
    """What has gathered is one event for each answer, and nothing of it is said twice."""
    stream = gathered(endpoint, n_answers=2)
    for text, index in (("a", 0), ("b", 1), ("c", 0)):
        stream.take(delta(text, index))
    said = [piece for piece in pieces(stream.flush()) if piece.text]
    assert [(piece.index, piece.text, len(piece.logprobs)) for piece in said] == [
        (0, "ac", 2),
        (1, "b", 1),
    ]
    assert stream.flush() == b""


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_each_of_several_answers_has_its_own_end(endpoint: Endpoint) -> None:
    """An answer's end is told with it; the request's figures follow the last one."""
    stream = gathered(endpoint, n_answers=3)
    stream.take(delta("b", 1))
    stream.take(AnswerEnd(index=1, reason=FinishReason.STOP, completion_tokens=1))
    first = [piece for piece in pieces(stream.flush()) if piece.text or piece.finish_reason]
    assert [(piece.index, piece.text, piece.finish_reason) for piece in first] == [
        (1, "b", None),
        (1, "", FinishReason.STOP),
    ]
    assert first[-1].timings == {"predicted_n": 1}
    stream.take(delta("a", 0))
    stream.take(AnswerEnd(index=0, reason=FinishReason.LENGTH, completion_tokens=1))
    stream.take(FINISHED)
    rest = pieces(stream.flush())
    ends = [(piece.index, piece.finish_reason) for piece in rest if piece.finish_reason]
    # The third ended without a word of its own, with the request.
    assert ends[:2] == [(0, FinishReason.LENGTH), (2, FinishReason.LENGTH)]
    assert rest[-1].index == WHOLE_REQUEST
    assert rest[-1].timings is not None
    assert rest[-1].timings["predicted_n"] == 2


def test_a_chat_begins_with_its_role_once_for_each_answer() -> None:
    """OpenAI's clients learn the role from the first event of an answer."""
    stream = gathered(Endpoint.CHAT, n_answers=2)
    stream.take(delta("a", 1))
    opened = [event["choices"][0] for event in events(stream.flush())]
    assert [(one["index"], one["delta"].get("role")) for one in opened] == [
        (1, "assistant"),
        (1, None),
    ]
    stream.take(delta("b", 1))
    assert b"role" not in stream.flush()


@pytest.mark.parametrize("reason", list(FinishReason))
@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_every_reason_survives_the_wire(endpoint: Endpoint, reason: FinishReason) -> None:
    """A request that lost its lane is told apart from one that came to an end."""
    finished = Finished(
        reason=reason,
        prompt_tokens=1,
        cached_tokens=0,
        completion_tokens=0,
        prefill_ms=0.0,
        decode_ms=0.0,
    )
    stream = gathered(endpoint)
    stream.take(finished)
    assert pieces(stream.flush())[-1].finish_reason is reason
    assert read_piece(json.loads(gathered(endpoint).whole(finished))).finish_reason is reason


def test_several_whole_answers_are_numbered() -> None:
    """OpenAI's choices and llama-server's array hold the answers in order."""
    for endpoint, key in ((Endpoint.TEXT, "text"), (Endpoint.INFILL, "content")):
        stream = gathered(endpoint, n_answers=2)
        stream.take(delta("b", 1))
        stream.take(delta("a", 0))
        stream.take(AnswerEnd(index=1, reason=FinishReason.STOP, completion_tokens=1))
        body = json.loads(stream.whole(FINISHED))
        answers = body["choices"] if endpoint is Endpoint.TEXT else body
        assert [(one["index"], one[key]) for one in answers] == [(0, "a"), (1, "b")]


def test_a_failure_in_the_middle_is_the_last_event() -> None:
    """What came before goes out, then the error in the dialect's shape."""
    stream = gathered(Endpoint.TEXT)
    stream.take(delta("a"))
    stream.take(EngineRequestError("no", status=400))
    said = events(stream.flush())
    assert said[0]["choices"][0]["text"] == "a"
    assert said[-1]["error"] == {"code": 400, "message": "no", "type": "invalid_request_error"}


def test_a_dropped_connection_ends_what_is_sent() -> None:
    """A script that hangs up says so to whoever sends."""
    stream = gathered(Endpoint.INFILL)
    stream.take(delta("a"))
    dropped = ConnectionDropped()
    stream.take(dropped)
    assert stream.last is dropped
    assert [piece.text for piece in pieces(stream.flush())] == ["a"]


def test_text_offsets_count_on_over_the_pieces() -> None:
    """OpenAI's older log-probabilities say where each token stands in the answer."""
    stream = gathered(Endpoint.TEXT, logprobs=Logprobs.FULL)
    offsets = []
    for text in ("ab", "c", "def"):
        stream.take(delta(text))
        offsets += events(stream.flush())[0]["choices"][0]["logprobs"]["text_offset"]
    assert offsets == [0, 2, 3]


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
    expected = Piece(index=WHOLE_REQUEST, prompt_tokens=3, completion_tokens=2)
    assert read_piece(usage) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"choices": ["x"]},
        {"content": 1},
        {"choices": [{"text": 3}]},
        {"choices": [{"text": "", "logprobs": {"short": [["a"]]}}]},
    ],
)
def test_an_answer_of_another_shape_is_a_value_error(body: dict[str, Any]) -> None:
    """A broken answer is told apart from a good one, with one exception type."""
    with pytest.raises(ValueError, match=r"not an answer|not enough values"):
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
