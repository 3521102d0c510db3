"""The label rules in Python are those of the ledger's views."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Outcome
from ducktypist.ledger.attribution.evidence import Evidence
from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.events import Moment, Tier, Verified, Verifier
from ducktypist.ledger.store import Ledger

EVENT = st.builds(
    Verified,
    suggestion_id=st.just("S"),
    verifier=st.sampled_from(
        [Verifier.PARSE, Verifier.EXAMPLES, Verifier.TARGET_TEST, Verifier.SUITE]
    ),
    tier=st.sampled_from(Tier),
    outcome=st.sampled_from(Outcome),
    n_repeats=st.integers(1, 3),
    n_passed=st.sampled_from([None, 0, 2]),
    n_failed=st.sampled_from([None, 0, 1]),
    timed_out=st.booleans(),
    environment_hash=st.sampled_from(["", "ci"]),
    moment=st.sampled_from(Moment),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=5))
def test_evidence_is_labelled_as_the_view_does(events: list[Verified]) -> None:
    """Any checks of one suggestion come to the same label in both places."""
    evidence = Evidence()
    for event in events:
        evidence.add(event)
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite3")
        ledger.append_all(events)
        assert ledger.flush(10.0)
        with reading(ledger.path) as connection:
            rows = list(
                rows_of(
                    connection,
                    "SELECT label FROM evidence_label WHERE suggestion_id = ? AND age = 1",
                    ["S"],
                )
            )
        ledger.close()
    assert (rows[0]["label"] if rows else "unverified") == evidence.label().value
