"""Where red tests stand in the editor, whatever is typed while they run and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from ducktypist.domain import FailingTest, Frame, Span
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.diagnostics import RedTests, name_of

MARK = "assert marked(1, '😀') == 2"
TEST = f"import x\n\n\ndef test_a():\n    y = 1\n    {MARK}\n"
CODE = (
    "def marked(a, b):\n    # why\n    return inner(a)\n\n\ndef inner(a):\n    raise KeyError(a)\n"
)


class Editor:
    """An editor that sends its changes as ranges, or whole texts."""

    def __init__(self, red: RedTests, root: Path) -> None:
        self.red, self.root = red, root
        self.mappers: dict[str, Mapper] = {}

    def uri(self, name: str) -> str:
        """Return a document's URI."""
        return (self.root / name).as_uri()

    def open(self, name: str, text: str) -> None:
        """Open a document."""
        self.mappers[name] = Mapper(text)
        self.red.opened(self.uri(name), self.mappers[name])

    def replace(self, name: str, start: int, end: int, new: str) -> None:
        """Replace a part of it."""
        before, span = self.mappers[name], Span(start=start, end=end)
        after = self.mappers[name] = before.replaced(span, new)
        self.red.edited(self.uri(name), before, span, after)

    def insert(self, name: str, before: str, new: str) -> None:
        """Type text before the first occurrence of another."""
        at = self.mappers[name].text.index(before)
        self.replace(name, at, at, new)

    def delete(self, name: str, text: str) -> None:
        """Delete the first occurrence of a text."""
        at = self.mappers[name].text.index(text)
        self.replace(name, at, at + len(text), "")

    def send(self, name: str, text: str) -> None:
        """Send a whole new text."""
        before = self.mappers[name]
        after = self.mappers[name] = Mapper(text)
        self.red.edited(self.uri(name), before, Span(start=0, end=len(before.text)), after)

    def line(self, name: str, needle: str) -> int:
        """Return the 0-based line of a text."""
        text = self.mappers[name].text
        return text[: text.index(needle)].count("\n")


def failing(root: Path, *, node_id: str = "test_x.py::test_a", message: str = "no") -> FailingTest:
    """Return a red test whose trace goes through two functions of another file."""
    return FailingTest(
        node_id=node_id,
        root=root,
        path=root / "test_x.py",
        line=6,
        first_line=4,
        message=message,
        frames=(
            Frame(path=root / "test_x.py", line=6, function="test_a"),
            Frame(path=root / "x.py", line=3, function="marked"),
            Frame(path=root / "x.py", line=7, function="inner"),
        ),
    )


def every(_: str) -> bool:
    """Settle all tests."""
    return True


@pytest.fixture
def n_moves() -> list[int]:
    """Count the calls that ask for publishing again."""
    return []


@pytest.fixture
def red(n_moves: list[int]) -> RedTests:
    """Return the state of a window."""
    return RedTests(on_moved=lambda: n_moves.append(1))


@pytest.fixture
def editor(red: RedTests, tmp_path: Path) -> Editor:
    """Return an editor with the test and the code open, and the test red."""
    editor = Editor(red, tmp_path)
    editor.open("test_x.py", TEST)
    editor.open("x.py", CODE)
    red.update([failing(tmp_path)], root=tmp_path, settled=every)
    return editor


def shown(red: RedTests, uri: str) -> types.Diagnostic:
    """Return the only diagnostic, as if it was published anew."""
    red._sent.clear()
    (found,) = red.changed_diagnostics()[uri]
    return found


def related(red: RedTests, uri: str) -> dict[str, int]:
    """Return the related places by what is said of them."""
    found = shown(red, uri).related_information or []
    return {item.message: item.location.range.start.line for item in found}


def test_a_red_test_and_where_it_came_from(editor: Editor, red: RedTests) -> None:
    """It stands at the assertion; the frames outside of the test say what happened there."""
    found = shown(red, editor.uri("test_x.py"))
    assert (found.range.start.line, found.code) == (5, "test_x.py::test_a")
    assert found.message == "test_a fails:\nno"
    assert related(red, editor.uri("test_x.py")) == {
        "called here, in marked": 2,
        "raised here, in inner": 6,
    }


