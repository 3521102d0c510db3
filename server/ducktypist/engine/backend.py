"""What a library that computes tokens must offer, and the values it hands over.

Not an implementation: those are ``llama_cpp.py`` (the real one) and ``scripted.py`` (for tests).
A backend holds several sequences in one cache and computes one batch a step; which sequences and
which batch is the scheduler's business. It is used by one thread at a time, the worker's, with the
one exception of ``tokenize``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ducktypist.domain import FinishReason, GenerationRequest, Json, ModelIdentity, Prompt
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.rates import Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request, as the worker takes it."""

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
    margin: float = float("inf")
    """The likeliest token's lead over the second, in nats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefill:
    """What reading the prompts took."""

    prompt_tokens: int
    cached_tokens: int
    prefill_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """The next piece of one answer."""

    text: str
    tokens: tuple[TokenChoice, ...] = ()
    prefill: Prefill | None = None
    """With the first piece, so that a caller who leaves early knows it."""
    index: int = 0
    """Which answer of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEnd:
    """The end of one answer; the request's ``Finished`` follows the last one."""

    index: int
    reason: FinishReason
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end of a request, with what it took."""

    reason: FinishReason
    """Of the first answer; ``cancelled`` where the whole request was."""
    prompt_tokens: int
    cached_tokens: int
    """How many of ``prompt_tokens`` were still in the cache."""
    completion_tokens: int
    prefill_ms: float
    """From the first slice of the first prompt to the last slice of the last."""
    decode_ms: float
    queue_ms: float = 0.0
    """From the request's arrival at the host to its first slice."""
    ttft_ms: float = 0.0
    """From the request's arrival at the host to its first token."""
    drafted_tokens: int = 0
    accepted_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendInfo:
    """What a loaded backend says of itself."""

    identity: ModelIdentity
    details: Mapping[str, Json] = field(default_factory=dict)
    """For people: versions, the chat format, why so many layers are on the GPU."""


class ConnectionDropped(Exception):  # noqa: N818 - an instruction to the host, not a failure
    """The script says that the host must hang up without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a loaded backend has room for."""

    n_ctx_tokens: int
    """The longest prompt and answer of one sequence."""
    n_cells: int
    """Tokens in the cache, all sequences together; a shared prefix counts once."""
    n_sequences: int
    n_batch_tokens: int
    """The most tokens in one step."""
    n_rows: int = 64
    """For how many tokens of one step what comes after them can be wanted."""
    can_fork: bool = True
    """Whether a sequence's beginning can be copied and its end cut off (not so for recurrent
    memory, which is used again only whole)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One prompt, ready to be read."""

    tokens: tuple[int, ...]
    stops: tuple[str, ...]
    """Strings that end the answer: the request's and the chat format's."""


class Drawer(Protocol):
    """How the tokens of one answer are chosen."""

    def draw(self, row: int, *, place: int) -> TokenChoice | None:
        """Return the next token, None when the answer ends here.

        Args:
            row: Which token of the last batch it comes after (0 is the batch's first token).
            place: How many tokens the answer has already. A greedy drawer gives the same token
                again for the same row and place.

        Raises:
            EngineRequestError: Nothing can be drawn; the other answers go on.
            EngineCrashedError: The backend is no longer usable; the host must end.
            ConnectionDropped: Hang up.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Tokens to append to one sequence in one step."""

    sequence: int
    start: int
    """The position of the first token: how many the sequence holds before."""
    tokens: Sequence[int]
    n_rows: int
    """For so many of the last tokens, what comes after them is wanted; 0: none."""
    drawer: Drawer
    """Whose answer this is for."""


class StepCode(enum.IntEnum):
    """How a step ended; the numbers are those of ``llama_decode`` (llama.h)."""

    DONE = 0
    NO_ROOM = 1
    """The cache has no room; nothing was appended."""
    INTERRUPTED = 2
    """The interrupt was set; parts may have been appended, so each sequence must be trimmed."""
    FAILED = -1
    """The cache is not to be trusted; clear it. The same again means: start anew."""


class Backend(Protocol):
    """A model, loaded or to be loaded."""

    def load(self) -> None:
        """Load the model; may take minutes.

        Raises:
            EngineUnavailableError: The model cannot be loaded, and why.
        """

    def info(self) -> BackendInfo:
        """Return what was loaded. Only after ``load``."""

    def capacity(self) -> Capacity:
        """Return what there is room for. Only after ``load``."""

    def measure(self) -> Rates:
        """Return how fast it is here, measured now; takes a few seconds, and empties the cache."""

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return the token ids of ``text``; safe from any thread once loaded."""

    def encode(self, request: GenerationRequest, prompt: Prompt) -> Encoded:
        """Return the tokens of one of the request's prompts.

        Raises:
            EngineRequestError: It does not fit, or this model cannot do it.
        """

    def drawer(self, job: Job, index: int) -> Drawer:
        """Return what chooses the tokens of answer ``index`` (prompt by prompt, ``n`` each).

        Raises:
            EngineRequestError: This request cannot be served.
        """

    def decode(self, feeds: Sequence[Feed], interrupt: Interrupt) -> StepCode:
        """Append all feeds in one batch, and make what comes after them ready to be drawn."""

    def copy(self, source: int, target: int, n_tokens: int) -> None:
        """Make ``target``, which is empty, hold the first ``n_tokens`` of ``source`` as well."""

    def trim(self, sequence: int, n_tokens: int) -> bool:
        """Cut a sequence back to its first ``n_tokens``.

        Returns:
            Whether that was possible; if not (recurrent memory), the sequence is empty now.
        """

    def close(self) -> None:
        """Give back what ``load`` took."""
