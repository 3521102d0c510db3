"""Chat formats: data files that say how a chat is written for a family of models.

The files lie in ``prompts/chat/``. Used by the real backend, which tokenises the parts: the
format's own text with special tokens recognised, everybody else's without, so that a ``<|im_end|>``
in someone's code ends no turn. Knows no model and no tokeniser.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from ducktypist.domain import ChatPrompt, Message
from ducktypist.errors import EngineRequestError, EngineUnavailableError

OWN_TURN = "own_turn"
FIRST_USER_TURN = "first_user_turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a prompt."""

    text: str
    is_markup: bool
    """Whether special tokens in it are meant as such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFormat:
    """How a chat is written."""

    name: str
    priority: int
    """Formats are tried from the lowest."""
    required_tokens: tuple[str, ...]
    """Special tokens that a vocabulary must have."""
    system: str
    """``own_turn``, or ``first_user_turn`` where there is no such role."""
    default_system: str
    """The system message of a chat that has none; empty: none."""
    generation_prefix: str
    """What comes before the answer."""
    stop: tuple[str, ...]
    roles: Mapping[str, tuple[str, str]]
    """What stands before and after each role's text."""


def read_formats(folder: Traversable | None = None) -> tuple[ChatFormat, ...]:
    """Return the formats of a folder, by default the shipped ones, first to be tried first.

    Raises:
        EngineUnavailableError: A file is missing a key or is not TOML.
    """
    folder = files("ducktypist") / "prompts" / "chat" if folder is None else folder
    try:
        found = [
            _format(tomllib.loads(file.read_text("utf-8")), file.name)
            for file in folder.iterdir()
            if file.name.endswith(".toml")
        ]
    except (OSError, ValueError) as error:
        raise EngineUnavailableError(f"the chat formats cannot be read: {error}") from error
    if not found:
        raise EngineUnavailableError(f"there are no chat formats in {folder}; install again")
    return tuple(sorted(found, key=lambda one: one.priority))


def choose(formats: Sequence[ChatFormat], has_token: Callable[[str], bool]) -> ChatFormat:
    """Return the first format whose special tokens a vocabulary has.

    Raises:
        EngineUnavailableError: None fits.
    """
    for one in formats:
        if all(map(has_token, one.required_tokens)):
            return one
    raise EngineUnavailableError("no chat format fits this model's vocabulary")


def render(chat: ChatPrompt, form: ChatFormat) -> list[Part]:
    """Return the parts of a chat in order, the last of them where the answer begins."""
    system = "\n\n".join(one.content for one in chat.messages if one.role == "system")
    system = system or form.default_system
    turns = [one for one in chat.messages if one.role != "system"]
    if system and form.system == OWN_TURN:
        turns.insert(0, Message(role="system", content=system))
        system = ""
    parts: list[Part] = []
    for turn in turns:
        if turn.role not in form.roles:
            raise EngineRequestError(f"the chat format {form.name} has no role {turn.role!r:.40}")
        before, after = form.roles[turn.role]
        content = turn.content
        if system and turn.role == "user":
            content, system = f"{system}\n\n{content}", ""
        parts += [
            Part(text=before, is_markup=True),
            Part(text=content, is_markup=False),
            Part(text=after, is_markup=True),
        ]
    if system:
        # Nobody asked anything; the instruction is then the question.
        before, after = form.roles["user"]
        parts += [
            Part(text=before, is_markup=True),
            Part(text=system, is_markup=False),
            Part(text=after, is_markup=True),
        ]
    parts.append(Part(text=form.generation_prefix, is_markup=True))
    parts.append(Part(text=chat.assistant_prefix, is_markup=False))
    return [part for part in parts if part.text]


def _format(body: Mapping[str, Any], source: str) -> ChatFormat:
    try:
        form = ChatFormat(
            name=body["name"],
            priority=body["priority"],
            required_tokens=tuple(body["required_tokens"]),
            system=body["system"],
            default_system=body["default_system"],
            generation_prefix=body["generation_prefix"],
            stop=tuple(body["stop"]),
            roles={name: (role["before"], role["after"]) for name, role in body["roles"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{source} lacks or misuses {error}") from error
    if form.system not in {OWN_TURN, FIRST_USER_TURN}:
        raise ValueError(f"{source}: `system` must be {OWN_TURN} or {FIRST_USER_TURN}")
    missing = {"user", "assistant"} - set(form.roles)
    if form.system == OWN_TURN:
        missing |= {"system"} - set(form.roles)
    if missing:
        raise ValueError(f"{source}: roles lack {', '.join(sorted(missing))}")
    return form
