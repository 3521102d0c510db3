"""Code lenses and the tests of a file, as an editor asks for them and carries them out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError
from support.windows import Window, capabilities_of, script_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]

RED = "tests/test_sums.py::test_adds"
GREEN = "tests/test_sums.py::test_zero"
REFRESH = "workspace/codeLens/refresh"
APPLY_EDIT = "workspace/applyEdit"


def applies(window: Window) -> list[str]:
    """Have the editor make the edits that it is asked for; return where it notes what changed."""
    changed: list[str] = []

    def answer(params: Any) -> dict[str, bool]:
        changed.extend(window.apply(params["edit"]))
        return {"applied": True}

    window.client.answers[APPLY_EDIT] = answer
    return changed


async def lenses(window: Window, uri: str) -> dict[str, dict[str, Any]]:
    """Return a document's lenses by their titles, each of which may stand there once."""
    asked = {"textDocument": {"uri": uri}}
    found = await window.client.request("textDocument/codeLens", asked)
    by_title = {lens["command"]["title"]: lens for lens in found}
    assert len(by_title) == len(found)
    return by_title


async def clicked(window: Window, lens: dict[str, Any], *, timeout_s: float = 90.0) -> Any:
    """Run a lens's command as any editor does."""
    command = lens["command"]
    params = {"command": command["command"], "arguments": command["arguments"]}
    return await window.client.request("workspace/executeCommand", params, timeout_s=timeout_s)


def n_refreshed(window: Window) -> int:
    """Return how often the editor was told to ask again."""
    return sum(message.get("method") == REFRESH for message in window.client.messages)


async def refreshed(window: Window, n: int) -> None:
    """Wait until the editor was told to ask again ``n`` times."""
    await window.client.wait_for(lambda _: n_refreshed(window) >= n, timeout_s=60)


async def states(window: Window, uri: str) -> dict[str, str]:
    """Return what is known of a file's tests."""
    told = await window.command("tests", {"uri": uri})
    return {one["nodeid"]: one["state"] for one in told["tests"]}


async def test_a_body_is_written_by_a_click(script: Path, workspace: Workspace) -> None:
    """The edit and its label are those of the code action; the person sees the verdict."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri, changed = window.open(root / "shop/words.py"), applies(window)
        (lens,) = (await lenses(window, uri)).values()
        assert lens["command"]["title"] == "Write the body of shout"
        assert lens["range"]["start"] == {"line": 0, "character": 0}
        assert lens["range"]["end"]["line"] == 0
        action = await window.action(uri, "def sh", "write the body")
        assert lens["command"]["command"] == "ducktypist.applyAction"
        assert lens["command"]["arguments"] == [action["data"]]
        answer = await clicked(window, lens)
        assert answer["applied"] is True
        asked = await window.client.notification(APPLY_EDIT)
        summary = answer["verdict"]["summary"]
        assert asked["label"] == summary
        assert summary in window.told()
        assert changed == [uri]
        assert window.texts[uri].rstrip().endswith("return text.upper()")
        assert await lenses(window, uri) == {}
        (row,) = (await window.command("stats"))["acceptances"]
        assert row["n_accepted"] == 1


async def test_red_tests_are_run_and_fixed_by_clicks(script: Path, workspace: Workspace) -> None:
    """They have lenses while they are red, and the editor is told when that changes."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        code, uri = window.open(root / "shop/sums.py"), window.open(root / "tests/test_sums.py")
        changed = applies(window)
        assert await lenses(window, uri) == {}
        await window.command("runTests", {})
        await refreshed(window, 1)
        found = await lenses(window, uri)
        assert list(found) == ["Run", "Fix"]
        assert [lens["range"]["start"]["line"] for lens in found.values()] == [3, 3]
        assert found["Run"]["command"]["arguments"] == [{"uri": uri, "nodeid": RED}]
        counted = await clicked(window, found["Run"])
        assert (counted["passed"], counted["failed"]) == (0, [RED])
        action = await window.action(uri, "assert add_up(2, 3)", "fix failing test")
        assert found["Fix"]["command"]["arguments"] == [action["data"]]
        answer = await clicked(window, found["Fix"])
        assert answer["applied"] is True
        assert answer["verdict"]["summary"] in window.told()
        assert changed == [code]
        # Once accepted, what is red is run again by itself.
        await window.published(uri, n=0, timeout_s=60)
        await refreshed(window, 2)
        assert await lenses(window, uri) == {}
        # A run that changes nothing asks for nothing.
        await window.command("runTests", {})
        assert n_refreshed(window) == 2


