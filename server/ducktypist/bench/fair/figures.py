"""From grades to figures: three times of three is right, once or twice is lucky. Pure.

A cell is one model, one column and one family. A script's five predictions and its being written
again are counted as items of their own beside the task as a whole, since one that is right in all
of them is rare; items of one script resemble each other, so their interval is resampled by task.
"""

from __future__ import annotations

import enum
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

from ducktypist.bench.fair.answers import (
    N_RUNS,
    RECREATED,
    TASK,
    Answer,
    Arm,
    Column,
    Grade,
    Outcome,
    Pass,
)
from ducktypist.bench.fair.results import ListedTask, Result
from ducktypist.bench.fair.tasks import TaskKind
from ducktypist.domain import Json, Kind
from ducktypist.ledger.stats import Speed, percentile, speed, wilson

N_RESAMPLES: Final = 2000
SEED: Final = 0
WORKLOADS: Final[Mapping[TaskKind, Kind]] = {
    TaskKind.FUNCTION: Kind.COMPLETE,
    TaskKind.FIX: Kind.FIX,
    TaskKind.RACE: Kind.DERACE,
    TaskKind.EXPLAIN: Kind.EXPLAIN,
    TaskKind.PREDICT: Kind.EXPLAIN,
}


class Verdict(enum.StrEnum):
    """What three runs of one thing come to."""

    RIGHT = "right"
    LUCKY = "lucky"
    """Once or twice of three."""
    WRONG = "wrong"


class Part(enum.StrEnum):
    """What is counted in a family."""

    WHOLE = "whole"
    """Tasks; a script is right when all of its items are."""
    FORETOLD = "foretold"
    """Outputs with their exit statuses, foretold from the explanation alone."""
    RECREATED = "recreated"
    """Scripts written again from the explanation alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many, with an interval."""

    k: int
    n: int
    low: float
    """Of the 95 % interval, a share; NaN where there is nothing."""
    high: float

    @property
    def value(self) -> float:
        """The share, NaN of nothing."""
        return self.k / self.n if self.n else math.nan

    def as_json(self) -> dict[str, Json]:
        """Return it; the interval of nothing is null."""
        ends: list[Json] = [self.low, self.high]
        return {"k": self.k, "n": self.n, "interval": ends if self.n else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one model is worth in one column of one part of a family."""

    model: str
    """SHA-256."""
    column: Column
    family: str
    part: Part
    right: Share
    n_lucky: int
    n_wrong: int
    n_missing: int
    """Tasks that were not asked and graded three times, in no denominator."""
    identical: Share
    """Answers that were the same, byte by byte, all three times."""
    worded: Share
    """Right in all three other wordings; of nothing where they were not asked."""
    lost: Share
    """Of the first run's answers that pass the tests shown, those that fail hidden ones."""
    offered: Share
    """Of the first run's answers, those that an editor would have shown."""
    right_of_offered: Share
    """Of those, right three times."""
    outcomes: Mapping[Outcome, int]
    """Of the first run."""
    speed: Speed
    ttft_p50_ms: float
    total_p50_ms: float
    decode_tok_s: float
    """Median; NaN where nobody knows."""

    def as_json(self) -> dict[str, Json]:
        """Return it; what nobody knows is null."""
        told: dict[str, Json] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Share):
                told[item.name] = value.as_json()
            elif isinstance(value, float):
                told[item.name] = None if math.isnan(value) else value
            elif isinstance(value, Mapping):
                told[item.name] = {str(name): count for name, count in value.items()}
            else:
                told[item.name] = value
        return told


def verdict_of(runs: Sequence[bool]) -> Verdict:
    """Return what three runs come to."""
    if all(runs):
        return Verdict.RIGHT
    return Verdict.LUCKY if any(runs) else Verdict.WRONG


def cells(result: Result) -> list[Cell]:
    """Return all cells of a result, in the order of models, columns and families."""
    found = []
    for model in result.models:
        for column in Column:
            for family in result.families:
                tasks = [task for task in result.tasks if task.family == family]
                for part in parts_of(tasks[0].kind, column):
                    cell = cell_of(result, model, column, tasks, part)
                    if cell is not None:
                        found.append(cell)
    return found


def parts_of(kind: TaskKind, column: Column) -> tuple[Part, ...]:
    """Return what is counted in a family of a kind."""
    if kind is not TaskKind.EXPLAIN:
        return (Part.WHOLE,)
    if column is Column.NAME:
        return (Part.FORETOLD, Part.RECREATED)
    return (Part.WHOLE, Part.FORETOLD, Part.RECREATED)


