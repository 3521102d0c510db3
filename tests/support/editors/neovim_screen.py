"""What Neovim draws: cells with colours, kept from its redraw events, as text and as HTML.

One grid only (no ``ext_multigrid``), which is what a terminal has.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Screen:
    """The cells of a screen."""

    cells: list[list[tuple[str, int]]] = field(default_factory=list)
    """Text and highlight of each cell, row by row."""
    highlights: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """Colours as ``nvim_ui_attach`` with ``rgb`` gives them."""
    foreground: int = 0xFFFFFF
    background: int = 0
    cursor: tuple[int, int] = (0, 0)

    def take(self, nvim: Any) -> None:
        """Take in what was drawn since the last time."""
        # pynvim's own way to its queue blocks when that is empty.
        queue = nvim._session._pending_messages
        while queue:
            _, name, batches, *_ = queue.popleft()
            if name != "redraw":
                continue
            for event, *calls in batches:
                for arguments in calls:
                    self._drawn(event, arguments)

    def text(self) -> str:
        """Return the screen as lines of text."""
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self.cells)

    def page(self, *, title: str) -> str:
        """Return the screen as an HTML page, each cell where Neovim put it."""
        rows = "\n".join(self._row_html(row) for row in self.cells)
        colours = f"color:{_css(self.foreground)};background:{_css(self.background)}"
        return (
            f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title>"
            f"<style>body{{margin:0;background:{_css(self.background)}}}"
            "pre{display:inline-block;margin:0;padding:14px 18px;"
            "font:15px/1.3 'DejaVu Sans Mono',monospace;"
            f"{colours}}}</style><pre>{rows}</pre>"
        )

    def _drawn(self, event: str, arguments: Sequence[Any]) -> None:
        match event:
            case "grid_resize":
                _, width, height = arguments
                old = self.cells
                self.cells = [[(" ", 0)] * width for _ in range(height)]
                for row, cells in zip(self.cells, old, strict=False):
                    row[: len(cells)] = cells[:width]
            case "grid_clear":
                self.cells = [[(" ", 0)] * len(row) for row in self.cells]
            case "grid_line":
                self._line(arguments)
            case "grid_scroll":
                self._scroll(arguments)
            case "grid_cursor_goto":
                self.cursor = (arguments[1], arguments[2])
            case "hl_attr_define":
                self.highlights[arguments[0]] = arguments[1]
            case "default_colors_set":
                self.foreground, self.background = arguments[0], arguments[1]

    def _line(self, arguments: Sequence[Any]) -> None:
        _, row, column, cells, *_ = arguments
        highlight = 0
        for text, *rest in cells:
            if rest:
                highlight = rest[0]
            for _ in range(rest[1] if len(rest) > 1 else 1):
                self.cells[row][column] = (text, highlight)
                column += 1

    def _scroll(self, arguments: Sequence[Any]) -> None:
        _, top, bottom, left, right, n_rows, _ = arguments
        rows = (
            range(top, bottom - n_rows) if n_rows > 0 else range(bottom - 1, top - n_rows - 1, -1)
        )
        for row in rows:
            self.cells[row][left:right] = self.cells[row + n_rows][left:right]

    def _row_html(self, row: Sequence[tuple[str, int]]) -> str:
        found, run, last = [], "", None
        for text, highlight in [*row, ("", -1)]:
            if highlight != last:
                if run:
                    found.append(self._run_html(run, last or 0))
                run, last = "", highlight
            run += text
        return "".join(found)

    def _run_html(self, text: str, highlight: int) -> str:
        seen = self.highlights.get(highlight, {})
        front = seen.get("foreground", self.foreground)
        back = seen.get("background", self.background)
        if seen.get("reverse"):
            front, back = back, front
        style = f"color:{_css(front)}"
        if back != self.background:
            style += f";background:{_css(back)}"
        style += ";font-weight:bold" if seen.get("bold") else ""
        style += ";font-style:italic" if seen.get("italic") else ""
        if seen.get("underline") or seen.get("undercurl"):
            style += ";text-decoration:underline"
        return f'<span style="{style}">{html.escape(text)}</span>'


def _css(colour: int) -> str:
    return f"#{colour:06x}"
