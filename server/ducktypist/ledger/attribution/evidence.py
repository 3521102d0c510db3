"""What checks and test runs amount to: a label, by the rules that the ledger's views have.

The rules stand in ``sql/0007`` and are here once more because attribution takes back what a later
run refutes, which rows cannot. A test holds both together. Counting only; which run speaks for
which suggestion is decided in ``blame``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from ducktypist.domain import Outcome
from ducktypist.ledger.events import Label, Moment, Tier, Verified, Verifier

N_REPEATS = 3
"""Right once may be luck."""
READING = frozenset({Verifier.PARSE, Verifier.RESOLVE, Verifier.CLAIM})
NOTHING_LEARNED = frozenset({Outcome.SANDBOX_ERROR, Outcome.STALE, Outcome.NOT_RUN})

_Key: TypeAlias = tuple[Tier, Verifier, str]
"""Tier, verifier, environment."""


@dataclass(slots=True)
class _Count:
    n_pass: int = 0
    n_fail: int = 0
    n_flaky: int = 0

    @property
    def failed(self) -> bool:
        return self.n_fail > 0 and not self.n_pass and not self.n_flaky

    @property
    def disagreed(self) -> bool:
        return self.n_flaky > 0 or (self.n_fail > 0 and self.n_pass > 0)


@dataclass(slots=True)
class Evidence:
    """All that is known of one suggestion by checks."""

    _counts: dict[_Key, _Count] = field(default_factory=dict)

    def add(self, event: Verified) -> None:
        """Count one event of the ledger."""
        result = result_of(event)
        if result is not None and event.moment is not Moment.IN_EDITED_CODE:
            key = event.tier, event.verifier, event.environment_hash
            self.count(key, result, event.n_repeats)

    def count(self, key: tuple[Tier, Verifier, str], result: Outcome, n: int) -> None:
        """Count ``n`` repeats that passed, failed or were flaky; less than none takes back."""
        count = self._counts.setdefault(key, _Count())
        if result is Outcome.FLAKY:
            count.n_flaky += n
        elif result is Outcome.PLAUSIBLE:
            count.n_pass += n
        else:
            count.n_fail += n

    def label(self) -> Label:
        """Return what it amounts to, strongest rule first."""
        ran = {key: item for key, item in self._counts.items() if key[1] not in READING}
        verifiers = {key[:2] for key, item in ran.items() if _is_any(item)}
        if any(item.failed for item in ran.values()):
            return Label.WRONG
        if any(item.disagreed for item in ran.values()):
            return Label.FLAKY
        for tier in (Tier.HIDDEN, Tier.VISIBLE):
            best = [
                max(item.n_pass for key, item in ran.items() if key[:2] == which)
                for which in verifiers
                if which[0] is tier
            ]
            if best:
                return Label.RIGHT if min(best) >= N_REPEATS else Label.UNVERIFIED
        read = (item for key, item in self._counts.items() if key[1] in READING)
        return Label.WRONG if any(_is_bad(read)) else Label.UNVERIFIED


def result_of(event: Verified) -> Outcome | None:
    """Return whether a check passed (``plausible``), failed or was flaky; None if nothing ran."""
    if event.outcome in NOTHING_LEARNED:
        return None
    if event.outcome is Outcome.FLAKY:
        return Outcome.FLAKY
    if event.outcome is not Outcome.PLAUSIBLE or event.timed_out:
        return Outcome.STILL_FAILING
    if event.tier is not Tier.REGRESSION:
        if event.n_failed:
            return Outcome.STILL_FAILING
        if event.n_passed == 0:
            return None
    return Outcome.PLAUSIBLE


def _is_any(count: _Count) -> bool:
    return count.n_pass + count.n_fail + count.n_flaky > 0


def _is_bad(counts: Iterable[_Count]) -> Iterable[bool]:
    return (item.failed or item.disagreed for item in counts)
