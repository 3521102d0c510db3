"""Completions put to the real server with a scripted model, graded in the sandbox."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.complete import run as complete_run
from ducktypist.bench.complete.attempt import ghost_of
from ducktypist.bench.complete.positions import KINDS, drawn, run_positions
from ducktypist.bench.complete.report import report
from ducktypist.bench.complete.run import Plan, run
from ducktypist.bench.complete.tasks import CompleteTask, CompleteTaskFile, read_tasks
from ducktypist.bench.complete.typing import run_typing
from ducktypist.bench.engine.asking import Trace
from ducktypist.bench.fix.batch import grounds_at
from support.complete_tasks import BODY, HEAD, OWN, body_task, line_task
from support.windows import script_written

RULES = [
    {"kind": "chat", "match": "def last_word", "reply": f"\n{BODY}\n"},
    {"kind": "infill", "match": "text\\.split\\(\\)\n    <HOLE>", "reply": "if words:"},
]
PLAN = Plan(first_line_ms=60_000.0, budget_s=20.0)


def backend_of(tmp_path: Path, *rules: dict[str, Any], default: str = "pass") -> str:
    """Return the backend option of a scripted model."""
    script = script_written(
        tmp_path / "script.json", name="scripted", default=default, rule=list(rules)
    )
    return f"scripted:{script}"


def tasks_of(*tasks: CompleteTask) -> CompleteTaskFile:
    """Return a task file that was never written."""
    return CompleteTaskFile(tasks=tasks, sha256="ab" * 32)


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(400)
def test_a_body_and_a_line_are_shown_and_graded(tmp_path: Path) -> None:
    """Tasks that tell nothing are left out before anybody is asked."""
    no_task = body_task(id="own/wrong", reference="    return text")
    said: list[str] = []
    outcome = asyncio.run(
        run(
            tasks_of(body_task(), line_task(), no_task),
            plan=PLAN,
            backend=backend_of(tmp_path, *RULES),
            say=said.append,
        )
    )
    assert outcome.unusable == {"own/wrong": "its own right answer fails its tests"}
    body, line = outcome.results
    assert (body.attempt.problem, line.attempt.problem) == ("", "")
    assert body.attempt.rung == "examples_pass", body.attempt.summary
    assert body.attempt.shown == body_task().solution()
    assert (body.shown_is_right, body.raw_is_right, body.any_is_right) == (True, True, True)
    assert body.raw is not None
    assert len(body.raw.candidates) > 1
    assert body.n_candidates_right == 1
    assert body.attempt.first_token_ms is not None
    assert line.attempt.inserted == "if words:"
    assert (line.shown_is_exact, line.raw_is_exact) == (True, True)
    assert line.attempt.suggestion_id != body.attempt.suggestion_id
    for done in (body.attempt, line.attempt):
        assert (done.outside, done.tree_changes, done.left) == ((), (), ())
    figures = {item.name: item for item in report(outcome).figures}
    assert figures["python body: after verification"].k == 1
    assert figures["python line: shown"].k == 1
    assert sum("own/last-word" in item for item in said) == 2


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_a_wrong_answer_is_graded_as_wrong(tmp_path: Path) -> None:
    """Nothing is shown that failed the examples, and the bare model's answer fails the tests."""
    outcome = asyncio.run(
        run(
            tasks_of(body_task()),
            plan=Plan(with_candidates=False, budget_s=5.0),
            backend=backend_of(tmp_path, default="\n    return text\n"),
        )
    )
    (body,) = outcome.results
    assert body.attempt.problem == ""
    assert body.attempt.shown == ""
    assert (body.shown_is_right, body.raw_is_right, body.any_is_right) == (False, False, False)
    assert body.raw is not None
    assert body.raw.greedy.endswith('"""\n    return text\n')
    assert body.raw.candidates == ()
    assert report(outcome).as_json()["complete"] == {"budget_s": 5.0}


