from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.domain import FileLines, Frame, TestOutcome, TestReport, TestResult
from ducktypist.features.attributing import report_id, unchanged_since, utc_of
from ducktypist.features.runs import Executed, Followed, RunNotes, executed_in
from ducktypist.ledger.later import RunSource, TestRun, TestSeen
from ducktypist.ledger.times import now_utc
from support.outcome_runs import hash_of
from support.workbench import write_tree

SHOP = """def total(prices):
    def one(price):
        return price

    return sum(one(price) for price in prices)


class Cart:
    def add(self, item):
        return item


def other(x):
    return x
"""
TESTS = """from shop import Cart, total


def test_total():
    assert total([1]) == 1


def test_add():
    assert Cart().add(1) == 1


def test_through():
    assert True


class TestMany:
    def test_each(self):
        assert total([2]) == 2
"""
PATH = "tests/test_shop.py"
FAR = "def test_far():\n    total = 3\n    assert total == 3\n"


def keyed(text: str) -> str:
    """Return some keyed hash."""
    return hashlib.blake2b(text.encode(), key=b"k", digest_size=8).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return write_tree(tmp_path, {"shop.py": SHOP, PATH: TESTS, "tests/test_far.py": FAR})


def followed(root: Path, *names: str) -> Followed:
    """Return that suggestions stand in functions of the shop."""
    hashes = frozenset(keyed(hash_of(root / "shop.py", name)) for name in names)
    return Followed(hashes=hashes, paths=("shop.py",))


def passed(name: str, **more: object) -> TestResult:
    """Return a test that passed."""
    one = TestResult(node_id=name, outcome=TestOutcome.PASSED, duration_ms=2.0)
    return replace(one, **more)  # type: ignore[arg-type] # keywords by name


def executed(root: Path, followed: Followed, *results: TestResult) -> list[Executed]:
    """Return what the tests of a report executed."""
    return list(
        executed_in(
            report_of(results),
            root=root,
            followed=followed,
            keyed=keyed,
            text_of=unchanged_since(root, 9e9),
        )
    )


def report_of(results: Iterable[TestResult]) -> TestReport:
    """Return a report."""
    return TestReport(
        results=tuple(results),
        collected=(),
        exit_status=0,
        killed=None,
        duration_ms=1.0,
        output_tail="",
    )


def test_lines_say_which_functions_ran(root: Path) -> None:
    """A line belongs to the innermost function around it; what else mattered is not known."""
    lines = (FileLines(path=root / "shop.py", lines=(5, 3)),)
    lines += (FileLines(path=root / PATH, lines=(5,)),)
    (one,) = executed(root, followed(root, "total"), passed(f"{PATH}::test_total", covered=lines))
    total, inner = (hash_of(root / "shop.py", name) for name in ("total", "total.one"))
    own = hash_of(root / PATH, "test_total")
    assert one.functions == {total: True, inner: None, own: None}
    assert one.test_block == own
    assert one.outside == ""


def test_lines_elsewhere_say_nothing_of_what_is_followed(root: Path) -> None:
    """A test that did not run a file in which a suggestion stands is not looked at."""
    lines = (FileLines(path=root / PATH, lines=(5,)),)
    (one,) = executed(root, followed(root, "total"), passed(f"{PATH}::test_total", covered=lines))
    assert one.functions == {}


@pytest.mark.parametrize(
    ("node_id", "name", "is_named"),
    [
        (f"{PATH}::test_total", "total", True),
        (f"{PATH}::TestMany::test_each[x-1]", "total", True),
        (f"{PATH}::test_add", "Cart.add", True),
        (f"{PATH}::test_add", "total", False),
        (f"{PATH}::test_total", "total.one", False),
        (f"{PATH}::test_gone", "total", False),
        ("tests/test_far.py::test_far", "total", False),
    ],
)
def test_without_lines_a_tests_text_says_what_it_covers(
    root: Path, node_id: str, name: str, *, is_named: bool
) -> None:
    """It must name the function, and its file the place that the function is from."""
    (one,) = executed(root, followed(root, name), passed(node_id))
    block = hash_of(root / "shop.py", name)
    assert one.functions == ({block: True} if is_named else {})


def test_a_failure_that_goes_through_functions_is_of_those(root: Path) -> None:
    """With a traceback outside of the test's file, what the test calls itself does not count."""
    frames = (
        Frame(path=root / PATH, line=5, function="test_total"),
        Frame(path=root / "shop.py", line=10, function="add"),
    )
    bad = passed(f"{PATH}::test_total", outcome=TestOutcome.FAILED, frames=frames)
    (one,) = executed(root, followed(root, "total", "Cart.add"), bad)
    total, add = (hash_of(root / "shop.py", name) for name in ("total", "Cart.add"))
    assert one.functions == {total: False, add: True}
    (plain,) = executed(root, followed(root, "total"), replace(bad, frames=frames[:1]))
    assert plain.functions == {total: True}
    (error,) = executed(
        root, followed(root, "total"), replace(bad, outcome=TestOutcome.ERROR, frames=())
    )
    assert error.functions == {total: None}


