"""The tell of one window: answers from memory, and has a process of its own learn anew.

What it knows and how is ``ledger.tell``'s; here it is only kept up to date. Fitting is seconds of
computing with a library that nothing else here needs, so it is never done in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from ducktypist.app.beside import run_beside
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.ledger.tell.ledger_teller import LedgerTeller

REFRESH_S = 60.0
"""How often to look whether outcomes came, or another window learned something."""
FIRST_WAIT_S = 0.2
"""Reading what was learned takes a few milliseconds; for learning anew nobody waits."""
LEARN_TIMEOUT_S = 900.0
"""Seconds of computing, which may take long behind everything else."""
LEARN_NICENESS = 19
"""Nobody waits for it: it stands back behind the host as well."""
RETRY_S = 600.0
"""What failed will hardly do better at once."""

_LOG = logging.getLogger(__name__)


class Foretelling:
    """A teller and what keeps it up to date."""

    def __init__(self, *, ledger: Path) -> None:
        """Read nothing yet.

        Args:
            ledger: The ledger's file; what was learned of it lies beside it.
        """
        self._ledger = ledger
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
        from ducktypist.ledger.tell.ledger_teller import LedgerTeller  # noqa: PLC0415 - not needed for the first answer

        return LedgerTeller(self._ledger)

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
            wait_s = REFRESH_S
            try:
                is_due = await asyncio.to_thread(teller.look)
                first.set()
                if is_due:
                    await self._learn()
                    await asyncio.to_thread(teller.look)
            except (DucktypistError, TimeoutError) as error:
                _LOG.warning("nothing new was learned for predictions: %s", error)
                wait_s = RETRY_S
            except Exception:  # noqa: BLE001 - whatever is wrong with predictions, suggestions go on
                # A prediction is never worth a request: what was known goes on to serve.
                _LOG.exception("predictions stay as they are")
                wait_s = RETRY_S
            first.set()
            await asyncio.sleep(wait_s)

    async def _learn(self) -> None:
        await run_beside(
            *("calibrate", "--if-due", f"--ledger={self._ledger}"),
            timeout_s=LEARN_TIMEOUT_S,
            niceness=LEARN_NICENESS,
        )
