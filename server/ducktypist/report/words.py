"""Numbers and foreign names as a person reads them. Nothing is computed here.

A number that nobody knows is a dash, never a 0.
"""

from __future__ import annotations

import math
import re

DASH = "–"
GLUE = "\N{NO-BREAK SPACE}"
"""Between a number and its unit."""
MAX_NAME_CHARS = 60
LEAST_P = 0.001
"""Smaller p-values are not told apart."""
_MS_PER_S = 1_000
_S_PER_MIN = 60
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Return ``text`` with a visible sign for each that HTML or XML forbid or that nobody can see.

    Marks that turn the direction of the text after them are among those; line ends and tabs stay.
    """
    return _INVISIBLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def cut(text: str, n_chars: int = MAX_NAME_CHARS) -> str:
    """Return a foreign name in one line, at most ``n_chars`` long, its middle left out."""
    # Whoever hands us ten kilobytes gets only its ends looked at.
    ends = text if len(text) <= 4 * n_chars else text[: 2 * n_chars] + text[-2 * n_chars :]
    flat = " ".join(clean(ends).split())
    if len(flat) <= n_chars:
        return flat or "?"
    tail = n_chars // 3
    return f"{flat[: n_chars - tail - 1]}…{flat[-tail:]}"


def percent(share: float | None) -> str:
    """Return a share as ``73 %``; a dash where there is none."""
    if share is None or math.isnan(share):
        return DASH
    return f"{_rounded(100 * share)}{GLUE}%"


def percents(low: float | None, high: float | None) -> str:
    """Return an interval of shares as ``69–77``; a dash where there is none."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return DASH
    return f"{_rounded(100 * low)}–{_rounded(100 * high)}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a score such as ``0.183``; a dash where there is none."""
    if value is None or math.isnan(value):
        return DASH
    # No score is minus nothing.
    return f"{round(value, digits) or 0.0:.{digits}f}"


def p_value(value: float) -> str:
    """Return a p-value such as ``0.021``; one that rounds to nothing is ``< 0.001``."""
    return number(value) if value >= LEAST_P else f"<{GLUE}{LEAST_P}"


def numbers(low: float | None, high: float | None, digits: int = 3) -> str:
    """Return an interval of scores; a dash where there is none."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return DASH
    return f"{number(low, digits)} to {number(high, digits)}"


def duration(value_ms: float | None) -> str:
    """Return milliseconds as ``240 ms``, ``1.2 s`` or ``3 min``; a dash where there are none."""
    if value_ms is None or math.isnan(value_ms):
        return DASH
    if round(value_ms) < _MS_PER_S:
        return f"{value_ms:.0f}{GLUE}ms"
    seconds = value_ms / _MS_PER_S
    if seconds < 10 * _S_PER_MIN:
        return f"{seconds:.1f}{GLUE}s" if seconds < _S_PER_MIN else f"{seconds:.0f}{GLUE}s"
    return f"{seconds / _S_PER_MIN:.0f}{GLUE}min"


def count(value: int) -> str:
    """Return a number of things as ``1,234``."""
    return f"{value:,}"


def several(n: int, one: str, more: str | None = None) -> str:
    """Return ``1 suggestion`` or ``2 suggestions``."""
    return f"{count(n)} {one if n == 1 else more or one + 's'}"


def moment(at_utc: str) -> str:
    """Return a time of the ledger as ``2026-01-31 17:05 UTC``."""
    return f"{at_utc[:10]} {at_utc[11:16]} UTC" if len(at_utc) > len("2026-01-31T") else at_utc


def _rounded(value: float) -> int:
    # Half a point goes up, as one expects of it.
    return math.floor(value + 0.5)
