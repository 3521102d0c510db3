"""Results that come from elsewhere: piped into ``ducktypist ingest``, or in a JUnit XML file."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.stdio_client import RpcError
from support.windows import Window

pytestmark = [pytest.mark.e2e]

Workspace = Callable[..., Path]

GO = {
    "go.mod": "module m.example\n",
    "p/add.go": "package p\n\nfunc Add(a, b int) int {\n\tpanic(a - b)\n}\n",
    "p/add_test.go": (
        'package p\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n\tAdd(1, 2)\n}\n'
    ),
}
ID = "p/add_test.go::TestAdd"
JUNIT = """<testsuites><testsuite name="p/add.test.ts">
<testcase classname="p/add.test.ts" name="adds" file="p/add.test.ts">{0}</testcase>
</testsuite></testsuites>"""


def events(root: Path, action: str) -> str:
    """Return what ``go test -json`` prints for the one test."""
    said = (
        "panic: -1 [recovered]\n",
        "\n",
        "goroutine 7 [running]:\n",
        "m.example/p.Add(0x1, 0x2)\n",
        f"\t{root}/p/add.go:4 +0x1\n",
        "m.example/p.TestAdd(0xc)\n",
        f"\t{root}/p/add_test.go:6 +0x2\n",
    )
    output = [{"Action": "output", "Test": "TestAdd", "Output": line} for line in said]
    items = [
        {"Action": "run", "Test": "TestAdd"},
        *(output if action == "fail" else []),
        {"Action": action, "Test": "TestAdd", "Elapsed": 0.1},
        {"Action": action},
    ]
    return "".join(json.dumps({"Package": "m.example/p", **item}) + "\n" for item in items)


async def ingest(folder: Path, given: str) -> None:
    """Pipe results into the command, as a shell does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ducktypist", "ingest"),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate(given.encode())
    assert process.returncode == 0, said


async def test_results_of_go_are_shown_and_go(script: Path, workspace: Workspace) -> None:
    """In a folder that nobody trusts: nothing is run. At the line, with where it was raised."""
    root = workspace(GO)
    async with Window.opened(root, script=script, trusted=False) as window:
        uri, code = window.open(root / "p/add_test.go"), window.open(root / "p/add.go")
        await window.command("status")
        await ingest(root, events(root, "fail"))
        (red,) = await window.published(uri, n=1)
        assert (red["code"], red["range"]["start"]["line"]) == (ID, 5)
        assert "panic: -1" in red["message"]
        (related,) = red["relatedInformation"]
        assert related["location"]["uri"] == code
        assert related["location"]["range"]["start"]["line"] == 3
        assert related["message"] == "raised here, in Add"
        await ingest(root, events(root, "pass"))
        await window.published(uri, n=0)


async def test_results_of_a_file_that_is_edited(script: Path, workspace: Workspace) -> None:
    """What is told of the file on disk stands where that is in the unsaved text."""
    root = workspace(GO)
    async with Window.opened(root, script=script, trusted=False) as window:
        uri = window.open(root / "p/add_test.go")
        await window.command("status")
        window.insert(uri, {"line": 2, "character": 0}, "// é\n// 😀\n")
        await ingest(root, events(root, "fail"))
        (red,) = await window.published(uri, n=1)
        assert red["range"]["start"]["line"] == 7


async def test_a_window_that_opens_later_shows_them(script: Path, workspace: Workspace) -> None:
    """In every window of the module's folder, and of a folder around it."""
    root = workspace({f"go/{name}": text for name, text in GO.items()})
    await ingest(root / "go" / "p", events(root / "go", "fail"))
    async with Window.opened(root, script=script, trusted=False) as window:
        uri = window.open(root / "go/p/add_test.go")
        (red,) = await window.published(uri, n=1)
        assert red["code"] == f"go/{ID}"
        assert red["range"]["start"]["line"] == 5


async def test_lines_of_a_file_that_was_written_later_are_not_believed(
    script: Path, workspace: Workspace
) -> None:
    """It stands where the test begins, which is looked up in the file as it is."""
    root = workspace(GO, may_change=True)
    await ingest(root, events(root, "fail"))
    await asyncio.sleep(1.2)
    (root / "p/add_test.go").write_text("// new\n" + GO["p/add_test.go"])
    async with Window.opened(root, script=script, trusted=False) as window:
        uri = window.open(root / "p/add_test.go")
        (red,) = await window.published(uri, n=1)
        assert red["range"]["start"]["line"] == 5
        assert red["relatedInformation"][0]["location"]["range"]["start"]["line"] == 3


