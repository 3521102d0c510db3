"""Scripts with tests: read from folders, tested and run in the sandbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.bench.explain.bash_runs import (
    TEST_LIMITS,
    Printed,
    ScriptTests,
    run_input,
    run_tests,
)
from ducktypist.bench.explain.bash_tasks import BashTask, ScriptInput, read_bash_tasks
from ducktypist.bench.explain.parts.recreate import HANGING
from ducktypist.bench.tasks import TaskError
from ducktypist.features.grounds import Grounds
from support.explain_tasks import COUNT, GREET, bash_folder
from support.refereed import in_sandbox, needs_bats


def test_tasks_are_read_by_name(tmp_path: Path) -> None:
    """With a hash of all that they hold, so that a changed script is another task."""
    found = read_bash_tasks(bash_folder(tmp_path / "bash"))
    count, greet = found.tasks
    assert (count.id, greet.id) == ("count", "greet")
    assert (greet.script, greet.purpose) == (GREET, "greets somebody")
    assert count.constructs == ("pipeline", "parameter expansion")
    assert count.inputs[1] == ScriptInput(args=("words.txt",), files={"words.txt": "one\n"})
    (tmp_path / "bash" / "greet" / "script.sh").write_text("exit 1\n", "utf-8")
    assert read_bash_tasks(tmp_path / "bash").sha256 != found.sha256


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("task.toml", "purpose = ''\n", "`purpose`"),
        ("task.toml", "purpose = [\n", "cannot be read"),
        ("task.toml", "purpose = 'x'\n[[inputs]]\narg = ['x']\n", "unknown keys of an input: arg"),
        ("task.toml", "purpose = 'x'\n[[inputs]]\nargs = [1]\n", "list of texts"),
        ("task.toml", "purpose = 'x'\n[[inputs]]\nfiles = {'../x' = ''}\n", "no file beside"),
        ("test.bats", "echo\n", "script and tests"),
        ("script.sh", " \n", "script and tests"),
    ],
)
def test_what_is_no_task_is_refused(tmp_path: Path, name: str, text: str, why: str) -> None:
    """The message says where and what."""
    place = bash_folder(tmp_path) / "greet" / name
    place.write_text(text, "utf-8")
    with pytest.raises(TaskError, match=why):
        read_bash_tasks(tmp_path)


def test_a_folder_without_tasks_is_refused(tmp_path: Path) -> None:
    """And one without a script."""
    with pytest.raises(TaskError, match="holds no task"):
        read_bash_tasks(tmp_path)
    (bash_folder(tmp_path) / "greet" / "script.sh").unlink()
    with pytest.raises(TaskError, match="cannot be read"):
        read_bash_tasks(tmp_path)


@needs_bats
@pytest.mark.sandbox
@pytest.mark.timeout(120)
def test_the_controls_hold(tmp_path: Path) -> None:
    """A right script passes, an empty one passes nothing, one that hangs is ended."""
    greet, count = reversed(read_bash_tasks(bash_folder(tmp_path / "bash")).tasks)

    async def runs(referee: Grounds) -> list[ScriptTests]:
        async def one(script: str, task: BashTask, **limits: float) -> ScriptTests:
            within = replace(TEST_LIMITS, **limits)  # type: ignore[arg-type] # the time only
            return await run_tests(script, task.tests, referee=referee, limits=within)

        return [
            await one(GREET, greet),
            await one(COUNT, count),
            await one("", greet),
            await one(HANGING, greet, timeout_s=2.0),
            await one('echo "hello $1"\n', greet),
        ]

    right, piped, empty, hanging, half = in_sandbox(tmp_path, runs)
    assert right.passes, right.output
    assert (right.n_tests, right.n_passed) == (2, 2)
    assert piped.passes, piped.output
    assert (empty.passes, empty.n_tests, empty.n_passed) == (False, 2, 0)
    assert (hanging.passes, hanging.is_late) == (False, True)
    assert (half.passes, half.share) == (False, 0.5)


@pytest.mark.sandbox
@pytest.mark.timeout(60)
def test_what_a_script_prints_is_seen(tmp_path: Path) -> None:
    """Its standard output and status, with arguments, input and files; nothing of its errors."""
    script = 'cat "$2"; cat; printf "%s|" "$@"; echo oops >&2; exit 7\n'
    given = ScriptInput(args=("a b", "d/f.txt"), stdin="in\n", files={"d/f.txt": "file\n"})

    async def printed(referee: Grounds) -> tuple[Printed, Printed]:
        silent = await run_input("exec >&- 2>&-\n", ScriptInput(files={}), referee=referee)
        return await run_input(script, given, referee=referee), silent

    found, silent = in_sandbox(tmp_path, printed)
    assert found == Printed(stdout="file\nin\na b|d/f.txt|", exit_status=7)
    assert silent == Printed(stdout="", exit_status=0)
