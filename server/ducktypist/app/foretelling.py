"""The tell of one window: learns from the ledger beside the work, and answers from memory.

What it knows and how is ``ledger.tell``'s; here it is only kept up to date.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ducktypist.ledger.tell.ledger_teller import LedgerTeller

REFRESH_S = 60.0
"""How often to look whether outcomes came, or another window learned something."""
FIRST_WAIT_S = 0.2
"""Reading what was learned takes a few milliseconds; for learning anew nobody waits."""

_LOG = logging.getLogger(__name__)


class Foretelling:
    """A teller and what keeps it up to date."""

    def __init__(self, *, ledger: Path, state: Path) -> None:
        """Read nothing yet.

        Args:
            ledger: The ledger's file.
            state: The folder that holds what was learned.
        """
        self._ledger, self._state = ledger, state
        self._teller: LedgerTeller | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> LedgerTeller:
        """Return who foretells; the first call reads what is known and goes on looking for more."""
        teller = self._teller
        if teller is None:
            made = await asyncio.to_thread(self._made)
            # Another task may have been faster.
            teller = self._teller = self._teller or made
        if self._task is None:
            await self._start(teller)
        return teller

    def _made(self) -> LedgerTeller:
        from ducktypist.ledger.tell.ledger_teller import (  # noqa: PLC0415 - not needed for the first answer
            FILE_NAME,
            LedgerTeller,
        )

        return LedgerTeller(self._ledger, self._state / FILE_NAME)

    async def _start(self, teller: LedgerTeller) -> None:
        first = asyncio.Event()
        self._task = asyncio.create_task(self._keep_up(teller, first))
        # The first suggestion is to be foretold from what is known already.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(first.wait(), FIRST_WAIT_S)

    async def aclose(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep_up(self, teller: LedgerTeller, first: asyncio.Event) -> None:
        while True:
            try:
                await asyncio.to_thread(teller.refresh)
            except Exception:  # noqa: BLE001 - whatever is wrong with predictions, suggestions go on
                # A prediction is never worth a request: what was known goes on to serve.
                _LOG.exception("predictions stay as they are")
            first.set()
            await asyncio.sleep(REFRESH_S)
