"""Where things lie on this machine: settings, models, logs, scratch trees, the socket."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from ducktypist.config.sections import LedgerConfig

APP = "ducktypist"
WORKSPACE_FILE = ".ducktypist.toml"


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
