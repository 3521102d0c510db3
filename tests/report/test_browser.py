"""The report in a real browser: nothing refused, nothing asked for, readable everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.reading import Filter
from ducktypist.report.build import build
from support.browser import chromium, looked_at
from support.random_ledgers import dice, write_randomly
from support.report_ledgers import hostile, typical

MIN_CONTRAST = 4.5
"""Of text, WCAG 2.2, success criterion 1.4.3."""

# Relative luminance and contrast as WCAG defines them; of each element with text of its own.
CONTRASTS = """() => {
  const channel = value => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || ['STYLE', 'title', 'desc'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const ink = element.tagName === 'text' ? style.fill : style.color;
    const pair = [luminance(ink), luminance(ground(element))].sort((a, b) => b - a);
    found.push([(pair[0] + 0.05) / (pair[1] + 0.05), element.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""
# Every shape that is drawn is of a size that can be seen.
CHARTS = """() => [...document.querySelectorAll('svg.chart')].map(svg => {
  const box = svg.getBoundingClientRect();
  const drawn = [...svg.querySelectorAll('path, use')].map(e => e.getBoundingClientRect());
  const words = [...svg.querySelectorAll('text')].map(e => e.getBoundingClientRect());
  return {
    width: box.width, height: box.height,
    drawn: drawn.filter(b => b.width + b.height > 3).length,
    words: words.length,
    smallest: Math.min(...words.map(b => Math.min(b.width, b.height))),
    outside: words.filter(b => b.left < -1 || b.right > innerWidth + 1).length,
  };
})"""
COLOURS = """() => {
  const of = (selector, property) => {
    const found = document.querySelector(selector);
    return found && getComputedStyle(found)[property];
  };
  return {
    paper: of('body', 'backgroundColor'), text: of('body', 'color'),
    line: of('.s-first', 'stroke'), word: of('.chart .f-text', 'fill'),
    square: of('.f-level-4', 'fill'), quiet: of('.sub', 'color'),
  };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all looks."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every chart and section filled."""
    folder = tmp_path_factory.mktemp("report")
    file = folder / "report.html"
    file.write_bytes(build(SqliteRows(typical(folder / "ledger.db")), Filter()))
    return file


def overflow(page: Page) -> Any:
    """Return by how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_browser_has_nothing_to_say(
    browser: Browser, report: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    """No violation of the policy, no error, no request but for the file, no scrolling sideways."""
    with looked_at(browser, report, width=width, scheme=scheme) as look:
        assert look.complaints == []
        assert look.requests == [report.resolve().as_uri()]
        assert overflow(look.page) <= 0


def test_a_hostile_ledger_does_nothing(browser: Browser, tmp_path: Path) -> None:
    """Names that are markup, scripts or ten kilobytes long are words on the page."""
    file = tmp_path / "report.html"
    file.write_bytes(build(SqliteRows(hostile(tmp_path / "ledger.db")), Filter()))
    for width in (360, 1280):
        with looked_at(browser, file, width=width) as look:
            look.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert look.complaints == []
            assert len(look.requests) == 1
            assert look.page.evaluate("document.scripts.length + document.images.length") == 0
            assert look.page.title() == "Ducktypist report"
            assert overflow(look.page) <= 0


def test_the_policy_refuses_what_is_not_ours(browser: Browser, report: Path) -> None:
    """Were a script, a style or an image slipped in, the browser would refuse it."""
    with looked_at(browser, report) as look:
        look.page.evaluate(
            """() => {
              document.body.insertAdjacentHTML('beforeend', '<p style="color: red">x</p>');
              const style = document.createElement('style');
              style.textContent = 'body { color: red }';
              document.head.append(style);
              const image = new Image();
              image.src = 'file:///etc/hostname.png';
              document.body.append(image);
            }"""
        )
        look.page.wait_for_timeout(100)
        assert len([said for said in look.complaints if "Content Security Policy" in said]) >= 3
        assert look.page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"


def test_charts_can_be_seen(browser: Browser, report: Path) -> None:
    """Each of the five has lines and words, on a screen and on a telephone."""
    for width in (360, 1280):
        with looked_at(browser, report, width=width) as look:
            charts = look.page.evaluate(CHARTS)
            assert len(charts) == 5
            for chart in charts:
                assert chart["width"] >= 300
                assert chart["height"] >= 60
                assert chart["drawn"] >= 5
                assert chart["words"] >= 5
                assert chart["smallest"] >= 6
                assert chart["outside"] == 0


def test_dark_and_light_differ(browser: Browser, report: Path) -> None:
    """Paper, words, lines and squares all follow the person's choice."""
    found = []
    for scheme in ("light", "dark"):
        with looked_at(browser, report, scheme=scheme) as look:
            found.append(look.page.evaluate(COLOURS))
    light, dark = found
    assert all(light.values())
    assert [name for name in light if light[name] == dark[name]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("media", ["screen", "print"])
def test_every_word_stands_out(
    browser: Browser,
    report: Path,
    scheme: Literal["light", "dark"],
    media: Literal["screen", "print"],
) -> None:
    """All text, that in charts included, has the contrast that WCAG asks for."""
    with looked_at(browser, report, scheme=scheme) as look:
        look.page.emulate_media(media=media, color_scheme=scheme)
        contrasts = look.page.evaluate(CONTRASTS)
        assert len(contrasts) > 200
        assert [pair for pair in contrasts if pair[0] < MIN_CONTRAST] == []


def test_it_prints_on_white(browser: Browser, report: Path, tmp_path: Path) -> None:
    """Also for who works in the dark; the contents list stays off the paper."""
    with looked_at(browser, report, scheme="dark") as look:
        look.page.emulate_media(media="print", color_scheme="dark")
        assert look.page.evaluate(COLOURS)["paper"] == "rgb(255, 255, 255)"
        assert not look.page.locator("nav").is_visible()
        look.page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000


def test_what_is_folded_away_is_printed(browser: Browser, tmp_path: Path) -> None:
    """A table's further rows are closed on the screen and there on paper."""
    write_randomly(tmp_path / "ledger.db", dice(1), n_suggestions=250)
    file = tmp_path / "report.html"
    file.write_bytes(build(SqliteRows(tmp_path / "ledger.db"), Filter()))
    with looked_at(browser, file) as look:
        row = look.page.locator("#right details.rest tbody tr").first
        assert not row.is_visible()
        look.page.emulate_media(media="print")
        assert row.is_visible()
        assert overflow(look.page) <= 0


def test_details_open(browser: Browser, report: Path) -> None:
    """A click on a suggestion shows what is known of it, without a script."""
    with looked_at(browser, report) as look:
        entry = look.page.locator("#single details").first
        inside = entry.locator("dl")
        assert not inside.is_visible()
        entry.locator("summary").click()
        assert inside.is_visible()
        assert look.complaints == []


def test_a_reader_hears_the_charts(browser: Browser, report: Path) -> None:
    """Each chart has a name and says its numbers; each wide table can be reached by keyboard."""
    with looked_at(browser, report) as look:
        for chart in look.page.locator("svg.chart").all():
            ids = str(chart.get_attribute("aria-labelledby")).split()
            words = [look.page.locator(f"#{name}").text_content() or "" for name in ids]
            assert len(words) == 2
            assert all(len(text) > 15 for text in words)
        identities = look.page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(identities) == len(set(identities))
        for region in look.page.locator(".scroll").all():
            assert region.get_attribute("tabindex") == "0"
            assert region.get_attribute("aria-label")


def test_links_within_the_page_lead_somewhere(browser: Browser, report: Path) -> None:
    """The list of contents names sections that there are."""
    with looked_at(browser, report) as look:
        for link in look.page.locator("a").all():
            target = str(link.get_attribute("href"))
            assert target.startswith("#")
            assert look.page.locator(target).count() == 1
