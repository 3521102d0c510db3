"""What a library that computes tokens must offer, and the values it hands over.

Not an implementation: those are ``llama_cpp.py`` (the real one) and ``scripted.py`` (for tests).
A backend is used by one thread at a time, the worker's, with the one exception of ``tokenize``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ducktypist.domain import FinishReason, GenerationRequest, Json, ModelIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One generation, as the worker gives it to the backend."""

    request: GenerationRequest
    want_logprobs: bool
    """Whether each token shall come with its log-probability and the two likeliest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A token that could have been drawn at one place."""

    token_id: int
    piece: bytes
    """The token's bytes; not always whole UTF-8."""
    logprob: float
    """Natural logarithm of its probability at temperature 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChoice:
    """One generated token."""

    chosen: Candidate
    top: tuple[Candidate, ...] = ()
    """The two likeliest tokens, likeliest first; empty when no log-probabilities were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefill:
    """What reading the prompt took."""

    prompt_tokens: int
    cached_tokens: int
    prefill_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """The next piece of the answer."""

    text: str
    tokens: tuple[TokenChoice, ...] = ()
    prefill: Prefill | None = None
    """With the first piece, so that a caller who leaves early knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end of a generation, with what it took."""

    reason: FinishReason
    prompt_tokens: int
    cached_tokens: int
    """How many of ``prompt_tokens`` were still in the cache."""
    completion_tokens: int
    prefill_ms: float
    decode_ms: float
    queue_ms: float = 0.0
    """Filled in by the worker."""
    ttft_ms: float = 0.0
    """From the request's arrival at the host to its first token; filled in by the worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendInfo:
    """What a loaded backend says of itself."""

    identity: ModelIdentity
    details: Mapping[str, Json] = field(default_factory=dict)
    """For people: versions, the chat format, why so many layers are on the GPU."""


class ConnectionDropped(Exception):  # noqa: N818 - an instruction to the host, not a failure
    """The script says that the host must hang up without an answer."""


Emit: TypeAlias = Callable[[Delta], None]
"""Hands over a piece of the answer; called from the worker's thread."""

Cancelled: TypeAlias = Callable[[], bool]
"""Tells whether nobody waits for the answer any more; cheap, from any thread."""


class Backend(Protocol):
    """A model, loaded or to be loaded."""

    def load(self) -> None:
        """Load the model; may take minutes.

        Raises:
            EngineUnavailableError: The model cannot be loaded, and why.
        """

    def info(self) -> BackendInfo:
        """Return what was loaded. Only after ``load``."""

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return the token ids of ``text``; safe from any thread once loaded."""

    def generate(self, job: Job, emit: Emit, cancelled: Cancelled) -> Finished:
        """Generate one answer, piece by piece, until done or cancelled.

        Raises:
            EngineRequestError: This request cannot be served; the next one may.
            EngineCrashedError: The backend is no longer usable; the host must end.
            ConnectionDropped: Hang up.
        """

    def close(self) -> None:
        """Give back what ``load`` took."""
