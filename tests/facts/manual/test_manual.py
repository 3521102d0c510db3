"""The manual as it is asked: pages, summaries and help texts, and what is remembered of them."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ducktypist.facts.manual import HelpTexts, Manual, Page, remembered
from ducktypist.facts.manual.model import OptionEntry
from ducktypist.facts.manual.remembered import MAX_FILES, RememberedPages

_SOURCE = ".TH TOOL 1\n.SH NAME\n{name} \\- {summary}\n.SH OPTIONS\n.TP\n\\-x, \\-\\-exit\nStops.\n"


def _install(tree: Path, name: str, summary: str = "sort things") -> Path:
    path = tree / "man1" / f"{name}.1"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_SOURCE.format(name=name, summary=summary), encoding="utf-8")
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder of pages."""
    folder = tmp_path / "man"
    folder.mkdir()
    return folder


def _manual(tree: Path, cache: Path | None = None, **given: HelpTexts) -> Manual:
    return Manual(page_dirs=[tree], cache_dir=cache, bundled=False, **given)


def test_the_first_name_that_is_known_is_told_of(tree: Path) -> None:
    """A subcommand's page goes before its command's, and an unknown name is passed over."""
    _install(tree, "vcs")
    manual = _manual(tree)
    assert getattr(manual.page(["vcs-add", "vcs"]), "name", None) == "vcs"
    _install(tree, "vcs-add")
    assert getattr(_manual(tree).page(["vcs-add", "vcs"]), "name", None) == "vcs-add"
    assert manual.page(["nothing"]) is None
    assert manual.page([]) is None


def test_a_page_is_remembered(tree: Path) -> None:
    """What was read once is not looked at again, not even when it is gone."""
    path = _install(tree, "tool")
    manual = _manual(tree)
    page = manual.page(["tool"])
    path.unlink()
    assert page
    assert manual.page(["tool"]) is page
    assert _manual(tree).page(["tool"]) is None


def test_parsed_pages_outlive_the_process(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another manual with the same cache folder need not parse."""
    _install(tree, "tool")
    page = _manual(tree, tmp_path / "cache").page(["tool"])

    def no_parser(*_: object, **__: object) -> Page:
        raise AssertionError

    monkeypatch.setattr("ducktypist.facts.manual.manual.parse_page", no_parser)
    assert page
    assert _manual(tree, tmp_path / "cache").page(["tool"]) == page


def test_a_page_that_changed_is_parsed_again(tree: Path, tmp_path: Path) -> None:
    """The file's size and time are part of what is remembered."""
    path = _install(tree, "tool")
    assert _manual(tree, tmp_path / "cache").page(["tool"])
    _install(tree, "tool", "sort other things")
    os.utime(path, ns=(1, 1))
    page = _manual(tree, tmp_path / "cache").page(["tool"])
    assert page
    assert page.summary == "sort other things"


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"name": 1}', "\0", '{"options": {"a": 1}}'])
def test_a_damaged_file_is_made_again(tree: Path, tmp_path: Path, content: str) -> None:
    """What does not hold a page counts as nothing, and is written anew."""
    _install(tree, "tool")
    page = _manual(tree, tmp_path / "cache").page(["tool"])
    (kept,) = (tmp_path / "cache" / "manual").glob("*.json")
    kept.write_text(content, encoding="utf-8")
    assert _manual(tree, tmp_path / "cache").page(["tool"]) == page
    assert json.loads(kept.read_text(encoding="utf-8"))["name"] == "tool"


def test_a_cache_that_cannot_be_written_is_none(tree: Path, tmp_path: Path) -> None:
    """Pages are read without it."""
    _install(tree, "tool")
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    assert _manual(tree, tmp_path / "cache").page(["tool"])


