"""What a host leaves behind, and what the next one reads from it: how did the last one end?

The host keeps a small record beside its socket and takes it away at an orderly end. A record whose
process is gone is a death; the kernel's counters, the log and the host's own last words tell its
cause. Windows look at the same record to say why their request failed. Decides nothing about what
happens next: that is ``history.py``.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from ducktypist.domain import Json
from ducktypist.engine import oom_counters

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MAX_LOG_BYTES = 256 * 1024
MAX_DETAIL = 300

MEMORY_WORDS = re.compile(
    r"out of memory|failed to allocate|unable to allocate|cannot allocate memory|bad_alloc|"
    r"cudaMalloc failed|hipMalloc failed|OutOf(Device|Host|Pool)?Memory|insufficient memory|"
    r"MemoryError",
    re.IGNORECASE,
)
"""What ggml and its backends, the C++ library and Python say when memory runs out."""
FATAL_WORDS = re.compile(r"Fatal Python error: .*|.*GGML_ASSERT\(.*|.*: (CUDA|ROCm) error.*")
"""What ``faulthandler`` and ggml write before the process is ended by a signal of its own."""


class Cause(enum.StrEnum):
    """Why a host ended that did not mean to."""

    OUT_OF_MEMORY = "out_of_memory"
    HUNG = "hung"
    """The watchdog ended it."""
    CRASHED = "crashed"
    """llama.cpp aborted, or broke down and said so."""
    FAILED = "failed"
    """The model did not load."""
    KILLED = "killed"
    """Somebody outside ended it, or it ended without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a host was loaded with; until the model is there, what it was asked to load."""

    n_ctx_tokens: int = 0
    n_gpu_layers: int = 0
    """-1 while it is not decided."""
    retreat: int = 0
    """The retreat's level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """The end of one host."""

    at_utc: float
    """Seconds since the epoch; right to a second or two."""
    cause: Cause
    detail: str
    """One line that goes on from "the engine"."""
    was_loading: bool
    lived_s: float
    loaded: Loaded

    def to_json(self) -> dict[str, Json]:
        """Return it as the history and ``ducktypist.status`` show it."""
        return {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.at_utc)),
            "at_utc": round(self.at_utc, 3),
            "cause": str(self.cause),
            "detail": self.detail,
            "was_loading": self.was_loading,
            "lived_s": round(self.lived_s, 1),
            "n_ctx_tokens": self.loaded.n_ctx_tokens,
            "n_gpu_layers": self.loaded.n_gpu_layers,
            "retreat": self.loaded.retreat,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Death:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError, KeyError, TypeError: It is something else.
        """
        return cls(
            at_utc=float(told["at_utc"]),
            cause=Cause(told["cause"]),
            detail=str(told["detail"]),
            was_loading=bool(told["was_loading"]),
            lived_s=float(told["lived_s"]),
            loaded=Loaded(
                n_ctx_tokens=int(told["n_ctx_tokens"]),
                n_gpu_layers=int(told["n_gpu_layers"]),
                retreat=int(told["retreat"]),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a record holds."""

    pid: int
    boot_id: str
    began_utc: float
    log_file: str
    log_offset: int
    """Where in the log to look for a cause: what was said before was survived."""
    killed: Mapping[str, int] = field(default_factory=dict)
    """The kernel's counters that were survived; see ``oom_counters``."""
    is_loading: bool = True
    loaded: Loaded = field(default_factory=Loaded)
    cause: str = ""
    """The host's last words: why it ends itself; empty while it lives."""
    detail: str = ""


