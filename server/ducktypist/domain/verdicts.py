"""Kinds of suggestions, the verification ladder, and what became of climbing it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What a suggestion is for."""

    EXPLAIN = "explain"
    COMPLETE = "complete"
    INFILL = "infill"
    FIX = "fix"
    DERACE = "derace"


class Rung(enum.StrEnum):
    """How far up the verification ladder a suggestion got; the order is the ladder's."""

    UNVERIFIED = "unverified"
    PARSES = "parses"
    RESOLVES = "resolves"
    EXAMPLES_PASS = "examples_pass"
    TESTS_PASS = "tests_pass"
    NO_REGRESSIONS = "no_regressions"

    @property
    def height(self) -> int:
        """The rung's place on the ladder, 0 for ``unverified``."""
        return list(Rung).index(self)


class Outcome(enum.StrEnum):
    """What became of running a suggestion. We say plausible, never correct."""

    PLAUSIBLE = "plausible"
    STILL_FAILING = "still_failing"
    REGRESSED = "regressed"
    BROKEN = "broken"
    TIMEOUT = "timeout"
    FLAKY = "flaky"
    TAMPERED = "tampered"
    STALE = "stale"
    SANDBOX_ERROR = "sandbox_error"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How far a suggestion was checked and by what; a function of reports, not of its text."""

    rung: Rung
    outcome: Outcome
    repeats: int
    """How many times the deciding run was made."""
    passed: int
    """Checks of the deciding run (examples, or tests) that passed."""
    failed: int
    summary: str
    """One line for a person, such as ``plausible: 3 of 3 runs, 41 other tests still pass``."""
    sandbox_level: int | None = None
    """The sandbox level that the runs had, None when nothing was run."""
