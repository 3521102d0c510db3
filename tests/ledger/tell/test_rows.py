"""The past as the ledger's view has it."""

from __future__ import annotations

import pytest

from ducktypist.domain import Kind, Outcome, Prediction, Timings
from ducktypist.ledger.events import (
    Answer,
    Judge,
    Label,
    Settled,
    StaticVerdict,
    Tier,
    Verifier,
    foretold,
)
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.reading import Filter
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tell.cases import Foretold, When
from ducktypist.ledger.tell.rows import logged, n_known, past
from support.ledger_events import MODEL, generated, new_id, requested, verified
from support.tell_ledger import write_past
from support.tell_past import made_past

PREDICTION = Prediction(p_right=0.6, low=0.5, high=0.7, n_like=9, calibrator="t1:x", has_tell=True)


@pytest.fixture
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Return an empty ledger."""
    return Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite3")


def rows(ledger: Ledger) -> SqliteRows:
    """Return its views, with everything written."""
    assert ledger.flush(60)
    return SqliteRows(ledger.path)


def hidden(suggestion_id: str, *, is_right: bool, **changes: object) -> object:
    """Return three repeats of a test that the model had not seen."""
    return verified(
        suggestion_id,
        verifier=Verifier.TARGET_TEST,
        tier=Tier.HIDDEN,
        outcome=Outcome.PLAUSIBLE if is_right else Outcome.STILL_FAILING,
        n_failed=int(not is_right),
        **changes,
    )


def test_signals_predictions_and_outcome_are_read(ledger: Ledger) -> None:
    """Each column goes where it belongs."""
    name = new_id()
    after = Prediction(p_right=0.8, low=0.7, high=0.9, n_like=5, calibrator="t1:y", has_tell=True)
    ledger.append_all(
        [
            requested(name, task_hash="task"),
            generated(
                name,
                timings=Timings(completion_tokens=400),
                answer_tokens=40,
                mean_logprob=-0.2,
                min_logprob=-3.0,
                lowest5_logprob=-2.0,
                min_margin=0.1,
                n_candidates=5,
                n_agreeing=3,
                n_compared=4,
                static_verdict=StaticVerdict.RESOLVES,
                **foretold(PREDICTION),
            ),
            verified(name, n_passed=3, n_failed=1, outcome=Outcome.PLAUSIBLE, **foretold(after)),
            hidden(name, is_right=False),
        ]
    )
    (case,) = past(rows(ledger))
    assert case.suggestion_id == name
    assert case.task == "task"
    assert case.known_utc >= case.at_utc
    assert not case.is_right
    assert case.is_beyond
    assert case.before == Foretold(p_right=0.6, calibrator="t1:x")
    assert case.after == Foretold(p_right=0.8, calibrator="t1:y")
    found = case.signals
    assert (found.model_sha256, found.quantisation) == (MODEL.sha256, MODEL.quantisation)
    assert (found.kind, found.language) == (Kind.COMPLETE, "python")
    assert (found.mean_logprob, found.min_logprob, found.lowest5_logprob) == (-0.2, -3.0, -2.0)
    assert found.min_margin == 0.1
    assert found.completion_tokens == 40
    assert found.static_verdict is StaticVerdict.RESOLVES
    assert found.agreeing_share == 0.75
    assert found.visible_share == 0.75
    # What the outcome rests on is no signal.
    assert not found.hidden_passed


def test_a_label_of_visible_checks_says_no_more_than_they_did(ledger: Ledger) -> None:
    """It is an outcome of the forecast before running, and none of the one after it."""
    name = new_id()
    ledger.append_all([requested(name), generated(name, **foretold(PREDICTION)), verified(name)])
    (case,) = past(rows(ledger))
    assert case.is_right
    assert not case.is_beyond
    assert case.task == name
    assert len(logged((case,), When.BEFORE)) == 1
    assert logged((case,), When.AFTER) == ()


def test_what_somebody_concluded_is_an_outcome(ledger: Ledger) -> None:
    """A label that was settled later says more than the run did."""
    name = new_id()
    ledger.append_all([requested(name), generated(name), verified(name)])
    ledger.append(
        Settled(suggestion_id=name, label=Label.WRONG, reason="a test fails", by=Judge.RULES)
    )
    (case,) = past(rows(ledger))
    assert case.is_beyond
    assert not case.is_right


def test_what_is_unverified_or_unanswered_teaches_nothing(ledger: Ledger) -> None:
    """An empty answer is wrong, but there was nothing to foretell."""
    unverified, empty = new_id(), new_id()
    ledger.append_all(
        [
            requested(unverified),
            generated(unverified),
            requested(empty),
            generated(empty, answer=Answer.EMPTY, timings=Timings(total_ms=5.0)),
        ]
    )
    assert past(rows(ledger)) == ()


def test_flaky_counts_as_not_right(ledger: Ledger) -> None:
    """It is an outcome."""
    name = new_id()
    ledger.append_all(
        [requested(name), generated(name), verified(name, outcome=Outcome.FLAKY, tier=Tier.HIDDEN)]
    )
    (case,) = past(rows(ledger))
    assert not case.is_right


def test_one_of_one_is_no_agreement(ledger: Ledger) -> None:
    """Where fewer than two were compared nothing agrees."""
    name = new_id()
    ledger.append_all(
        [requested(name), generated(name, n_agreeing=1, n_compared=1), hidden(name, is_right=True)]
    )
    (case,) = past(rows(ledger))
    assert case.signals.agreeing_share is None


def test_the_past_can_be_filtered_and_counted(ledger: Ledger) -> None:
    """By kind; and the counts agree with what is read."""
    write_past(ledger.path, made_past(6))
    write_past(ledger.path, made_past(4, kind=Kind.FIX))
    found = rows(ledger)
    assert len(past(found, Filter(kind=Kind.FIX))) == 4
    assert n_known(found) == {"complete": 6, "fix": 4}


def test_a_past_comes_back_as_it_was_written(ledger: Ledger) -> None:
    """Signals and outcomes survive the disk."""
    written = made_past(40, sees_tests=True)
    write_past(ledger.path, written)
    found = past(rows(ledger))
    assert [case.signals for case in found] == [case.signals for case in written]
    assert [case.is_right for case in found] == [
        case.is_right and case.signals.visible_share == 1.0 for case in written
    ]
