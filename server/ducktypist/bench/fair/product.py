"""Puts one task to the real server over its protocol, as an editor does, and says what came.

The server is new for every task and knows nothing of earlier ones: workspace and ledger are the
task's own. The host belongs to the place and goes on. What is kept back by the server is no answer;
nothing is graded here.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ducktypist.bench.complete.attempt import body_action
from ducktypist.bench.complete.place import Place
from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.bench.explain.desk import QUIET, explanation_of
from ducktypist.bench.explain.shown import shown_of
from ducktypist.bench.explain.stripping import stripped
from ducktypist.bench.fair.answers import EXPLANATION, SOURCE, Answer
from ducktypist.bench.fair.product_go import seeded
from ducktypist.bench.fair.product_ledger import spent_of
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.fix.asking import NotRedError, action_on, made_red, resolved
from ducktypist.bench.fix.attempt import Window, opened
from ducktypist.bench.fix.watch import changes, left_behind, tree
from ducktypist.bench.measure import since_ms
from ducktypist.bench.stage import ready
from ducktypist.bench.tasks import TaskError, write_files
from ducktypist.domain import Json
from ducktypist.errors import DucktypistError
from ducktypist.syntax.regions import function_named

NO_SUCH_FEATURE: Final = "the product has no such feature"
LEDGER: Final = "ledger.sqlite3"
N_RACE_RUNS: Final = 3
"""How often the tests are run until a race shows; a person would run them again as well."""
STATUS_TIMEOUT_S: Final = 10.0


async def product_answer(task: FairTask, *, place: Place, settings: Mapping[str, Json]) -> Answer:
    """Put one task to a new server, and return what its editor would have been given.

    Args:
        task: What is asked.
        place: Where; its host answers if it was made with the same settings.
        settings: The server's, sections by name.

    Returns:
        With ``problem`` where the bench or the model's host failed. That the server failed, or
        offered nothing, is its answer: ``is_offered`` is False and ``said`` says why.
    """
    nothing = Answer(task_sha256=task.sha256, texts={}, is_offered=False)
    if task.kind is TaskKind.PREDICT:
        return replace(nothing, problem=NO_SUCH_FEATURE)
    folder = await asyncio.to_thread(place.stage.folder, "fair")
    try:
        if task.language == "go":
            await seeded(place, race=task.kind is TaskKind.RACE)
        found = await _put(task, folder, place, settings)
        spent = await asyncio.to_thread(spent_of, folder / LEDGER)
    except DucktypistError as error:
        return replace(nothing, problem=str(error) or type(error).__name__)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return replace(
        nothing,
        texts=found.texts,
        said=found.said,
        is_offered=bool(found.texts),
        total_ms=found.total_ms,
        ttft_ms=spent.ttft_ms,
        prompt_tokens=spent.prompt_tokens,
        completion_tokens=spent.completion_tokens,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the server gave."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """As in :attr:`Answer.texts`; empty where it gave nothing."""
    said: str
    total_ms: float = 0.0

    def noting(self, notes: Sequence[str]) -> _Found:
        """Return it with more said."""
        return replace(self, said="; ".join(part for part in (self.said, *notes) if part))


async def _put(task: FairTask, folder: Path, place: Place, settings: Mapping[str, Json]) -> _Found:
    """Open a window on the task's files and ask; see what is left when it is closed.

    Raises:
        DucktypistError: The task could not be put.
    """
    root = await asyncio.to_thread(write_files, task.files, folder / "work")
    before = await asyncio.to_thread(tree, root)
    options = _options(settings, folder / LEDGER)
    window = Window(stage=place.stage, premises=place.premises, options=options)
    found: _Found | None = None
    notes: list[str] = []
    try:
        async with opened(root, window, []) as editor:
            await ready(editor)
            found = await _ASKED[task.kind](task, editor)
    except DucktypistError as error:
        if found is None:
            raise
        # It had answered already: that it did not leave in order does not undo that.
        notes.append(str(error))
    gone = await left_behind(place.premises, server=None)
    notes += [f"left behind: {item}" for item in gone.what]
    after = await asyncio.to_thread(tree, root)
    notes += [f"in the workspace, {item}" for item in changes(before, after)]
    return found.noting(notes)


def _options(settings: Mapping[str, Json], ledger: Path) -> dict[str, Any]:
    """Return settings with a ledger of its own; what was not asked for is not written ahead."""
    own: dict[str, Mapping[str, Json]] = {"explain": QUIET, "ledger": {}}
    options: dict[str, Any] = {**own, **settings}
    for section, values in own.items():
        given = settings.get(section)
        options[section] = {**values, **(given if isinstance(given, Mapping) else {})}
    # What one task teaches must not help with the next, or the order would decide.
    options["ledger"]["path"] = str(ledger)
    return options


# --------------------------------------------------------------------------- how each kind is asked


async def _body(task: FairTask, editor: Editor) -> _Found:
    region = await asyncio.to_thread(function_named, task.text, task.language, task.function)
    if region is None:
        raise TaskError(f"{task.id}: {task.source} holds no function {task.function}")
    uri = editor.open(task.source)
    action = await body_action(editor, uri, region.name_span.start)
    return await _taken(task, action, editor)


async def _fix(task: FairTask, editor: Editor) -> _Found:
    _open(task, editor)
    await made_red(editor, task.target)
    return await _taken(task, await action_on(editor, task.target, "fix"), editor)


async def _derace(task: FairTask, editor: Editor) -> _Found:
    _open(task, editor)
    action, green = None, None
    for _ in range(N_RACE_RUNS):
        try:
            await made_red(editor, task.target, race=True)
        except NotRedError as error:
            green = error
            continue
        green = None
        action = await action_on(editor, task.target, "derace")
        if action is not None:
            break
    if green is not None:
        raise green
    return await _taken(task, action, editor)


async def _explained(task: FairTask, editor: Editor) -> _Found:
    uri = editor.open(task.source)
    started = time.perf_counter()
    try:
        markdown = await explanation_of(editor, uri)
    except EditorFailure as error:
        return await _refused(error, editor, took_ms=since_ms(started))
    took_ms = since_ms(started)
    shown = shown_of(markdown)
    # Headings of blocks count as prose; only the last line says whether the model answered.
    if not replace(shown, prose="").is_of_model:
        raise EditorFailure(f"the model said nothing: {shown.provenance or markdown[-200:]}")
    told = (await asyncio.to_thread(stripped, shown.text, task.text)).text
    return _Found(texts={EXPLANATION: told} if told else {}, said="", total_ms=took_ms)


_ASKED: Final[Mapping[TaskKind, Callable[[FairTask, Editor], Awaitable[_Found]]]] = {
    TaskKind.FUNCTION: _body,
    TaskKind.FIX: _fix,
    TaskKind.RACE: _derace,
    TaskKind.EXPLAIN: _explained,
}


def _open(task: FairTask, editor: Editor) -> None:
    for name in dict.fromkeys((task.target.partition("::")[0], task.source)):
        editor.open(name)


async def _taken(task: FairTask, action: Mapping[str, Any] | None, editor: Editor) -> _Found:
    """Have an action worked out and its edit applied.

    Raises:
        EditorFailure: The model's host failed.
    """
    if action is None:
        return _Found(said="no action was offered")
    started = time.perf_counter()
    try:
        answer = await resolved(action, editor, task.files)
    except EditorFailure as error:
        return await _refused(error, editor, took_ms=since_ms(started))
    found = _Found(said=answer.summary, total_ms=answer.took_ms)
    if not answer.patched:
        return found
    # The file as it would stand, also where the edit is for another one.
    text = answer.patched.get(task.source, task.text)
    outside = [f"changes {name} as well" for name in answer.patched if name != task.source]
    return replace(found, texts={SOURCE: text}).noting(outside)


async def _refused(error: EditorFailure, editor: Editor, *, took_ms: float) -> _Found:
    """Return what an error comes to where it is the server's.

    Raises:
        EditorFailure: It is the model's host that failed, which says nothing of the server.
    """
    if await _host_failed(editor):
        raise EditorFailure(f"the model's host failed: {error}") from error
    return _Found(said=str(error), total_ms=took_ms)


async def _host_failed(editor: Editor) -> bool:
    if editor.process.returncode is not None:
        return False
    asked = {"command": "ducktypist.status"}
    try:
        status = await editor.request("workspace/executeCommand", asked, timeout_s=STATUS_TIMEOUT_S)
    except EditorFailure:
        # A server that does not even say how things stand has failed itself.
        return False
    return bool(status["engine"]["state"] != "ready" or status["engine"]["crashes"])
