"""A whole run of the fair bench with a scripted model: fresh processes, stopped, gone on with."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.fair import run as fair_run
from ducktypist.bench.fair.answers import Arm, Column, Outcome, Pass
from ducktypist.bench.fair.comparing import Side, agreement, compare
from ducktypist.bench.fair.figures import Cell, Part, cells
from ducktypist.bench.fair.plan import Plan
from ducktypist.bench.fair.repeating import repeated
from ducktypist.bench.fair.results import read_result
from ducktypist.bench.fair.run import run
from ducktypist.bench.fair.tasks import FairTask, FairTasks, TaskKind, Wording, of_tasks
from ducktypist.bench.tasks import TaskError
from ducktypist.errors import DucktypistError
from support.windows import script_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox, pytest.mark.timeout(600)]

HEAD = '''\
def last_word(text):
    """Return the last word of a text, the empty text when there is none.

    last_word("a b") == "b"
    """
'''
RIGHT = "    words = text.split()\n    return words[-1] if words else ''\n"
FORGETFUL = "    return text.split()[-1]\n"
SEEN = "from words import last_word\n\n\ndef test_seen():\n    assert last_word('a b') == 'b'\n"
HIDDEN = "from words import last_word\n\n\ndef test_empty():\n    assert last_word(' ') == ''\n"
RAW_ONLY = Plan(models=("scripted",), columns=(Column.RAW,), arms=(Arm.PLAIN,))


def word_task(**changed: Any) -> FairTask:
    """Return a function to be written, with one other wording three times."""
    fields: dict[str, Any] = {
        "id": "words/last-word",
        "family": "words",
        "kind": TaskKind.FUNCTION,
        "language": "python",
        "title": "the last word",
        "source": "words.py",
        "function": "last_word",
        "files": {"words.py": HEAD + "    raise NotImplementedError\n", "test_seen.py": SEEN},
        "hidden": {"test_hidden.py": HIDDEN},
        "oracle": HEAD + RIGHT,
        "wordings": tuple(
            Wording(rename={"last_word": f"final_{number}", "text": f"line_{number}"})
            for number in range(3)
        ),
    }
    return FairTask(**{**fields, **changed})


def backend_of(tmp_path: Path, body: str, *rules: dict[str, Any]) -> str:
    """Return a scripted model that answers each question with one body."""
    script = script_written(
        tmp_path / "script.json", name="scripted", default=body, rule=list(rules)
    )
    return f"scripted:{script}"


def ran(tasks: FairTasks, plan: Plan, out: Path, backend: str) -> list[str]:
    """Run the bench and return what it said."""
    said: list[str] = []
    asyncio.run(run(tasks, plan=plan, out=out, backend=backend, say=said.append))
    return said


def only_cell(out: Path, column: Column) -> Cell:
    """Return the one cell of a column."""
    (cell,) = (one for one in cells(read_result(out)) if one.column is column)
    return cell


def test_a_right_answer_is_right_three_times(tmp_path: Path) -> None:
    """Each run has a process of its own that had read nothing, and the controls are kept."""
    out = tmp_path / "fair.jsonl"
    ran(of_tasks([word_task()]), RAW_ONLY, out, backend_of(tmp_path, RIGHT))
    cell = only_cell(out, Column.RAW)
    assert (cell.part, cell.right.k, cell.right.n) == (Part.WHOLE, 1, 1)
    assert (cell.identical.k, cell.identical.n) == (1, 1)
    result = read_result(out)
    assert {answer.cached_tokens for answer in result.answers.values()} == {0}
    assert {name for name, _ in result.controls} == {"oracle", "echo", "hang"}
    assert result.controls["hang", "words/last-word"].outcome is Outcome.TIMEOUT


def test_an_answer_that_forgets_the_edge_case_passes_only_what_was_shown(tmp_path: Path) -> None:
    """It is wrong, and counted as lost between visible and hidden tests."""
    out = tmp_path / "fair.jsonl"
    ran(of_tasks([word_task()]), RAW_ONLY, out, backend_of(tmp_path, FORGETFUL))
    cell = only_cell(out, Column.RAW)
    assert (cell.right.k, cell.n_wrong, cell.n_lucky) == (0, 1, 0)
    assert (cell.lost.k, cell.lost.n) == (1, 1)


def test_other_wordings_are_asked_in_their_own_words(tmp_path: Path) -> None:
    """A model that only knows the name as it is written is right there and nowhere else."""
    out = tmp_path / "fair.jsonl"
    plan = Plan(models=("scripted",), columns=(Column.RAW,))
    backend = backend_of(
        tmp_path, "    return None\n", {"kind": "chat", "match": "def last_word", "reply": RIGHT}
    )
    ran(of_tasks([word_task()]), plan, out, backend)
    cell = only_cell(out, Column.RAW)
    assert (cell.right.k, cell.worded.k, cell.worded.n) == (1, 0, 1)


def test_the_product_is_a_column_of_its_own(tmp_path: Path) -> None:
    """What fails the examples is kept back, and what nobody is shown is not right."""
    out = tmp_path / "fair.jsonl"
    plan = Plan(models=("scripted",), columns=(Column.PRODUCT,), arms=(Arm.PLAIN,), budget_s=5.0)
    ran(of_tasks([word_task()]), plan, out, backend_of(tmp_path, "    return None\n"))
    cell = only_cell(out, Column.PRODUCT)
    assert (cell.right.k, cell.n_wrong, cell.offered.k) == (0, 1, 0)


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """What was asked is not asked again, and a last line that was cut off is."""
    out, tasks = tmp_path / "fair.jsonl", of_tasks([word_task()])
    backend = backend_of(tmp_path, RIGHT)
    ran(tasks, RAW_ONLY, out, backend)
    lines = out.read_bytes().splitlines(keepends=True)
    last = json.loads(lines[-1])
    assert last["part"] == "grade"
    # As a process leaves it that ends in the middle of the last answer.
    out.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])
    said = ran(tasks, RAW_ONLY, out, backend)
    asked = [line for line in said if "tokens in" in line]
    assert len(asked) == 1
    assert "raw/plain/2" in asked[0]
    assert only_cell(out, Column.RAW).right.k == 1
    assert ran(tasks, RAW_ONLY, out, backend) == []


def test_a_file_of_other_tasks_is_refused(tmp_path: Path) -> None:
    """Figures of two sets of tasks are never mixed."""
    out, backend = tmp_path / "fair.jsonl", backend_of(tmp_path, RIGHT)
    ran(of_tasks([word_task()]), RAW_ONLY, out, backend)
    other = of_tasks([word_task(title="another")])
    with pytest.raises(DucktypistError, match=r"another .*tasks_sha256.*; name another file"):
        ran(other, RAW_ONLY, out, backend)


def test_a_bench_whose_right_answer_fails_asks_nobody(tmp_path: Path) -> None:
    """The controls come first, and the message says which of them fails."""
    wrong = of_tasks([word_task(oracle=HEAD + FORGETFUL)])
    said: list[str] = []
    backend = backend_of(tmp_path, RIGHT)
    with pytest.raises(DucktypistError, match=r"controls fail.*words/last-word"):
        asyncio.run(run(wrong, plan=RAW_ONLY, out=tmp_path / "f", backend=backend, say=said.append))
    assert not [line for line in said if "raw/plain" in line]


def test_a_result_file_repeats_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tasks are asked of the same model, and the verdicts are the same."""
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    tasks, backend = of_tasks([word_task()]), backend_of(tmp_path, RIGHT)
    ran(tasks, RAW_ONLY, first, backend)
    monkeypatch.setattr("ducktypist.bench.fair.repeating.tasks_for", lambda _: tasks)
    asyncio.run(repeated(first, out=second, backend=backend, say=lambda _: None))
    one, two = read_result(first), read_result(second)
    ((model, column),) = two.asked()
    pairs = compare(
        Side(result=one, model=model, column=column), Side(result=two, model=model, column=column)
    )
    assert agreement(pairs) == (1, 1)
    other = of_tasks([word_task(title="another")])
    monkeypatch.setattr("ducktypist.bench.fair.repeating.tasks_for", lambda _: other)
    with pytest.raises(TaskError, match="made with other tasks"):
        asyncio.run(repeated(first, out=second, backend=backend, say=lambda _: None))


def test_each_pass_has_a_host_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pass meets a process that has read anything before."""
    places: list[Path] = []
    real = fair_run.place_for

    def counted(*arguments: Any) -> Any:
        found = real(*arguments)

        class Noted:
            async def __aenter__(self) -> Any:
                place = await found.__aenter__()
                places.append(place.stage.top)
                return place

            async def __aexit__(self, *error: object) -> Any:
                return await found.__aexit__(*error)  # type: ignore[arg-type] # handed on as it is

        return Noted()

    monkeypatch.setattr(fair_run, "place_for", counted)
    plan, out = RAW_ONLY, tmp_path / "fair.jsonl"
    ran(of_tasks([word_task()]), plan, out, backend_of(tmp_path, RIGHT))
    assert len(set(places)) == len(plan.passes) + 1
    assert plan.passes[0] == Pass(column=Column.RAW, arm=Arm.PLAIN, number=0)
