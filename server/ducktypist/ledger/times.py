"""Times as the ledger writes them: ISO 8601 in UTC, with milliseconds and ``Z``."""

from __future__ import annotations

import datetime as dt


def utc_text(at: dt.datetime) -> str:
    """Return a time that knows its zone; what is below a millisecond is cut off."""
    utc = at.astimezone(dt.UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"


def now_utc() -> str:
    """Return the wall clock's time."""
    return utc_text(dt.datetime.now(dt.UTC))
