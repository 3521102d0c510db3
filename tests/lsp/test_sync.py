"""The mirror of open documents follows the editor, whatever characters it holds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types
from pygls.workspace import PositionCodec

from ducktypist.domain import Span
from ducktypist.errors import DucktypistError, StaleError
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.documents import TextDocument, Workspace, document_snapshot

ALPHABETS = {
    "ascii": ["a", "b", " ", "(", "\n"],
    "line ends": ["a", "b", "\n", "\r\n", "\r", "\n\r"],
    "emoji and CJK": ["a", "é", "漢", "😀", "\U0001d4b3", "\n"],
    "combining": ["a", "\u0301", "\u200d", "👩‍💻", "\n"],
    "form feed": ["a", "b", "\x0c", "\n"],
    "vertical tab": ["a", "\x0b", "\n"],
    "separators": ["a", "\x1c", "\x1d", "\x85", "\u2028", "\u2029", "\n", "\r"],
    "lone surrogates": ["a", "\ud800", "\udc00", "😀", "\n"],
}
UNIT_BYTES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


class Reference:
    """An editor that keeps its text as code units, as LSP's positions do."""

    def __init__(self, text: str, encoding: str) -> None:
        self.codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
        self.width = UNIT_BYTES[encoding]
        self.units = [self._units(char) for char in text]

    def _units(self, char: str) -> int:
        return len(char.encode(self.codec, "surrogatepass")) // self.width

    def positions(self, text: str) -> list[types.Position]:
        """Return the position of every place an edit may touch, walking the text by hand."""
        places, line, column, index = [types.Position(0, 0)], 0, 0, 0
        while index < len(text):
            if text[index : index + 2] == "\r\n":
                index, line, column = index + 2, line + 1, 0
            elif text[index] in "\r\n":
                index, line, column = index + 1, line + 1, 0
            else:
                column += self._units(text[index])
                index += 1
            places.append(types.Position(line, column))
        return places

    @staticmethod
    def offsets(text: str) -> list[int]:
        """Return the offsets of the same places."""
        offsets, index = [0], 0
        while index < len(text):
            index += 2 if text[index : index + 2] == "\r\n" else 1
            offsets.append(index)
        return offsets


def make_document(text: str, encoding: str = "utf-16") -> TextDocument:
    """Return an open document."""
    return TextDocument(
        "file:///made/up.py", text, 1, "python", position_codec=PositionCodec(encoding)
    )


def partial(
    start: types.Position, end: types.Position, text: str
) -> types.TextDocumentContentChangePartial:
    """Return one change."""
    return types.TextDocumentContentChangePartial(range=types.Range(start, end), text=text)


@pytest.mark.parametrize("encoding", UNIT_BYTES)
@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS.keys())
def test_random_edits_keep_the_mirror_equal(alphabet: list[str], encoding: str) -> None:
    """After any sequence of edits the text, its lines and its index equal a fresh computation."""
    rnd = random.Random(f"{alphabet}{encoding}")  # noqa: S311 - a test's
    for _ in range(15):
        text = "".join(rnd.choices(alphabet, k=rnd.randint(0, 60)))
        document = make_document(text, encoding)
        reference = Reference(text, encoding)
        for _ in range(40):
            places, offsets = reference.positions(text), reference.offsets(text)
            first, last = sorted(rnd.choices(range(len(places)), k=2))
            inserted = "".join(rnd.choices(alphabet, k=rnd.randint(0, 6)))
            document.apply_change(partial(places[first], places[last], inserted))
            text = text[: offsets[first]] + inserted + text[offsets[last] :]
            assert document.source == text
            fresh = Mapper(text, encoding)
            assert document.mapper._line_starts == fresh._line_starts
        assert "".join(document.lines) == text
        for place, offset in zip(reference.positions(text), reference.offsets(text), strict=True):
            assert document.offset_at_position(place) == offset
            assert document.client_position_at_offset(offset) == place


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.sampled_from("ab\r\n😀é"), max_size=25),
    inserted=st.text(st.sampled_from("a\r\n😀"), max_size=5),
    data=st.data(),
)
def test_a_spliced_index_is_a_fresh_one(text: str, inserted: str, data: st.DataObject) -> None:
    """Replacing any span, even inside a CRLF, gives the line starts of the new text."""
    start = data.draw(st.integers(0, len(text)))
    span = Span(start=start, end=data.draw(st.integers(start, len(text))))
    spliced = Mapper(text).replaced(span, inserted)
    assert spliced.text == text[: span.start] + inserted + text[span.end :]
    assert spliced._line_starts == Mapper(spliced.text)._line_starts


