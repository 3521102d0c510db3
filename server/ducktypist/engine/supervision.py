"""The host's view of its own life and death: what the last one died of, and what to do about it.

Used by ``host.py``, by the process that holds the lock: reads the predecessor's record, keeps the
history, decides the retreat, watches the steps, and writes down how this one ends.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from ducktypist.engine import history, postmortem
from ducktypist.engine.postmortem import Cause, HostRecord, Loaded
from ducktypist.engine.watchdog import Watchdog
from ducktypist.engine.worker import Worker, WorkerState

log = logging.getLogger(__name__)

STEP_TOKENS = 256
"""How much of a prompt one step reads at most."""


class Supervision:
    """One host's life; make it while holding the lock."""

    def __init__(
        self, *, record: Path, history: Path, log_file: Path, end: Callable[[], None]
    ) -> None:
        """Find out how the predecessor ended and write that down.

        Args:
            record: The file beside the socket; see ``postmortem``.
            history: The file of the runs; see ``history``.
            log_file: Where this host logs.
            end: Ends the process at once, without cleaning up.
        """
        self._record_path = record
        self._history_path = history
        self._log_file = log_file
        self._end = end
        self._record: HostRecord | None = None
        self._watchdog: Watchdog | None = None
        self._is_serving = False
        with contextlib.suppress(OSError):
            history.parent.mkdir(parents=True, exist_ok=True)
        self._past, self._death = _take_in(record, history)
        self.retreat = self._past.retreat()
        """How much less to ask for than the settings say."""

    def begin(self, *, n_ctx_tokens: int, n_gpu_layers: int) -> None:
        """Note that the model is about to be loaded; the log is open by now."""
        if self._death is not None:
            # Said in the cause's own name: the detail may hold words that would be looked for.
            log.warning("the last host ended: %s; see %s", self._death.cause, self._history_path)
        if self.retreat.level:
            log.warning("retreat %d", self.retreat.level)
        self._past = self._past.after_start()
        history.save(self._past, self._history_path)
        self._record = HostRecord(
            self._record_path,
            log_file=self._log_file,
            loaded=Loaded(
                n_ctx_tokens=n_ctx_tokens,
                n_gpu_layers=n_gpu_layers,
                retreat=self.retreat.level,
            ),
        )

    def rates_path(self, path: Path) -> Path:
        """Return where rates are kept: a host that stepped back is another one in that."""
        level = self.retreat.level
        return path.with_suffix(f".{level}{path.suffix}") if level else path

    def watch(self, worker: Worker, *, step_timeout_s: float) -> None:
        """Begin to watch; a step that takes longer ends the process."""

        def look() -> None:
            if self._record is None:
                return
            if worker.state is WorkerState.READY and not self._is_serving:
                self._is_serving = True
                identity = worker.info().identity
                self._record.serving(
                    Loaded(
                        n_ctx_tokens=identity.n_ctx_tokens,
                        n_gpu_layers=identity.n_gpu_layers,
                        retreat=self.retreat.level,
                    )
                )
            self._record.alive()

        def usual_s() -> float:
            if worker.state is not WorkerState.READY:
                return 0.0
            return STEP_TOKENS / worker.rates().prefill_tok_s

        def hang(age_s: float) -> None:
            detail = f"hung: one step took longer than {step_timeout_s:g} s (engine.step_timeout_s)"
            log.critical("a step has been going on for %.0f s; ending the host", age_s)
            if self._record is not None:
                self._record.last_words(Cause.HUNG, detail)
            # Where each thread stands, for whoever wants to know why.
            faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr, all_threads=True)
            self._end()

        self._watchdog = Watchdog(
            step_age_s=worker.step_age_s,
            limit_s=step_timeout_s,
            usual_s=usual_s,
            on_hang=hang,
            on_look=look,
        )
        self._watchdog.start()

    def ended(self, *, failure: str) -> None:
        """Write down how the host ends.

        Args:
            failure: Why the model did not load or cannot go on; empty for an orderly end.
        """
        if self._watchdog is not None:
            self._watchdog.stop()
        record, self._record = self._record, None
        if record is None:
            return
        if failure:
            cause = record.why_failed(failure)
            verb = "could not load the model" if cause is Cause.FAILED else "broke down"
            told = "ran out of memory" if cause is Cause.OUT_OF_MEMORY else verb
            death = record.last_words(cause, f"{told}: {failure}")
            self._past = self._past.after_death(death)
        else:
            self._past = self._past.after_run(lived_s=record.lived_s)
        history.save(self._past, self._history_path)
        record.remove()


def _take_in(record: Path, history_path: Path) -> tuple[history.History, postmortem.Death | None]:
    """Return the history with the predecessor's death, which is written down with it."""
    past = history.load(history_path)
    death = postmortem.examine(record, holds_lock=True)
    if death is not None:
        past = past.after_death(death)
        history.save(past, history_path)
    with contextlib.suppress(OSError):
        record.unlink()
    return past, death
