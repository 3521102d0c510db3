"""Explanations that were made: in memory for this window, as files for all windows.

A file is known by the hash of everything that the answer follows from (normalised code, facts,
prompt, model, settings), so that nothing ever has to be invalidated. It holds prose about the
person's code, lies in the user's cache folder, is readable by the user alone, and goes after some
time. A file that cannot be read or written costs an answer's being asked for again, no more.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ducktypist.domain import ClaimCount
from ducktypist.prompting.markdown import plain_markdown

MAX_IN_MEMORY = 512
MAX_FILES = 5000
MAX_FILE_BYTES = 100_000
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a model said of one block, checked."""

    prose: str
    claims: ClaimCount
    suggestion_id: str
    total_ms: float

    def as_json(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        return {
            "format": FORMAT,
            "prose": self.prose,
            "claims": [
                self.claims.n_confirmed,
                self.claims.n_contradicted,
                self.claims.n_unconfirmed,
            ],
            "suggestion_id": self.suggestion_id,
            "total_ms": self.total_ms,
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Told:
        """Return what an object of JSON holds.

        Raises:
            ValueError: It is not what we wrote.
        """
        try:
            confirmed, contradicted, unconfirmed = map(int, found["claims"])
            if found["format"] != FORMAT or not isinstance(found["prose"], str):
                raise ValueError("another format")
            return cls(
                prose=found["prose"],
                claims=ClaimCount(
                    n_confirmed=confirmed, n_contradicted=contradicted, n_unconfirmed=unconfirmed
                ),
                suggestion_id=str(found["suggestion_id"]),
                total_ms=float(found["total_ms"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an explanation: {error}") from error


@dataclass(slots=True, kw_only=True)
class ExplanationStore:
    """What was told, by the hash of what it follows from."""

    folder: Path | None
    """Where the files lie; None keeps this window's in memory alone."""
    keep_days: int
    """Files that nobody read for so long go; with none, no file is written or read."""
    _memory: OrderedDict[str, Told] = field(default_factory=OrderedDict)

    def get(self, key: str) -> Told | None:
        """Return what was told; reads a file, so callers use a thread.

        Args:
            key: Hexadecimal.
        """
        told = self._memory.get(key)
        if told is None and self.folder is not None and self.keep_days > 0:
            told = self._read(self._file(self.folder, key))
        if told is not None:
            self._remember(key, told)
        return told

    def put(self, key: str, told: Told) -> None:
        """Keep what was told; writes a file, so callers use a thread."""
        self._remember(key, told)
        if self.folder is None or self.keep_days < 1:
            return
        file = self._file(self.folder, key)
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            try:
                with open(temporary, "w", encoding="utf-8", opener=_for_the_user_alone) as stream:
                    json.dump(told.as_json(), stream)
                temporary.replace(file)
            finally:
                temporary.unlink(missing_ok=True)

    def forget(self, key: str) -> None:
        """Drop what was told, for all windows."""
        self._memory.pop(key, None)
        if self.folder is not None:
            with contextlib.suppress(OSError):
                self._file(self.folder, key).unlink(missing_ok=True)

    def sweep(self, *, now_s: float | None = None) -> int:
        """Remove files that nobody read for long, and the oldest beyond a number.

        Args:
            now_s: Seconds since the epoch; None for now.

        Returns:
            How many went.
        """
        if self.folder is None:
            return 0
        now = time.time() if now_s is None else now_s
        found: list[tuple[float, Path]] = []
        with contextlib.suppress(OSError):
            for file in self.folder.glob("??/*"):
                with contextlib.suppress(OSError):
                    found.append((file.stat().st_mtime, file))
        found.sort(reverse=True)
        oldest = now - self.keep_days * 86400.0
        n_gone = 0
        for number, (read_s, file) in enumerate(found):
            if number < MAX_FILES and read_s >= oldest:
                continue
            with contextlib.suppress(OSError):
                file.unlink()
                n_gone += 1
        return n_gone

    def _read(self, file: Path) -> Told | None:
        try:
            if file.stat().st_size > MAX_FILE_BYTES:
                return None
            found = json.loads(file.read_text("utf-8"))
            told = Told.of_json(found if isinstance(found, dict) else {})
            # Whatever lies there, nothing to click comes out of it.
            told = replace(told, prose=plain_markdown(told.prose))
            # What is read stays; the sweep goes by this time.
            os.utime(file)
        except (OSError, ValueError):
            return None
        return told

    def _remember(self, key: str, told: Told) -> None:
        self._memory[key] = told
        self._memory.move_to_end(key)
        while len(self._memory) > MAX_IN_MEMORY:
            self._memory.popitem(last=False)

    @staticmethod
    def _file(folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key[2:]}.json"


def _for_the_user_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
