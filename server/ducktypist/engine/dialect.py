"""The wire, asking side: what a request of the llama-server dialect may contain.

Both directions live here: the host parses and validates, the client builds. How a single field is
read is in ``fields.py``, what comes back in ``answers.py``. Pure: no I/O, no third-party import.

Source: ``tools/server/README.md`` of llama.cpp, and OpenAI's completions and chat completions.
Settings of other engines that we do not have are ignored when they only shape the sampling
(``top_k``, ``repeat_penalty``), and refused when ignoring them would change what the answer means
(``grammar``, ``tools``, ``n`` > 1). Temperature 0 is the default here. ``cache_prompt: false``
forbids reuse of cached tokens. A chat whose last message is the assistant's is continued from it.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ducktypist.domain import (
    ChatPrompt,
    GenerationRequest,
    InfillPrompt,
    Message,
    Prompt,
    Sampling,
    TextPrompt,
)
from ducktypist.engine import fields
from ducktypist.errors import EngineRequestError

DIALECT_VERSION = 1
"""Raised whenever a host and a client of different versions would misunderstand each other."""

MAX_BODY_BYTES = 8 * 1024**2
MAX_MESSAGES = 256
MAX_STOPS = 32
MAX_STOP_CHARS = 256
MAX_COMPLETION_TOKENS = 32_768
DEFAULT_COMPLETION_TOKENS = 256
MAX_TEMPERATURE = 5.0
N_TOP = 2
"""How many of the likeliest tokens are told with each token, whatever number was asked."""

ROLES = frozenset({"system", "user", "assistant"})
REFUSED = ("grammar", "json_schema", "tools", "functions", "suffix")
"""Settings that would change what the answer means."""


class Endpoint(enum.StrEnum):
    """The paths that generate."""

    TEXT = "/v1/completions"
    CHAT = "/v1/chat/completions"
    INFILL = "/infill"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """A validated request."""

    endpoint: Endpoint
    generation: GenerationRequest
    stream: bool
    want_logprobs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizeRequest:
    """A validated request to ``/tokenize``."""

    text: str
    add_special: bool
    parse_special: bool


def parse_json(raw: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a request's body.

    Raises:
        EngineRequestError: It is too large, not JSON, or not an object.
    """
    if len(raw) > MAX_BODY_BYTES:
        raise EngineRequestError(
            f"the body has {len(raw)} bytes and at most {MAX_BODY_BYTES} are read; shorten it",
            status=413,
        )
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise EngineRequestError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise EngineRequestError(f"the body must be a JSON object, got {fields.kind(body)}")
    return body


def parse_request(endpoint: Endpoint, body: Mapping[str, Any]) -> WireRequest:
    """Validate the body of a request that generates.

    Raises:
        EngineRequestError: Something is missing, of the wrong type, or out of bounds.
    """
    _refuse_unsupported(body)
    prompt = _PARSERS[endpoint](body)
    generation = GenerationRequest(
        prompt=prompt,
        max_tokens=_max_tokens(body),
        sampling=Sampling(
            temperature=fields.number(body, "temperature", 0.0, low=0.0, high=MAX_TEMPERATURE),
            top_p=fields.number(body, "top_p", 1.0, low=0.0, high=1.0),
            seed=fields.integer(body, "seed", 0, low=-1, high=2**64 - 1),
        ),
        stop=_stops(body),
        cold=not fields.boolean(body, "cache_prompt", default=True),
    )
    return WireRequest(
        endpoint=endpoint,
        generation=generation,
        stream=fields.boolean(body, "stream", default=False),
        want_logprobs=_wants_logprobs(body),
    )


def parse_tokenize(body: Mapping[str, Any]) -> TokenizeRequest:
    """Validate the body of a request to ``/tokenize``."""
    return TokenizeRequest(
        text=fields.text(body, "content"),
        add_special=fields.boolean(body, "add_special", default=False),
        parse_special=fields.boolean(body, "parse_special", default=True),
    )


