from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from ducktypist.domain import Frame, TestOutcome, TestReport, TestResult
from ducktypist.errors import RunnerError
from ducktypist.watch import (
    LASTFAILED,
    JunitResults,
    LastFailed,
    Record,
    file_changes,
    junit_changes,
    lastfailed_changes,
    parse_junit,
    read_junit,
    read_lastfailed,
    read_record,
    record_changes,
    record_path,
    write_record,
)
from ducktypist.watch import lastfailed as lastfailed_module
from ducktypist.watch.go_json import parse_go_test_json
from ducktypist.watch.node_ids import clean, is_inside, is_node_id
from support.engines import until_async

WAIT_S = 20.0


def record(root: Path, *node_ids: str) -> None:
    """Write what pytest writes after a run with these red tests."""
    path = root / LASTFAILED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict.fromkeys(node_ids, True)))


@pytest.fixture
def n_read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose record was read so far, the first look before the watch included."""
    found: list[Path] = []

    def noting(root: Path) -> LastFailed | None:
        read = read_lastfailed(root)
        found.append(root)
        return read

    monkeypatch.setattr(lastfailed_module, "read_lastfailed", noting)
    return found


async def following(changes: AsyncIterator[LastFailed]) -> LastFailed:
    """Return the next change."""
    return await asyncio.wait_for(anext(changes), WAIT_S)


async def next_after(
    changes: AsyncIterator[LastFailed], act: Callable[[], object], n_read: list[Path], n: int
) -> LastFailed:
    """Start to wait, do something after the first look, and return the change it made."""
    waiting = asyncio.ensure_future(following(changes))
    await until_async(lambda: len(n_read) >= n)
    while not waiting.done():
        # Repeated, because nobody can tell when the system has begun to watch.
        await asyncio.to_thread(act)
        await asyncio.wait({waiting}, timeout=1.0)
    return waiting.result()


async def test_each_run_of_pytest_is_seen(tmp_path: Path, n_read: list[Path]) -> None:
    """The record is followed from its first appearance to its removal, which means all green."""
    changes = lastfailed_changes([tmp_path])
    seen = await next_after(changes, partial(record, tmp_path, "t.py::test_a"), n_read, 1)
    assert seen == LastFailed(root=tmp_path, node_ids=("t.py::test_a",))
    seen = await next_after(
        changes, partial(record, tmp_path, "t.py::test_a", "t.py::test_b[x-é]"), n_read, 1
    )
    assert seen.node_ids == ("t.py::test_a", "t.py::test_b[x-é]")
    seen = await next_after(
        changes, partial((tmp_path / LASTFAILED).unlink, missing_ok=True), n_read, 1
    )
    assert seen.node_ids == ()
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_roots_are_told_apart(tmp_path: Path, n_read: list[Path]) -> None:
    """With several folders the change says whose it is."""
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        record(root, "t.py::old")
    changes = lastfailed_changes(roots)
    seen = await next_after(changes, partial(record, roots[1], "t.py::new"), n_read, 2)
    assert seen == LastFailed(root=roots[1], node_ids=("t.py::new",))
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_no_folders_no_waiting() -> None:
    """Without anything to watch it ends at once."""
    assert [item async for item in lastfailed_changes([])] == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b"[" * 100_000, b"x" * 9_000_000, b'{"a": tru'],
)
def test_garbage_is_no_record(tmp_path: Path, raw: bytes) -> None:
    """Half-written, foreign, deep or huge files are passed over."""
    path = tmp_path / LASTFAILED
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    assert read_lastfailed(tmp_path) is None


def test_only_red_node_ids_count(tmp_path: Path) -> None:
    """Values other than true are not red; a missing file is no record."""
    assert read_lastfailed(tmp_path) is None
    path = tmp_path / LASTFAILED
    path.parent.mkdir(parents=True)
    path.write_text('{"a.py::x": true, "a.py::y": false, "a.py::z": 1, "b.py": true}')
    assert read_lastfailed(tmp_path) == LastFailed(root=tmp_path, node_ids=("a.py::x", "b.py"))
    path.unlink()
    path.mkdir()
    assert read_lastfailed(tmp_path) is None
    path.rmdir()
    os.mkfifo(path)
    assert read_lastfailed(tmp_path) is None


def test_ids_that_lead_out_of_the_folder_do_not_count(tmp_path: Path) -> None:
    """The record is anybody's: it names tests of files below the root, and hides nothing."""
    bad = ["/dev/zero::x", "../a.py::x", "a/../../b.py", "::x", "a.py::\x1b[2J", "a.py::\u202ex"]
    record(tmp_path, *bad, "x" * 2000, "ok.py::test_é[\\x1b]")
    assert read_lastfailed(tmp_path) == LastFailed(
        root=tmp_path, node_ids=("ok.py::test_é[\\x1b]",)
    )
    record(tmp_path, *(f"a.py::test_{number}" for number in range(5000)))
    read = read_lastfailed(tmp_path)
    assert read is not None
    assert len(read.node_ids) == 2000


