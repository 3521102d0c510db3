"""Charts: fit for the page, the same each time, with foreign words left as they are."""

from __future__ import annotations

import datetime as dt
import math
import re
import sys

import pytest

from ducktypist.errors import DucktypistError
from ducktypist.ledger.tell.score import Bin, Selected
from ducktypist.report import charts
from ducktypist.report.plot import Ink, plot
from ducktypist.report.svg import themed

ROW = charts.ShareRow(label="a", share=0.5, low=0.4, high=0.6, n=100, too_few=False)
TIME = charts.TimeRow(
    label="a",
    verdict="usable",
    ttft_p50_ms=100,
    ttft_p95_ms=300,
    total_p50_ms=1000,
    total_p95_ms=3000,
)
BINS = [Bin(n=100, mean_p=p, share_right=p, low=p - 0.1, high=p + 0.1) for p in (0.2, 0.5, 0.8)]
RISKS = [Selected(coverage=c / 10, risk=c / 20, p_least=1 - c / 10) for c in range(1, 11)]
DAYS = {dt.date(2026, 1, day): day for day in range(1, 29)}

DRAWN = {
    "shares": lambda: charts.shares([ROW]),
    "times": lambda: charts.times([TIME]),
    "calendar": lambda: charts.calendar(DAYS),
    "reliability": lambda: charts.reliability({"before": BINS, "after": BINS[:2]}),
    "risks": lambda: charts.risks({"before": RISKS}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_fit_for_the_page(name: str) -> None:
    """It has a title and a description, colours by class only, and nothing that a policy minds."""
    svg = DRAWN[name]()
    assert svg.startswith('<svg class="chart" viewBox="0 0 420 ')
    assert "<title" in svg
    assert "<desc" in svg
    for word in ("style", "script", "http", "#0000", "font", "metadata", "DOCTYPE", "matplotlib"):
        assert word not in svg
    identities = re.findall(r' id="([^"]+)"', svg)
    assert len(identities) == len(set(identities))
    references = re.findall(r'href="#([^"]+)"', svg) + re.findall(r"url\(#([^)]+)\)", svg)
    assert set(references) <= set(identities)


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_the_same_each_time(name: str) -> None:
    """No counter, clock or address leaks into it."""
    assert DRAWN[name]() == DRAWN[name]()


def test_foreign_words_are_not_interpreted() -> None:
    """Mathematics, markup and marks in a name stay what they are."""
    for label in ("$x^2$", "<b>&amp;", "@0@ @1@ @99@", "\\frac{1}{2}", "%s {0}"):
        words = charts.shares([charts.ShareRow(**{**_fields(ROW), "label": label})])
        escaped = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert f">{escaped}</text>" in words


def test_too_few_is_drawn_hollow_and_faint() -> None:
    """A point that rests on too few cannot be mistaken for one that does not."""
    few = charts.shares([charts.ShareRow(**{**_fields(ROW), "too_few": True})])
    assert "s-faint" in few
    assert "f-paper" in few
    assert "s-first" not in few
    assert "too few" in few


def test_a_time_that_nobody_measured_is_not_drawn() -> None:
    """NaN makes no mark and no error, also where it is all there is."""
    nothing = {name: math.nan for name in _fields(TIME) if name.endswith("_ms")}
    svg = charts.times([charts.TimeRow(**{**_fields(TIME), **nothing})])
    assert "s-first" not in svg
    assert "nan" not in svg


def test_only_the_last_year_is_in_the_calendar() -> None:
    """Older days are in the table; a single day of use is drawn as well."""
    svg = charts.calendar({dt.date(2020, 1, 1): 5, dt.date(2026, 1, 5): 1})
    assert "1 suggestion on 1 day within 53 weeks up to 2026-01-05" in svg
    assert svg.count("f-level-4") == 1


def test_long_lists_are_cut_to_what_can_be_read() -> None:
    """Twelve lines are drawn; the table has all."""
    svg = charts.shares([ROW] * 50)
    assert svg.count(">a</text>") == charts.MAX_ROWS


def test_a_colour_without_meaning_is_refused() -> None:
    """Whatever is drawn follows the page's colours, or the drawing fails at once."""
    with plot(height=50, left=5, bottom=5) as drawn:
        drawn.axes.plot((0, 1), (0, 1), color="#ff0000")
    with pytest.raises(ValueError, match="#ff0000"):
        themed(drawn.text, name="x", title="x", description="x")


def test_every_ink_has_a_colour_on_the_page() -> None:
    """The style sheet knows each class that a drawing can have."""
    from importlib import resources  # noqa: PLC0415 - only this test reads a file

    style = (resources.files("ducktypist.report") / "templates" / "report.css").read_text()
    for ink in Ink:
        name = ink.name.lower().replace("_", "-")
        assert f".f-{name} {{ fill: var(--{name}); }}" in style
        if not name.startswith("level"):
            assert f".s-{name} {{ stroke: var(--{name}); }}" in style


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no matplotlib is told what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DucktypistError, match=r"pip install 'ducktypist\[report\]'"):
        charts.shares([ROW])


def _fields(row: charts.ShareRow | charts.TimeRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__slots__}
