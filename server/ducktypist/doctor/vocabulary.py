"""Words and places that say nothing about a person, because everybody's installation has them."""

from __future__ import annotations

import re
from typing import Final

PUBLIC_ROOTS: Final = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/etc",
    "/proc",
    "/sys",
    "/dev",
    "/opt/homebrew",
    "/System",
    "/nonexistent",
)
"""Folders of the system, the same on every machine."""
PUBLIC_HOSTS: Final = frozenset(
    {"go.dev", "github.com", "huggingface.co", "pypi.org", "docs.python.org"}
)
PUBLIC_WORDS: Final = frozenset(
    {
        *("ducktypist", "python", "pytest", "go", "git", "rust", "bash", "shell", "code", "src"),
        *("test", "tests", "docs", "lib", "bin", "app", "main", "server", "client", "clients"),
        *("engine", "model", "models", "ledger", "sandbox", "settings", "trust", "path", "build"),
        *("speed", "memory", "gpu", "cpu", "folders", "ok", "warn", "fail", "tmp", "home"),
        *("linux", "darwin", "windows", "macos", "debian", "ubuntu", "localhost", "host", "user"),
        *("name", "version", "status", "details", "level", "reason", "data", "state", "cache"),
    }
)
"""Words of the report itself: as the name of a workspace or a person they give nobody away, and
without them the report could not be read."""
_PARTS: Final = frozenset(
    {
        *(".local", ".config", ".cache", ".venv", "venv", "Library", "AppData", "Local", "Roaming"),
        *("Application Support", "Caches", "share", "state", "lib", "lib64", "bin", "Scripts"),
        *("site-packages", "dist-packages", "ducktypist", "ducktypist.exe", "models", "run"),
        *("scratch", "partial", "locks", "local", "config.toml", ".ducktypist.toml", "go", "tmp"),
        *("ledger.sqlite3", "ledger.sqlite3.key", "ledger.sqlite3-wal", "trusted.json", "nvim"),
        *("hashes.json", ".vscode", ".vscode-server", ".vscode-insiders", ".vscode-oss", "plugged"),
        *("code-server", "extensions", "lazy", "site", "pack", "start", "opt", "go.mod", "uv"),
        *("tools", "pipx", "venvs", "Users", "home"),
    }
)
_PATTERNS: Final = re.compile(
    r"python(?:\d(?:\.\d+)?)?(?:\.exe)?|ducktypist\.ducktypist-[\d.]+|"
    r"(?:host|rates)-[0-9a-f]{12}\.(?:log|json|history\.json)|[0-9a-f]{12}\.sock(?:\.record)?"
)


def is_everybodys(part: str, models: frozenset[str]) -> bool:
    """Tell whether one part of a path is in everybody's installation.

    Args:
        part: A file's or folder's name.
        models: The names of the models that the catalogue lists.
    """
    return (
        part in _PARTS
        or _PATTERNS.fullmatch(part) is not None
        or part.removesuffix(".gguf").removesuffix(".json") in models
    )
