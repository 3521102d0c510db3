"""The replay: no forecast knows an outcome that came after it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from ducktypist.ledger.tell import prequential
from ducktypist.ledger.tell.cases import Past, When
from ducktypist.ledger.tell.prequential import Step, walk
from ducktypist.ledger.tell.score import auroc, skill_over_reference
from support.tell_past import at, case, made_past, signals


def forecasts(past: tuple[Past, ...], when: When = When.BEFORE) -> dict[str, Step]:
    """Return the replayed forecasts by suggestion."""
    return {step.case.suggestion_id: step for step in walk(past, when=when)[0]}


@pytest.mark.parametrize("when", list(When))
def test_later_outcomes_change_no_earlier_forecast(when: When) -> None:
    """Whatever becomes of the second half, the forecasts of the first are the same."""
    past = made_past(240, sees_tests=True)
    outcomes = [item.is_right for item in past[120:]]
    random.Random(0).shuffle(outcomes)  # noqa: S311 - made-up data
    changed = (
        *past[:120],
        *(replace(item, is_right=right) for item, right in zip(past[120:], outcomes, strict=True)),
    )
    before, after = forecasts(past, when), forecasts(changed, when)
    first = [item.suggestion_id for item in past[:121]]
    assert [(before[name].p, before[name].base_rate) for name in first if name in before] == [
        (after[name].p, after[name].base_rate) for name in first if name in after
    ]
    last = past[-1].suggestion_id
    assert before[last].p != after[last].p


def test_its_own_outcome_is_not_known_to_a_forecast() -> None:
    """Turning one outcome around changes later forecasts only."""
    past = made_past(100)
    turned = (*past[:60], replace(past[60], is_right=not past[60].is_right), *past[61:])
    before, after = forecasts(past), forecasts(turned)
    assert before[past[60].suggestion_id].p == after[past[60].suggestion_id].p
    assert before[past[61].suggestion_id].base_rate != after[past[61].suggestion_id].base_rate


def test_an_outcome_counts_from_when_it_became_known() -> None:
    """Outcomes that come days later teach nothing until then."""
    late = tuple(
        replace(item, known_utc=at(1_000_000 + place)) for place, item in enumerate(made_past(200))
    )
    assert forecasts(late) == {}
    half = (*made_past(200)[:50], *late[50:])
    steps = forecasts(half)
    rates = {step.base_rate for name, step in steps.items() if name > half[51].suggestion_id}
    # One for each model, since nothing more is learned.
    assert len(rates) == 2


def test_signals_that_tell_are_found() -> None:
    """The replayed forecasts are better than the base rates of their time."""
    steps = [step.as_forecast() for step in walk(made_past(600), when=When.BEFORE)[0]]
    assert auroc(steps) > 0.75
    assert skill_over_reference(steps) > 0.1


def test_the_first_forecasts_are_the_base_rates() -> None:
    """Fewer than thirty outcomes are left to them."""
    steps = walk(made_past(200), when=When.BEFORE)[0]
    n_plain = sum(not step.used_signals for step in steps)
    assert all(step.p == step.base_rate for step in steps[:n_plain])
    # The very first has no base rate and no forecast.
    assert n_plain == prequential.N_FIT - 1


def test_drift_is_followed() -> None:
    """Where what signals mean turns around, forecasts turn as well once the old ones are gone."""
    early = made_past(150, strength=2.0)
    late = tuple(
        replace(
            item,
            suggestion_id=f"z{item.suggestion_id[1:]}",
            at_utc=at(10_000 + place),
            known_utc=at(10_000.5 + place),
        )
        for place, item in enumerate(made_past(1200, strength=-2.0, seed=7))
    )
    steps = [step.as_forecast() for step in walk((*early, *late), when=When.BEFORE)[0]]
    assert auroc(steps[-400:]) > 0.7


def test_old_outcomes_are_not_fitted_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest are."""
    monkeypatch.setattr(prequential, "N_NEWEST", 100)
    past = made_past(300)
    _, learner = walk(past, when=When.BEFORE, replays=False)
    tell = learner.fit(past[-1])
    assert tell is not None
    assert tell.linear is not None
    assert tell.linear.n == 100


def test_only_the_newest_forecasts_are_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The older ones are learned from without."""
    monkeypatch.setattr(prequential, "N_REPLAYED", 50)
    past = made_past(200)
    steps, learner = walk(past, when=When.BEFORE)
    assert [step.case.suggestion_id for step in steps] == [i.suggestion_id for i in past[150:]]
    assert len(learner.examples) == 200


def test_after_running_circular_labels_are_neither_learned_nor_scored() -> None:
    """A label that only repeats the run is no outcome of a forecast that knows the run."""
    past = tuple(
        case(
            place,
            is_right=place % 2 == 0,
            is_beyond=False,
            signals=signals(visible_share=1.0 if place % 2 == 0 else 0.0),
        )
        for place in range(80)
    )
    steps, learner = walk(past, when=When.AFTER)
    assert steps == ()
    assert learner.examples == []
    assert len(walk(past, when=When.BEFORE)[1].examples) == 80
