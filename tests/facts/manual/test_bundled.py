"""Our own summaries: how they are loaded, and how they stand beside a page."""

from __future__ import annotations

import importlib.resources
from dataclasses import replace

import pytest

from ducktypist.facts.manual.bundled import BUILTINS, bundled_page, parse_summary, supplemented
from ducktypist.facts.manual.model import Page
from ducktypist.facts.manual.page_text import parse_page
from ducktypist.facts.manual.sentences import MAX_TEXT, cut

_FOLDER = importlib.resources.files("ducktypist.facts.manual") / "summaries"
_FILES = sorted(file.name for file in _FOLDER.iterdir() if file.name.endswith(".toml"))
_SUMMARY = """
name = "tool"
summary = "sorts things by colour"
standard = "POSIX"
[[option]]
names = ["-c", "--colour"]
argument = "NAME"
argument_optional = true
text = "takes a colour"
detail = "Another one is refused."
[[option]]
names = ["-q", "--quiet"]
argument = ""
text = "says nothing"
"""


@pytest.mark.parametrize("file", _FILES)
def test_every_summary_loads(file: str) -> None:
    """Each file is TOML in our format, and is found by its tool's name."""
    text = (_FOLDER / file).read_text(encoding="utf-8")
    page = parse_summary(text, name=file.removesuffix(".toml"))
    assert bundled_page(page.name) == page
    assert page.summary
    names = [name for entry in page.options for name in entry.names]
    assert all(names)
    for entry in page.options:
        assert entry.text
        assert "\n" not in entry.text
        assert len(entry.text) <= 160
        assert not entry.text.endswith(".") or entry.text.endswith((" .", "..", "etc."))


def test_a_summary_is_a_page() -> None:
    """What the file leaves out is empty, and the source says that it is ours."""
    page = parse_summary(_SUMMARY, name="gtool")
    colour, quiet = page.options
    assert (page.name, page.section, page.source) == ("gtool", "", "bundled summary of tool")
    assert (colour.names, colour.argument, colour.argument_optional) == (
        ("-c", "--colour"),
        "NAME",
        True,
    )
    assert colour.detail == "takes a colour\nAnother one is refused."
    assert (quiet.argument, quiet.argument_optional, quiet.detail) == (None, False, "says nothing")
    assert quiet.source == "bundled summary of tool"


@pytest.mark.parametrize(
    "text",
    ["[[", "x = 1", 'name = "x"', 'name = "x"\nsummary = 1', _SUMMARY + "[[option]]\nnames = [1]",
     'name = "x"\nsummary = "y"\noption = [1]'],
)  # fmt: skip
def test_a_broken_summary_is_an_error(text: str) -> None:
    """What is not in our format is refused as a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        parse_summary(text, name="x")


@pytest.mark.parametrize("name", ["../bundled", "no-such-tool", "", "XARGS", "a/b", "x\0"])
def test_there_is_no_summary_of_other_names(name: str) -> None:
    """Only a name in the folder is one."""
    assert bundled_page(name) is None


def test_names_of_one_thing_share_a_summary() -> None:
    """[ and [[ are told of with test; the page keeps the name that was asked for."""
    page = bundled_page("[")
    assert page
    assert (page.name, page.source) == ("[", "bundled summary of test")
    assert page.option("-nt")


def test_builtins_are_known() -> None:
    """The shell's own commands are told apart from programs."""
    assert {"set", "read", "trap", "local", ":", "["} <= BUILTINS
    assert {"ls", "xargs", "kill"}.isdisjoint(BUILTINS)


def _page() -> Page:
    source = ".TH TOOL 1\n.SH NAME\ntool\n.SH OPTIONS\n.TP\n\\-c \\fIname\\fR\nColours it."
    return parse_page(source, name="tool", section="1")


def test_a_summary_adds_what_a_page_lacks() -> None:
    """The page's word goes first; what it lacks says that it is from the summary."""
    page = supplemented(_page(), parse_summary(_SUMMARY, name="tool"))
    assert page.source == "tool(1)"
    assert page.summary == "sorts things by colour"
    assert [(entry.names, entry.text, entry.source) for entry in page.options] == [
        (("-c",), "Colours it", "tool(1)"),
        (("--colour",), "takes a colour", "bundled summary of tool"),
        (("-q", "--quiet"), "says nothing", "bundled summary of tool"),
    ]


def test_our_words_stand_in_for_a_sentence_that_was_cut() -> None:
    """What the page says at too great length stays in the detail; the source says whose words."""
    long = "When colours are wanted this option makes the tool " + "look " * 60 + "for them."
    entry = replace(_page().options[0], text=cut(long, MAX_TEXT), detail=long)
    page = supplemented(replace(_page(), options=(entry,)), parse_summary(_SUMMARY, name="tool"))
    (shown, *_) = page.options
    assert shown.text == "takes a colour"
    assert shown.source == "bundled summary of tool"
    assert long in shown.detail
    assert "Another one is refused." in shown.detail
