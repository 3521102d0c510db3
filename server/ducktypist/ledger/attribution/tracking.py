"""One file in which something is followed: its text as last seen, and every edit since.

Edits are only noted when they come, which costs next to nothing; what they amount to is worked out
when somebody looks. Where they do not lead to the text that is seen (the file was changed by
another program, edits were missed) the two texts are compared instead.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ducktypist.domain import Span
from ducktypist.ledger.attribution.changes import (
    N_SMALL_CHARS,
    Change,
    Range,
    fresh_after,
    taken_apart,
    zone_after,
)

N_MAX_EDITS = 20_000
"""Edits between two looks; after more of them texts are compared."""
N_MAX_EDIT_CHARS = 20_000_000


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    new_text: str


@dataclass(frozen=True, slots=True)
class _Whole:
    """From here on the text is this one, whatever it was."""

    text: str


@dataclass(slots=True, kw_only=True)
class TrackedFile:
    """The text of one file, and the zones in it."""

    text: str | None = None
    """As it was last seen; None where nobody knows."""
    is_open: bool = False
    zones: dict[str, Range] = field(default_factory=dict)
    """Where each suggestion is to be looked for, in the text as last seen."""
    fresh: list[Range] = field(default_factory=list)
    """What was put in since :meth:`settle`."""
    is_exact: bool = True
    """Whether every change since :meth:`settle` is known as an edit."""
    is_reloaded: bool = False
    """Whether most of it was replaced at once since :meth:`settle`, or is not known as edits."""
    _queue: deque[_Edit | _Whole] = field(default_factory=deque)
    _n_chars: int = 0
    _is_overrun: bool = False

    def edited(self, span: Span, new_text: str) -> None:
        """Note an edit; may be called from another thread than the rest."""
        if self.text is None or self._is_overrun:
            return
        self._n_chars += len(new_text)
        if len(self._queue) >= N_MAX_EDITS or self._n_chars > N_MAX_EDIT_CHARS:
            self._is_overrun = True
            return
        self._queue.append(_Edit(span.start, span.end, new_text))

    def opened(self, text: str) -> None:
        """Note what the editor has; may be called from another thread than the rest."""
        self.is_open = True
        if self.text is not None and not self._is_overrun:
            self._queue.append(_Whole(text))

    def know(self, text: str) -> None:
        """Take ``text`` for what the editor has; what is known already is moved to it."""
        if self.text is None:
            self.text = text
        else:
            self.advance(text)

    def advance(self, text: str) -> None:
        """Move the zones to where they are in ``text``, which is how it is now."""
        queue = [self._queue.popleft() for _ in range(len(self._queue))]
        self._n_chars = 0
        current = self.text
        self.text = text
        if current is None:
            self.is_exact, self.is_reloaded = False, True
            return
        if self._is_overrun:
            queue, self._is_overrun = [], False
        steps: list[list[Change]] = []
        n_known = 0 if current == text else None
        for item in queue:
            step = _changes(current, item)
            if step is None:
                break
            changes, current = step
            steps.append(changes)
            if len(current) == len(text) and current == text:
                n_known = len(steps)
        if n_known is None:
            self.is_exact, self.is_reloaded = False, True
            steps.append(taken_apart(current, 0, len(current), text))
        else:
            # What was typed since the text was read is for the next look.
            self._queue.extendleft(reversed(queue[n_known:]))
            del steps[n_known:]
            self.is_reloaded = self.is_reloaded or any(map(_is_reload, queue[:n_known]))
        for changes in steps:
            self._apply(changes)

    def moved_to(self, text: str) -> dict[str, Range]:
        """Return where the zones are in another state of this file, such as a commit's."""
        if self.text is None:
            return {}
        other = TrackedFile(text=self.text, zones=dict(self.zones))
        other.advance(text)
        return other.zones

    def settle(self) -> None:
        """Forget what was fresh: it was looked at."""
        self.fresh, self.is_exact, self.is_reloaded = [], True, False

    def _apply(self, changes: list[Change]) -> None:
        for change in changes:
            for key, zone in self.zones.items():
                self.zones[key] = zone_after(zone, change)
            self.fresh = fresh_after(self.fresh, change)


def _is_reload(item: _Edit | _Whole) -> bool:
    return isinstance(item, _Whole) or item.end - item.start > max(
        N_SMALL_CHARS, len(item.new_text) // 2
    )


def _changes(text: str, item: _Edit | _Whole) -> tuple[list[Change], str] | None:
    """Return what an edit changes and the text after it, None where it is not of this text."""
    if isinstance(item, _Whole):
        return taken_apart(text, 0, len(text), item.text), item.text
    if item.end > len(text):
        return None
    after = text[: item.start] + item.new_text + text[item.end :]
    if item.end - item.start < N_SMALL_CHARS:
        return [Change(item.start, item.end, len(item.new_text))], after
    return taken_apart(text, item.start, item.end, item.new_text), after