# --------------------------------------------------------------------------- files


async def until_changed(path: Path, act: Callable[[], object], files: dict[Path, Path]) -> None:
    """Wait until a change of a file is told, doing something to it again and again."""
    changes = file_changes(lambda: files)
    waiting = asyncio.ensure_future(anext(changes))
    try:
        async with asyncio.timeout(WAIT_S):
            while not waiting.done():
                await asyncio.to_thread(act)
                await asyncio.wait({waiting}, timeout=0.5)
        assert waiting.result() == (path,)
    finally:
        waiting.cancel()
        await changes.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_file_in_folders_that_are_not_there_yet(tmp_path: Path) -> None:
    """Its folders are made, and then it is seen."""
    path = tmp_path / "build" / "reports" / "junit.xml"

    def act() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")

    await until_changed(path, act, {path: tmp_path, tmp_path / "other": tmp_path})


async def test_what_is_there_at_the_beginning(tmp_path: Path) -> None:
    """It is told at once where that was asked for; each file once."""
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    files = {tmp_path / name: tmp_path for name in "abc"}
    changes = file_changes(lambda: files, at_once=True)
    assert await anext(changes) == (tmp_path / "a", tmp_path / "b")
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


# --------------------------------------------------------------------------- ingested results


def result(node_id: str, outcome: str, message: str = "", *frames: Frame) -> TestResult:
    """Return one result."""
    return TestResult(
        node_id=node_id,
        outcome=TestOutcome(outcome),
        duration_ms=1.0,
        message=message,
        frames=frames,
    )


def report(*results: TestResult, uncollected: tuple[TestResult, ...] = ()) -> TestReport:
    """Return a report."""
    return TestReport(
        results=results,
        collected=(),
        exit_status=1,
        killed=None,
        duration_ms=1.0,
        output_tail="",
        collection_errors=uncollected,
    )


def test_a_record_comes_back_as_it_went(tmp_path: Path) -> None:
    """Red tests with their messages and places, and which tests are not red."""
    root, folder = tmp_path / "r", tmp_path / "state" / "red"
    root.mkdir()
    frame = Frame(path=root / "a.go", line=3, function="Add")
    red = result("a_test.go::TestAdd/é", "failed", "no\n\tgood", frame)
    unread = result("b_test.go", "error", "syntax")
    green = result("a_test.go::TestOk", "skipped")
    given = Record(root=root, made_s=12.5, report=report(red, green, uncollected=(unread,)))
    path = write_record(folder, given)
    assert path == record_path(folder, root)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [item.name for item in folder.iterdir()] == [path.name]
    read = read_record(path)
    assert read is not None
    assert (read.root, read.made_s) == (root, 12.5)
    (again, passed), (error,) = read.report.results, read.report.collection_errors
    assert (again.node_id, again.outcome, again.message, again.frames) == (
        red.node_id,
        red.outcome,
        red.message,
        red.frames,
    )
    assert (passed.node_id, passed.outcome) == (green.node_id, TestOutcome.PASSED)
    assert (error.node_id, error.outcome, error.message) == ("b_test.go", "error", "syntax")


