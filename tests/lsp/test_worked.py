"""What an action's ``data`` and its edit's label say."""

from __future__ import annotations

from dataclasses import replace

from ducktypist.domain import Outcome, Rung, Verdict
from ducktypist.lsp.worked import Worked
from support.tellers import AFTER, SENTENCE_AFTER

SUMMARY = "plausible: 3 of 3 runs, 41 other tests still pass"
WORKED = Worked(
    suggestion_id="01",
    verdict=Verdict(
        rung=Rung.NO_REGRESSIONS,
        outcome=Outcome.PLAUSIBLE,
        repeats=3,
        passed=42,
        failed=0,
        summary=SUMMARY,
    ),
    message=SUMMARY,
    edit=None,
)


def test_without_a_prediction_the_label_is_the_verdict_summary() -> None:
    """And ``data`` holds no probability."""
    assert WORKED.summary == SUMMARY
    verdict = WORKED.as_json()["verdict"]
    assert verdict["summary"] == SUMMARY
    assert (verdict["rung"], verdict["repeats"], verdict["passed"]) == ("no_regressions", 3, 42)
    assert "p_right" not in verdict


def test_a_prediction_comes_last_and_as_an_object() -> None:
    """The label is the summary; tools get the numbers."""
    worked = replace(WORKED, prediction=AFTER)
    assert worked.summary == f"{SUMMARY} · {SENTENCE_AFTER}"
    verdict = worked.as_json()["verdict"]
    assert verdict["summary"] == worked.summary
    told = verdict["p_right"]
    assert (told["p_right"], told["low"], told["high"], told["n_like"]) == (0.9, 0.8, 0.95, 41)
    assert (told["calibrator"], told["has_tell"], told["after_running"]) == (
        "scripted-1", True, True,
    )  # fmt: skip
    assert told["sentence"] == SENTENCE_AFTER


def test_where_there_is_no_tell_the_label_says_so() -> None:
    """The base rate is shown as one."""
    worked = replace(WORKED, prediction=replace(AFTER, has_tell=False))
    assert worked.summary.startswith(f"{SUMMARY} · no tell")
    assert "base rate 90 % (80–95, 41 like it)" in worked.summary
