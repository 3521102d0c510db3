"""What is known of the tests of a file, and what is told of each test of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from ducktypist.domain import TestOutcome, TestReport, TestResult
from ducktypist.features.red import TestRun, located, text_on_disk
from ducktypist.lsp.convert import Mapper, uri_to_path
from ducktypist.lsp.diagnostics import RedTests
from ducktypist.lsp.documents import TextDocument, document_snapshot
from ducktypist.lsp.known_tests import known_tests, told_of_tests
from ducktypist.lsp.passed_tests import PassedTests, passed_texts
from ducktypist.lsp.session import Session
from ducktypist.lsp.window import View
from ducktypist.verify.race_reports import WARNING as RACE

TESTS = '''\
import pytest


@pytest.mark.parametrize("one", ["a", "b"])
def test_each(one):
    assert one == "a"


class TestShop:
    def test_open(self):
        """😀"""; assert True  # 😀

    def helper(self):
        pass
'''
GO = "package p\n\nfunc TestAdd(t *testing.T) {\n}\n\nfunc Helper() {\n}\n"


class Room:
    """A window's session as far as known tests look at it; every file is read from the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.red = RedTests()
        self.desk = SimpleNamespace(passed=PassedTests())
        self.app = SimpleNamespace(
            root_of=lambda path: root if path and path.is_relative_to(root) else None,
            is_trusted=lambda _: True,
        )
        workspace = SimpleNamespace(open_document=lambda _: None)
        self.server = SimpleNamespace(
            protocol=SimpleNamespace(workspace=workspace), view=self._view
        )

    def write(self, name: str, text: str) -> str:
        """Write a file and return its URI."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path.as_uri()

    def ran(self, *results: TestResult, errors: Sequence[TestResult] = ()) -> TestRun:
        """Take a run, as the desk does."""
        report = report_of(*results, errors=errors)
        failing, texts = located(report, self.root, text_on_disk(self.root))
        named = {item.node_id for item in results}
        self.red.update(failing, root=self.root, settled=named.__contains__, texts=texts)
        passed = passed_texts(report, text_on_disk(self.root))
        self.desk.passed.update(passed, root=self.root, settled=named.__contains__)
        return TestRun(report=report, failing=failing, ran=(), texts=texts)

    def tests(self, uri: str) -> dict[str, Any]:
        """Return what is known of a file's tests."""
        path = uri_to_path(uri)
        assert path is not None
        # As when the editor opened it: where a link leads is looked up before, and kept.
        self.red.at(path, 0, ())
        return asyncio.run(known_tests(cast("Session", self), uri))

    def states(self, uri: str) -> dict[str, str]:
        """Return the states by node id."""
        return {one["nodeid"]: one["state"] for one in self.tests(uri)["tests"]}

    def _view(self, uri: str) -> View:
        document = TextDocument(uri)
        return View(document=document_snapshot(document), mapper=Mapper(document.source))


def result(node_id: str, outcome: str = "passed", message: str = "") -> TestResult:
    """Return one result."""
    return TestResult(
        node_id=node_id, outcome=TestOutcome(outcome), duration_ms=1.26, message=message
    )


def report_of(*results: TestResult, errors: Sequence[TestResult] = ()) -> TestReport:
    """Return a report of these results."""
    return TestReport(
        results=results,
        collected=(),
        exit_status=0,
        killed=None,
        duration_ms=1.0,
        output_tail="",
        collection_errors=tuple(errors),
    )


def test_tests_are_named_as_their_runner_names_them(tmp_path: Path) -> None:
    """With the range from the signature on, in UTF-16; nothing is known before a run."""
    room = Room(tmp_path)
    told = room.tests(room.write("tests/test_a.py", TESTS))
    assert told["trusted"] is True
    each, shop = told["tests"]
    assert each == {
        "nodeid": "tests/test_a.py::test_each",
        "name": "test_each",
        "range": {"start": {"line": 4, "character": 0}, "end": {"line": 5, "character": 21}},
        "state": "unknown",
    }
    line = TESTS.splitlines()[10]
    assert shop == {
        "nodeid": "tests/test_a.py::TestShop::test_open",
        "name": "TestShop::test_open",
        "range": {
            "start": {"line": 9, "character": 4},
            "end": {"line": 10, "character": len(line) + 2},
        },
        "state": "unknown",
    }
    assert room.states(room.write("p/add_test.go", GO)) == {"p/add_test.go::TestAdd": "unknown"}


def test_a_test_is_as_its_last_run_left_it(tmp_path: Path) -> None:
    """Red with one parameter is red; a run that says nothing of a test changes nothing."""
    room = Room(tmp_path)
    uri, go = room.write("test_a.py", TESTS), room.write("p/add_test.go", GO)
    each, shop, add = (
        "test_a.py::test_each",
        "test_a.py::TestShop::test_open",
        "p/add_test.go::TestAdd",
    )
    room.ran(result(f"{each}[a]"), result(f"{each}[b]", "failed", "no"), result(f"{add}/sub"))
    assert room.states(uri) == {each: "failed", shop: "unknown"}
    assert room.states(go) == {add: "passed"}
    room.ran(result(shop, "xfailed"))
    assert room.states(uri) == {each: "failed", shop: "passed"}
    room.ran(result(f"{each}[a]"), result(f"{each}[b]"), result(shop, "skipped"))
    assert room.states(uri) == {each: "passed", shop: "unknown"}


