"""Starting one confined process and standing over it until it and all below it have ended.

Limits that a kernel does not hold for a whole tree of processes (memory, count, time, output, disk)
are held here. Blocking by design: ``sandbox`` gives each run a thread of its own, which also has to
outlive the process, because Linux ties "die with the parent" to the starting *thread*.
Not here: what confines the process (``bubblewrap``, ``landlock``).
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import Killed
from ducktypist.errors import SandboxError
from ducktypist.verify import process_tree
from ducktypist.verify.dialogue import Ask, Dialogue
from ducktypist.verify.pipes import Pipe, Sending

REPORT_FD_VARIABLE = "DUCKTYPIST_REPORT_FD"
COMMAND_FD_VARIABLE = "DUCKTYPIST_COMMAND_FD"
STATUS_FD = "@status-fd@"
"""Stands in an argument for the number of the pipe on which a launcher says that it got through."""
FILTER_FD = "@filter-fd@"
"""Stands in an argument for the number of the pipe from which a launcher reads its filter."""
TAIL_BYTES = 16 * 1024
MAX_REPORT_BYTES = 32 * 1024**2
LOOK_S = 0.025
IDLE_LOOK_S = 0.25
"""How often to look at a run that nobody waits for."""
SCRATCH_LOOK_S = 1.0
DRAIN_S = 0.5
REAP_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may use, the sum over all of its processes."""

    timeout_s: float
    max_memory_bytes: int
    max_processes: int
    max_output_bytes: int
    """Of standard output and error together; what goes over ends the run."""
    max_scratch_bytes: int = 1024**3
    """Of files written in the overlay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One program to start: a launcher's arguments and its complete environment."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: Path
    written: Path
    """The folder whose growth counts as the run's disk use."""
    filter: bytes = b""
    """What :data:`FILTER_FD` gives to read; far less than a pipe holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What became of it."""

    exit_status: int | None
    """None when it was killed from here; 128 + N when signal N ended it."""
    killed: Killed | None
    output: bytes
    """The last :data:`TAIL_BYTES` of standard output and error."""
    reports: bytes
    """What came out of the report pipe; of a dialogue, what nobody could be given."""
    duration_ms: float
    started: bool
    """Whether the launcher said that the program itself was started."""
    clean: bool
    """Whether every process of the run is gone."""


def supervise(
    launch: Launch,
    *,
    limits: Limits,
    cancelled: threading.Event,
    dialogue: Dialogue | None = None,
) -> Ended:
    """Start, watch and reap one run. Blocks until nothing of it is left.

    Args:
        launch: What to start.
        limits: What it may use.
        cancelled: Set to end it.
        dialogue: Carried to and from the run while it goes on; the size of its reports is then
            limited for each answer.

    Raises:
        SandboxError: The launcher could not be started at all.
    """
    with contextlib.ExitStack() as stack:
        return _Watch(launch, limits, cancelled, stack, dialogue).run()


