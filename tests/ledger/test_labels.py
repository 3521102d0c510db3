"""The label rules of ``sql/0002_views.sql``, one case a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import FinishReason, Outcome, Rung, Verdict
from ducktypist.ledger.events import (
    Accepted,
    Answer,
    Judge,
    Label,
    Revised,
    Settled,
    StaticVerdict,
    Tier,
    Verified,
    Verifier,
)
from ducktypist.ledger.reading import read_suggestions
from support.ledger_events import generated, new_id, requested, verified, write

PASS, FAIL = Outcome.PLAUSIBLE, Outcome.STILL_FAILING
Check = dict[str, Any]


def check(
    verifier: str, outcome: Outcome = PASS, n: int = 3, tier: str = "visible", **more: Any
) -> Check:
    """Return one result of one verifier."""
    return {
        "verifier": Verifier(verifier),
        "outcome": outcome,
        "n_repeats": n,
        "tier": Tier(tier),
        "n_passed": 1 if outcome is PASS else 0,
        "n_failed": 0 if outcome is PASS else 1,
        **more,
    }


CASES: list[tuple[str, list[Check], str, str]] = [
    ("nothing ran", [], "unverified", "none"),
    ("parses only", [check("parse")], "unverified", "static"),
    ("resolves only", [check("parse"), check("resolve")], "unverified", "static"),
    ("does not parse", [check("parse", Outcome.BROKEN, 1)], "wrong", "static"),
    ("a claim is false", [check("claim", FAIL, 1)], "wrong", "static"),
    ("claims hold", [check("claim")], "unverified", "static"),
    ("examples thrice", [check("parse", n=1), check("examples")], "right", "visible"),
    (
        "examples once, three rows",
        [check("examples", n=1, repeat_index=i) for i in range(3)],
        "right",
        "visible",
    ),
    ("examples twice", [check("examples", n=2)], "unverified", "visible"),
    ("examples fail", [check("examples", FAIL)], "wrong", "visible"),
    ("examples fail once", [check("examples", FAIL, 1)], "wrong", "visible"),
    ("examples time out", [check("examples", Outcome.TIMEOUT, 1)], "wrong", "visible"),
    ("passes, yet timed out", [check("examples", timed_out=True)], "wrong", "visible"),
    ("does not import", [check("examples", Outcome.BROKEN, 1)], "wrong", "visible"),
    ("tests tampered with", [check("target_test", Outcome.TAMPERED)], "wrong", "visible"),
    ("2 pass, 1 fails", [check("examples", n=2), check("examples", FAIL, 1)], "flaky", "visible"),
    ("verifier says flaky", [check("target_test", Outcome.FLAKY)], "flaky", "visible"),
    (
        "one wrong, one flaky",
        [check("examples", Outcome.FLAKY), check("target_test", FAIL)],
        "wrong",
        "visible",
    ),
    ("one of two fails", [check("examples"), check("target_test", FAIL)], "wrong", "visible"),
    (
        "one of two too rare",
        [check("examples"), check("target_test", n=1)],
        "unverified",
        "visible",
    ),
    ("race clean", [check("race", n=20)], "right", "visible"),
    ("round trip", [check("round_trip")], "right", "visible"),
    (
        "visible and hidden",
        [check("examples"), check("target_test", tier="hidden")],
        "right",
        "hidden",
    ),
    (
        "hidden fails",
        [check("examples"), check("target_test", FAIL, tier="hidden")],
        "wrong",
        "hidden",
    ),
    (
        "visible fails, hidden passes",
        [check("examples", FAIL), check("target_test", tier="hidden")],
        "wrong",
        "hidden",
    ),
    (
        "hidden once",
        [check("examples"), check("target_test", n=1, tier="hidden")],
        "unverified",
        "hidden",
    ),
    (
        "visible once, hidden thrice",
        [check("examples", n=1), check("target_test", tier="hidden")],
        "right",
        "hidden",
    ),
    (
        "no regressions",
        [check("target_test"), check("suite", n=1, tier="regression")],
        "right",
        "visible",
    ),
    (
        "old failures remain",
        [check("target_test"), check("suite", n=1, tier="regression", n_failed=4)],
        "right",
        "visible",
    ),
    (
        "regressed",
        [check("target_test"), check("suite", Outcome.REGRESSED, 1, "regression")],
        "wrong",
        "visible",
    ),
    (
        "suite flaky",
        [check("target_test"), check("suite", Outcome.FLAKY, 1, "regression")],
        "flaky",
        "visible",
    ),
    ("suite alone", [check("suite", tier="regression")], "unverified", "none"),
    ("suite alone fails", [check("suite", Outcome.REGRESSED, 1, "regression")], "wrong", "none"),
    ("sandbox broke", [check("examples", Outcome.SANDBOX_ERROR)], "unverified", "none"),
    ("untrusted", [check("parse"), check("examples", Outcome.NOT_RUN)], "unverified", "static"),
    ("text moved on", [check("examples", Outcome.STALE)], "unverified", "none"),
    (
        "sandbox broke once",
        [check("examples"), check("examples", Outcome.SANDBOX_ERROR, 1)],
        "right",
        "visible",
    ),
    ("no check in the run", [check("examples", n_passed=0)], "unverified", "none"),
    ("passes with failures", [check("examples", n_failed=1)], "wrong", "visible"),
    ("counts unknown", [check("examples", n_passed=None, n_failed=None)], "right", "visible"),
    ("static overruled", [check("resolve", FAIL, 1), check("target_test")], "right", "visible"),
    (
        "two environments, split",
        [
            check("examples", n=2, environment_hash="a"),
            check("examples", n=1, environment_hash="b"),
        ],
        "unverified",
        "visible",
    ),
    (
        "two environments, one thrice",
        [check("examples", environment_hash="a"), check("examples", n=1, environment_hash="b")],
        "right",
        "visible",
    ),
    (
        "fails elsewhere",
        [check("examples", environment_hash="a"), check("examples", FAIL, environment_hash="b")],
        "wrong",
        "visible",
    ),
]


@pytest.mark.parametrize(
    ("checks", "label", "tier"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_label_follows_the_evidence(
    tmp_path: Path, checks: list[Check], label: str, tier: str
) -> None:
    """A suggestion's label is what its verifiers' results amount to, and nothing else."""
    path, one = tmp_path / "l.sqlite3", new_id()
    write(
        path,
        requested(one),
        generated(one),
        Accepted(suggestion_id=one),
        *(verified(one, **c) for c in checks),
    )
    (row,) = read_suggestions(path)
    assert (row.label.value, row.strongest_tier) == (label, tier)
    assert row.label_by == "evidence"
    assert row.accepted
    assert row.regression_checked == any(c["tier"] is Tier.REGRESSION for c in checks)


@pytest.mark.parametrize(
    ("changes", "label", "answered"),
    [
        ({"answer": Answer.EMPTY}, "wrong", True),
        ({"answer": Answer.REFUSAL}, "wrong", True),
        ({"answer": Answer.EMPTY, "finish_reason": FinishReason.CANCELLED}, "unverified", False),
        ({"finish_reason": FinishReason.CANCELLED}, "unverified", False),
        ({"finish_reason": FinishReason.LENGTH}, "unverified", True),
        ({"static_verdict": StaticVerdict.BROKEN}, "wrong", True),
        ({"static_verdict": StaticVerdict.RESOLVES}, "unverified", True),
    ],
)
def test_label_follows_the_answer(
    tmp_path: Path, changes: dict[str, Any], label: str, *, answered: bool
) -> None:
    """An empty answer, a refusal and broken code are wrong; a cancelled request says nothing."""
    path, one = tmp_path / "l.sqlite3", new_id()
    write(path, requested(one), generated(one, **changes))
    (row,) = read_suggestions(path)
    assert (row.label.value, row.answered) == (label, answered)


def test_the_last_conclusion_holds(tmp_path: Path) -> None:
    """Settled and revised override the evidence, the later one the earlier; nothing is edited."""
    path, one = tmp_path / "l.sqlite3", new_id()
    write(path, requested(one), generated(one), verified(one))
    assert read_suggestions(path)[0].label is Label.RIGHT
    common = {"suggestion_id": one, "by": Judge.PERSON}
    write(path, Settled(label=Label.WRONG, reason="misses the point", **common))
    (row,) = read_suggestions(path)
    assert (row.label, row.label_by) == (Label.WRONG, "person")
    assert row.label_reason == "misses the point"
    write(path, Revised(label=Label.RIGHT, reason="read it again", **common))
    assert read_suggestions(path)[0].label is Label.RIGHT


def verdict(rung: Rung, outcome: Outcome, **changes: Any) -> Verdict:
    """Return a verdict of three repeats."""
    values = {"repeats": 3, "passed": 2, "failed": 0, "summary": "s", "sandbox_level": 3}
    return Verdict(rung=rung, outcome=outcome, **values | changes)


@pytest.mark.parametrize(
    ("given", "deciding", "label", "n_rows"),
    [
        (verdict(Rung.EXAMPLES_PASS, PASS), "examples", "right", 3),
        (verdict(Rung.TESTS_PASS, PASS), "target_test", "right", 3),
        (verdict(Rung.NO_REGRESSIONS, PASS, passed=41), "target_test", "right", 4),
        (verdict(Rung.TESTS_PASS, Outcome.REGRESSED, failed=1), "target_test", "wrong", 4),
        (verdict(Rung.RESOLVES, FAIL, passed=0, failed=1), "examples", "wrong", 3),
        (verdict(Rung.RESOLVES, Outcome.TIMEOUT, passed=0), "examples", "wrong", 3),
        (verdict(Rung.RESOLVES, Outcome.NOT_RUN, repeats=0, passed=0), "examples", "unverified", 3),
        (verdict(Rung.RESOLVES, Outcome.SANDBOX_ERROR, repeats=0), "target_test", "unverified", 3),
        (verdict(Rung.RESOLVES, Outcome.FLAKY), "target_test", "flaky", 3),
        (verdict(Rung.UNVERIFIED, Outcome.BROKEN, repeats=1, passed=0), "parse", "wrong", 1),
        (verdict(Rung.RESOLVES, PASS, repeats=1), "resolve", "unverified", 2),
    ],
)
def test_a_verdict_becomes_events(
    tmp_path: Path, given: Verdict, deciding: str, label: str, n_rows: int
) -> None:
    """A verdict of the ladder is logged as the checks behind it and gets the matching label."""
    path, one = tmp_path / "l.sqlite3", new_id()
    events = Verified.of_verdict(given, suggestion_id=one, deciding=Verifier(deciding))
    assert len(events) == n_rows
    write(path, requested(one), generated(one), *events)
    assert read_suggestions(path)[0].label.value == label