def test_one_root_has_one_record(tmp_path: Path) -> None:
    """However it is named; another root has another."""
    root, folder = tmp_path / "r", tmp_path / "red"
    root.mkdir()
    (tmp_path / "link").symlink_to(root)
    assert record_path(folder, tmp_path / "link") == record_path(folder, root)
    assert record_path(folder, tmp_path) != record_path(folder, root)


def test_hostile_output_is_cleaned_and_bounded(tmp_path: Path) -> None:
    """Terminal escapes, hidden characters and endless texts do not reach a window."""
    outside = Frame(path=Path("/etc/passwd"), line=1, function="x")
    items = [
        result("a_test.go::T", "failed", "\x1b[31mred\x1b[0m\x00\u202e" + "x" * 100_000, outside),
        result("../b_test.go::T", "failed"),
        result("/etc/passwd", "failed"),
        result("a_test.go::\x1b[2J", "failed"),
        *(result(f"a_test.go::T{number}", "failed", "no") for number in range(3000)),
    ]
    path = write_record(tmp_path, Record(root=tmp_path, made_s=0.0, report=report(*items)))
    read = read_record(path)
    assert read is not None
    found = {item.node_id: item for item in read.report.results}
    assert len(found) < 2001
    assert len(found["a_test.go::T"].message) <= 10_000
    assert set(found["a_test.go::T"].message) == {"x"}
    assert not found["a_test.go::T"].frames
    assert not [node_id for node_id in found if not node_id.startswith("a_test.go::T")]


GOOD = {"version": 1, "root": "/r", "made_s": 1.0, "red": [], "uncollected": [], "not_red": []}
RED = {"id": "a.py::t", "outcome": "failed", "message": "", "frames": []}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"\xff",
        {},
        [],
        {**GOOD, "version": 2},
        {**GOOD, "root": "r"},
        {**GOOD, "root": 3},
        {**GOOD, "red": {}},
        {**GOOD, "red": [3]},
        {**GOOD, "red": [{**RED, "outcome": "fine"}]},
        {**GOOD, "red": [{**RED, "frames": [["a.py", 1]]}]},
        {**GOOD, "made_s": "x"},
        {key: item for key, item in GOOD.items() if key != "not_red"},
    ],
)
def test_what_is_no_record(tmp_path: Path, content: object) -> None:
    """Damaged, foreign and newer files are passed over."""
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    assert read_record(path) is None
    path.write_text(json.dumps({**GOOD, "red": [RED]}))
    assert read_record(path) is not None


def test_frames_of_a_record_are_inside_of_its_root(tmp_path: Path) -> None:
    """Others are left out, as are lines that are none."""
    frames = [["../x.py", 1, "f"], ["/etc/passwd", 1, "f"], ["a.py", 0, "f"], ["a.py", "1", "f"]]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**GOOD, "red": [{**RED, "frames": [*frames, ["b/a.py", 2, "f"]]}]}))
    read = read_record(path)
    assert read is not None
    (only,) = read.report.results[0].frames
    assert only == Frame(path=Path("/r/b/a.py"), line=2, function="f")


async def test_where_no_record_can_be_kept_none_is_followed(tmp_path: Path) -> None:
    """A state folder that cannot be made ends the following, and is no failure of the server."""
    (tmp_path / "file").write_text("")
    assert [each async for each in record_changes(tmp_path / "file" / "red", [tmp_path])] == []


