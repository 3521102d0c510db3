"""Red tests as the editor shows them: where they stand, when they move, when they go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.stdio_client import RpcError
from support.windows import Window, position

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]

RED = "tests/test_sums.py::test_adds"
LASTFAILED = ".pytest_cache/v/cache/lastfailed"

CRASH = {
    "sums.py": "def add_up(first, second):\n    return first - seconds\n",
    "tests/test_sums.py": (
        "from sums import add_up\n\n\ndef test_adds():\n    assert add_up(2, 3) == 5\n"
    ),
    "pytest.ini": "[pytest]\npythonpath = .\n",
}


async def test_a_red_test_follows_edits_above_it(script: Path, workspace: Workspace) -> None:
    """The next run and the next offer are about the line where the failure stands now."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        (red,) = await window.published(uri, n=1)
        assert red["range"]["start"]["line"] == 4
        window.insert(uri, {"line": 0, "character": 0}, "# one\n# two\n# three\n")
        # A run of another test publishes again; this one was not run and has moved along.
        await window.command("runTests", {"nodeid": "tests/test_sums.py::test_zero"})
        (moved,) = window.diagnostics(uri)
        assert moved["range"]["start"]["line"] == 7
        action = await window.action(uri, "assert add_up(2, 3)", "fix failing test")
        assert action["diagnostics"][0]["code"] == RED


async def test_a_red_test_goes_when_it_passes(script: Path, workspace: Workspace) -> None:
    """Mended in an unsaved buffer it passes; the diagnostic and the offer are gone."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri, code = window.open(root / "tests/test_sums.py"), window.open(root / "shop/sums.py")
        await window.command("runTests", {})
        await window.published(uri, n=1)
        in_function = await window.actions(code, "return first", only=["quickfix"])
        assert [one["title"] for one in in_function] == []
        minus = window.place(code, "first -")
        window.change(
            code,
            [
                {
                    "range": {
                        "start": {**minus, "character": minus["character"] - 1},
                        "end": minus,
                    },
                    "newText": "+",
                }
            ],
        )
        counted = await window.command("runTests", {"nodeid": RED})
        assert (counted["passed"], counted["failed"]) == (1, [])
        await window.published(uri, n=0)
        assert not await window.actions(uri, "assert add_up(2, 3)", only=["quickfix"])


async def test_a_fix_is_offered_in_a_function_on_the_traceback(
    script: Path, workspace: Workspace
) -> None:
    """An exception raised in the code under test offers its fix there too."""
    root = workspace(CRASH)
    async with Window.opened(root, script=script) as window:
        code, uri = window.open(root / "sums.py"), window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        (red,) = await window.published(uri, n=1)
        (related,) = red["relatedInformation"]
        assert related["location"]["uri"] == code
        assert related["location"]["range"]["start"]["line"] == 1
        action = await window.action(code, "def add_up", "fix failing test")
        assert action["data"]["nodeid"] == RED


async def test_what_pytest_leaves_on_disk_is_published(script: Path, workspace: Workspace) -> None:
    """In a trusted folder it is run to find the failing line; when the record goes, so does it."""
    root = workspace(may_change=True)
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "tests/test_sums.py")
        await window.ready()
        record = root / LASTFAILED
        # As pytest does it: the folders first, when there are none.
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({RED: True}))
        (red,) = await window.published(uri, n=1)
        assert red["range"]["start"]["line"] == 4
        assert "assert" in red["message"]
        record.unlink()
        await window.published(uri, n=0)


async def test_in_an_untrusted_folder_it_stands_where_the_test_begins(
    script: Path, workspace: Workspace
) -> None:
    """Nothing is run to find out more."""
    root = workspace(may_change=True)
    async with Window.opened(root, script=script, trusted=False) as window:
        uri = window.open(root / "tests/test_sums.py")
        await window.command("status")
        record = root / LASTFAILED
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({RED: True, "tests/gone.py::test_x": True}))
        (red,) = await window.published(uri, n=1)
        assert (red["range"]["start"]["line"], red["code"]) == (3, RED)
        record.write_text("{}")
        await window.published(uri, n=0)


async def test_a_test_file_that_cannot_be_collected_is_an_error(
    script: Path, workspace: Workspace
) -> None:
    """It is in errors and published in its file, with what Python said."""
    root = workspace(
        {"tests/test_broken.py": "import no_such_module_here\n\n\ndef test_x(): ...\n"}
    )
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "tests/test_broken.py")
        counted = await window.command("runTests", {})
        assert counted["failed"] == []
        assert len(counted["errors"]) == 1
        (red,) = await window.published(uri, n=1)
        assert "no_such_module_here" in red["message"]


async def moved_to(window: Window, uri: str, *lines: int) -> None:
    """Wait until the diagnostic and what is related to it stand on these lines."""
    async with asyncio.timeout(20):
        while True:
            (red,) = await window.published(uri, n=1)
            places = [red, *(item["location"] for item in red.get("relatedInformation") or [])]
            if [item["range"]["start"]["line"] for item in places] == list(lines):
                return
            await asyncio.sleep(0.05)


async def test_related_places_follow_edits_of_their_own_file(
    script: Path, workspace: Workspace
) -> None:
    """An edit of the code alone publishes the test's diagnostic again, with the line of now."""
    root = workspace(CRASH)
    async with Window.opened(root, script=script) as window:
        code, uri = window.open(root / "sums.py"), window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        (red,) = await window.published(uri, n=1)
        (related,) = red["relatedInformation"]
        assert related["message"] == "raised here, in add_up"
        await moved_to(window, uri, 4, 1)
        window.insert(code, {"line": 0, "character": 0}, "# é\n# 😀\n")
        await moved_to(window, uri, 4, 3)
        window.insert(uri, {"line": 0, "character": 0}, "\n")
        await moved_to(window, uri, 5, 3)
        assert await window.action(code, "def add_up", "fix failing test")
        window.client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": code, "version": 9},
                "contentChanges": [{"text": "# one more\n" + window.texts[code]}],
            },
        )
        await moved_to(window, uri, 5, 4)


