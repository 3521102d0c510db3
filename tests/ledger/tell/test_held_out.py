"""Halves: no task in both, always the same ones, and scores of the half not fitted on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ducktypist.domain import Kind
from ducktypist.ledger.tell.cases import When
from ducktypist.ledger.tell.held_out import held_out, split
from support.tell_past import made_past


def test_no_task_is_in_both_halves() -> None:
    """Each outcome is in one, and about half of them in each."""
    past = made_past(600)
    one, other = split(past, seed=0)
    assert not {case.task for case in one} & {case.task for case in other}
    assert len(one) + len(other) == 600
    assert 240 < len(one) < 360


def test_a_seed_decides_the_halves() -> None:
    """The same one gives the same halves, another one others."""
    past = made_past(100)
    assert split(past, seed=1) == split(past, seed=1)
    assert split(past, seed=1) != split(past, seed=2)


def test_outcomes_of_the_scored_half_change_no_forecast() -> None:
    """Turning them all around turns the AUROC around, since the forecasts stay."""
    past = made_past(600)
    _, other = split(past, seed=0)
    names = {case.suggestion_id for case in other}
    turned = [
        replace(case, is_right=not case.is_right) if case.suggestion_id in names else case
        for case in past
    ]
    (one, _), (two, _) = held_out(past, (), seed=0)[1], held_out(turned, (), seed=0)[1]
    assert one.when is When.BEFORE
    assert one.signals.auroc.value > 0.75
    assert two.signals.auroc.value == pytest.approx(1 - one.signals.auroc.value)


def test_each_kind_and_all_together_are_scored() -> None:
    """Before and after running; what is shown is the base rate where there is no tell."""
    fixes = tuple(
        replace(case, suggestion_id=f"f{case.suggestion_id[1:]}", task=f"f{case.task}")
        for case in made_past(500, kind=Kind.FIX, strength=0.0, seed=4)
    )
    calibrator, found = held_out((*made_past(600), *fixes), (), seed=0)
    by_name = {(item.kind, item.when): item for item in found}
    assert set(by_name) == {
        (kind, when) for kind in (Kind.COMPLETE, Kind.FIX, None) for when in When
    }
    body, fix = by_name[Kind.COMPLETE, When.BEFORE], by_name[Kind.FIX, When.BEFORE]
    both = by_name[None, When.BEFORE]
    assert body.has_tell
    assert body.shown.ece <= 0.08
    assert body.shown.skill.low > 0
    assert not fix.has_tell
    # One base rate for each of the two models.
    assert fix.shown.ece_bins <= 2
    assert both.shown.n == body.shown.n + fix.shown.n
    assert both.n_fitted == sum(calibrator.n_known.values())
