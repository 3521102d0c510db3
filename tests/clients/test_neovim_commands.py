"""`:Ducktypist` and its subcommands in a real Neovim, the statusline, and the health check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

SUBCOMMANDS = {
    "body",
    "explain",
    "fix",
    "log",
    "model",
    "report",
    "restart",
    "stats",
    "status",
    "tests",
    "toggle",
    "trust",
}
SETUP: dict[str, Any] = {
    "rules": [{"match": "def tardy", "reply": "word " * 300, "delay_ms": 150}],
    # What a person without a browser at hand has, and what can be looked at.
    "before": "_G.opened = {}\nvim.ui.open = function(what) table.insert(_G.opened, what) end\n",
    "after": "vim.o.statusline = \"%f %{%v:lua.require'ducktypist'.statusline()%}\"\n",
}
WINDOWS = (
    "vim.tbl_map(function(window) local buffer = vim.api.nvim_win_get_buf(window)"
    " return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\\n') end,"
    " vim.api.nvim_list_wins())"
)


def said(shop: Shop, command: str, *, needle: str) -> str:
    """Run a command until some text is in a window or among the messages, and return both."""

    def everything() -> str:
        return "\n".join([*shop.lua(f"return {WINDOWS}"), shop.messages()])

    shop.keys(f":{command}<CR>")
    shop.until(lambda: needle in everything(), what=f"{needle!r} by :{command}")
    return everything()


def test_subcommands_are_completed(shop: Shop) -> None:
    """All of them after the command's name, those that fit after some letters."""
    everything = shop.lua("return vim.fn.getcompletion('Ducktypist ', 'cmdline')")
    assert set(everything) >= SUBCOMMANDS
    assert shop.lua("return vim.fn.getcompletion('Ducktypist rep', 'cmdline')") == ["report"]


def test_a_subcommand_that_does_not_exist(shop: Shop) -> None:
    """It is named, and so are those that there are."""
    told = said(shop, "Ducktypist frobnicate", needle="frobnicate")
    assert "explain" in told
    assert "stack traceback" not in told


def test_no_server_for_this_buffer(shop: Shop) -> None:
    """What needs the code says that the server does not know it."""
    shop.edit(shop.root / "letter.tex")
    said(shop, "Ducktypist body", needle="does not know this buffer")


def test_fixing_where_nothing_is_red(shop: Shop) -> None:
    """It is said in words what to do first, and nothing is changed."""
    shop.go("prune.sh")
    before = shop.text
    shop.keys(":Ducktypist fix<CR>")
    shop.wait_told(":Ducktypist tests")
    assert shop.text == before


def test_status_is_for_people(shop: Shop) -> None:
    """Engine, model, sandbox and trust are said in words, not in braces."""
    shop.go("shop/sums.py")
    told = said(shop, "Ducktypist status", needle="scripted")
    assert "trusted" in told
    assert str(shop.root) in told
    assert "bubblewrap" in told or "sandbox" in told.lower()
    assert "{" not in told


def test_stats_are_a_table(shop: Shop) -> None:
    """What was suggested and what came of it stands in a split."""
    shop.go("shop/words.py")
    shop.put_cursor("def sh")
    shop.keys(":Ducktypist body<CR>")
    shop.until(lambda: "return text.upper()" in shop.text, what="the body")
    shop.until(lambda: bool(shop.events("accepted")), what="the acceptance")
    told = said(shop, "Ducktypist stats", needle="complete")
    assert "scripted" in told
    assert "python" in told


def test_the_report_is_opened(shop: Shop) -> None:
    """The browser gets the page; the person learns where it lies."""
    shop.go("shop/sums.py")
    shop.keys(":Ducktypist report<CR>")
    shop.wait("#_G.opened > 0", timeout_s=90)
    (opened,) = shop.lua("return _G.opened")
    path = Path(opened.removeprefix("file://"))
    assert path.is_file()
    assert "<html" in path.read_text().lower()


def test_models_are_completed_and_told(shop: Shop) -> None:
    """`:Ducktypist model` takes a name of the catalogue."""
    shop.go("shop/sums.py")
    shop.until(
        lambda: shop.lua("return vim.fn.getcompletion('Ducktypist model qwen', 'cmdline')"),
        what="names of models",
    )
    names = shop.lua("return vim.fn.getcompletion('Ducktypist model qwen', 'cmdline')")
    assert "qwen2.5-coder-0.5b-instruct-q4_k_m" in names


def test_a_model_that_does_not_exist(shop: Shop) -> None:
    """It is said, and the one that runs stays."""
    shop.go("shop/sums.py")
    said(shop, "Ducktypist model no-such-thing", needle="no-such-thing")
    assert shop.run("status")["engine"]["model"] == "scripted"


def test_completion_is_switched_off_and_on(shop: Shop) -> None:
    """`:Ducktypist toggle` stops ghost text in this window, and says how it stands."""
    shop.go("shop/sums.py")
    said(shop, "Ducktypist toggle", needle="off")
    assert shop.run("status")["completion"]["enabled"] is False
    said(shop, "Ducktypist toggle", needle="on")
    assert shop.run("status")["completion"]["enabled"] is True


def test_the_log_can_be_read(shop: Shop) -> None:
    """`:Ducktypist log` opens it, or says where it lies."""
    shop.go("shop/sums.py")
    said(shop, "Ducktypist log", needle=".log")


def test_the_statusline_follows_the_engine(shop: Shop) -> None:
    """It names the model, and says in words whether it reads, writes or is idle."""
    shop.go("shop/sums.py")
    line = "require('ducktypist').statusline()"
    shop.until(
        lambda: {"scripted", "idle"} <= set(shop.lua(f"return {line}").replace(",", " ").split()),
        what="an idle engine in the statusline",
    )
    shop.go("shop/tardy.py", 'def tardy(first: int) -> int:\n    """Wait."""\n    return first\n')
    shop.put_cursor("def tar")
    shop.keys(":Ducktypist explain<CR>")
    shop.wait(f"{line}:find('writing')")
    shop.wait_shown("writing")
    shop.keys("<C-w>o")
    shop.lua(
        "for _, buffer in ipairs(vim.api.nvim_list_bufs()) do"
        " if vim.bo[buffer].filetype == 'markdown' then"
        " vim.api.nvim_buf_delete(buffer, { force = true }) end end"
    )
    shop.wait(f"{line}:find('idle')")


def test_the_health_check(shop: Shop) -> None:
    """It says what is there, and nothing that an error of its own would say."""
    shop.go("shop/sums.py")
    shop.lua("vim.cmd.checkhealth('ducktypist')")
    text = shop.until(
        lambda: next((one for one in shop.lua(f"return {WINDOWS}") if "0.11" in one), None),
        what="the health check",
    )
    assert "Failed to run healthcheck" not in text
    for word in ("server", "model", "sandbox", "trust", "extmark"):
        assert word in text.lower(), (word, text)


@pytest.mark.parametrize("name", sorted(SUBCOMMANDS - {"restart", "report", "trust", "model"}))
def test_every_subcommand_without_a_server_says_so(shop: Shop, name: str) -> None:
    """None fails with an error of Lua in a buffer that no server is for."""
    shop.lua("vim.cmd.enew()")
    shop.keys(f":Ducktypist {name}<CR>")
    shop.until(
        lambda: bool(shop.messages().strip()) or shop.lua("return #vim.api.nvim_list_wins()") > 1,
        what="something to be said",
    )
