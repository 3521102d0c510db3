"""What the fair bench asks: tasks with hidden tests, each in four wordings, a TOML file a task.

Reading and checking only; nothing is run here. A task file::

    title = "the median of a list"          # one line, for people
    level = "easy"                          # basic, easy, middle, hard: as its writer thinks
    kind = "function"                       # function, fix, race, explain, predict
    language = "go"                         # go, python, shellscript
    source = "median.go"                    # the file that the answer goes into
    function = "Median"                     # what is to be written or mended; a race needs none
    target = "median_test.go::TestMedian"   # the red test of fix and race, as the runner names it
    purpose = "…"                           # explain: all that the name-only arm is told
    examples = ["Median([]int{1, 2}) == 1"] # lines of the source whose order means nothing
    oracle = '''…'''                        # the whole source file, right
    [files]                                 # what is shown, by path
    [hidden]                                # tests that nobody sees
    [[inputs]]                              # explain: args, stdin, files; five of them
    [[wordings]]                            # three of them: other names, another order
    rename = { Median = "Middle" }
    order = [1, 0]
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ducktypist.bench.explain.bash_tasks import ScriptInput, input_of, texts
from ducktypist.bench.tasks import TaskError, read_bytes, texts_field

N_WORDINGS: Final = 3
N_INPUTS: Final = 5
LEVELS: Final = ("basic", "easy", "middle", "hard")
LANGUAGES: Final = ("go", "python", "shellscript")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYS: Final = frozenset(
    {"title", "level", "kind", "language", "source", "function", "target", "purpose", "examples"}
    | {"oracle", "files", "hidden", "inputs", "wordings"}
)


class TaskKind(enum.StrEnum):
    """How a task is asked and graded."""

    FUNCTION = "function"
    """Write the function from its signature and documentation."""
    FIX = "fix"
    """Mend the function so that the red test passes."""
    RACE = "race"
    """Remove the data race."""
    EXPLAIN = "explain"
    """Explain the script; what the explanation is good for is what counts."""
    PREDICT = "predict"
    """Say what a call returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The same task in other words."""

    rename: Mapping[str, str]
    order: tuple[int, ...] = ()
    """A permutation of the examples; empty leaves them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FairTask:
    """One task."""

    id: str
    family: str
    kind: TaskKind
    language: str
    title: str
    level: str = ""
    """One of LEVELS, set before any model was asked; empty where nobody said."""
    source: str
    function: str = ""
    target: str = ""
    purpose: str = ""
    examples: tuple[str, ...] = ()
    oracle: str = ""
    """The whole source file, right; empty where nobody knows."""
    files: Mapping[str, str]
    hidden: Mapping[str, str]
    inputs: tuple[ScriptInput, ...] = ()
    wordings: tuple[Wording, ...] = ()

    @property
    def text(self) -> str:
        """The source file as it is shown."""
        return self.files[self.source]

    @property
    def sha256(self) -> str:
        """Of everything that the task is, hexadecimal."""
        told = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()

    def worded(self, number: int) -> FairTask:
        """Return the task in another wording, from 0: same meaning, same tests, other names.

        Names are replaced as whole words in every file, the right answer and the tests included,
        but in no path. The wording has no further wordings.
        """
        wording = self.wordings[number]

        def renamed(text: str) -> str:
            return _WORD.sub(lambda word: wording.rename.get(word[0], word[0]), text)

        files = {name: renamed(text) for name, text in self.files.items()}
        examples = tuple(renamed(line) for line in self.examples)
        order = wording.order or tuple(range(len(examples)))
        shown = dict(files) | {self.source: reordered(files[self.source], examples, order)}
        return replace(
            self,
            function=renamed(self.function),
            target=renamed_target(self.target, renamed),
            purpose=renamed(self.purpose),
            examples=tuple(examples[index] for index in order),
            oracle=reordered(renamed(self.oracle), examples, order),
            files=shown,
            hidden={name: renamed(text) for name, text in self.hidden.items()},
            wordings=(),
        )


