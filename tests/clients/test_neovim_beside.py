"""Beside another language server in a real Neovim, and in other ways of loading the plugin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from support.editors import places, second_server
from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import ATTACHED, READY, Shop, lua_text, one_file

__all__ = ["left_nothing", "open_shop", "shop"]

SETUP: dict[str, Any] = {
    "before": f"""
vim.lsp.config('second', {{
  cmd = {{ {lua_text(sys.executable)}, {lua_text(second_server.__file__)} }},
  filetypes = {{ 'python' }},
  capabilities = {{ general = {{ positionEncodings = {{ 'utf-16' }} }} }},
}})
vim.lsp.enable('second')
vim.keymap.set('i', '<M-a>', '<Plug>(ducktypist-accept)')
""",
}
BOTH = "#vim.lsp.get_clients({ bufnr = 0 }) == 2"
TEXT = 'def shout(text):\n    """Return it in capitals."""\n   '


def test_both_are_attached_and_hover(shop: Shop) -> None:
    """One float has what both say."""
    shop.go("shop/sums.py")
    shop.wait(BOTH)
    shop.put_cursor("def add")
    shop.keys("K")
    shop.until(
        lambda: any("second says" in one and "adds two numbers" in one for one in shop.floats()),
        what="a float of both servers",
    )


def test_the_others_diagnostics_and_actions_stay(shop: Shop) -> None:
    """They stand beside ours, in one menu, and each is carried out by its own server."""
    shop.go(
        "shop/typed.py", '# \U0001f986 foo\ndef shout(text):\n    """Return it in capitals."""\n'
    )
    shop.wait(BOTH)
    shop.wait("#vim.diagnostic.get(0) == 1")
    (found,) = shop.lua("return vim.diagnostic.get(0)")
    assert (found["source"], found["col"]) == ("second", len("# \U0001f986 ".encode()))
    shop.put_cursor("def sh")
    shop.keys("gra")
    screen = shop.wait_shown("second: write a line")
    assert "write the body of `shout`" in screen
    row = next(row for row in screen.splitlines() if "second: write a line" in row)
    shop.keys(f"{row.strip().split(':')[0]}<CR>")
    shop.until(lambda: shop.text.startswith("# second\n"), what="the other's edit")


def test_ghost_text_and_commands_are_ours(shop: Shop) -> None:
    """The other server is asked for neither."""
    shop.go("shop/typed.py", TEXT)
    shop.wait(BOTH)
    shop.keys("GA ")
    shop.wait_shown("return text.upper()")
    shop.keys("<M-a>")
    shop.until(lambda: shop.text == TEXT + " return text.upper()", what="the accepted text")
    shop.normal()
    shop.go("shop/words.py")
    shop.wait(BOTH)
    shop.put_cursor("def sh")
    shop.keys(":Ducktypist body<CR>")
    shop.until(lambda: "return text.upper()" in shop.text, what="the body")


def test_as_a_package(tmp_path: Path, script: Path) -> None:
    """In `pack/*/opt` it is loaded by `:packadd`, and enabling it afterwards is enough."""
    pack = tmp_path / "site" / "pack" / "mine" / "opt"
    pack.mkdir(parents=True)
    (pack / "ducktypist").symlink_to(places.NEOVIM_PLUGIN)
    loaded(
        tmp_path,
        script,
        f"vim.opt.packpath:prepend({lua_text(str(tmp_path / 'site'))})\n"
        "vim.cmd.packadd('ducktypist')\n",
    )


def test_from_a_subfolder_of_the_repository(tmp_path: Path, script: Path) -> None:
    """As plugin managers do it that clone the repository and append a folder of it."""
    loaded(tmp_path, script, f"vim.opt.rtp:append({lua_text(str(places.NEOVIM_PLUGIN))})\n")


def loaded(tmp_path: Path, script: Path, lua: str) -> None:
    """Start Neovim with the plugin loaded by some Lua, and see it attach and know its command."""
    with one_file(tmp_path, script=script, init=f"{lua}vim.lsp.enable('ducktypist')\n") as editor:
        editor.wait(ATTACHED)
        editor.wait(READY)
        assert editor.lua("return vim.fn.exists(':Ducktypist')") == 2
