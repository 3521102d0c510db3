"""Text and places in it. A :class:`Span` counts Unicode code points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""What JSON can hold (RFC 8259)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open range ``[start, end)`` of code points in one text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            message = f"a span needs 0 <= start <= end, got {self.start}..{self.end}"
            raise ValueError(message)

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """Return the part of ``text`` that the span covers."""
        return text[self.start : self.end]

    def covers(self, offset: int) -> bool:
        """Tell whether ``offset`` lies inside or on the border of the span."""
        return self.start <= offset <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """Replace ``span`` by ``new_text``; ``old_text`` is what must still stand there."""

    span: Span
    old_text: str
    new_text: str

    def apply(self, text: str) -> str:
        """Return ``text`` with the edit made."""
        return text[: self.span.start] + self.new_text + text[self.span.end :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A snapshot of one open (or read) file."""

    uri: str
    path: Path | None
    """The file's path, or None for a document without one (``untitled:``)."""
    language: str
    """An LSP language id, such as ``python``."""
    version: int | None
    text: str
