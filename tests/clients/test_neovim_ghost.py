"""Ghost text in a real Neovim: seen, taken whole or in part, dismissed, typed through."""

from __future__ import annotations

from typing import Any

import pytest

from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

BODY = "total = 0\n    for number in numbers:\n        total += number\n    return total"
DUCKS = '"\U0001f986\U0001f986 " + text.upper()'
SETUP: dict[str, Any] = {
    "rules": [
        {"kind": "infill", "match": "def sum_of", "reply": BODY},
        {"kind": "infill", "match": "def quack", "reply": DUCKS},
        # Only of what is typed while the menu is open.
        {"kind": "infill", "match": "def listed.*return en", "reply": "tries.copy()"},
        {"kind": "infill", "match": "def listed", "reply": ""},
    ],
    "after": """
vim.keymap.set('i', '<M-a>', '<Plug>(ducktypist-accept)')
vim.keymap.set('i', '<M-w>', '<Plug>(ducktypist-accept-word)')
vim.keymap.set('i', '<M-l>', '<Plug>(ducktypist-accept-line)')
vim.keymap.set('i', '<M-d>', '<Plug>(ducktypist-dismiss)')
""",
}
SHOUT = 'def shout(text):\n    """Return it in capitals."""\n   '
SUM_OF = 'def sum_of(numbers):\n    """Return the sum of the numbers."""\n   '
QUACK = (
    "def quack(text):\n"
    '    """Return it behind two ducks."""\n'
    '    größe, ente = "ß\U0001f986", ""\n'
    "    return"
)
REPLY = "return text.upper()"
LISTED = 'def listed(enormous, entries):\n    """Return a copy."""\n    return'


def offered(shop: Shop, text: str, shown: str, *, typed: str = " ") -> int:
    """Type at the end of a text until a suggestion is on the screen; return how many there were."""
    before = len(shop.events("accepted")) + len(shop.events("dismissed"))
    shop.go("shop/typed.py", text)
    shop.keys("GA")
    shop.wait("vim.api.nvim_get_mode().mode == 'i'")
    shop.typed(typed)
    shop.wait_shown(shown)
    assert shop.text == text + typed
    return before


def newest(shop: Shop, event: str, n_before: int) -> tuple[str, float | None]:
    """Wait for another entry of the ledger and return it."""
    shop.until(
        lambda: len(shop.events("accepted")) + len(shop.events("dismissed")) > n_before,
        what=f"{event} in the ledger",
    )
    return shop.events(event)[-1]


def test_it_appears_while_typing_and_is_no_text(shop: Shop) -> None:
    """What is suggested stands on the screen, not in the buffer, and is gone in normal mode."""
    offered(shop, SHOUT, REPLY)
    shop.normal()
    shop.until(lambda: REPLY not in shop.shown(), what="the suggestion to go")
    assert shop.text == SHOUT + " "


def test_the_whole_is_taken(shop: Shop) -> None:
    """The text is there with the cursor behind it, the ledger knows, and one undo takes it back."""
    n_before = offered(shop, SHOUT, REPLY)
    shop.keys("<M-a>")
    shop.until(lambda: shop.text == SHOUT + " " + REPLY, what="the accepted text")
    assert shop.cursor == (2, len("    " + REPLY))
    assert shop.mode["mode"] == "i"
    _, fraction = newest(shop, "accepted", n_before)
    assert fraction is None
    shop.normal()
    shop.keys("u")
    shop.until(lambda: REPLY not in shop.text, what="one undo")


def test_a_suggestion_of_several_lines(shop: Shop) -> None:
    """All lines are seen below each other and taken together; one undo takes them back."""
    offered(shop, SUM_OF, "total = 0")
    screen = shop.wait_shown("return total")
    rows = [row.strip() for row in screen.splitlines()]
    first = rows.index("total = 0")
    assert rows[first : first + 4] == [line.strip() for line in BODY.splitlines()]
    shop.keys("<M-a>")
    shop.until(lambda: shop.text == SUM_OF + " " + BODY, what="the accepted text")
    assert shop.cursor == (5, len("    return total"))
    shop.normal()
    shop.keys("u")
    shop.until(lambda: "total" not in shop.text, what="one undo")


def test_a_line_is_taken(shop: Shop) -> None:
    """Its first line is text, the rest stays a suggestion; the ledger has the share."""
    n_before = offered(shop, SUM_OF, "return total")
    shop.keys("<M-l>")
    shop.until(lambda: "    total = 0" in shop.text, what="the first line")
    assert "for number" not in shop.text
    shop.wait_shown("for number in numbers:")
    _, fraction = newest(shop, "accepted", n_before)
    taken = len(shop.text) - len(SUM_OF + " ")
    assert fraction == pytest.approx(taken / len(BODY), abs=0.001)


def test_words_are_taken_until_nothing_is_left(shop: Shop) -> None:
    """Each word is added to the ledger's share of the same suggestion; in the end all is taken."""
    n_before = offered(shop, SHOUT, REPLY)
    shop.keys("<M-w>")
    shop.until(lambda: shop.text.rstrip() == SHOUT + " return", what="the first word")
    shop.wait_shown(REPLY)
    name, fraction = newest(shop, "accepted", n_before)
    assert fraction is not None
    assert 0.3 <= fraction <= 0.4
    for _ in range(10):
        if shop.text == SHOUT + " " + REPLY:
            break
        before = shop.text
        shop.keys("<M-w>")
        shop.until(lambda before=before: shop.text != before, what="another word")
    assert shop.text == SHOUT + " " + REPLY
    shop.until(lambda: shop.events("accepted")[-1][1] == 1, what="all of it in the ledger")
    assert shop.events("accepted")[-1][0] == name


