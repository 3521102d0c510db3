"""Where a line is after edits, whatever the edits are and however they are told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Span
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.line_moves import LineMove, Place, line_move, whole_move

MARK = "assert marked(1, '😀')"
TEXT = f"import x\n\n\ndef test_a():\n    y = 1\n    {MARK}\n    z = 2\n"
MARKED = 5
PIECES = ["w", "  ", "\n", "\r\n", "\r", "    x = 1\n", "\n\n", "😀", "é\n", "\x0c", "", "# m\n"]


def moved(text: str, span: Span, new: str) -> tuple[str, LineMove]:
    """Replace a span; return the text and the move, found from what changed alone."""
    before = Mapper(text)
    after = before.replaced(span, new)
    return after.text, line_move(before, span, after)


def line_of(text: str, needle: str) -> int:
    """Return the 0-based line of the only ``needle``, counted without the code under test."""
    head = text[: text.index(needle)].replace("\r\n", "\n").replace("\r", "\n")
    return head.count("\n")


def at(text: str, needle: str, *, end: bool = False) -> int:
    """Return the offset of ``needle``, or of its end."""
    return text.index(needle) + (len(needle) if end else 0)


@pytest.mark.parametrize(
    ("start", "end", "new", "line"),
    [
        pytest.param(0, 0, "import y\n", 6, id="a line above"),
        pytest.param(at(TEXT, "    y"), at(TEXT, f"    {MARK}"), "", 4, id="the line above goes"),
        pytest.param(at(TEXT, "\n    z"), at(TEXT, "\n    z"), "\n    w = 3", 5, id="below"),
        pytest.param(at(TEXT, MARK), at(TEXT, MARK), "if x:\n        ", 6, id="enter before it"),
        pytest.param(at(TEXT, f"    {MARK}"), at(TEXT, f"    {MARK}"), "\n", 6, id="enter above"),
        pytest.param(at(TEXT, "\n    " + MARK), at(TEXT, MARK), "; ", 4, id="joined to the last"),
        pytest.param(at(TEXT, "(1,"), at(TEXT, "(1,"), "\n  ", 5, id="cut in two: its beginning"),
        pytest.param(at(TEXT, "(1,"), at(TEXT, "z = 2"), "", 5, id="its end goes"),
        pytest.param(at(TEXT, "y = 1"), at(TEXT, "(1,"), "w", 4, id="its beginning goes"),
        pytest.param(at(TEXT, "    " + MARK), at(TEXT, "    z"), "", None, id="deleted"),
        pytest.param(at(TEXT, MARK), at(TEXT, MARK, end=True), "", None, id="emptied"),
        pytest.param(at(TEXT, MARK), at(TEXT, MARK, end=True), "w", 5, id="typed over"),
        pytest.param(at(TEXT, "y = 1"), at(TEXT, "z = 2"), "", None, id="deleted with others"),
        pytest.param(0, len(TEXT), "", None, id="all deleted"),
        pytest.param(0, len(TEXT), "# top\n" + TEXT, 6, id="all replaced, one line more"),
        pytest.param(0, len(TEXT), "import z\n" + TEXT, 6, id="one that begins like the first"),
        pytest.param(
            at(TEXT, f"    {MARK}"), at(TEXT, "    z"), f"    a\n    {MARK}\n", 6, id="found again"
        ),
        pytest.param(0, len(TEXT), TEXT.replace("(1,", "(2,"), 5, id="edited, all sent again"),
        pytest.param(
            0, len(TEXT), TEXT.replace("y = 1", "(\n1)").replace("(1,", "(2,"), None, id="no guess"
        ),
    ],
)
def test_where_a_line_goes(start: int, end: int, new: str, line: int | None) -> None:
    """It is followed by what it says, and gone when nothing of that is left."""
    text, move = moved(TEXT, Span(start=start, end=end), new)
    assert move.of(MARKED) == line
    assert 0 <= move.at < Mapper(text).n_lines


@pytest.mark.parametrize("style", ["\n", "\r\n", "\r"])
def test_a_line_at_the_border_of_an_edit(style: str) -> None:
    """Replaced neighbours, with every style of line ends, leave a line as it is."""
    text = f"one{style}{MARK}{style}two{style}"
    above = Span(start=0, end=3 + len(style))
    assert moved(text, above, f"a{style}b{style}")[1].of(1) == 2
    below = Span(start=at(text, "two"), end=len(text))
    assert moved(text, below, "")[1].of(1) == 1


def test_what_moves_nothing_says_so() -> None:
    """Typing within a line moves none; neither does the same text sent again."""
    lines = list(range(Mapper(TEXT).n_lines))
    for same in (moved(TEXT, Span(start=9, end=9), "a")[1], whole_move(Mapper(TEXT), Mapper(TEXT))):
        assert [same.of(line) for line in lines] == lines
        assert same.shift == 0
    typed = moved(TEXT, Span(start=9, end=9), "a")[1]
    assert typed.concerns(1)
    assert not typed.concerns(0)


def test_a_statement_typed_before_another_and_then_enter() -> None:
    """What was followed is what stood there before, not the new line's beginning."""
    place: Place | None = Place(MARKED)
    text = TEXT
    for new in ("w", " = 3", "\n    "):
        at_mark = at(text, MARK)
        assert place is not None
        text, move = moved(text, Span(start=at_mark, end=at_mark), new)
        place = move.of_place(place)
    assert place == Place(MARKED + 1, 4)
    cut = at(text, "(1,")
    text, move = moved(text, Span(start=cut, end=cut), "\n")
    assert move.of_place(place) == place


