"""The three main things with the real 0.5B model, in a real Neovim and the real sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.editors.neovim_picture import taken
from support.editors.neovim_shop import Shop, own_folders
from support.shop import SHOP

pytestmark = [pytest.mark.model, pytest.mark.sandbox, pytest.mark.timeout(700)]

LONG_S = 300.0
SETTINGS = {
    "explain": {"hover_wait_ms": 20_000, "prefetch": False},
    # The example says what a right body is; a busy machine is given time for it.
    "complete": {"budget_s": 240},
    "fix": {"budget_s": 240},
}
FIXED = "vim.api.nvim_buf_get_lines(vim.fn.bufadd(...), 0, -1, false)"


@pytest.fixture
def shop(model: Path, tmp_path: Path) -> Iterator[Shop]:
    """Open an editor whose server has the real model."""
    home = tmp_path / "home"
    folders = own_folders(home, tmp_path)
    data = Path(folders["DUCKTYPIST_DATA_DIR"])
    data.mkdir(parents=True)
    stored = [folder for folder in model.resolve().parents if folder.name == "models"]
    if stored:
        (data / "models").symlink_to(stored[0], target_is_directory=True)
    else:
        command = [sys.executable, "-m", "ducktypist", "model", "pull", str(model)]
        subprocess.run(command, check=True, timeout=300, env={**os.environ, **folders})
    with Shop.open_in(home, script=None, settings=SETTINGS) as opened:
        opened.until(lambda: opened.run("status")["engine"]["state"] == "ready", timeout_s=LONG_S)
        yield opened
        opened.clean()


def test_hover_body_and_fix(shop: Shop) -> None:
    """Prose with its provenance, a plausible body, a plausible fix: all three in one session."""
    name = str(shop.run("status")["engine"]["model"])
    shop.go("shop/sums.py")
    text = shop.hovered("def add_up", prose=name)
    assert len(text.split()) > 10
    assert name in text.splitlines()[-1]
    assert "checked" in text.splitlines()[-1]
    taken(shop, "neovim-hover-model")
    shop.lua("vim.cmd('silent! fclose!')")

    shop.go("shop/words.py")
    shop.put_cursor("def sh")
    shop.command("Ducktypist body")
    shop.wait_told("plausible", timeout_s=LONG_S)
    shop.until(lambda: "upper()" in shop.text, what="the body")

    shop.command("messages clear")
    shop.go("tests/test_sums.py")
    shop.command("Ducktypist tests")
    shop.wait_told("1 failed", timeout_s=LONG_S)
    shop.wait("#vim.diagnostic.get(0) == 1")
    shop.command("messages clear")
    shop.put_cursor("assert add_up(2, 3)")
    shop.command("Ducktypist fix")
    shop.wait_told("plausible", timeout_s=LONG_S)
    path = str(shop.root / "shop/sums.py")
    shop.until(
        lambda: "\n".join(shop.lua(f"return {FIXED}", path)) != SHOP["shop/sums.py"].rstrip("\n"),
        what="the fix",
    )
    # As a person does who looks at what was changed.
    shop.go("shop/sums.py")
    shop.command("Ducktypist tests")
    shop.wait_told("2 passed", timeout_s=LONG_S)
    shop.until(lambda: len(shop.events("accepted")) == 2, what="both acceptances in the ledger")
