"""Red tests as the editor shows them: where they stand, when they move, when they go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]

RED = "tests/test_sums.py::test_adds"
LASTFAILED = ".pytest_cache/v/cache/lastfailed"


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
    root = workspace(
        {
            "sums.py": "def add_up(first, second):\n    return first - seconds\n",
            "tests/test_sums.py": (
                "from sums import add_up\n\n\ndef test_adds():\n    assert add_up(2, 3) == 5\n"
            ),
            "pytest.ini": "[pytest]\npythonpath = .\n",
        }
    )
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
