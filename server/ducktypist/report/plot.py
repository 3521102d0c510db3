"""One small figure of matplotlib's, and its SVG as text; the only module that imports matplotlib.

It decides size, place and ink. What is drawn is the business of ``charts``, and how the result gets
the page's colours is that of ``svg``.
"""

from __future__ import annotations

import enum
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS_PER_INCH = 72
WIDTH = 420.0
"""Of every figure, in units of its own; the page scales it."""

LABEL = "@{}@"
"""How a label that did not come from us stands in the drawing until ``svg`` puts the words there:
matplotlib would read ``$`` as mathematics and measure letters that its font lacks."""


class Ink(enum.StrEnum):
    """What a colour means. The values are marks that ``svg`` replaces by classes."""

    TEXT = "#000001"
    MUTED = "#000002"
    GRID = "#000003"
    FIRST = "#000004"
    SECOND = "#000005"
    FAINT = "#000006"
    PAPER = "#000007"
    LEVEL_0 = "#000010"
    LEVEL_1 = "#000011"
    LEVEL_2 = "#000012"
    LEVEL_3 = "#000013"
    LEVEL_4 = "#000014"


@dataclass(slots=True, kw_only=True)
class Plot:
    """One figure being drawn."""

    axes: Axes
    labels: list[str] = field(default_factory=list)
    """Words that ``svg`` puts in, by number."""
    text: str = ""
    """The SVG, once the figure is finished."""

    def word(self, text: str) -> str:
        """Return what to draw where ``text`` shall stand."""
        self.labels.append(text)
        return LABEL.format(len(self.labels) - 1)


@contextmanager
def plot(
    *, height: float, left: float, right: float = 10, top: float = 10, bottom: float
) -> Iterator[Plot]:
    """Yield a figure with one pair of axes; afterwards its SVG is in ``text``.

    The person's own settings of matplotlib play no part, so that the same numbers are the same
    bytes everywhere.

    Args:
        height: Of the figure; this and the margins are in units of the figure.
        left: From the figure's edge to the axes.
        right: The same on the other side.
        top: The same above.
        bottom: The same below.

    Raises:
        DucktypistError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an optional library
        from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415 - as above
        from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    except ImportError as error:
        raise DucktypistError(
            "the report's charts need matplotlib, which is not installed; "
            "run `pip install 'ducktypist[report]'`"
        ) from error
    settings: dict[Any, Any] = {
        **{name: mpl.rcParamsDefault[name] for name in mpl.rcParamsDefault if name != "backend"},
        "svg.fonttype": "none",
        "svg.hashsalt": "ducktypist",
        "text.parse_math": False,
        "axes.unicode_minus": False,
        "font.size": 11,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "xtick.minor.size": 0,
    }
    with mpl.rc_context(settings):
        figure = Figure(
            figsize=(WIDTH / POINTS_PER_INCH, height / POINTS_PER_INCH),
            dpi=POINTS_PER_INCH,
            frameon=False,
        )
        FigureCanvasSVG(figure)
        inner = (WIDTH - left - right) / WIDTH, (height - top - bottom) / height
        axes = figure.add_axes((left / WIDTH, bottom / height, *inner))
        axes.set_frame_on(False)
        axes.tick_params(colors=Ink.MUTED, pad=5)
        drawn = Plot(axes=axes)
        yield drawn
        file = io.StringIO()
        no_words = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=no_words)
        drawn.text = file.getvalue()
