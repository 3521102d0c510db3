"""The fair bench's page and charts: self-contained, escaped, repeatable, and honest about n."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

import pytest

from ducktypist.bench.fair.reporting import groups_of
from ducktypist.bench.fair.results import read_result
from ducktypist.report.fair.files import ink_style
from ducktypist.report.fair.page import chart_files, fair_page
from ducktypist.report.fair.values import Group, Portion
from ducktypist.report.page import STYLE, read_template
from ducktypist.report.plot import Ink
from support.browser import chromium, looked_at
from support.fair_results import HOSTILE, ResultFile, listed, tasks_of, typical

SVG = "{http://www.w3.org/2000/svg}"


def table_of(page: str, label: str) -> str:
    """Return the table that a page calls so."""
    return page[page.index(f'aria-label="{label}"') :].partition("</table>")[0]


def groups(*paths: Path) -> tuple[Group, ...]:
    """Return what a report of files shows."""
    return groups_of([read_result(path) for path in paths])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which every section has something to say."""
    return typical(tmp_path_factory.mktemp("fair") / "fair.jsonl", n_each=25)


@pytest.fixture(scope="module")
def page(path: Path) -> str:
    """Its report."""
    return fair_page(groups(path)).decode()


def hostile(tmp_path: Path) -> tuple[Group, ...]:
    """Return a run in which everything that others chose is hostile."""
    name = f"fix/{HOSTILE}"
    task = listed(name)
    file = ResultFile.begun(tmp_path / "a.jsonl", [task], ducktypist=HOSTILE)
    for size, quantisation in ((400, f"Q{HOSTILE}"), (500, "Q8_0")):
        model = file.model(f"{HOSTILE} {size}", quantisation, n_bytes=size)
        file.ran(model, name, (size == 400,) * 3)
    return groups(file.path)


def test_the_same_results_give_the_same_bytes(path: Path, page: str, tmp_path: Path) -> None:
    """In another process, with another hash seed and time zone, charts included."""
    out, charts = tmp_path / "page.html", tmp_path / "charts"
    command = [sys.executable, "-m", "ducktypist", "bench", "report", str(path)]
    subprocess.run(
        [*command, f"--out={out}", f"--charts={charts}"],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert out.read_text() == page
    assert {item.name: item.read_bytes() for item in charts.iterdir()} == chart_files(groups(path))


def test_the_page_asks_for_nothing(page: str) -> None:
    """No script, no handler, no address outside, no style that the policy does not name."""
    assert "<script" not in page
    assert "default-src 'none'; style-src 'sha256-" in html.unescape(page)
    assert not re.search(r"\bhttps?://", page)
    assert not re.search(r"<[^>]+\s(?:on\w+|style|src)=", page)
    assert not re.search(r'href="[^#]', page)


def test_nothing_unknown_reads_as_a_number(page: str) -> None:
    """What nobody knows is a dash."""
    assert not re.search(r"\b(nan|NaN|None|null|True|False|inf)\b", page)


def test_every_chart_has_its_table(page: str) -> None:
    """Who cannot see the drawing reads the same figures below it, and in its description."""
    assert page.count('<svg class="chart"') == 5
    for family in ("de-race", "explain-bash", "fix", "go-function"):
        assert f'aria-label="Right and speed, {family}"' in page
        assert f"{family}: share right three times of three, with 95 % intervals</title>" in page
    assert 'aria-label="Quantisations of duck-0.5b"' in page


def test_raw_and_product_stand_beside_each_other(page: str) -> None:
    """For each model both columns, lucky apart from right, the speed in the same row."""
    table = table_of(page, "Right and speed, fix")
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]
    assert [re.findall(r'class="word">(\w+)', row)[0] for row in rows] == ["raw", "product"] * 2
    assert "lucky</th>" in table
    assert all(">usable<" in row for row in rows)


def test_twenty_five_are_called_too_few(page: str) -> None:
    """The interval of 25 reaches more than 15 points, and the page says what that can tell."""
    assert "With 25 tasks of a kind an interval reaches up to 18" in page
    assert "they do not tell Q4 from Q8" in page
    assert 'class="few"' in page


def test_enough_are_not_called_too_few(tmp_path: Path) -> None:
    """From 43 on a row is a result, and nobody is told otherwise."""
    models: dict[str, Any] = {"duck-q4_0": ("Q4_0", 400, 0.5)}
    file = typical(tmp_path / "a.jsonl", models=models, n_each=43)
    text = fair_page(groups(file)).decode()
    assert "Rows are marked" not in text
    table = table_of(text, "Right and speed, fix")
    assert "too few" not in table


