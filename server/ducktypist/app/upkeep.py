"""What is needed now and then: text and explanations that were kept for long enough go."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from ducktypist.app.explained import explanation_store
from ducktypist.config import ExplainConfig
from ducktypist.errors import LedgerError

DAY_S = 24 * 3600.0
_LOG = logging.getLogger(__name__)


async def expire_daily(kept: Callable[[], tuple[Path, int]], *, interval_s: float = DAY_S) -> None:
    """Remove kept text that is too old, at once and then once a day, until it is cancelled.

    Trouble with the file is logged and tried again the next day; it troubles nobody else.

    Args:
        kept: Says where the ledger is and for how many days its text is kept; asked each time,
            because settings change.
        interval_s: How long to wait in between.
    """

    async def expire() -> None:
        path, days = kept()
        try:
            n_texts = await asyncio.to_thread(_expire, path, days)
        except LedgerError as error:
            _LOG.warning("kept text was not looked through for what is too old: %s", error)
        else:
            if n_texts:
                _LOG.info("%s kept texts older than %s days were removed", n_texts, days)

    await _daily(expire, interval_s)


async def sweep_daily(settings: Callable[[], ExplainConfig], *, interval_s: float = DAY_S) -> None:
    """Remove kept explanations that nobody read for too long, at once and then once a day.

    Args:
        settings: Say for how many days they are kept; asked each time, because settings change.
        interval_s: How long to wait in between.
    """

    async def sweep() -> None:
        n_files = await asyncio.to_thread(explanation_store(settings()).sweep)
        if n_files:
            _LOG.info("%s kept explanations that nobody read were removed", n_files)

    await _daily(sweep, interval_s)


async def _daily(work: Callable[[], Awaitable[None]], interval_s: float) -> None:
    while True:
        await work()
        await asyncio.sleep(interval_s)


def _expire(path: Path, days: int) -> int:
    from ducktypist.ledger.moving.purge import expire_text  # noqa: PLC0415 - not needed for the first answer

    return expire_text(path, days, now=dt.datetime.now(dt.UTC))
