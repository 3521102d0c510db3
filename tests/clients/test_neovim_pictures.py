"""Pictures of a real Neovim with the plugin, kept as build output: what the README shows."""

from __future__ import annotations

from typing import Any

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_picture import taken
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

BODY = "total = 0\n    for count, price in lines:\n        total += count * price\n    return total"
IDLE = "require('ducktypist').statusline():find('idle')"
SETUP: dict[str, Any] = {
    "rules": [{"kind": "infill", "match": "def total_of", "reply": BODY}],
    "before": "vim.o.termguicolors = true\nvim.o.number = true\nvim.o.winborder = 'rounded'\n",
    "after": (
        "vim.o.laststatus = 3\n"
        "vim.o.statusline = \" %f %m%=%{%v:lua.require'ducktypist'.statusline()%} \"\n"
    ),
    "size": (96, 22),
}
TOTAL = (
    '"""Orders."""\n\n\ndef total_of(lines: list[tuple[int, int]]) -> int:\n'
    '    """Return what the lines of an order cost together, in cents."""\n   '
)


def test_a_picture_of_a_hover(shop: Shop) -> None:
    """Facts, prose and provenance in a float."""
    shop.go("shop/sums.py")
    shop.hovered("def add_up")
    shop.wait_shown("scripted none")
    shop.wait(IDLE)
    taken(shop, "neovim-hover")


def test_a_picture_of_ghost_text(shop: Shop) -> None:
    """Several suggested lines below a docstring."""
    shop.go("shop/orders.py", TOTAL)
    shop.keys("GA ")
    shop.wait_shown("return total")
    shop.wait(IDLE)
    taken(shop, "neovim-ghost")


def test_a_picture_of_an_explanation(shop: Shop) -> None:
    """A shell script explained in a split."""
    shop.go("prune.sh")
    shop.keys(":Ducktypist explain<CR>")
    shop.wait_shown("scripted none")
    shop.wait(IDLE)
    taken(shop, "neovim-explain")
