"""The charts of the fair bench's report: values in, SVG elements out; nothing is counted here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Final

from ducktypist.report.axes import MAX_LABEL_CHARS, percent_ticks, row_words, stacked
from ducktypist.report.fair.values import Curve, Family, Figure, Panel, Portion
from ducktypist.report.plot import Ink, Plot, plot
from ducktypist.report.svg import themed
from ducktypist.report.words import cut, percent, percents

MAX_ROWS = 24
"""Of a chart; the table beside it has all."""
_ROW = 52.0
_PANEL = 92.0
_KEY = 24.0
_BYTES_PER_MB = 1_000_000
_STYLES: Final = {
    "raw": (Ink.FIRST, "o", 0.0),
    "product": (Ink.SECOND, "s", -0.22),
    "name": (Ink.MUTED, "D", -0.44),
}
"""Ink, marker and place below the words of each column."""
_MEANINGS: Final = {"raw": "model itself", "product": "under Ducktypist", "name": "purpose only"}


def family_chart(family: Family, *, name: str, has_key: bool = False) -> str:
    """Draw right % with its interval, the columns of a model below each other; lucky apart.

    Args:
        family: What to draw.
        name: Of the chart, unique in the page.
        has_key: Say in the chart what each ink means, where no page around it does.
    """
    rows = rows_of(family)[:MAX_ROWS]
    bottom = 22.0 + _KEY * has_key
    height = 4 + bottom + _ROW * len(rows)
    with plot(height=height, left=3, right=3, top=2, bottom=bottom) as drawn:
        drawn.axes.set_xlim(0, 1)
        stacked(drawn, len(rows))
        percent_ticks(drawn, "x")
        for place, figures in enumerate(rows):
            for figure in figures:
                ink, marker, below = _STYLES[figure.column]
                _interval(drawn, figure, -place + below, ink, marker)
            said = " · ".join(percent(figure.right.share) for figure in figures)
            row_words(drawn, -place, _label(figures[0]), said)
        if has_key:
            columns = {figure.column for figures in rows for figure in figures}
            _key(drawn, columns, below=(bottom - 8) / (height - bottom - 2), more="| with luck")
    return themed(
        drawn.text,
        name=name,
        title=f"{cut(family.name)}: share right three times of three, with 95 % intervals",
        description="; ".join(spoken(figure) for figures in rows for figure in figures),
        labels=drawn.labels,
    )


def quantisation_chart(curve: Curve, *, name: str, has_key: bool = False) -> str:
    """Draw right % over the file's size, a panel for each part of a family.

    Args:
        curve: What to draw.
        name: Of the chart, unique in the page.
        has_key: As for :func:`family_chart`.
    """
    panels = curve.panels[:MAX_ROWS]
    points = [point for panel in panels for point in panel.points]
    sizes = sorted({point.n_bytes for point in points})
    room = 0.09 * (sizes[-1] - sizes[0] or sizes[0] or 1)
    bottom = (46.0 if _is_wide(sizes) else 110.0) + _KEY * has_key
    height = 8 + bottom + _PANEL * len(panels)
    with plot(height=height, left=44, right=30, top=8, bottom=bottom) as drawn:
        axes = drawn.axes
        axes.set_xlim(sizes[0] - room, sizes[-1] + room)
        axes.set_ylim(-1.5 * (len(panels) - 1) - 0.12, 1.35)
        ticks = [(-1.5 * place + at, at) for place in range(len(panels)) for at in (0, 0.5, 1)]
        axes.set_yticks([y for y, _ in ticks], [percent(at) for _, at in ticks])
        axes.grid(visible=True, axis="y", color=Ink.GRID, linewidth=1)
        axes.set_axisbelow(True)
        names = {point.n_bytes: point.label for point in points}
        axes.set_xticks(
            sizes,
            [drawn.word(f"{_quantisation(names[size])} {megabytes(size)}") for size in sizes],
            rotation=0 if _is_wide(sizes) else 90,
        )
        again = [_quantisation(names[size]) for size in sizes if " " in names[size]]
        more = f"; requantised: {', '.join(again)}" if again else ""
        axes.set_xlabel(drawn.word(f"size of the file{more}"), color=Ink.MUTED)
        for place, panel in enumerate(panels):
            _panel(drawn, panel, -1.5 * place, shift=0.012 * (sizes[-1] - sizes[0] or 1))
        if has_key:
            columns = {point.column for point in points}
            _key(drawn, columns, below=(bottom - 8) / (height - bottom - 8))
    return themed(
        drawn.text,
        name=name,
        title=f"{cut(curve.model)}: share right over the size of the file, with 95 % intervals",
        description="; ".join(
            f"{cut(panel.family)} {panel.part}, {point.label} of {megabytes(point.n_bytes)}, "
            f"{point.column}: {percent(point.right.share)} of {point.right.n}, "
            f"interval {percents(point.right.low, point.right.high)} %"
            for panel in panels
            for point in panel.points
        ),
        labels=drawn.labels,
    )


def rows_of(family: Family) -> list[list[Figure]]:
    """Return the figures of a family in rows of one model and part, columns beside each other."""
    rows: dict[tuple[str, str], list[Figure]] = {}
    for figure in family.figures:
        rows.setdefault((figure.model, figure.part), []).append(figure)
    return list(rows.values())


def spoken(figure: Figure) -> str:
    """Return one line of a chart in words."""
    right = figure.right
    return (
        f"{cut(figure.model)}, {figure.column}"
        f"{'' if figure.part == 'whole' else ', ' + figure.part}: {percent(right.share)} of "
        f"{right.n}, interval {percents(right.low, right.high)} %"
        f"{', too few' if right.too_few else ''}, lucky {figure.n_lucky}, {figure.speed}"
    )


def megabytes(n_bytes: int) -> str:
    """Return a file's size."""
    return f"{n_bytes / _BYTES_PER_MB:,.0f} MB"


