"""The product's answers, from the real server over its protocol with a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.complete.place import Place, place_for
from ducktypist.bench.fair.answers import EXPLANATION, SOURCE, Answer
from ducktypist.bench.fair.product import NO_SUCH_FEATURE, product_answer
from ducktypist.bench.fair.product_go import BUILD_CACHE
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.domain import Json
from support.complete_tasks import BODY, HEAD
from support.explain_tasks import COUNT, GREET
from support.fix_tasks import CODE, RIGHT, TEST
from support.processes import n_running
from support.races import RaceTask, race_tasks
from support.windows import script_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox, pytest.mark.timeout(600)]

FIRST_WORD = HEAD.replace("last", "first")
SETTINGS: Mapping[str, Json] = {"complete": {"budget_s": 20.0}, "fix": {"budget_s": 20.0}}
HASTY: Mapping[str, Json] = {**SETTINGS, "fix": {"budget_s": 3.0}}


def fair_task(kind: TaskKind, files: Mapping[str, str], **changed: Any) -> FairTask:
    """Return a task whose first file is its source."""
    fields: dict[str, Any] = {
        "id": f"own/{kind}",
        "family": "own",
        "kind": kind,
        "language": "python",
        "title": "a task",
        "source": next(iter(files)),
        "files": files,
        "hidden": {},
    }
    return FairTask(**{**fields, **changed})


def answers(
    tmp_path: Path,
    *asked: tuple[FairTask, Mapping[str, Json]],
    rules: list[dict[str, Any]] | None = None,
    default: str = "pass",
) -> list[Answer]:
    """Return what a server with a scripted model gives, each task with its settings.

    Nothing may be left of any of them, and no second host is started.
    """
    script = script_written(
        tmp_path / "script.json", name="scripted", default=default, rule=rules or []
    )

    async def found() -> list[Answer]:
        async with place_for(f"scripted:{script}") as place:
            given = []
            for task, settings in asked:
                given.append(await product_answer(task, place=place, settings=settings))
                assert left_of(place) == []
                assert n_hosts(place) <= 1
            return given

    return asyncio.run(found())


def n_hosts(place: Place) -> int:
    """Count the hosts that were started for a place."""
    return n_running(f"--socket={place.stage.top}/run/")


def left_of(place: Place) -> list[str]:
    """Return what lies in a place besides what its servers share."""
    shared = {"cache", "run", "state", "tmp", "seeded", "seeded-race"}
    own = [path.name for path in place.stage.top.iterdir() if path.name not in shared]
    return own + [path.name for path in place.referee.root.iterdir() if path.name != "go.mod"]


def test_a_body_is_given_or_kept_back(tmp_path: Path) -> None:
    """Its file is whole; what fails the examples is no answer, and neither is what isn't asked."""
    rules = [{"kind": "chat", "match": "def last_word", "reply": f"\n{BODY}\n"}]
    right = fair_task(TaskKind.FUNCTION, {"words.py": HEAD}, function="last_word")
    wrong = fair_task(TaskKind.FUNCTION, {"words.py": FIRST_WORD}, function="first_word")
    done = fair_task(TaskKind.FUNCTION, {"words.py": HEAD + BODY + "\n"}, function="last_word")
    unknown = fair_task(TaskKind.FUNCTION, {"words.py": HEAD}, function="best_word")
    given, kept, unasked, missing = answers(
        tmp_path,
        *((task, SETTINGS) for task in (right, wrong, done, unknown)),
        rules=rules,
        default="\n    return None\n",
    )
    assert given.problem == ""
    assert given.texts == {SOURCE: HEAD + BODY + "\n"}
    assert given.is_offered
    assert given.task_sha256 == right.sha256
    assert given.said
    assert given.ttft_ms is not None
    assert given.total_ms > 0
    assert given.completion_tokens > 0
    assert (kept.problem, kept.texts, kept.is_offered) == ("", {}, False)
    assert "failing" in kept.said
    assert (unasked.problem, unasked.texts, unasked.said) == ("", {}, "no action was offered")
    assert unasked.completion_tokens == 0
    assert "best_word" in missing.problem


def test_a_fix_is_given_or_kept_back(tmp_path: Path) -> None:
    """What no patch mends is no answer; a test that is green is the bench's own failure."""
    about = {"function": "total", "target": "test_basket.py::test_limit"}
    red = fair_task(TaskKind.FIX, {"basket.py": CODE, "test_basket.py": TEST}, **about)
    hopeless = TEST.replace("== 3", "== object()")
    worse = fair_task(TaskKind.FIX, {"basket.py": CODE, "test_basket.py": hopeless}, **about)
    green = fair_task(TaskKind.FIX, {"basket.py": RIGHT, "test_basket.py": TEST}, **about)
    given, kept, unasked = answers(tmp_path, (red, SETTINGS), (worse, HASTY), (green, SETTINGS))
    assert given.problem == ""
    assert "price <= limit" in given.texts[SOURCE]
    assert given.texts.keys() == {SOURCE}
    assert given.said.startswith("plausible")
    assert "left behind" not in given.said
    assert "changes" not in given.said
    assert (kept.problem, kept.texts, kept.is_offered) == ("", {}, False)
    assert kept.said
    assert "test_basket.py::test_limit is not red" in unasked.problem
    assert not unasked.is_offered


