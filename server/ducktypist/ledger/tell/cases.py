"""What is known of the past: suggestions whose outcome is known, and the words for them.

Values only; ``rows`` reads them from the ledger.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass

from ducktypist.domain import Kind
from ducktypist.ledger.tell.signals import Signals

N_FIT = 30
"""Fewer outcomes of a kind are left to the base rates."""


class When(enum.StrEnum):
    """The two moments of a prediction."""

    BEFORE = "before_running"
    AFTER = "after_running"


class Stratum(enum.StrEnum):
    """Among which suggestions a rate is counted."""

    BEFORE = "before"
    """All."""
    AFTER = "after"
    """All that ran and whose label says more than that run did."""
    PASSED = "passed"
    """Of those: what the model could see passes."""
    FAILED = "failed"
    """Of all: something of that fails, which is wrong by the rules whatever else is known."""
    NOT_RUN = "not_run"
    """Of those: there was no check that the model could see; candidates were compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A prediction that was written down at the time."""

    p_right: float
    calibrator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One suggestion whose outcome is known."""

    suggestion_id: str
    at_utc: str
    """When it was asked for, which is before any prediction of it."""
    known_utc: str
    """Since when its outcome has been known, or later; not before ``at_utc``."""
    task: str
    """The same for every attempt at the same task; the suggestion's own id where nobody says."""
    signals: Signals
    is_right: bool
    """False for wrong and for flaky."""
    is_beyond: bool
    """Whether the label rests on more than checks that the model could see, so that it is an
    outcome and not the same run told twice."""
    before: Foretold | None = None
    after: Foretold | None = None

    @property
    def kind(self) -> Kind:
        """What it was for."""
        return self.signals.kind

    def foretold(self, when: When) -> Foretold | None:
        """Return what was written down at that moment."""
        return self.before if when is When.BEFORE else self.after

    def counts(self, when: When) -> bool:
        """Tell whether its outcome says anything of predictions at that moment.

        After running, a label that rests on that very run is no outcome, and where nothing ran
        there is no such moment.
        """
        return when is When.BEFORE or (self.is_beyond and has_run(self.signals))


def ran(signals: Signals) -> Stratum:
    """Return what running said of all that the model could see."""
    share = signals.visible_share
    if share is None or math.isnan(share):
        return Stratum.NOT_RUN
    return Stratum.PASSED if share >= 1 else Stratum.FAILED


def has_run(signals: Signals) -> bool:
    """Tell whether anything was run: checks that the model could see, or several candidates."""
    shares = (signals.visible_share, signals.agreeing_share)
    return any(share is not None and not math.isnan(share) for share in shares)


def plain(when: When) -> Stratum:
    """Return among which suggestions the base rate of that moment is counted."""
    return Stratum.BEFORE if when is When.BEFORE else Stratum.AFTER


def strata_of(case: Past) -> tuple[Stratum, ...]:
    """Return where an outcome is counted."""
    found = [plain(When.BEFORE)]
    how = ran(case.signals)
    if case.counts(When.AFTER):
        found += [plain(When.AFTER), how]
    elif how is Stratum.FAILED:
        found.append(how)
    return tuple(found)


def in_time_order(past: Iterable[Past]) -> tuple[Past, ...]:
    """Return them as they happened; ids break ties, so that the order is always the same."""
    return tuple(sorted(past, key=lambda case: (case.at_utc, case.suggestion_id)))