async def test_a_junit_file_at_the_configured_place(script: Path, workspace: Workspace) -> None:
    """Shown when it appears, followed when it changes, and forgotten when it goes."""
    root = workspace({"p/add.test.ts": "test('adds', () => {\n  expect(1).toBe(2)\n})\n"})
    path = root.parent / "out" / "junit.xml"
    options = {"tests": {"junit_xml": "../out/junit.xml"}}
    async with Window.opened(root, script=script, trusted=False, options=options) as window:
        uri = window.open(root / "p/add.test.ts")
        await window.command("status")
        path.parent.mkdir()
        path.write_text(JUNIT.format('<failure message="at p/add.test.ts:2:13"/>'))
        (red,) = await window.published(uri, n=1)
        assert (red["code"], red["range"]["start"]["line"]) == ("p/add.test.ts::adds", 1)
        path.write_text(JUNIT.format(""))
        await window.published(uri, n=0)
        path.write_text(JUNIT.format('<failure message="again"/>'))
        await window.published(uri, n=1)
        path.unlink()
        await window.published(uri, n=0)


RACE = """\
==================
WARNING: DATA RACE
Write at 0x00c000012345 by goroutine 8:
  m.example/p.(*Counter).Add()
      {root}/p/counter.go:6 +0x44

Previous read at 0x00c000012345 by goroutine 7:
  m.example/p.(*Counter).Get()
      {root}/p/counter.go:10 +0x44

Goroutine 8 (running) created at:
  m.example/p.TestCount()
      {root}/p/counter_test.go:8 +0x44
==================
    testing.go:1490: race detected during execution of test
"""
RACY = {
    "go.mod": "module m.example\n",
    "p/counter.go": (
        "package p\n\ntype Counter struct{ n int }\n\nfunc (c *Counter) Add() {\n\tc.n++\n}\n\n"
        "func (c *Counter) Get() int {\n\treturn c.n\n}\n\nfunc Other() {}\n"
    ),
    "p/counter_test.go": (
        'package p\n\nimport "testing"\n\nfunc TestCount(t *testing.T) {\n\tc := &Counter{}\n'
        "\tdone := make(chan bool)\n\tgo func() { c.Add(); close(done) }()\n\t_ = c.Get()\n"
        "\t<-done\n}\n"
    ),
}


async def test_a_data_race_offers_its_removal(script: Path, workspace: Workspace) -> None:
    """At the test, and in the functions of both stacks; nowhere else."""
    root = workspace(RACY)
    lines = RACE.format(root=root).splitlines(keepends=True)
    output = [{"Action": "output", "Test": "TestCount", "Output": line} for line in lines]
    items = [{"Action": "run", "Test": "TestCount"}, *output]
    items += [{"Action": "fail", "Test": "TestCount", "Elapsed": 0.1}, {"Action": "fail"}]
    given = "".join(json.dumps({"Package": "m.example/p", **item}) + "\n" for item in items)
    async with Window.opened(root, script=script, trusted=False) as window:
        uri, code = window.open(root / "p/counter_test.go"), window.open(root / "p/counter.go")
        await window.command("status")
        await ingest(root, given)
        (red,) = await window.published(uri, n=1)
        assert "WARNING: DATA RACE" in red["message"]
        titles = {}
        for at, needle in ((uri, "c := &"), (code, "c.n++"), (code, "return c"), (code, "Other()")):
            found = await window.actions(at, needle, only=["refactor.rewrite"])
            titles[needle] = [one["title"] for one in found]
        offer = ["Ducktypist: remove the data race"]
        assert titles == {"c := &": offer, "c.n++": offer, "return c": offer, "Other()": []}
        (action,) = await window.actions(uri, "c := &", only=["refactor.rewrite"])
        assert action["kind"] == "refactor.rewrite"
        assert action["data"]["action"] == "derace"
        assert action["data"]["nodeid"] == "p/counter_test.go::TestCount"
        with pytest.raises(RpcError, match="not trusted"):
            await window.resolved(action)


async def test_hostile_results_are_harmless(script: Path, workspace: Workspace) -> None:
    """What is no report, or names files elsewhere, shows nothing and ends nothing."""
    root = workspace(GO)
    state = root.parent / ".state" / "red"
    state.mkdir(parents=True)
    (state / "a.json").write_text("[" * 10_000)
    red = {"id": "../x.py::t", "outcome": "failed", "message": "no", "frames": []}
    record = {"version": 1, "root": str(root), "made_s": 9e9, "uncollected": [], "not_red": []}
    (state / "b.json").write_text(json.dumps({**record, "red": [red]}))
    (state / "c.json").symlink_to("/dev/zero")
    async with Window.opened(root, script=script, trusted=False) as window:
        uri = window.open(root / "p/add_test.go")
        good = {**red, "id": ID, "message": "\x1b[31mno\u202e"}
        (state / "d.json").write_text(json.dumps({**record, "red": [good]}))
        (only,) = await window.published(uri, n=1)
        assert only["message"].endswith("\nno")
