"""``ducktypist.recent`` and ``ducktypist.models``: what ledger and store know, over stdio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError
from support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]
KEYS = {
    *("suggestion_id", "at_utc", "kind", "language", "model", "quantisation"),
    *("label", "reason", "tier", "shown", "accepted", "dismissed"),
    *("p_right", "ttft_ms", "total_ms", "uri", "line"),
}


async def recent(window: Window, *arguments: Any) -> list[dict[str, Any]]:
    """Return the newest suggestions."""
    told: dict[str, list[dict[str, Any]]] = await window.command("recent", *arguments)
    return told["suggestions"]


async def test_an_accepted_body_is_found_where_it_stands(
    script: Path, workspace: Workspace
) -> None:
    """With its verdict, its file, and the line to which edits above have moved it."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        assert await recent(window) == []
        uri = window.open(root / "shop/words.py")
        done = await window.resolved(await window.action(uri, "def sh", "write the body"))
        suggestion_id = done["data"]["suggestion_id"]
        (shown,) = await recent(window)
        assert set(shown) == KEYS
        assert shown["suggestion_id"] == suggestion_id
        assert (shown["kind"], shown["language"], shown["model"]) == (
            *("complete", "python", "scripted"),
        )
        assert (shown["label"], shown["tier"], shown["accepted"]) == ("right", "visible", False)
        assert shown["reason"]
        assert (shown["uri"], shown["line"]) == (uri, _place_of(window, uri))
        window.apply(done["edit"])
        await window.command("accepted", suggestion_id)
        window.insert(uri, {"line": 0, "character": 0}, "import os\n\n\n")
        line = window.texts[uri].splitlines().index("    return text.upper()")
        found = await _recent_on(window, line)
        assert (found["uri"], found["accepted"], found["dismissed"]) == (uri, True, False)


async def _recent_on(window: Window, line: int) -> dict[str, Any]:
    """Wait until the newest suggestion stands on a line, and return it."""
    async with asyncio.timeout(20):
        while True:
            found = (await recent(window))[0]
            if found["line"] == line:
                return found
            await asyncio.sleep(0.05)


def _place_of(window: Window, uri: str) -> int:
    """Return the line on which the empty body of the only function is to be."""
    return len(window.texts[uri].splitlines()) - 1


async def test_as_many_as_are_wanted_the_newest_first(script: Path, workspace: Workspace) -> None:
    """And a limit that makes no sense is refused."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uri, other = window.open(root / "shop/sums.py"), window.open(root / "prune.sh")
        assert await window.hover(uri, "def add_up")
        assert await window.hover(other, "find ")
        both = await recent(window)
        assert [one["language"] for one in both][-1] == "python"
        assert {one["uri"] for one in both} == {uri, other}
        assert all(one["line"] is None or one["line"] >= 0 for one in both)
        assert await recent(window, {"limit": 1}) == both[:1]
        for limit in (0, 501, True, "7", 1.5):
            with pytest.raises(RpcError, match="from 1 to 500"):
                await recent(window, {"limit": limit})


async def test_another_folder_is_not_named(script: Path, workspace: Workspace) -> None:
    """What belongs to a folder that is not open here, or whose file is gone, has no address."""
    root, other = workspace(may_change=True), workspace(name="other")
    async with Window.opened(root, script=script) as window:
        await window.ready()
        assert await window.hover(window.open(root / "shop/sums.py"), "def add_up")
        assert (await recent(window))[0]["uri"]
        (root / "shop/sums.py").unlink()
        assert {one["uri"] for one in await recent(window)} == {None}
    async with Window.opened(other, script=script) as window:
        await window.ready()
        (found,) = await recent(window)
        assert (found["uri"], found["line"], found["language"]) == (None, None, "python")


async def test_the_models_of_the_catalogue_and_of_the_store(workspace: Workspace) -> None:
    """Each says whether it is here, and one is wanted."""
    async with Window.opened(workspace()) as window:
        told = await window.command("models")
        by_name = {one["name"]: one for one in told["models"]}
        assert told["wanted"] in by_name
        assert [one["name"] for one in told["models"] if one["is_wanted"]] == [told["wanted"]]
        assert not any(one["is_here"] for one in told["models"])
        keys = {"name", "quantisation", "n_bytes", "licence", "has_fim", "is_here", "is_wanted"}
        assert all(set(one) == keys for one in told["models"])
