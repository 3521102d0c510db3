"""Our own tasks of bash: whole, repeatable, and passed by their script alone.

Nothing is run in the sandbox here: the scripts and tests are the project's own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ducktypist.bench.explain import bash_runs
from ducktypist.bench.explain.bash_tasks import BashTask, ScriptInput, read_bash_tasks
from ducktypist.errors import DucktypistError

FOLDER = Path(bash_runs.__file__).parent / "bash"
TASKS = read_bash_tasks(FOLDER).tasks
LONGEST_LINE = 100
RUN_TIMEOUT_S = 20
TESTS_TIMEOUT_S = 60
CONTROLS = {"empty": "", "echoes its input": "cat\n"}
CONSTRUCTS = {
    "find": r"\bfind ",
    "find -exec +": r"-exec .*\{\} \+",
    "find -exec \\;": r"-exec .*\{\} \\;",
    "xargs -0": r"\bxargs -0",
    "trap EXIT": r"\btrap .* EXIT$",
    "trap INT": r"\btrap .* INT\b",
    "trap ERR": r"\btrap .* ERR$",
    "parameter expansion": r"\$\{\w+[-:#%/,^@+=?]",
    "indirection": r"\$\{!\w+[}:-]",
    "here-document unquoted": r"<<-?[A-Z]",
    "here-document quoted": r"<<'[A-Z]",
    "here-string": r"<<<",
    "arrays": r"\w\+?=\(|\$\{\w+\[",
    "associative arrays": r"declare -A",
    "process substitution": r"[<>]\(",
    "mapfile": r"\b(mapfile|readarray)\b",
    "while read": r"\bwhile (IFS=\S* )?read\b",
    "while read -d ''": r"\bread -r -d ''",
    "getopts": r"\bgetopts\b",
    "case with fallthrough": r";;?&$",
    "set -euo pipefail": r"^set -\w*euo pipefail",
    "subshell": r"(^|[|&]) *\(\w",
    "arithmetic": r"\(\(",
    "printf formats": r"printf .*%",
    "printf -v": r"\bprintf -v",
    "sed": r"\bsed ",
    "awk": r"\bawk ",
    "sort keys": r"\bsort .*-k",
    "cut": r"\bcut ",
    "paste": r"\bpaste ",
    "join": r"^join ",
    "comm": r"\bcomm ",
    "tar": r"^ *tar .*-cf",
    "exit codes": r"\bexit\b",
    "functions with local": r"^ *local ",
    "PIPESTATUS": r"PIPESTATUS",
}
"""What scripts hold, and how it looks."""

for_each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return what a script is run with: little, and nothing of the person's."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C", **more}


def passed_by(task: BashTask, script: str, place: Path) -> tuple[int, int, str]:
    """Run a task's tests on a script; return how many passed, how many there are, what was said."""
    place.mkdir()
    subject = place / "subject.sh"
    subject.write_text(script, "utf-8")
    done = subprocess.run(
        ["bash", str(bash_runs.bats_program()), "--tap", str(FOLDER / task.id / "test.bats")],
        env=environment(place, SCRIPT=str(subject)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TESTS_TIMEOUT_S,
        check=False,
    )
    planned = re.search(r"^1\.\.(\d+)$", done.stdout, re.MULTILINE)
    assert planned, done.stdout + done.stderr
    return len(re.findall(r"^ok ", done.stdout, re.MULTILINE)), int(planned[1]), done.stdout


def outcome(task: BashTask, given: ScriptInput, place: Path, locale: str) -> tuple[str, int]:
    """Run a script with an input in a folder of its own; return what it printed and its status."""
    here = place / "here"
    for name, text in given.files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text, "utf-8")
    here.mkdir(parents=True, exist_ok=True)
    (here / "script.sh").write_text(task.script, "utf-8")
    done = subprocess.run(
        ["bash", "script.sh", *given.args],
        cwd=here,
        env=environment(place, LC_ALL=locale),
        input=given.stdin,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    return done.stdout, done.returncode


@pytest.fixture(scope="session")
def bats() -> Path:
    """Return where bats is."""
    try:
        return bash_runs.bats_program()
    except DucktypistError as error:
        pytest.skip(str(error))


def test_there_are_enough_tasks() -> None:
    """At least thirty, each about something else, and several hold each construct."""
    assert len(TASKS) >= 30
    assert len({task.purpose for task in TASKS}) == len(TASKS)
    held = {
        name: sum(bool(re.search(look, task.script, re.MULTILINE)) for task in TASKS)
        for name, look in CONSTRUCTS.items()
    }
    assert {name: count for name, count in held.items() if count < 2} == {}


@for_each_task
def test_constructs_are_those_of_the_script(task: BashTask) -> None:
    """What a task says that it holds is there to be seen."""
    known = {name: look for name, look in CONSTRUCTS.items() if name in task.constructs}
    assert known
    seen = {n for n, look in known.items() if re.search(look, task.script, re.MULTILINE)}
    assert seen == set(known)


@for_each_task
def test_a_task_is_whole(task: BashTask) -> None:
    """It has its folder's name, one line of purpose, five inputs, five to eight tests."""
    told = tomllib.loads((FOLDER / task.id / "task.toml").read_text("utf-8"))
    assert told["name"] == task.id
    assert "\n" not in task.purpose
    assert task.constructs
    assert len(task.inputs) == 5
    assert 5 <= len(re.findall(r"^@test ", task.tests, re.MULTILINE)) <= 8
    lines = task.script.splitlines()
    assert 8 <= len(lines) <= 35
    assert max(map(len, lines)) <= LONGEST_LINE
    assert sorted(path.name for path in (FOLDER / task.id).iterdir()) == [
        "script.sh",
        "task.toml",
        "test.bats",
    ]


@for_each_task
def test_a_script_is_bash(task: BashTask) -> None:
    """Bash reads it without an error."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not here")
    read = subprocess.run(
        ["bash", "-n"], input=task.script, capture_output=True, text=True, check=False
    )
    assert (read.returncode, read.stderr) == (0, "")


@for_each_task
def test_only_the_script_passes_its_tests(task: BashTask, bats: Path, tmp_path: Path) -> None:
    """It passes all of them; what does nothing or echoes its input passes none."""
    assert bats.is_file()
    scripts = [task.script, *CONTROLS.values()]
    places = [tmp_path / f"run{number}" for number in range(len(scripts))]
    with ThreadPoolExecutor() as pool:
        own, *controls = pool.map(passed_by, [task] * len(scripts), scripts, places)
    n_passed, n_tests, said = own
    assert n_passed == n_tests > 0, said
    assert {name: ran[0] for name, ran in zip(CONTROLS, controls, strict=True)} == dict.fromkeys(
        CONTROLS, 0
    )


@for_each_task
def test_an_input_has_one_outcome(task: BashTask, tmp_path: Path) -> None:
    """What is printed and the status are the same again, in another folder and locale."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not here")
    outcomes = set()
    for number, given in enumerate(task.inputs):
        first = outcome(task, given, tmp_path / f"a{number}", "C")
        again = outcome(task, given, tmp_path / f"b{number}", "C.UTF-8")
        assert first == again
        assert str(tmp_path) not in first[0]
        outcomes.add(first)
    assert len(outcomes) >= 4, "inputs that all end alike tell little"
    assert len({status for _, status in outcomes}) >= 2
