"""Whether the machine has anything to spare, for work that nobody waits for."""

from __future__ import annotations

import psutil

MEASURED_S = 0.5
MAX_BUSY_PERCENT = 50.0
"""Of all cores together, over ``MEASURED_S``."""
MIN_FREE_PERCENT = 10.0
"""Of the memory."""


def is_spare() -> bool:
    """Tell whether processors and memory are mostly free and no battery is drained.

    Blocks for half a second, so call it in a thread. A machine that does not tell is spare.
    """
    try:
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
        if battery is not None and battery.power_plugged is False:
            return False
        memory = psutil.virtual_memory()
        if memory.available < memory.total * MIN_FREE_PERCENT / 100:
            return False
        return float(psutil.cpu_percent(interval=MEASURED_S)) <= MAX_BUSY_PERCENT
    except (psutil.Error, OSError):
        return True
