"""Checks of what was written down: the user's settings, the workspace's, and trust."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from ducktypist import __version__, config
from ducktypist.config import Config
from ducktypist.doctor.check import Check, bad, doubtful, good
from ducktypist.doctor.subject import Subject
from ducktypist.domain import Json
from ducktypist.errors import ConfigError

LIBRARIES = ("llama-cpp-python", "pygls", "lsprotocol", "apsw", "httpx", "tree-sitter")
"""Those whose version explains most reports of trouble."""
MINIMUM_PYTHON = (3, 11)


def python(subject: Subject) -> Check:
    """Look at the Python that runs this, and at the libraries it brings."""
    versions: dict[str, Json] = {name: _version(name) for name in LIBRARIES}
    details: dict[str, Json] = {
        "version": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": platform.platform(),
        "libraries": versions,
    }
    summary = f"Ducktypist {__version__} on Python {platform.python_version()}"
    if sys.version_info < MINIMUM_PYTHON:
        return bad("python", f"{summary}, which is too old", "install Python 3.11", **details)
    missing = [
        name
        for name, version in versions.items()
        if version is None and not (name == "llama-cpp-python" and subject.is_remote)
    ]
    if missing:
        return bad(
            "python",
            f"{summary}, without {', '.join(missing)}",
            "install Ducktypist again: it needs them",
            **details,
        )
    return good("python", summary, **details)


def user_settings(subject: Subject) -> Check:
    """Read the user's own file, and tell what else is wrong with the settings put together."""
    name, path = "settings-user", config.user_config_path()
    details: dict[str, Json] = {"path": str(path), "exists": path.exists()}
    try:
        config.merge(Config(), config.read_file(path), source=str(path))
    except ConfigError as error:
        return bad(name, str(error), f"correct {path}; until then nothing in it holds", **details)
    workspace_file = str(subject.folder / config.WORKSPACE_FILE)
    others = [text for text in subject.problems if not text.startswith(workspace_file)]
    if others:
        details["problems"] = list(others)
        return doubtful(name, "; ".join(others), f"correct it in {path}", **details)
    summary = f"{path} is valid" if path.exists() else f"no {path}: all settings are the defaults"
    return good(name, summary, **details)


def workspace_settings(subject: Subject) -> Check:
    """Read the folder's file, and tell what of it is ignored because nobody trusts the folder."""
    name, path = "settings-workspace", subject.folder / config.WORKSPACE_FILE
    if not path.exists():
        return good(name, f"no {config.WORKSPACE_FILE} in {subject.folder}", path=str(path))
    try:
        settings = config.read_file(path)
        config.merge(Config(), settings, source=str(path))
    except ConfigError as error:
        return bad(name, str(error), f"correct {path}; until then nothing in it holds")
    never = config.restricted_keys(settings, trusted=True)
    refused = config.restricted_keys(settings, trusted=subject.is_trusted)
    if not refused:
        return good(name, f"{path} is valid", path=str(path), ignored=[])
    only_trust = [key for key in refused if key not in never]
    advice = (
        f"trust the folder with `ducktypist trust {subject.folder}` if its code is yours"
        if only_trust
        else "set that in your own settings: no workspace may"
    )
    return doubtful(
        name, f"{path}: {', '.join(refused)} ignored", advice, path=str(path), ignored=list(refused)
    )


def trust(subject: Subject) -> Check:
    """Tell whether code of the folder may be run."""
    if subject.is_trusted:
        return good("trust", f"{subject.folder} is trusted: its tests run in the sandbox")
    return doubtful(
        "trust",
        f"{subject.folder} is not trusted: nothing of it is run, no suggestion is verified there",
        f"run `ducktypist trust {subject.folder}` if its code is yours",
    )


def _version(distribution: str) -> str | None:
    try:
        # Three parts: a fourth makes it look like the address of a machine in a report.
        return ".".join(metadata.version(distribution).split(".")[:3])
    except metadata.PackageNotFoundError:
        return None
