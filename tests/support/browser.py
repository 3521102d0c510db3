"""A real Chromium for tests that look at a page; what it complains of is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")


@dataclass(kw_only=True)
class Look:
    """One page in one window, and what happened in it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """What the console and the page's errors said, violations of its policy included."""
    requests: list[str] = field(default_factory=list)
    """Every address that was asked for."""


def find_chromium() -> str | None:
    """Return a Chromium's path: ``DUCKTYPIST_TEST_CHROMIUM``, or one on PATH."""
    named = os.environ.get("DUCKTYPIST_TEST_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium; skip the test where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on PATH; DUCKTYPIST_TEST_CHROMIUM names one elsewhere")
    # Root in a container has no sandbox of Chromium's; what is opened is our own file.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def looked_at(
    browser: Browser,
    file: Path,
    *,
    width: int = 1280,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Look]:
    """Open a file in a window of its own."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    try:
        look = Look(page=context.new_page())

        def heard(message: ConsoleMessage) -> None:
            look.complaints.append(message.text)

        look.page.on("console", heard)
        look.page.on("pageerror", lambda error: look.complaints.append(str(error)))
        look.page.on("request", lambda request: look.requests.append(request.url))
        # The address of the file and nothing else.
        look.page.goto(file.resolve().as_uri())
        yield look
    finally:
        context.close()