def test_two_texts_without_anything_in_common() -> None:
    """Nothing is found again, however large they are."""
    large = "".join(f"line {n}\n" for n in range(3000))
    other = "".join(f"{n} {'x' * (n % 50)}\n" for n in range(5000))
    move = whole_move(Mapper(large), Mapper(other))
    assert {move.of(line) for line in range(0, 2999, 100)} == {None}
    assert whole_move(Mapper(large), Mapper("# new\n" + large)).of(2000) == 2001


def is_alone(text: str) -> bool:
    """Tell whether the marker has a line to itself."""
    return Mapper(text).line_span(line_of(text, MARK)).of(text).strip() == MARK


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[float, float, str]]:
    """Draw edits: two places as fractions of the text that is there then, and the new text."""
    one = st.tuples(
        st.floats(0, 1), st.floats(0, 0.2), st.lists(st.sampled_from(PIECES), max_size=4)
    )
    return [(a, b, "".join(new)) for a, b, new in draw(st.lists(one, min_size=1, max_size=8))]


@settings(max_examples=400, deadline=None)
@given(edits(), st.sampled_from(["partial", "whole", "rewritten"]))
def test_after_random_edits_the_line_is_where_its_words_are(
    changes: list[tuple[float, float, str]], how: str
) -> None:
    """As long as the marker is in the text, the line that is named is the marker's.

    Told as a range, as a range with unchanged text around it, or as a whole text.
    """
    text, place = TEXT, Place(MARKED)
    for share, length, new in changes:
        start = int(share * len(text))
        span = Span(start=start, end=min(len(text), start + int(length * len(text))))
        wide = Span(start=max(0, span.start - 7), end=min(len(text), span.end + 7))
        if how == "partial":
            after, move = moved(text, span, new)
        elif how == "rewritten":
            head, tail = text[wide.start : span.start], text[span.end : wide.end]
            after, move = moved(text, wide, head + new + tail)
        else:
            after = text[: span.start] + new + text[span.end :]
            move = whole_move(Mapper(text), Mapper(after))
        if MARK not in after:
            now = move.of_place(place)
            assert now is None or 0 <= now.line < Mapper(after).n_lines
            return
        found = move.of_place(place)
        if how == "partial" or (is_alone(text) and is_alone(after)):
            # Where a whole text is compared, a line with other words too may be another line.
            assert found is not None
        if found is None:
            return
        assert found.line == line_of(after, MARK)
        text, place = after, found


@settings(max_examples=200, deadline=None)
@given(edits())
def test_every_line_after_an_edit_moves_by_as_much(
    changes: list[tuple[float, float, str]],
) -> None:
    """What an edit does not touch moves as the text does; no line gets a place outside of it."""
    text = TEXT
    for share, length, new in changes:
        start = int(share * len(text))
        span = Span(start=start, end=min(len(text), start + int(length * len(text))))
        before = Mapper(text)
        text, move = moved(text, span, new)
        after = Mapper(text)
        for line in range(before.n_lines):
            now = move.of(line)
            assert now is None or 0 <= now < after.n_lines
            if before.line_span(line).start > span.end + 2:
                assert now == line + after.n_lines - before.n_lines
