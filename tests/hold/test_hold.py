"""Every trial of the table, at the size of CI: nothing is lost, nothing that was told is wrong."""

from __future__ import annotations

import pytest

from hold.running import run_trial
from hold.trial import Trial
from hold.trials import all_trials

SEED = 1


@pytest.mark.hold
@pytest.mark.timeout(600)
@pytest.mark.parametrize("trial", all_trials(), ids=lambda trial: f"{trial.number:02}-{trial.name}")
def test_it_holds(trial: Trial) -> None:
    """What must hold held; times are told and judged by `python -m tests.hold`."""
    row = run_trial(trial, size=trial.ci, seed=SEED)
    failing = row.outcome.failing(timings=False)
    assert not failing, (failing, list(row.outcome.failures)[:3])
    assert row.outcome.tried
