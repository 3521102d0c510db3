"""The trials, in the order of their numbers."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from hold.trial import Trial

PREFIX = "trial_"


def all_trials() -> list[Trial]:
    """Return every trial of this folder: each module ``trial_NAME`` has one or more in TRIALS."""
    found: list[Trial] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith(PREFIX):
            found.extend(importlib.import_module(f"hold.{module.name}").TRIALS)
    return sorted(found, key=lambda trial: trial.number)
