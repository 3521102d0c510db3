"""Figures as a person reads them; numbers for programs stay as they are."""

from __future__ import annotations

KIB = 1024
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def size(n_bytes: float) -> str:
    """Return a number of bytes with three figures or so: ``469 MiB``, ``1.5 GiB``."""
    amount = float(n_bytes)
    for unit in UNITS[:-1]:
        if abs(amount) < KIB:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"  # noqa: PLR2004 - two figures before the point are enough
        amount /= KIB
    return f"{amount:.1f} {UNITS[-1]}"


def duration(seconds: float) -> str:
    """Return a time in its largest sensible unit: ``12 s``, ``3 min``, ``5 h``, ``4 days``."""
    for unit, length_s in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length_s or (unit != "days" and seconds >= length_s):
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"