def renamed_target(target: str, renamed: Callable[[str], str]) -> str:
    """Return a node id with the test's name in other words; its path stays."""
    path, separator, name = target.partition("::")
    return path + separator + renamed(name) if separator else target


def reordered(text: str, examples: Sequence[str], order: Sequence[int]) -> str:
    """Return a text with the lines that hold examples in another order; all else stays."""
    lines = text.split("\n")
    places = [
        next((number for number, line in enumerate(lines) if example in line), None)
        for example in examples
    ]
    if None in places:
        return text
    moved = list(lines)
    for place, index in zip(places, order, strict=True):
        source = places[index]
        assert place is not None  # noqa: S101 - looked at above
        assert source is not None  # noqa: S101 - the same
        moved[place] = lines[source]
    return "\n".join(moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class FairTasks:
    """Tasks in their order."""

    tasks: tuple[FairTask, ...]
    sha256: str
    """Of all tasks, in their order."""

    @property
    def families(self) -> tuple[str, ...]:
        """The families in their order."""
        return tuple(dict.fromkeys(task.family for task in self.tasks))

    def of(self, families: Sequence[str], n_each: int | None) -> FairTasks:
        """Return the tasks of some families, of each the first so many.

        Args:
            families: Empty for all.
            n_each: None for all.

        Raises:
            TaskError: There is no such family.
        """
        if unknown := sorted({*families} - {*self.families}):
            known = ", ".join(self.families)
            raise TaskError(f"no family is called {', '.join(unknown)}; known are {known}")
        kept: list[FairTask] = []
        for family in self.families:
            if not families or family in families:
                kept += [task for task in self.tasks if task.family == family][:n_each]
        return of_tasks(kept)


def own_tasks() -> FairTasks:
    """Return the tasks that come with Ducktypist, in their frozen order.

    Raises:
        TaskError: One of them is no task.
    """
    return read_tasks(Path(__file__).parent / "tasks")


def read_tasks(folder: Path) -> FairTasks:
    """Read all tasks of a folder: a folder for each family, a file for each task.

    The order of families is that of their names. Within a family the levels take turns, and within
    a level the order is that of the hash of the id, so that the first few are a fair draw of each.

    Raises:
        TaskError: There is none, or one of them cannot be read or is no task.
    """
    paths = sorted(folder.glob("*/*.toml"))
    if not paths:
        raise TaskError(f"{folder} holds no task; expected FAMILY/TASK.toml")
    found = [_task_of(path) for path in paths]
    found.sort(key=lambda task: (task.family, hashlib.sha256(task.id.encode()).hexdigest()))
    seen: Counter[tuple[str, str]] = Counter()
    turns: dict[str, int] = {}
    for task in found:
        turns[task.id] = seen[task.family, task.level]
        seen[task.family, task.level] += 1
    found.sort(key=lambda task: (task.family, turns[task.id], _rank(task.level)))
    return of_tasks(found)


def _rank(level: str) -> int:
    return LEVELS.index(level) if level else len(LEVELS)


def of_tasks(tasks: Sequence[FairTask]) -> FairTasks:
    """Return tasks with the hash of all of them."""
    digest = hashlib.sha256("\n".join(task.sha256 for task in tasks).encode()).hexdigest()
    return FairTasks(tasks=tuple(tasks), sha256=digest)


def _task_of(path: Path) -> FairTask:
    where = str(path)
    try:
        found = tomllib.loads(read_bytes(path).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TaskError(f"{where} cannot be read: {error}") from error
    if unknown := sorted(set(found) - _KEYS):
        raise TaskError(f"{where}: unknown keys: {', '.join(unknown)}")
    task = FairTask(
        id=f"{path.parent.name}/{path.stem}",
        family=path.parent.name,
        kind=_kind_of(found, where),
        language=_text(found, "language", where),
        title=_text(found, "title", where),
        level=_text(found, "level", where, needed=False),
        source=_text(found, "source", where),
        function=_text(found, "function", where, needed=False),
        target=_text(found, "target", where, needed=False),
        purpose=_text(found, "purpose", where, needed=False),
        examples=texts(found.get("examples", []), f"{where}: `examples`"),
        oracle=_text(found, "oracle", where, needed=False),
        files=_with_module(path.stem, texts_field(found, "files", where)),
        hidden=dict(texts_field(found, "hidden", where)),
        inputs=tuple(input_of(item, where) for item in found.get("inputs", ())),
        wordings=tuple(_wording_of(item, where) for item in found.get("wordings", ())),
    )
    check_task(task, where)
    return task


def check_task(task: FairTask, where: str) -> None:
    """Refuse a task that cannot be asked or graded.

    Raises:
        TaskError: What is wrong with it.
    """
    if task.language not in LANGUAGES:
        raise TaskError(f"{where}: `language` must be one of {', '.join(LANGUAGES)}")
    if task.level and task.level not in LEVELS:
        raise TaskError(f"{where}: `level` must be one of {', '.join(LEVELS)}")
    if task.source not in task.files:
        raise TaskError(f"{where}: `source` must be one of the files")
    if task.kind in {TaskKind.FUNCTION, TaskKind.FIX} and not task.function:
        raise TaskError(f"{where}: `function` is missing")
    if task.kind in {TaskKind.FIX, TaskKind.RACE} and "::" not in task.target:
        raise TaskError(f"{where}: `target` must be FILE::TEST")
    if task.kind is TaskKind.EXPLAIN and not (task.purpose and len(task.inputs) == N_INPUTS):
        raise TaskError(f"{where}: a purpose and {N_INPUTS} inputs are needed")
    for example in task.examples:
        if example not in task.text:
            raise TaskError(f"{where}: the example {example!r:.60} is not in the source")
    everything = "\n".join([*task.files.values(), *task.hidden.values(), task.oracle])
    for wording in task.wordings:
        _check_wording(wording, task, set(_WORD.findall(everything)), where)


def _check_wording(wording: Wording, task: FairTask, known: set[str], where: str) -> None:
    if wording.order and sorted(wording.order) != list(range(len(task.examples))):
        raise TaskError(f"{where}: `order` must be a permutation of the examples")
    if missing := sorted(set(wording.rename) - known):
        raise TaskError(f"{where}: nothing is called {', '.join(missing)}")
    if taken := sorted(set(wording.rename.values()) & known):
        raise TaskError(f"{where}: there is a {', '.join(taken)} already")


def _with_module(name: str, files: Mapping[str, str]) -> dict[str, str]:
    is_go = any(path.endswith(".go") for path in files)
    if not is_go or "go.mod" in files:
        return dict(files)
    module = re.sub(r"[^a-z0-9]", "", name.lower()) or "task"
    return {"go.mod": f"module {module}\n\ngo 1.21\n", **files}


def _kind_of(found: Mapping[str, Any], where: str) -> TaskKind:
    try:
        return TaskKind(found.get("kind", ""))
    except ValueError as error:
        known = ", ".join(TaskKind)
        raise TaskError(f"{where}: `kind` must be one of {known}") from error


def _wording_of(found: object, where: str) -> Wording:
    if not isinstance(found, Mapping) or set(found) - {"rename", "order"}:
        raise TaskError(f"{where}: a wording has `rename` and `order`")
    rename, order = found.get("rename", {}), found.get("order", [])
    is_names = isinstance(rename, Mapping) and all(
        isinstance(name, str) and _WORD.fullmatch(name) for name in (*rename, *rename.values())
    )
    if not is_names or not isinstance(order, list):
        raise TaskError(f"{where}: `rename` holds names by name, `order` numbers")
    return Wording(rename=dict(rename), order=tuple(order))


def _text(found: Mapping[str, Any], key: str, where: str, *, needed: bool = True) -> str:
    value = found.get(key, "")
    if not isinstance(value, str) or (needed and not value.strip()):
        raise TaskError(f"{where}: `{key}` must be a text")
    return value
