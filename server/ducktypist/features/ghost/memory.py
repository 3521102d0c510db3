"""Suggestions that are still good while a person types what they say. Pure; no clock, no engine.

A suggestion belongs to a place: the text before it and after it. It holds wherever that text has
since grown by the suggestion's own beginning, so also after a wrong key was taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ducktypist.domain import Document, Span, TextEdit
from ducktypist.features.ghost.complete import Completion

MAX_REMEMBERED = 64
MAX_CLOSERS = 4
_CLOSERS = frozenset(")]}\"'`>")
"""What editors put behind the cursor by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was suggested."""

    uri: str
    offset: int
    n_after: int
    """How many characters followed."""
    before: int
    """A hash of what stood before; this process's own, like ``after``."""
    after: int

    @classmethod
    def of(cls, document: Document, offset: int) -> Place:
        """Return a place in a document as it stands."""
        text = document.text
        return cls(
            uri=document.uri,
            offset=offset,
            n_after=len(text) - offset,
            before=hash(text[:offset]),
            after=hash(text[offset:]),
        )

    def typed_since(self, document: Document, offset: int) -> tuple[str, str] | None:
        """Return what was typed here since, and the brackets and quotes closed behind it.

        None when anything else has changed.
        """
        text = document.text
        if document.uri != self.uri or offset < self.offset:
            return None
        n_closers = len(text) - offset - self.n_after
        closers = text[offset : offset + max(0, n_closers)]
        if not 0 <= n_closers <= MAX_CLOSERS or not _CLOSERS.issuperset(closers):
            return None
        if hash(text[: self.offset]) != self.before:
            return None
        if hash(text[offset + n_closers :]) != self.after:
            return None
        return text[self.offset : offset], closers


@dataclass(slots=True, kw_only=True)
class Remembered:
    """What was found for a place."""

    place: Place
    completion: Completion | None
    """None where there was nothing useful to say."""
    is_shown: bool = False

    def still(self, document: Document, offset: int) -> Completion | None:
        """Return what is left of the suggestion at a place, None when it does not hold there."""
        found = self.completion
        since = None if found is None else self.place.typed_since(document, offset)
        if found is None or since is None:
            return None
        typed, closers = since
        new = found.edit.new_text
        if not new.startswith(typed) or not new.endswith(closers):
            return None
        rest = new[len(typed) : len(new) - len(closers)] if closers else new[len(typed) :]
        if len(typed) + len(closers) > len(new) or not rest.strip():
            return None
        edit = TextEdit(span=Span(start=offset, end=offset), old_text="", new_text=rest)
        return replace(found, edit=edit)


class Memory:
    """The last suggestions of a window, newest last."""

    def __init__(self) -> None:
        self._all: list[Remembered] = []

    def keep(self, document: Document, offset: int, completion: Completion | None) -> None:
        """Remember what was found for a place, ``None`` included."""
        place = Place.of(document, offset)
        self._all = [one for one in self._all if one.place != place or _is_unshown(one)]
        self._all.append(Remembered(place=place, completion=completion))

    def find(self, document: Document, offset: int) -> tuple[Remembered, Completion] | None:
        """Return the newest suggestion that holds at a place, and what is left of it."""
        for one in reversed(self._all):
            left = one.still(document, offset)
            if left is not None:
                self._all.remove(one)
                self._all.append(one)
                return one, left
        return None

    def knows_nothing(self, document: Document, offset: int) -> bool:
        """Tell whether it was found that there is nothing useful to say at a place."""
        place = Place.of(document, offset) if self._all else None
        return any(one.completion is None and one.place == place for one in self._all)

    def outdated(self, uri: str | None = None) -> Iterator[Completion]:
        """Forget and yield the suggestions that were never shown, and all beyond the limit.

        Args:
            uri: Only those of one document; None means all.
        """
        for one in [one for one in self._all if _is_unshown(one)]:
            if uri is None or one.place.uri == uri:
                self._all.remove(one)
                if one.completion is not None:
                    yield one.completion
        del self._all[:-MAX_REMEMBERED]

    def forget(self, suggestion_id: str) -> None:
        """Forget a suggestion that the person does not want."""
        self._all = [
            one
            for one in self._all
            if one.completion is None or one.completion.suggestion_id != suggestion_id
        ]


def _is_unshown(one: Remembered) -> bool:
    return one.completion is not None and not one.is_shown
