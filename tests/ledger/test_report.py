from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ducktypist.cli.stats import stats
from ducktypist.domain import Kind, ModelIdentity, Outcome, Timings
from ducktypist.errors import LedgerError
from ducktypist.ledger import database
from ducktypist.ledger.events import Accepted, Checkpoint, Event, Moment, Persisted
from ducktypist.ledger.report_rows import StatsFilter, stats_table
from ducktypist.ledger.rows import row_of
from ducktypist.ledger.stats import wilson
from support.ledger_events import MODEL, claimed, generated, new_id, requested, verified, write

MAIN = ["right"] * 40 + ["wrong"] * 10 + ["unverified"] * 10
OTHER = ModelIdentity(
    name="[bold]duck", sha256="cd" * 32, quantisation="Q8_0", n_ctx_tokens=1, has_fim=True
)


def suggestion(ran: str, **changes: Any) -> list[Event]:
    """Return the events of one suggestion that was ``right``, ``wrong`` or ``unverified``."""
    one = new_id()
    found: list[Event] = [requested(one, **changes), generated(one)]
    if ran != "unverified":
        outcome = Outcome.PLAUSIBLE if ran == "right" else Outcome.STILL_FAILING
        found.append(verified(one, outcome=outcome))
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of 60 + 5 + 1 suggestions in three cells."""
    file = tmp_path / "l.sqlite3"
    main = [event for i in range(60) for event in suggestion(MAIN[i])]
    explain = [
        e
        for _ in range(5)
        for e in suggestion("unverified", kind=Kind.EXPLAIN, language="shellscript")
    ]
    write(file, *main, *explain, *suggestion("right", model=OTHER))
    return file


def test_counts_per_cell(path: Path) -> None:
    """Each model, quantisation, kind and language has its counts, coverage and interval."""
    table = stats_table(path)
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    cells = {(c["model"], c["quantisation"], c["kind"], c["language"]): c for c in table["cells"]}
    assert len(cells) == 3
    main = cells[MODEL.name, "Q4_K_M", "complete", "python"]
    counted = {name: value for name, value in main.items() if name.startswith("n_")}
    assert counted == {
        "n_suggestions": 60, "n_verified": 50, "n_right": 40, "n_wrong": 10, "n_flaky": 0,
        "n_unverified": 10, "n_concluded": 0, "n_shown": 0, "n_accepted": 0, "n_dismissed": 0,
        "n_looked_10min": 0, "n_still_in_10min": 0,
    }  # fmt: skip
    assert main["coverage"] == pytest.approx(50 / 60)
    assert (main["right"], main["too_few"]) == (0.8, False)
    assert (main["right_low"], main["right_high"]) == wilson(40, 50)
    assert (main["ttft_p50_ms"], main["total_p95_ms"], main["speed"]) == (200, 1200, "usable")
    explain = cells[MODEL.name, "Q4_K_M", "explain", "shellscript"]
    assert (explain["coverage"], explain["right"], explain["right_low"]) == (0, None, None)
    assert explain["too_few"]
    assert table["n_suggestions"] == 66
    assert table["note"] == ""


def test_a_cell_adds_up_over_days(tmp_path: Path) -> None:
    """A cell's counts are the sum over its days, and a filter by days leaves the older ones out."""
    path = tmp_path / "l.sqlite3"
    writer = database.open_writer(path)
    today = dt.datetime.now(dt.UTC)
    for age_days in (0, 0, 1, 5):
        at_utc = f"{today - dt.timedelta(days=age_days):%Y-%m-%dT%H:%M:%S}.000Z"
        assert writer.write([row_of(e, at_utc=at_utc) for e in suggestion("right")]) == []
    writer.close()
    for days, n in ((None, 4), (1, 2), (2, 3), (5, 3), (6, 4), (10**9, 4)):
        (cell,) = stats_table(path, StatsFilter(since_days=days))["cells"]
        assert (cell["n_suggestions"], cell["n_right"]) == (n, n)
    with pytest.raises(ValueError, match="since_days"):
        stats_table(path, StatsFilter(since_days=0))


@pytest.mark.parametrize(
    ("filters", "n"),
    [
        (StatsFilter(kind=Kind.EXPLAIN), 5),
        (StatsFilter(language="python"), 61),
        (StatsFilter(kind=Kind.EXPLAIN, language="python"), 0),
        (StatsFilter(language="' OR 1 --"), 0),
    ],
)
def test_filters(path: Path, filters: StatsFilter, n: int) -> None:
    """Kind and language narrow the table; a filter that matches nothing says so."""
    table = stats_table(path, filters)
    assert table["n_suggestions"] == n
    assert ("matches this filter" in table["note"]) == (n == 0)


