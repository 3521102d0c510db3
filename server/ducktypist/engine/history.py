"""What became of one host's runs: the last deaths, and how far to step back because of them.

One file for each host (model and settings) in the state folder, written only by the process that
holds the host's lock; windows read it. Pure but for reading and writing that file.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.domain import Json
from ducktypist.engine.postmortem import Cause, Death
from ducktypist.engine.retreat import MAX_LEVEL, Retreat

MAX_DEATHS = 20
FORGIVEN_AFTER_S = 3600.0
"""A run that lived so long shows that there is memory enough again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The runs of one host."""

    level: int = 0
    """How far the next run steps back."""
    n_starts: int = 0
    n_by_cause: Mapping[str, int] = field(default_factory=dict)
    """All deaths, also those that are no longer listed."""
    deaths: tuple[Death, ...] = ()
    """The last twenty, oldest first."""

    def after_start(self) -> History:
        """Return what there is after another start."""
        return replace(self, n_starts=self.n_starts + 1)

    def after_run(self, *, lived_s: float) -> History:
        """Return what there is after a run that ended in order."""
        return replace(self, level=self._level_after(lived_s))

    def after_death(self, death: Death) -> History:
        """Return what there is after a run that ended otherwise."""
        level = self._level_after(death.lived_s) + _wants_less(death)
        n_by_cause = {**self.n_by_cause, str(death.cause): self._n(death.cause) + 1}
        return replace(
            self,
            level=min(level, MAX_LEVEL),
            n_by_cause=n_by_cause,
            deaths=(*self.deaths, death)[-MAX_DEATHS:],
        )

    def retreat(self) -> Retreat:
        """Return how far the next run steps back, and why."""
        if not self.level:
            return Retreat()
        for death in reversed(self.deaths):
            if _wants_less(death):
                at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(death.at_utc))
                return Retreat(level=self.level, reason=f"at {at} the engine {death.detail}")
        return Retreat(level=self.level, reason="the engine ran out of memory before")

    def breaking_utc(self) -> list[float]:
        """Return when the host died by itself; being killed from outside shows no defect."""
        return [death.at_utc for death in self.deaths if death.cause is not Cause.KILLED]

    def to_json(self) -> dict[str, Json]:
        """Return it as ``ducktypist.status`` shows it."""
        retreat = self.retreat()
        return {
            "starts": self.n_starts,
            "deaths_by_cause": dict(self.n_by_cause),
            "deaths": [death.to_json() for death in self.deaths],
            "retreat": {"level": retreat.level, "reason": retreat.reason},
        }

    def _level_after(self, lived_s: float) -> int:
        return 0 if lived_s >= FORGIVEN_AFTER_S else self.level

    def _n(self, cause: Cause) -> int:
        return self.n_by_cause.get(str(cause), 0)


def _wants_less(death: Death) -> bool:
    """Tell whether the next run shall ask for less memory."""
    if death.cause is Cause.OUT_OF_MEMORY:
        return True
    # Drivers end the process in many ways when a load asks for too much, not all of them in words.
    return death.cause is Cause.CRASHED and death.was_loading and death.loaded.n_gpu_layers != 0


def load(path: Path) -> History:
    """Return the history in a file; an empty one when there is none or it is damaged."""
    try:
        told = json.loads(path.read_text("utf-8"))
        return History(
            level=min(max(0, int(told["level"])), MAX_LEVEL),
            n_starts=int(told["n_starts"]),
            n_by_cause={str(name): int(count) for name, count in told["n_by_cause"].items()},
            deaths=tuple(Death.from_json(death) for death in told["deaths"])[-MAX_DEATHS:],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return History()


def save(history: History, path: Path) -> None:
    """Write a history; nothing depends on it so much that failing to would be an error.

    The folder must be there: a host that leaves must not bring one back that was removed.
    """
    told = {
        "level": history.level,
        "n_starts": history.n_starts,
        "n_by_cause": dict(history.n_by_cause),
        "deaths": [death.to_json() for death in history.deaths],
    }
    new = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        new.write_text(json.dumps(told, indent=1), "utf-8")
        new.replace(path)
