"""The page: content and charts put into the template, as one HTML file under a strict policy.

The only module here that knows HTML. Everything that is not markup of ours is escaped; the page
holds no script, asks for nothing outside of itself, and the same content gives the same bytes.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from ducktypist import __version__
from ducktypist.ledger.migrations import SCHEMA_VERSION
from ducktypist.ledger.reading import CellKey
from ducktypist.ledger.stats import CellStats
from ducktypist.report import charts, sentences, words
from ducktypist.report.axes import MAX_LABEL_CHARS
from ducktypist.report.content import Content

STYLE = "report.css"
N_OPEN_ROWS = charts.MAX_ROWS
"""Of one table that one sees at once; the others open."""
MAX_TABLE_ROWS = 200
"""Of one table, so that a ledger full of names makes no endless page."""
_N_RISKS = 10


def page(content: Content) -> bytes:
    """Return the report as an HTML file.

    Raises:
        DucktypistError: The charts' library is not installed.
    """
    return rendered(
        "report.html.j2",
        content=content,
        charts=_drawn(content),
        by_verified=_by_verified(content.cells),
        by_use=_by_use(content.cells),
        models=_models(content),
        twins=_twins(content),
        likings=_likings(content),
        still=sorted(content.persistences, key=lambda item: (-item.n_accepted, item.key)),
        by_searches=sorted(content.sources, key=lambda item: (-item.n_suggestions, item.key)),
        months=_months(content),
        curves=_curve_tables(content),
        schema_version=SCHEMA_VERSION,
        prints_all="ducktypist stats",
        say=sentences,
    )


def rendered(template: str, *, charts: Mapping[str, str], **values: object) -> bytes:
    """Return a page of the report's look as an HTML file.

    Args:
        template: A file of the folder ``templates``.
        charts: SVG elements by ``svg.themed``, by name; the only values that are not escaped.
        values: What else the template knows, besides ``style``, ``policy``,
            ``version`` and how many rows a table shows.
    """
    style = read_template(STYLE)
    text = (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - a file of ours
            policy=_policy(style),
            charts={name: Markup(svg) for name, svg in charts.items()},  # noqa: S704 - escaped by the XML writer
            version=__version__,
            n_open=N_OPEN_ROWS,
            max_rows=MAX_TABLE_ROWS,
            **values,
        )
    )
    return text.encode("utf-8", "replace")


def read_template(name: str) -> str:
    """Return a file of the folder ``templates``."""
    folder = resources.files("ducktypist.report") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(read_template),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    filters: dict[str, Callable[..., Any]] = {
        "percent": words.percent,
        "number": words.number,
        "p_value": words.p_value,
        "duration": words.duration,
        "count": words.count,
        "moment": words.moment,
        "cut": words.cut,
    }
    environment.filters |= filters
    environment.globals |= {
        "percents": words.percents,
        "numbers": words.numbers,
        "several": words.several,
    }
    return environment


def _visible(value: object) -> object:
    """Let nothing invisible through; markup of ours stays as it is."""
    return words.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _drawn(content: Content) -> dict[str, str]:
    """Return the charts by name, empty where there is nothing to draw."""
    found = dict.fromkeys(("right", "times", "calendar", "reliability", "risk"), "")
    twins = _twins(content)
    verified = [cell for cell in _by_verified(content.cells) if cell.n_verified]
    if verified:
        found["right"] = charts.shares([_share_row(cell, twins) for cell in verified])
    timed = [cell for cell in _by_use(content.cells) if not math.isnan(cell.total_p50_ms)]
    if timed:
        found["times"] = charts.times([_time_row(cell, twins) for cell in timed])
    n_by_day = {dt.date.fromisoformat(day.day_utc): day.n_requested for day in content.days}
    if n_by_day:
        found["calendar"] = charts.calendar(n_by_day)
    curves = content.telling.curves
    if any(curve.bins for curve in curves):
        found["reliability"] = charts.reliability({c.moment: c.bins for c in curves if c.bins})
        found["risk"] = charts.risks({c.moment: c.risks for c in curves if c.bins})
    return found


def _by_verified(cells: Sequence[CellStats]) -> list[CellStats]:
    return sorted(cells, key=lambda cell: (-cell.n_verified, -cell.n_suggestions, cell.key))


def _by_use(cells: Sequence[CellStats]) -> list[CellStats]:
    return sorted(cells, key=lambda cell: (-cell.n_suggestions, cell.key))


def _likings(content: Content) -> list[dict[str, Any]]:
    """Return what was shown and what became of it, the most accepted first."""
    taken = {item.key: item for item in content.acceptances}
    names = ("n_partly", "n_checked", "n_hold")
    return [
        {
            "key": cell.key,
            "n_shown": cell.n_shown,
            "n_accepted": cell.n_accepted,
            "n_dismissed": cell.n_dismissed,
            **{name: getattr(taken.get(cell.key), name, 0) for name in names},
        }
        for cell in sorted(content.cells, key=lambda cell: (-cell.n_accepted, cell.key))
        if cell.n_shown or cell.n_accepted
    ]


def _models(content: Content) -> list[CellKey]:
    """Return one key for each model file of the report."""
    found = {(c.key.model, c.key.quantisation, c.key.model_sha256): c.key for c in content.cells}
    return [found[name] for name in sorted(found)][:MAX_TABLE_ROWS]


def _twins(content: Content) -> frozenset[CellKey]:
    """Return the keys whose model has the name of another file, so that it needs more of a name."""
    files: dict[tuple[str, str], set[str]] = {}
    for cell in content.cells:
        key = cell.key
        files.setdefault((key.model, key.quantisation), set()).add(key.model_sha256)
    return frozenset(
        cell.key for cell in content.cells if len(files[cell.key.model, cell.key.quantisation]) > 1
    )


def _share_row(cell: CellStats, twins: frozenset[CellKey]) -> charts.ShareRow:
    return charts.ShareRow(
        label=_label(cell, twins),
        share=cell.right,
        low=cell.right_low,
        high=cell.right_high,
        n=cell.n_verified,
        too_few=cell.too_few,
    )


def _time_row(cell: CellStats, twins: frozenset[CellKey]) -> charts.TimeRow:
    return charts.TimeRow(
        label=_label(cell, twins),
        verdict=cell.speed.value,
        ttft_p50_ms=cell.ttft_p50_ms,
        ttft_p95_ms=cell.ttft_p95_ms,
        total_p50_ms=cell.total_p50_ms,
        total_p95_ms=cell.total_p95_ms,
    )


def _label(cell: CellStats, twins: frozenset[CellKey]) -> str:
    """Return what a line of a chart is about, the task before the model."""
    key = cell.key
    task = f"{words.cut(key.kind, 12)} · {words.cut(key.language, 12)} · "
    file = f" {words.cut(key.model_sha256, 4)}" if key in twins else ""
    quantisation = f" · {words.cut(key.quantisation, 8)}" if key.quantisation else ""
    n_left = MAX_LABEL_CHARS - len(task) - len(file) - len(quantisation)
    return f"{task}{words.cut(key.model, n_left)}{quantisation}{file}"


def _months(content: Content) -> list[dict[str, Any]]:
    """Return the calendar's days added up by month, newest first."""
    names = ("n_requested", "n_shown", "n_accepted", "n_verified", "n_right")
    found: dict[str, dict[str, Any]] = {}
    for day in content.days:
        month = found.setdefault(
            day.day_utc[:7], {"month": day.day_utc[:7], "n_days": 0, **dict.fromkeys(names, 0)}
        )
        month["n_days"] += 1
        for name in names:
            month[name] += getattr(day, name)
    return [found[month] for month in sorted(found, reverse=True)]


def _curve_tables(content: Content) -> list[dict[str, Any]]:
    """Return each drawn curve with as many of its points as a table wants."""
    return [
        {
            "moment": curve.moment,
            "bins": curve.bins,
            # The point at each tenth of coverage, or the next one after it.
            "risks": list(
                dict.fromkeys(
                    next(
                        point for point in curve.risks if point.coverage >= tenth / _N_RISKS - 1e-9
                    )
                    for tenth in range(1, _N_RISKS + 1)
                )
            ),
        }
        for curve in content.telling.curves
        if curve.bins
    ]
