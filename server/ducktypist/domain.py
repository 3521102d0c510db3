"""The values that cross package borders, and the words that name them.

Everything here is immutable and does no I/O. It imports nothing outside the standard library.
A :class:`Span` counts Unicode code points; only ``lsp.convert`` knows UTF-16 and only ``syntax``
knows tree-sitter's bytes.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""What JSON can hold (RFC 8259)."""


# --------------------------------------------------------------------------- text


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open range ``[start, end)`` of code points in one text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            message = f"a span needs 0 <= start <= end, got {self.start}..{self.end}"
            raise ValueError(message)

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """Return the part of ``text`` that the span covers."""
        return text[self.start : self.end]

    def covers(self, offset: int) -> bool:
        """Tell whether ``offset`` lies inside or on the border of the span."""
        return self.start <= offset <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """Replace ``span`` by ``new_text``; ``old_text`` is what must still stand there."""

    span: Span
    old_text: str
    new_text: str

    def apply(self, text: str) -> str:
        """Return ``text`` with the edit made."""
        return text[: self.span.start] + self.new_text + text[self.span.end :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A snapshot of one open (or read) file."""

    uri: str
    path: Path | None
    """The file's path, or None for a document without one (``untitled:``)."""
    language: str
    """An LSP language id, such as ``python``."""
    version: int | None
    text: str


# --------------------------------------------------------------------------- kinds and rungs


class Kind(enum.StrEnum):
    """What a suggestion is for."""

    EXPLAIN = "explain"
    COMPLETE = "complete"
    INFILL = "infill"
    FIX = "fix"
    DERACE = "derace"


class Rung(enum.StrEnum):
    """How far up the verification ladder a suggestion got; the order is the ladder's."""

    UNVERIFIED = "unverified"
    PARSES = "parses"
    RESOLVES = "resolves"
    EXAMPLES_PASS = "examples_pass"
    TESTS_PASS = "tests_pass"
    NO_REGRESSIONS = "no_regressions"

    @property
    def height(self) -> int:
        """The rung's place on the ladder, 0 for ``unverified``."""
        return list(Rung).index(self)


class Outcome(enum.StrEnum):
    """What became of running a suggestion. We say plausible, never correct."""

    PLAUSIBLE = "plausible"
    STILL_FAILING = "still_failing"
    REGRESSED = "regressed"
    BROKEN = "broken"
    TIMEOUT = "timeout"
    FLAKY = "flaky"
    TAMPERED = "tampered"
    STALE = "stale"
    SANDBOX_ERROR = "sandbox_error"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How far a suggestion was checked and by what; a function of reports, not of its text."""

    rung: Rung
    outcome: Outcome
    repeats: int
    """How many times the deciding run was made."""
    passed: int
    """Checks of the deciding run (examples, or tests) that passed."""
    failed: int
    summary: str
    """One line for a person, such as ``plausible: 3 of 3 runs, 41 other tests still pass``."""
    sandbox_level: int | None = None
    """The sandbox level that the runs had, None when nothing was run."""


# --------------------------------------------------------------------------- test runs


class TestOutcome(enum.StrEnum):
    """What a test runner said of one test."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a traceback."""

    path: Path
    """Absolute path of the source file."""
    line: int
    """1-based, as tracebacks count."""
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test of one run."""

    __test__ = False

    node_id: str
    outcome: TestOutcome
    duration_ms: float
    message: str = ""
    """The failure as the runner shows it: assertion, values and trace; empty when it passed."""
    frames: tuple[Frame, ...] = ()
    """The traceback, outermost first; frames inside the workspace only."""
    executed: tuple[Frame, ...] = ()
    """Lines of workspace files that ran, in the order of their first execution; only when the run
    was asked to trace."""


class Killed(enum.StrEnum):
    """Why a run was ended from outside."""

    WALL_CLOCK = "wall_clock"
    MEMORY = "memory"
    PROCESSES = "processes"
    OUTPUT = "output"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """What one run of a test runner reported."""

    __test__ = False

    results: tuple[TestResult, ...]
    collected: tuple[str, ...]
    """Node ids in the order in which the runner collected them."""
    exit_status: int | None
    """The runner's own exit status, None when it was killed."""
    killed: Killed | None
    duration_ms: float
    output_tail: str
    """The last few thousand characters of its output, control characters removed."""
    canaries_failed: bool | None = None
    """Whether the tests that must fail did fail; None when the run had none."""
    collection_errors: tuple[TestResult, ...] = ()
    """Files that could not be collected, with ``node_id`` the file's."""

    def outcome_of(self, node_id: str) -> TestOutcome | None:
        """Return what became of one test, or None when the run says nothing of it."""
        for result in self.results:
            if result.node_id == node_id:
                return result.outcome
        return None

    def ids(self, *outcomes: TestOutcome) -> tuple[str, ...]:
        """Return the node ids of the tests with one of these outcomes, in report order."""
        return tuple(result.node_id for result in self.results if result.outcome in outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingTest:
    """A red test: what is known of it, wherever that came from."""

    node_id: str
    root: Path
    """The folder that the node id is relative to."""
    path: Path
    """The test's own file."""
    line: int
    """1-based line of the failing assertion in ``path``, or of the test when that is unknown."""
    message: str
    frames: tuple[Frame, ...]


# --------------------------------------------------------------------------- models and generation


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One question to the engine."""

    prompt: Prompt
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    """Strings that end the generation and are not part of it."""
    cold: bool = False
    """Forbid any reuse of cached tokens; for the bench."""


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


# --------------------------------------------------------------------------- provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an answer came from; the last line of a hover is made of it."""

    suggestion_id: str
    model: ModelIdentity
    total_ms: float
    cached: bool
    verdict: Verdict
