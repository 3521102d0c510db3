"""Source snippets with a cursor: ``<CURSOR>`` marks the place and is taken out."""

from __future__ import annotations

MARKER = "<CURSOR>"


def at_cursor(marked: str) -> tuple[str, int]:
    """Return the text without its one marker, and the offset at which the marker stood."""
    assert marked.count(MARKER) == 1, f"exactly one {MARKER} expected in {marked!r}"
    offset = marked.index(MARKER)
    return marked.replace(MARKER, ""), offset