def build_request(
    request: GenerationRequest, *, model: str, foreign: bool
) -> tuple[Endpoint, dict[str, Any]]:
    """Return where a request goes and its body; always streamed, always with log-probabilities.

    Args:
        request: What to generate.
        model: The name that the engine knows its model by.
        foreign: The engine is not ours: a chat to continue is marked in the way of vLLM and
            llama-server as well.
    """
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.sampling.seed,
        "stream": True,
        "cache_prompt": not request.cold,
    }
    if request.stop:
        body["stop"] = [fields.clean(stop) for stop in request.stop]
    match request.prompt:
        case ChatPrompt(messages=messages, assistant_prefix=prefix):
            body["messages"] = [
                {"role": message.role, "content": fields.clean(message.content)}
                for message in messages
            ]
            if prefix:
                body["messages"].append({"role": "assistant", "content": fields.clean(prefix)})
                if foreign:
                    body |= {"continue_final_message": True, "add_generation_prompt": False}
            body |= {
                "logprobs": True,
                "top_logprobs": N_TOP,
                "stream_options": {"include_usage": True},
            }
            return Endpoint.CHAT, body
        case InfillPrompt(prefix=prefix, suffix=suffix):
            body |= {
                "input_prefix": fields.clean(prefix),
                "input_suffix": fields.clean(suffix),
                "n_predict": request.max_tokens,
                "n_probs": N_TOP,
            }
            return Endpoint.INFILL, body
        case TextPrompt(text=text):
            body |= {
                "prompt": fields.clean(text),
                "logprobs": N_TOP,
                "stream_options": {"include_usage": True},
            }
            return Endpoint.TEXT, body


def encode_event(payload: Mapping[str, Any]) -> bytes:
    """Return one server-sent event (WHATWG HTML, section 9.2) with a JSON body."""
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


DONE = "[DONE]"
DONE_EVENT = f"data: {DONE}\n\n".encode()


def decode_event(line: str) -> dict[str, Any] | None:
    """Return the JSON body of one line of an event stream; None for anything else.

    Raises:
        ValueError: The line is a data line and does not hold a JSON object.
    """
    if not line.startswith(("data:", "error:")):
        return None
    field, _, value = line.partition(":")
    value = value.strip()
    if value == DONE:
        return None
    body = json.loads(value)
    if not isinstance(body, dict):
        raise ValueError(f"an event must hold a JSON object, got {fields.kind(body)}")  # noqa: TRY004 - callers handle one kind of bad event
    return {"error": body} if field == "error" else body


# --------------------------------------------------------------------------- prompts


def _text_prompt(body: Mapping[str, Any]) -> Prompt:
    given = body.get("prompt")
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, list):
        raise EngineRequestError(
            "`prompt` must be one string; send token ids or batches one by one"
        )
    return TextPrompt(text=_not_empty(fields.sized(fields.string(given, "prompt")), "prompt"))


def _infill_prompt(body: Mapping[str, Any]) -> Prompt:
    extra = body.get("input_extra") or []
    if not isinstance(extra, list):
        raise EngineRequestError(f"`input_extra` must be an array, got {fields.kind(extra)}")
    chunks = []
    for chunk in extra:
        if not isinstance(chunk, dict):
            raise EngineRequestError(f"`input_extra` must hold objects, got {fields.kind(chunk)}")
        chunks.append(fields.text(chunk, "text").rstrip("\n") + "\n\n")
    # Editors send the line before the cursor as `prompt`; it stands where the prefix ends.
    prefix = (
        "".join(chunks) + fields.text(body, "input_prefix", "") + fields.text(body, "prompt", "")
    )
    suffix = fields.text(body, "input_suffix", "")
    _not_empty(fields.sized(prefix + suffix), "input_prefix")
    return InfillPrompt(prefix=prefix, suffix=suffix)


