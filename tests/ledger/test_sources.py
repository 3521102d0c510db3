from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner

from ducktypist.cli.stats import stats
from ducktypist.domain import Candidate, Kind, Outcome, Source, Span, TextEdit, Trial
from ducktypist.ledger.events import Accepted, Event
from ducktypist.ledger.report_rows import StatsFilter, sources_table
from ducktypist.ledger.sources import SourceCount, source_counts
from ducktypist.ledger.stats import wilson
from ducktypist.ledger.tried import Tried, n_changed_characters
from support.ledger_events import MODEL, new_id, requested, tried, write

FIX = {"kind": Kind.FIX}
EDIT = TextEdit(span=Span(start=4, end=9), old_text="a < b", new_text="a <= b")
TRIAL = Trial(
    candidate=Candidate(
        path=Path("a.py"),
        edit=EDIT,
        source=Source.SPAN,
        function="f",
        what="line 1 written anew",
        suspicion=0.5,
        mean_logprob=-0.25,
        completion_tokens=9,
        generation_ms=70.0,
    ),
    outcome=Outcome.REGRESSED,
    stage="suite",
    verify_ms=30.0,
)


def search(*, n_lines: int = 3, found: bool = True, **changes: Any) -> list[Event]:
    """Return a search: filled-in lines that did not help, then a mutation that may have."""
    one = new_id()
    last = tried(
        one,
        position=n_lines,
        source=Source.MUTATION,
        outcome=Outcome.PLAUSIBLE if found else Outcome.REGRESSED,
        completion_tokens=0,
        generation_ms=0.0,
        mean_logprob=None,
        chosen=found,
    )
    lines = [tried(one, position=i, verify_ms=10.0 * (i + 1)) for i in range(n_lines)]
    return [requested(one, **FIX | changes), *lines, last]


def counts(path: Path, **changes: Any) -> dict[Source, SourceCount]:
    """Return the counts of fixes in Python by source."""
    wanted = {"model_sha256": MODEL.sha256, "kind": Kind.FIX, "language": "python"}
    return {count.source: count for count in source_counts(path, **wanted | changes)}


def test_a_trial_becomes_an_event() -> None:
    """The event takes what the candidate cost and what became of it, and none of its text."""
    event = Tried.of(
        TRIAL, suggestion_id="s", position=4, form_hash="b2k:x", function_hash="b2k:y", cluster=1
    )
    assert event == Tried(
        suggestion_id="s",
        position=4,
        source=Source.SPAN,
        form_hash="b2k:x",
        function_hash="b2k:y",
        outcome=Outcome.REGRESSED,
        stage="suite",
        verify_ms=30.0,
        completion_tokens=9,
        generation_ms=70.0,
        mean_logprob=-0.25,
        n_changed_chars=1,
        suspicion=0.5,
        cluster=1,
        chosen=False,
    )


@pytest.mark.parametrize(
    ("old", "new", "n"),
    [
        ("a < b", "a <= b", 1),
        ("aaa", "aaaa", 1),
        ("abab", "ab", 2),
        ("", "xyz", 3),
        ("same", "same", 0),
        ("x + 1", "x - 1", 2),
    ],
)
def test_changed_characters_leave_common_ends_aside(old: str, new: str, n: int) -> None:
    """Only what lies between the common beginning and the common end counts."""
    edit = replace(EDIT, old_text=old, new_text=new)
    assert n_changed_characters(edit) == n


def test_each_source_has_its_counts(tmp_path: Path) -> None:
    """Candidates, searches, plausible ones, and time are counted per source."""
    path = tmp_path / "l.sqlite3"
    write(path, *search(), *search(found=False), *search(n_lines=0))
    assert counts(path) == {
        Source.LINE: SourceCount(
            source=Source.LINE,
            n_tried=6,
            n_plausible=0,
            n_suggestions=2,
            n_suggestions_plausible=0,
            total_ms=6 * 100.0 + 2 * (10 + 20 + 30),
        ),
        Source.MUTATION: SourceCount(
            source=Source.MUTATION,
            n_tried=3,
            n_plausible=2,
            n_suggestions=3,
            n_suggestions_plausible=2,
            total_ms=3 * 20.0,
        ),
    }


