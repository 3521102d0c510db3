"""Which of a project's own ``addopts`` a verification keeps.

``-x``, ``--cov``, ``-n`` and their like change which tests run or how they are told apart, so none
is taken over by default. What a project cannot be imported or collected without is. Reads the
root's settings files; pure otherwise.
"""

from __future__ import annotations

import configparser
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

MAX_FILE_BYTES = 256 * 1024
_KEPT_WITH_VALUE = frozenset(
    {"--import-mode", "--asyncio-mode", "--ds", "--dc", "--confcutdir", "--ignore", "--ignore-glob"}
)
_KEPT_FLAGS = frozenset({"--doctest-modules", "--pyargs", "--strict-markers", "--strict-config"})
_DROPPED_PLUGINS = frozenset({"xdist", "randomly", "rerunfailures", "cacheprovider", "pytest_cov"})


def kept_options(root: Path, overlay: Mapping[Path, str]) -> tuple[str, ...]:
    """Return the arguments of the project's ``addopts`` that are passed on."""
    for name in ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        text = overlay.get(Path(name))
        if text is None:
            text = _read(root / name)
        addopts = None if text is None else _addopts(name, text)
        if addopts is not None:
            return tuple(_kept(addopts))
    return ()


def _kept(addopts: list[str]) -> Iterator[str]:
    waiting = list(addopts)
    while waiting:
        word = waiting.pop(0)
        name, has_value, _ = word.partition("=")
        if name in _KEPT_WITH_VALUE and (has_value or waiting):
            yield word if has_value else f"{word}={waiting.pop(0)}"
        elif word in _KEPT_FLAGS:
            yield word
        elif word == "-p" and waiting:
            plugin = waiting.pop(0)
            if plugin.removeprefix("no:") not in _DROPPED_PLUGINS:
                yield from ("-p", plugin)


def _addopts(name: str, text: str) -> list[str] | None:
    """Return the file's ``addopts``; None when the file does not configure pytest."""
    try:
        if name == "pyproject.toml":
            section = tomllib.loads(text).get("tool", {}).get("pytest", {}).get("ini_options")
            if section is None:
                return None
            value = section.get("addopts", "")
            return [str(word) for word in value] if isinstance(value, list) else shlex.split(value)
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(text)
        title = "tool:pytest" if name == "setup.cfg" else "pytest"
        if not parser.has_section(title):
            # pytest takes a pytest.ini for the settings even when it is empty.
            return [] if name.endswith("pytest.ini") else None
        return shlex.split(parser.get(title, "addopts", fallback=""))
    except (tomllib.TOMLDecodeError, configparser.Error, ValueError, TypeError, AttributeError):
        # pytest itself will complain, and its words reach the user.
        return None


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return None
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
