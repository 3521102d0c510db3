"""Real VS Code: what is seen while reading and typing (hover, ghost text, completion list)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from support.editors.vscode_fixtures import left_nothing, tidied
from support.editors.vscode_session import Session, lived_in
from support.shop import RULES, SHOP

__all__ = ["left_nothing", "tidied"]

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox, pytest.mark.timeout(400)]

HEAD = '"""Sums."""\n\n\ndef add_up(first: int, second: int) -> int:\n'
BOTH = '"""Sums."""\n\n\ndef both_lines(first: int, second: int) -> int:\n'
MORE_RULES = [
    {
        "kind": "infill",
        "match": "def both_lines",
        "reply": "total = first + second\n    return total",
    },
    {
        "kind": "chat",
        "match": "Explain .*def add_up.*How:",
        "reply": " takes the second number from the first.",
    },
    {
        "kind": "chat",
        "match": "Explain .*def add_up",
        "reply": " returns the difference of two numbers.",
    },
]
ACCEPT_LINE = "Control+Alt+l"
"""VS Code has no key for it by itself."""
FILES = {
    **SHOP,
    "shop/whole.py": HEAD,
    "shop/one_word.py": HEAD,
    "shop/one_line.py": BOTH,
    "shop/typed_over.py": HEAD,
    "shop/listed.py": SHOP["shop/words.py"] + "    ",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return a window on a shop."""
    keys = {"ctrl+alt+l": "editor.action.inlineSuggest.acceptNextLine"}
    rules = [*MORE_RULES, *RULES]
    with lived_in(FILES, rules=rules, opens="shop/sums.py", keys=keys) as found:
        yield found


def _asks_for_ghost(session: Session, name: str) -> None:
    """Open a file whose function has no body, and begin a line in it."""
    window = session.window
    window.open(session.root / name)
    window.page.keyboard.press("Control+End")
    window.type("    ")
    window.ghost.wait_for()


def _taken(session: Session, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was accepted since, whole or in part."""
    known = {row["suggestion_id"] for row in before if row["accepted"]}
    return [
        row for row in session.ledger() if row["accepted"] and row["suggestion_id"] not in known
    ]


def test_a_hover_tells_facts_prose_and_where_they_come_from(session: Session) -> None:
    """The hover is rendered Markdown; its last line names the model and what was checked."""
    window = session.window
    window.open(session.root / "shop/sums.py")
    hover = window.hover("add_up", "returns the difference of two numbers")
    expect(hover.locator("strong", has_text="What:")).to_be_visible()
    expect(hover.locator("li").first).to_contain_text("returns first - second")
    expect(hover).to_contain_text("scripted none")
    expect(hover).to_contain_text("checked")
    window.picture("vscode-hover")


def test_ghost_text_is_taken_whole_by_tab(session: Session) -> None:
    """What Tab takes is in the file, and the ledger has it as accepted in full."""
    window, path = session.window, session.root / "shop/whole.py"
    before = session.ledger()
    _asks_for_ghost(session, f"shop/{path.name}")
    expect(window.line("return first + second")).to_be_visible()
    window.picture("vscode-ghost")
    window.page.keyboard.press("Tab")
    window.saved(path, lambda text: text == f"{HEAD}    return first + second")
    window.until(lambda: _taken(session, before), "a ghost text is accepted")
    (taken,) = _taken(session, before)
    assert taken["accepted_fraction"] == 1.0
    assert taken["shown"]


def test_a_word_of_ghost_text_is_recorded_as_a_part(session: Session) -> None:
    """One word counts as its share; the next word adds to it, and the rest makes it whole."""
    window, path = session.window, session.root / "shop/one_word.py"
    before = session.ledger()
    _asks_for_ghost(session, f"shop/{path.name}")

    def shares() -> list[float]:
        return [row["accepted_fraction"] for row in _taken(session, before)]

    window.page.keyboard.press("Control+ArrowRight")
    window.until(shares, "a word is counted")
    whole = len("return first + second")
    assert shares() == [pytest.approx(len("return") / whole)]
    # The blank between two words is a step of its own.
    for n_words in (0, 1):
        window.ghost.wait_for()
        window.page.keyboard.press("Control+ArrowRight")
        column = len("    return ") + n_words * len("first") + 1
        window.status_bar.get_by_text(f"Ln 5, Col {column}").first.wait_for()
    window.until(lambda: shares()[0] >= len("returnfirst") / whole, "another word is counted")
    assert len(shares()) == 1
    assert shares()[0] <= len("return first") / whole
    window.saved(path, lambda text: text == f"{HEAD}    return first")


def test_a_line_of_ghost_text_is_recorded_as_a_part(session: Session) -> None:
    """The first of two lines counts as its share of the suggestion."""
    window, path = session.window, session.root / "shop/one_line.py"
    before = session.ledger()
    _asks_for_ghost(session, f"shop/{path.name}")
    window.page.keyboard.press(ACCEPT_LINE)
    window.saved(path, lambda text: "    total = first + second" in text)
    window.until(lambda: _taken(session, before), "a part is accepted")
    (part,) = _taken(session, before)
    assert 0 < part["accepted_fraction"] < 1


def test_what_is_typed_by_hand_is_no_acceptance(session: Session) -> None:
    """Typing the suggestion's own letters records nothing, however many they are."""
    window, path = session.window, session.root / "shop/typed_over.py"
    before = session.ledger()
    _asks_for_ghost(session, f"shop/{path.name}")
    window.type("return first")
    window.saved(path, lambda text: text.endswith("    return first"))
    window.open(session.root / "shop/one_word.py")
    assert _taken(session, before) == []


def test_the_list_of_completions_writes_a_body(session: Session) -> None:
    """In a documented function without a body, the list has one, and taking it is recorded."""
    window, path = session.window, session.root / "shop/listed.py"
    before = session.ledger()
    window.open(path)
    window.page.keyboard.press("Control+End")
    row = window.press_until("Control+Space", window.suggestion("return text.upper()"))
    expect(row).to_contain_text("Ducktypist")
    window.picture("vscode-list")
    window.page.keyboard.press("Enter")
    window.saved(path, lambda text: text.rstrip().endswith("    return text.upper()"))
    window.until(lambda: _taken(session, before), "the body is accepted")
    (taken,) = _taken(session, before)
    assert (taken["kind"], taken["label"]) == ("infill", "unverified")