class HostRecord:
    """The record of the host that runs; safe from any thread."""

    def __init__(self, path: Path, *, log_file: Path, loaded: Loaded) -> None:
        """Begin the record: the model is about to be loaded."""
        self._path = path
        self._lock = threading.Lock()
        self._contents = Contents(
            pid=os.getpid(),
            boot_id=_boot_id(),
            began_utc=time.time(),
            log_file=str(log_file),
            log_offset=_size(log_file),
            killed=oom_counters.readings(),
            loaded=loaded,
        )
        self._last_look = self._look()
        self._write()

    @property
    def lived_s(self) -> float:
        """How long ago it was begun."""
        return max(0.0, time.time() - self._contents.began_utc)

    def serving(self, loaded: Loaded) -> None:
        """Note that the model is loaded, and with what."""
        with self._lock:
            self._contents = replace(self._contents, is_loading=False, loaded=loaded)
            self._write()

    def alive(self) -> None:
        """Note that the host lives; called every second or so.

        What the kernel counted and the log said before the look before this one has been
        survived: it is no longer taken for a cause of death.
        """
        with self._lock:
            survived, self._last_look = self._last_look, self._look()
            known = (self._contents.log_offset, self._contents.killed)
            if survived != known:
                log_offset, killed = survived
                self._contents = replace(self._contents, log_offset=log_offset, killed=killed)
                self._write()
            else:
                with contextlib.suppress(OSError):
                    os.utime(self._path)

    def last_words(self, cause: Cause, detail: str) -> Death:
        """Note why the host ends itself, and return that as its death."""
        with self._lock:
            self._contents = replace(self._contents, cause=str(cause), detail=_one_line(detail))
            self._write()
        return _death(self._contents, at_utc=time.time())

    def why_failed(self, failure: str) -> Cause:
        """Return which cause of death a failure to load, or to go on, amounts to."""
        contents = self._contents
        if MEMORY_WORDS.search(failure) or _said(contents, MEMORY_WORDS):
            return Cause.OUT_OF_MEMORY
        return Cause.FAILED if contents.is_loading else Cause.CRASHED

    def remove(self) -> None:
        """Take the record away: the end is an orderly one, or is written down elsewhere."""
        with self._lock, contextlib.suppress(OSError):
            self._path.unlink()

    def _look(self) -> tuple[int, Mapping[str, int]]:
        contents = self._contents
        return _size(Path(contents.log_file)), oom_counters.read_again(contents.killed)

    def _write(self) -> None:
        raw = json.dumps(_to_json(self._contents))
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        # A host without a record serves as well; only its end will not be understood.
        with contextlib.suppress(OSError):
            new.write_text(raw, "utf-8")
            new.replace(self._path)


def examine(path: Path, *, holds_lock: bool) -> Death | None:
    """Return how the host of the record at ``path`` died; None when there is no such death.

    No record, an unreadable one, one of before the machine was started, and one whose process
    lives are no deaths.

    Args:
        path: The record.
        holds_lock: Whether the caller holds the host's lock, and so knows that the other is gone
            although its process's number may have been given away again.
    """
    contents, seen_utc = _read(path)
    if contents is None or contents.boot_id != _boot_id():
        return None
    if not holds_lock and not is_gone(contents.pid):
        return None
    return _death(contents, at_utc=seen_utc)


def last_words(path: Path) -> str:
    """Return what a host that ends itself gave as its reason, while it still does; else empty."""
    contents, _ = _read(path)
    return contents.detail if contents is not None and contents.cause else ""


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, reaped or not."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def _death(contents: Contents, *, at_utc: float) -> Death:
    cause, detail = _judge(contents)
    return Death(
        at_utc=at_utc,
        cause=cause,
        detail=detail,
        was_loading=contents.is_loading,
        lived_s=max(0.0, at_utc - contents.began_utc),
        loaded=contents.loaded,
    )


def _judge(contents: Contents) -> tuple[Cause, str]:
    if contents.cause:
        with contextlib.suppress(ValueError):
            return Cause(contents.cause), contents.detail
    if oom_counters.have_grown(contents.killed, oom_counters.read_again(contents.killed)):
        return Cause.OUT_OF_MEMORY, "ran out of memory: the kernel killed it"
    if line := _said(contents, MEMORY_WORDS):
        return Cause.OUT_OF_MEMORY, f"ran out of memory: {line}"
    if line := _said(contents, FATAL_WORDS):
        return Cause.CRASHED, f"crashed: {line}"
    return Cause.KILLED, "was killed, or ended without a word"


def _said(contents: Contents, words: re.Pattern[str]) -> str:
    """Return the first line of the log since the offset that has these words, else empty."""
    path = Path(contents.log_file)
    start = max(contents.log_offset, _size(path) - MAX_LOG_BYTES)
    try:
        with path.open("rb") as file:
            file.seek(start)
            text = file.read(MAX_LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    return next((_one_line(line) for line in text.splitlines() if words.search(line)), "")


def _read(path: Path) -> tuple[Contents | None, float]:
    try:
        seen_utc = path.stat().st_mtime
        told = json.loads(path.read_text("utf-8"))
        loaded = Loaded(**{name: int(value) for name, value in told["loaded"].items()})
        contents = Contents(
            pid=int(told["pid"]),
            boot_id=str(told["boot_id"]),
            began_utc=float(told["began_utc"]),
            log_file=str(told["log_file"]),
            log_offset=int(told["log_offset"]),
            killed={str(name): int(count) for name, count in told["killed"].items()},
            is_loading=bool(told["is_loading"]),
            loaded=loaded,
            cause=str(told["cause"]),
            detail=str(told["detail"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, 0.0
    return contents, seen_utc


def _to_json(contents: Contents) -> dict[str, Json]:
    told: dict[str, Json] = {
        name: getattr(contents, name) for name in Contents.__slots__ if name != "loaded"
    }
    told["killed"] = dict(contents.killed)
    told["loaded"] = {name: getattr(contents.loaded, name) for name in Loaded.__slots__}
    return told


def _boot_id() -> str:
    """Return what tells this run of the machine from others; empty where nothing does."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_DETAIL]
