"""Suggestions with their outcomes: collected from the real server, graded, and gone on with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.complete.tasks import write_tasks as write_complete_tasks
from ducktypist.bench.fix.tasks import write_tasks as write_fix_tasks
from ducktypist.bench.tell.collect import Collected, Plan, collect
from ducktypist.bench.tell.grading import Graded
from ducktypist.bench.tell.notes import Notes, Put, alone
from ducktypist.bench.tell.suggestions import Suggested, mark, suggested
from ducktypist.bench.tell.tasks import Posed, in_words, posed
from ducktypist.domain import Outcome
from ducktypist.errors import DucktypistError
from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.events import Label, SourceText, TextRole, Tier, Verifier
from ducktypist.ledger.reading import read_suggestions
from ducktypist.ledger.store import Ledger
from support.complete_tasks import BODY, body_task, line_task
from support.fix_tasks import CODE, RIGHT, task
from support.ledger_events import generated, new_id, requested
from support.windows import script_written

RULES = [
    {"kind": "chat", "match": "def last_word", "reply": f"\n{BODY}\n"},
    # It parses, and it is wrong.
    {"kind": "infill", "match": "text\\.split\\(\\)\n    <HOLE>", "reply": "if text == words:"},
    {
        "kind": "infill",
        "match": "for price in prices:\\n        <HOLE>",
        "reply": "if price <= limit:",
    },
]


def answer(text: str, start: int, end: int, *, path: str = "words.py") -> Suggested:
    """Return an answer that takes the place of a range."""
    return Suggested(
        suggestion_id=new_id(),
        model_sha256="ab" * 32,
        kind="complete",
        text=text,
        path=path,
        start=start,
        end=end,
    )


def collected(tmp_path: Path, rules: list[dict[str, Any]], **changes: Any) -> Collected:
    """Return what a run on a scripted model added to ``ledger.sqlite3``."""
    backend = script_written(tmp_path / "script.json", name="scripted", default="pass", rule=rules)
    complete, fix = tmp_path / "complete.jsonl", tmp_path / "fix.jsonl"
    write_complete_tasks(complete, [body_task(), line_task()])
    write_fix_tasks(fix, [task()])
    plan = Plan(
        ledger=tmp_path / "ledger.sqlite3",
        complete=(complete,),
        fix=(fix,),
        budget_s=20.0,
        fix_budget_s=30.0,
        sources=("line",),
        **changes,
    )
    return asyncio.run(collect(plan, backend=f"scripted:{backend}"))


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(400)
def test_every_answer_gets_its_outcome_and_no_task_is_asked_twice(tmp_path: Path) -> None:
    """Right ones, wrong ones and patches; the second run has nothing to do."""
    found = collected(tmp_path, RULES)
    assert found.problems == []
    assert found.outcomes == {Outcome.PLAUSIBLE: 2, Outcome.STILL_FAILING: 1}
    assert (found.n_left, found.stopped) == (0, False)
    ledger = tmp_path / "ledger.sqlite3"
    rows = {str(row.kind): row for row in read_suggestions(ledger)}
    assert {kind: row.label for kind, row in rows.items()} == {
        "complete": Label.RIGHT,
        "infill": Label.WRONG,
        "fix": Label.RIGHT,
    }
    assert {row.strongest_tier for row in rows.values()} == {"hidden"}
    with reading(ledger) as connection:
        checks = list(
            rows_of(connection, "SELECT * FROM verified WHERE tier = ?", [Tier.HIDDEN.value])
        )
    assert {(row["verifier"], row["n_repeats"], row["moment"]) for row in checks} == {
        (Verifier.TARGET_TEST.value, 3, "as_suggested")
    }
    notes = Notes.read(tmp_path / "ledger.sqlite3.tasks.json")
    (puts,) = notes.models.values()
    assert sorted(put.n_right for put in puts.values()) == [0, 1, 1]

    again = collected(tmp_path, RULES)
    assert (again.outcomes.total(), again.n_left) == (0, 0)
    assert len(read_suggestions(ledger)) == 3


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(400)
def test_what_was_held_back_is_graded_as_well(tmp_path: Path) -> None:
    """A body that fails its examples is never shown, and is known to be wrong."""
    found = collected(
        tmp_path,
        [{"kind": "chat", "reply": "\n    return text\n"}],
        limit=None,
        more={"complete": {"max_candidates": 1, "repair_s": 0}, "fix": {"max_candidates": 1}},
    )
    assert found.problems == []
    assert found.outcomes[Outcome.PLAUSIBLE] == 0
    rows = {str(row.kind): row for row in read_suggestions(tmp_path / "ledger.sqlite3")}
    body = rows["complete"]
    assert (body.shown, body.label, body.strongest_tier) == (False, Label.WRONG, "hidden")


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(400)
def test_what_a_stopped_run_left_ungraded_is_graded_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers wait in the ledger with their text."""
    from ducktypist.bench.tell import collect as module  # noqa: PLC0415 - to be changed for a while

    async def fails(*_: object, **__: object) -> None:
        raise DucktypistError("the sandbox is gone")

    with monkeypatch.context() as patched:
        patched.setattr(module, "graded_thrice", fails)
        first = collected(tmp_path, RULES)
    assert first.outcomes.total() == 0
    assert first.problems == ["grading: the sandbox is gone"]
    second = collected(tmp_path, RULES)
    assert second.outcomes == {Outcome.PLAUSIBLE: 2, Outcome.STILL_FAILING: 1}
    assert len(read_suggestions(tmp_path / "ledger.sqlite3")) == 3


