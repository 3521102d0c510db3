"""Trust in a real Neovim: nothing of a folder is run before the person allows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

FILES = {
    "pytest.ini": "[pytest]\npythonpath = .\n",
    # Whoever imports, collects or runs anything of this says so in the report.
    "conftest.py": "import sys\n\nsys.stderr.write('conftest ran')\n",
    "words.py": (
        "def shout(text: str) -> str:\n"
        '    """Return the text in capitals.\n\n    >>> shout(\'ab\')\n    \'AB\'\n    """\n'
    ),
    "tests/test_words.py": "def test_green():\n    pass\n",
}
SETUP: dict[str, Any] = {"files": FILES, "first": "words.py", "trusted": False}


def is_trusted(shop: Shop) -> bool:
    """Return what the server says of the folder."""
    (workspace,) = shop.run("status")["workspaces"]
    return bool(workspace["trusted"])


@pytest.fixture
def untrusted(shop: Shop) -> Shop:
    """Take the folder's trust away, and forget that it was asked about."""
    shop.go("words.py")
    if is_trusted(shop):
        shop.command("Ducktypist trust revoke")
        shop.until(lambda: not is_trusted(shop), what="an untrusted folder")
    shop.lua("package.loaded['ducktypist.trust'] = nil")
    shop.command("messages clear")
    assert not is_trusted(shop)
    return shop


def test_nothing_is_run_and_it_is_asked(untrusted: Shop) -> None:
    """Running tests asks instead; who denies it is told what that means, and not asked again."""
    untrusted.keys(":Ducktypist tests<CR>")
    screen = untrusted.wait_shown("Do you trust")
    assert str(untrusted.root) in screen.replace("\n", "")
    for choice in ("View", "Allow", "Deny"):
        assert choice in screen
    untrusted.keys("3<CR>")
    untrusted.wait_told("is not trusted")
    assert not is_trusted(untrusted)
    untrusted.command("messages clear")
    untrusted.command("Ducktypist tests")
    untrusted.wait_told(":Ducktypist trust")
    assert not is_trusted(untrusted)


def test_a_body_is_not_run(untrusted: Shop) -> None:
    """It is written all the same, and its verdict says that nothing was run and why."""
    untrusted.put_cursor("def sh")
    untrusted.command("Ducktypist body")
    untrusted.until(lambda: "return text.upper()" in untrusted.text, what="the body")
    told = untrusted.wait_told("not trusted")
    assert "plausible" not in told


def test_it_is_allowed(untrusted: Shop) -> None:
    """From then on tests are run, without another start, and the list of trusted folders has it."""
    untrusted.keys(":Ducktypist trust<CR>")
    untrusted.wait_shown("Do you trust")
    untrusted.keys("2<CR>")
    untrusted.until(lambda: is_trusted(untrusted), what="a trusted folder")
    untrusted.wait_told("is trusted")
    untrusted.command("Ducktypist tests")
    untrusted.wait_told("1 passed", timeout_s=100)


def test_what_would_be_run_is_shown(untrusted: Shop) -> None:
    """Viewing shows the files that decide it, and allows nothing."""
    untrusted.keys(":Ducktypist trust<CR>")
    untrusted.wait_shown("Do you trust")
    untrusted.keys("1<CR>")
    untrusted.until(lambda: "conftest.py" in untrusted.text, what="the files that decide")
    assert not is_trusted(untrusted)


def test_nothing_chosen_is_nothing_allowed(untrusted: Shop) -> None:
    """Leaving the prompt by Escape leaves everything as it was."""
    untrusted.keys(":Ducktypist trust<CR>")
    untrusted.wait_shown("Do you trust")
    untrusted.keys("<Esc>")
    untrusted.until(lambda: untrusted.mode["mode"] == "n", what="normal mode")
    assert not is_trusted(untrusted)


def test_trust_is_taken_away(untrusted: Shop) -> None:
    """`:Ducktypist trust revoke` holds at once."""
    untrusted.command("Ducktypist trust allow")
    untrusted.until(lambda: is_trusted(untrusted), what="a trusted folder")
    untrusted.command("Ducktypist trust revoke")
    untrusted.until(lambda: not is_trusted(untrusted), what="an untrusted folder")


def test_the_folders_own_configuration_does_not_decide(untrusted: Shop) -> None:
    """No file of the workspace makes it trusted."""
    path = untrusted.root / ".ducktypist.toml"
    path.write_text("trusted = true\n[complete]\nrepeats = 1\n")
    try:
        untrusted.command("Ducktypist tests")
        untrusted.until(
            lambda: "Do you trust" in untrusted.shown(), what="a question, not an answer"
        )
        untrusted.keys("<Esc>")
        assert not is_trusted(untrusted)
    finally:
        path.unlink()


def test_status_says_it(untrusted: Shop) -> None:
    """Whether the folder is trusted can be read."""
    untrusted.keys(":Ducktypist status<CR>")
    text = untrusted.until(
        lambda: next(
            (
                one
                for one in untrusted.lua(
                    "return vim.tbl_map(function(window) return table.concat("
                    "vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false),"
                    " '\\n') end, vim.api.nvim_list_wins())"
                )
                if "trusted" in one
            ),
            None,
        ),
        what="trust in the status",
    )
    assert "not trusted" in text, json.dumps(text)
