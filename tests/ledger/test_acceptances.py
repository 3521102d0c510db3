"""What the ledger says of a suggestion after it was accepted, and what that does to its label."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.domain import Kind, Outcome
from ducktypist.ledger.acceptances import read_acceptances
from ducktypist.ledger.events import Accepted, Dismissed, Event, Moment, Verifier
from ducktypist.ledger.reading import Filter, read_suggestions
from ducktypist.ledger.report_rows import stats_table
from support.ledger_events import generated, new_id, requested, verified, write

PASS, FAIL = Outcome.PLAUSIBLE, Outcome.STILL_FAILING
AFTER, MIXED = Moment.AS_SUGGESTED, Moment.IN_EDITED_CODE


def check(one: str, outcome: Outcome, moment: Moment, *, n: int = 3) -> Event:
    """Return what a run of the examples said at a moment."""
    n_passed = 2 if outcome is PASS else 0
    return verified(
        one, outcome=outcome, moment=moment, n_repeats=n, n_passed=n_passed, n_failed=2 - n_passed
    )


@pytest.mark.parametrize(
    ("before", "after", "label"),
    [
        ([], [(PASS, AFTER)], "right"),
        ([], [(FAIL, AFTER)], "wrong"),
        ([], [(PASS, MIXED)], "unverified"),
        ([], [(FAIL, MIXED)], "unverified"),
        ([PASS], [(FAIL, MIXED)], "right"),
        ([PASS], [(PASS, AFTER)], "right"),
        ([PASS], [(FAIL, AFTER)], "flaky"),
        ([FAIL], [(PASS, MIXED)], "wrong"),
    ],
)
def test_only_the_suggestion_itself_is_evidence(
    tmp_path: Path, before: list[Outcome], after: list[tuple[Outcome, Moment]], label: str
) -> None:
    """What was run in code that is the person's as well changes no label."""
    path, one = tmp_path / "l.sqlite3", new_id()
    shown = [verified(one, outcome=outcome, n_passed=2 * (outcome is PASS)) for outcome in before]
    later = [check(one, outcome, moment) for outcome, moment in after]
    write(path, requested(one), generated(one), *shown, Accepted(suggestion_id=one), *later)
    (row,) = read_suggestions(path)
    assert row.label.value == label
    assert row.accepted


def test_what_became_of_accepted_suggestions(tmp_path: Path) -> None:
    """They are counted apart from the labels: taken in part, checked, held, by the last run."""
    path = tmp_path / "l.sqlite3"
    whole, part, line, unwanted = (new_id() for _ in range(4))
    write(
        path,
        *(requested(one) for one in (whole, part, unwanted)),
        requested(line, kind=Kind.INFILL),
        Accepted(suggestion_id=whole),
        check(whole, FAIL, AFTER),
        check(whole, PASS, MIXED, n=1),
        verified(whole, verifier=Verifier.PARSE, moment=AFTER, outcome=Outcome.BROKEN),
        Accepted(suggestion_id=part, accepted_fraction=0.25),
        Accepted(suggestion_id=part, accepted_fraction=0.5),
        verified(part),
        Accepted(suggestion_id=line, accepted_fraction=0.5),
        Accepted(suggestion_id=line, accepted_fraction=1.0),
        verified(line, moment=AFTER, outcome=Outcome.SANDBOX_ERROR),
        Dismissed(suggestion_id=unwanted),
    )
    body, infill = read_acceptances(path)
    assert (body.key.kind, body.n_accepted, body.n_partly) == ("complete", 2, 1)
    assert (body.n_checked, body.n_hold, body.n_checked_as_suggested) == (1, 1, 0)
    assert (infill.n_accepted, infill.n_partly, infill.n_checked) == (1, 0, 0)
    assert read_acceptances(path, Filter(kind=Kind.INFILL)) == [infill]
    told = stats_table(path)["acceptances"]
    assert isinstance(told, list)
    assert [row["n_accepted"] for row in told if isinstance(row, dict)] == [2, 1]
    assert stats_table(tmp_path / "none.sqlite3")["acceptances"] == []
