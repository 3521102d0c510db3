"""A ledger that tells a collector what it is told, without ever waiting for it."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ducktypist.errors import ConfigError
from ducktypist.ledger.events import Event, SourceText
from ducktypist.ledger.store import Ledger
from ducktypist.telemetry.settings import Target

if TYPE_CHECKING:
    from ducktypist.telemetry.export import Exporter

MAX_WAITING = 10_000
"""Events that wait for the exporting thread; those beyond are not exported, and counted."""
CLOSE_S = 2.0

_LOG = logging.getLogger(__name__)


class TelemetryLedger(Ledger):
    """The ledger, with a second listener.

    What cannot be exported is dropped and counted; it is in the ledger all the same.

    Args:
        path: As for :class:`~ducktypist.ledger.store.Ledger`.
        target: The collector.
        keep_text: As for the ledger; kept text is never exported.
        session_id: One per run of the language server.
    """

    def __init__(
        self, path: Path, *, target: Target, keep_text: bool = False, session_id: str = ""
    ) -> None:
        super().__init__(path, keep_text=keep_text)
        self._target = target
        self._session_id = session_id
        self._waiting: queue.Queue[tuple[int, tuple[Event, ...]] | None] = queue.Queue(MAX_WAITING)
        self._exporting: threading.Thread | None = None
        self._closed = False
        self._n_unexported = 0
        self._telemetry_error = ""

    @property
    def n_unexported(self) -> int:
        """Events that were not handed to the collector's client."""
        return self._n_unexported

    @property
    def telemetry_error(self) -> str:
        """Why nothing is exported, for a person; empty while nothing is wrong."""
        return self._telemetry_error

    def append_all(self, events: Iterable[Event]) -> None:
        """Queue several events for the file and for the collector; return at once."""
        given = tuple(events)
        super().append_all(given)
        told = tuple(event for event in given if not isinstance(event, SourceText))
        if not told or self._closed:
            return
        try:
            self._waiting.put_nowait((time.time_ns(), told))
        except queue.Full:
            self._n_unexported += len(told)
            return
        if self._exporting is None:
            self._exporting = threading.Thread(target=self._export, name="telemetry", daemon=True)
            self._exporting.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Close the ledger, and give the collector two seconds to take the rest."""
        super().close(timeout_s)
        if self._closed:
            return
        self._closed = True
        thread = self._exporting
        if thread is not None:
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(None)
            thread.join(CLOSE_S)

    def _export(self) -> None:
        exporter = self._opened()
        while (given := self._waiting.get()) is not None:
            at_ns, events = given
            if exporter is None:
                self._n_unexported += len(events)
                continue
            for event in events:
                try:
                    exporter.take(event, events, at_ns=at_ns)
                except Exception as error:  # noqa: BLE001 - telemetry must not end in silence, nor end anything else
                    self._n_unexported += 1
                    self._trouble(f"an event was not exported: {error!r:.200}")
        if exporter is not None:
            exporter.close(CLOSE_S)

    def _opened(self) -> Exporter | None:
        try:
            # Half a second of imports, in this thread only.
            from ducktypist.telemetry.export import Exporter  # noqa: PLC0415 - nothing of it is loaded where telemetry is off

            return Exporter(self._target, session_id=self._session_id)
        except ConfigError as error:
            self._trouble(str(error))
        except ImportError:
            self._trouble(
                "telemetry is turned on, but OpenTelemetry is not installed; "
                "`pip install 'ducktypist[otel]'`"
            )
        return None

    def _trouble(self, message: str) -> None:
        if message != self._telemetry_error:
            _LOG.warning("%s", message)
        self._telemetry_error = message