def test_it_is_dismissed(shop: Shop) -> None:
    """It goes, the ledger knows, and the text is as it was."""
    n_before = offered(shop, SHOUT, REPLY)
    shop.keys("<M-d>")
    shop.until(lambda: REPLY not in shop.shown(), what="the suggestion to go")
    newest(shop, "dismissed", n_before)
    assert shop.text == SHOUT + " "
    assert shop.mode["mode"] == "i"


def test_what_is_typed_through_stays(shop: Shop) -> None:
    """While one types what was suggested the rest is offered, as the same suggestion."""
    n_before = offered(shop, SHOUT, REPLY)
    for letter in "return te":
        shop.typed(letter)
    shop.until(lambda: shop.text.endswith("return te"), what="the typed text")
    shop.wait_shown(REPLY)
    shop.keys("<M-a>")
    shop.until(lambda: shop.text == SHOUT + " " + REPLY, what="the accepted text")
    name, _ = newest(shop, "accepted", n_before)
    # Nothing was asked for after it.
    assert shop.rows("SELECT suggestion_id FROM requested ORDER BY seq DESC LIMIT 1") == [(name,)]


def test_other_text_makes_it_go(shop: Shop) -> None:
    """What is typed instead of a suggestion is what stands there in the end."""
    offered(shop, SHOUT, REPLY)
    shop.typed("pass")
    shop.until(lambda: shop.text == SHOUT + " pass", what="the typed text")
    shop.until(lambda: "text.upper()" not in shop.shown(), what="the suggestion to go")


def test_text_beyond_ascii_before_the_cursor(shop: Shop) -> None:
    """Places are counted right where bytes, UTF-16 units and letters differ."""
    n_before = offered(shop, QUACK, DUCKS)
    shop.keys("<M-w>")
    shop.until(lambda: len(shop.text) > len(QUACK) + 1, what="the first word")
    taken = shop.text.removeprefix(QUACK + " ")
    assert DUCKS.startswith(taken)
    _, fraction = newest(shop, "accepted", n_before)
    units = len(taken.encode("utf-16-le")) / len(DUCKS.encode("utf-16-le"))
    assert fraction == pytest.approx(units, abs=0.001)
    shop.wait_shown(DUCKS)
    shop.keys("<M-a>")
    shop.until(lambda: shop.text == QUACK + " " + DUCKS, what="the accepted text")
    assert shop.cursor == (3, len(f"    return {DUCKS}".encode()))


def test_an_accept_key_without_a_suggestion(shop: Shop) -> None:
    """Nothing happens, and nothing is complained of."""
    shop.go("shop/typed.py", "x = 1\n")
    shop.keys("GA")
    shop.wait("vim.api.nvim_get_mode().mode == 'i'")
    for key in ("<M-a>", "<M-w>", "<M-l>", "<M-d>"):
        shop.keys(key)
    shop.typed("y")
    shop.until(lambda: shop.text.endswith("y"), what="the typed letter")
    assert shop.text == "x = 1\ny"


def test_what_a_menu_kept_away_comes_when_it_closes(shop: Shop) -> None:
    """While a completion menu is open nothing is suggested; what was typed by then counts."""
    shop.lua("vim.bo.complete, vim.o.completeopt = '.', 'menu,menuone,noinsert,noselect'")
    shop.go("shop/typed.py", LISTED)
    shop.lua("vim.bo.complete = '.'")
    shop.keys("GA")
    shop.wait("vim.api.nvim_get_mode().mode == 'i'")
    shop.typed(" e")
    shop.keys("<C-n>")
    shop.wait("vim.fn.pumvisible() == 1")
    shop.typed("n")
    shop.wait("vim.fn.pumvisible() == 1")
    assert "tries.copy()" not in shop.shown()
    shop.keys("<C-e>")
    shop.wait_shown("tries.copy()")
    assert shop.text == LISTED + " en"
    shop.normal()


def test_what_the_menu_of_a_plugin_kept_away_comes_when_it_says_that_it_closed(shop: Shop) -> None:
    """Such a menu changes no text when it closes; its event is all that there is to go by.

    A stand-in speaks as blink.cmp does; the real ones are not in any package registry.
    """
    shop.lua(
        """
        _G.menu_stands = true
        package.loaded['blink.cmp'] = { is_menu_visible = function() return _G.menu_stands end }
        """
    )
    try:
        shop.go("shop/typed.py", LISTED)
        shop.keys("GA")
        shop.wait("vim.api.nvim_get_mode().mode == 'i'")
        shop.typed(" en")
        assert "tries.copy()" not in shop.shown()
        shop.lua(
            """
            _G.menu_stands = false
            vim.api.nvim_exec_autocmds('User', { pattern = 'BlinkCmpMenuClose' })
            """
        )
        shop.wait_shown("tries.copy()")
    finally:
        shop.lua("package.loaded['blink.cmp'] = nil")
        shop.normal()
