"""``ducktypist.report``: an editor gets a file, made apart from the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from support.stdio_client import RpcError
from support.windows import Window

pytestmark = [pytest.mark.e2e]

Workspace = Callable[..., Path]


async def test_an_editor_gets_the_path_of_a_finished_file(
    script: Path, workspace: Workspace
) -> None:
    """With what happened in this very window in it; nothing is opened."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop" / "sums.py")
        await window.client.request(
            "textDocument/hover",
            {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 6}},
        )
        answer = await window.command("report")
        place = Path(answer["path"])
        assert Path(unquote(urlsplit(answer["uri"]).path)) == place
        page = place.read_text(encoding="utf-8")
        assert page.startswith("<!DOCTYPE html>")
        assert "explain" in page
        assert "The ledger is empty" not in page
        assert "n_suggestions" in answer["stats"]
        assert answer["markdown"].startswith("| model |")
        narrowed = await window.command("report", {"kind": "fix", "since_days": 1})
        assert "kind fix, since " in Path(narrowed["path"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "wanted",
    [{"since_days": 0}, {"kind": "magic"}, {"language": ""}, {"out": "/etc/passwd"}],
    ids=str,
)
async def test_nonsense_is_refused(
    script: Path, workspace: Workspace, wanted: dict[str, object]
) -> None:
    """An argument that means nothing is an error, not a guess; no place can be chosen."""
    async with Window.opened(workspace(), script=script) as window:
        with pytest.raises(RpcError, match=r"ducktypist\.report"):
            await window.command("report", wanted)
