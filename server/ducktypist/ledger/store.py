"""The ledger as the rest of the program sees it: append an event, never wait, never fail.

One thread per :class:`Ledger` writes what :meth:`Ledger.append` queues. Trouble with the file is
counted and kept as a message; it never reaches whoever appended. This is not the place for reading
numbers; see ``reading`` and ``report_rows``.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ducktypist.errors import LedgerBusyError, LedgerCorruptError, LedgerError
from ducktypist.ledger.database import Writer, open_writer, sum_up
from ducktypist.ledger.events import Event, SourceText
from ducktypist.ledger.hashing import install_key, keyed_hash
from ducktypist.ledger.rows import Row, Value, row_of
from ducktypist.ledger.times import now_utc

N_MAX_QUEUED = 20_000
"""Events held in memory while the file cannot be written; those beyond are lost and counted."""

N_BATCH = 512
"""Events of one transaction at most."""

BUSY_RETRY_S = 0.05
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 30.0

SUM_UP_AFTER_S = 2.0
"""Without an event for so long, what was written is summed up, so that reading is quick."""

_LOG = logging.getLogger(__name__)


class Ledger:
    """The record of every suggestion, in one SQLite file that all windows share.

    The file is opened by the writing thread at the first event. An event counts as acknowledged
    when :meth:`flush` returned True after it: no crash of this process loses it then, and no power
    cut when it is an outcome (verified, settled, revised).

    Args:
        path: The file; its folder is made when missing.
        keep_text: Keep :class:`~ducktypist.ledger.events.SourceText` events. Without it they are
            dropped before they are queued.
        n_max_queued: Events held in memory while the file cannot be written.
    """

    def __init__(
        self, path: Path, *, keep_text: bool = False, n_max_queued: int = N_MAX_QUEUED
    ) -> None:
        self.path = path
        self.keep_text = keep_text
        self.on_append: Callable[[Sequence[Event]], None] | None = None
        """Called with the events that were just queued, in the thread that appended them."""
        self._n_max_queued = n_max_queued
        self._changed = threading.Condition()
        self._queue: deque[tuple[str, Event]] = deque()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._hurry = False
        self._n_appended = 0
        self._n_committed = 0
        self._n_lost = 0
        self._n_lost_noted = 0
        self._n_failures = 0
        self._stuck = False
        self._is_summed_up = True
        self._last_error = ""
        self._key: bytes | None = None

    @property
    def n_logged(self) -> int:
        """Events of this process that are in the file."""
        with self._changed:
            return self._n_committed

    @property
    def n_unlogged(self) -> int:
        """Events of this process that are not in the file because writing failed.

        Those that still wait in memory for the trouble to end count too, so the number may fall.
        """
        with self._changed:
            return self._n_lost + (len(self._queue) if self._stuck else 0)

    @property
    def n_unnoted(self) -> int:
        """Those of :attr:`n_unlogged` of which the file itself holds no note yet.

        This is the number to hand to ``report_rows.stats_table``, which adds the noted ones.
        """
        with self._changed:
            waiting = len(self._queue) if self._stuck else 0
            return self._n_lost - self._n_lost_noted + waiting

    @property
    def last_error(self) -> str:
        """What went wrong last, for a person; empty when nothing did."""
        with self._changed:
            return self._last_error

    def append(self, event: Event) -> None:
        """Queue ``event`` with the present time; return at once, and never raise for the file."""
        self.append_all((event,))

    def append_all(self, events: Iterable[Event]) -> None:
        """Queue several events as one: they get the same time and, if few enough, one transaction.

        Like :meth:`append`, this returns at once and never raises for the file.
        """
        at_utc = now_utc()
        stamped = [
            (at_utc, event)
            for event in events
            if self.keep_text or not isinstance(event, SourceText)
        ]
        if not stamped:
            return
        with self._changed:
            if self._closing:
                self._lose(len(stamped), "the ledger was closed before the event came")
                return
            self._n_appended += len(stamped)
            n_free = max(0, self._n_max_queued - len(self._queue))
            if len(stamped) > n_free:
                reason = self._last_error or "events come faster than they can be written"
                self._lose(len(stamped) - n_free, reason)
            self._queue.extend(stamped[:n_free])
            if self._thread is None and self._queue:
                self._start()
            self._changed.notify_all()
        if self.on_append is not None:
            self.on_append([event for _, event in stamped])

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything appended so far is committed; tell whether it is.

        Blocks, so call it from a thread and never from the event loop. False means that it took
        longer, that an attempt to write failed meanwhile, or that some of it was lost.

        Args:
            timeout_s: How long to wait for a file that another process holds.
        """
        with self._changed:
            wanted = self._n_appended
            n_lost, n_failures = self._n_lost, self._n_failures

            def is_over() -> bool:
                return self._n_done >= wanted or self._n_failures > n_failures

            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(is_over, timeout=timeout_s)
            return self._n_done >= wanted and self._n_lost == n_lost

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is queued and end the thread; what cannot be written in time is counted.

        Calling it again does nothing. It also runs when the interpreter exits.

        Args:
            timeout_s: How long to wait for a file that another process holds.
        """
        atexit.unregister(self.close)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        with self._changed:
            if self._queue:
                self._lose(len(self._queue), self._last_error or "the ledger was closed too early")
                self._queue.clear()

    def prepare(self) -> None:
        """Read this installation's key, or make it; the events' file is left for the first event.

        Touches the disk, so call it once from a thread before the event loop needs
        :meth:`keyed_hash`.
        """
        if self._key is None:
            self._key = install_key(self.path)

    def keyed_hash(self, text: str) -> str:
        """Return ``b2k:…`` of ``text`` under this installation's key.

        Does what :meth:`prepare` does when nobody called that; after it, touches no disk.
        """
        self.prepare()
        return keyed_hash(text, key=self._key or b"")

    @property
    def _n_done(self) -> int:
        return self._n_committed + self._n_lost

    def _lose(self, n_events: int, reason: str) -> None:
        """Count events as lost; the caller holds the lock."""
        self._n_lost += n_events
        self._last_error = reason
        self._changed.notify_all()

    def _start(self) -> None:
        """Start the thread; the caller holds the lock.

        It is a daemon, because only those still live while ``atexit`` flushes.
        """
        atexit.register(self.close)
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        writer: Writer | None = None
        check = False
        retry_s = FIRST_RETRY_S
        while batch := self._next_batch():
            try:
                if writer is None or not writer.is_current():
                    if writer is not None:
                        writer.close()
                    writer = open_writer(self.path, check=check)
                    check = False
                self._write(writer, batch)
            except LedgerBusyError as error:
                self._note_trouble(str(error))
                # SQLite waits by itself as a rule; where it does not, this keeps from spinning.
                self._wait_for_retry(BUSY_RETRY_S)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end logging in silence
                check = isinstance(error, LedgerCorruptError)
                if writer is not None:
                    writer.close()
                    writer = None
                known = isinstance(error, LedgerError)
                self._note_trouble(str(error) if known else repr(error), failed=True)
                if not self._wait_for_retry(retry_s):
                    break
                retry_s = min(LAST_RETRY_S, retry_s * 2)
            else:
                retry_s = FIRST_RETRY_S
        if writer is not None:
            writer.close()

    def _next_batch(self) -> list[tuple[str, Event]]:
        """Wait for events and return some, oldest first; none when the ledger is closed.

        While none come, what was written is summed up.
        """
        while True:
            timeout_s = None if self._is_summed_up else SUM_UP_AFTER_S
            with self._changed:
                if self._changed.wait_for(lambda: self._queue or self._closing, timeout_s):
                    self._hurry = False
                    batch = list(itertools.islice(self._queue, N_BATCH))
                    self._is_summed_up = self._is_summed_up and not batch
                    return batch
            self._is_summed_up = self._sum_up()

    def _sum_up(self) -> bool:
        """Sum up some of what was written; tell whether that is all, or is given up for now."""
        try:
            return sum_up(self.path, n_steps=1)
        except Exception as error:  # noqa: BLE001 - as in _run; whoever reads sums up, or does without
            _LOG.debug("not summed up: %s", error)
            return True

    def _write(self, writer: Writer, batch: list[tuple[str, Event]]) -> None:
        rows: list[Row] = []
        refused: list[str] = []
        for at_utc, event in batch:
            try:
                rows.append(row_of(event, at_utc=at_utc))
            except (TypeError, ValueError, AttributeError) as error:
                refused.append(f"{type(event).__name__} is not an event: {error}")
        with self._changed:
            n_gap, reason = self._n_lost - self._n_lost_noted, self._last_error
        if n_gap:
            rows.append(_gap_row(n_gap, reason))
        refused += writer.write(rows)
        for message in refused:
            _LOG.warning("not logged: %s", message)
        with self._changed:
            for _ in batch[: len(self._queue)]:
                self._queue.popleft()
            self._n_lost_noted += n_gap
            self._n_committed += len(batch) - len(refused)
            self._stuck = False
            if refused:
                self._lose(len(refused), refused[-1])
            self._changed.notify_all()

    def _note_trouble(self, message: str, *, failed: bool = False) -> None:
        with self._changed:
            if message != self._last_error:
                _LOG.warning("the ledger cannot be written: %s", message)
            self._last_error = message
            self._stuck = True
            self._n_failures += failed
            self._changed.notify_all()

    def _wait_for_retry(self, wait_s: float) -> bool:
        """Wait, less long when somebody flushes; False when the ledger is closed meanwhile."""
        with self._changed:
            if self._closing:
                return False
            self._changed.wait_for(lambda: self._hurry or self._closing, timeout=wait_s)
            return True


def _gap_row(n_unlogged: int, reason: str) -> Row:
    values: dict[str, Value] = {"at_utc": now_utc(), "n_unlogged": n_unlogged, "reason": reason}
    return Row(table="gap", values=values)
