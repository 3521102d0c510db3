"""Real VS Code: what is run before it is shown (tests, fixes, bodies), and how that is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.editors.vscode_fixtures import left_nothing, tidied
from support.editors.vscode_session import Session, lived_in
from support.shop import RULES, SHOP

__all__ = ["left_nothing", "tidied"]

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox, pytest.mark.timeout(400)]

PRICES = (
    '"""Prices."""\n\n\ndef taken_off(price: int, part: int) -> int:\n    return price + part\n'
)
PRICE_TESTS = (
    "from shop.prices import taken_off\n\n\n"
    "def test_takes_off() -> None:\n    assert taken_off(5, 2) == 3\n\n\n"
    "def test_takes_off_nothing() -> None:\n    assert taken_off(5, 0) == 5\n"
)
FILES = {
    **SHOP,
    "shop/prices.py": PRICES,
    "tests/test_prices.py": PRICE_TESTS,
    "shop/lens.py": SHOP["shop/words.py"],
    "shop/palette.py": SHOP["shop/words.py"],
    "tests/test_explored.py": "def test_explored() -> None:\n    assert 1 == 1\n",
}
ONCE = {
    "ducktypist.complete.max_candidates": 1,
    "ducktypist.complete.more_s": 0.0,
    "ducktypist.fix.more_s": 0.0,
}
"""One plausible answer is enough where their number is not what a test is about."""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return a window on a shop with two red tests."""
    with lived_in(FILES, rules=RULES, opens="tests/test_sums.py", settings=ONCE) as found:
        yield found


def _body_written(text: str) -> bool:
    return text.rstrip().endswith("    return text.upper()")


def _red(session: Session, path: Path) -> None:
    """Run the tests and open a file in which one is red."""
    window = session.window
    window.open(path)
    if window.squiggles.count() == 0:
        window.command("Ducktypist: Run the Tests")
    window.squiggles.first.wait_for()


def test_running_the_tests_marks_the_assertion_that_fails(session: Session) -> None:
    """The command says how many are red, and the assertion has a diagnostic with the reason."""
    window = session.window
    window.open(session.root / "tests/test_sums.py")
    window.command("Ducktypist: Run the Tests")
    window.toast("failed")
    window.picture("vscode-tests-run")
    window.squiggles.first.wait_for()
    window.quiet()
    window.command("Problems: Focus on Problems View")
    row = window.page.locator(".markers-panel .monaco-list-row", has_text="test_adds").first
    row.wait_for()
    expect(row).to_contain_text("ducktypist")
    window.picture("vscode-problems")
    window.command("View: Hide Panel")


def test_a_quick_fix_is_applied_and_turns_the_test_green(session: Session) -> None:
    """The fix comes from the menu with its verdict; saved, it makes the diagnostic go."""
    window, path = session.window, session.root / "shop/prices.py"
    _red(session, session.root / "tests/test_prices.py")
    window.go_to(5, 8)
    row = window.fix_menu("fix failing test `test_takes_off`")
    window.picture("vscode-fix-menu")
    row.click()
    fixed = PRICES.replace("price + part", "price - part")
    # Before anything else: it goes away by itself, and with the Escape of whoever opens a file.
    window.toast("plausible: 3 of 3 runs")
    window.open(path)
    window.line("price - part").wait_for()
    window.picture("vscode-fix")
    window.saved(path, lambda text: text == fixed)
    window.until(lambda: session.n_taken("fix") == 1, "the fix is accepted")
    (fix,) = [row for row in session.ledger() if row["kind"] == "fix" and row["accepted"]]
    assert (fix["label"], fix["strongest_tier"]) == ("right", "visible")
    window.open(session.root / "tests/test_prices.py")
    window.command("Ducktypist: Run the Tests")
    expect(window.squiggles).to_have_count(0, timeout=60_000)


def test_a_lens_writes_the_body_of_a_documented_function(session: Session) -> None:
    """Clicked, it puts the body into the file that ran its example."""
    window, path = session.window, session.root / "shop/lens.py"
    window.open(path)
    lens = window.lens("Write the body")
    lens.wait_for()
    window.picture("vscode-lens")
    lens.click()
    window.line("return text.upper()").wait_for()
    window.saved(path, _body_written)
    window.until(
        lambda: any(
            row["accepted"] and row["kind"] == "complete" and row["label"] == "right"
            for row in session.ledger()
        ),
        "the body is accepted",
    )


def test_the_palette_writes_the_body_at_the_cursor(session: Session) -> None:
    """The command needs no menu."""
    window, path = session.window, session.root / "shop/palette.py"
    window.open(path)
    window.go_to(1, 6)
    window.command("Ducktypist: Write the Body of This Function")
    window.line("return text.upper()").wait_for()
    window.saved(path, _body_written)


def test_lenses_above_a_red_test_run_and_fix_it(session: Session) -> None:
    """A red test has two; once the code is mended, to run it takes them and the mark away."""
    window, path = session.window, session.root / "shop/sums.py"
    _red(session, session.root / "tests/test_sums.py")
    window.lens("Fix").wait_for()
    window.picture("vscode-red-lens")
    mended = path.read_text().replace("first - second", "first + second")
    path.write_text(mended)
    window.lens("Run").click()
    expect(window.squiggles).to_have_count(0, timeout=90_000)
    expect(window.lens("Fix")).to_have_count(0, timeout=90_000)


def test_the_test_explorer_lists_and_runs_tests(session: Session) -> None:
    """What is run there has its outcome in the tree, in words too, and marks the assertion."""
    window, path = session.window, session.root / "tests/test_explored.py"
    window.open(path)
    window.command("Testing: Focus on Test Explorer View")
    row = window.page.locator(".test-explorer .monaco-list-row", has_text="test_explored.py").first
    row.wait_for()
    path.write_text(FILES["tests/test_explored.py"].replace("== 1", "== 2"))
    window.line("== 2").wait_for()
    window.command("Test: Run Tests in Current File")
    failed = window.page.locator('.test-explorer .monaco-list-row[aria-label*="Failed"]')
    failed.filter(has_text="test_explored").first.wait_for()
    window.squiggles.first.wait_for()
    window.picture("vscode-explorer")
    window.command("View: Hide Panel")
    window.command("View: Show Explorer")