def _chat_prompt(body: Mapping[str, Any]) -> Prompt:
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise EngineRequestError("`messages` must be an array with at least one message")
    if len(given) > MAX_MESSAGES:
        raise EngineRequestError(f"`messages` has {len(given)} entries, at most {MAX_MESSAGES}")
    messages = [_message(message) for message in given]
    prefix = ""
    if messages[-1].role == "assistant":
        prefix = messages.pop().content
    if not messages:
        raise EngineRequestError("`messages` must hold something to answer")
    _not_empty(fields.sized(prefix + "".join(message.content for message in messages)), "messages")
    return ChatPrompt(messages=tuple(messages), assistant_prefix=prefix)


def _message(given: object) -> Message:
    if not isinstance(given, dict):
        raise EngineRequestError(f"`messages` must hold objects, got {fields.kind(given)}")
    role = given.get("role")
    if role not in ROLES:
        raise EngineRequestError(
            f"`role` must be one of {', '.join(sorted(ROLES))}, got {role!r:.40}"
        )
    content = given.get("content")
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type") == "text"]
        if len(parts) != len(content):
            raise EngineRequestError("`content` may hold text parts only")
        return Message(role=role, content="".join(fields.text(part, "text") for part in parts))
    return Message(role=role, content=fields.string(content, "content"))


_PARSERS = {
    Endpoint.TEXT: _text_prompt,
    Endpoint.CHAT: _chat_prompt,
    Endpoint.INFILL: _infill_prompt,
}


# --------------------------------------------------------------------------- fields


def _refuse_unsupported(body: Mapping[str, Any]) -> None:
    for key in REFUSED:
        if body.get(key):
            raise EngineRequestError(f"`{key}` is not supported by this engine; leave it out")
    for key in ("n", "best_of", "n_cmpl"):
        if body.get(key) not in {None, 1}:
            raise EngineRequestError(f"`{key}` must be 1; send one request for each answer")
    if body.get("echo"):
        raise EngineRequestError("`echo` is not supported by this engine; leave it out")
    shape = body.get("response_format")
    if shape is not None and shape != {"type": "text"}:
        raise EngineRequestError("`response_format` must be text; leave it out")


def _max_tokens(body: Mapping[str, Any]) -> int:
    for key in ("max_completion_tokens", "max_tokens", "n_predict"):
        if body.get(key) is not None:
            given = fields.integer(body, key, 0, low=-1, high=MAX_COMPLETION_TOKENS)
            # In this dialect -1 means as many as the context holds.
            return MAX_COMPLETION_TOKENS if given == -1 else _at_least_one(given, key)
    return DEFAULT_COMPLETION_TOKENS


def _at_least_one(given: int, key: str) -> int:
    if given < 1:
        raise EngineRequestError(f"`{key}` must be at least 1, got {given}")
    return given


def _stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    given = body.get("stop")
    if given is None:
        return ()
    stops = [given] if isinstance(given, str) else given
    if not isinstance(stops, list) or len(stops) > MAX_STOPS:
        raise EngineRequestError(f"`stop` must be a string or at most {MAX_STOPS} of them")
    cleaned = [fields.string(stop, "stop") for stop in stops]
    if any(len(stop) > MAX_STOP_CHARS for stop in cleaned):
        raise EngineRequestError(f"a `stop` string has at most {MAX_STOP_CHARS} characters")
    return tuple(stop for stop in cleaned if stop)


def _wants_logprobs(body: Mapping[str, Any]) -> bool:
    for key in ("logprobs", "top_logprobs", "n_probs"):
        given = body.get(key)
        if given is None:
            continue
        if not isinstance(given, (bool, int)) or not 0 <= given <= 100:  # noqa: PLR2004 - more than any engine's limit
            raise EngineRequestError(f"`{key}` must be true, false or a small number")
    # A number asks for that many alternatives, and 0 for the chosen token's own value.
    if body.get("logprobs") is not None and not isinstance(body["logprobs"], bool):
        return True
    return bool(body.get("logprobs") or body.get("n_probs"))


def _not_empty(text: str, key: str) -> str:
    if not text:
        raise EngineRequestError(f"`{key}` is empty; there is nothing to continue")
    return text
