"""``ducktypist/activity``: what the model is doing, told to clients that show it.

Told on a change, at most four times a second and the last state always; while nothing changes,
nothing runs here. What is to be seen is ``app.watching``'s business, what is counted the ledger's.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ducktypist.app.watching import Doing, EngineLook, ModelKey
from ducktypist.errors import LedgerError
from ducktypist.ledger.events import Accepted, Event, Generated, Revised, Settled, Verified
from ducktypist.ledger.reading import since_day
from ducktypist.ledger.today import Today, read_today

if TYPE_CHECKING:
    from lsprotocol import types

    from ducktypist.ledger.store import Ledger
    from ducktypist.lsp.session import Session

METHOD = "ducktypist/activity"
EVERY_S = 0.25
READ_EVERY_S = 3.0
"""The ledger is read no more often."""
READ_AFTER_S = 0.3
"""What is written together is read together."""
FLUSH_S = 2.0
GONE_AFTER_S = 2.0
"""So long after its time an engine without work has left."""

_COUNTED = (Accepted, Generated, Revised, Settled, Verified)
"""What changes a number that is shown."""


def wants_activity(client: types.ClientCapabilities) -> bool:
    """Tell whether a client shows what the model is doing."""
    ours = client.experimental
    for name in ("ducktypist", "activity"):
        ours = ours.get(name) if isinstance(ours, Mapping) else None
    return ours is True


def told(look: EngineLook, today: Today) -> dict[str, Any]:
    """Return what is sent, as ``docs/protocol.md`` has it."""
    model = look.model
    return {
        "state": look.doing.value,
        "model": model.name if model is not None else None,
        "quantisation": model.quantisation if model is not None else None,
        "tok_s": None if look.tok_s is None else round(look.tok_s, 1),
        "speed": today.speed.value,
        "today": {
            "suggestions": today.n_suggestions,
            "verified": today.n_verified,
            "right": today.n_right,
            "share": _or_none(today.right),
            "low": _or_none(today.right_low),
            "high": _or_none(today.right_high),
            "too_few": today.too_few,
        },
        "message": look.message or None,
    }


class ActivityDesk:
    """Tells one client what the model is doing."""

    def __init__(self, session: Session) -> None:
        """Tell nothing yet."""
        self._session = session
        self._is_on = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sent: dict[str, Any] | None = None
        self._next_s = 0.0
        """The next look is not before; by the loop's clock."""
        self._next_read_s = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._read_due: asyncio.TimerHandle | None = None
        self._gone_due: asyncio.TimerHandle | None = None
        self._today = Today()
        self._today_of: tuple[ModelKey | None, str] | None = None
        """Whose day was read last."""

    def start(self) -> None:
        """Tell from here on, if the client wants to be told."""
        self._is_on = wants_activity(self._session.client)
        if self._is_on:
            self._loop = asyncio.get_running_loop()
            self._attach()

    def reconfigured(self) -> None:
        """Go on with another app."""
        if self._is_on:
            self._attach()
            # The engine of the new settings may be there already, or cannot be had.
            self._session.in_background(self._session.app.status())

    def close(self) -> None:
        """Tell nothing from here on."""
        self._is_on = False
        for timer in (self._due, self._read_due, self._gone_due):
            if timer is not None:
                timer.cancel()

    def _attach(self) -> None:
        app = self._session.app
        app.watch.on_change = self._soon
        app.ledger.on_append = self._written
        self._today_of = None
        self._soon()

    # ------------------------------------------------------------------ telling

    def _soon(self) -> None:
        """See to it that the client is told of a change."""
        if self._is_on and self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(max(0.0, self._next_s - loop.time()), self._tell)

    def _tell(self) -> None:
        self._due = None
        self._next_s = asyncio.get_running_loop().time() + EVERY_S
        look = self._session.app.watch.look()
        if self._today_of != (look.model, since_day(1)):
            self._read_soon()
        message = told(look, self._today)
        if message != self._sent:
            self._sent = message
            self._session.server.protocol.notify(METHOD, message)
        self._expect_leaving(look)

    # ------------------------------------------------------------------ the engine leaves

    def _expect_leaving(self, look: EngineLook) -> None:
        """Look once at an engine when it should have left for want of work.

        Nobody says so when it leaves, and asking does not keep it.
        """
        if self._gone_due is not None:
            self._gone_due.cancel()
            self._gone_due = None
        config = self._session.app.config.engine
        if look.doing is Doing.IDLE and config.idle_unload_s > 0 and not config.url:
            loop, wait_s = asyncio.get_running_loop(), config.idle_unload_s + GONE_AFTER_S
            self._gone_due = loop.call_later(wait_s, self._look_after_it)

    def _look_after_it(self) -> None:
        self._gone_due = None
        self._session.in_background(self._is_it_gone())

    async def _is_it_gone(self) -> None:
        await self._session.app.status()
        # Another window may have kept it: then it is looked at again as long after this.
        self._soon()

    # ------------------------------------------------------------------ the ledger

    def _written(self, events: Sequence[Event]) -> None:
        """Note what was written, in whatever thread."""
        loop = self._loop
        if loop is not None and any(isinstance(event, _COUNTED) for event in events):
            # A thread may still write while the loop ends.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._read_soon)

    def _read_soon(self) -> None:
        if self._is_on and self._read_due is None:
            loop = asyncio.get_running_loop()
            wait_s = max(READ_AFTER_S, self._next_read_s - loop.time())
            self._read_due = loop.call_later(wait_s, self._read)

    def _read(self) -> None:
        self._read_due = None
        self._next_read_s = asyncio.get_running_loop().time() + READ_EVERY_S
        self._session.in_background(self._read_today())

    async def _read_today(self) -> None:
        app = self._session.app
        model, day_utc = app.watch.look().model, since_day(1)
        today = await asyncio.to_thread(_today_of, app.ledger, model)
        self._today_of = model, day_utc
        self._today = self._today if today is None else today
        self._soon()


def _today_of(ledger: Ledger, model: ModelKey | None) -> Today | None:
    """Return the counts of a model; None where the ledger cannot be read."""
    if model is None:
        return Today()
    try:
        ledger.flush(FLUSH_S)
        return read_today(
            ledger.path,
            model=model.name,
            model_sha256=model.sha256,
            quantisation=model.quantisation,
        )
    except LedgerError:
        # Whoever asks for the ledger itself is told why.
        return None


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
