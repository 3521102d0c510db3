"""What a run of ``bench explain`` comes to: figures of all parts, and all that they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ducktypist.bench.complete.place import Circumstances
from ducktypist.bench.explain.parts import (
    identifiers,
    injections,
    options,
    predict,
    recreate,
    speed,
)
from ducktypist.bench.explain.session import Session
from ducktypist.bench.figures import Figure
from ducktypist.domain import Json

MAX_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainReport:
    """Everything of one run, rows of earlier runs of the same file included."""

    figures: tuple[Figure, ...]
    circumstances: Circumstances
    repeatable: Mapping[str, Json]
    """All that the figures depend on."""
    rows: Mapping[str, Mapping[str, Mapping[str, Json]]]
    """By part and task."""
    problems: Mapping[str, Mapping[str, str]]
    """Why tasks could not be measured, by part and task."""
    unmeasured: Mapping[str, str]
    """Why whole parts could not be."""
    n_left: int
    """Tasks that were not begun because the time was over."""

    def as_json(self) -> dict[str, Json]:
        """Return what is needed to judge the run and to repeat it."""
        problems: dict[str, Json] = {part: dict(told) for part, told in self.problems.items()}
        rows: dict[str, Json] = {
            part: {key: dict(row) for key, row in mine.items()} for part, mine in self.rows.items()
        }
        return {
            **self.repeatable,
            "figures": [figure.as_json() for figure in self.figures],
            "problems": problems,
            "unmeasured": dict(self.unmeasured),
            "n_left": self.n_left,
            "rows": rows,
        }


def report(session: Session) -> ExplainReport:
    """Return the figures of the parts that were run."""
    seed = session.plan.seed
    rows = {part: session.rows(part) for part in session.task_hashes}
    problems = {part: found for part in rows if (found := session.problems(part))}
    figures: list[Figure] = []
    for part, mine in rows.items():
        match part:
            case options.PART:
                figures += options.figures(mine)
            case identifiers.PART:
                figures += identifiers.figures(mine)
            case recreate.PART:
                figures += recreate.figures(mine, seed=seed)
            case recreate.OF_PYTHON:
                figures += recreate.figures(mine, seed=seed, name="recreate Python")
            case predict.PART:
                figures += predict.figures(mine, seed=seed)
            case speed.PART:
                figures += speed.figures(mine)
            case injections.PART:
                figures += injections.figures(mine)
            case _:
                raise ValueError(part)
        if part in problems:
            figures.append(_unmeasured(part, problems[part], n=len(mine)))
    return ExplainReport(
        figures=tuple(figures),
        circumstances=session.circumstances,
        repeatable=session.repeatable(),
        rows=rows,
        problems=problems,
        unmeasured=dict(session.unmeasured),
        n_left=session.n_left,
    )


def _unmeasured(part: str, problems: Mapping[str, str], *, n: int) -> Figure:
    told = "; ".join(f"{key}: {why}" for key, why in list(problems.items())[:MAX_NAMED])
    return Figure(
        name=f"  {part}: not measured",
        what="tasks that say nothing, and are in no figure",
        value=float(len(problems)),
        unit="",
        n=n + len(problems),
        note=told[:800],
    )
