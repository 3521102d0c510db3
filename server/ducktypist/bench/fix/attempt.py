"""One repair task put to the real server, as an editor does, and what came of it.

The edit is graded here on a copy, in the bench's own sandbox, by tests that the server never saw.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.bench.fix.asking import action_on, made_red, resolved
from ducktypist.bench.fix.tasks import Task, is_source
from ducktypist.bench.fix.watch import Premises, changes, left_behind, tree
from ducktypist.bench.stage import Stage, ready
from ducktypist.bench.tasks import write_files
from ducktypist.domain import Json, TestOutcome
from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import Grounds
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.watchdog import Limits

FIRST_PLAUSIBLE = "plausible after"
MAX_NAMED = 5
GRADE_LIMITS = Limits(
    timeout_s=60.0,
    max_memory_bytes=2 * 1024**3,
    max_processes=256,
    max_output_bytes=16 * 1024**2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What tests say of a patched copy."""

    claimed: bool
    """Whether the test to be fixed passes, and every other that could be seen and passed before."""
    visible: bool
    """Whether all tests pass that could be seen."""
    hidden: bool
    """Whether all of those pass that could not."""
    failing: tuple[str, ...] = ()
    """Tests that fail, hidden ones too, a few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One task in one arm."""

    task: str
    arm: str
    language: str
    group: str
    operator: str
    n_visible: int = 0
    """How many tests can be seen; 0 when the task does not say."""
    problem: str = ""
    """Why there is nothing to say, such as a test that is not red; empty when there is."""
    outcome: str = ""
    """The verdict's."""
    summary: str = ""
    """The verdict in words."""
    resolve_ms: float = 0.0
    """From asking for the edit to the answer."""
    first_plausible_ms: float | None = None
    """From asking for the edit to the first plausible patch; None when there was none."""
    search: Mapping[str, Json] = field(default_factory=dict)
    """What the server says of its search."""
    patched: Mapping[str, str] = field(default_factory=dict)
    """The files that the edit changes, as they are after it; empty without an edit."""
    red_before: tuple[str, ...] = ()
    """Tests that failed before, as the server said when it ran them."""
    outside: tuple[str, ...] = ()
    """Files that the edit must not change and does."""
    grade: Grade | None = None
    """None without an edit."""
    rank: int | None = None
    """Place of the function with the bug among those searched, from 1; None when it is not among
    them or not known."""
    tree_changes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    left_ms: float = 0.0
    """How long it took until nothing was left."""

    @property
    def is_shown(self) -> bool:
        """Tell whether an edit was shown as plausible."""
        return bool(self.patched) and self.outcome == "plausible"

    @property
    def is_right(self) -> bool:
        """Tell whether the edit that was shown passes all tests, the hidden ones too."""
        grade = self.grade
        return self.is_shown and grade is not None and grade.visible and grade.hidden

    @property
    def doubt(self) -> str:
        """What the server said against its own patch."""
        return str(self.search.get("doubt") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How a server is started for attempts."""

    stage: Stage
    premises: Premises
    options: Mapping[str, Any]
    """Settings on top of the stage's, sections by name."""


async def attempt(task: Task, *, arm: str, window: Window, referee: Grounds | None) -> Attempt:
    """Put one task to a new server and grade what it shows, where there is a referee."""
    root = await asyncio.to_thread(laid_out, task, window.stage.folder("fix"))
    blank = Attempt(
        task=task.id,
        arm=arm,
        language=task.language,
        group=task.group,
        operator=task.operator,
        n_visible=n_visible if isinstance(n_visible := task.meta.get("n_visible"), int) else 0,
    )
    before = await asyncio.to_thread(tree, root)
    try:
        found = await _asked(task, root, blank, window)
    except DucktypistError as error:
        found = replace(blank, problem=str(error))
    gone = await left_behind(window.premises, server=None)
    after = await asyncio.to_thread(tree, root)
    return replace(
        found,
        tree_changes=changes(before, after),
        left=(*found.left, *gone.what),
        grade=await _grade(task, found, referee) if found.patched and referee else None,
    )


def laid_out(task: Task, folder: Path) -> Path:
    """Write a task's workspace and return its folder."""
    return write_files(task.files, folder / "work")


def opened(root: Path, window: Window, heard: list[tuple[float, str]]) -> Any:  # noqa: ANN401 - a context manager of Editor
    """Start a server for a workspace; progress goes to ``heard``."""

    def hear(message: Mapping[str, Any]) -> None:
        if message.get("method") == "$/progress":
            words = message["params"].get("value", {}).get("message")
            if words:
                heard.append((time.perf_counter(), str(words)))

    options = window.stage.options
    for section, values in window.options.items():
        base = options.get(section)
        options[section] = {**base, **values} if isinstance(base, Mapping) else values
    environment = {**window.stage.environment, "TMPDIR": str(window.premises.temporary)}
    return Editor.started(
        root,
        arguments=window.stage.arguments,
        options=options,
        environment=environment,
        on_message=hear,
    )


async def offered(task: Task, editor: Editor) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Run the tests; return the action that offers to fix the task's, and all that failed.

    Raises:
        EditorFailure: The test is not red, or no fix is offered for it.
    """
    await ready(editor)
    for name in (task.failing.partition("::")[0], *task.sources):
        editor.open(name)
    red = await made_red(editor, task.failing)
    action = await action_on(editor, task.failing, "fix")
    if action is None:
        raise EditorFailure(f"no fix was offered for {task.failing}")
    return action, red


async def _asked(task: Task, root: Path, blank: Attempt, window: Window) -> Attempt:
    heard: list[tuple[float, str]] = []
    async with opened(root, window, heard) as editor:
        action, red = await offered(task, editor)
        heard.clear()
        started = time.perf_counter()
        answer = await resolved(action, editor, task.files)
        gone = await left_behind(window.premises, server=editor.process.pid)
    search = answer.data.get("search") or {}
    is_shown = bool(answer.patched) and answer.outcome == "plausible"
    first_ms = search.get("first_plausible_ms")
    if first_ms is None and is_shown:
        told = (at for at, words in heard if words.startswith(FIRST_PLAUSIBLE))
        first_ms = (next(told, started + answer.took_ms / 1000) - started) * 1000
    return replace(
        blank,
        outcome=answer.outcome,
        summary=answer.summary,
        resolve_ms=answer.took_ms,
        first_plausible_ms=first_ms,
        search=search,
        patched=answer.patched,
        red_before=red,
        outside=tuple(name for name in answer.patched if not _may_change(name, task)),
        rank=_rank(task.function, search.get("suspects")),
        left=gone.what,
        left_ms=gone.gone_ms,
    )


def _may_change(name: str, task: Task) -> bool:
    return name in task.files and is_source(name, task.language)


def _rank(function: str, suspects: object) -> int | None:
    if not function or not isinstance(suspects, list):
        return None
    for number, item in enumerate(suspects, start=1):
        name = str(item).rpartition("::")[2].rpartition(":")[2]
        if name == function:
            return number
    return None


async def _grade(task: Task, found: Attempt, referee: Grounds) -> Grade:
    """Run visible and hidden tests on a copy with the edit applied."""
    known = {name: text for name, text in found.patched.items() if name in task.files}
    files = {**task.files, **known}
    visible = await red_tests(replace(task, files=files), referee)
    hidden = await red_tests(replace(task, files={**files, **task.hidden}), referee)
    return Grade(
        claimed=set(visible) <= set(found.red_before) - {task.failing},
        visible=not visible,
        hidden=not hidden,
        failing=tuple(dict.fromkeys((*visible, *hidden)))[:MAX_NAMED],
    )


async def red_tests(whole: Task, referee: Grounds, hash_seed: int = 0) -> list[str]:
    """Return what is wrong with a program by its tests; nothing when all pass.

    Args:
        whole: A task whose files are the program with the tests to be run.
        referee: Who runs them.
        hash_seed: Python's, for hashes of texts.
    """
    folder = referee.root / "graded"
    root = await asyncio.to_thread(laid_out, whole, folder)
    try:
        report = await referee.runner_of(whole.failing).run(
            RunRequest(root=root, limits=GRADE_LIMITS, hash_seed=hash_seed)
        )
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    red = [
        item.node_id
        for item in (*report.results, *report.collection_errors)
        if item.outcome in {TestOutcome.FAILED, TestOutcome.ERROR}
    ]
    if report.killed is not None:
        red.append(f"killed: {report.killed}")
    if not report.ids(TestOutcome.PASSED):
        red.append("no test passed")
    return red
