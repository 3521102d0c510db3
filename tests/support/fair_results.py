"""Made-up result files of the fair bench, written as a run writes them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.bench.fair.answers import (
    RECREATED,
    TASK,
    Answer,
    Arm,
    Column,
    Grade,
    Outcome,
    Pass,
    predicted,
)
from ducktypist.bench.fair.results import ANSWERS, CONTROLS, GRADES, MODELS, TRACES, row_key
from ducktypist.bench.fair.tasks import TaskKind
from ducktypist.bench.journal import Journal
from ducktypist.domain import Json

FAMILIES = {
    "de-race": TaskKind.RACE,
    "explain-bash": TaskKind.EXPLAIN,
    "fix": TaskKind.FIX,
    "go-function": TaskKind.FUNCTION,
}
HOSTILE = "<script>alert(1)</script>\u202e$x^2$ {{ 7 * 7 }} & \"'"
MACHINE: dict[str, Json] = {
    "cpu": "Duck 9000",
    "n_cores": 2,
    "n_threads": 2,
    "memory_bytes": 8_000_000_000,
    "system": "Pond 1",
    "python": "3.11.7",
    "llama_cpp_python": "0.3.36",
}


def sha256_of(text: str) -> str:
    """Return a hash such as a task or a model has."""
    return hashlib.sha256(text.encode()).hexdigest()


def listed(name: str, *, kind: TaskKind | None = None, sha256: str = "") -> dict[str, Json]:
    """Return a task as a head lists it; its family stands before the slash."""
    family = name.partition("/")[0]
    return {
        "id": name,
        "family": family,
        "kind": str(kind or FAMILIES[family]),
        "language": "go",
        "sha256": sha256 or sha256_of(name),
    }


def tasks_of(n_each: int, families: Sequence[str] = tuple(FAMILIES)) -> list[dict[str, Json]]:
    """Return so many tasks of each family."""
    return [listed(f"{family}/task-{at}") for family in families for at in range(n_each)]


@dataclass(slots=True)
class ResultFile:
    """A result file being made."""

    path: Path
    tasks: Sequence[Mapping[str, Json]]
    journal: Journal

    @classmethod
    def begun(cls, path: Path, tasks: Sequence[Mapping[str, Json]], **head: Json) -> ResultFile:
        """Begin a file with a whole head, of which ``head`` replaces parts."""
        hashes = {
            f"{name}_sha256": sha256_of(name)
            for name in ("order", "questions", "system", "server_prompts")
        }
        told: dict[str, Json] = {
            "bench": "fair",
            "ducktypist": "0.1.0",
            "plan": {"families": [], "n_each": None, "n_ctx_tokens": 4096, "budget_s": 20.0},
            "tasks_sha256": sha256_of(" ".join(str(task["sha256"]) for task in tasks)),
            **hashes,
            "machine": MACHINE,
            "tasks": [dict(task) for task in tasks],
            **head,
        }
        return cls(path=path, tasks=tasks, journal=Journal.opened(path, told))

    def model(self, name: str, quantisation: str, *, n_bytes: int = 400_000_000) -> str:
        """Add a model and return its SHA-256."""
        sha256 = sha256_of(name)
        row: dict[str, Json] = {
            "name": name,
            "asked_as": name,
            "sha256": sha256,
            "quantisation": quantisation,
            "n_bytes": n_bytes,
            "details": {"system_info": "CPU : AVX2 = 1 |", "has_gpu_build": False},
            "rates": {"prefill_tok_s": 120.0, "decode_tok_s": 21.5},
        }
        self.journal.add(MODELS, sha256, "identity", row)
        return sha256

    def ran(
        self,
        model: str,
        task: str,
        runs: Sequence[bool],
        *,
        column: Column = Column.RAW,
        arm: Arm = Arm.PLAIN,
        **more: Any,
    ) -> None:
        """Add an answer and a grade for each run; ``more`` as :meth:`answered` takes it."""
        for number, is_right in enumerate(runs):
            at = Pass(column=column, arm=arm, number=number)
            self.answered(model, task, at, is_right=is_right, **more)

    def answered(
        self,
        model: str,
        task: str,
        at: Pass,
        *,
        is_right: bool,
        items: Mapping[str, bool] | None = None,
        visible: bool | None = None,
        **answer: Any,
    ) -> None:
        """Add one answer with its grade; ``answer`` replaces fields of the answer."""
        sha256 = next(str(one["sha256"]) for one in self.tasks if one["id"] == task)
        fields: dict[str, Any] = {
            "task_sha256": sha256,
            "texts": {"source": f"{task} {is_right}"},
            "ttft_ms": 900.0,
            "total_ms": 4_000.0,
            "decode_tok_s": 20.0,
            "completion_tokens": 60,
            **answer,
        }
        grade = Grade(
            outcome=Outcome.RIGHT if is_right else Outcome.WRONG,
            items={TASK: is_right} if items is None else items,
            visible=visible,
        )
        key = row_key(at, task)
        self.journal.add(ANSWERS, model, key, Answer(**fields).as_json())
        self.journal.add(GRADES, model, key, {**grade.as_json(), "task_sha256": sha256})

    def control(self, name: str, task: str, outcome: Outcome) -> None:
        """Add how an answer that no model gave was graded."""
        grade = Grade(outcome=outcome).as_json()
        self.journal.add(CONTROLS, str(self.journal.head["tasks_sha256"]), f"{name}/{task}", grade)

    def trace(self, sha256: str, text: str) -> None:
        """Add what a task's failing test said."""
        of = str(self.journal.head["tasks_sha256"])
        self.journal.add(TRACES, of, sha256, {"text": text})


