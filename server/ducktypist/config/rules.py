"""Who may set what, and which values a setting takes."""

from __future__ import annotations

import re

from ducktypist.domain import OF_BODIES, Source

RESTRICTED = frozenset(
    {
        "engine",
        "model",
        "python",
        "go",
        "tests",
        "ledger",
        "telemetry",
        "explain.language",
        "explain.audience",
        "verify.max_memory_bytes",
        "verify.max_processes",
        "verify.max_output_bytes",
    }
)
"""Sections and keys that a workspace file may set only in a trusted folder: they name programs,
addresses and files, widen what a run may use, or become words of a prompt."""


NEVER_FROM_A_WORKSPACE = frozenset(
    {
        "engine.api_key_env",
        "telemetry.enabled",
        "telemetry.endpoint",
        "telemetry.headers",
        "telemetry.interval_s",
    }
)
"""What no workspace file may set, trusted or not: running a folder's tests in a sandbox is one
thing, sending a variable of this environment or what the ledger holds to an address another."""

CHOICES = {
    "engine.kv_type": ("f16", "q8_0", "q4_0"),
    "engine.flash_attention": ("auto", "on", "off"),
    "explain.depth": ("line", "short", "thorough"),
    "fix.sources": tuple(str(source) for source in Source if source not in OF_BODIES),
}
"""Settings that take one of a few words, or several of them."""
LEAST: dict[str, float] = {
    "engine.n_ctx_tokens": 1,
    "engine.n_threads": 0,
    "engine.n_gpu_layers": -1,
    "engine.cache_tokens": 0,
    "engine.step_timeout_s": 0,
    "engine.idle_unload_s": 0,
    "engine.request_timeout_s": 0.001,
    "explain.max_tokens": 16,
    "explain.max_lines": 1,
    "explain.hover_wait_ms": 0,
    "explain.keep_days": 0,
    "fix.budget_s": 1,
    "fix.max_candidates": 1,
    "fix.max_tokens": 0,
    "fix.more_s": 0,
    "fix.repair_rounds": 0,
    "fix.line_max_tokens": 1,
    "fix.repeats": 1,
    "ledger.retention_days": 0,
    "telemetry.interval_s": 1,
}
"""The smallest value that a setting takes."""
MOST: dict[str, float] = {
    "explain.hover_wait_ms": 20_000,
    "fix.budget_s": 3600,
    "fix.more_s": 3600,
    "fix.repair_rounds": 2,
}
"""The largest value that a setting takes."""
ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