def test_every_line_follows_edits(editor: Editor, red: RedTests, n_moves: list[int]) -> None:
    """The failing line, and the related ones in another file; typing in a line moves nothing."""
    editor.insert("test_x.py", "import x", "'''é😀'''\n")
    editor.insert("x.py", "def inner", "# one\n# two\n")
    assert len(n_moves) == 2
    editor.insert("x.py", "raise", "x = 1; ")
    assert len(n_moves) == 2
    uri = editor.uri("test_x.py")
    assert shown(red, uri).range.start.line == editor.line("test_x.py", MARK) == 6
    assert related(red, uri) == {"called here, in marked": 2, "raised here, in inner": 8}
    now = red.get(editor.root, "test_x.py::test_a")
    assert now is not None
    assert (now.line, now.first_line, [frame.line for frame in now.frames]) == (7, 5, [7, 3, 9])
    assert red.through(editor.root / "x.py", 8, 9) == [now]
    assert not red.through(editor.root / "x.py", 6, 7)
    assert red.at(editor.root / "test_x.py", 6, []) == [now]
    assert not red.at(editor.root / "test_x.py", 5, [])


def test_what_is_typed_before_a_line_and_then_enter(editor: Editor, red: RedTests) -> None:
    """The statement that failed is followed, not the one that now stands where it stood."""
    for name, statement in (("test_x.py", MARK), ("x.py", "return inner(a)")):
        for typed in ("z", " = 3", "\n    "):
            editor.insert(name, statement, typed)
    uri = editor.uri("test_x.py")
    assert shown(red, uri).range.start.line == editor.line("test_x.py", MARK) == 6
    assert related(red, uri) == {"called here, in marked": 3, "raised here, in inner": 7}


def test_a_deleted_line(editor: Editor, red: RedTests) -> None:
    """Without its assertion a test is red where it begins; a related place is not shown at all."""
    uri = editor.uri("test_x.py")
    editor.insert("test_x.py", "import x", "\n")
    editor.delete("test_x.py", f"    {MARK}\n")
    assert shown(red, uri).range.start.line == editor.line("test_x.py", "def test_a") == 4
    editor.delete("x.py", "    raise KeyError(a)\n")
    assert related(red, uri) == {"called here, in marked": 2}
    editor.replace("test_x.py", 0, len(editor.mappers["test_x.py"].text), "")
    assert shown(red, uri).range.start.line == 0


def test_a_whole_text_sent_anew(editor: Editor, red: RedTests) -> None:
    """Editors that do not say what changed are followed by comparing."""
    editor.send("test_x.py", "# first\n\n" + TEST.replace("y = 1", "y = 2"))
    editor.send("x.py", CODE.replace("    # why\n", ""))
    uri = editor.uri("test_x.py")
    assert shown(red, uri).range.start.line == 7
    assert related(red, uri) == {"called here, in marked": 1, "raised here, in inner": 5}


def test_what_is_typed_while_it_runs(editor: Editor, red: RedTests) -> None:
    """A run's lines are of the text that it was given; edits since then are followed."""
    root = editor.root
    red.update([], root=root, settled=every)
    with red.following() as since:
        editor.insert("test_x.py", "    y = 1", "    w = 0\n    z = 0\n")
        editor.delete("x.py", "    # why\n")
        red.update([failing(root)], root=root, settled=every, since=since)
    uri = editor.uri("test_x.py")
    assert shown(red, uri).range.start.line == editor.line("test_x.py", MARK) == 7
    assert related(red, uri) == {"called here, in marked": 1, "raised here, in inner": 5}
    editor.insert("test_x.py", "import x", "\n")
    assert shown(red, uri).range.start.line == 8


def test_a_run_that_began_earlier_knows_more_edits(editor: Editor, red: RedTests) -> None:
    """Two runs at a time are each told what changed since it began."""
    root = editor.root
    with red.following() as first:
        editor.insert("test_x.py", "import x", "\n")
        with red.following() as second:
            editor.insert("test_x.py", "import x", "\n")
            late = failing(root, node_id="test_x.py::test_b")
            red.update([late], root=root, settled=lambda _: False, since=first)
            red.update([failing(root)], root=root, settled=lambda _: False, since=second)
    lines = {node_id: red.get(root, node_id) for node_id in red.known_ids(root)}
    assert {key: test and test.line for key, test in lines.items()} == {
        "test_x.py::test_a": 7,
        "test_x.py::test_b": 8,
    }


