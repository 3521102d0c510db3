"""Whatever a file holds, reading it ends, raises nothing and keeps the promises of a page."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.facts.manual.help_texts import parse_help
from ducktypist.facts.manual.model import Page
from ducktypist.facts.manual.page_text import MAX_DETAIL, parse_page
from ducktypist.facts.manual.sentences import MAX_TEXT

_PIECES = st.sampled_from(
    [".TP\n", ".TQ\n", '.IP "', ".RS 4\n", ".RE\n", ".PP\n", ".HP\n", ".SS ", ".SH OPTIONS\n",
     ".B ", ".BI ", "\\fB", "\\fI", "\\fR", "\\-", "-x", "--long", "[=", "]", "<", ">", "\n", " ",
     '"', "\\", "\\*(", "\\n(", ".if ", ".ie n ", ".el ", "\\{", "\\}", ".de X\n", "..\n", ".X ",
     ".ds a ", ".nr b 9", "\\\\$1", "\\$*", ".ig\n", ".so man1/x.1\n", ".TS\n", ".TE\n", "\t",
     ".nf\n", ".fi\n", "'br\n", "word", "\x0e", "\x00", "é", "\ud83d\ude00", ".It Fl a Ar b\n",
     ".Bl -tag\n", ".El\n", ".Op Fl ", " Xo\n", ".Xc\n", ".Dd x\n", ".Nm tool\n", ".Sm off\n",
     " , ", " | ", "{}", "+", "(", ")", "=", "!", "expr1 -o expr2", "\x1b[1m", "  ", "Usage: "]
)  # fmt: skip
_SOURCES = st.one_of(
    st.text(max_size=300), st.lists(_PIECES, max_size=120).map("".join)
)  # fmt: skip


def _hold(page: Page) -> None:
    for entry in page.options:
        assert entry.names
        assert all(name and not any(c.isspace() for c in name) for name in entry.names)
        assert entry.text
        assert len(entry.text) <= MAX_TEXT
        assert len(entry.detail) <= MAX_DETAIL
        assert entry.text.splitlines() == [entry.text]
        assert "\x0e" not in entry.text + entry.detail + (entry.argument or "")
        assert page.option(entry.names[0])


@given(_SOURCES)
@settings(max_examples=300, deadline=None)
def test_any_page_is_read(source: str) -> None:
    """Broken roff gives less, never an error."""
    _hold(parse_page(source, name="tool", section="1"))
    _hold(parse_page(".TH X 1\n.SH OPTIONS\n" + source, name="tool", section="1"))
    _hold(parse_page(".Dd x\n.Sh OPTIONS\n.Bl -tag\n.It " + source, name="tool", section="1"))


@given(_SOURCES)
@settings(max_examples=200, deadline=None)
def test_any_help_text_is_read(text: str) -> None:
    """A program may print anything."""
    _hold(parse_help(text, name="tool"))


@pytest.mark.parametrize(
    "piece",
    ["\\\n", ".de A\n.A\n..\n.A\n", ".ds a \\*a\\*a\n\\*a", ".if n \\{\\\n", ".TP\n", "((((",
     "[[[[",
     "\\f[", "\\h'", "-a, ", ".RS\n", ".It Xo\n", ".Op ", "-x  -y  ", '"""', "`", "a. ", "\\n[",
     "  -a\n", ".Bl -tag\n"],
)  # fmt: skip
def test_endless_pages_end(piece: str) -> None:
    """What repeats itself a hundred thousand times is read up to a bound."""
    source = piece * (300_000 // len(piece))
    for head in (".TH X 1\n.SH OPTIONS\n.TP\n\\-x\n", ".Dd x\n.Sh OPTIONS\n.Bl -tag\n.It Fl x\n"):
        _hold(parse_page(head + source, name="tool", section="1"))
    _hold(parse_help(source, name="tool"))