class _Watch:
    """The state of one supervision."""

    def __init__(
        self,
        launch: Launch,
        limits: Limits,
        cancelled: threading.Event,
        stack: contextlib.ExitStack,
        dialogue: Dialogue | None,
    ) -> None:
        self._launch = launch
        self._limits = limits
        self._cancelled = cancelled
        self._stack = stack
        self._output = self._pipe(keep_bytes=TAIL_BYTES)
        self._reports = self._pipe(keep_bytes=None)
        self._status = self._pipe(keep_bytes=None)
        self._dialogue = dialogue
        self._commands = self._sending() if dialogue else None
        self._asked: Ask | None = None
        self._answer_by = math.inf
        self._max_report_bytes = MAX_REPORT_BYTES
        self._seen: dict[int, int] = {}
        self._scratch_baseline_bytes = -1
        self._next_scratch_look = 0.0

    def run(self) -> Ended:
        self._selector = self._stack.enter_context(selectors.DefaultSelector())
        begun = time.monotonic()
        process = self._start()
        killed: Killed | None = None
        clean = False
        try:
            killed = self._watch(process, begun)
        finally:
            # Also when the watching itself fails: nothing may outlive this call.
            clean = self._end(process, is_kill=killed is not None or process.returncode is None)
        self._drain()
        status = process.returncode
        return Ended(
            exit_status=None if killed else (128 - status if status < 0 else status),
            killed=killed,
            output=bytes(self._output.data[-TAIL_BYTES:]),
            reports=bytes(self._reports.data[:MAX_REPORT_BYTES]),
            duration_ms=(time.monotonic() - begun) * 1000,
            started=self._said("exit-code") is not None,
            clean=clean,
        )

    def _pipe(self, *, keep_bytes: int | None) -> Pipe:
        reader, writer = os.pipe()
        pipe = Pipe(reader=reader, writer=writer, keep_bytes=keep_bytes)
        os.set_blocking(reader, False)
        self._stack.callback(os.close, reader)
        return pipe

    def _sending(self) -> Sending:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        self._stack.callback(os.close, writer)
        return Sending(reader=reader, writer=writer)

    def _filter(self) -> dict[str, int]:
        """Return the pipe with the filter in it, where there is one."""
        if not self._launch.filter:
            return {}
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as file:
            file.write(self._launch.filter)
        return {FILTER_FD: reader}

    def _start(self) -> subprocess.Popen[bytes]:
        pipes = (self._output, self._reports, self._status)
        given = {REPORT_FD_VARIABLE: self._reports.writer}
        if self._commands is not None:
            given[COMMAND_FD_VARIABLE] = self._commands.reader
        passed = {STATUS_FD: self._status.writer, **self._filter()}
        argv = [str(passed.get(part, part)) for part in self._launch.argv]
        try:
            process = subprocess.Popen(  # noqa: S603 - argv is a list built by us; no shell
                argv,
                stdin=subprocess.DEVNULL,
                stdout=self._output.writer,
                stderr=self._output.writer,
                cwd=self._launch.cwd,
                env={
                    **self._launch.environment,
                    **{name: str(number) for name, number in given.items()},
                },
                pass_fds=(*given.values(), *passed.values()),
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(
                f"{argv[0]} could not be started: {error.strerror or error}; check that it is "
                "installed and executable"
            ) from error
        finally:
            writers = (pipe.writer for pipe in pipes)
            for number in {*given.values(), *passed.values(), *writers}:
                os.close(number)
        for pipe in pipes:
            self._on_readable(pipe.reader, functools.partial(self._pull, pipe))
        if self._dialogue is not None:
            # Only wakes; what it is about is taken on every turn.
            self._on_readable(self._dialogue.waker.fileno(), lambda: None)
        with contextlib.suppress(OSError):
            # Kernels before 5.3 have no such descriptors; there, the regular look notices the end.
            ended = os.pidfd_open(process.pid)
            self._stack.callback(os.close, ended)
            self._on_readable(ended, lambda: None)
        return process

    def _on_readable(self, number: int, act: Callable[[], None]) -> None:
        self._selector.register(number, selectors.EVENT_READ, act)

    def _watch(self, process: subprocess.Popen[bytes], begun: float) -> Killed | None:
        next_look = begun
        while True:
            if self._carry():
                next_look = 0.0
            deadline = begun + self._limits.timeout_s
            is_idle = self._dialogue is not None and self._dialogue.unanswered is None
            if not is_idle:
                deadline = min(deadline, self._answer_by)
            now = time.monotonic()
            if now >= next_look:
                reason = self._look(process.pid, now)
                if reason is not None:
                    return reason
                next_look = time.monotonic() + (IDLE_LOOK_S if is_idle else LOOK_S)
            self._pump(max(0.0, min(next_look, deadline) - now))
            if process.poll() is not None:
                return None
            if self._cancelled.is_set():
                return Killed.CANCELLED
            if time.monotonic() >= begun + self._limits.timeout_s or self._is_answer_late():
                return Killed.WALL_CLOCK
            if (
                self._output.n_bytes > self._limits.max_output_bytes
                or self._reports.n_bytes > self._max_report_bytes
            ):
                return Killed.OUTPUT

    def _carry(self) -> bool:
        """Take what is asked to the run; tell whether there was something."""
        if self._dialogue is None or self._commands is None:
            return False
        asks = self._dialogue.take()
        for ask in asks:
            self._commands.data += ask.data
            self._asked = ask
            self._answer_by = time.monotonic() + ask.timeout_s
            self._max_report_bytes = self._reports.n_bytes + MAX_REPORT_BYTES
        if asks and self._commands.writer not in self._selector.get_map():
            self._selector.register(self._commands.writer, selectors.EVENT_WRITE, self._push)
        return bool(asks)

    def _is_answer_late(self) -> bool:
        # Compared by identity: the next question may have come since the time was taken.
        return (
            self._dialogue is not None
            and self._dialogue.unanswered is self._asked is not None
            and time.monotonic() >= self._answer_by
        )

    def _look(self, pid: int, now: float) -> Killed | None:
        limits = self._limits
        below = process_tree.descendants(pid, at_most=limits.max_processes + 64)
        self._seen |= below
        if len(below) > limits.max_processes:
            return Killed.PROCESSES
        if (
            process_tree.resident_bytes(below) > limits.max_memory_bytes
            # Forked workers share most of their pages; only the true sum may end a run.
            and process_tree.proportional_bytes(below) > limits.max_memory_bytes
        ):
            return Killed.MEMORY
        if now >= self._next_scratch_look:
            used = _tree_bytes(self._launch.written)
            if self._scratch_baseline_bytes < 0:
                self._scratch_baseline_bytes = used
            if used - self._scratch_baseline_bytes > limits.max_scratch_bytes:
                return Killed.OUTPUT
            self._next_scratch_look = time.monotonic() + SCRATCH_LOOK_S
        return None

    def _pump(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            key.data()

    def _pull(self, pipe: Pipe) -> None:
        pipe.pull()
        if not pipe.is_open:
            self._selector.unregister(pipe.reader)
        if pipe is self._reports and self._dialogue is not None:
            lines = pipe.take_lines()
            if lines:
                self._dialogue.deliver(lines)

    def _push(self) -> None:
        if self._commands is not None:
            self._commands.push()
            if not self._commands.data:
                self._selector.unregister(self._commands.writer)

    def _end(self, process: subprocess.Popen[bytes], *, is_kill: bool) -> bool:
        if is_kill:
            clean = process_tree.kill_tree(process.pid, known=self._seen)
        else:
            self._pump(0.0)
            # The namespace's first process takes all others with it, so waiting for it is enough.
            first = self._said("child-pid")
            if first is not None and (started := process_tree.start_ticks(first)) is not None:
                self._seen[first] = started
            clean = process_tree.wait_gone(self._seen, wait_s=2.0)
        try:
            process.wait(REAP_S)
        except subprocess.TimeoutExpired:
            return False
        return clean

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_S
        pipes = (self._output, self._reports, self._status)
        while any(pipe.is_open for pipe in pipes) and time.monotonic() < deadline:
            self._pump(0.01)

    def _said(self, key: str) -> int | None:
        for line in bytes(self._status.data).splitlines():
            try:
                value = json.loads(line).get(key)
            except (ValueError, AttributeError):
                continue
            if isinstance(value, int):
                return value
        return None


def _tree_bytes(top: Path) -> int:
    """Return the disk space below a folder; folders we may not read count as empty."""
    total = 0
    waiting: Sequence[str] = [str(top)]
    while waiting:
        deeper: list[str] = []
        for folder in waiting:
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            deeper.append(entry.path)
                        else:
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
            except OSError:
                continue
        waiting = deeper
    return total
