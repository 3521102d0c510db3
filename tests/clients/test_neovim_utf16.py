"""The same where Neovim counts in UTF-16, and where ghost text is left to a completion list."""

from __future__ import annotations

from typing import Any

import pytest

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

DUCKS = '"\U0001f986\U0001f986 " + text.upper()'
SETUP: dict[str, Any] = {
    "rules": [{"kind": "infill", "match": "def quack", "reply": DUCKS}],
    "before": """
vim.lsp.config('ducktypist', {
  capabilities = { general = { positionEncodings = { 'utf-16' } } },
})
vim.keymap.set('i', '<M-a>', '<Plug>(ducktypist-accept)')
vim.keymap.set('i', '<M-w>', '<Plug>(ducktypist-accept-word)')
""",
}
QUACK = (
    "def quack(text):\n"
    '    """Return it behind two ducks."""\n'
    '    größe, ente = "ß\U0001f986", ""\n'
    '    größe = "\U0001f986"; return'
)


def test_the_encoding_is_what_was_asked_for(shop: Shop) -> None:
    """The server takes the only one that the editor offers."""
    shop.go("shop/sums.py")
    encodings = shop.lua(
        "return vim.tbl_map(function(one) return one.offset_encoding end, vim.lsp.get_clients())"
    )
    assert encodings == ["utf-16"]


def test_ghost_text_behind_letters_of_two_units(shop: Shop) -> None:
    """Taken in part and then whole, nothing is lost or doubled, and the ledger has the share."""
    shop.go("shop/typed.py", QUACK)
    shop.keys("GA")
    shop.wait("vim.api.nvim_get_mode().mode == 'i'")
    shop.typed(" ")
    shop.wait_shown(DUCKS)
    shop.keys("<M-w>")
    shop.until(lambda: len(shop.text) > len(QUACK) + 1, what="the first word")
    taken = shop.text.removeprefix(QUACK + " ")
    assert DUCKS.startswith(taken)
    shop.until(lambda: shop.events("accepted"), what="the acceptance in the ledger")
    units = len(taken.encode("utf-16-le")) / len(DUCKS.encode("utf-16-le"))
    assert shop.events("accepted")[-1][1] == pytest.approx(units, abs=0.001)
    shop.wait_shown(DUCKS)
    shop.keys("<M-a>")
    shop.until(lambda: shop.text == QUACK + " " + DUCKS, what="the accepted text")


def test_a_body_below_letters_of_two_units(shop: Shop) -> None:
    """The edit lands where it belongs."""
    shop.go("shop/words.py")
    before = shop.text
    shop.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, ...)", ["# \U0001f986 größe"])
    shop.put_cursor("def sh")
    shop.command("Ducktypist body")
    shop.until(lambda: "return text.upper()" in shop.text, what="the body", timeout_s=100)
    assert shop.text.startswith("# \U0001f986 größe\n" + before.rstrip())
    assert shop.text.rstrip().endswith("\n    return text.upper()")


def test_an_explanation_of_such_text(shop: Shop) -> None:
    """A hover is about the function below the cursor, whatever stands before it."""
    shop.go(
        "shop/typed.py", "x = '\U0001f986'; y = 'größe'\n\n\ndef typed():\n    return 'FINAL'\n"
    )
    assert "It is the final text" in shop.hovered("def typed")