def test_a_reversed_range_changes_nothing_and_is_noticed() -> None:
    """An edit with its range reversed is refused with the edits beside it, until a full text."""
    document = make_document("one\ntwo\n")
    good = partial(types.Position(0, 0), types.Position(0, 0), "x")
    bad = partial(types.Position(1, 0), types.Position(0, 1), "y")
    assert not document.apply_changes([good, bad])
    assert document.source == "one\ntwo\n"
    with pytest.raises(StaleError):
        document_snapshot(document)
    assert document.apply_changes([good])
    with pytest.raises(StaleError):
        document_snapshot(document)
    assert document.apply_changes([types.TextDocumentContentChangeWholeDocument(text="new")])
    assert document_snapshot(document).text == "new"


def test_a_position_inside_a_character_is_moved_behind_it() -> None:
    """Half a surrogate pair, or half a UTF-8 sequence, is never cut off."""
    assert make_document("a😀b").offset_at_position(types.Position(0, 2)) == 2
    assert make_document("a漢b", "utf-8").offset_at_position(types.Position(0, 2)) == 2


def test_positions_outside_are_moved_inside() -> None:
    """A column past the end means the line's end, a line past the end the text's."""
    document = make_document("ab\r\ncd")
    assert document.offset_at_position(types.Position(0, 99)) == 2
    assert document.offset_at_position(types.Position(9, 9)) == 6


def test_a_change_of_a_document_that_is_not_open_is_ignored() -> None:
    """Nothing is opened by changing it."""
    workspace = Workspace(None)
    identifier = types.VersionedTextDocumentIdentifier(version=2, uri="file:///never.py")
    assert workspace.apply_changes(identifier, [types.TextDocumentContentChangeWholeDocument("x")])
    assert workspace.open_document("file:///never.py") is None


def test_an_edit_moves_the_version() -> None:
    """The version is the one that the editor named; a refused edit does not move it."""
    workspace = Workspace(None)
    workspace.put_text_document(types.TextDocumentItem("file:///a%20b.py", "python", 1, "x\ny"))
    identifier = types.VersionedTextDocumentIdentifier(version=7, uri="file:///a%20b.py")
    workspace.apply_changes(identifier, [types.TextDocumentContentChangeWholeDocument("z\nz")])
    document = workspace.open_document("file:///a b.py")
    assert document is not None
    assert (document.version, document.source) == (7, "z\nz")
    later = types.VersionedTextDocumentIdentifier(version=8, uri="file:///a%20b.py")
    assert not workspace.apply_changes(
        later, [partial(types.Position(1, 0), types.Position(0, 0), "")]
    )
    assert document.version == 7


def test_an_unopened_file_is_read_with_its_line_ends(tmp_path: Path) -> None:
    """A file that is not open keeps CRLF; a missing one is an error that says what to do."""
    path = tmp_path / "crlf file.py"
    path.write_bytes(b"a\r\nb\xff")
    workspace = Workspace(None)
    assert workspace.get_text_document(path.as_uri()).source == "a\r\nb\udcff"
    with pytest.raises(DucktypistError, match="open it"):
        _ = workspace.get_text_document((path / "missing").as_uri()).source
    with pytest.raises(DucktypistError, match="open it"):
        _ = workspace.get_text_document("file:///a%00b").source
