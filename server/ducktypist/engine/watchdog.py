"""The thread that sees whether the host still gets anywhere, and ends it when it does not.

A step computes a few hundred tokens at most. One that takes a minute never ends: a driver hangs,
or the machine does nothing but page. Nothing inside the process can stop a native call, so the
process ends and the next request starts another. What ending means is the caller's business.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

MAX_PAUSE_S = 1.0
SAME_STEP_S = 0.001
SLACK = 5


class Patience:
    """Says when a step has been watched for too long. Has no clock.

    Only time that was watched counts: a process that was stopped, or a machine that slept, finds
    an old step when it wakes up, and that step has not hung.
    """

    def __init__(self, *, pause_s: float) -> None:
        """Describe a watch that looks every ``pause_s``."""
        self._most_s = 2 * pause_s
        self._began_s: float | None = None
        self._looked_s = 0.0
        self._watched_s = 0.0

    def is_over(self, *, age_s: float | None, now_s: float, limit_s: float) -> bool:
        """Take one look and tell whether the step has gone on for longer than ``limit_s``.

        Args:
            age_s: How long the step in progress has run; None when none is.
            now_s: By ``time.monotonic``.
            limit_s: How long one may.
        """
        if age_s is None:
            self._began_s = None
            return False
        began_s = now_s - age_s
        if self._began_s is None or abs(began_s - self._began_s) > SAME_STEP_S:
            self._began_s, self._watched_s = began_s, min(age_s, self._most_s)
        else:
            self._watched_s += min(now_s - self._looked_s, self._most_s)
        self._looked_s = now_s
        return self._watched_s > limit_s


class Watchdog:
    """Looks every second at most."""

    def __init__(
        self,
        *,
        step_age_s: Callable[[float], float | None],
        limit_s: float,
        usual_s: Callable[[], float],
        on_hang: Callable[[float], None],
        on_look: Callable[[], None],
    ) -> None:
        """Prepare; ``start`` begins.

        Args:
            step_age_s: Given ``time.monotonic()``, how long the step in progress has run.
            limit_s: How long one may; 0: for ever.
            usual_s: How long the longest step should take by measurement: on a slow machine that
                may be more than the limit, and five times that is no hanging either.
            on_hang: Called once from the watchdog's thread, with the step's age in seconds.
            on_look: Called from the same thread at each look.
        """
        self._step_age_s = step_age_s
        self._limit_s = limit_s
        self._usual_s = usual_s
        self._on_hang = on_hang
        self._on_look = on_look
        self._pause_s = min(MAX_PAUSE_S, limit_s / 4) if limit_s > 0 else MAX_PAUSE_S
        self._patience = Patience(pause_s=self._pause_s)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns when no look is going on any more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._pause_s):
            try:
                self._on_look()
                now_s = time.monotonic()
                age_s = self._step_age_s(now_s)
                limit_s = max(self._limit_s, SLACK * self._usual_s())
            except Exception:  # a look that fails must not be the last
                log.exception("the watchdog could not look")
                continue
            is_over = self._patience.is_over(age_s=age_s, now_s=now_s, limit_s=limit_s)
            if is_over and self._limit_s > 0:
                self._on_hang(age_s or 0.0)
                return
