"""Failing tests and who is to blame: an index of what every test said of every function.

One :class:`Trial` is what one test of one run said of the functions that it executed. What follows
from a failure depends on passes before and after it, so whatever a new trial may change is handed
back to be judged again. Knows functions by the hashes of their blocks, and nothing of suggestions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from ducktypist.ledger.later import TestRun, TestSeen

_Setting: TypeAlias = tuple[str, str, str]
"""Test, all else that it executed, environment."""


@dataclass(slots=True, kw_only=True, eq=False)
class Trial:
    """One test in one run."""

    run: TestRun
    test_hash: str
    test_block_hash: str
    """The test as it was then; empty where nobody says."""
    rows: list[TestSeen] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Passed:
    """Passes of one test in one setting on one function."""

    block_hash: str
    test_block_hash: str
    first_utc: str


@dataclass(slots=True, kw_only=True)
class _Known:
    """What one test said of one function."""

    passes: dict[tuple[str, str, str], None] = field(default_factory=dict)
    """Test as it was, rest, environment."""
    failed: list[Trial] = field(default_factory=list)


@dataclass(slots=True)
class Cases:
    """Every trial so far."""

    _known: dict[tuple[str, str], _Known] = field(default_factory=dict)
    """By test and block."""
    _passed: dict[_Setting, list[_Passed]] = field(default_factory=dict)
    _failed: dict[_Setting, list[Trial]] = field(default_factory=dict)

    def add(self, trial: Trial) -> list[Trial]:
        """Take in a trial; return the earlier ones, failed ones, that may be judged anew by it."""
        again: dict[int, Trial] = {}
        for row in trial.rows:
            setting = trial.test_hash, row.rest_hash, trial.run.environment_hash
            known = self._known.setdefault((trial.test_hash, row.block_hash), _Known())
            if not row.passed:
                known.failed.append(trial)
                if row.rest_hash:
                    self._failed.setdefault(setting, []).append(trial)
                continue
            version = trial.test_block_hash, row.rest_hash, trial.run.environment_hash
            if version not in known.passes:
                known.passes[version] = None
                again |= {id(item): item for item in known.failed}
            if row.rest_hash and self._is_news(setting, trial, row):
                again |= {id(item): item for item in self._failed.get(setting, ())}
        again.pop(id(trial), None)
        return list(again.values())

    def has_passed(self, trial: Trial, block_hash: str) -> bool:
        """Tell whether this test ever passed on this very function."""
        return any(True for _ in self._passes(trial, block_hash))

    def disagrees(self, trial: Trial, row: TestSeen) -> bool:
        """Tell whether it passed with all that it executed, and where it ran, the same."""
        if not row.rest_hash:
            return any(other.passed and other.block_hash == row.block_hash for other in trial.rows)
        wanted = row.rest_hash, trial.run.environment_hash
        return any(found[1:] == wanted for found in self._passes(trial, row.block_hash))

    def passed_otherwise(self, trial: Trial, row: TestSeen) -> str:
        """Return when this test first passed with nothing but this function another one.

        Empty where it never did, or where nobody knows what else it executed.
        """
        if not row.rest_hash:
            return ""
        setting = trial.test_hash, row.rest_hash, trial.run.environment_hash
        times = [
            item.first_utc
            for item in self._passed.get(setting, ())
            if item.block_hash != row.block_hash
            and _is_same_test(item.test_block_hash, trial.test_block_hash)
        ]
        return min(times, default="")

    def suspects(self, trial: Trial) -> frozenset[str]:
        """Return the functions that a failure goes through on which the test never passed."""
        return frozenset(
            row.block_hash
            for row in trial.rows
            if not row.passed and row.is_direct and not self.has_passed(trial, row.block_hash)
        )

    def _passes(self, trial: Trial, block_hash: str) -> Iterable[tuple[str, str, str]]:
        known = self._known.get((trial.test_hash, block_hash))
        return (
            found
            for found in (known.passes if known else ())
            if _is_same_test(found[0], trial.test_block_hash)
        )

    def _is_news(self, setting: _Setting, trial: Trial, row: TestSeen) -> bool:
        passed = self._passed.setdefault(setting, [])
        ran_utc = trial.run.ran_utc
        for item in passed:
            if (item.block_hash, item.test_block_hash) == (row.block_hash, trial.test_block_hash):
                if ran_utc >= item.first_utc:
                    return False
                item.first_utc = ran_utc
                return True
        passed.append(
            _Passed(
                block_hash=row.block_hash,
                test_block_hash=trial.test_block_hash,
                first_utc=ran_utc,
            )
        )
        return True


def _is_same_test(one: str, other: str) -> bool:
    """Tell whether two states of a test may be the same; an unknown one is like any."""
    return one == other or not one or not other
