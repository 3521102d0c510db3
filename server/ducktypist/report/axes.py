"""What the charts' axes have in common: rows with words above them, scales in percent.

It places and labels; what is drawn on them is the business of each chart.
"""

from __future__ import annotations

from typing import Any

from ducktypist.report.plot import Ink, Plot
from ducktypist.report.words import cut, percent

MAX_LABEL_CHARS = 46
"""Of the words above a line; there is room for the number at their right, on a telephone too."""


def stacked(drawn: Plot, n_rows: int) -> None:
    """Make room for rows below each other, the first at 0, each one unit high."""
    drawn.axes.set_ylim(-n_rows + 0.7, 0.8)
    drawn.axes.set_yticks(())


def row_words(drawn: Plot, y: float, label: str, value: str) -> None:
    """Write what a line is about above it, so that it needs no margin at the left."""
    axes = drawn.axes
    words: dict[str, Any] = {"va": "bottom", "transform": axes.get_yaxis_transform()}
    label = cut(label, MAX_LABEL_CHARS)
    axes.text(0, y + 0.2, drawn.word(label), ha="left", color=Ink.TEXT, **words)
    axes.text(1, y + 0.2, drawn.word(value), ha="right", color=Ink.MUTED, **words)


def percent_ticks(drawn: Plot, axis: str) -> None:
    """Give an axis of shares, ``x`` or ``y``, its scale and its lines."""
    ticks = (0, 0.25, 0.5, 0.75, 1)
    words = [percent(tick) for tick in ticks]
    if axis == "x":
        drawn.axes.set_xticks(ticks, words)
        ends_inward(drawn)
    else:
        drawn.axes.set_yticks(ticks, words)
    drawn.axes.grid(visible=True, axis="x" if axis == "x" else "y", color=Ink.GRID, linewidth=1)
    drawn.axes.set_axisbelow(True)


def ends_inward(drawn: Plot) -> None:
    """Keep the words of the first and the last tick inside of the figure."""
    words = drawn.axes.get_xticklabels()
    if words:
        words[0].set_horizontalalignment("left")
        words[-1].set_horizontalalignment("right")


def unit_square(drawn: Plot, x: str, y: str) -> None:
    """Make both axes scales of shares, with their names."""
    axes = drawn.axes
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    percent_ticks(drawn, "x")
    percent_ticks(drawn, "y")
    axes.grid(visible=True, color=Ink.GRID, linewidth=1)
    axes.set_xlabel(x, color=Ink.MUTED)
    # Above the axis instead of turned by its side: it is read more easily and needs no margin.
    axes.text(0, 1.035, y, color=Ink.MUTED, transform=axes.transAxes)
