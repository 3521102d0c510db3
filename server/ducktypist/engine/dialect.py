"""The wire, asking side: what a request of the llama-server dialect may contain.

Both directions live here: the host parses and validates, the client builds. Prompts are read and
built in ``wire_prompts``, the rest in ``wire_options``, a single field in ``fields``; what comes
back is in ``answers`` and ``pieces``. Pure: no I/O, no third-party import.

Source: ``tools/server/README.md`` of llama.cpp, and OpenAI's completions and chat completions.
Settings of other engines that we do not have are ignored when they only shape the sampling
(``top_k``, ``repeat_penalty``), and refused when ignoring them would change what the answer means
(``grammar``, ``tools``). Temperature 0 is the default here. ``cache_prompt: false`` forbids reuse
of cached tokens. A chat whose last message is the assistant's is continued from it. Several
prompts or ``n`` > 1 give several answers, numbered prompt by prompt, ``n`` each.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ducktypist.domain import ChatPrompt, GenerationRequest, InfillPrompt, TextPrompt
from ducktypist.engine import fields, wire_options, wire_prompts
from ducktypist.engine.wire_options import COMPACT
from ducktypist.errors import EngineRequestError

DIALECT_VERSION = 2
"""Raised whenever a host and a client of different versions would misunderstand each other."""
VERSION_HEADER = "ducktypist-dialect"
"""Our own client says its version with each request; other clients of the host say nothing.

The address of a host depends on the version, and that is not enough: a window that was open while
Ducktypist was replaced on the disk starts the new program under the old address.
"""

MAX_BODY_BYTES = 8 * 1024**2
N_TOP = 2
"""How many of the likeliest tokens are told with each token, whatever number was asked."""


class Endpoint(enum.StrEnum):
    """The paths that generate."""

    TEXT = "/v1/completions"
    CHAT = "/v1/chat/completions"
    INFILL = "/infill"


class Logprobs(enum.Enum):
    """Whether log-probabilities go with the tokens, and in which form."""

    NONE = enum.auto()
    FULL = enum.auto()
    """As llama-server and OpenAI have them."""
    SHORT = enum.auto()
    """For our own client: text, log-probability and margin, a tenth of the bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """A validated request."""

    endpoint: Endpoint
    generation: GenerationRequest
    stream: bool
    logprobs: Logprobs


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizeRequest:
    """A validated request to ``/tokenize``."""

    text: str
    add_special: bool
    parse_special: bool


def misunderstanding(*, host: object, window: object) -> str:
    """Return what is said when a window and a host have different versions of the dialect."""
    return (
        f"the engine speaks version {host!s:.20} of the dialect and this window version "
        f"{window!s:.20}; restart the editor, and the engine with it, or update both sides"
    )


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
    options = wire_options.read_options(body)
    first, *more = wire_prompts.READERS[endpoint](body)
    wire_options.check_count(1 + len(more), options["n"])
    generation = GenerationRequest(prompt=first, more=tuple(more), **options)
    logprobs = Logprobs.FULL if wire_options.wants_logprobs(body) else Logprobs.NONE
    return WireRequest(
        endpoint=endpoint,
        generation=generation,
        stream=fields.boolean(body, "stream", default=False),
        logprobs=Logprobs.SHORT if body.get("logprobs") == COMPACT else logprobs,
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
        foreign: The engine is not ours: it gets one prompt, and nothing that only ours knows.

    Raises:
        EngineRequestError: No engine takes these prompts in one request, or one is empty.
    """
    endpoint, prompts = _build_prompts(request, foreign=foreign)
    body = {"model": model, "stream": True} | wire_options.build_options(request, foreign=foreign)
    if endpoint is Endpoint.INFILL:
        body["n_predict"] = request.max_tokens
    else:
        body["stream_options"] = {"include_usage": True}
    if not foreign:
        body["logprobs"] = COMPACT
    elif endpoint is Endpoint.CHAT:
        body |= {"logprobs": True, "top_logprobs": N_TOP}
    else:
        body["n_probs" if endpoint is Endpoint.INFILL else "logprobs"] = N_TOP
    return endpoint, body | prompts


def _build_prompts(request: GenerationRequest, *, foreign: bool) -> tuple[Endpoint, dict[str, Any]]:
    prompts = request.prompts
    texts = [prompt for prompt in prompts if isinstance(prompt, TextPrompt)]
    holes = [prompt for prompt in prompts if isinstance(prompt, InfillPrompt)]
    if len(prompts) == 1 and isinstance(request.prompt, ChatPrompt):
        return Endpoint.CHAT, wire_prompts.build_chat(request.prompt, foreign=foreign)
    if len(texts) == len(prompts):
        return Endpoint.TEXT, wire_prompts.build_texts(texts)
    if len(holes) == len(prompts):
        return Endpoint.INFILL, wire_prompts.build_infills(holes)
    raise EngineRequestError("the prompts of one request must all be texts, or all infills")


def encode_event(payload: Mapping[str, Any]) -> bytes:
    """Return one server-sent event (WHATWG HTML, section 9.2) with a JSON body."""
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


DONE = b"[DONE]"
DONE_EVENT = b"data: " + DONE + b"\n\n"


def decode_event(line: bytes) -> dict[str, Any] | None:
    """Return the JSON body of one line of an event stream; None for anything else.

    Raises:
        ValueError: The line is a data line and does not hold a JSON object.
    """
    if not line.startswith((b"data:", b"error:")):
        return None
    field, _, value = line.partition(b":")
    value = value.strip()
    if value == DONE:
        return None
    body = json.loads(value)
    if body is None:
        # llama-server begins a stream of several answers with it.
        return None
    if not isinstance(body, dict):
        raise ValueError(f"an event must hold a JSON object, got {fields.kind(body)}")  # noqa: TRY004 - callers handle one kind of bad event
    return {"error": body} if field == b"error" else body