def test_results_of_the_files_on_disk(editor: Editor, red: RedTests) -> None:
    """What is told of the disk's text is shown where that is in the editor's."""
    root = editor.root
    editor.insert("test_x.py", "import x", "\n\n")
    red.update(
        [failing(root)],
        root=root,
        settled=every,
        texts={root / "test_x.py": TEST, root / "x.py": CODE},
    )
    assert shown(red, editor.uri("test_x.py")).range.start.line == 7


def test_a_file_that_is_opened_later(red: RedTests, tmp_path: Path) -> None:
    """It may be another text by then, such as one that was never saved."""
    texts = {tmp_path / "test_x.py": TEST, tmp_path / "x.py": CODE}
    red.update([failing(tmp_path)], root=tmp_path, settled=every, texts=texts)
    editor = Editor(red, tmp_path)
    editor.open("x.py", "# new\n" + CODE)
    uri = editor.uri("test_x.py")
    assert related(red, uri) == {"called here, in marked": 3, "raised here, in inner": 7}


def test_a_file_that_is_closed_without_being_saved(editor: Editor, red: RedTests) -> None:
    """Its lines are those of the file again."""
    uri = editor.uri("x.py")
    editor.insert("x.py", "def inner", "\n\n\n")
    before = red.closed(uri)
    assert before is not None
    red.reverted(uri, before, CODE)
    places = related(red, editor.uri("test_x.py"))
    assert places == {"called here, in marked": 2, "raised here, in inner": 6}
    assert red.closed(uri) is None


def test_green_removes_and_what_was_not_run_stays(editor: Editor, red: RedTests) -> None:
    """Only what a run settles goes; an empty list is published once."""
    root, uri = editor.root, editor.uri("test_x.py")
    red.changed_diagnostics()
    red.update([], root=root, settled="test_x.py::test_b".__eq__)
    assert red.known_ids(root) == {"test_x.py::test_a"}
    assert red.changed_diagnostics() == {}
    red.update([], root=root / "other", settled=every)
    assert red.known_ids(root) == {"test_x.py::test_a"}
    red.update([], root=root, settled=every)
    assert red.changed_diagnostics() == {uri: []}
    assert red.changed_diagnostics() == {}


def test_a_folder_that_is_closed_takes_its_red_tests_along(editor: Editor, red: RedTests) -> None:
    """Other folders keep theirs."""
    root, other = editor.root, editor.root / "other"
    red.update([failing(other)], root=other, settled=every)
    red.changed_diagnostics()
    red.keep([other])
    assert (red.known_ids(root), len(red.known_ids(other))) == (frozenset(), 1)
    assert red.changed_diagnostics() == {editor.uri("test_x.py"): []}


def test_a_data_race_shows_what_the_detector_says(red: RedTests, tmp_path: Path) -> None:
    """The report's beginning, not its end; its places are none of a traceback."""
    message = "x_test.go:3: bad\nWARNING: DATA RACE\nWrite at 0x1 by goroutine 7:\n" + "  y\n" * 40
    red.update([failing(tmp_path, message=message)], root=tmp_path, settled=every)
    found = shown(red, (tmp_path / "test_x.py").as_uri())
    assert found.message.splitlines()[1:3] == [
        "WARNING: DATA RACE",
        "Write at 0x1 by goroutine 7:",
    ]
    assert "part of the data race, in marked" in related(red, (tmp_path / "test_x.py").as_uri())


@pytest.mark.parametrize(
    ("node_id", "name"),
    [
        ("a.py::test_a[x/y::z]", "test_a"),
        ("a.py::TestX::test_y", "TestX::test_y"),
        ("a/b_test.go::TestX/sub/one", "TestX"),
        ("a.py", ""),
    ],
)
def test_the_name_of_a_test_function(node_id: str, name: str) -> None:
    """Parameters and subtests are left out; a file has no name."""
    assert name_of(node_id) == name