async def test_a_search_that_fails_says_what_was_tried(
    tmp_path: Path, workspace: Workspace
) -> None:
    """No edit is asked for, and the answer says so too."""
    useless = script_written(
        tmp_path / "useless.json",
        rule=[{"reply": "def add_up(first: int, second: int) -> int:\n    return 0\n"}],
    )
    files = {
        "pytest.ini": "[pytest]\npythonpath = .\n",
        "sums.py": (
            "def add_up(first: int, second: int) -> int:\n"
            '    raise LookupError("neither " + str(first))\n'
        ),
        "test_sums.py": (
            "from sums import add_up\n\n\n"
            "def test_adds() -> None:\n    assert [add_up(2, 3), add_up(4, 5)] == [5, 9]\n"
        ),
    }
    root = workspace(files)
    # It ends by the number of patches, however slow the machine is.
    options = {"fix": {"budget_s": 100, "max_candidates": 3, "repair_rounds": 0}}
    async with Window.opened(root, script=useless, options=options) as window:
        uri = window.open(root / "test_sums.py")
        await window.command("runTests", {})
        answer = await clicked(window, (await lenses(window, uri))["Fix"], timeout_s=150)
        assert answer["applied"] is False
        assert answer["message"] in window.told()
        assert answer["message"].startswith("no plausible patch: ")
        assert "still_failing" in answer["message"]
        methods = {message.get("method") for message in window.client.messages}
        assert APPLY_EDIT not in methods


async def test_an_editor_that_cannot_refresh_is_not_asked_to(
    script: Path, workspace: Workspace
) -> None:
    """It gets the lenses of now when it asks."""
    capabilities = capabilities_of("neovim")
    assert "codeLens" not in capabilities["workspace"]
    root = workspace()
    async with Window.opened(root, script=script, capabilities=capabilities) as window:
        uri = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        await window.published(uri, n=1)
        assert list(await lenses(window, uri)) == ["Run", "Fix"]
        assert n_refreshed(window) == 0


async def test_lenses_are_turned_off_while_the_server_runs(
    script: Path, workspace: Workspace
) -> None:
    """The editor is told to ask again, and gets what is left."""
    root = workspace()
    options = {"lens": {"tests": False}}
    async with Window.opened(root, script=script, options=options) as window:
        code, uri = window.open(root / "shop/words.py"), window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        await window.published(uri, n=1)
        assert await lenses(window, uri) == {}
        assert len(await lenses(window, code)) == 1
        assert n_refreshed(window) == 0
        settings = {"lens": {"tests": True, "bodies": False}}
        window.client.notify(
            "workspace/didChangeConfiguration", {"settings": {"ducktypist": settings}}
        )
        await refreshed(window, 1)
        assert list(await lenses(window, uri)) == ["Run", "Fix"]
        assert await lenses(window, code) == {}


async def test_in_an_untrusted_folder_nothing_is_run(script: Path, workspace: Workspace) -> None:
    """A body is written and left unverified; a test that others found red is not run by a click."""
    root = workspace(may_change=True)
    async with Window.opened(root, script=script, trusted=False) as window:
        code, uri = window.open(root / "shop/words.py"), window.open(root / "tests/test_sums.py")
        changed = applies(window)
        await window.command("status")
        record = root / ".pytest_cache/v/cache/lastfailed"
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({RED: True}))
        await window.published(uri, n=1)
        told = await window.command("tests", {"uri": uri})
        assert told["trusted"] is False
        assert [one["state"] for one in told["tests"]] == ["failed", "unknown"]
        found = await lenses(window, uri)
        for lens in found.values():
            with pytest.raises(RpcError, match="not trusted"):
                await clicked(window, lens)
        (lens,) = (await lenses(window, code)).values()
        answer = await clicked(window, lens)
        assert (answer["applied"], changed) == (True, [code])
        assert "nothing was run" in answer["verdict"]["summary"]


