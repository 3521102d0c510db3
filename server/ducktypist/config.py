"""Settings: what they are, where they come from, who may set what.

Read in ``app``, ``cli``, ``lsp`` and ``doctor`` only. Three layers, later ones win: the user's
``config.toml``, the workspace's ``.ducktypist.toml``, the editor's settings. A workspace file that
nobody trusted may not set what starts programs, opens connections or weakens a check, and none may
name a secret. No setting holds a secret's value: an API key lies in the environment or in the
system's keyring (``keys.py``).
An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import reprlib
import tomllib
import typing
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from ducktypist.errors import ConfigError

APP = "ducktypist"
WORKSPACE_FILE = ".ducktypist.toml"
MAX_CONFIG_BYTES = 16 * 1024
"""Many times all settings with comments. tomllib takes a minute for 100 KiB of one dotted key, and
a workspace's file is anybody's."""
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
    request_timeout_s: float = 120.0


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
    max_tokens: int = 180
    max_lines: int = 60
    """A longer block is explained by its first lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteConfig:
    """Inline completion and ``write the body``."""

    inline_enabled: bool = True
    inline_max_tokens: int = 96
    debounce_ms: int = 150
    max_tokens: int = 320
    max_candidates: int = 8
    budget_s: float = 90.0
    repeats: int = 3
    offer_unverified: bool = True
    """Offer the best candidate although nothing confirmed it, labelled as such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixConfig:
    """``fix failing test``."""

    budget_s: float = 60.0
    """How long to search, the runs included."""
    max_candidates: int = 400
    """How many patches to try, those by rule included."""
    max_tokens: int = 6000
    """How many tokens the model may write, all candidates together."""
    more_s: float = 10.0
    """How long to go on after the first plausible patch, so that several can be compared."""
    repair_rounds: int = 2
    """How often to ask again with the new failure when nothing was plausible; at most two."""
    line_max_tokens: int = 48
    repeats: int = 3
    sources: tuple[str, ...] = ()
    """Which kinds of candidates to try, in this order; empty means all, those first that the ledger
    says work for this model."""


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
    suite_timeout_s: float = 60.0
    max_memory_bytes: int = 2 * 1024**3
    max_processes: int = 128
    max_output_bytes: int = 10 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """The record of every suggestion."""

    path: str = ""
    """Empty: the user's data directory."""
    keep_text: bool = False
    """Keep source text and suggestions, not only their hashes and lengths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    python: PythonConfig = field(default_factory=PythonConfig)
    explain: ExplainConfig = field(default_factory=ExplainConfig)
    complete: CompleteConfig = field(default_factory=CompleteConfig)
    fix: FixConfig = field(default_factory=FixConfig)
    go: GoConfig = field(default_factory=GoConfig)
    tests: TestsConfig = field(default_factory=TestsConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    ledger: LedgerConfig = field(default_factory=LedgerConfig)


RESTRICTED = frozenset(
    {
        "engine",
        "model",
        "python",
        "go",
        "tests",
        "ledger",
        "verify.max_memory_bytes",
        "verify.max_processes",
        "verify.max_output_bytes",
    }
)
"""Sections and keys that a workspace file may set only in a trusted folder: they name programs,
addresses and files, or widen what a run may use."""


NEVER_FROM_A_WORKSPACE = frozenset({"engine.api_key_env"})
"""What no workspace file may set, trusted or not: running a folder's tests in a sandbox is one
thing, sending a variable of this environment to an address is another."""

CHOICES = {
    "engine.kv_type": ("f16", "q8_0", "q4_0"),
    "engine.flash_attention": ("auto", "on", "off"),
}
"""Settings that take one of a few words."""
LEAST: dict[str, float] = {
    "engine.n_ctx_tokens": 1,
    "engine.n_threads": 0,
    "engine.n_gpu_layers": -1,
    "engine.cache_tokens": 0,
    "engine.step_timeout_s": 0,
    "engine.idle_unload_s": 0,
    "engine.request_timeout_s": 0.001,
}
"""The smallest value that a setting takes."""
ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")


def user_config_path() -> Path:
    """Return where the user's settings lie, whether or not the file exists."""
    return platformdirs.user_config_path(APP) / "config.toml"


def data_dir() -> Path:
    """Return the folder for models and the ledger (``DUCKTYPIST_DATA_DIR`` overrides it)."""
    override = os.environ.get("DUCKTYPIST_DATA_DIR")
    return Path(override) if override else platformdirs.user_data_path(APP)


def state_dir() -> Path:
    """Return the folder for logs, trust and rates (``DUCKTYPIST_STATE_DIR`` overrides it)."""
    override = os.environ.get("DUCKTYPIST_STATE_DIR")
    return Path(override) if override else platformdirs.user_state_path(APP)


def cache_dir() -> Path:
    """Return the folder for scratch trees (``DUCKTYPIST_CACHE_DIR`` overrides it)."""
    override = os.environ.get("DUCKTYPIST_CACHE_DIR")
    return Path(override) if override else platformdirs.user_cache_path(APP)


def runtime_dir() -> Path:
    """Return the folder for the host's socket (``DUCKTYPIST_RUNTIME_DIR`` overrides it)."""
    override = os.environ.get("DUCKTYPIST_RUNTIME_DIR")
    if override:
        return Path(override)
    # Without it, /tmp would be left, where anybody can be first.
    given = os.environ.get("XDG_RUNTIME_DIR")
    return Path(given) / APP if given else cache_dir() / "run"