PIECES = ["w", " ", "\n", "\r\n", "    x = 1\n", "é😀\n", "\x0c", "", "# m\n\n"]
Act = tuple[str, float, float, str]


@st.composite
def acts(draw: st.DrawFn) -> list[Act]:
    """Draw what is typed where, before, during and after runs."""
    one = st.tuples(
        st.sampled_from(["test_x.py", "x.py"]),
        st.floats(0, 1),
        st.floats(0, 0.1),
        st.lists(st.sampled_from(PIECES), max_size=3).map("".join),
    )
    return draw(st.lists(one, max_size=6))


def _typed(editor: Editor, act: Act) -> None:
    name, share, length, new = act
    n_chars = len(editor.mappers[name].text)
    start = int(share * n_chars)
    editor.replace(name, start, min(n_chars, start + int(length * n_chars)), new)


def _line_where(editor: Editor, name: str, needle: str) -> int | None:
    text = editor.mappers[name].text
    if needle not in text:
        return None
    return Mapper(text).to_position(text.index(needle)).line


def _own_line(editor: Editor, name: str, needle: str) -> int | None:
    """Return where a statement is, if nothing else stands before it: a run names only the line."""
    line = _line_where(editor, name, needle)
    mapper = editor.mappers[name]
    if line is None or not mapper.line_span(line).of(mapper.text).lstrip().startswith(needle):
        return None
    return line


@settings(max_examples=150, deadline=None)
@given(acts(), acts(), acts())
def test_no_line_is_ever_wrong(before: list[Act], during: list[Act], after: list[Act]) -> None:
    """Random edits before, during and after a run: what stands is where it says.

    A related place is where its words are, or not shown when they are gone.
    """
    root = Path("/made/up/folder")
    red = RedTests()
    editor = Editor(red, root)
    editor.open("test_x.py", TEST)
    editor.open("x.py", CODE)
    for act in before:
        _typed(editor, act)
    at = {
        "test": _own_line(editor, "test_x.py", MARK),
        "called": _own_line(editor, "x.py", "return inner(a)"),
        "raised": _own_line(editor, "x.py", "raise KeyError(a)"),
    }
    if None in at.values():
        return
    with red.following() as since:
        for act in during:
            _typed(editor, act)
        lines: dict[str, int] = {name: line or 0 for name, line in at.items()}
        test = FailingTest(
            node_id="test_x.py::test_a",
            root=root,
            path=root / "test_x.py",
            line=lines["test"] + 1,
            message="no",
            frames=(
                Frame(path=root / "x.py", line=lines["called"] + 1, function="marked"),
                Frame(path=root / "x.py", line=lines["raised"] + 1, function="inner"),
            ),
        )
        red.update([test], root=root, settled=every, since=since)
    for act in after:
        _typed(editor, act)
    uri = editor.uri("test_x.py")
    found = shown(red, uri).range.start.line
    assert 0 <= found < editor.mappers["test_x.py"].n_lines
    places = related(red, uri)
    expected: dict[str, Callable[[], int | None]] = {
        "called here, in marked": lambda: _line_where(editor, "x.py", "return inner(a)"),
        "raised here, in inner": lambda: _line_where(editor, "x.py", "raise KeyError(a)"),
    }
    if _line_where(editor, "test_x.py", MARK) is not None:
        assert found == _line_where(editor, "test_x.py", MARK)
    for message, where in expected.items():
        if where() is not None:
            assert places[message] == where()
        assert 0 <= places.get(message, 0) < editor.mappers["x.py"].n_lines


def test_what_a_reopened_document_had_is_published_again(
    editor: Editor, red: RedTests, n_moves: list[int]
) -> None:
    """Neovim and eglot forget it with the buffer; what turned green meanwhile is cleared."""
    uri = editor.uri("test_x.py")
    assert list(red.changed_diagnostics()) == [uri]
    red.closed(uri)
    assert not n_moves
    editor.open("test_x.py", TEST)
    assert len(n_moves) == 1
    (found,) = red.changed_diagnostics()[uri]
    assert found.code == "test_x.py::test_a"
    red.closed(uri)
    editor.open("test_x.py", TEST)
    red.update([], root=editor.root, settled=every)
    assert red.changed_diagnostics() == {uri: []}
