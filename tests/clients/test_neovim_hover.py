"""Attaching, hovering and the completion list in a real Neovim."""

from __future__ import annotations

from typing import Any

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

SETUP: dict[str, Any] = {}
PROVENANCE = "scripted none"


def test_enabling_it_is_enough(shop: Shop) -> None:
    """A file of a language that it knows gets the server, at the workspace's root."""
    shop.go("shop/sums.py")
    (client,) = shop.lua(
        """
        return vim.tbl_map(function(client)
          return { name = client.name, root = client.root_dir, encoding = client.offset_encoding }
        end, vim.lsp.get_clients({ bufnr = 0 }))
        """
    )
    assert client["name"] == "ducktypist"
    assert client["root"] == str(shop.root)
    assert client["encoding"] in {"utf-8", "utf-16"}
    assert shop.run("status")["workspaces"] == [{"path": str(shop.root), "trusted": True}]


def test_files_of_other_kinds_are_left_alone(shop: Shop) -> None:
    """No server is attached to a file of a language that nothing here is for."""
    path = shop.root / "letter.tex"
    shop.edit(path)
    shop.wait("vim.bo.filetype ~= ''")
    assert shop.lua("return #vim.lsp.get_clients({ bufnr = 0 })") == 0


def test_a_hover_has_facts_prose_and_its_provenance(shop: Shop) -> None:
    """The float is Markdown and is drawn without its marks; the last line says who spoke."""
    shop.go("shop/sums.py")
    text = shop.hovered("def add_up")
    assert "It adds two numbers" in text
    assert "first - second" in text
    assert text.splitlines()[-1].strip("*").startswith(PROVENANCE)
    screen = shop.wait_shown(PROVENANCE)
    assert "It adds two numbers" in screen
    assert "**" not in screen


def test_a_hover_in_a_shell_script(shop: Shop) -> None:
    """What a command's options do is said, from the manual or a bundled summary."""
    shop.go("prune.sh")
    text = shop.hovered("find /tmp -mt")
    assert "-mtime" in text
    assert "xargs" in text


def test_over_a_blank_line_there_is_no_hover(shop: Shop) -> None:
    """Neovim says that there is nothing, and no float is opened."""
    shop.go("shop/sums.py")
    shop.lua("vim.api.nvim_win_set_cursor(0, { 2, 0 })")
    shop.keys("K")
    shop.wait_told("No information available")
    assert shop.floats() == []


def test_what_is_typed_reaches_the_server(shop: Shop) -> None:
    """A hover is about the text on the screen, not about the file on the disk."""
    shop.go("shop/typed.py", "def typed():\n    return 'x'\n")
    shop.put_cursor("'x")
    shop.keys("aFINAL<Esc>")
    shop.normal()
    assert "It is the final text" in shop.hovered("def typed")
    assert "FINAL" in shop.text