def test_another_model_kind_or_language_does_not_count(tmp_path: Path) -> None:
    """The search's own numbers are those of its model, kind and language."""
    path = tmp_path / "l.sqlite3"
    write(path, *search(), *search(language="go"), *search(kind=Kind.DERACE))
    assert counts(path)[Source.MUTATION].n_suggestions == 1
    assert counts(path, model_sha256="cd" * 32) == {}
    assert set(counts(path, language="go")) == {Source.LINE, Source.MUTATION}
    assert counts(tmp_path / "none") == {}
    assert not (tmp_path / "none").exists()


def test_what_says_nothing_is_counted_apart(tmp_path: Path) -> None:
    """A candidate that was not run is no trial, and a search of only such ones is none either."""
    path, one = tmp_path / "l.sqlite3", new_id()
    void = (Outcome.NOT_RUN, Outcome.SANDBOX_ERROR, Outcome.STALE)
    write(path, requested(one, **FIX), *(tried(one, outcome=outcome) for outcome in void))
    (row,) = sources_table(path)["sources"]  # type: ignore[misc] # the shape is the point
    assert isinstance(row, dict)
    assert (row["n_void"], row["n_tried"], row["n_suggestions"]) == (3, 0, 0)
    assert (row["plausible"], row["plausible_low"], row["verify_p50_ms"]) == (None, None, None)
    assert row["too_few"]


def test_a_newer_versions_source_is_left_out(tmp_path: Path) -> None:
    """A source's word that this version does not know does not break the search."""
    path = tmp_path / "l.sqlite3"
    write(path, *search())
    connection = apsw.Connection(str(path))
    connection.execute(
        "INSERT INTO tried SELECT NULL, suggestion_id, at_utc, 9, 'oracle', 'h', 'h', 'plausible',"
        " 'suite', 1, 1, 1, NULL, 1, 1, NULL, 1 FROM tried LIMIT 1"
    )
    connection.close()
    assert set(counts(path)) == {Source.LINE, Source.MUTATION}


def test_the_table_has_intervals_over_searches(tmp_path: Path) -> None:
    """The table's share is over searches, with its interval; times are of one candidate."""
    path = tmp_path / "l.sqlite3"
    searches = [search(found=i < 40) for i in range(50)]
    taken = searches[0][0].suggestion_id
    write(path, *(event for one in searches for event in one), Accepted(suggestion_id=taken))
    table = sources_table(path)
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert table["n_tried"] == 200
    rows: Any = table["sources"]
    line, mutation = rows
    assert (line["source"], mutation["source"]) == ("line", "mutation")
    assert (mutation["plausible"], mutation["too_few"]) == (0.8, False)
    assert (mutation["plausible_low"], mutation["plausible_high"]) == wilson(40, 50)
    assert (mutation["n_chosen"], mutation["n_accepted"]) == (40, 1)
    assert (line["n_chosen"], line["n_accepted"], line["completion_tokens"]) == (0, 0, 50 * 24)
    assert (line["verify_p50_ms"], line["verify_p95_ms"]) == (20, 30)
    assert (line["generation_p50_ms"], mutation["generation_p50_ms"]) == (100, None)
    assert sources_table(path, StatsFilter(kind=Kind.EXPLAIN))["sources"] == []


def test_the_command_shows_the_sources(tmp_path: Path) -> None:
    """``stats --sources`` prints the table, says "too few", and gives the same as JSON."""
    path = tmp_path / "l.sqlite3"
    write(path, *search())

    def run(*more: str) -> str:
        result = CliRunner().invoke(stats, ["--sources", "--ledger", str(path), *more])
        assert result.exit_code == 0
        return result.output

    assert "1/1 [21%, 100%] too few" in run()
    assert "do not choose by it yet" in run()
    assert json.loads(run("--json")) == sources_table(path)
    assert "matches this filter" in run("--language", "go")


def test_the_command_says_that_nothing_was_tried(tmp_path: Path) -> None:
    """Without any candidate a sentence stands where the table would."""
    arguments = ["--sources", "--ledger", str(tmp_path / "none")]
    assert "No search has tried a candidate yet." in CliRunner().invoke(stats, arguments).output
