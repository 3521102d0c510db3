"""What one look at the installation came to: a value, and how it is written as JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ducktypist import __version__
from ducktypist.domain import Json

SCHEMA = 1
"""Of the JSON object; within a number it grows by new keys and new checks only."""


class Status(enum.StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    WARN = "warn"
    """It works, and something is lost or wants attention."""
    FAIL = "fail"
    """Something that the settings ask for does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the examination."""

    name: str
    """Stable, such as ``model-hash``."""
    status: Status
    summary: str
    """What was found, one line."""
    advice: str = ""
    """What to do, one line; empty when there is nothing to do."""
    details: Mapping[str, Json] = field(default_factory=dict)
    """More of what was found, for programs and for a report."""

    def to_json(self) -> dict[str, Json]:
        """Return it as ``ducktypist doctor --json`` prints it."""
        return {
            "name": self.name,
            "status": str(self.status),
            "summary": self.summary,
            "advice": self.advice,
            "details": dict(self.details),
        }


def good(name: str, summary: str, **details: Json) -> Check:
    """Return the line of something that is as it should be."""
    return Check(name=name, status=Status.OK, summary=summary, details=details)


def doubtful(name: str, summary: str, advice: str, **details: Json) -> Check:
    """Return the line of something that works and wants attention."""
    return Check(name=name, status=Status.WARN, summary=summary, advice=advice, details=details)


def bad(name: str, summary: str, advice: str, **details: Json) -> Check:
    """Return the line of something that does not work."""
    return Check(name=name, status=Status.FAIL, summary=summary, advice=advice, details=details)


def worst(checks: Sequence[Check]) -> Status:
    """Return how it stands with all of it."""
    found = {check.status for check in checks}
    for status in (Status.FAIL, Status.WARN):
        if status in found:
            return status
    return Status.OK


def as_json(checks: Sequence[Check], *, folder: str, quick: bool) -> dict[str, Json]:
    """Return the whole examination as one object; ``docs/doctor.md`` describes it.

    Args:
        checks: All lines, in their order.
        folder: The workspace folder that was looked at.
        quick: Whether what takes long was left out.
    """
    return {
        "schema": SCHEMA,
        "version": __version__,
        "status": str(worst(checks)),
        "folder": folder,
        "quick": quick,
        "checks": [check.to_json() for check in checks],
    }
