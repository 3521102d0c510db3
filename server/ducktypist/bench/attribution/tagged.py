"""A text whose characters know which suggestion they come from.

A tag of 0 is nobody's, 1 to 99 a suggestion's (or what was written in its place), 128 more a copy
that somebody made of it. Tags move with their characters. Values; knows nothing of editors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

COPY = 128
"""Added to the tag of what was copied."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text and the tag of each of its characters."""

    text: str = ""
    tags: bytes = b""

    @classmethod
    def of(cls, text: str, tag: int = 0) -> Tagged:
        """Return a text with the same tag everywhere."""
        return cls(text, bytes([tag]) * len(text))

    def part(self, start: int, end: int) -> Tagged:
        """Return a part with its tags."""
        return Tagged(self.text[start:end], self.tags[start:end])

    def replaced(self, start: int, end: int, new: Tagged) -> Tagged:
        """Return the text with a part of it replaced."""
        return Tagged(
            self.text[:start] + new.text + self.text[end:],
            self.tags[:start] + new.tags + self.tags[end:],
        )

    def copied(self) -> Tagged:
        """Return a copy as somebody makes it: what was a suggestion's is a copy of it."""
        return Tagged(self.text, bytes(tag + COPY if 0 < tag < COPY else tag for tag in self.tags))

    def lines(self) -> list[Tagged]:
        """Return the lines with their ends."""
        found, at = [], 0
        for line in self.text.splitlines(keepends=True):
            found.append(self.part(at, at + len(line)))
            at += len(line)
        return found

    def places(self, tag: int) -> list[int]:
        """Return where the characters of a tag are."""
        return [at for at, found in enumerate(self.tags) if found == tag]

    def extent(self, tag: int) -> tuple[int, int] | None:
        """Return from where to where a tag goes, None where there is none."""
        first = self.tags.find(bytes([tag]))
        return None if first < 0 else (first, self.tags.rfind(bytes([tag])) + 1)


def joined(parts: list[Tagged]) -> Tagged:
    """Return several texts one after the other."""
    return Tagged("".join(item.text for item in parts), b"".join(item.tags for item in parts))


def by_line(whole: Tagged, change: Callable[[Tagged], Tagged]) -> Tagged:
    """Return a text with each line changed, its end included."""
    return joined([change(line) for line in whole.lines()])