async def test_the_tests_of_a_file_are_told(script: Path, workspace: Workspace) -> None:
    """With what the runs of this window said of them, for open documents and for files."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        closed = (root / "tests/test_sums.py").as_uri()
        assert await states(window, closed) == {RED: "unknown", GREEN: "unknown"}
        await window.command("runTests", {"nodeid": GREEN})
        assert await states(window, closed) == {RED: "unknown", GREEN: "passed"}
        uri = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        told = await window.command("tests", {"uri": uri})
        assert told == {
            "trusted": True,
            "tests": [
                {
                    "nodeid": RED,
                    "name": "test_adds",
                    "range": {
                        "start": {"line": 3, "character": 0},
                        "end": {"line": 4, "character": 28},
                    },
                    "state": "failed",
                },
                {
                    "nodeid": GREEN,
                    "name": "test_zero",
                    "range": {
                        "start": {"line": 7, "character": 0},
                        "end": {"line": 8, "character": 28},
                    },
                    "state": "passed",
                },
            ],
        }
        window.insert(uri, window.place(uri, "add_up(2, 0) == "), "1")
        assert await states(window, uri) == {RED: "failed", GREEN: "unknown"}
        assert (await window.command("tests", {"uri": (root / "prune.sh").as_uri()})) == {
            "trusted": True,
            "tests": [],
        }


async def test_each_test_of_a_run_is_told(script: Path, workspace: Workspace) -> None:
    """What became of it, how long it took and, of a red one, why and where."""
    root = workspace(
        {
            "tests/test_broken.py": "import no_such_module_here\n",
            "tests/test_more.py": (
                "import pytest\n\n\n@pytest.mark.parametrize('one', ['é', 'b'])\n"
                "def test_each(one):\n    text = '😀'\n    assert one == 'b', text\n\n\n"
                "@pytest.mark.skip(reason='not today')\ndef test_later():\n    pass\n"
            ),
        }
    )
    async with Window.opened(root, script=script) as window:
        counted = await window.command("runTests", {})
        by_id = {one["nodeid"]: one for one in counted["tests"]}
        assert all(isinstance(one["duration_ms"], (int, float)) for one in by_id.values())
        outcomes = {name: one["outcome"] for name, one in by_id.items()}
        (red,) = counted["failed"]
        assert outcomes == {
            red: "failed",
            "tests/test_more.py::test_each[b]": "passed",
            "tests/test_more.py::test_later": "skipped",
            "tests/test_broken.py": "error",
        }
        more = (root / "tests/test_more.py").as_uri()
        assert (by_id[red]["uri"], by_id[red]["line"]) == (more, 6)
        assert "assert" in by_id[red]["message"]
        assert "no_such_module_here" in by_id["tests/test_broken.py"]["message"]
        assert "uri" not in by_id["tests/test_more.py::test_each[b]"]
        uri = window.open(root / "tests/test_more.py")
        assert list(await lenses(window, uri)) == ["Run", "Fix"]


@pytest.mark.parametrize("arguments", [[], [3], [{}], [{"uri": 3}], [{"uri": ""}]])
async def test_tests_of_nothing_are_refused(
    script: Path, workspace: Workspace, arguments: list[Any]
) -> None:
    """With what the command takes; a file that is not there is an error of its own."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        with pytest.raises(RpcError, match=r"ducktypist\.tests: it takes"):
            await window.command("tests", *arguments)
        with pytest.raises(RpcError, match=r"gone\.py"):
            await window.command("tests", {"uri": (root / "gone.py").as_uri()})