def _kept(number: int) -> Page:
    entry = OptionEntry(
        names=("-x",), argument=None, argument_optional=False, text="t", detail="t", source="s"
    )
    return Page(name=f"n{number}", section="1", summary="s", source="s", options=(entry,))


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ones that were not asked for the longest go first."""
    assert MAX_FILES <= 400
    monkeypatch.setattr(remembered, "MAX_FILES", 20)
    monkeypatch.setattr(remembered, "_KEPT_AFTER_CLEARING", 15)
    pages = RememberedPages(tmp_path)
    for number in range(21):
        pages.put(_kept(number), number)
        for path in tmp_path.glob("*.json"):
            if path.stat().st_mtime > 1_000_000:
                os.utime(path, (number, number))
    assert len(list(tmp_path.glob("*.json"))) == 15
    assert pages.get(0) is None
    assert pages.get(20) == _kept(20)


def test_what_another_parser_kept_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update, the old pages are neither used nor left behind."""
    pages = RememberedPages(tmp_path)
    pages.put(_kept(1), 1)
    monkeypatch.setattr(remembered, "parser_version", lambda: "new")
    assert pages.get(1) is None
    pages.put(_kept(2), 2)
    assert [path.name.partition("-")[0] for path in tmp_path.glob("*.json")] == ["new"]
    assert not list(tmp_path.glob(".*.part"))


def test_summaries_stand_in_for_pages(tree: Path) -> None:
    """Without a page there is the bundled summary; a page of this machine goes before it."""
    summary = Manual(page_dirs=[tree], cache_dir=None).page(["xargs"])
    assert summary
    assert summary.source == "bundled summary of xargs"
    _install(tree, "xargs")
    page = Manual(page_dirs=[tree], cache_dir=None).page(["xargs"])
    assert page
    assert (page.source, getattr(page.option("-x"), "source", "")) == ("xargs(1)", "xargs(1)")
    assert getattr(page.option("-r"), "source", "") == "bundled summary of xargs"


def test_builtins_are_not_looked_up_among_programs(tree: Path) -> None:
    """A page called read.1 is about something else than the shell's read."""
    _install(tree, "read")
    page = Manual(page_dirs=[tree], cache_dir=None).page(["read"])
    assert page
    assert page.source == "bundled summary of read"


class _Asked(HelpTexts):
    """Help texts of programs that are one file of the test."""

    def __init__(self, file: Path) -> None:
        self.asked: list[Path] = []
        self._file = file
        super().__init__(self._answer)

    def program(self, name: str) -> Path | None:
        return self._file if name == "tool" else None

    def _answer(self, program: Path) -> str:
        self.asked.append(program)
        return "Sorts many things.\n\nOptions:\n  -y, --yes  agrees to it all\n"


def test_a_program_is_asked_where_nothing_else_is_known(tree: Path, tmp_path: Path) -> None:
    """The help text comes last, and is kept as a page is."""
    program = tmp_path / "tool"
    program.write_text("", encoding="utf-8")
    helps = _Asked(program)
    first = _manual(tree, tmp_path / "cache", help_texts=helps).page(["tool"])
    again = _manual(tree, tmp_path / "cache", help_texts=helps).page(["tool"])
    assert first
    assert (first.source, first.summary) == ("tool --help", "Sorts many things")
    assert again == first
    assert helps.asked == [program]
    assert _manual(tree, help_texts=helps).page(["other"]) is None


def test_a_program_with_a_page_is_not_asked(tree: Path, tmp_path: Path) -> None:
    """Nothing is run where the manual page says it."""
    _install(tree, "tool")
    helps = _Asked(tmp_path)
    assert _manual(tree, help_texts=helps).page(["tool"])
    assert helps.asked == []


def test_several_threads_may_ask(tree: Path, tmp_path: Path) -> None:
    """All of them get the same page."""
    for number in range(20):
        _install(tree, f"tool{number}")
    manual = _manual(tree, tmp_path / "cache")
    names = [f"tool{number % 20}" for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        pages = list(threads.map(lambda name: manual.page([name]), names))
    assert [page and page.name for page in pages] == names
