"""A window of VS Code in a headless browser: keys, menus, what is shown, what is on the disk.

It knows VS Code's page and nothing of our extension. One window serves all tests of a module.
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import FrameLocator, Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from support.browser import find_chromium
from support.editors.places import PICTURES, lacking
from support.editors.vscode import CodeServer

PATIENCE_S = 90.0
"""How long anything may take on a busy machine before a test fails."""
STEP_MS = 4000
"""How long one try of something may take that is tried again."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OWN_HOSTS = {"127.0.0.1", "localhost"}


class Window:
    """One window, and every address that its page asked for."""

    def __init__(self, page: Page, server: CodeServer) -> None:
        self.page = page
        self.server = server
        self.address = server.origin
        """What it was opened with."""
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))

    # ------------------------------------------------------------------ places in the page

    @property
    def editor(self) -> Locator:
        """The editor that is seen."""
        return self.page.locator(".editor-instance .monaco-editor").first

    @property
    def ghost(self) -> Locator:
        """Ghost text in it."""
        return self.editor.locator(".ghost-text-decoration, .ghost-text").first

    @property
    def status_bar(self) -> Locator:
        """The line at the bottom."""
        return self.page.locator(".part.statusbar")

    @property
    def toasts(self) -> Locator:
        """Messages at the lower right."""
        return self.page.locator(".notification-toast")

    @property
    def squiggles(self) -> Locator:
        """Marks of errors and warnings in the editor that is seen."""
        return self.editor.locator(".squiggly-error, .squiggly-warning")

    def line(self, text: str) -> Locator:
        """Return the first line that holds a text."""
        return self.editor.locator(".view-line").filter(has_text=text).first

    def word(self, text: str) -> Locator:
        """Return the first piece of code that is this word."""
        return (
            self.editor.locator(".view-line span span")
            .filter(has_text=re.compile(rf"^\s*{re.escape(text)}\s*$"))
            .first
        )

    def tab(self, name: str) -> Locator:
        """Return the tab of a file."""
        return self.page.locator(f'.tab[data-resource-name="{name}"]').first

    def menu_row(self, text: str) -> Locator:
        """Return a row of the menu of code actions."""
        return self.page.locator(".action-widget .monaco-list-row", has_text=text).first

    def suggestion(self, text: str) -> Locator:
        """Return a row of the list of completions."""
        return self.page.locator(".suggest-widget.visible .monaco-list-row", has_text=text).first

    def status_item(self, text: str) -> Locator:
        """Return an item of the line at the bottom."""
        return self.page.locator(".statusbar-item", has_text=text).first

    def lens(self, text: str) -> Locator:
        """Return a code lens that can be clicked."""
        return self.editor.locator(".codelens-decoration a", has_text=text).first

    def choice(self, text: str) -> Locator:
        """Return a row of the list in the middle above (commands, files, choices)."""
        return self.page.locator(".quick-input-list .monaco-list-row", has_text=text).first

    def hover_text(self, text: str) -> Locator:
        """Return the hover that holds a text."""
        return self.page.locator(".monaco-hover:visible").filter(has_text=text).first

    @property
    def webview(self) -> FrameLocator:
        """What the webview that is seen shows: a page in a frame in a frame."""
        outer = self.page.frame_locator("iframe.webview.ready:visible").first
        return outer.frame_locator("#active-frame")

    # ------------------------------------------------------------------ doing

    def open(self, path: Path) -> None:
        """Open a file of the workspace and wait until its text is there."""

        def ask() -> None:
            self._quick_box("Control+p").fill(str(path))
            self.choice(path.name).click(timeout=STEP_MS)

        self.do_until(ask, self.page.locator(f'.tab.active[data-resource-name="{path.name}"]'))
        first = next((one for one in path.read_text().splitlines() if one.strip()), "")
        if first:
            self.line(first.strip()[:30]).wait_for()

    def close_editors(self) -> None:
        """Close all editors; what was not saved is thrown away."""
        self.page.keyboard.press("Escape")
        self.command("File: Revert File")
        self.command("View: Close All Editors")
        # Of a file that is not seen and was not saved VS Code asks what to do with it.
        gone, dialog = self.page.locator(".tab").first, self.page.locator(".monaco-dialog-box")
        self.until(lambda: gone.count() == 0 or dialog.is_visible(), "the editors are closed")
        if dialog.is_visible():
            dialog.get_by_role("button", name="Don't Save").click()
        gone.wait_for(state="detached")

    def command(self, title: str) -> None:
        """Run a command of the palette by its whole title."""
        row = self.page.locator(".quick-input-list .monaco-list-row").filter(
            has=self.page.locator(".label-name", has_text=re.compile(rf"^{re.escape(title)}$"))
        )

        def run() -> None:
            self._quick_box("F1").fill(f">{title}")
            # The list may go away before it is clicked, as when a view takes the focus.
            row.first.click(timeout=STEP_MS)

        self.do_until(run, self.page.locator("body"))

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor at a line and column, both counted from 1."""

        def go() -> None:
            self._quick_box("Control+g").fill(f":{line}:{column}", timeout=STEP_MS)
            self.page.keyboard.press("Enter")
            widget = self.page.locator(".quick-input-widget").first
            widget.wait_for(state="hidden", timeout=STEP_MS)

        self.do_until(go, self.status_bar.get_by_text(f"Ln {line}, Col ").first)

    def type(self, text: str, *, delay_ms: float = 30) -> None:
        """Type a text key by key."""
        self.page.keyboard.type(text, delay=delay_ms)

    def press_until(self, key: str, shown: Locator, *, tries: int = 12) -> Locator:
        """Press a key until what it opens is there.

        A menu that is asked for while VS Code still works on the cursor's move may be closed at
        once, so one press is not always enough.
        """

        def press() -> None:
            self.page.keyboard.press(key)

        return self.do_until(press, shown, tries=tries)

    def do_until(
        self,
        act: Callable[[], object],
        shown: Locator,
        *,
        tries: int = 12,
        wait_ms: float = STEP_MS,
    ) -> Locator:
        """Do something until what it brings is there, escaping in between."""
        for _ in range(tries):
            try:
                act()
                shown.wait_for(timeout=wait_ms)
            except PlaywrightTimeoutError:
                self.page.keyboard.press("Escape")
            else:
                return shown
        self.picture("not-shown")
        raise AssertionError(f"{shown} was not shown after {tries} tries")

    def hover(self, word: str, text: str) -> Locator:
        """Rest the mouse on a word until the hover holds a text."""

        def rest() -> None:
            self.page.mouse.move(900, 700)
            self.word(word).hover(timeout=STEP_MS)

        return self.do_until(rest, self.hover_text(text), wait_ms=6000)

    def fix_menu(self, title: str) -> Locator:
        """Open the menu of code actions at the cursor and return the row with a title."""
        return self.press_until("Control+.", self.menu_row(title))

    def saved(self, path: Path, holds: Callable[[str], bool]) -> str:
        """Save until the file on the disk is as wanted, and return its text."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.page.keyboard.press("Control+s")
            self.page.wait_for_timeout(150)
            text = path.read_text()
            if holds(text):
                return text
            if time.monotonic() > deadline:
                self.picture("not-saved")
                raise AssertionError(f"{path.name} on the disk is: {text}")

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something outside the page, while the page goes on."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                self.picture("not-reached")
                raise AssertionError(f"did not happen: {what}")
            self.page.wait_for_timeout(100)

    def toast(self, text: str) -> Locator:
        """Wait for a message that holds a text."""
        found = self.toasts.filter(has_text=text).first
        found.wait_for()
        return found

    def quiet(self) -> None:
        """Take away messages and menus that lie over the editor."""
        self.command("Notifications: Clear All Notifications")
        self.page.keyboard.press("Escape")

    def picture(self, name: str) -> Path:
        """Keep a picture of the window among the build output."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path

    # ------------------------------------------------------------------ what left the machine

    def asked_outside(self) -> list[str]:
        """Return the addresses beyond this machine that the page asked for."""
        found = []
        for address in self.requests:
            parts = urllib.parse.urlsplit(address)
            if parts.scheme.startswith(("http", "ws")) and parts.hostname not in OWN_HOSTS:
                found.append(address)
        return found

    def _quick_box(self, key: str) -> Locator:
        box = self.page.locator(".quick-input-widget:visible input").first
        return self.press_until(key, box)


@contextmanager
def opened(server: CodeServer, *, file: Path | None = None) -> Iterator[Window]:
    """Open a window on a server's folder, with a file if one is named.

    Nothing may have been asked of the network in the end, by the page or by any process.
    """
    path = find_chromium()
    if path is None:
        lacking("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.set_default_timeout(PATIENCE_S * 1000)
            window = Window(page, server)
            window.address = _address(server, file)
            page.goto(window.address)
            page.locator(".monaco-workbench .part.statusbar").wait_for()
            if file is not None:
                page.locator(".tab.active", has_text=file.name).first.wait_for()
            yield window
            outside = window.asked_outside()
            assert not outside, f"the page asked for {outside}"
            reached = server.reached()
            assert not reached, f"a process wanted to reach {reached}"
        finally:
            with _gone_already():
                browser.close()


def _address(server: CodeServer, file: Path | None) -> str:
    asked = {"folder": str(server.setup.folder)}
    if file is not None:
        uri = f"vscode-remote://127.0.0.1:{server.port}{file}"
        asked["payload"] = json.dumps([["openFile", uri]])
    return f"{server.origin}/?{urllib.parse.urlencode(asked)}"


@contextmanager
def _gone_already() -> Iterator[None]:
    """Let a browser that crashed be closed, so that the test's own failure is what is told."""
    try:
        yield
    except PlaywrightError:
        return
