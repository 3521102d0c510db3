"""Reads one file of settings; what they mean is ``merging``'s business."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ducktypist.errors import ConfigError

MAX_CONFIG_BYTES = 16 * 1024
"""Many times all settings with comments. tomllib takes a minute for 100 KiB of one dotted key, and
a workspace's file is anybody's."""


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
