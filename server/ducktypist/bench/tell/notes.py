"""What a collection knows of itself: which tasks were put to which model, and which are graded.

A JSON file beside the ledger, so that a run can go on where another one stopped.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ducktypist.errors import DucktypistError

VERSION = 1


@dataclass(slots=True, kw_only=True)
class Put:
    """One task that one model was asked."""

    task: str
    """Its id."""
    suggestion_ids: list[str] = field(default_factory=list)
    """What came of it, and can be graded."""
    n_right: int = 0
    is_graded: bool = False
    problem: str = ""
    """Why nothing can be said of it; empty when something can."""


@dataclass(slots=True)
class Notes:
    """All of it."""

    path: Path
    models: dict[str, dict[str, Put]] = field(default_factory=dict)
    """By the model file's SHA-256, then by the task's key."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Why a task says nothing, by its key."""
    usable: set[str] = field(default_factory=set)
    """Keys of tasks whose right answer passes and whose hole fails."""

    @classmethod
    def read(cls, path: Path) -> Notes:
        """Return what a file holds; nothing where there is none.

        Raises:
            DucktypistError: It cannot be read, or is something else.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(path=path)
        except (OSError, ValueError) as error:
            raise DucktypistError(f"{path} cannot be read: {error}") from error
        if not isinstance(found, dict) or found.get("version") != VERSION:
            raise DucktypistError(f"{path} holds no notes of a collection, version {VERSION}")
        models: dict[str, dict[str, dict[str, Any]]] = found["models"]
        return cls(
            path=path,
            models={
                model: {key: Put(**put) for key, put in tasks.items()}
                for model, tasks in models.items()
            },
            unusable=found["unusable"],
            usable=set(found["usable"]),
        )

    def write(self) -> None:
        """Put the file in the place of the old one."""
        whole = {
            "version": VERSION,
            "models": {
                model: {key: asdict(put) for key, put in tasks.items()}
                for model, tasks in self.models.items()
            },
            "unusable": self.unusable,
            "usable": sorted(self.usable),
        }
        new = self.path.with_name(self.path.name + ".new")
        try:
            new.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
            new.replace(self.path)
        except OSError as error:
            raise DucktypistError(f"{self.path} cannot be written: {error.strerror}") from error

    def of(self, model_sha256: str) -> dict[str, Put]:
        """Return what one model was asked, by the task's key."""
        return self.models.setdefault(model_sha256, {})


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a collection for oneself: what a ledger got meanwhile would be taken for one's own.

    Raises:
        DucktypistError: Another run has it, or no file can be made there.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DucktypistError(f"{lock} cannot be made: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DucktypistError(f"another run is collecting into {path} already") from error
        yield
    finally:
        os.close(handle)
