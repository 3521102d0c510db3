"""What a run of ``bench complete`` comes to: shares with intervals, times, bars. Pure arithmetic.

*Shown first* is what the editor got, whatever was said of it; *after verification* is the part of
it that carries the rung ``examples_pass`` or a higher one. Both are judged by hidden tests.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from ducktypist.bench.complete.attempt import Attempt
from ducktypist.bench.complete.figures import (
    added_errors,
    against_raw,
    names_of,
    paired,
    raw_figure,
    right_of,
    times,
)
from ducktypist.bench.complete.place import Circumstances
from ducktypist.bench.complete.run import Outcome, Result
from ducktypist.bench.complete.tasks import BODY
from ducktypist.bench.figures import Figure, share_of
from ducktypist.domain import Json, Rung

RAW_BODY_POINTS, RAW_LINE_POINTS, ANY_POINTS = 10.0, 5.0, 5.0
MIN_LABELLED, MIN_BUILDS = 90.0, 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteReport:
    """Everything of one run."""

    outcome: Outcome
    figures: tuple[Figure, ...]

    @property
    def circumstances(self) -> Circumstances:
        """What the figures depend on besides."""
        return self.outcome.circumstances

    def as_json(self) -> dict[str, Json]:
        """Return what is needed to judge the run and to repeat it."""
        outcome = self.outcome
        plan = outcome.plan
        unusable: dict[str, Json] = dict(outcome.unusable)
        return {
            **outcome.circumstances.as_json(),
            "limit": plan.limit,
            "only": list(plan.only),
            "minutes": plan.minutes,
            "with_candidates": plan.with_candidates,
            "complete": plan.settings(),
            "figures": [figure.as_json() for figure in self.figures],
            "unusable": unusable,
            "contradictory": list(outcome.contradictory),
            "results": [_plain(item) for item in outcome.results],
        }


def report(outcome: Outcome) -> CompleteReport:
    """Return all figures of a run."""
    measured = [item for item in outcome.results if not item.attempt.problem]
    figures: list[Figure] = []
    for kind, language in sorted({(item.attempt.kind, item.attempt.language) for item in measured}):
        mine = [
            item
            for item in measured
            if (item.attempt.kind, item.attempt.language) == (kind, language)
        ]
        of_kind = _bodies if kind == BODY else _lines
        figures += _named(f"{language} {kind}: ", of_kind(mine, outcome))
    figures += _conduct(measured, outcome)
    return CompleteReport(outcome=outcome, figures=tuple(figures))


# --------------------------------------------------------------------------- bodies


def _bodies(results: Sequence[Result], outcome: Outcome) -> list[Figure]:
    n = len(results)
    shown = [item for item in results if item.attempt.shown]
    labelled = [item for item in shown if _is_labelled(item)]
    others = [item for item in shown if not _is_labelled(item)]
    found = [raw_figure(results, "one greedy chat, nothing checked")]
    n_any = sum(item.any_is_right for item in results)
    if outcome.plan.with_candidates:
        found.append(
            share_of(
                "any candidate",
                "the greedy one, any other form's or what was shown",
                n_any,
                n,
            )
        )
    found += [
        replace(
            against_raw(results, RAW_BODY_POINTS),
            name="shown first",
            what="passes the hidden tests, of all tasks",
        ),
        *([_against_any(results)] if outcome.plan.with_candidates else []),
        paired(results),
        right_of("  of those shown", "", shown),
        right_of(
            "after verification",
            "labelled examples_pass or higher, and passes the hidden tests",
            labelled,
            floor=MIN_LABELLED,
            note=names_of(item for item in labelled if not item.shown_is_right),
        ),
        right_of("shown without that label", "", others),
        share_of("labelled", "examples_pass or higher, of all tasks", len(labelled), n),
    ]
    for rung in Rung:
        mine = [item for item in shown if item.attempt.rung == rung]
        if mine:
            found.append(right_of(f"rung {rung}", "shown with it, passes the hidden tests", mine))
    found.append(_verdicts(results))
    return [*found, *added_errors(shown), *_built(shown), *times(results)]


def _is_labelled(item: Result) -> bool:
    rung = item.attempt.rung
    return rung in set(Rung) and Rung(rung).height >= Rung.EXAMPLES_PASS.height


def _against_any(results: Sequence[Result]) -> Figure:
    n = len(results)
    right = sum(item.shown_is_right for item in results)
    n_any = sum(item.any_is_right for item in results)
    missed = [item for item in results if item.any_is_right and not item.shown_is_right]
    points = 100 * (n_any - right) / n if n else math.nan
    return Figure(
        name="left on the table",
        what="share that any candidate passes, less the share that was shown and passes",
        value=points,
        unit="points",
        n=n,
        bar=f"≤ {ANY_POINTS:g}",
        is_met=points <= ANY_POINTS if n else None,
        note=names_of(missed),
    )


def _verdicts(results: Sequence[Result]) -> Figure:
    counted = Counter(item.attempt.outcome for item in results).most_common()
    return Figure(
        name="verdicts",
        what="; ".join(f"{count} {name}" for name, count in counted),
        value=float(len(results)),
        unit="tasks",
        n=len(results),
    )


def _built(shown: Sequence[Result]) -> list[Figure]:
    judged = [item for item in shown if item.shown_grade and item.shown_grade.builds is not None]
    if not judged:
        return []
    k = sum(bool(item.shown_grade and item.shown_grade.builds) for item in judged)
    return [
        share_of(
            "compiles",
            "of those shown, by the compiler",
            k,
            len(judged),
            bar=f"≥ {MIN_BUILDS:g} %",
            is_met=100 * k >= MIN_BUILDS * len(judged),
            note=names_of(
                item for item in judged if not (item.shown_grade and item.shown_grade.builds)
            ),
        )
    ]


# --------------------------------------------------------------------------- lines


def _lines(results: Sequence[Result], outcome: Outcome) -> list[Figure]:
    del outcome
    n = len(results)
    shown = [item for item in results if item.attempt.shown]
    return [
        raw_figure(results, "infill, greedy, the whole file, to the end of the line"),
        share_of(
            "  raw, exact",
            "the very line that was taken out",
            sum(item.raw_is_exact for item in results),
            n,
        ),
        replace(
            against_raw(results, RAW_LINE_POINTS),
            name="shown",
            what="the very line, or the tests pass; of all tasks",
        ),
        share_of(
            "  shown, exact",
            "the very line that was taken out",
            sum(item.shown_is_exact for item in results),
            n,
        ),
        paired(results),
        right_of("  of those shown", "", shown),
        share_of("something shown", "of all tasks", len(shown), n),
        *added_errors(shown),
        *times(results),
    ]


# --------------------------------------------------------------------------- how it behaved


def _conduct(measured: Sequence[Result], outcome: Outcome) -> list[Figure]:
    attempts = [item.attempt for item in measured]
    unmeasured = [item.attempt for item in outcome.results if item.attempt.problem]
    return [
        _none("edits of other files", attempts, lambda item: item.outside),
        _none("workspace trees changed", attempts, lambda item: item.tree_changes),
        _none("something left after 2 s", attempts, lambda item: item.left),
        replace(
            _none("tasks not measured", unmeasured, lambda item: (item.problem,)),
            n=len(outcome.results),
            is_met=not unmeasured,
        ),
        Figure(
            name="tasks left out before",
            what="their right answer fails, or none is needed",
            value=float(len(outcome.unusable)),
            unit="",
            n=len(outcome.unusable) + len(outcome.results),
            note="; ".join(f"{task}: {why}" for task, why in outcome.unusable.items())[:600],
        ),
        Figure(
            name="tasks with a wrong example",
            what="the right answer fails one in the docstring; they were asked all the same",
            value=float(len(outcome.contradictory)),
            unit="",
            n=len(outcome.results),
            note=", ".join(outcome.contradictory)[:600],
        ),
    ]


def _none(
    name: str, attempts: Sequence[Attempt], bad: Callable[[Attempt], Sequence[str]]
) -> Figure:
    guilty = [(item.task, bad(item)) for item in attempts if bad(item)]
    return Figure(
        name=name,
        what="",
        value=float(len(guilty)),
        unit="",
        n=len(attempts),
        bar="0",
        is_met=not guilty if attempts else None,
        note="; ".join(f"{task}: {', '.join(lines)}" for task, lines in guilty)[:600],
    )


def _named(prefix: str, figures: Sequence[Figure]) -> list[Figure]:
    return [
        replace(
            item,
            name=("  " if item.name.startswith(" ") else "") + prefix + item.name.strip(),
        )
        for item in figures
    ]


def _plain(item: Result) -> dict[str, Json]:
    found: dict[str, Json] = asdict(item)
    return found