@pytest.mark.sandbox
def test_examples_that_the_right_answer_fails_are_found(tmp_path: Path) -> None:
    """Of bodies with examples; those without any contradict nothing."""
    odd = body_task(id="own/odd", files={"words.py": HEAD.replace("'is'", "'it'")})
    bare = body_task(id="own/bare", files={"words.py": HEAD.replace(">>>", "e.g.")})
    root = tmp_path / "w"
    root.mkdir()

    async def found() -> tuple[str, ...]:
        tasks = [body_task(), odd, bare, line_task()]
        return await complete_run._contradictory(tasks, await grounds_at(root))

    assert asyncio.run(found()) == ("own/odd",)


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_ghost_text_is_asked_for_at_random_places(tmp_path: Path) -> None:
    """Each place is asked about, and what was shown is judged."""
    tasks = tasks_of(line_task(), *read_tasks(OWN).tasks[6:8])
    found = asyncio.run(
        run_positions(
            tasks,
            plan=PLAN,
            n=12,
            backend=backend_of(tmp_path, default="if never:"),
        )
    )
    assert len(found.seen) == 12
    assert [item.problem for item in found.seen] == [""] * 12
    figures = {item.name: item for item in found.figures}
    assert figures["something shown"].n == 12
    assert figures["repeats a line below the cursor"].k == 0
    assert figures["adds a syntax error"].k == 0
    assert len(found.as_json()["seen"]) == 12  # type: ignore[arg-type] # a list, as written above


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_what_is_typed_is_counted(tmp_path: Path) -> None:
    """Every key is a request; what the engine was asked and nobody saw is thrown away."""
    document = "def first(items):\n    return \n"
    at = document.index("return ") + len("return ")
    keys = [
        {"ms": 300 * number, "kind": "key", "at": at + number, "cut": 0, "text": letter}
        for number, letter in enumerate("items[0]")
    ]
    found = asyncio.run(
        run_typing(
            plan=PLAN,
            speed=0.5,
            trace=Trace(document=document, events=tuple(keys)),
            backend=backend_of(tmp_path, default="items"),
        )
    )
    assert found.n_keys == 8
    assert found.problems == []
    assert set(found.got) <= set(found.lives)
    figures = {item.name: item for item in found.figures}
    asked, thrown = figures["the engine was asked"], figures["computed and thrown away"]
    assert asked.k == len(found.lives)
    assert (thrown.k, thrown.n) == (len(found.lives) - len(found.got), 8)
    assert found.as_json()["n_keys"] == 8


def test_places_are_drawn_in_solutions_and_can_be_drawn_again() -> None:
    """Of all kinds; a solution that two tasks share is taken once; the cursor is where it says."""
    tasks = [*read_tasks(OWN).tasks, line_task()]
    found = drawn(tasks, n=80, seed=1)
    assert found == drawn(tasks, n=80, seed=1)
    assert found != drawn(tasks, n=80, seed=2)
    places = [item for positions in found.values() for item in positions]
    assert len(places) == 80
    assert {item.kind for item in places} == set(KINDS)
    assert len({name.partition(":")[0] for name in found}) == len(found)
    for item in places:
        line_start = item.text.rfind("\n", 0, item.offset) + 1
        before = item.text[line_start : item.offset]
        rest = item.text[item.offset :].partition("\n")[0]
        if item.kind == "empty line":
            assert not before.strip()
        elif item.kind == "middle of a line":
            assert before.strip() or rest
        else:
            assert before.strip()
            assert not rest.strip()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, None),
        ({"items": []}, None),
        ([{"insertText": ""}], None),
        ([{"insertText": {"kind": "snippet", "value": "x"}}], "a=xb"),
        (
            {
                "items": [
                    {
                        "insertText": "y",
                        "range": {
                            "start": {"line": 0, "character": 0},
                            "end": {"line": 0, "character": 2},
                        },
                        "command": {"command": "ducktypist.accepted", "arguments": ["id"]},
                    }
                ]
            },
            "yb",
        ),
    ],
)
def test_ghost_text_is_read_in_every_form(answer: Any, expected: str | None) -> None:
    """A list or an object, with or without a range; its text may be a structure."""
    found = ghost_of(answer, "a=b", 2)
    assert (None if found is None else found.applied("a=b")) == expected