def test_times_are_percentiles_of_what_was_measured(tmp_path: Path) -> None:
    """Percentiles are over answered suggestions with a time; 0 means that nobody measured."""
    path = tmp_path / "l.sqlite3"
    events: list[Event] = []
    for i in range(101):
        one = new_id()
        times = Timings(ttft_ms=10.0 * i, total_ms=20.0 * i, decode_ms=1000, completion_tokens=i)
        events += [requested(one), generated(one, timings=times)]
    write(path, *events, requested("no answer"))
    (cell,) = stats_table(path)["cells"]
    assert cell["n_suggestions"] == 101
    assert (cell["ttft_p50_ms"], cell["ttft_p95_ms"]) == (500, 950)
    assert (cell["total_p50_ms"], cell["total_p95_ms"]) == (1000, 1900)
    assert cell["decode_p50_tok_s"] == 50


def test_liking_is_not_accuracy(tmp_path: Path) -> None:
    """Acceptance and persistence have their own columns and move nothing else."""
    path = tmp_path / "l.sqlite3"
    events = [e for _ in range(3) for e in suggestion("unverified")]
    ids = [e.suggestion_id for e in events][::2]
    looks = [
        Persisted(suggestion_id=one, checkpoint=Checkpoint.AFTER_10_MIN, edit_ratio=ratio)
        for one, ratio in zip(ids, (0.0, 0.5, 0.51), strict=True)
    ]
    write(path, *events, *(Accepted(suggestion_id=one) for one in ids), *looks)
    (cell,) = stats_table(path)["cells"]
    assert (cell["n_accepted"], cell["n_looked_10min"], cell["n_still_in_10min"]) == (3, 3, 2)
    assert (cell["n_verified"], cell["right"]) == (0, None)


def test_empty_and_unlogged_are_said_in_words(tmp_path: Path) -> None:
    """A missing ledger is an empty one; events that were not logged are counted in the note."""
    table = stats_table(tmp_path / "none", n_unnoted=3, last_error="the disk is full")
    assert table["cells"] == []
    assert "The ledger is empty" in table["note"]
    assert "3 events could not be logged (the disk is full)" in table["note"]
    assert not list(tmp_path.iterdir())


def test_who_cannot_write_hears_of_it_though_nothing_can_be_read(tmp_path: Path) -> None:
    """With unwritten events, an unreadable ledger is a note beside their count, not an error."""
    bad = tmp_path / "l.sqlite3"
    bad.write_bytes(b"x" * 9000)
    table = stats_table(bad, n_unnoted=3, last_error="no room")
    assert (table["cells"], table["n_unlogged"]) == ([], 3)
    assert "cannot be read" in table["note"]
    assert "3 events could not be logged (no room)" in table["note"]
    with pytest.raises(LedgerError):
        stats_table(bad)


def test_shares_of_all_cells_together(path: Path) -> None:
    """The object says how much of everything was verified, and scores only when asked to."""
    table = stats_table(path)
    assert table["coverage"] == pytest.approx(51 / 66)
    assert table["telling"] is None
    assert stats_table(path, tell=True)["telling"] == []
    assert stats_table(path, StatsFilter(language="none"))["coverage"] is None


def run(*arguments: str) -> Any:
    """Run ``ducktypist stats``."""
    return CliRunner().invoke(stats, arguments)


def test_the_command_prints_a_table(path: Path) -> None:
    """The terminal shows each cell, the interval, and "too few" with the counts beside it."""
    result = run("--ledger", str(path))
    assert result.exit_code == 0
    assert "80% [67%, 89%] 40/50" in result.output
    assert "50 (83%)" in result.output
    assert "1/1 [21%, 100%] too few" in result.output
    assert "[bold]duck" in result.output
    assert "200 ms / 200 ms" in result.output
    assert "1.2 s / 1.2 s" in result.output


def test_the_command_prints_json(path: Path) -> None:
    """With --json the output is the very object that the language server returns."""
    result = run("--ledger", str(path), "--json", "--kind", "explain", "--since", "7")
    assert json.loads(result.output) == stats_table(
        path, StatsFilter(kind=Kind.EXPLAIN, since_days=7)
    )


def test_the_command_shows_what_became_of_accepted_ones(tmp_path: Path) -> None:
    """With --accepted: how many still stood at each look, and that this is liking."""
    path = tmp_path / "l.sqlite3"
    assert "No suggestion was accepted yet" in run("--ledger", str(path), "--accepted").output
    events = [e for _ in range(3) for e in suggestion("unverified")]
    ids = [e.suggestion_id for e in events][::2]
    looks = [
        Persisted(suggestion_id=one, checkpoint=Checkpoint.AFTER_30_S, edit_ratio=ratio)
        for one, ratio in zip(ids, (0.0, 0.5, 0.51), strict=True)
    ]
    checked = verified(ids[0], moment=Moment.AS_SUGGESTED)
    write(path, *events, *(Accepted(suggestion_id=one) for one in ids), *looks, checked)
    result = run("--ledger", str(path), "--accepted")
    assert result.exit_code == 0
    assert "2/3 (67%)" in result.output
    assert "1/1 (100%)" in result.output
    assert "not accuracy" in result.output


