"""The explanation in a split of a real Neovim: it streams, and ends when it is closed."""

from __future__ import annotations

from typing import Any

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

SETUP: dict[str, Any] = {}
HANGS = 'def hangs_for_ever(first: int) -> int:\n    """Wait."""\n    return first - 1\n'
SPLIT = (
    "(function() for _, window in ipairs(vim.api.nvim_list_wins()) do"
    " local buffer = vim.api.nvim_win_get_buf(window)"
    " if vim.bo[buffer].filetype == 'markdown'"
    " and vim.api.nvim_win_get_config(window).relative == '' then"
    " return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\\n') end end"
    " return '' end)()"
)
RUNNING = (
    "#vim.tbl_filter(function(one) return one.method == 'ducktypist/explain' end,"
    " vim.tbl_values(vim.lsp.get_clients({ name = 'ducktypist' })[1].requests))"
)


def explained(
    shop: Shop, *, command: str = "Ducktypist explain", until: str = "scripted none"
) -> str:
    """Ask for an explanation and wait until a text is in the split; return all that is there."""
    shop.keys(f":{command}<CR>")
    shop.until(lambda: until in shop.lua(f"return {SPLIT}"), what=f"{until!r} in a split")
    return str(shop.lua(f"return {SPLIT}"))


def focused(shop: Shop) -> None:
    """Go to the split."""
    shop.lua(
        "for _, window in ipairs(vim.api.nvim_list_wins()) do"
        " if vim.bo[vim.api.nvim_win_get_buf(window)].filetype == 'markdown' then"
        " vim.api.nvim_set_current_win(window) end end"
    )


def test_facts_and_prose_come_into_a_split(shop: Shop) -> None:
    """It is a Markdown buffer that belongs to no file and cannot be written over by accident."""
    shop.go("shop/sums.py")
    shop.put_cursor("def add")
    text = explained(shop)
    assert "It adds two numbers" in text
    assert "first - second" in text
    focused(shop)
    kind, changeable, name = shop.lua(
        "return { vim.bo.buftype, vim.bo.modifiable, vim.fn.expand('%:p') }"
    )
    assert kind == "nofile"
    assert changeable is False
    assert not name.endswith(".py")


def test_a_range_is_explained(shop: Shop) -> None:
    """`:1,2Ducktypist explain` explains what stands in these lines."""
    shop.go("prune.sh")
    # There is a provenance below each of the blocks.
    text = explained(shop, command="1,2Ducktypist explain", until="-mtime")
    assert "set -e" in text


def test_facts_are_shown_while_the_model_is_busy(shop: Shop) -> None:
    """It streams: what is known stands there before the model has said a word."""
    shop.go("shop/hangs.py", HANGS)
    shop.put_cursor("def hangs")
    text = explained(shop, until="first - 1")
    assert "scripted none" not in text
    assert shop.lua(f"return {RUNNING}") == 1
    focused(shop)
    shop.keys("q")
    shop.until(lambda: shop.lua(f"return {RUNNING}") == 0, what="the request to be cancelled")
    assert shop.lua("return #vim.api.nvim_list_wins()") == 1


def test_closing_it_otherwise_cancels_it_as_well(shop: Shop) -> None:
    """Whatever wipes the buffer ends the work; the next explanation is served."""
    shop.go("shop/hangs.py", HANGS)
    shop.put_cursor("def hangs")
    explained(shop, until="first - 1")
    shop.command("only")
    shop.lua(
        "for _, buffer in ipairs(vim.api.nvim_list_bufs()) do"
        " if vim.bo[buffer].filetype == 'markdown' then"
        " vim.api.nvim_buf_delete(buffer, { force = true }) end end"
    )
    shop.until(lambda: shop.lua(f"return {RUNNING}") == 0, what="the request to be cancelled")
    shop.go("shop/sums.py")
    shop.put_cursor("def add")
    assert "It adds two numbers" in explained(shop)


def test_it_is_asked_for_again(shop: Shop) -> None:
    """`r` asks the model once more; both answers are in the ledger."""
    shop.go("shop/sums.py")
    shop.put_cursor("def add")
    explained(shop)
    n_before = len(shop.rows("SELECT 1 FROM suggestion WHERE kind = 'explain'"))
    focused(shop)
    shop.keys("r")
    shop.until(
        lambda: len(shop.rows("SELECT 1 FROM suggestion WHERE kind = 'explain'")) > n_before,
        what="another explanation in the ledger",
    )
    shop.until(lambda: "scripted none" in shop.lua(f"return {SPLIT}"), what="the new text")
    assert shop.lua(f"return {SPLIT}").count("scripted none") == 1


def test_where_there_is_nothing_to_explain(shop: Shop) -> None:
    """It is said in words, and no empty split stays."""
    shop.go("shop/typed.py", "\n\n\n")
    shop.keys(":Ducktypist explain<CR>")
    shop.wait_told("nothing to explain")
    shop.until(lambda: shop.lua("return #vim.api.nvim_list_wins()") == 1, what="one window")