def test_a_patch_of_another_file_is_no_change_of_the_source(tmp_path: Path) -> None:
    """The source stays as it was, and the file that is patched is named."""
    task = fair_task(
        TaskKind.FIX,
        {"till.py": "TAX = 1\n", "basket.py": CODE, "test_basket.py": TEST},
        function="total",
        target="test_basket.py::test_limit",
    )
    (given,) = answers(tmp_path, (task, SETTINGS))
    assert given.texts == {SOURCE: "TAX = 1\n"}
    assert "changes basket.py as well" in given.said


def test_a_race_is_removed_or_stays(
    tmp_path: Path, go_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test is made red by the race detector; what still fails afterwards is no answer."""
    monkeypatch.setenv("DUCKTYPIST_CACHE_DIR", str(go_cache))
    case = next(one for one in race_tasks() if one.name == "counter")
    name = case.target.rpartition("::")[2]
    begins = f"func {name}(t *testing.T) {{\n"
    path = case.target.partition("::")[0]
    tests = case.files[path]
    assert begins in tests
    failing = {path: tests.replace(begins, f'{begins}\tt.Error("never right")\n')}
    clean = {case.source: case.fixed}
    given, kept, unasked = answers(
        tmp_path,
        (race_task(case), SETTINGS),
        (race_task(case, failing), HASTY),
        (race_task(case, clean), SETTINGS),
    )
    assert given.problem == ""
    assert given.texts[SOURCE] != case.text
    assert given.said.startswith("plausible")
    assert (kept.problem, kept.texts, kept.is_offered) == ("", {}, False)
    assert kept.said
    assert "is not red" in unasked.problem
    assert any((go_cache / BUILD_CACHE).glob("??/*-d"))


def race_task(case: RaceTask, changed: Mapping[str, str] | None = None) -> FairTask:
    """Return a race with some of its files changed."""
    files = {case.source: case.text, **case.files, **(changed or {})}
    return fair_task(TaskKind.RACE, files, language="go", target=case.target)


def test_an_explanation_is_given_without_the_code(tmp_path: Path) -> None:
    """A script of nothing is not explained; a host that dies is no answer of the server's."""
    rules = [
        {"kind": "chat", "match": "uniq -c", "fail": "crash"},
        {"kind": "chat", "match": "hello", "reply": "It greets whoever is named first."},
    ]
    greet = fair_task(TaskKind.EXPLAIN, {"greet.sh": GREET}, language="shellscript")
    empty = fair_task(TaskKind.EXPLAIN, {"empty.sh": ""}, language="shellscript")
    crash = fair_task(TaskKind.EXPLAIN, {"count.sh": COUNT}, language="shellscript")
    given, kept, failed = answers(
        tmp_path, (greet, SETTINGS), (empty, SETTINGS), (crash, SETTINGS), rules=rules
    )
    assert given.problem == ""
    assert given.texts.keys() == {EXPLANATION}
    assert "greets whoever is named" in given.texts[EXPLANATION]
    assert 'echo "hello $1"' not in given.texts[EXPLANATION]
    assert given.completion_tokens > 0
    assert (kept.problem, kept.texts, kept.is_offered) == ("", {}, False)
    assert kept.said == "nothing was explained"
    assert failed.problem
    assert failed.texts == {}


def test_what_a_call_returns_is_not_asked(tmp_path: Path) -> None:
    """There is no such feature, and no server is started to find that out."""
    task = fair_task(TaskKind.PREDICT, {"sums.py": RIGHT}, function="total([1], 1)")

    async def found() -> Answer:
        async with place_for(f"scripted:{tmp_path / 'none.json'}") as place:
            given = await product_answer(task, place=place, settings={})
            assert n_hosts(place) == 0
            return given

    assert asyncio.run(found()).problem == NO_SUCH_FEATURE


@pytest.mark.model
def test_settings_that_name_another_host_reach_both_sides(model: Path) -> None:
    """The bench's own questions and the server's are answered by one process."""
    settings: Mapping[str, Json] = {
        "model": {"name": str(model)},
        "engine": {"n_ctx_tokens": 3072},
        "complete": {"budget_s": 30.0},
    }
    task = fair_task(TaskKind.FUNCTION, {"words.py": HEAD}, function="last_word")

    async def found() -> tuple[Answer, int]:
        async with place_for(None, settings) as place, place.workbench():
            given = await product_answer(task, place=place, settings=settings)
            return given, n_hosts(place)

    given, n = asyncio.run(found())
    assert given.problem == ""
    assert given.completion_tokens > 0
    assert n == 1