def cell_of(
    result: Result, model: str, column: Column, tasks: Sequence[ListedTask], part: Part
) -> Cell | None:
    """Return one cell, None where nothing of it was graded."""
    n_runs = 1 if column is Column.NAME else N_RUNS
    plain = [Pass(column=column, arm=Arm.PLAIN, number=number) for number in range(n_runs)]
    verdicts = verdicts_of(result, model, plain, tasks, part)
    if not verdicts:
        return None
    other = [Pass(column=column, arm=Arm.WORDING, number=number) for number in range(N_RUNS)]
    worded = [
        item for found in verdicts_of(result, model, other, tasks, part).values() for item in found
    ]
    counted = [item for found in verdicts.values() for item in found]
    known = [task for task in tasks if task.id in verdicts]
    answers = {
        (at, task.id): result.answers[model, at, task.id]
        for at in plain
        for task in known
        if (model, at, task.id) in result.answers
    }
    first = [answers[plain[0], task.id] for task in known if (plain[0], task.id) in answers]
    offered = [task.id for task in known if _is_offered(answers.get((plain[0], task.id)))]
    seen = [result.grades[model, plain[0], task.id] for task in known]
    passing = [grade for grade in seen if grade.visible]
    n_same = sum(len({_said(answers.get((at, task.id))) for at in plain}) == 1 for task in known)
    times = _times(first)
    return Cell(
        model=model,
        column=column,
        family=tasks[0].family,
        part=part,
        right=_share_by_task(
            [[one is Verdict.RIGHT for one in item] for item in verdicts.values()]
        ),
        n_lucky=counted.count(Verdict.LUCKY),
        n_wrong=counted.count(Verdict.WRONG),
        n_missing=len(tasks) - len(verdicts),
        identical=share(n_same, len(known) if n_runs > 1 else 0),
        worded=share(worded.count(Verdict.RIGHT), len(worded)),
        lost=share(sum(grade.outcome is not Outcome.RIGHT for grade in passing), len(passing)),
        offered=share(len(offered), len(known)),
        right_of_offered=share(
            sum(all(one is Verdict.RIGHT for one in verdicts[task]) for task in offered),
            len(offered),
        ),
        outcomes={one: sum(grade.outcome is one for grade in seen) for one in Outcome},
        speed=speed(
            WORKLOADS[tasks[0].kind],
            ttft_p50_ms=times["ttft"],
            total_p50_ms=times["total"],
            decode_tok_s=times["decode"],
        ),
        ttft_p50_ms=times["ttft"],
        total_p50_ms=times["total"],
        decode_tok_s=times["decode"],
    )


def verdicts_of(
    result: Result,
    model: str,
    passes: Sequence[Pass],
    tasks: Sequence[ListedTask],
    part: Part = Part.WHOLE,
) -> dict[str, list[Verdict]]:
    """Return the verdicts on the items of each task that was graded in all passes."""
    found: dict[str, list[Verdict]] = {}
    for task in tasks:
        grades = [result.grades.get((model, at, task.id)) for at in passes]
        known = [grade for grade in grades if grade is not None]
        if len(known) == len(passes) and known:
            runs = [_items(grade, part) for grade in known]
            found[task.id] = [verdict_of(item) for item in zip(*runs, strict=True)]
    return found


def share(k: int, n: int) -> Share:
    """Return a share with its Wilson interval."""
    low, high = wilson(k, n) if n else (math.nan, math.nan)
    return Share(k=k, n=n, low=low, high=high)


def _share_by_task(items: Sequence[Sequence[bool]]) -> Share:
    """Return a share of items; where a task has several, whole tasks are resampled.

    Percentile bootstrap over clusters (Davison and Hinkley, Bootstrap Methods, 3.8).
    """
    k, n = sum(map(sum, items)), sum(map(len, items))
    plain = share(k, n)
    if all(len(item) <= 1 for item in items) or not n:
        return plain
    draw = random.Random(SEED)  # noqa: S311 - repeatable
    means = []
    for _ in range(N_RESAMPLES):
        drawn = draw.choices(items, k=len(items))
        means.append(sum(map(sum, drawn)) / sum(map(len, drawn)))
    means.sort()
    low, high = means[round(0.025 * N_RESAMPLES)], means[round(0.975 * N_RESAMPLES) - 1]
    if low == high:
        # All alike, resampling knows no doubt; Wilson's interval of so many tasks does.
        few = share(round(len(items) * k / n), len(items))
        low, high = few.low, few.high
    return Share(k=k, n=n, low=low, high=high)


def _items(grade: Grade, part: Part) -> list[bool]:
    if part is Part.WHOLE:
        return [grade.outcome is Outcome.RIGHT]
    if part is Part.RECREATED:
        return [grade.items.get(RECREATED, False)]
    return [grade.items[name] for name in sorted(grade.items) if name not in {RECREATED, TASK}]


def _is_offered(answer: Answer | None) -> bool:
    return answer is not None and answer.is_offered and bool(answer.texts)


def _said(answer: Answer | None) -> tuple[tuple[str, str], ...]:
    return () if answer is None else tuple(sorted(answer.texts.items()))


def _times(answers: Sequence[Answer]) -> dict[str, float]:
    return {
        "ttft": percentile([one.ttft_ms for one in answers if one.ttft_ms is not None], 50),
        "total": percentile([one.total_ms for one in answers], 50),
        "decode": percentile(
            [one.decode_tok_s for one in answers if one.decode_tok_s is not None], 50
        ),
    }
