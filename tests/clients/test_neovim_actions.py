"""Bodies, fixes, tests and code lenses in a real Neovim."""

from __future__ import annotations

from typing import Any

import pytest

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop
from support.shop import SHOP

__all__ = ["left_nothing", "open_shop", "shop"]

SETUP: dict[str, Any] = {}
LONG_S = 150.0
"""A fix runs the tests a dozen times, and the machine may be busy."""
BODY = "    return text.upper()"
FIXED = "    return first + second"
DIAGNOSTICS = "vim.diagnostic.count(0)[vim.diagnostic.severity.ERROR]"
LENSES = (
    "vim.tbl_map(function(lens) return lens.command and lens.command.title or '' end,"
    " vim.lsp.codelens.get(0))"
)


def made_red(shop: Shop) -> None:
    """Run the tests from their file and wait until the red one is marked."""
    shop.go("tests/test_sums.py")
    shop.command("Ducktypist tests")
    shop.until(
        lambda: shop.lua("return #vim.diagnostic.get(0)") == 1 and "1 failed" in shop.messages(),
        what="a red test",
        timeout_s=LONG_S,
    )


def line_of(shop: Shop, name: str, text: str) -> bool:
    """Return whether a line stands in a file's buffer, wherever it is shown."""
    lines = shop.lua(
        "return vim.api.nvim_buf_get_lines(vim.fn.bufadd(...), 0, -1, false)",
        str(shop.root / name),
    )
    return text in lines


def test_a_body_is_written_and_its_verdict_shown(shop: Shop) -> None:
    """`:Ducktypist body` puts it below the docstring; one undo takes it back."""
    shop.go("shop/words.py")
    before = shop.text
    shop.put_cursor("def sh")
    shop.keys(":Ducktypist body<CR>")
    shop.until(lambda: BODY in shop.text.splitlines(), what="the body")
    shop.wait_told("plausible")
    assert shop.text.startswith(before.rstrip())
    shop.until(lambda: bool(shop.events("accepted")), what="the acceptance in the ledger")
    assert len(shop.events("accepted")) == 1
    shop.normal()
    shop.keys("u")
    shop.until(lambda: shop.text == before, what="one undo")


def test_a_body_where_there_is_none_to_write(shop: Shop) -> None:
    """It is said in words, and the text stays."""
    shop.go("shop/sums.py")
    before = shop.text
    shop.put_cursor("def add")
    shop.keys(":Ducktypist body<CR>")
    shop.until(lambda: "body" in shop.messages(), what="a message")
    assert shop.text == before


def test_the_tests_are_run_and_the_red_one_is_marked(shop: Shop) -> None:
    """`:Ducktypist tests` gives a diagnostic at the assertion, and says how many passed."""
    made_red(shop)
    (found,) = shop.lua("return vim.diagnostic.get(0)")
    assert found["source"] == "ducktypist"
    assert found["code"] == "tests/test_sums.py::test_adds"
    assert found["lnum"] == 4
    assert "1 passed, 1 failed" in shop.messages()


def test_the_tests_see_what_was_just_typed_in_another_buffer(shop: Shop) -> None:
    """Changed code, not saved, and the tests run at once from their own file: they pass."""
    made_red(shop)
    shop.lua(
        """
        local path, line = ...
        local code, tests = vim.fn.bufadd(path), vim.api.nvim_get_current_buf()
        vim.cmd.buffer(code)
        vim.api.nvim_buf_set_lines(code, 4, 5, true, { line })
        vim.cmd.buffer(tests)
        vim.cmd('Ducktypist tests')
        """,
        str(shop.root / "shop/sums.py"),
        FIXED,
    )
    shop.wait_told("2 passed", timeout_s=LONG_S)


def test_a_red_test_is_marked_again_when_its_file_is_opened_again(shop: Shop) -> None:
    """Neovim forgets the marks of a buffer that is closed; the server says them once more."""
    made_red(shop)
    shop.command("bwipeout!")
    shop.go("tests/test_sums.py")
    shop.until(lambda: shop.lua("return #vim.diagnostic.get(0)") == 1, what="the mark")


@pytest.mark.timeout(300)
def test_a_red_test_is_fixed(shop: Shop) -> None:
    """`:Ducktypist fix` changes the code, never the test, says the verdict, and undoes at once."""
    made_red(shop)
    n_before = len(shop.events("accepted"))
    before = SHOP["shop/sums.py"].rstrip("\n").split("\n")
    shop.put_cursor("assert add_up(2, 3)")
    shop.keys(":Ducktypist fix<CR>")
    shop.until(lambda: line_of(shop, "shop/sums.py", FIXED), what="the fix", timeout_s=LONG_S)
    shop.wait_told("plausible")
    shop.until(lambda: len(shop.events("accepted")) > n_before, what="the acceptance")
    assert len(shop.events("accepted")) == n_before + 1
    shop.edit(shop.root / "tests/test_sums.py")
    assert shop.text == SHOP["tests/test_sums.py"].rstrip("\n")
    shop.lua("vim.cmd.buffer(vim.fn.bufadd(...))", str(shop.root / "shop/sums.py"))
    shop.command("Ducktypist tests")
    shop.wait_told("2 passed", timeout_s=LONG_S)
    shop.keys("u")
    shop.until(lambda: shop.text.split("\n") == before, what="one undo")


@pytest.mark.timeout(300)
def test_a_fix_by_neovims_own_menu(shop: Shop) -> None:
    """`gra` offers it among the code actions, and choosing it there does the same."""
    made_red(shop)
    shop.put_cursor("assert add_up(2, 3)")
    shop.keys("gra")
    shop.wait_shown("Ducktypist: fix failing test `test_adds`")
    row = next(row for row in shop.shown().splitlines() if "fix failing test `test_adds`" in row)
    number = row.strip().split(":")[0]
    shop.keys(f"{number}<CR>")
    shop.until(lambda: line_of(shop, "shop/sums.py", FIXED), what="the fix", timeout_s=LONG_S)


def test_lenses_above_empty_functions(shop: Shop) -> None:
    """*Write the body* stands above a documented function without one, and runs from there."""
    shop.go("shop/words.py")
    shop.until(
        lambda: any("body" in title.lower() for title in shop.lua(f"return {LENSES}")),
        what="a lens",
    )
    shop.lua("vim.api.nvim_win_set_cursor(0, { 1, 0 })")
    shop.wait_shown("Write the body")
    shop.keys(":lua vim.lsp.codelens.run()<CR>")
    shop.until(lambda: BODY in shop.text.splitlines(), what="the body")


def test_lenses_above_red_tests(shop: Shop) -> None:
    """*Run* and *Fix* stand above a test once it is red, and nothing above a green one."""
    made_red(shop)
    shop.until(
        lambda: (
            {"Run", "Fix"} <= {title.split()[0] for title in shop.lua(f"return {LENSES}") if title}
        ),
        what="the lenses of a red test",
    )
    lines = shop.lua(
        "return vim.tbl_map(function(lens) return lens.range.start.line end,"
        " vim.lsp.codelens.get(0))"
    )
    assert set(lines) == {3}
