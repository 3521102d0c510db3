"""Which folders the user trusts: only there is anything of a workspace ever executed.

A list of real paths in the user's state folder. A folder is trusted when it or one of its parents
is on the list. What an editor says (``initializationOptions.trusted``) is asked elsewhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from ducktypist.config import state_dir
from ducktypist.errors import ConfigError


def trust_file() -> Path:
    """Return where the list lies, whether or not it exists."""
    return state_dir() / "trusted.json"


def trusted_folders() -> tuple[Path, ...]:
    """Return the listed folders; an unreadable list trusts nothing."""
    try:
        listed = json.loads(trust_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    if not isinstance(listed, list):
        return ()
    return tuple(Path(item) for item in listed if isinstance(item, str))


def is_trusted(folder: Path) -> bool:
    """Tell whether ``folder`` or one of its parents is on the list."""
    real = folder.resolve()
    return any(real.is_relative_to(item) for item in trusted_folders())


def trust(folder: Path) -> Path:
    """Put a folder on the list and return its real path.

    Raises:
        ConfigError: There is no such folder, or it is the root of the file system.
    """
    real = folder.expanduser().resolve()
    if not real.is_dir():
        raise ConfigError(f"{folder} is not a folder; name the folder whose code may be run")
    if real == Path(real.anchor):
        raise ConfigError("the root of the file system cannot be trusted as a whole; name a folder")
    _write(sorted({*trusted_folders(), real}))
    return real


def distrust(folder: Path) -> bool:
    """Take a folder off the list; False when it was not on it."""
    real = folder.expanduser().resolve()
    listed = trusted_folders()
    if real not in listed:
        return False
    _write([item for item in listed if item != real])
    return True


def _write(folders: list[Path]) -> None:
    path = trust_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps([str(item) for item in folders], indent=2), encoding="utf-8")
        draft.chmod(0o600)
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
