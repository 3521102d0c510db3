"""Models, what they are asked, and what they answer."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which bytes answered."""

    name: str
    sha256: str
    """Hexadecimal, 64 characters; empty when a remote engine does not say."""
    quantisation: str
    """Such as ``Q4_K_M``; empty when unknown."""
    n_ctx_tokens: int
    has_fim: bool
    """Whether the vocabulary has fill-in-the-middle tokens."""
    backend: str = ""
    """The library that computes: ``llama.cpp``, ``scripted``, or a remote engine's name."""
    n_gpu_layers: int = 0
    n_threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are drawn. Temperature 0 is greedy and ignores the other two."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat."""

    role: str
    """``system``, ``user`` or ``assistant``."""
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPrompt:
    """A chat; the engine's own chat format turns it into tokens."""

    messages: tuple[Message, ...]
    assistant_prefix: str = ""
    """Text with which the answer is made to begin; not repeated in the generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillPrompt:
    """Fill-in-the-middle: what stands before and after the hole."""

    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPrompt:
    """Plain continuation of a text."""

    text: str


Prompt: TypeAlias = ChatPrompt | InfillPrompt | TextPrompt


class Priority(enum.IntEnum):
    """Who goes first where the engine cannot serve everybody at once."""

    BACKGROUND = 0
    """Nobody waits for it: warming up, candidates to be run later."""
    INTERACTIVE = 1
    """A person waits."""
    FOCUS = 2
    """A person waits in the window that has the focus."""


class StopName(enum.StrEnum):
    """Ends of an answer that the engine can see coming in the running text."""

    DEDENT = "dedent"
    """A line stands further left than the body does (Python)."""
    BRACE = "brace"
    """A brace closes that the answer did not open (Go, C, JavaScript)."""
    LINE = "line"
    """The first line that is not empty has ended."""
    STATEMENT = "statement"
    """A line has ended and every bracket and string that the answer opened is closed."""
    FENCE = "fence"
    """A Markdown fence opens or closes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """When an answer is complete, as a rule on its running text; see ``syntax.endings``."""

    name: StopName
    indent: str = ""
    """The body's own indentation, for ``dedent``."""
    comment: str = "#"
    """What begins a comment, for ``brace`` and ``statement``."""
    language: str = ""
    """An LSP language id: whose strings these rules know; empty for what the comment suggests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One question to the engine, or several of one kind that share most of their prompt."""

    prompt: Prompt
    max_tokens: int
    """0 reads the prompt and generates nothing: it is warm afterwards."""
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    """Strings that end the generation and are not part of it."""
    cold: bool = False
    """Forbid any reuse of cached tokens; for the bench."""
    more: tuple[Prompt, ...] = ()
    """Further prompts of the same type, asked together with the first."""
    n: int = 1
    """Answers to each prompt, seeded ``seed``, ``seed + 1``, …; numbered prompt by prompt."""
    stop_when: StopRule | None = None
    """Ends an answer early; the text that shows the end is part of it."""
    priority: Priority = Priority.INTERACTIVE
    lane: str = ""
    """Of requests with the same lane the newest wins, the others are cancelled; empty: none."""
    deadline_ms: float = 0.0
    """From the request's arrival at the engine: what is not finished by then ends with what there
    is, as at a token limit. 0: none."""
    decode_budget_ms: float = 0.0
    """The same for generating alone, from the first token on. 0: none."""
    speculate: bool = False
    """Draft from the prompt (n-gram lookup) where the answer is greedy; same answer, fewer
    passes. Pays where the answer copies the prompt."""

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """All prompts, the first one first."""
        return (self.prompt, *self.more)

    @property
    def n_answers(self) -> int:
        """How many answers come back."""
        return len(self.prompts) * self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """One generated token's log-probability and its lead over the runner-up, in nats."""

    text: str
    logprob: float
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Durations of one request, from the monotonic clock."""

    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    ttft_ms: float = 0.0
    """Request received by the language server to first token, queue included."""
    decode_ms: float = 0.0
    total_ms: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    drafted_tokens: int = 0
    """Tokens proposed by n-gram speculation."""
    accepted_tokens: int = 0
    """Those of them that the model would have said itself."""

    @classmethod
    def summed(cls, parts: Sequence[Timings]) -> Timings:
        """Return the sum of each duration and count; which of them overlap, the caller knows."""
        return cls(
            queue_ms=sum(part.queue_ms for part in parts),
            prefill_ms=sum(part.prefill_ms for part in parts),
            ttft_ms=sum(part.ttft_ms for part in parts),
            decode_ms=sum(part.decode_ms for part in parts),
            total_ms=sum(part.total_ms for part in parts),
            prompt_tokens=sum(part.prompt_tokens for part in parts),
            cached_tokens=sum(part.cached_tokens for part in parts),
            completion_tokens=sum(part.completion_tokens for part in parts),
            drafted_tokens=sum(part.drafted_tokens for part in parts),
            accepted_tokens=sum(part.accepted_tokens for part in parts),
        )

    @property
    def decode_tok_s(self) -> float:
        """Tokens a second while decoding; NaN when nothing was decoded."""
        if self.decode_ms <= 0 or self.completion_tokens < 1:
            return float("nan")
        return self.completion_tokens * 1000 / self.decode_ms

    @property
    def prefill_tok_s(self) -> float:
        """Prompt tokens read a second, cached ones left out; NaN when nothing was read."""
        read = self.prompt_tokens - self.cached_tokens
        if self.prefill_ms <= 0 or read < 1:
            return float("nan")
        return read * 1000 / self.prefill_ms


class FinishReason(enum.StrEnum):
    """Why a generation ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One answer of the engine."""

    text: str
    finish_reason: FinishReason
    timings: Timings
    logprobs: tuple[TokenLogprob, ...] = ()
