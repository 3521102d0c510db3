"""What can be set: one dataclass per section, every setting with its default."""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Where the model is computed."""

    url: str = ""
    """A remote engine's base address (llama-server, vLLM, …); empty means the embedded host."""
    backend: str = "llama_cpp"
    """``llama_cpp``, or ``scripted:FILE`` for tests."""
    api_key_env: str = "DUCKTYPIST_API_KEY"
    """The environment variable that holds a remote engine's key; without it, the system's keyring
    is asked (``ducktypist key set URL``)."""
    n_ctx_tokens: int = 4096
    """The longest prompt and answer."""
    n_threads: int = 0
    """0 means one per physical core, at most eight."""
    n_gpu_layers: int = -1
    """-1 means as many as fit beside the cache when the backend has a GPU."""
    cache_tokens: int = 0
    """How many tokens stay warm, all requests together; 0 means twice the context."""
    kv_type: str = "f16"
    """How keys and values are kept: ``f16``, ``q8_0`` (half the memory) or ``q4_0``."""
    flash_attention: str = "auto"
    """``auto``, ``on`` or ``off``."""
    step_timeout_s: float = 60.0
    """A host whose step (a few hundred tokens at most) takes longer counts as hung and is started
    again (where a step is measured to take long, five times that); 0 means for ever."""
    idle_unload_s: float = 1800.0
    """After how many seconds without work the model leaves the memory; 0 means never."""
    request_timeout_s: float = 120.0
    """How many seconds the engine has for one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Which model answers."""

    name: str = DEFAULT_MODEL
    """A catalogue name, ``hf:OWNER/REPO:QUANT`` or a path to a GGUF file."""
    auto_pull: bool = False
    """Fetch a missing model without asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonConfig:
    """How Python tests are run."""

    interpreter: str = ""
    """Empty: the workspace's ``.venv``, ``VIRTUAL_ENV``, or the server's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainConfig:
    """Hover explanations."""

    enabled: bool = True
    """Show explanations in hovers."""
    max_tokens: int = 180
    """How many tokens an explanation may have."""
    max_lines: int = 60
    """A longer block is explained by its first lines."""
    language: str = ""
    """The language of the prose, such as ``German``; empty means English."""
    depth: str = "short"
    """``line`` (one sentence), ``short`` or ``thorough``."""
    audience: str = ""
    """Who reads it, such as ``a beginner`` or ``a Go programmer new to shell``; may be empty."""
    hover_wait_ms: int = 80
    """How long a hover with facts waits for its prose; without it, the next hover shows it."""
    prefetch: bool = True
    """Explain what is on the screen ahead, in idle time."""
    run_claims: bool = True
    """Run what the prose says that a call gives (trusted folders only)."""
    keep_days: int = 30
    """How long explanations are kept for all windows; 0 keeps none beyond the window's life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteConfig:
    """Inline completion and ``write the body``."""

    inline_enabled: bool = True
    """Suggest ghost text while you type."""
    disabled_languages: tuple[str, ...] = ()
    """Language ids in which nothing is suggested while typing, such as ``markdown``."""
    inline_max_tokens: int = 96
    """How many tokens one ghost text may have."""
    inline_max_lines: int = 12
    """A suggestion that goes on longer is cut at the end of a line."""
    inline_first_line_ms: float = 1000.0
    """How long the first line may take, from its first token on; later, nothing is suggested. A
    slow engine gets the time for 48 tokens, at most three times as long."""
    debounce_ms: int = 75
    """How long to wait after a keystroke at least."""
    debounce_max_ms: int = 500
    """How long at most, for who types slowly and evenly."""
    max_tokens: int = 320
    """How many tokens one body of a function may have."""
    max_candidates: int = 8
    """How many bodies are tried for one function."""
    budget_s: float = 90.0
    """How many seconds the search for a body may take, the runs included."""
    more_s: float = 4.0
    """How long to go on after the first body that passes, so that several can be compared."""
    repair_s: float = 20.0
    """How long to mend the best body line by line when none passes; 0 means not at all."""
    repeats: int = 3
    """How often a body must pass before it is offered."""
    offer_unverified: bool = False
    """When there was something to run and no candidate passed it, offer the best one anyway."""
    recent_chunks: int = 16
    """How many pieces of recently visited code are kept as context; 0 means none."""
    check_accepted: bool = True
    """Run an accepted body's examples and tests in the background (trusted folders only)."""
    show_checked: bool = True
    """Say at the function what came of that, as a hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixConfig:
    """``fix failing test``."""

    budget_s: float = 60.0
    """How long to search, the runs included."""
    max_candidates: int = 400
    """How many patches to try, those by rule included."""
    max_tokens: int = 6000
    """How many tokens the model may write, all candidates together."""
    more_s: float = 5.0
    """How long to go on after the first plausible patch, so that several can be compared."""
    repair_rounds: int = 2
    """How often to ask again with the new failure when nothing was plausible; at most two."""
    line_max_tokens: int = 48
    """How many tokens the model may write where one line is replaced."""
    repeats: int = 3
    """How often a patch must pass before it is offered."""
    sources: tuple[str, ...] = ()
    """Which kinds of candidates to try, in this order; empty means all, those first that the ledger
    says work for this model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LensConfig:
    """Code lenses: what stands above a function and can be clicked."""

    bodies: bool = True
    """*Write the body* above documented functions without one."""
    tests: bool = True
    """*Run* and *Fix* above tests that are red."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoConfig:
    """How Go tests are run."""

    command: str = ""
    """Empty: ``go`` beside the server's own Python or on PATH, never one inside the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsConfig:
    """Other test runners, and results that come from elsewhere."""

    __test__ = False

    command: tuple[str, ...] = ()
    """A program and its arguments that run the tests of files that no other runner owns; ``{test}``
    stands for the test's file or id, ``{junit}`` for where to write JUnit XML."""
    files: tuple[str, ...] = ()
    """Patterns of the test files that the command runs, such as ``*.test.ts``."""
    junit_xml: str = ""
    """A JUnit XML file, relative to the workspace's folder, whose failures are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyConfig:
    """Limits of a sandboxed run."""

    timeout_s: float = 20.0
    """How many seconds one test may run."""
    suite_timeout_s: float = 60.0
    """How many seconds a whole run of tests may take."""
    max_memory_bytes: int = 2 * 1024**3
    """How many bytes of memory a run may use."""
    max_processes: int = 128
    """How many processes a run may have at once."""
    max_output_bytes: int = 10 * 1024**2
    """How many bytes of a run's output are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """The record of every suggestion."""

    path: str = ""
    """Empty: the user's data directory."""
    keep_text: bool = False
    """Keep source text and suggestions, not only their hashes and lengths."""
    retention_days: int = 90
    """Kept text that is older is removed; 0 keeps it for ever."""
    follow: bool = True
    """Look later what became of accepted suggestions."""
    verify_refused: bool = True
    """Run refused suggestions as well where that is cheap: in idle time, in trusted folders."""
    show_p_right: bool = True
    """Say with a suggestion how likely it is right, by what the ledger knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryConfig:
    """OpenTelemetry, to a collector of one's own. Off until it is turned on."""

    enabled: bool = False
    """Send metrics and traces to the collector."""
    endpoint: str = ""
    """The collector's OTLP/HTTP address, such as ``http://127.0.0.1:4318``."""
    headers: tuple[str, ...] = ()
    """Headers of each request, ``NAME=VALUE``; for a secret, ``NAME=env:VARIABLE``."""
    interval_s: float = 30.0
    """How often metrics are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    python: PythonConfig = field(default_factory=PythonConfig)
    explain: ExplainConfig = field(default_factory=ExplainConfig)
    complete: CompleteConfig = field(default_factory=CompleteConfig)
    fix: FixConfig = field(default_factory=FixConfig)
    lens: LensConfig = field(default_factory=LensConfig)
    go: GoConfig = field(default_factory=GoConfig)
    tests: TestsConfig = field(default_factory=TestsConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    ledger: LedgerConfig = field(default_factory=LedgerConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
