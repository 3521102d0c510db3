"""A manual page as an outline: what is said under which tag, how deep, in which section.

Filled by the readers of man(7) and mdoc(7); text stays roff, since little of it is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MAX_RAW = 6_000
"""So much of one item is kept: twice what is shown, for the escapes in it."""
_MAX_ITEMS = 20_000
_MAX_PREFORMATTED = 2_000

_OPTION_LIKE = re.compile(
    r"""(?:\\f(?:\[[^\]]*\]|\(..|.)|\\[&|^,/:%]|\\s[-+]?\d|[\s"(\[{])*"""
    r"""(?:\\?-|\\\((?:hy|mi)|\\\[(?:hy|mi)\]|\+\w)"""
)


@dataclass(slots=True, kw_only=True)
class Item:
    """A tagged paragraph with what belongs to it; filled while a page is read."""

    section: str
    level: int
    within: str | None
    """The tag of the item around it, as roff."""
    tags: list[str]
    is_heading: bool = False
    """Whether the tag is the title of a subsection."""
    paragraphs: list[str] = field(default_factory=list)
    n_raw: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return not self.paragraphs


def is_option_like(raw: str) -> bool:
    """Tell whether text in roff begins as an option does."""
    return _OPTION_LIKE.match(raw) is not None


class Outline:
    """The outline of one page, while it is written."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.names: list[str] = []
        """What stands in the section NAME, as roff."""
        self.preformatted: list[str] = []
        """Lines that are set as they are; old pages list options so."""
        self.level = 0
        self._section = ""
        self._open: list[Item] = []
        self._after_name = False

    def section(self, title: str) -> None:
        """Begin a section."""
        self.close(0)
        self.level = 0
        self._section = title
        self._after_name = self._after_name or bool(self.names)

    def item(self, tag: str, *, is_heading: bool = False) -> None:
        """Begin an item at this level; or give the one before, if it says nothing, a tag more."""
        last = self._open[-1] if self._open else None
        if (
            last
            and last.level == self.level
            and last.is_empty
            and is_option_like(last.tags[-1])
            and is_option_like(tag)
        ):
            last.tags.append(tag)
            return
        self.close(self.level)
        if len(self.items) >= _MAX_ITEMS:
            return
        within = self._open[-1].tags[0] if self._open else None
        item = Item(
            section=self._section,
            level=self.level,
            within=within,
            tags=[tag],
            is_heading=is_heading,
        )
        self.items.append(item)
        self._open.append(item)

    def also(self, tag: str) -> None:
        """Give the item that was begun last another tag."""
        if self._open:
            self._open[-1].tags.append(tag)
        else:
            self.item(tag)

    def text(self, raw: str) -> None:
        """Write a paragraph."""
        if self._open:
            _say(self._open[-1], raw)
        elif not self._after_name and self._section.strip().upper() in {"NAME", "NAMES"}:
            self.names.append(raw)

    def line(self, raw: str) -> None:
        """Remember a line that is set as it is."""
        if len(self.preformatted) < _MAX_PREFORMATTED:
            self.preformatted.append(raw)

    def close(self, level: int) -> None:
        """End the items that are as deep as this or deeper; the ones around them hold them too."""
        while self._open and self._open[-1].level >= level:
            item = self._open.pop()
            if self._open:
                tags = ", ".join(item.tags)
                first, *others = item.paragraphs or [""]
                _say(self._open[-1], f"{tags}: {first}" if first else tags)
                for paragraph in others:
                    _say(self._open[-1], paragraph)


def _say(item: Item, raw: str) -> None:
    if item.n_raw < _MAX_RAW:
        item.n_raw += len(raw)
        item.paragraphs.append(raw[:_MAX_RAW])
