"""A server that dies, one that is started again, and an editor that leaves in the middle."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from support.editors import places
from support.editors.neovim import is_alive
from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import ATTACHED, Shop, lua_text, one_file

__all__ = ["left_nothing", "open_shop", "shop"]

SETUP: dict[str, Any] = {}
HANGS = 'def hangs_for_ever(first: int) -> int:\n    """Wait."""\n    return first - 1\n'
SAME_BUFFERS = "#vim.tbl_keys(vim.lsp.get_clients({ name = 'ducktypist' })[1].attached_buffers) > 1"
NONE_LEFT = "#vim.lsp.get_clients({ name = 'ducktypist' }) == 0"


def hover_works(shop: Shop) -> None:
    """Ask for a hover and wait for the model's words in it."""
    shop.go("shop/sums.py")
    shop.hovered("def add", prose="It adds two numbers")


def test_a_server_that_is_killed(shop: Shop) -> None:
    """The person is told once what happened and what to do; doing it brings everything back."""
    shop.go("shop/sums.py")
    os.kill(shop.server(), signal.SIGKILL)
    shop.wait(NONE_LEFT)
    told = shop.wait_told(":Ducktypist restart")
    assert "signal 9" in told
    shop.keys(":Ducktypist body<CR>")
    shop.wait_told("no server is running")
    shop.restart()
    hover_works(shop)


def test_a_server_that_is_started_again(shop: Shop) -> None:
    """Another process serves the same buffers, and nobody calls the first one's end an error."""
    shop.go("shop/words.py")
    shop.edit(shop.root / "shop/sums.py")
    shop.wait(ATTACHED)
    first = shop.server()
    shop.restart()
    shop.until(lambda: len(shop.servers()) == 1, what="the first one to go")
    assert shop.server() != first
    shop.wait(SAME_BUFFERS)
    assert "ended" not in shop.messages()
    hover_works(shop)


def test_an_editor_that_leaves_in_the_middle(tmp_path: Path, script: Path) -> None:
    """`:qall!` while an explanation is being written: the server ends with the editor."""
    with Shop.open_in(tmp_path, script=script) as other:
        other.ready()
        other.go("shop/hangs.py", HANGS)
        other.put_cursor("def hangs")
        other.keys(":Ducktypist explain<CR>")
        other.wait("#vim.api.nvim_list_wins() == 2")
        below = other.children()
        assert other.server() in [one.pid for one in below]
        other.leave()
        hosts = [one for one in below if is_alive(one)]
    # A model's host idles until somebody asks again; nobody does, and it is ended here.
    assert all(not is_alive(one) for one in hosts)


def test_a_server_that_is_not_installed(tmp_path: Path) -> None:
    """Editing goes on; a command says where to look, and what stands there is what to do."""
    init = (
        f"vim.opt.rtp:append({lua_text(str(places.NEOVIM_PLUGIN))})\nvim.lsp.enable('ducktypist')\n"
    )
    with one_file(tmp_path, script=None, init=init) as other:
        other.keys("ix<Esc>")
        other.until(lambda: other.text.startswith("x"), what="the typed letter")
        other.keys(":Ducktypist body<CR>")
        other.wait_told("no server is running")
        other.command("checkhealth ducktypist")
        other.until(lambda: "ERROR" in other.text, what="what is missing")
        assert "install" in other.text
