"""Real VS Code: what our own views show (status bar, menu, explanations, ledger)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from support.editors.vscode_fixtures import left_nothing, tidied
from support.editors.vscode_session import Session, lived_in
from support.shop import RULES, SHOP

__all__ = ["left_nothing", "tidied"]

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox, pytest.mark.timeout(400)]

HEAD = '"""Sums."""\n\n\ndef add_up(first: int, second: int) -> int:\n'
DREADFUL = (
    " is <img src=https://example.invalid/x.png> ![x](https://example.invalid/y.png)"
    " [click](command:workbench.action.quit) text."
)
MORE_RULES = [
    {"kind": "chat", "match": "Explain .*def hostile", "reply": DREADFUL},
    {
        "kind": "chat",
        "match": "Explain .*def add_up.*How:",
        "reply": " takes the second number from the first and gives back what is left.",
        "delay_ms": 150,
    },
    {
        "kind": "chat",
        "match": "Explain .*def add_up",
        "reply": " returns the difference of two numbers.",
        "delay_ms": 150,
    },
]
FILES = {
    **SHOP,
    "shop/taken.py": HEAD,
    "shop/hostile.py": "def hostile(x: int) -> int:\n    y = x + 1\n    return y * 2\n",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return a window on a shop."""
    with lived_in(FILES, rules=[*MORE_RULES, *RULES], opens="shop/sums.py") as found:
        yield found


def test_the_status_bar_says_how_things_stand_and_opens_a_menu(session: Session) -> None:
    """It names model and state in words, and what can be done now is one click away."""
    window = session.window
    window.open(session.root / "shop/sums.py")
    item = window.status_item("scripted")
    expect(item).to_contain_text("idle", timeout=90_000)
    spoken = item.locator("[aria-label]").first.get_attribute("aria-label") or ""
    assert "Ducktypist" in spoken
    assert "$(" not in spoken
    item.click()
    for choice in ("Explain this", "Run the tests", "Show the ledger", "Choose the model"):
        window.choice(choice).wait_for()
    window.picture("vscode-menu")
    window.page.keyboard.press("Escape")


def test_an_explanation_streams_into_a_panel_beside_the_code(session: Session) -> None:
    """Prose and provenance come while the panel says that it is being written, then that is it."""
    window = session.window
    window.open(session.root / "shop/sums.py")
    window.go_to(4, 6)
    window.command("Ducktypist: Explain This")
    panel = window.webview
    standing = panel.locator("#standing")
    standing.wait_for()
    window.status_item("writing").wait_for()
    passages = panel.locator("#passages")
    expect(passages).to_contain_text("takes the second number from the first", timeout=90_000)
    expect(passages).to_contain_text("scripted none", timeout=90_000)
    expect(panel.locator("#stop")).to_be_hidden()
    expect(standing).to_have_attribute("aria-live", "polite")
    window.picture("vscode-explain")


def test_prose_of_the_model_is_text_and_nothing_else(session: Session) -> None:
    """What it writes as an image, a link or a tag is shown as text, in panel and hover."""
    window = session.window
    window.open(session.root / "shop/hostile.py")
    window.go_to(1, 6)
    window.command("Ducktypist: Explain This")
    passages = window.webview.locator("#passages")
    expect(passages).to_contain_text("scripted none", timeout=90_000)
    expect(passages.locator("img, a[href]")).to_have_count(0)
    hover = window.hover("hostile", "scripted none")
    expect(hover.locator("img, a[href^=command]")).to_have_count(0)
    window.picture("vscode-hostile")


def test_the_ledger_view_has_the_report_and_recent_suggestions(session: Session) -> None:
    """The report is drawn inside; a suggestion in the list leads back to its place."""
    window = session.window
    window.open(session.root / "shop/words.py")
    window.lens("Write the body").click()
    window.line("return text.upper()").wait_for()
    window.saved(session.root / "shop/words.py", lambda text: "return text.upper()" in text)
    window.until(lambda: session.n_taken("complete") == 1, "the body is accepted")
    path = session.root / "shop/taken.py"
    window.open(path)
    window.page.keyboard.press("Control+End")
    window.type("    ")
    window.ghost.wait_for()
    window.page.keyboard.press("Tab")
    window.saved(path, lambda text: text.endswith("return first + second"))
    window.until(lambda: session.n_taken("infill") == 1, "the ghost text is accepted")
    window.command("Ducktypist: Show the Ledger")
    report = window.webview
    report.locator("h1").first.wait_for()
    expect(report.locator("svg").first).to_be_attached()
    expect(report.locator("script")).to_have_count(0)
    recent = window.page.locator(".pane-body .monaco-list-row")
    window.command("Ducktypist: Focus on Recent Suggestions View")
    recent.filter(has_text="taken.py").first.wait_for()
    expect(recent.filter(has_text="words.py").first).to_contain_text("right")
    window.picture("vscode-ledger")
    spoken = recent.filter(has_text="taken.py").first.get_attribute("aria-label") or ""
    assert "accepted" in spoken
    window.command("View: Close All Editors")
    recent.filter(has_text="taken.py").first.click()
    window.tab("taken.py").wait_for()
    window.status_bar.get_by_text("Ln 5, Col").first.wait_for()


def test_the_walkthrough_leads_through_the_first_five_minutes(session: Session) -> None:
    """It has five steps, and each shows its page."""
    window = session.window
    window.command("Welcome: Open Walkthrough...")
    window.choice("First Steps with Ducktypist").click(timeout=30_000)
    page = window.page.locator(".getting-started-steps-container, .gettingStartedContainer").first
    steps = page.locator(".getting-started-step")
    expect(steps).to_have_count(5)
    expect(page).to_contain_text("First Steps with Ducktypist")
    expect(page).to_contain_text("Have a body written")
    window.picture("vscode-walkthrough")


def test_the_settings_are_described_where_they_are_set(session: Session) -> None:
    """The settings editor shows what a setting does, in the server's own words."""
    window = session.window
    window.command("Preferences: Open Settings (UI)")
    editor = window.page.locator(".settings-editor")
    editor.locator(".suggest-input-container .monaco-editor").first.click()
    window.page.keyboard.type("ducktypist.lens.tests")
    row = editor.locator(".setting-item-contents", has_text="Run and Fix above tests").first
    row.wait_for()
    expect(row).to_contain_text("Lens")
    window.picture("vscode-settings")
