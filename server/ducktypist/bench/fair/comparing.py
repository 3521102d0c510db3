"""Two sides on the same tasks: who is right where the other is not, and whether that says anything.

Only tasks that are the same, byte by byte, and that both were asked three times. Exact McNemar on
the discordant ones (McNemar 1947; the exact form is the binomial test), Holm over the families.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ducktypist.bench.fair.answers import N_RUNS, Arm, Column, Pass
from ducktypist.bench.fair.figures import Part, Verdict, parts_of, verdicts_of
from ducktypist.bench.fair.results import Result, read_result
from ducktypist.bench.tasks import TaskError
from ducktypist.domain import Json
from ducktypist.ledger.stats import holm, mcnemar_exact

MIN_DISCORDANT = 6
"""Fewer, all on one side, can never reach p < 0.05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two that are compared."""

    result: Result
    model: str
    """SHA-256."""
    column: Column

    @property
    def name(self) -> str:
        """What people call it."""
        told = self.result.models[self.model]
        return f"{told.get('name')} {told.get('quantisation')}, {self.column}"

    @property
    def passes(self) -> list[Pass]:
        """Its three runs."""
        n_runs = 1 if self.column is Column.NAME else N_RUNS
        return [Pass(column=self.column, arm=Arm.PLAIN, number=number) for number in range(n_runs)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """One family, or one part of it, on both sides."""

    family: str
    part: Part
    n: int
    first_right: int
    second_right: int
    only_first: tuple[str, ...]
    """What only the first has right: tasks, with the item's number where there are several."""
    only_second: tuple[str, ...]
    changed: tuple[str, ...]
    """What has another verdict on each side, lucky against wrong included."""
    p: float
    p_holm: float

    @property
    def can_tell(self) -> bool:
        """Whether so few flips could tell anything at all."""
        return len(self.only_first) + len(self.only_second) >= MIN_DISCORDANT

    def as_json(self) -> dict[str, Json]:
        """Return it."""
        return {
            "family": self.family,
            "part": str(self.part),
            "n": self.n,
            "first_right": self.first_right,
            "second_right": self.second_right,
            "only_first": list(self.only_first),
            "only_second": list(self.only_second),
            "changed": list(self.changed),
            "p": self.p,
            "p_holm": self.p_holm,
        }


def side_of(reference: str) -> Side:
    """Return a side from ``FILE``, ``FILE#MODEL``, ``FILE@COLUMN`` or ``FILE#MODEL@COLUMN``.

    Raises:
        TaskError: There is no such file, model or column, or it is not clear which is meant.
    """
    place, _, column = reference.partition("@")
    path, _, name = place.partition("#")
    result = read_result(Path(path).expanduser())
    found = [sha256 for sha256, told in result.models.items() if _is_called(name, sha256, told)]
    if len(found) != 1:
        known = ", ".join(str(told.get("asked_as")) for told in result.models.values())
        raise TaskError(f"{reference}: name one model, as FILE#MODEL; the file has {known}")
    try:
        return Side(result=result, model=found[0], column=Column(column or Column.RAW))
    except ValueError as error:
        raise TaskError(f"{reference}: a column is one of {', '.join(Column)}") from error


def compare(first: Side, second: Side) -> list[Paired]:
    """Return both sides' families that have tasks in common.

    Raises:
        TaskError: They have none.
    """
    theirs = {task.id: task.sha256 for task in second.result.tasks}
    common = [task for task in first.result.tasks if theirs.get(task.id) == task.sha256]
    found: list[Paired] = []
    for family in dict.fromkeys(task.family for task in common):
        tasks = [task for task in common if task.family == family]
        for part in parts_of(tasks[0].kind, first.column):
            mine = verdicts_of(first.result, first.model, first.passes, tasks, part)
            other = verdicts_of(second.result, second.model, second.passes, tasks, part)
            if both := [task.id for task in tasks if task.id in mine and task.id in other]:
                found.append(_paired(family, part, both, mine, other))
    if not found:
        raise TaskError("the two have no task in common that both were asked in all runs")
    corrected = holm([item.p for item in found])
    return [replace(item, p_holm=p) for item, p in zip(found, corrected, strict=True)]


def agreement(pairs: list[Paired]) -> tuple[int, int]:
    """Return of how many verdicts both sides have the same one, and how many there are."""
    whole = [item for item in pairs if item.part is Part.WHOLE]
    n = sum(item.n for item in whole)
    return n - sum(len(item.changed) for item in whole), n


def _paired(
    family: str,
    part: Part,
    tasks: list[str],
    mine: Mapping[str, list[Verdict]],
    other: Mapping[str, list[Verdict]],
) -> Paired:
    rows = [
        (task if len(mine[task]) == 1 else f"{task} {number}", one, two)
        for task in tasks
        for number, (one, two) in enumerate(zip(mine[task], other[task], strict=True), start=1)
    ]
    right = Verdict.RIGHT
    only_first = tuple(name for name, one, two in rows if one is right is not two)
    only_second = tuple(name for name, one, two in rows if two is right is not one)
    p = mcnemar_exact(len(only_first), len(only_second))
    return Paired(
        family=family,
        part=part,
        n=len(rows),
        first_right=sum(one is right for _, one, _ in rows),
        second_right=sum(two is right for _, _, two in rows),
        only_first=only_first,
        only_second=only_second,
        changed=tuple(name for name, one, two in rows if one is not two),
        p=p,
        p_holm=p,
    )


def _is_called(name: str, sha256: str, told: Mapping[str, Any]) -> bool:
    known = {str(told.get("name")), str(told.get("asked_as"))}
    return not name or name in known or sha256.startswith(name)
