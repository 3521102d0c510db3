"""What the attempts of ``bench fix`` come to: shares with intervals, times, bars. Pure arithmetic.

The words of the field: a *plausible* patch passes the tests that could be seen; an *overfitting*
one among those fails a hidden test (Smith et al., Is the cure worse than the disease?, FSE 2015).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ducktypist.bench.figures import Figure, none_of, share_of
from ducktypist.bench.fix.attempt import Attempt
from ducktypist.bench.fix.cancel import Stopped
from ducktypist.bench.fix.run import ONE_SHOT, SEARCH, Outcome
from ducktypist.bench.measure import quantile
from ducktypist.domain import Json
from ducktypist.ledger.stats import mcnemar_exact

FIRST_SUSPECTS = 3
MIN_PLAUSIBLE, ENOUGH_PLAUSIBLE, MIN_TIMES = 0.75, 0.85, 10.0
MAX_OVERFITTING = 0.03
P50_S, P95_S = 6.0, 45.0
MANY_VISIBLE = 3
NO_SOURCE = "(not said)"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixReport:
    """Everything of one run."""

    outcome: Outcome
    figures: tuple[Figure, ...] = field(default=())

    def as_json(self) -> dict[str, Json]:
        """Return what is needed to judge the run and to repeat it."""
        outcome = self.outcome
        plan = outcome.plan
        return {
            "machine": outcome.machine,
            "model": outcome.model,
            "load_before": list(outcome.before.averages),
            "load_after": None if outcome.after is None else list(outcome.after.averages),
            "tasks_sha256": outcome.tasks_sha256,
            "tasks_digest": outcome.tasks_digest,
            "seed": plan.seed,
            "limit": plan.limit,
            "only": list(plan.only),
            "arms": {arm: plan.settings(arm) for arm in plan.arms},
            "n_cancels": plan.n_cancels,
            "n_kills": plan.n_kills,
            "figures": [figure.as_json() for figure in self.figures],
            "attempts": [_plain(item) for item in outcome.attempts],
            "stopped": [_plain(item) for item in outcome.stopped],
        }


def report(outcome: Outcome) -> FixReport:
    """Return all figures of a run."""
    by_arm = {
        arm: [item for item in outcome.attempts if item.arm == arm and not item.problem]
        for arm in outcome.plan.arms
    }
    figures: list[Figure] = []
    for arm, attempts in by_arm.items():
        figures += _of_arm(arm, attempts)
    if SEARCH in by_arm:
        searched = by_arm[SEARCH]
        if ONE_SHOT in by_arm:
            figures += _against(searched, by_arm[ONE_SHOT])
        figures += _plausible_bar(searched, by_arm.get(ONE_SHOT))
        figures += _times(searched)
        figures += _overfitting(searched)
        figures += _by(searched, "source", _source, shown_only=True)
        figures += _by(searched, "visible tests", _thickness, shown_only=True)
        figures += _by(searched, "language", lambda item: item.language)
        figures += _by(searched, "operator", lambda item: item.operator or NO_SOURCE)
        figures += _by(searched, "group", lambda item: item.group or NO_SOURCE)
        figures += _searched(searched)
    figures += _conduct(outcome.attempts, outcome.stopped)
    return FixReport(outcome=outcome, figures=tuple(figures))


# --------------------------------------------------------------------------- what was found


def _of_arm(arm: str, attempts: Sequence[Attempt]) -> list[Figure]:
    n = len(attempts)
    shown = sum(item.is_shown for item in attempts)
    right = sum(item.is_right for item in attempts)
    verdicts = Counter(item.outcome for item in attempts).most_common()
    return [
        share_of(f"{arm}: plausible", "an edit was shown", shown, n),
        share_of(
            f"{arm}: right",
            "the edit passes the hidden tests too",
            right,
            n,
            note=f"loss from visible to hidden: {shown - right} of {shown} shown",
        ),
        Figure(
            name=f"{arm}: verdicts",
            what="; ".join(f"{count} {name}" for name, count in verdicts),
            value=float(n),
            unit="tasks",
            n=n,
        ),
    ]


def _against(searched: Sequence[Attempt], baseline: Sequence[Attempt]) -> list[Figure]:
    """Compare the arms on the tasks that both have."""
    others = {item.task: item for item in baseline}
    pairs = [(item, others[item.task]) for item in searched if item.task in others]
    gained = sum(one.is_right and not other.is_right for one, other in pairs)
    lost = sum(other.is_right and not one.is_right for one, other in pairs)
    return [
        Figure(
            name="search against one-shot",
            what=f"right only after the search: {gained}; only in one shot: {lost}",
            value=mcnemar_exact(gained, lost),
            unit="p (McNemar, exact)",
            n=len(pairs),
        )
    ]


def _plausible_bar(searched: Sequence[Attempt], baseline: Sequence[Attempt] | None) -> list[Figure]:
    n = len(searched)
    k = sum(item.is_shown for item in searched)
    share = k / n if n else math.nan
    enough = share >= ENOUGH_PLAUSIBLE
    note = ""
    if baseline:
        shown = sum(item.is_shown for item in baseline)
        times = share / (shown / len(baseline)) if shown else math.inf
        enough = enough or times >= MIN_TIMES
        told = f"{times:.1f} times" if shown else "and none by"
        note = f"{told} the one-shot rewrite ({shown} of {len(baseline)})"
    return [
        share_of(
            "plausible patch found",
            "after the search",
            k,
            n,
            bar="≥ 10 x one-shot or ≥ 85 %, never < 75 %",
            is_met=(enough and share >= MIN_PLAUSIBLE) if n else None,
            note=note,
        )
    ]


def _times(searched: Sequence[Attempt]) -> list[Figure]:
    firsts = [item.first_plausible_ms for item in searched if item.first_plausible_ms is not None]
    counts = [
        float(count)
        for item in searched
        if isinstance(count := item.search.get("n_before_first"), int)
    ]
    whole = [item.resolve_ms / 1000 for item in searched]
    first_s = [item / 1000 for item in firsts]
    found = []
    for share, bar in ((0.5, P50_S), (0.95, P95_S)):
        value = quantile(first_s, share) if first_s else math.nan
        found.append(
            Figure(
                name=f"first plausible, p{share * 100:.0f}",
                what="from asking for the edit",
                value=value,
                unit="s",
                n=len(first_s),
                bar=f"≤ {bar:g}",
                is_met=value <= bar if first_s else None,
            )
        )
    for name, values, unit in (
        ("candidates to first plausible", counts, "candidates"),
        ("whole search", whole, "s"),
    ):
        for share in (0.5, 0.95):
            value = quantile(values, share) if values else math.nan
            found.append(
                Figure(
                    name=f"{name}, p{share * 100:.0f}",
                    what="",
                    value=value,
                    unit=unit,
                    n=len(values),
                )
            )
    return found


def _overfitting(searched: Sequence[Attempt]) -> list[Figure]:
    shown = [item for item in searched if item.is_shown]
    sure = [item for item in shown if not item.doubt]
    doubted = [item for item in shown if item.doubt]
    wrong = sum(not item.is_right for item in shown)
    return [
        share_of(
            "shown, but hidden tests fail",
            "overfitting, of all shown",
            wrong,
            len(shown),
            bar="≤ 3 %",
            is_met=wrong <= MAX_OVERFITTING * len(shown) if shown else None,
            note=", ".join(item.task for item in shown if not item.is_right)[:400],
        ),
        share_of(
            "  of those without a stated doubt",
            "",
            sum(not item.is_right for item in sure),
            len(sure),
        ),
        share_of(
            "  of those with a stated doubt",
            "",
            sum(not item.is_right for item in doubted),
            len(doubted),
        ),
        share_of(
            "shown, but what was said does not hold",
            "the test still fails, or one that passed before; run again by the bench itself",
            sum(not item.grade.claimed for item in shown if item.grade),
            len(shown),
            bar="0",
            is_met=all(item.grade.claimed for item in shown if item.grade),
        ),
        share_of(
            "shown, but other visible tests stay red",
            "counted as overfitting above",
            sum(item.grade.claimed and not item.grade.visible for item in shown if item.grade),
            len(shown),
        ),
    ]


def _by(
    searched: Sequence[Attempt],
    name: str,
    key: Callable[[Attempt], str],
    *,
    shown_only: bool = False,
) -> list[Figure]:
    """Return plausible and right by one property."""
    groups: dict[str, list[Attempt]] = {}
    for item in searched:
        if item.is_shown or not shown_only:
            groups.setdefault(key(item), []).append(item)
    found = []
    for value, items in sorted(groups.items()):
        shown, right = (sum(one.is_shown for one in items), sum(one.is_right for one in items))
        if shown_only:
            what = "of those shown, the hidden tests pass"
            found.append(share_of(f"{name} {value}", what, right, len(items)))
        else:
            found.append(
                share_of(f"{name} {value}", "plausible", shown, len(items), note=f"{right} right")
            )
    return found


def _searched(searched: Sequence[Attempt]) -> list[Figure]:
    """Return where candidates came from, and how well the function was localised."""
    sources: Counter[str] = Counter()
    for item in searched:
        told = item.search.get("sources")
        if isinstance(told, Mapping):
            sources.update({str(name): int(str(count)) for name, count in told.items()})
    n_candidates = sources.total()
    found = [
        share_of(f"candidates from {name}", "of all candidates", count, n_candidates)
        for name, count in sources.most_common()
    ]
    known = [item for item in searched if item.search.get("suspects")]
    first = sum(item.rank is not None and item.rank <= FIRST_SUSPECTS for item in known)
    if known:
        found.append(
            share_of(
                f"function among the first {FIRST_SUSPECTS} localised",
                "where the server says which it searched",
                first,
                len(known),
            )
        )
    return found


# --------------------------------------------------------------------------- how it behaved


def _conduct(attempts: Sequence[Attempt], stopped: Sequence[Stopped]) -> list[Figure]:
    measured = [item for item in attempts if not item.problem]
    found = [
        none_of("edits outside the code", "a test, a setting or another file", measured, _outside),
        none_of("workspace trees changed", "over all searches", attempts, _changed),
        none_of("something left after 2 s", "process, mount or folder", attempts, _left),
        none_of("tasks not measured", "", attempts, lambda item: (item.problem,)),
    ]
    for how in sorted({item.how for item in stopped}):
        mine = [item for item in stopped if item.how == how]
        running = [item for item in mine if item.was_running]
        gone = [item.gone_ms / 1000 for item in running]
        found += [
            none_of(f"{how}: trees changed", "", mine, _changed),
            none_of(f"{how}: something left after 2 s", "", mine, _left),
            none_of(f"{how}: not measured", "", mine, lambda item: (item.problem,)),
            Figure(
                name=f"{how}: nothing left after, p95",
                what=f"{len(running)} of {len(mine)} were searching when they were stopped",
                value=quantile(gone, 0.95) if gone else math.nan,
                unit="s",
                n=len(gone),
            ),
        ]
    return found


def _outside(item: Attempt) -> tuple[str, ...]:
    return item.outside


def _changed(item: Attempt | Stopped) -> tuple[str, ...]:
    return item.tree_changes


def _left(item: Attempt | Stopped) -> tuple[str, ...]:
    return item.left


def _thickness(item: Attempt) -> str:
    """Return how many tests could be seen, in words that sort."""
    if not item.n_visible:
        return NO_SOURCE
    return str(item.n_visible) if item.n_visible < MANY_VISIBLE else f"{MANY_VISIBLE} or more"


def _source(item: Attempt) -> str:
    return str(item.search.get("source") or NO_SOURCE)


def _plain(item: Attempt | Stopped) -> dict[str, Json]:
    found: dict[str, Json] = asdict(item)
    return found
