"""Pictures of what Neovim draws, made by a browser and kept as build output."""

from __future__ import annotations

from pathlib import Path

from support.browser import chromium
from support.editors import places
from support.editors.neovim import Neovim

PNG = b"\x89PNG\r\n\x1a\n"


def taken(editor: Neovim, name: str) -> Path:
    """Draw what is on the screen as a picture, and return its file."""
    editor.shown()
    page = places.BUILT / f"{name}.html"
    picture = places.PICTURES / f"{name}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(editor.screen.page(title=name), encoding="utf-8")
    with chromium() as browser:
        view = browser.new_page(device_scale_factor=2)
        view.goto(page.as_uri())
        view.locator("pre").screenshot(path=picture)
    assert picture.read_bytes().startswith(PNG)
    return picture