@pytest.mark.parametrize(
    ("k", "n", "low", "high", "too_few"),
    [(10, 10, 0.72, 1.0, True), (20, 43, 0.32, 0.61, False), (60, 125, 0.3, 0.66, True)],
)
def test_a_wide_interval_is_too_few_whatever_the_count(
    k: int, n: int, low: float, high: float, *, too_few: bool
) -> None:
    """Items that resemble each other have a wider one than their number says."""
    assert Portion(k=k, n=n, low=low, high=high).too_few is too_few


def test_flips_name_their_tasks(page: str) -> None:
    """Which tasks only one side has right can be read, not only how many."""
    pairs = page[page.index('id="pairs-1"') : page.index('id="made-1"')]
    assert "Holm" in pairs
    assert "only <bdi>duck-0.5b · Q4_K_M, product</bdi>: <bdi>task-" in pairs
    assert "counted by prediction, so p is too small" in pairs


def test_the_page_says_how_to_make_it_again(page: str) -> None:
    """Command, hashes, machine, build flags and controls."""
    made = page[page.index('id="made-1"') :]
    assert "ducktypist bench fair --repeat fair.jsonl" in made
    assert "Duck 9000" in made
    assert "AVX2 = 1" in made
    assert len(set(re.findall(r"\b[0-9a-f]{64}\b", made))) == 7
    assert "100 of 100" in made


def test_other_tasks_stand_apart_and_it_is_said(path: Path, tmp_path: Path) -> None:
    """Each set has sections of its own; ids stay unique."""
    text = fair_page(groups(path, typical(tmp_path / "b.jsonl", n_each=2))).decode()
    assert "These files asked 2 different sets of tasks" in text
    identities = re.findall(r'\bid="([^"]+)"', text)
    assert len(identities) == len({*identities})


def test_another_machine_is_told(path: Path, tmp_path: Path) -> None:
    """The same tasks on another machine stand side by side, with a warning."""
    other = typical(tmp_path / "b.jsonl", n_each=25, machine={"cpu": "Goose"})
    assert "but not everything else is: machine differ" in fair_page(groups(path, other)).decode()


def test_hostile_names_are_words(tmp_path: Path) -> None:
    """In tables, in charts and in files of their own."""
    found = hostile(tmp_path)
    text = fair_page(found).decode()
    files = chart_files(found)
    for shown in (text, *(content.decode() for content in files.values())):
        assert "<script" not in shown
        assert "\u202e" not in shown
    assert "&lt;script&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert all(re.fullmatch(r"fair-[a-z0-9-]+\.svg", name) for name in files)


def test_a_run_that_has_just_begun_says_so(tmp_path: Path) -> None:
    """Nothing is claimed and nothing is drawn."""
    file = ResultFile.begun(tmp_path / "a.jsonl", tasks_of(1))
    file.model("duck-q4_0", "Q4_0")
    text = fair_page(groups(file.path)).decode()
    assert "Nothing was asked and graded three times yet." in text
    assert "<svg" not in text
    assert chart_files(groups(file.path)) == {}


def test_chart_files_stand_alone(path: Path) -> None:
    """Valid XML with a ground of its own, and colours for light and for dark."""
    for content in chart_files(groups(path)).values():
        root = ET.fromstring(content)  # noqa: S314 - drawn a moment ago
        assert root.tag == f"{SVG}svg"
        style = root.findtext(f"{SVG}style") or ""
        assert "prefers-color-scheme: dark" in style
        ground = root.find(f"{SVG}rect")
        assert ground is not None
        assert ground.get("class") == "f-paper"
        words = {node.text for node in root.iter(f"{SVG}text")}
        assert {"model itself", "under Ducktypist"} <= words
        assert b"http" not in content.replace(b"http://www.w3.org/2000/svg", b"")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_browser_has_nothing_to_complain_of(
    page: str, tmp_path: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    """It refuses nothing, asks for nothing, and no word of a chart lies outside of the window."""
    file = tmp_path / "page.html"
    file.write_text(page)
    with chromium() as browser, looked_at(browser, file, width=width, scheme=scheme) as look:
        assert look.complaints == []
        assert look.requests == [file.as_uri()]
        outside = look.page.evaluate(
            "() => [...document.querySelectorAll('svg.chart text')].filter(node => {"
            " const box = node.getBoundingClientRect();"
            " return box.left < -1 || box.right > innerWidth + 1; }).map(n => n.textContent)"
        )
        assert outside == []


def test_every_ink_has_a_colour_in_both_schemes() -> None:
    """A chart outside of the page draws nothing in the default black."""
    style = ink_style(read_template(STYLE))
    light, _, dark = style.partition("@media")
    for ink in Ink:
        name = ink.name.lower().replace("_", "-")
        assert f".f-{name} {{ fill: var(--{name}); }}" in style
        assert f"--{name}:" in light
        assert f"--{name}:" in dark
