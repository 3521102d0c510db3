"""Options of commands: is what is said of them right? The server's hover beside the bare model.

The hover is graded twice: its prose as it is shown, where what is marked as unconfirmed is counted
apart, and all of it with the list of facts.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ducktypist.bench.explain.option_grading import Graded, OptionGrade, graded
from ducktypist.bench.explain.option_tasks import OptionUse, read_option_tasks
from ducktypist.bench.explain.session import Session
from ducktypist.bench.figures import Figure, share_of
from ducktypist.domain import Json
from ducktypist.ledger.stats import mcnemar_exact

PART = "options"
FILES = ("options.jsonl", "options_held.jsonl")
"""The uses that were at hand while this was made, and those that were put aside; a folder of one's
own need not hold the second."""
MAX_WRONG_PERCENT = 2.0
MAX_NAMED = 12
SIDES = {
    "prose": "the hover's prose",
    "hover": "the whole hover, facts included",
    "raw": "the bare model",
}


async def measure(session: Session) -> None:
    """Grade every option use that was not graded yet.

    Raises:
        DucktypistError: There are no tasks.
    """
    uses, sha256 = await asyncio.to_thread(_uses, session.plan.folder)
    answers: dict[str, str] = {}

    async def one(use: OptionUse) -> Mapping[str, Json]:
        return await _measured(use, session, answers)

    await session.each(PART, sha256, session.drawn(uses), one)


def _uses(folder: Path) -> tuple[tuple[OptionUse, ...], str]:
    places = [folder / name for name in FILES]
    found = [
        read_option_tasks(place) for place in places[:1] + [p for p in places[1:] if p.exists()]
    ]
    both = "".join(tasks.sha256 for tasks in found)
    sha256 = both if len(found) == 1 else hashlib.sha256(both.encode()).hexdigest()
    return tuple(use for tasks in found for use in tasks.uses), sha256


async def _measured(
    use: OptionUse, session: Session, answers: dict[str, str]
) -> Mapping[str, Json]:
    uri = await session.desk.open(f"{use.line}\n", "shellscript")
    try:
        seen = await session.desk.read(uri, use.offset)
    finally:
        session.desk.shut(uri)
    if use.line not in answers:
        # Several uses stand in one line, and the same question has the same answer.
        answers[use.line] = await session.questions.ask(
            "line", workbench=session.workbench, code=use.line
        )
    said = answers[use.line]
    shown = seen.shown
    grades = {
        "prose": graded(shown.prose, use),
        "hover": graded(shown.prose, use, facts=shown.facts),
        "raw": graded(said, use),
    }
    return {
        "line": use.line,
        "command": use.command,
        "option": use.option,
        "markdown": seen.markdown,
        "raw_text": said,
        "first_ms": seen.first_ms,
        "whole_ms": seen.whole_ms,
        "grades": {side: _plain(grade) for side, grade in grades.items()},
        "told": ", ".join(f"{side} {grade.grade}" for side, grade in grades.items()),
    }


def figures(rows: Mapping[str, Mapping[str, Json]]) -> list[Figure]:
    """Return how often each side is wrong, and both sides side by side."""
    found: list[Figure] = []
    for side, what in SIDES.items():
        grades = {key: grade_of(row, side) for key, row in rows.items()}
        counts = Counter(grade for grade, _ in grades.values())
        wrong = [key for key, (grade, _) in grades.items() if grade is OptionGrade.WRONG]
        false = [key for key in wrong if grades[key][1].startswith("says ")]
        is_ours = side != "raw"
        found += [
            share_of(
                f"options, {side}: wrong",
                f"{what} claims something that is not right",
                len(wrong),
                len(rows),
                bar=f"≤ {MAX_WRONG_PERCENT:g} %" if is_ours else "",
                is_met=100 * len(wrong) <= MAX_WRONG_PERCENT * len(rows),
                note=_names(wrong),
            ),
            share_of("  of that a false word", "the others leave it out", len(false), len(rows)),
        ]
        found += [
            share_of(f"  {grade}", _MEANING[grade], counts[grade], len(rows))
            for grade in (OptionGrade.RIGHT, OptionGrade.MARKED, OptionGrade.SILENT)
        ]
    return [*found, *(_paired(rows, side) for side in ("prose", "hover"))]


def table(rows: Mapping[str, Mapping[str, Json]], side: str) -> dict[str, Json]:
    """Return how many uses have each pair of grades: ours, then the bare model's."""
    counts = Counter(f"{grade_of(row, side)[0]}/{grade_of(row, 'raw')[0]}" for row in rows.values())
    return dict(sorted(counts.items()))


def grade_of(row: Mapping[str, Json], side: str) -> tuple[OptionGrade, str]:
    """Return a side's grade in a row, and why."""
    grades = row["grades"]
    found = grades[side] if isinstance(grades, Mapping) else None
    if not isinstance(found, Mapping):
        raise TypeError(f"a row without the grade of {side}")
    return OptionGrade(str(found["grade"])), str(found["why"])


_MEANING = {
    OptionGrade.RIGHT: "says all that has to be said",
    OptionGrade.MARKED: "marked as unconfirmed",
    OptionGrade.SILENT: "nothing definite is said of the option",
}


def _paired(rows: Mapping[str, Mapping[str, Json]], side: str) -> Figure:
    """Compare how often only one of both sides is wrong, use by use."""
    pairs = [
        (grade_of(row, side)[0] is OptionGrade.WRONG, grade_of(row, "raw")[0] is OptionGrade.WRONG)
        for row in rows.values()
    ]
    ours, raw = pairs.count((True, False)), pairs.count((False, True))
    told = ", ".join(f"{pair}: {n}" for pair, n in table(rows, side).items())
    return Figure(
        name=f"options: {side} against raw",
        what=f"only ours wrong: {ours}; only raw: {raw}",
        value=mcnemar_exact(raw, ours),
        unit="p (McNemar, exact)",
        n=len(rows),
        note=f"ours/raw {told}" if told else "",
    )


def _plain(grade: Graded) -> dict[str, Json]:
    said: Sequence[Json] = list(grade.said)
    return {"grade": grade.grade.value, "why": grade.why, "said": list(said)}


def _names(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - MAX_NAMED} more" if len(keys) > MAX_NAMED else ""
    return ", ".join(keys[:MAX_NAMED]) + more