def _quantisation(label: str) -> str:
    """Return a quantisation's own name, without how the file was made."""
    return cut(label.partition(" ")[0], 12)


def _label(figure: Figure) -> str:
    """Return what a line is about; a long name loses its middle, never its quantisation."""
    base, _, rest = figure.model.partition(" · ")
    more = f" · {cut(rest, MAX_LABEL_CHARS // 2)}" if rest else ""
    if figure.part != "whole":
        more += f" · {figure.part}"
    return cut(base, max(12, MAX_LABEL_CHARS - len(more))) + more


def _key(drawn: Plot, columns: set[str], *, below: float, more: str = "") -> None:
    """Say what each ink means, in one line below the axes.

    Args:
        drawn: The figure.
        columns: Which inks are in it.
        below: How far, as a share of the axes' height.
        more: What else is drawn.
    """
    axes, x = drawn.axes, 0.01
    for column in (one for one in _STYLES if one in columns):
        ink, marker, _ = _STYLES[column]
        place: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
        axes.plot((x,), (-below,), marker=marker, markersize=6, color=ink, **place)
        words = _MEANINGS[column]
        axes.text(x + 0.025, -below, words, va="center", color=Ink.MUTED, **place)
        x += 0.06 + 0.0165 * len(words)
    axes.text(x, -below, more, va="center", color=Ink.MUTED, transform=axes.transAxes)


def _interval(drawn: Plot, figure: Figure, y: float, ink: Ink, marker: str) -> None:
    axes, right = drawn.axes, figure.right
    axes.plot((right.low, right.high), (y, y), color=ink, linewidth=2.5, clip_on=False)
    _mark(drawn, (right.share, y), right, ink, marker)
    if figure.n_lucky:
        # A bar across: how far it would reach if luck were counted.
        reached = (right.k + figure.n_lucky) / right.n
        axes.plot((reached,) * 2, (y - 0.08, y + 0.08), color=ink, linewidth=1.5, clip_on=False)


def _panel(drawn: Plot, panel: Panel, y: float, *, shift: float) -> None:
    axes = drawn.axes
    part = "" if panel.part == "whole" else f" · {panel.part}"
    axes.text(
        0,
        y + 1.08,
        drawn.word(cut(panel.family, MAX_LABEL_CHARS - len(part)) + part),
        va="bottom",
        color=Ink.TEXT,
        transform=axes.get_yaxis_transform(),
    )
    for number, column in enumerate(_STYLES):
        points = [point for point in panel.points if point.column == column]
        ink, marker, _ = _STYLES[column]
        places = [point.n_bytes + (number - 0.5) * shift for point in points]
        axes.plot(places, [y + point.right.share for point in points], color=ink, linewidth=1)
        for x, point in zip(places, points, strict=True):
            ends = (y + point.right.low, y + point.right.high)
            axes.plot((x, x), ends, color=ink, linewidth=1.5, clip_on=False)
            _mark(drawn, (x, y + point.right.share), point.right, ink, marker)


def _mark(drawn: Plot, at: tuple[float, float], right: Portion, ink: Ink, marker: str) -> None:
    """Draw a point, hollow where it rests on too few."""
    if any(map(math.isnan, at)):
        return
    drawn.axes.plot(
        (at[0],),
        (at[1],),
        marker=marker,
        markersize=6,
        color=Ink.PAPER if right.too_few else ink,
        markeredgecolor=ink,
        markeredgewidth=1.5,
        clip_on=False,
    )


def _is_wide(sizes: Sequence[int]) -> bool:
    """Tell whether the names below neighbouring sizes have room to lie."""
    span = sizes[-1] - sizes[0]
    return all(after - before > span / 6 for before, after in itertools.pairwise(sizes))