# ----------------------------------------------------------------------------- parts


def test_answers_are_read_from_the_ledger_with_their_place(tmp_path: Path) -> None:
    """Those without text, and those before the mark, are not."""
    path = tmp_path / "ledger.sqlite3"
    assert (mark(path), suggested(path)) == (0, [])
    old, new, bare = new_id(), new_id(), new_id()
    ledger = Ledger(path, keep_text=True)

    def made(suggestion_id: str, text: str) -> None:
        ledger.append_all(
            [
                requested(suggestion_id),
                generated(suggestion_id),
                SourceText(suggestion_id=suggestion_id, role=TextRole.ANSWER, text=text),
                SourceText(suggestion_id=suggestion_id, role=TextRole.PLACE, text="a:b.py:3-17"),
            ]
        )
        assert ledger.flush()

    try:
        made(old, "old")
        before = mark(path)
        made(new, "new")
        ledger.append_all([requested(bare), generated(bare)])
        assert ledger.flush()
    finally:
        ledger.close()
    (found,) = suggested(path, since=before)
    assert (found.suggestion_id, found.text) == (new, "new")
    assert (found.path, found.start, found.end) == ("a:b.py", 3, 17)
    assert [item.text for item in suggested(path)] == ["old", "new"]


def test_an_answer_becomes_files() -> None:
    """A patch goes into code of the task, never into its tests or elsewhere."""
    line = Posed(key="k", task=line_task())
    text = line.task.files["words.py"]
    at = text.index("    \n") + 4
    files = line.with_answer(answer("if words:", at, at))
    assert files == {"words.py": text.replace("    \n", "    if words:\n")}
    fix = Posed(key="k", task=task())
    start = CODE.index("price < limit")
    patch = answer("price <= limit", start, start + len("price < limit"), path="basket.py")
    files = fix.with_answer(patch)
    assert files is not None
    assert files["basket.py"] == RIGHT
    for path in ("test_basket.py", "elsewhere.py"):
        assert fix.with_answer(answer("", 0, 1, path=path)) is None


def test_a_larger_draw_holds_the_smaller_one(tmp_path: Path) -> None:
    """And a task that stands in two files counts once."""
    one, two, bugs = tmp_path / "1.jsonl", tmp_path / "2.jsonl", tmp_path / "f.jsonl"
    write_complete_tasks(one, [body_task(), line_task()])
    write_complete_tasks(two, [body_task(), body_task(id="other")])
    write_fix_tasks(bugs, [task()])
    everything = posed([one, two], [bugs], seed=3, limit=None)
    assert len(everything) == 4
    assert posed([two, one], [bugs], seed=3, limit=2) == everything[:2]
    assert posed([one, two], [bugs], seed=4, limit=None) != everything
    assert in_words(everything) == "2 body, 1 fix, 1 line"


@pytest.mark.parametrize(
    ("n_passes", "outcome"),
    [(3, Outcome.PLAUSIBLE), (2, Outcome.FLAKY), (1, Outcome.FLAKY), (0, Outcome.STILL_FAILING)],
)
def test_three_repeats_must_agree(n_passes: int, outcome: Outcome) -> None:
    """What passes once is lucky, not right."""
    event = Graded(suggestion_id="01", n_passes=n_passes).event(level=4)
    assert (event.outcome, event.n_repeats, event.sandbox_level) == (outcome, 3, 4)


def test_notes_are_kept_and_come_back(tmp_path: Path) -> None:
    """A file that holds something else is refused."""
    path = tmp_path / "notes.json"
    notes = Notes.read(path)
    notes.of("m")["k"] = Put(task="t", suggestion_ids=["01"], n_right=1, is_graded=True)
    notes.unusable["bad"] = "why"
    notes.usable.add("good")
    notes.write()
    assert Notes.read(path) == notes
    for content in ("{", "[]", '{"version": 2}'):
        path.write_text(content)
        with pytest.raises(DucktypistError, match="notes"):
            Notes.read(path)


def test_two_runs_cannot_collect_into_one_ledger(tmp_path: Path) -> None:
    """Each would take the other's answers for its own."""
    path = tmp_path / "notes.json"
    with alone(path), pytest.raises(DucktypistError, match="another run"), alone(path):
        pass
    with alone(path):
        pass