def typical(
    path: Path,
    *,
    models: Mapping[str, tuple[str, int, float]] | None = None,
    n_each: int = 6,
    seed: int = 0,
    **head: Json,
) -> Path:
    """Write a whole run in which every section of a report has something to say.

    Args:
        path: The file.
        models: Quantisation, bytes and share right of each, by name; two small ducks otherwise.
        n_each: Tasks of each family.
        seed: Of what is right.
        head: Replaces parts of the head.
    """
    file = ResultFile.begun(path, tasks_of(n_each), **head)
    ducks = models or {
        "duck-0.5b-q4_k_m": ("Q4_K_M", 400_000_000, 0.3),
        "duck-0.5b-q4_k_m--requantised-q8_0": ("Q8_0", 530_000_000, 0.35),
    }
    for name, (quantisation, n_bytes, share) in ducks.items():
        sha256 = file.model(name, quantisation, n_bytes=n_bytes)
        draw = random.Random(f"{seed} {name}")  # noqa: S311 - repeatable
        for task in file.tasks:
            for column in Column:
                if column is not Column.NAME or task["kind"] == "explain":
                    _asked(file, (sha256, column), task, share, draw)
    for task in file.tasks:
        file.control("oracle", str(task["id"]), Outcome.RIGHT)
        file.control("echo", str(task["id"]), Outcome.WRONG)
    file.control("hang", str(file.tasks[0]["id"]), Outcome.TIMEOUT)
    return path


def _asked(
    file: ResultFile,
    side: tuple[str, Column],
    task: Mapping[str, Json],
    share: float,
    draw: random.Random,
) -> None:
    model, column = side
    chance = {Column.RAW: share, Column.PRODUCT: share + 0.3, Column.NAME: share / 2}[column]
    plain = 1 if column is Column.NAME else 3
    arms = [(Arm.PLAIN, plain)] + ([(Arm.WORDING, 3)] if column is Column.RAW else [])
    for arm, n_runs in arms:
        for number in range(n_runs):
            names = [*(predicted(one) for one in range(1, 6)), RECREATED]
            items = {name: draw.random() < chance for name in names}
            is_right = draw.random() < chance
            at = Pass(column=column, arm=arm, number=number)
            if task["kind"] == "explain":
                file.answered(model, str(task["id"]), at, is_right=all(items.values()), items=items)
            else:
                seen = is_right or draw.random() < 0.3
                file.answered(model, str(task["id"]), at, is_right=is_right, visible=seen)