def test_an_edited_test_is_another_one(tmp_path: Path) -> None:
    """What passed is one text of a test; edits elsewhere in the file leave it alone."""
    room = Room(tmp_path)
    uri = room.write("test_a.py", TESTS)
    each, shop = "test_a.py::test_each", "test_a.py::TestShop::test_open"
    room.ran(result(f"{each}[a]"), result(shop))
    room.write("test_a.py", "import os\n" + TESTS.replace('["a", "b"]', '["a"]'))
    assert room.states(uri) == {each: "unknown", shop: "passed"}


def test_tests_of_a_file_that_cannot_be_read_are_unknown(tmp_path: Path) -> None:
    """They passed once, and cannot be run now."""
    room = Room(tmp_path)
    uri = room.write("test_a.py", TESTS)
    each = "test_a.py::test_each"
    room.ran(result(f"{each}[a]"))
    run = room.ran(errors=[result("test_a.py", "error", "SyntaxError: no")])
    assert set(room.states(uri).values()) == {"unknown"}
    (told,) = told_of_tests(cast("Session", room), run, tmp_path)
    assert told == {
        "nodeid": "test_a.py",
        "outcome": "error",
        "duration_ms": 1.3,
        "message": "SyntaxError: no",
        "uri": uri,
        "line": 0,
    }


def test_functions_that_no_runner_looks_for_are_no_tests(tmp_path: Path) -> None:
    """Unless a run says otherwise: pytest can be told to look elsewhere."""
    room = Room(tmp_path)
    uri = room.write("shop/words.py", TESTS)
    assert room.states(uri) == {}
    room.ran(result("shop/words.py::test_each[a]"))
    assert room.states(uri) == {
        "shop/words.py::test_each": "passed",
        "shop/words.py::TestShop::test_open": "unknown",
    }
    outside = (tmp_path.parent / "elsewhere_test.py").as_uri()
    (tmp_path.parent / "elsewhere_test.py").write_text(TESTS)
    assert room.tests(outside) == {"trusted": False, "tests": []}


def test_of_two_tests_of_one_name_the_last_is_told(tmp_path: Path) -> None:
    """As Python has it, so that no two have one id."""
    room = Room(tmp_path)
    text = "def test_a():\n    assert True\n\n\n"
    (only,) = room.tests(room.write("test_a.py", text + text))["tests"]
    assert only["range"]["start"]["line"] == 4


def test_folders_that_were_closed_are_forgotten(tmp_path: Path) -> None:
    """What passed in the others stays."""
    passed = PassedTests()
    for name in ("one", "other"):
        passed.update({"test_a.py::test_a": "x"}, root=tmp_path / name, settled=lambda _: False)
    passed.keep([tmp_path / "one"])
    assert passed.has(tmp_path / "one", "test_a.py::test_a", "x")
    assert not passed.has(tmp_path / "other", "test_a.py::test_a", "x")


def test_a_file_that_was_written_since_is_left_out() -> None:
    """Nobody knows which text passed."""

    def gone(path: Path) -> str:
        raise FileNotFoundError(path)

    assert passed_texts(report_of(result("test_a.py::test_a")), gone) == {}


def test_a_long_message_is_shortened(tmp_path: Path) -> None:
    """An assertion's end says most, a data race's beginning."""
    room = Room(tmp_path)
    room.write("test_a.py", TESTS)
    room.write("p/add_test.go", GO)
    run = room.ran(
        result("test_a.py::test_each[b]", "failed", "x" * 9000 + "\nE   the end"),
        result("p/add_test.go::TestAdd", "failed", "noise\n" + RACE + "\n" + "y" * 9000),
        result("test_a.py::TestShop::test_open", "skipped", "not today"),
        result("test_a.py::test_each[a]"),
    )
    failed, racy, skipped, passed = told_of_tests(cast("Session", room), run, tmp_path)
    assert len(failed["message"]) == len(racy["message"]) == 2000
    assert failed["message"].endswith("the end")
    assert racy["message"].startswith(RACE)
    assert skipped["message"] == "not today"
    assert passed.keys() == {"nodeid", "outcome", "duration_ms"}


def test_a_place_is_where_the_editor_has_it_now(tmp_path: Path) -> None:
    """What was typed while the test ran has moved its line."""
    room = Room(tmp_path)
    uri = room.write("test_a.py", TESTS)
    failed = result("test_a.py::test_each[b]", "failed", "no")
    run = room.ran(failed)
    room.red.opened(uri, Mapper("# one\n# two\n" + TESTS))
    (told,) = told_of_tests(cast("Session", room), run, tmp_path)
    assert (told["uri"], told["line"]) == (uri, 6)