async def test_lines_of_a_run_are_those_of_the_text_that_it_ran(
    script: Path, workspace: Workspace
) -> None:
    """What is typed while the tests run moves what they say when they are done."""
    slow = {
        "test_slow.py": (
            "import time\n\n\ndef test_slow():\n    time.sleep(2.5)\n    assert time is None\n"
        )
    }
    root = workspace(slow)
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uri = window.open(root / "test_slow.py")
        running = window.client.start_request(
            "workspace/executeCommand", {"command": "ducktypist.runTests", "arguments": [{}]}
        )
        await window.client.wait_for(
            lambda each: (
                each.get("method") == "$/progress" and each["params"]["value"]["kind"] == "begin"
            )
        )
        window.insert(uri, {"line": 1, "character": 0}, "# one\n# two\n# three\n")
        counted = await window.client.result(running, timeout_s=40)
        assert counted["failed"] == ["test_slow.py::test_slow"]
        (red,) = await window.published(uri, n=1)
        assert red["range"]["start"]["line"] == 8


async def test_a_text_that_was_never_saved_is_what_is_run(
    script: Path, workspace: Workspace
) -> None:
    """An editor may open a file with another text than the disk's, as after a crash."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        text = (root / "shop/sums.py").read_text().replace("first - second", "first + second")
        window.open(root / "shop/sums.py", text)
        counted = await window.command("runTests", {})
        assert (counted["passed"], counted["failed"]) == (2, [])


async def test_one_patch_for_several_tests_turns_them_all_green(
    script: Path, workspace: Workspace
) -> None:
    """When it is accepted, the folder's other red tests are run again by themselves."""
    files = {
        "pytest.ini": "[pytest]\npythonpath = .\n",
        "shop/sums.py": "def add_up(first, second):\n    return first - second\n",
        "tests/test_sums.py": (
            "from shop.sums import add_up\n\n\ndef test_adds():\n    assert add_up(2, 3) == 5\n"
        ),
        "tests/test_more.py": (
            "from shop.sums import add_up\n\n\ndef test_more():\n    assert add_up(1, 1) == 2\n"
        ),
    }
    root = workspace(files)
    async with Window.opened(root, script=script) as window:
        code, uri = window.open(root / "shop/sums.py"), window.open(root / "tests/test_sums.py")
        other = window.open(root / "tests/test_more.py")
        await window.command("runTests", {})
        await window.published(other, n=1)
        action = await window.action(uri, "assert add_up(2, 3)", "fix failing test")
        done = await window.resolved(action, timeout_s=90)
        assert window.apply(done["edit"]) == [code]
        assert done["command"]["command"] == "ducktypist.accepted"
        await window.command("accepted", *done["command"]["arguments"])
        await window.published(uri, n=0)
        await window.published(other, n=0)


async def test_a_run_of_the_persons_own_does_not_hide_what_it_did_not_run(
    script: Path, workspace: Workspace
) -> None:
    """What pytest leaves out of its record is run again: it is green, or was not run."""
    root = workspace(may_change=True)
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        await window.published(uri, n=1)
        record = root / LASTFAILED
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({"tests/test_sums.py::test_zero": True}))
        # Zero passes when it is run; the other one is still red.
        await asyncio.sleep(1.0)
        await window.command("runTests", {"nodeid": "tests/test_sums.py::test_zero"})
        (red,) = await window.published(uri, n=1)
        assert red["code"] == RED


async def test_a_file_that_no_runner_owns(script: Path, workspace: Workspace) -> None:
    """It is one clear error, and what was red stays so."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        with pytest.raises(RpcError, match=r"prune\.sh is no test file of"):
            await window.command("runTests", {"uri": (root / "prune.sh").as_uri()})
        await window.published(uri, n=1)


async def test_a_deleted_test_is_not_red(script: Path, workspace: Workspace) -> None:
    """Running its file settles it: there is no such test any more."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        await window.published(uri, n=1)
        at = window.texts[uri].index("def test_adds")
        end = window.texts[uri].index("def test_zero")
        start, stop = (position(window.texts[uri], place) for place in (at, end))
        window.change(uri, [{"range": {"start": start, "end": stop}, "newText": ""}])
        await window.command("runTests", {"uri": uri})
        await window.published(uri, n=0)
