"""What the ledger needs now and then: text that was kept for long enough is removed."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from pathlib import Path

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
    while True:
        path, days = kept()
        try:
            n_texts = await asyncio.to_thread(_expire, path, days)
        except LedgerError as error:
            _LOG.warning("kept text was not looked through for what is too old: %s", error)
        else:
            if n_texts:
                _LOG.info("%s kept texts older than %s days were removed", n_texts, days)
        await asyncio.sleep(interval_s)


def _expire(path: Path, days: int) -> int:
    from ducktypist.ledger.moving.purge import expire_text  # noqa: PLC0415 - not needed for the first answer

    return expire_text(path, days, now=dt.datetime.now(dt.UTC))
