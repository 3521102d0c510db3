"""Starting the host: which process a model needs, the handshake, and when to stop trying.

Used by ``engine.client``; runs no event loop of its own. What is here blocks, so the client calls
it in a thread. How earlier hosts ended is read here, too; it is written by the hosts themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import subprocess  # starting the host is what this file is for
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import ducktypist
from ducktypist.domain import Json
from ducktypist.engine import history, postmortem
from ducktypist.engine.dialect import DIALECT_VERSION
from ducktypist.errors import EngineUnavailableError

READY = "READY"
BUSY = "BUSY"
FAILED_EXIT_STATUS = 3
"""The host's exit status when its model did not load."""
USAGE_EXIT_STATUS = 2
"""What argparse ends a program with that does not know its arguments."""
HUNG_EXIT_STATUS = 4
"""The host's exit status when its watchdog ended it."""

HOST_ENVIRONMENT = {
    # An abort takes 0.03 s instead of 1 s.
    "GGML_NO_BACKTRACE": "1",
    # OpenMP's threads spin at each barrier of each layer. Beside one busy process on two cores
    # that made decoding up to five times slower; so short a spin costs nothing when idle.
    "GOMP_SPINCOUNT": "2000",
}
"""What the host starts with, unless the user's environment says otherwise."""

MAX_CRASHES = 5
CRASH_WINDOW_S = 180.0
MAX_BACK_OFF_S = 8.0
MAX_HANDSHAKE_BYTES = 16_384
JUST_NOW_S = 3.0
"""A death so long ago is the one that a request has just been lost to."""
DYING_S = 0.3
"""How long a process may take from closing its connections to being gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """The host that is wanted: a model and how it is to be run."""

    socket_dir: Path
    """A folder of the user's own, for the socket and its lock."""
    log_dir: Path
    backend: str
    """``llama_cpp`` or ``scripted``."""
    model_path: Path
    """The GGUF file, or the script."""
    model_name: str
    model_sha256: str
    quantisation: str
    n_ctx_tokens: int = 4096
    n_threads: int = 0
    """0: one for each physical core, at most eight."""
    n_gpu_layers: int = -1
    """-1: as many as fit."""
    n_cells: int = 0
    """Tokens in the cache, all sequences together; 0: twice the context."""
    kv_type: str = "f16"
    """How keys and values are kept: ``f16``, ``q8_0`` or ``q4_0``."""
    flash_attention: str = "auto"
    """``auto``, ``on`` or ``off``."""
    idle_unload_s: float = 1800.0
    """How long it stays without a request; 0: for ever."""
    step_timeout_s: float = 60.0
    """How long one step may take before the host counts as hung; 0: for ever."""

    @classmethod
    def scripted(
        cls,
        script: Path,
        *,
        socket_dir: Path,
        log_dir: Path,
        idle_unload_s: float = 1800.0,
        step_timeout_s: float = 60.0,
    ) -> HostSpec:
        """Return the host of a scripted backend.

        Raises:
            EngineUnavailableError: The script cannot be read.
        """
        try:
            sha256 = hashlib.sha256(script.read_bytes()).hexdigest()
        except OSError as error:
            raise EngineUnavailableError(
                f"the script {script} cannot be read: {error.strerror or error}"
            ) from error
        return cls(
            socket_dir=socket_dir,
            log_dir=log_dir,
            backend="scripted",
            model_path=script.absolute(),
            model_name="scripted",
            model_sha256=sha256,
            quantisation="none",
            idle_unload_s=idle_unload_s,
            step_timeout_s=step_timeout_s,
        )

    def key(self) -> str:
        """Return a short hash: another model, setting or version means another process.

        How long a host idles or a step may take is left out; windows that differ in that share
        one host.
        """
        parts = [
            *(ducktypist.__version__, DIALECT_VERSION, self.backend, str(self.model_path)),
            *(self.model_name, self.model_sha256, self.quantisation),
            *(self.n_ctx_tokens, self.n_threads, self.n_gpu_layers),
            *(self.n_cells, self.kv_type, self.flash_attention),
        ]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=6).hexdigest()

    def socket_path(self) -> Path:
        """Return where the host listens."""
        return self.socket_dir / f"{self.key()}.sock"

    def log_path(self) -> Path:
        """Return where the host logs."""
        return self.log_dir / f"host-{self.key()}.log"

    def history_path(self) -> Path:
        """Return where it is written down how its runs ended."""
        return self.log_dir / f"host-{self.key()}.history.json"

    def rates_path(self) -> Path:
        """Return where the host keeps how fast it was found to be."""
        return self.log_dir / f"rates-{self.key()}.json"

    def command(self) -> list[str]:
        """Return the command line that starts the host."""
        options: dict[str, object] = {
            "socket": self.socket_path(),
            "backend": self.backend,
            "model": self.model_path,
            "model-name": self.model_name,
            "model-sha256": self.model_sha256,
            "quantisation": self.quantisation,
            "n-ctx": self.n_ctx_tokens,
            "n-threads": self.n_threads,
            "n-gpu-layers": self.n_gpu_layers,
            "n-cells": self.n_cells,
            "kv-type": self.kv_type,
            "flash-attention": self.flash_attention,
            "idle-unload-s": self.idle_unload_s,
            "step-timeout-s": self.step_timeout_s,
            "log-file": self.log_path(),
            "history-file": self.history_path(),
            "rates-file": self.rates_path(),
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-m", "ducktypist.engine.host", *given]


def record_path(socket_path: Path) -> Path:
    """Return where the host at this socket keeps its record; see ``postmortem``."""
    return socket_path.with_name(socket_path.name + ".record")


def past(spec: HostSpec) -> dict[str, Json]:
    """Return how the runs of this host ended, for ``ducktypist.status``; reads files."""
    known = _history(spec)
    left_s = left_alone_s(spec)
    return {**known.to_json(), "left_alone_s": round(left_s, 1)}


def left_alone_s(spec: HostSpec) -> float:
    """Return for how many seconds no window may start this host again; 0 when one may.

    Each window counts the crashes that it saw; this counts those that all of them saw, so that
    five windows do not try five times as often. Reads files.
    """
    now_s = time.time()
    breaker = Breaker()
    # A clock that was set back must not close the way for ever.
    for at_s in _sane(_history(spec).breaking_utc(), now_s):
        breaker.record("", now_s=at_s)
    return breaker.open_for_s(now_s=now_s)


def why_it_went(spec: HostSpec) -> str:
    """Return why the host has just gone away: a clause that follows "it", or nothing.

    Reads files, and waits a moment for the process to be gone.
    """
    path = record_path(spec.socket_path())
    deadline = time.monotonic() + DYING_S
    while True:
        if said := postmortem.last_words(path):
            return said
        if death := postmortem.examine(path, holds_lock=False):
            return death.detail
        # Another window may have started the next one already, which wrote it down.
        for death in history.load(spec.history_path()).deaths[-1:]:
            if abs(time.time() - death.at_utc) < JUST_NOW_S:
                return death.detail
        if time.monotonic() >= deadline:
            return ""
        time.sleep(DYING_S / 10)


def _history(spec: HostSpec) -> history.History:
    """Return the history with the death in it that no later host has written down yet."""
    known = history.load(spec.history_path())
    death = postmortem.examine(record_path(spec.socket_path()), holds_lock=False)
    return known if death is None else known.after_death(death)


def _sane(times_utc: Iterable[float], now_s: float) -> list[float]:
    return sorted(at_s for at_s in times_utc if at_s <= now_s)


def start_host(spec: HostSpec, *, timeout_s: float) -> subprocess.Popen[bytes] | None:
    """Start a host and wait for its word; None when another process is being the host already.

    Raises:
        EngineUnavailableError: It did not come up, with what it printed.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            spec.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**HOST_ENVIRONMENT, **os.environ},
        )
    except OSError as error:
        raise EngineUnavailableError(
            f"the model's host could not be started: {error.strerror or error}"
        ) from error
    said = _read_word(process, timeout_s=timeout_s)
    if said is None:
        process.kill()
        process.wait()
        raise EngineUnavailableError(
            f"the model's host did not report within {timeout_s:.0f} s; see {spec.log_path()}"
        )
    lines = said.splitlines()
    if READY in lines:
        return process
    status = process.wait()
    if BUSY in lines:
        return None
    tail = " | ".join(line.strip() for line in lines[-3:]) or "it printed nothing"
    if status == USAGE_EXIT_STATUS:
        raise EngineUnavailableError(
            f"the model's host is of another version than this window; restart the editor ({tail})"
        )
    raise EngineUnavailableError(f"the model's host ended with status {status}: {tail}")


def _read_word(process: subprocess.Popen[bytes], *, timeout_s: float) -> str | None:
    """Return what the process printed up to its word or its end; None when time ran out."""
    arriving: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # Windows cannot wait for a pipe and a time at once, so a thread waits for the pipe. It ends
    # with the host's use of it, which is over soon after the word.
    threading.Thread(target=_pass_on, args=(process, arriving), daemon=True).start()
    deadline = time.monotonic() + timeout_s
    said = b""
    while (left := deadline - time.monotonic()) > 0:
        try:
            more = arriving.get(timeout=left)
        except queue.Empty:
            break
        said = (said + more)[-MAX_HANDSHAKE_BYTES:]
        words = said.decode("utf-8", "replace").splitlines()
        if not more or (said.endswith(b"\n") and {READY, BUSY} & set(words)):
            return said.decode("utf-8", "replace")
    return None


def _pass_on(process: subprocess.Popen[bytes], arriving: queue.SimpleQueue[bytes]) -> None:
    assert process.stdout is not None  # noqa: S101 - Popen was given a pipe
    with process.stdout as pipe:
        while more := os.read(pipe.fileno(), 4096):
            arriving.put(more)
    arriving.put(b"")


class Breaker:
    """Remembers crashes, and says how long to wait before the next try. Has no clock."""

    def __init__(self) -> None:
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self.n_crashes = 0
        """All of them, not only the recent ones."""
        self.last_error = ""

    def record(self, reason: str, *, now_s: float) -> None:
        """Remember a crash."""
        self._crashes.append(now_s)
        self.n_crashes += 1
        self.last_error = reason

    def back_off_s(self, *, now_s: float) -> float:
        """Return how many seconds after the last crash still to wait: 0, 0.5, 1, 2, 4, then 8."""
        recent = self._recent(now_s)
        if not recent:
            return 0.0
        pause_s = 0.0 if len(recent) == 1 else min(2.0 ** (len(recent) - 3), MAX_BACK_OFF_S)
        return max(0.0, recent[-1] + pause_s - now_s)

    def open_for_s(self, *, now_s: float) -> float:
        """Return for how many seconds no further try is made; 0 when one may be."""
        recent = self._recent(now_s)
        if len(recent) < MAX_CRASHES:
            return 0.0
        return max(0.0, recent[0] + CRASH_WINDOW_S - now_s)

    def _recent(self, now_s: float) -> list[float]:
        return [at for at in self._crashes if now_s - at < CRASH_WINDOW_S]
