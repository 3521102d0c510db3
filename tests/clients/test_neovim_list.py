"""A real Neovim without ghost text: suggestions come by the completion list instead."""

from __future__ import annotations

from typing import Any

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import LONG_S, Shop

__all__ = ["left_nothing", "open_shop", "shop"]

SETUP: dict[str, Any] = {
    # What people set who use a completion plugin for everything.
    "before": "vim.g.ducktypist = { ghost_text = false }\nvim.o.completeopt = 'menu,menuone'\n",
}
TEXT = "def add_up(first, second):\n    re"
ASKED = """
local client = vim.lsp.get_clients({ bufnr = 0 })[1]
local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
local answer = client:request_sync('textDocument/completion', params, 20000)
return answer and answer.result and #answer.result.items > 0
"""
WHOLE = "def add_up(first, second):\n    return first + second"


def listed(shop: Shop) -> None:
    """Type and open Neovim's own completion until the suggestion is in the list."""
    shop.go("shop/typed.py", TEXT)
    shop.keys("GAt")
    shop.until(lambda: shop.text == TEXT + "t", what="the typed letter")

    # The list says that it is not complete while the model writes. Neovim asks again with the next
    # letter; here it is opened once the answer is there.
    shop.until(lambda: shop.lua(ASKED), what="an answer", timeout_s=LONG_S)
    shop.keys("<C-x><C-o>")
    shop.wait("vim.fn.pumvisible() == 1")


def test_the_list_has_it(shop: Shop) -> None:
    """What would be ghost text is an entry; choosing it writes it, and the ledger knows."""
    listed(shop)
    shop.wait_shown("return first + second")
    shop.keys("<C-y>")
    shop.until(lambda: shop.text == WHOLE, what="the suggestion in the text")
    shop.until(lambda: shop.events("accepted"), what="the acceptance in the ledger")


def test_no_ghost_text_is_drawn(shop: Shop) -> None:
    """Neither shown nor asked for."""
    shop.go("shop/typed.py", TEXT + "turn")
    shop.keys("GA ")
    shop.until(lambda: shop.text == TEXT + "turn ", what="the typed letter")
    assert shop.lua("return require('ducktypist').suggestion()") is None
    assert "first + second" not in shop.shown()
