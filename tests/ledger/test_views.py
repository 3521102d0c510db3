"""What single views say, one small ledger each; ``test_labels`` has the label rules."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Outcome
from ducktypist.ledger import database
from ducktypist.ledger.events import (
    Accepted,
    Checkpoint,
    Dismissed,
    Event,
    Judge,
    Label,
    Moment,
    Persisted,
    Revised,
    Settled,
    Shown,
    Tier,
    Verifier,
)
from ducktypist.ledger.migrations import MIGRATIONS
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.rows import row_of
from support.ledger_events import MODEL, generated, requested, verified

OTHER = dataclasses.replace(MODEL, name="other", sha256="cd" * 32)
FAILS: dict[str, Any] = {"outcome": Outcome.STILL_FAILING, "n_passed": 0, "n_failed": 1}


def write_at(path: Path, *stamped: tuple[str, Event]) -> None:
    """Write events at ``day hour`` of May 2026, in the order given."""
    writer = database.open_writer(path)
    rows = []
    for when, event in stamped:
        day, hour = when.split()
        rows.append(row_of(event, at_utc=f"2026-05-{day}T{hour}:00:00.000Z"))
    assert writer.write(rows) == []
    writer.close()


def view(path: Path, sql: str) -> list[dict[str, Any]]:
    """Return rows of a view."""
    return SqliteRows(path).query(sql)


def conclusion(kind: type[Settled | Revised], label: Label, by: Judge = Judge.RULES) -> Event:
    """Return a conclusion about ``a``."""
    return kind(suggestion_id="a", label=label, reason=f"{by.value} said so", by=by)


def test_labels_of_the_past_stay_visible(tmp_path: Path) -> None:
    """A regression found days later changes the label; each label before it can be read."""
    path = tmp_path / "l.sqlite3"
    write_at(
        path,
        ("01 10", requested("a")),
        ("01 10", generated("a")),
        ("01 11", verified("a", n_repeats=1)),
        ("01 12", verified("a", n_repeats=2)),
        ("04 09", verified("a", moment=Moment.IN_EDITED_CODE, **FAILS)),
        ("05 09", verified("a", verifier=Verifier.TARGET_TEST, tier=Tier.REGRESSION, **FAILS)),
        ("05 09", conclusion(Settled, Label.WRONG)),
        ("07 09", conclusion(Revised, Label.RIGHT, Judge.PERSON)),
    )
    history = view(path, "SELECT * FROM label_history ORDER BY place")
    assert [(row["place"], row["event"], row["label"], row["by"]) for row in history] == [
        (1, "evidence", "right", "evidence"),
        (2, "settled", "wrong", "rules"),
        (3, "revised", "right", "person"),
    ]
    (row,) = view(path, "SELECT label, label_by, known_utc, evidence_label FROM suggestion")
    assert (row["label"], row["label_by"], row["evidence_label"]) == ("right", "person", "wrong")
    assert row["known_utc"].startswith("2026-05-07")


def test_time_decides_which_conclusion_is_last(tmp_path: Path) -> None:
    """In a merged ledger a later conclusion may have been written first; it still holds."""
    path = tmp_path / "l.sqlite3"
    write_at(
        path,
        ("01 10", requested("a")),
        ("03 10", conclusion(Revised, Label.WRONG)),
        ("02 10", conclusion(Settled, Label.RIGHT)),
    )
    assert view(path, "SELECT label FROM suggestion") == [{"label": "wrong"}]
    history = view(path, "SELECT label FROM label_history ORDER BY place")
    assert [row["label"] for row in history] == ["right", "wrong"]


def test_the_first_look_at_a_checkpoint_counts(tmp_path: Path) -> None:
    """Two windows that look at the same checkpoint, or a merge, count once, the earlier look."""
    path = tmp_path / "l.sqlite3"

    def look(ratio: float, checkpoint: Checkpoint = Checkpoint.AFTER_2_MIN) -> Persisted:
        return Persisted(suggestion_id="a", checkpoint=checkpoint, edit_ratio=ratio)

    write_at(
        path,
        ("01 10", requested("a")),
        ("01 10", Accepted(suggestion_id="a")),
        ("01 12", look(0.9)),
        ("01 11", look(0.2)),
        ("01 11", look(0.7)),
        ("01 13", look(0.6, Checkpoint.NEXT_COMMIT)),
    )
    (row,) = view(path, "SELECT * FROM persistence")
    counted = {name: row[name] for name in row if name.startswith("n_")}
    assert counted == {
        "n_accepted": 1,
        "n_looked_30s": 0, "n_still_in_30s": 0,
        "n_looked_2min": 1, "n_still_in_2min": 1,
        "n_looked_10min": 0, "n_still_in_10min": 0,
        "n_looked_next_commit": 1, "n_still_in_next_commit": 0,
    }  # fmt: skip


def test_flips_are_of_the_same_tasks_only(tmp_path: Path) -> None:
    """Two models are compared where both were verified, each by its newest try at the task."""
    path = tmp_path / "l.sqlite3"
    tries = [
        ("one", MODEL, "t1", "01 10", False), ("one again", MODEL, "t1", "02 10", True),
        ("two", OTHER, "t1", "01 11", False),
        ("three", MODEL, "t2", "01 12", True), ("four", OTHER, "t2", "03 12", True),
        ("five", MODEL, "t3", "01 13", True),
        ("six", MODEL, "", "01 14", True), ("seven", OTHER, "", "01 14", True),
        ("eight", MODEL, "t4", "01 15", False), ("nine", OTHER, "t4", "01 15", True),
    ]  # fmt: skip
    stamped: list[tuple[str, Event]] = []
    for one, model, task, when, is_right in tries:
        stamped += [
            (when, requested(one, model=model, task_hash=task)),
            (when, generated(one)),
            (when, verified(one, **({} if is_right else FAILS))),
        ]
    stamped += [("09 10", requested("later", task_hash="t2")), ("09 10", generated("later"))]
    write_at(path, *stamped)
    counts = ("n_tasks", "n_both", "n_only_first", "n_only_second", "n_none")
    sums = ", ".join(f"sum({name}) AS {name}" for name in counts)
    sql = f"SELECT first_model, second_model, {sums} FROM flip GROUP BY 1, 2"  # noqa: S608 - names from above
    (row,) = view(path, sql)
    assert (row["first_model"], row["second_model"]) == (MODEL.name, "other")
    assert [row[name] for name in counts] == [3, 1, 1, 1, 0]
    days = view(path, "SELECT day_utc FROM flip_case ORDER BY task_hash")
    assert [found["day_utc"][-2:] for found in days] == ["02", "03", "01"]


def test_what_the_tell_learns_from(tmp_path: Path) -> None:
    """A verified suggestion has its signals, its predictions and what the model could see."""
    path = tmp_path / "l.sqlite3"
    write_at(
        path,
        ("01 10", requested("a", task_hash="t")),
        ("01 10", generated("a", p_right=0.4, calibrator="b2:c", answer_tokens=9)),
        ("01 11", verified("a", n_passed=2, n_failed=1, outcome=Outcome.STILL_FAILING)),
        ("01 11", verified("a", verifier=Verifier.TARGET_TEST, n_passed=None, p_right=0.2)),
        ("02 11", verified("a", tier=Tier.HIDDEN, p_right=0.9, moment=Moment.AS_SUGGESTED)),
        ("02 12", verified("a", moment=Moment.AS_SUGGESTED, n_passed=7)),
        ("01 10", requested("unverified")),
        ("01 10", generated("unverified", p_right=0.4)),
    )
    (row,) = view(path, "SELECT * FROM tell_case")
    assert (row["n_visible_passed"], row["n_visible_failed"]) == (3, 1)
    assert (row["p_right"], row["p_right_after"], row["answer_tokens"]) == (0.4, 0.2, 9)
    assert (row["hidden_passed"], row["label"], row["label_tier"]) == (1, "flaky", "hidden")
    assert row["known_utc"].startswith("2026-05-02T12")
    scored = view(path, "SELECT moment, p_right, is_right FROM forecast ORDER BY moment")
    assert [tuple(found.values()) for found in scored] == [
        ("after_running", 0.2, 0),
        ("before_running", 0.4, 0),
    ]


def test_the_calendar_counts_by_day(tmp_path: Path) -> None:
    """Each day has what was asked for on it, whenever the rest became known."""
    path = tmp_path / "l.sqlite3"
    write_at(
        path,
        ("01 10", requested("a")),
        ("01 10", generated("a")),
        ("01 10", Shown(suggestion_id="a")),
        ("02 10", Dismissed(suggestion_id="a")),
        ("09 10", verified("a")),
        ("02 10", requested("b")),
    )
    found = view(path, "SELECT day_utc, n_requested, n_shown, n_verified, n_right FROM day")
    assert sorted(tuple(row.values()) for row in found) == [
        ("2026-05-01", 1, 1, 1, 1),
        ("2026-05-02", 1, 0, 0, 0),
    ]


@pytest.mark.parametrize("step", [step for step in MIGRATIONS if step.portable], ids=str)
def test_portable_steps_use_no_dialect(step: Any) -> None:
    """What PostgreSQL runs too has no functions, types or statements of SQLite alone."""
    sql = re.sub(r"--[^\n]*", "", step.sql())
    only_here = r"\b(iif|total|group_concat|strftime|datetime|typeof|ifnull)\("
    assert not re.search(only_here, sql, re.IGNORECASE)
    statements = [part.split()[:2] for part in sql.split(";") if part.strip()]
    assert {tuple(words) for words in statements} <= {("DROP", "VIEW"), ("CREATE", "VIEW")}
    # A comparison is no number elsewhere, so none may be added up.
    plain = re.sub(r"CASE.*?END", "", sql, flags=re.DOTALL)
    assert not re.search(r"\b(sum|max)\([^()]*[=<>][^()]*\)", plain)