def test_the_command_says_whether_there_is_a_tell(tmp_path: Path) -> None:
    """With --tell: the scores with intervals, and the sentence where signals add nothing."""
    path = tmp_path / "l.sqlite3"
    assert "met its outcome yet" in run("--ledger", str(path), "--tell").output
    events: list[Event] = []
    for i in range(60):
        one, is_right = new_id(), i % 2 == 0
        outcome = Outcome.PLAUSIBLE if is_right else Outcome.STILL_FAILING
        # Complete: chance. Infill: known beforehand.
        kind = Kind.COMPLETE if i < 30 else Kind.INFILL
        p_right = 0.5 + (i % 3 - 1) * 0.2 if i < 30 else 0.2 + 0.6 * is_right
        events += [
            requested(one, kind=kind),
            generated(one, p_right=p_right, calibrator="b2:c"),
            verified(one, outcome=outcome),
        ]
    write(path, *events)
    output = run("--ledger", str(path), "--tell").output
    assert "complete, before running: no tell: its own signals add nothing here" in output
    assert "infill, before running: no tell" not in output
    assert "1.000 [1.000, 1.000]" in output
    table = json.loads(run("--ledger", str(path), "--tell", "--json").output)
    assert {row["kind"]: row["has_tell"] for row in table["telling"]} == {
        "complete": False,
        "infill": True,
    }


def test_the_command_uses_the_configured_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --ledger the user's own ledger is read, and an empty one is said in words."""
    monkeypatch.setenv("DUCKTYPIST_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = run()
    assert result.exit_code == 0
    assert "no suggestion has been made yet" in result.output
    write(tmp_path / "ledger.sqlite3", *suggestion("right"))
    assert MODEL.name in run().output


def test_the_command_fails_in_one_line(tmp_path: Path) -> None:
    """A file that is not a ledger gives an exit status and one line, no traceback."""
    bad = tmp_path / "l.sqlite3"
    bad.write_bytes(b"x" * 9000)
    result = run("--ledger", str(bad))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert len(result.output.splitlines()) == 1
    assert run("--kind", "poem").exit_code == 2
    assert run("--since", "0").exit_code == 2


def test_a_hundred_thousand_events_are_counted(tmp_path: Path) -> None:
    """A large ledger gives the numbers that were put in."""
    path = tmp_path / "l.sqlite3"
    rng = random.Random(1)  # noqa: S311 - data, not secrets
    writer = database.open_writer(path)
    expected: dict[tuple[str, str], list[int]] = {}
    n_written = 0
    for start in range(0, 25_000, 5000):
        rows = []
        for i in range(start, start + 5000):
            kind, language = rng.choice(list(Kind)), rng.choice(["python", "go", "shellscript"])
            right = rng.random() < 0.6
            key = expected.setdefault((kind.value, language), [0, 0])
            key[0] += 1
            key[1] += right
            outcome = Outcome.PLAUSIBLE if right else Outcome.STILL_FAILING
            one = f"{i:026}"
            rows += [
                row_of(event, at_utc=f"2026-01-{1 + i % 28:02}T00:00:00.000Z")
                for event in (
                    requested(one, kind=kind, language=language),
                    generated(one),
                    verified(one, outcome=outcome),
                    Accepted(suggestion_id=one),
                )
            ]
        assert writer.write(rows) == []
        n_written += len(rows)
    writer.close()
    assert n_written == 100_000
    cells = stats_table(path)["cells"]
    found = {(c["kind"], c["language"]): [c["n_verified"], c["n_right"]] for c in cells}
    assert found == expected


def test_claims_of_explanations_are_shown_apart(path: Path) -> None:
    """With --claims: as first said and as shown; no accuracy is made of it."""
    nothing = run("--ledger", str(path), "--claims").output
    assert "No explanation's claims were compared yet" in nothing
    one = new_id()
    write(path, requested(one, kind=Kind.EXPLAIN), claimed(one, n_confirmed=31, n_struck=17))
    output = run("--ledger", str(path), "--claims").output
    assert "31" in output
    assert "17" in output
    assert "does not make it right" in output
    (row,) = json.loads(run("--ledger", str(path), "--json").output)["claims"]
    assert (row["kind"], row["n_explanations"], row["n_confirmed"]) == ("explain", 1, 31)
