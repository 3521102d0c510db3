"""Which lenses stand where, and when an editor is told to ask for them again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types

from ducktypist.config import Config, LensConfig
from ducktypist.domain import Document, FailingTest, Span
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.diagnostics import RedTests
from ducktypist.lsp.lenses import LensNews, code_lenses
from ducktypist.lsp.offers import body_of, derace_of, fix_of
from ducktypist.lsp.session import Session
from ducktypist.lsp.window import View
from ducktypist.syntax.regions import functions
from ducktypist.verify.race_reports import WARNING as RACE

REFRESHING = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
    )
)

EMPTY = '''\
import functools


@functools.cache
def shout(text: str = "😀") -> str:  # 😀
    """Return the text in capitals."""


def undocumented():
    pass


def written(text):
    """Return it."""
    return text


class Store(Protocol):
    def get(self):
        """Return it."""
'''

TESTS = """\
import pytest


@pytest.mark.parametrize("one", ["😀", "b"])
def test_each(
    one,
):
    assert one == "a"


class TestShop:
    def test_open(self):
        assert False

    def test_close(self):
        assert True
"""

GO = "package p\n\nfunc TestRaces(t *testing.T) {\n\tt.Parallel()\n}\n"


class Room:
    """A window's session as far as lenses look at it."""

    def __init__(
        self, root: Path, *, client: types.ClientCapabilities | None = None, **lens: bool
    ) -> None:
        self.root = root
        self.red = RedTests()
        self.asked: list[str] = []
        self.app = SimpleNamespace(
            config=Config(lens=LensConfig(**lens)),
            root_of=lambda path: root if path.is_relative_to(root) else None,
        )
        self.client = client or types.ClientCapabilities()
        self.server = SimpleNamespace(protocol=SimpleNamespace(ask=self._ask))

    def turn(self, **lens: bool) -> None:
        """Change the settings."""
        self.app.config = Config(lens=LensConfig(**lens))

    def view(self, name: str, text: str, language: str = "python") -> View:
        """Return an open document."""
        path = self.root / name
        document = Document(uri=path.as_uri(), path=path, language=language, version=1, text=text)
        return View(document=document, mapper=Mapper(text))

    def fails(self, node_id: str, message: str = "no") -> FailingTest:
        """Have a test be red."""
        test = FailingTest(
            node_id=node_id,
            root=self.root,
            path=self.root / node_id.partition("::")[0],
            line=3,
            message=message,
            frames=(),
        )
        self.red.update([test], root=self.root, settled=lambda _: False)
        return test

    def lenses(self, view: View) -> list[types.CodeLens]:
        """Return a document's lenses."""
        self.red.opened(view.document.uri, view.mapper)
        return asyncio.run(code_lenses(cast("Session", self), view))

    def in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it at once: it only notes what was asked."""
        with pytest.raises(StopIteration):
            work.send(None)

    async def _ask(self, method: str, params: object) -> None:
        assert params is None
        self.asked.append(method)


def told(lenses: list[types.CodeLens]) -> list[tuple[str, int]]:
    """Return titles and lines."""
    return [(lens.command.title if lens.command else "", lens.range.start.line) for lens in lenses]


def test_a_body_is_offered_on_the_signature(tmp_path: Path) -> None:
    """Of documented functions without one; with what the code action would be carried out by."""
    room = Room(tmp_path)
    view = room.view("words.py", EMPTY)
    (lens,) = room.lenses(view)
    action = body_of(view.document.uri, functions(EMPTY, "python")[0])
    assert action is not None
    assert lens.command == types.Command(
        title="Write the body of shout",
        tooltip=action.title,
        command="ducktypist.applyAction",
        arguments=[action.data],
    )
    # Both emoji take two UTF-16 units each.
    line = EMPTY.splitlines()[4]
    assert lens.range == types.Range(
        start=types.Position(line=4, character=0),
        end=types.Position(line=4, character=len(line) + 2),
    )


def test_a_stub_has_no_bodies_to_be_written(tmp_path: Path) -> None:
    """Its functions never have any."""
    room = Room(tmp_path)
    assert room.lenses(room.view("words.pyi", EMPTY)) == []


def test_of_several_functions_of_one_name_the_last_is_meant(tmp_path: Path) -> None:
    """An action names its function, so an earlier one is not offered."""
    one = 'def f():\n    """Doc."""\n\n\n'
    room = Room(tmp_path)
    assert told(room.lenses(room.view("a.py", one + one))) == [("Write the body of f", 4)]
    assert room.lenses(room.view("a.py", one + "def f():\n    return 1\n")) == []


def test_red_tests_have_lenses_and_green_ones_none(tmp_path: Path) -> None:
    """One run and one fix for a test, however many of its parameters are red."""
    room = Room(tmp_path)
    first = room.fails("test_a.py::test_each[a::b]")
    room.fails("test_a.py::test_each[b]")
    shop = room.fails("test_a.py::TestShop::test_open")
    room.fails("test_b.py::TestShop::test_close")
    view = room.view("test_a.py", TESTS)
    lenses = room.lenses(view)
    assert told(lenses) == [("Run", 4), ("Fix", 4), ("Run", 11), ("Fix", 11)]
    commands = [(lens.command.command, lens.command.arguments) for lens in lenses if lens.command]
    uri = view.document.uri
    assert commands == [
        ("ducktypist.runTests", [{"uri": uri, "nodeid": "test_a.py::test_each"}]),
        ("ducktypist.applyAction", [fix_of(first).data]),
        ("ducktypist.runTests", [{"uri": uri, "nodeid": "test_a.py::TestShop::test_open"}]),
        ("ducktypist.applyAction", [fix_of(shop).data]),
    ]
    assert all(lens.range.start.line == lens.range.end.line for lens in lenses)


def test_a_data_race_can_be_removed(tmp_path: Path) -> None:
    """Of the test or subtest that reported one, in Go."""
    room = Room(tmp_path)
    room.fails("p/a_test.go::TestRaces")
    racy = room.fails("p/a_test.go::TestRaces/one", f"{RACE}\nRead at 0x1\n")
    lenses = room.lenses(room.view("p/a_test.go", GO, "go"))
    assert told(lenses) == [("Run", 2), ("Fix", 2), ("Remove the data race", 2)]
    action = derace_of(racy)
    command = lenses[-1].command
    assert action is not None
    assert command is not None
    assert command.arguments == [action.data]


@pytest.mark.parametrize(
    ("lens", "titles"),
    [
        ({"bodies": False}, ["Run", "Fix"]),
        ({"tests": False}, ["Write the body of test_new"]),
        ({"bodies": False, "tests": False}, []),
    ],
)
def test_each_kind_can_be_turned_off(
    tmp_path: Path, lens: dict[str, bool], titles: list[str]
) -> None:
    """The other one stays."""
    text = 'def test_new():\n    """It works."""\n'
    room = Room(tmp_path, **lens)
    room.fails("test_a.py::test_new")
    assert [title for title, _ in told(room.lenses(room.view("test_a.py", text)))] == titles


def test_an_editor_is_told_when_other_tests_are_red(tmp_path: Path) -> None:
    """When one turns red or green; not when lines move or the same ones are red again."""
    room = Room(tmp_path, client=REFRESHING)
    news = LensNews(cast("Session", room))
    news.tell()
    assert room.asked == []
    room.fails("test_a.py::test_a")
    news.tell()
    assert room.asked == ["workspace/codeLens/refresh"]
    uri, before = (tmp_path / "test_a.py").as_uri(), Mapper(TESTS)
    room.red.opened(uri, before)
    top = Span(start=0, end=0)
    room.red.edited(uri, before, top, before.replaced(top, "# one\n"))
    room.fails("test_a.py::test_a", "another reason")
    news.tell()
    assert len(room.asked) == 1
    room.red.update((), root=tmp_path, settled=lambda _: True)
    news.tell()
    assert len(room.asked) == 2


def test_an_editor_is_told_when_lenses_are_turned_off(tmp_path: Path) -> None:
    """And not of tests that it shows no lenses for."""
    room = Room(tmp_path, client=REFRESHING)
    news = LensNews(cast("Session", room))
    news.tell()
    room.turn(tests=False)
    news.tell()
    assert len(room.asked) == 1
    room.fails("test_a.py::test_a")
    news.tell()
    assert len(room.asked) == 1


def test_an_editor_that_cannot_be_told_is_asked_nothing(tmp_path: Path) -> None:
    """It sees other lenses when it asks by itself."""
    room = Room(tmp_path)
    news = LensNews(cast("Session", room))
    room.fails("test_a.py::test_a")
    news.tell()
    assert room.asked == []
