"""The report's charts: values in, SVG elements out.

Each is small, has few kinds of ink and says in words what it shows; the page puts the same numbers
beside it as a table. No number is computed here beyond where to draw it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ducktypist.ledger.tell.score import Bin, Selected
from ducktypist.report.axes import (
    ends_inward,
    percent_ticks,
    row_words,
    stacked,
    unit_square,
)
from ducktypist.report.plot import Ink, plot
from ducktypist.report.svg import themed
from ducktypist.report.words import cut, duration, percent, percents, several

MAX_ROWS = 12
"""Of a chart; the table beside it has all."""
N_WEEKS = 53
_ROW = 36.0
_LEVELS = (Ink.LEVEL_0, Ink.LEVEL_1, Ink.LEVEL_2, Ink.LEVEL_3, Ink.LEVEL_4)
_DASHES = (0, (2, 3))
_TICKS_MS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow:
    """One line of the chart of right ones."""

    label: str
    share: float
    low: float
    high: float
    n: int
    too_few: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """One line of the chart of times; NaN where nobody measured."""

    label: str
    verdict: str
    ttft_p50_ms: float
    ttft_p95_ms: float
    total_p50_ms: float
    total_p95_ms: float


def shares(rows: Sequence[ShareRow]) -> str:
    """Draw each share with its interval; those that rest on too few are faint."""
    shown = rows[:MAX_ROWS]
    with plot(height=26 + _ROW * len(shown), left=1, right=1, top=2, bottom=22) as drawn:
        axes = drawn.axes
        axes.set_xlim(0, 1)
        stacked(drawn, len(shown))
        percent_ticks(drawn, "x")
        for place, row in enumerate(shown):
            y = -place
            ink = Ink.FAINT if row.too_few else Ink.FIRST
            axes.plot((row.low, row.high), (y, y), color=ink, linewidth=2.5, clip_on=False)
            axes.plot(
                (row.share,),
                (y,),
                marker="o",
                markersize=7,
                color=Ink.PAPER if row.too_few else ink,
                markeredgecolor=ink,
                markeredgewidth=1.5,
                clip_on=False,
            )
            row_words(drawn, y, row.label, f"{percent(row.share)} of {row.n}")
    spoken = "; ".join(
        f"{cut(row.label)}: {percent(row.share)} of {row.n}, "
        f"interval {percents(row.low, row.high)} %{', too few' if row.too_few else ''}"
        for row in shown
    )
    return themed(
        drawn.text,
        name="right",
        title="Share of verified suggestions that were right, with 95 % intervals",
        description=spoken,
        labels=drawn.labels,
    )


def times(rows: Sequence[TimeRow]) -> str:
    """Draw the times from the median to the 95th percentile on a logarithmic scale."""
    shown = rows[:MAX_ROWS]
    seen = [
        value
        for row in shown
        for value in (row.ttft_p50_ms, row.ttft_p95_ms, row.total_p50_ms, row.total_p95_ms)
        if value > 0
    ]
    first, last = min(seen, default=100.0), max(seen, default=1_000.0)
    low = 10 ** math.floor(math.log10(first))
    high = max(10 * low, 10 ** math.ceil(math.log10(last)))
    with plot(height=26 + (_ROW + 10) * len(shown), left=1, right=1, top=2, bottom=22) as drawn:
        axes = drawn.axes
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        stacked(drawn, len(shown))
        ticks = [tick for tick in _TICKS_MS if low <= tick <= high]
        axes.set_xticks(ticks, [_tick_words(tick) for tick in ticks])
        axes.set_xticks((), minor=True)
        ends_inward(drawn)
        axes.grid(visible=True, axis="x", color=Ink.GRID, linewidth=1)
        for place, row in enumerate(shown):
            y = -place
            for offset, ink, marker, p50, p95 in (
                (0.02, Ink.FIRST, "o", row.ttft_p50_ms, row.ttft_p95_ms),
                (-0.16, Ink.SECOND, "s", row.total_p50_ms, row.total_p95_ms),
            ):
                if p50 > 0 and p95 > 0:
                    axes.plot(
                        (p50, p95), (y + offset,) * 2, color=ink, linewidth=2.5, clip_on=False
                    )
                    axes.plot(
                        (p50,), (y + offset,), marker=marker, markersize=6, color=ink, clip_on=False
                    )
            row_words(drawn, y, row.label, row.verdict)
    spoken = "; ".join(
        f"{cut(row.label)}: first token {duration(row.ttft_p50_ms)} to "
        f"{duration(row.ttft_p95_ms)}, total {duration(row.total_p50_ms)} to "
        f"{duration(row.total_p95_ms)}, {row.verdict}"
        for row in shown
    )
    return themed(
        drawn.text,
        name="times",
        title="Time to the first token and to the last, median to 95th percentile",
        description=spoken,
        labels=drawn.labels,
    )


def calendar(n_by_day: Mapping[dt.date, int]) -> str:
    """Draw one square a day for the year that ends with the last day given."""
    last = max(n_by_day)
    monday = last - dt.timedelta(days=last.weekday(), weeks=N_WEEKS - 1)
    shown = {day: n for day, n in n_by_day.items() if day >= monday}
    most = max(shown.values())
    with plot(height=92, left=30, right=4, top=16, bottom=16) as drawn:
        axes = drawn.axes
        axes.set_xlim(0, N_WEEKS)
        axes.set_ylim(-7, 0)
        axes.set_xticks(())
        axes.set_yticks((-0.5, -2.5, -4.5), ("Mon", "Wed", "Fri"))
        for number in range((last - monday).days + 1):
            day = monday + dt.timedelta(days=number)
            week, weekday = divmod(number, 7)
            ink = _LEVELS[math.ceil(4 * shown.get(day, 0) / most)] if most else _LEVELS[0]
            axes.fill(
                (week + 0.08, week + 0.92, week + 0.92, week + 0.08),
                (-weekday - 0.08, -weekday - 0.08, -weekday - 0.92, -weekday - 0.92),
                facecolor=ink,
                linewidth=0,
            )
            # Every other month: on a telephone the words stand close.
            if day.day == 1 and day.month % 2 and week < N_WEEKS - 2:
                axes.text(week, 0.6, f"{day:%b}", color=Ink.MUTED)
    n_days = sum(1 for n in shown.values() if n)
    return themed(
        drawn.text,
        name="calendar",
        title="Suggestions a day",
        description=(
            f"{several(sum(shown.values()), 'suggestion')} on {several(n_days, 'day')} within "
            f"{N_WEEKS} weeks up to {last.isoformat()}, at most {most} on one day"
        ),
    )


def reliability(series: Mapping[str, Sequence[Bin]]) -> str:
    """Draw what was foretold against what came of it; two series at most."""
    with plot(height=350, left=40, right=6, top=30, bottom=42) as drawn:
        axes = drawn.axes
        unit_square(drawn, "foretold", "turned out right")
        axes.plot((0, 1), (0, 1), color=Ink.MUTED, linewidth=1, linestyle=_DASHES)
        for (ink, marker), points in zip(_STYLES, series.values(), strict=False):
            for point in points:
                axes.plot((point.mean_p,) * 2, (point.low, point.high), color=ink, linewidth=1.5)
            axes.plot(
                [point.mean_p for point in points],
                [point.share_right for point in points],
                color=ink,
                linewidth=1,
                marker=marker,
                markersize=6,
                clip_on=False,
            )
    spoken = ". ".join(
        f"{name}: "
        + "; ".join(
            f"foretold {percent(point.mean_p)}, right {percent(point.share_right)} of {point.n}"
            for point in points
        )
        for name, points in series.items()
    )
    return themed(
        drawn.text,
        name="reliability",
        title="Reliability: how often suggestions foretold at a level turned out right",
        description=spoken,
    )


def risks(series: Mapping[str, Sequence[Selected]]) -> str:
    """Draw the share of wrong ones among the surest suggestions; two series at most."""
    highest = max(point.risk for points in series.values() for point in points)
    top = min(1.0, math.ceil(10 * highest + 0.5) / 10)
    with plot(height=260, left=40, right=6, top=30, bottom=42) as drawn:
        axes = drawn.axes
        unit_square(drawn, "kept, the surest first", "not right")
        axes.set_ylim(0, top)
        step = 0.2 if top > 0.5 else 0.1  # noqa: PLR2004 - half of the scale
        ticks = [step * place for place in range(math.floor(top / step + 1e-9) + 1)]
        axes.set_yticks(ticks, [percent(tick) for tick in ticks])
        for (ink, _), points in zip(_STYLES, series.values(), strict=False):
            axes.axhline(points[-1].risk, color=ink, linewidth=1, linestyle=_DASHES)
            axes.plot(
                [point.coverage for point in points],
                [point.risk for point in points],
                color=ink,
                linewidth=2,
            )
    spoken = ". ".join(
        f"{name}: "
        + "; ".join(
            f"of the surest {percent(point.coverage)}, {percent(point.risk)} not right"
            for point in points[:: max(1, len(points) // 10)]
        )
        + f"; of all, {percent(points[-1].risk)}"
        for name, points in series.items()
    )
    return themed(
        drawn.text,
        name="risk",
        title="Risk and coverage: how many are wrong when only the surest are kept",
        description=spoken,
    )


_STYLES = ((Ink.FIRST, "o"), (Ink.SECOND, "s"))


def _tick_words(value_ms: int) -> str:
    return f"{value_ms} ms" if value_ms < 1_000 else f"{value_ms // 1_000} s"  # noqa: PLR2004 - ms in a second