async def test_records_are_seen_at_once_and_when_they_change(tmp_path: Path) -> None:
    """Those of a window's folder, and of folders in it with their ids made relative to it."""
    root, folder = tmp_path / "r", tmp_path / "red"
    (root / "go" / "m").mkdir(parents=True)
    other = Record(root=tmp_path, made_s=1.0, report=report(result("a.py::t", "failed")))
    await asyncio.to_thread(write_record, folder, other)
    own = Record(root=root, made_s=2.0, report=report(result("a.py::t", "failed")))
    await asyncio.to_thread(write_record, folder, own)
    changes = record_changes(folder, [root])
    seen_root, seen = await asyncio.wait_for(anext(changes), WAIT_S)
    assert (seen_root, seen.report.results[0].node_id) == (root, "a.py::t")
    waiting = asyncio.ensure_future(anext(changes))
    below = Record(
        root=root / "go" / "m",
        made_s=3.0,
        report=report(result("p/a_test.go::T", "failed"), uncollected=(result("x", "error"),)),
    )
    async with asyncio.timeout(WAIT_S):
        while not waiting.done():
            await asyncio.to_thread(write_record, folder, below)
            await asyncio.wait({waiting}, timeout=0.5)
    seen_root, seen = waiting.result()
    assert (seen_root, seen.root) == (root, root)
    assert [item.node_id for item in seen.report.results] == ["go/m/p/a_test.go::T"]
    assert [item.node_id for item in seen.report.collection_errors] == ["go/m/x"]
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("a\r\x00\x07\x9b\ud800b", "ab"),
        ("a\u200b\u202e\u2066\ufeffb", "ab"),
        ("é漢😀", "é漢😀"),
    ],
)
def test_what_hides_is_left_out(raw: str, cleaned: str) -> None:
    """Words stay; what moves, colours or hides them goes."""
    assert clean(raw) == cleaned


def test_paths_inside() -> None:
    """A path is relative and does not climb; an id begins with such a path."""
    assert all(is_inside(path) for path in ("a", "a/b.py", "a..b", "é"))
    assert not any(is_inside(path) for path in ("", "/a", "..", "a/../b", "a\0"))
    assert is_node_id("a/b.py::T::x[../y]")
    assert not is_node_id("../a.py::x")


# --------------------------------------------------------------------------- JUnit XML

JUNIT = """<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="t.test_a" name="test_one" time="0.1"/>
<testcase classname="t.test_a" name="test_two"><failure message="assert 1 == 2">t/test_a.py:7: in
\x1b test_two</failure></testcase></testsuite></testsuites>""".replace("\x1b", "")


def test_a_junit_file(tmp_path: Path) -> None:
    """Outcomes, messages, and the line of the test's file that the message names."""
    (tmp_path / "t").mkdir()
    (tmp_path / "t/test_a.py").write_text("\n" * 9)
    (tmp_path / "out.xml").write_text(JUNIT)
    read = read_junit(tmp_path, "out.xml")
    assert read.report is not None
    assert read.made_s == (tmp_path / "out.xml").stat().st_mtime
    one, two = read.report.results
    assert (one.node_id, one.outcome) == ("t/test_a.py::test_one", TestOutcome.PASSED)
    assert two.outcome is TestOutcome.FAILED
    assert two.frames == (Frame(path=tmp_path / "t/test_a.py", line=7, function=""),)
    assert read_junit(tmp_path, "none.xml") == JunitResults(root=tmp_path, report=None, made_s=0.0)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"<a", "not well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><testsuites/>', "document type"),
        (b"<html/>", "first element is <html>"),
        (b'<testsuite><testcase name="x" classname="y"/></testsuite>', "1 tests and says of none"),
    ],
)
def test_a_junit_file_that_is_not_understood(tmp_path: Path, raw: bytes, said: str) -> None:
    """The reason is told, and nothing is taken for green."""
    (tmp_path / "out.xml").write_bytes(raw)
    read = read_junit(tmp_path, "out.xml")
    assert read.report is None
    assert said in read.problem
    with pytest.raises(RunnerError):
        parse_junit(raw, tmp_path)


