"""The page: the same bytes for the same rows, everything escaped, a policy that holds, honesty."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ducktypist.domain import Kind
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.reading import Filter
from ducktypist.report.build import build, save
from support.random_ledgers import dice, write_randomly
from support.report_ledgers import HOSTILE, hostile, single, typical

VOID = {"meta", "br", "link", "img", "input", "hr"}
TAGS = """
html head meta title style body main header footer nav section h1 h2 h3 p ul li a em strong code
span bdi figure figcaption div table caption thead tbody tr th td details summary dl dt dd pre
svg desc g path text use defs clippath rect
"""
ALLOWED_TAGS = set(TAGS.split())


class Structure(HTMLParser):
    """What a page is made of, as far as Python's parser can tell."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.style = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Note that it ends; it must be the last one that began."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what the style element holds."""
        if self.open[-1:] == ["style"]:
            self.style += data


def html(path: Path, wanted: Filter = Filter(), **more: int) -> str:  # noqa: B008 - a frozen value
    """Return the report of a ledger."""
    return build(SqliteRows(path), wanted, **more).decode()


def parsed(text: str) -> Structure:
    """Return a page's structure."""
    found = Structure()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which every section has something to say."""
    return typical(tmp_path_factory.mktemp("ledger") / "ledger.db")


@pytest.fixture(scope="module")
def page(ledger: Path) -> str:
    """Its report."""
    return html(ledger)


def test_the_same_rows_give_the_same_bytes(ledger: Path, tmp_path: Path) -> None:
    """In other processes, with other hash seeds, time zones and settings of matplotlib."""
    (tmp_path / "matplotlibrc").write_text(
        "lines.linewidth: 9\nfont.size: 30\nsvg.fonttype: path\n"
    )
    others = (
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"},
        {"PYTHONHASHSEED": "2", "MPLCONFIGDIR": str(tmp_path), "LC_ALL": "C"},
    )
    command = [sys.executable, "-m", "ducktypist", "report", "--out=-", f"--ledger={ledger}"]
    pages = [
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **other}).stdout
        for other in others
    ]
    assert len(pages[0]) > 50_000
    assert pages[0] == pages[1] == html(ledger).encode()


def test_the_same_events_in_another_file_give_the_same_bytes(page: str, tmp_path: Path) -> None:
    """Nothing on the page comes from where or when the ledger was written."""
    assert html(typical(tmp_path / "elsewhere" / "other.db")) == page


def test_the_policy_names_the_style_that_is_there(page: str) -> None:
    """Its hash is that of the style element, and it allows nothing else."""
    found = parsed(page)
    policies = [
        attributes["content"]
        for tag, attributes in found.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    digest = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


@pytest.mark.parametrize("make", [typical, hostile, single])
def test_it_is_made_of_known_elements_only(make: type, tmp_path: Path) -> None:
    """No script, no style attribute, no handler, no address outside of the page."""
    found = parsed(html(make(tmp_path / "ledger.db")))
    assert {tag for tag, _ in found.tags} <= ALLOWED_TAGS
    for tag, attributes in found.tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert str(attributes.get("href", "#")).startswith("#")
        assert "src" not in attributes
        assert tag != "meta" or attributes.get("http-equiv") in {None, "Content-Security-Policy"}
    assert "url(" not in found.style
    assert "@import" not in found.style


def test_hostile_names_are_words(tmp_path: Path) -> None:
    """What others chose stands on the page escaped, and what nobody could see is made visible."""
    text = html(hostile(tmp_path / "ledger.db"))
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "$x^2$" in text
    for sign in "\x00\x07\x1b\u202e\u202c\ufeff\u2028\r":
        assert sign not in text
    # Ten kilobytes of a name are cut everywhere but in a kept text.
    rest = re.sub(r"<pre.*?</pre>", "", text, flags=re.DOTALL)
    assert "m" * 200 not in rest
    assert len(HOSTILE[-1]) == 10_000


def test_an_empty_ledger_says_so(tmp_path: Path) -> None:
    """Nothing is claimed and nothing is drawn; a file that is not there yet is an empty ledger."""
    text = html(tmp_path / "none.db")
    assert "The ledger is empty: no suggestion has been made yet." in text
    assert "<svg" not in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


@pytest.mark.parametrize("seed", range(3))
def test_any_ledger_makes_a_page(tmp_path: Path, seed: int) -> None:
    """Whatever happened in whatever order, the page is whole and knows no NaN."""
    write_randomly(tmp_path / "ledger.db", dice(seed), n_suggestions=120)
    text = html(tmp_path / "ledger.db")
    parsed(text)
    assert not re.search(r"\b(nan|NaN|None|null|True|False)\b", text)


def test_one_right_suggestion_is_no_result(tmp_path: Path) -> None:
    """One of one reads as too few, with the interval that says why."""
    text = html(single(tmp_path / "ledger.db"))
    assert "Too few to say: 1 of 1 verified suggestion was right" in text
    assert "from 21 to 100 %" in text
    assert 'class="few"' in text
    assert "too few" in text


def test_few_are_grey_and_many_are_not(page: str) -> None:
    """A row with fewer than 43 verified is greyed and says why; the others are not."""
    table = page[page.index('aria-label="Right by model') :].split("</table>", maxsplit=1)[0]
    rows = table.split("<tr")[2:]
    n_verified = [int(re.findall(r"of (\d+)</span>", row)[0]) for row in rows]
    assert min(n_verified) < 43 <= max(n_verified)
    for row, n in zip(rows, n_verified, strict=True):
        assert row.startswith(' class="few"') == (n < 43)
        assert ("too few" in row) == (n < 43)


def test_a_filter_is_named_and_holds(ledger: Path) -> None:
    """The page says what it counts, and counts nothing else."""
    wanted = Filter(kind=Kind.FIX, language="go", since_day_utc="2026-02-01")
    text = html(ledger, wanted)
    assert "Counted: kind fix, language go, since 2026-02-01 (UTC)." in text
    assert "complete · " not in text
    none = html(ledger, Filter(language="cobol"))
    assert "No suggestion in the ledger matches this filter." in none


def test_no_tell_is_said_in_so_many_words(tmp_path: Path) -> None:
    """Where what was foretold adds nothing, the sentence of honesty stands there."""
    text = html(typical(tmp_path / "ledger.db", tells=False))
    scores, single_ones = text[text.index('id="tell"') :].split('id="single"')
    for part in (scores, single_ones):
        assert "no tell: its own signals add nothing here; base rate" in part


def test_a_tell_is_not_called_none(page: str) -> None:
    """Where it does add something, it is not; single ones say what was said at the time."""
    assert re.search(r"before running \d+ % \(\d+–\d+, 40 like it\)", page)
    overall = page[page.index("Scores of the foretold") :].split("</tr>")[1]
    assert "all kinds" in overall
    assert "no tell" not in overall


def test_too_few_for_a_diagram_is_said(tmp_path: Path) -> None:
    """Below two hundred there is no reliability diagram, and the page says why."""
    text = html(typical(tmp_path / "ledger.db", n=150))
    assert 'id="reliability-title"' not in text
    assert "A reliability diagram is drawn from 200 verified suggestions" in text


def test_missing_events_are_counted(page: str, ledger: Path) -> None:
    """At the top and at the end; those that a server could not even note are added."""
    assert page.count("3 events are missing") == 2
    assert "because the disk was full" in page
    assert "5 events are missing" in html(ledger, n_unnoted=2)


def test_an_old_label_stays_visible(page: str) -> None:
    """What was right once and is wrong now is listed with both labels and the reason."""
    labels = page[page.index('id="labels"') : page.index('id="single"')]
    assert "was right" in labels
    assert "a test that passed before fails on it" in labels


def test_flips_are_printed_in_both_directions(page: str) -> None:
    """Only first and only second stand apart, with both p-values."""
    flips = page[page.index('id="flips"') : page.index('id="sources"')]
    assert "only first" in flips
    assert "only second" in flips
    assert "Holm" in flips
    assert "duck-1.5b Q8_0" in flips


def test_acceptance_is_called_liking(page: str) -> None:
    """It stands in a section of its own, which says what it measures."""
    right = page[page.index('id="right"') : page.index('id="waiting"')]
    assert "accepted" not in right
    assert "This measures liking, not accuracy" in page


def test_kept_texts_are_shown_and_bounded(ledger: Path, tmp_path: Path) -> None:
    """Where text is kept it stands on the page, escaped; what is too long is cut and counted."""
    assert "return a &lt; b &amp; 1" in html(ledger, n_details=480)
    assert "return a &lt; b &amp; 1" not in html(ledger, n_details=0)
    text = html(hostile(tmp_path / "ledger.db"))
    assert "14,000 characters left out" in text


def test_the_page_stays_small(tmp_path: Path) -> None:
    """A ledger full of different names makes no endless page."""
    text = html(typical(tmp_path / "ledger.db", n=1200), n_details=1000)
    assert len(text.encode()) < 2_000_000


def test_the_file_is_the_owners(tmp_path: Path) -> None:
    """It may hold kept texts, so nobody else may read it, also where one lay there before."""
    place = tmp_path / "a" / "report.html"
    place.parent.mkdir()
    place.write_text("old")
    place.chmod(0o644)
    save(b"new", place)
    assert place.read_bytes() == b"new"
    assert place.stat().st_mode & 0o777 == 0o600
    assert list(place.parent.iterdir()) == [place]