def ledger_path(config: LedgerConfig) -> Path:
    """Return the ledger's file."""
    return Path(config.path).expanduser() if config.path else data_dir() / "ledger.sqlite3"


def read_file(path: Path) -> dict[str, Any]:
    """Return the settings of one TOML file, ``{}`` when there is none.

    Raises:
        ConfigError: The file is too large, not a regular file, not UTF-8 or not TOML.
    """
    if not path.exists():
        return {}
    if not path.is_file():
        raise ConfigError(f"{path} is not a regular file; settings are read from a TOML file")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
        if len(raw) > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_CONFIG_BYTES} bytes; shorten it")
        return tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def restricted_keys(settings: Mapping[str, Any], *, trusted: bool = False) -> tuple[str, ...]:
    """Return the keys of ``settings`` that a workspace file may not set, trusted or not."""
    refused = NEVER_FROM_A_WORKSPACE if trusted else RESTRICTED
    found = [section for section in settings if section in refused]
    for section, value in settings.items():
        if isinstance(value, Mapping):
            found += [f"{section}.{key}" for key in value if f"{section}.{key}" in refused]
    return tuple(found)


def merge(base: Config, settings: Mapping[str, Any], *, source: str) -> Config:
    """Return ``base`` with ``settings`` laid over it.

    Args:
        base: What holds where ``settings`` says nothing.
        settings: Sections by name, each a mapping of keys.
        source: Where they came from, for messages.

    Raises:
        ConfigError: A key is unknown or a value has the wrong type.
    """
    sections = {item.name: item for item in dataclasses.fields(Config)}
    changed: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in sections:
            raise ConfigError(_unknown(name, sections, source))
        if not isinstance(value, Mapping):
            raise ConfigError(f"{source}: `{name}` is a section, not a value")
        changed[name] = _merge_section(getattr(base, name), value, section=name, source=source)
    return dataclasses.replace(base, **changed)


def known_keys() -> dict[str, type]:
    """Return every setting as ``section.key`` with its type, for clients' manifests and docs."""
    known: dict[str, type] = {}
    for section, default in dataclasses.asdict(Config()).items():
        hints = typing.get_type_hints(type(getattr(Config(), section)))
        known.update({f"{section}.{key}": hints[key] for key in default})
    return known


def _merge_section(base: Any, value: Mapping[str, Any], *, section: str, source: str) -> Any:  # noqa: ANN401 - any of the section dataclasses
    hints = typing.get_type_hints(type(base))
    changed: dict[str, Any] = {}
    for key, given in value.items():
        if key not in hints:
            raise ConfigError(_unknown(key, hints, source, prefix=f"{section}."))
        expected = hints[key]
        accepted = given
        if expected is float and isinstance(given, int) and not isinstance(given, bool):
            accepted = float(given)
        if type(accepted) is not expected:
            raise ConfigError(
                f"{source}: `{section}.{key}` must be {_named(expected)}, "
                f"got {_named(type(given))} {reprlib.repr(given)}"
            )
        _check(f"{section}.{key}", accepted, source)
        changed[key] = accepted
    merged = dataclasses.replace(base, **changed)
    if isinstance(merged, EngineConfig):
        _check_together(merged, source)
    return merged


def _check(name: str, value: Any, source: str) -> None:  # noqa: ANN401 - a value of any setting
    choices = CHOICES.get(name)
    if choices is not None and value not in choices:
        raise ConfigError(
            f"{source}: `{name}` must be one of {', '.join(choices)}, got {reprlib.repr(value)}"
        )
    if name in LEAST and not value >= LEAST[name]:
        raise ConfigError(f"{source}: `{name}` must be at least {LEAST[name]:g}, got {value}")
    # What was written may be the key itself, so it is not repeated.
    if name == "engine.api_key_env" and value and not ENVIRONMENT_NAME.fullmatch(value):
        raise ConfigError(
            f"{source}: `{name}` must be the name of an environment variable (capital letters, "
            f"digits, underscores), not a key; store a key with `ducktypist key set URL`"
        )
    if name == "engine.url" and value:
        try:
            origin_of(value)
        except ConfigError as error:
            raise ConfigError(f"{source}: `{name}`: {error}") from None


def _check_together(engine: EngineConfig, source: str) -> None:
    if engine.kv_type != "f16" and engine.flash_attention == "off":
        raise ConfigError(
            f"{source}: `engine.kv_type` = {engine.kv_type!r} needs flash attention; set "
            f"`engine.flash_attention` to auto or on, or `engine.kv_type` to f16"
        )


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, without the port that the scheme implies.

    Raises:
        ConfigError: It is no http address, or holds a user, a password or a query, which are
            places for secrets; the message does not repeat it.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError("this is not an address such as http://127.0.0.1:8080") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("the address must begin with http:// or https:// and name a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            "the address must not hold a user, a password, a query or a fragment; store a key "
            "with `ducktypist key set URL`"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    implied = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in {None, implied} else f":{port}")


def _named(kind: type) -> str:
    names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(kind, kind.__name__)


def _unknown(key: str, known: Mapping[str, object], source: str, prefix: str = "") -> str:
    close = difflib.get_close_matches(str(key), list(known), n=1, cutoff=0.5)
    hint = f"; did you mean `{prefix}{close[0]}`?" if close else f"; known: {', '.join(known)}"
    return f"{source}: unknown setting `{prefix}{key!s:.60}`{hint}"