async def test_a_junit_file_is_followed(tmp_path: Path) -> None:
    """At once, after each change, and when it is gone."""
    (tmp_path / "t").mkdir()
    (tmp_path / "t/test_a.py").write_text("")
    path = tmp_path / "out.xml"
    path.write_text(JUNIT)
    changes = junit_changes([tmp_path], "out.xml")
    first = await asyncio.wait_for(anext(changes), WAIT_S)
    assert first.report is not None
    waiting = asyncio.ensure_future(anext(changes))
    async with asyncio.timeout(WAIT_S):
        while not waiting.done():
            await asyncio.to_thread(path.unlink, missing_ok=True)
            await asyncio.wait({waiting}, timeout=0.5)
    assert waiting.result().report is None
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


# --------------------------------------------------------------------------- go test -json

GO_TEST = 'package p\n\nimport "testing"\n\nfunc TestA(t *testing.T) {\n\tt.Fatal(1)\n}\n'


def events(*said: dict[str, object]) -> list[bytes]:
    """Return the lines of ``go test -json``."""
    return [json.dumps({"Package": "m.example/p", **item}).encode() + b"\n" for item in said]


@pytest.fixture
def go_root(tmp_path: Path) -> Path:
    """Return a module with one test."""
    (tmp_path / "p").mkdir()
    (tmp_path / "go.mod").write_text("module m.example\n")
    (tmp_path / "p" / "a_test.go").write_text(GO_TEST)
    return tmp_path


def test_the_events_of_go(go_root: Path) -> None:
    """A test's file, outcome, message and failing line; other lines are passed over."""
    found = parse_go_test_json(
        [
            b"go: downloading something\n",
            b"{not json\n",
            b'{"Action": 3}\n',
            *events(
                {"Action": "run", "Test": "TestA"},
                {"Action": "output", "Test": "TestA", "Output": "    a_test.go:6: 1\n"},
                {"Action": "fail", "Test": "TestA", "Elapsed": "x"},
                {"Action": "fail", "Test": "TestA", "Elapsed": 0.5},
                {"Action": "fail"},
            ),
        ],
        go_root,
    )
    (only,) = found.results
    assert (only.node_id, only.outcome) == ("p/a_test.go::TestA", TestOutcome.FAILED)
    assert only.duration_ms == 500
    assert only.frames == (Frame(path=go_root / "p/a_test.go", line=6, function="TestA"),)


def test_a_go_package_that_does_not_build(go_root: Path) -> None:
    """It is an error of its test file, with what the compiler said."""
    path = "m.example/p [m.example/p.test]"
    found = parse_go_test_json(
        events(
            {"ImportPath": path, "Action": "build-output", "Output": "# m.example/p\n"},
            {
                "ImportPath": path,
                "Action": "build-output",
                "Output": "p/a_test.go:6:2: undefined: x\n",
            },
            {"ImportPath": path, "Action": "build-fail"},
            {"Action": "output", "Output": "FAIL\tm.example/p [build failed]\n"},
            {"Action": "fail"},
        ),
        go_root,
    )
    assert not found.results
    (only,) = found.collection_errors
    assert only.node_id == "p/a_test.go"
    assert "undefined: x" in only.message
    assert [frame.line for frame in only.frames] == [6]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "holds no event"),
        ([b"ok  \tm.example/p\t0.1s\n"], "holds no event"),
        (events({"Action": "start", "Package": "other.example"}), "(other.example)"),
    ],
)
def test_no_events_of_this_folder(go_root: Path, lines: list[bytes], said: str) -> None:
    """Plain output, and events of packages that are elsewhere, are refused with advice."""
    with pytest.raises(RunnerError) as refused:
        parse_go_test_json(lines, go_root)
    assert said in str(refused.value)
