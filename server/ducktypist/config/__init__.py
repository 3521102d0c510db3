"""Settings: what they are, where they come from, who may set what.

Read in ``app``, ``cli``, ``lsp`` and ``doctor`` only. Three layers, later ones win: the user's
``config.toml``, the workspace's ``.ducktypist.toml``, the editor's settings. A workspace file that
nobody trusted may not set what starts programs, opens connections or weakens a check, and none may
name a secret. No setting holds a secret's value: an API key lies in the environment or in the
system's keyring (``keys.py``).
An unknown key is an error that names the nearest known one.
"""

from ducktypist.config.addresses import origin_of
from ducktypist.config.merging import STRINGS, known_keys, merge, restricted_keys
from ducktypist.config.places import (
    APP,
    WORKSPACE_FILE,
    cache_dir,
    data_dir,
    ledger_path,
    runtime_dir,
    state_dir,
    user_config_path,
)
from ducktypist.config.reading import MAX_CONFIG_BYTES, read_file
from ducktypist.config.rules import (
    CHOICES,
    ENVIRONMENT_NAME,
    LEAST,
    MOST,
    NEVER_FROM_A_WORKSPACE,
    RESTRICTED,
)
from ducktypist.config.sections import (
    DEFAULT_MODEL,
    CompleteConfig,
    Config,
    EngineConfig,
    ExplainConfig,
    FixConfig,
    GoConfig,
    LedgerConfig,
    LensConfig,
    ModelConfig,
    PythonConfig,
    TelemetryConfig,
    TestsConfig,
    VerifyConfig,
)

__all__ = [
    "APP",
    "CHOICES",
    "DEFAULT_MODEL",
    "ENVIRONMENT_NAME",
    "LEAST",
    "MAX_CONFIG_BYTES",
    "MOST",
    "NEVER_FROM_A_WORKSPACE",
    "RESTRICTED",
    "STRINGS",
    "WORKSPACE_FILE",
    "CompleteConfig",
    "Config",
    "EngineConfig",
    "ExplainConfig",
    "FixConfig",
    "GoConfig",
    "LedgerConfig",
    "LensConfig",
    "ModelConfig",
    "PythonConfig",
    "TelemetryConfig",
    "TestsConfig",
    "VerifyConfig",
    "cache_dir",
    "data_dir",
    "known_keys",
    "ledger_path",
    "merge",
    "origin_of",
    "read_file",
    "restricted_keys",
    "runtime_dir",
    "state_dir",
    "user_config_path",
]