def test_a_newer_file_says_nothing(root: Path) -> None:
    """A function or a test that was written after the run may be another one."""
    for path in ("shop.py", PATH):
        report = report_of([passed(f"{PATH}::test_total")])
        made_s = (root / path).stat().st_mtime - 10

        def text_of(relative: Path, path: str = path, made_s: float = made_s) -> str:
            at_s = made_s if relative == Path(path) else 9e9
            return unchanged_since(root, at_s)(relative)

        (one,) = executed_in(
            report, root=root, followed=followed(root, "total"), keyed=keyed, text_of=text_of
        )
        assert one.functions == {}


def test_an_open_buffer_is_what_was_run(root: Path) -> None:
    """The text that counts is that of the run, not the disk's."""
    text_of = unchanged_since(root, 0.0, {Path("shop.py"): "def total(): pass\n"})
    assert text_of(Path("shop.py")) == "def total(): pass\n"
    with pytest.raises(OSError, match=r"test_shop\.py"):
        text_of(Path(PATH))


# --------------------------------------------------------------------------- events


def notes(*hashes: str) -> RunNotes:
    """Return notes of a run in which some functions are followed."""
    return RunNotes(
        project_hash="p",
        followed=Followed(hashes=frozenset(map(keyed, hashes))),
        keyed=keyed,
        run_id="r",
        source=RunSource.PLUGIN,
        ran_utc="2026-01-01T00:00:00.000Z",
    )


def one_test(outcome: TestOutcome = TestOutcome.PASSED, **more: object) -> Executed:
    """Return a test that executed three functions, itself among them."""
    found = Executed(
        node_id="t.py::test",
        outcome=outcome,
        duration_ms=1.0,
        functions={"a": True, "b": None, "t": None},
        test_block="t",
        outside="o",
    )
    return replace(found, **more)  # type: ignore[arg-type] # keywords by name


def seen(found: RunNotes) -> list[TestSeen]:
    """Return what was noted."""
    return [event for event in found.events() if isinstance(event, TestSeen)]


def test_only_followed_functions_are_noted() -> None:
    """A run in which none was executed leaves nothing at all; the test itself is no evidence."""
    empty = notes("c", "t")
    empty.add(one_test())
    assert empty.events() == ()
    found = notes("a")
    found.add(one_test())
    found.add(one_test(TestOutcome.SKIPPED))
    found.add(one_test(TestOutcome.XFAILED))
    found.add(one_test(TestOutcome.ERROR, functions={}))
    run, one = found.events()
    assert isinstance(run, TestRun)
    assert (run.n_passed, run.n_failed, run.n_skipped) == (1, 1, 1)
    assert isinstance(one, TestSeen)
    assert (one.block_hash, one.passed, one.is_direct) == (keyed("a"), True, True)
    assert one.test_block_hash == keyed("t")


def test_the_rest_is_the_same_while_nothing_else_changes() -> None:
    """Its hash leaves the function out, and changes with anything else that was executed."""
    rests = []
    for functions, outside in (
        ({"a": True, "b": None, "t": None}, "o"),
        ({"t": None, "b": None, "A": True}, "o"),
        ({"a": True, "B": None, "t": None}, "o"),
        ({"a": True, "b": None, "t": None}, "O"),
        ({"a": True}, ""),
    ):
        found = notes("a", "A")
        found.add(one_test(functions=functions, outside=outside))
        rests.append(seen(found)[0].rest_hash)
    assert rests[0] == rests[1]
    assert len({rests[0], rests[2], rests[3]}) == 3
    assert rests[4] == ""


def test_the_same_report_is_the_same_run(root: Path) -> None:
    """Its id follows from what it says; where it has no durations, from its time as well."""
    report = report_of([passed("a.py::test")])
    slower = report_of([passed("a.py::test", duration_ms=3.0)])
    assert report_id(report, root=root) == report_id(report, root=root)
    assert report_id(report, root=root) != report_id(slower, root=root)
    assert report_id(report, root=root) != report_id(report, root=root / "tests")
    assert report_id(report, root=root, made_s=1) != report_id(report, root=root, made_s=2)


def test_no_run_is_in_the_future() -> None:
    """A file's time may be ahead of the clock; the ledger's is not."""
    assert utc_of(0.0) == "1970-01-01T00:00:00.000Z"
    assert utc_of(9e9) <= now_utc()
