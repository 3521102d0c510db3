"""The wire, asking side: the prompts of a request, for ``dialect``.

Both directions: the host parses and validates, the client builds. Several prompts go in one
request to ``/v1/completions`` (OpenAI's list) and to ``/infill`` (our ``infills``); a chat has one.
Pure: no I/O, no third-party import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ducktypist.domain import ChatPrompt, InfillPrompt, Message, Prompt, TextPrompt
from ducktypist.engine import fields
from ducktypist.errors import EngineRequestError

MAX_MESSAGES = 256
MAX_PROMPTS = 64

ROLES = frozenset({"system", "user", "assistant"})


def read_texts(body: Mapping[str, Any]) -> list[Prompt]:
    """Return the prompts of ``/v1/completions``."""
    given = body.get("prompt")
    texts = given if isinstance(given, list) else [given]
    if any(isinstance(text, (int, list)) for text in texts):
        raise EngineRequestError("`prompt` must be one string or several; token ids are not taken")
    return [
        TextPrompt(text=_not_empty(fields.sized(fields.string(text, "prompt")), "prompt"))
        for text in _counted(texts, "prompt")
    ]


def read_infills(body: Mapping[str, Any]) -> list[Prompt]:
    """Return the prompts of ``/infill``."""
    given = body.get("infills")
    if given is None:
        return [_infill(body, _extra(body))]
    if not isinstance(given, list):
        raise EngineRequestError(f"`infills` must be an array, got {fields.kind(given)}")
    extra = _extra(body)
    return [_infill(hole, extra) for hole in _counted(given, "infills")]


def read_chat(body: Mapping[str, Any]) -> list[Prompt]:
    """Return the one prompt of ``/v1/chat/completions``."""
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
    return [ChatPrompt(messages=tuple(messages), assistant_prefix=prefix)]


def build_texts(prompts: Sequence[TextPrompt]) -> dict[str, Any]:
    """Return what a body to ``/v1/completions`` says of its prompts.

    Raises:
        EngineRequestError: One is empty; llama.cpp's own server aborts when it gets such a one.
    """
    texts = [_not_empty(fields.clean(prompt.text), "prompt") for prompt in prompts]
    return {"prompt": texts if len(texts) > 1 else texts[0]}


def build_infills(prompts: Sequence[InfillPrompt]) -> dict[str, Any]:
    """Return what a body to ``/infill`` says of its prompts.

    Raises:
        EngineRequestError: One has nothing before and nothing after the hole.
    """
    for prompt in prompts:
        _not_empty(prompt.prefix + prompt.suffix, "input_prefix")
    holes = [
        {"input_prefix": fields.clean(prompt.prefix), "input_suffix": fields.clean(prompt.suffix)}
        for prompt in prompts
    ]
    return {"infills": holes} if len(holes) > 1 else dict(holes[0])


def build_chat(prompt: ChatPrompt, *, foreign: bool) -> dict[str, Any]:
    """Return what a body to ``/v1/chat/completions`` says of its prompt.

    Args:
        prompt: The chat.
        foreign: The engine is not ours: a chat to continue is marked in the way of vLLM and
            llama-server as well.

    Raises:
        EngineRequestError: It has no message to answer.
    """
    if not prompt.messages:
        raise EngineRequestError("`messages` must hold something to answer")
    messages = [
        {"role": message.role, "content": fields.clean(message.content)}
        for message in prompt.messages
    ]
    body: dict[str, Any] = {"messages": messages}
    if prompt.assistant_prefix:
        messages.append({"role": "assistant", "content": fields.clean(prompt.assistant_prefix)})
        if foreign:
            body |= {"continue_final_message": True, "add_generation_prompt": False}
    return body


READERS: Mapping[str, Callable[[Mapping[str, Any]], list[Prompt]]] = {
    "/v1/completions": read_texts,
    "/v1/chat/completions": read_chat,
    "/infill": read_infills,
}
"""What reads the prompts, for each path."""


def _counted(given: list[Any], key: str) -> list[Any]:
    if not 1 <= len(given) <= MAX_PROMPTS:
        raise EngineRequestError(f"`{key}` must hold 1 to {MAX_PROMPTS} prompts, got {len(given)}")
    return given


def _infill(hole: object, extra: str) -> Prompt:
    if not isinstance(hole, dict):
        raise EngineRequestError(f"`infills` must hold objects, got {fields.kind(hole)}")
    # Editors send the line before the cursor as `prompt`; it stands where the prefix ends.
    prefix = extra + fields.text(hole, "input_prefix", "") + fields.text(hole, "prompt", "")
    suffix = fields.text(hole, "input_suffix", "")
    _not_empty(fields.sized(prefix + suffix), "input_prefix")
    return InfillPrompt(prefix=prefix, suffix=suffix)


def _extra(body: Mapping[str, Any]) -> str:
    """Return the text of other files, which stands before every prefix."""
    extra = body.get("input_extra") or []
    if not isinstance(extra, list):
        raise EngineRequestError(f"`input_extra` must be an array, got {fields.kind(extra)}")
    chunks = []
    for chunk in extra:
        if not isinstance(chunk, dict):
            raise EngineRequestError(f"`input_extra` must hold objects, got {fields.kind(chunk)}")
        chunks.append(fields.text(chunk, "text").rstrip("\n") + "\n\n")
    return "".join(chunks)


def _message(given: object) -> Message:
    if not isinstance(given, dict):
        raise EngineRequestError(f"`messages` must hold objects, got {fields.kind(given)}")
    role = given.get("role")
    if not isinstance(role, str) or role not in ROLES:
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


def _not_empty(text: str, key: str) -> str:
    if not text:
        raise EngineRequestError(f"`{key}` is empty; there is nothing to continue")
    return text
