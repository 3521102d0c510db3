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
    kept_after,
    taken_apart,
    zone_after,
)

N_MAX_EDITS = 20_000
"""Edits between two looks; after more of them texts are compared."""
ALIKE = 0.6
"""How many of a file's lines must be in another one that is to be it, renamed."""
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
    """What was put in since :meth:`settle`, edit by edit."""
    reloaded: list[Range] = field(default_factory=list)
    """What came with a text that replaced most of the one before."""
    is_exact: bool = True
    """Whether every change since :meth:`settle` is known as an edit."""
    lost: set[str] = field(default_factory=set)
    """Whose zones lost most of what was in them to a text that replaced most of the one before."""
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
            self.is_exact = False
            return
        if self._is_overrun:
            queue, self._is_overrun = [], False
        steps: list[tuple[list[Change], bool]] = []
        n_known = 0 if current == text else None
        for item in queue:
            is_reload = _is_reload(item, n_chars=len(current))
            step = _changes(current, item)
            if step is None:
                break
            changes, current = step
            steps.append((changes, is_reload))
            if len(current) == len(text) and current == text:
                n_known = len(steps)
        if n_known is None:
            self.is_exact = False
            steps.append((taken_apart(current, 0, len(current), text), True))
        else:
            # What was typed since the text was read is for the next look.
            self._queue.extendleft(reversed(queue[n_known:]))
            del steps[n_known:]
        for changes, is_reload in steps:
            sizes = {key: end - start for key, (start, end) in self.zones.items()}
            self._apply(changes, is_reload=is_reload)
            if is_reload:
                self.lost |= {
                    key
                    for key, (start, end) in self.zones.items()
                    if 2 * (end - start) < sizes[key]
                }

    def moved_to(self, text: str) -> dict[str, Range]:
        """Return where the zones are in another state of this file, such as a commit's."""
        if self.text is None:
            return {}
        other = TrackedFile(text=self.text, zones=dict(self.zones))
        other.advance(text)
        return other.zones

    def is_like(self, text: str) -> bool:
        """Tell whether a text is this file's, edited perhaps: most of its lines are there."""
        if self.text is None:
            return False
        mine = {line.strip() for line in self.text.splitlines()} - {""}
        there = mine.intersection(line.strip() for line in text.splitlines())
        return bool(mine) and len(there) >= ALIKE * len(mine)

    def settle(self) -> None:
        """Forget what was fresh: it was looked at."""
        self.fresh, self.reloaded = [], []
        self.lost, self.is_exact = set(), True

    def _apply(self, changes: list[Change], *, is_reload: bool) -> None:
        for change in changes:
            for key, zone in self.zones.items():
                self.zones[key] = zone_after(zone, change)
            if is_reload:
                self.fresh = kept_after(self.fresh, change)
                self.reloaded = fresh_after(self.reloaded, change)
            else:
                self.fresh = fresh_after(self.fresh, change)
                self.reloaded = kept_after(self.reloaded, change)


def _is_reload(item: _Edit | _Whole, *, n_chars: int) -> bool:
    """Tell whether most of a text of so many characters was replaced by much else."""
    if isinstance(item, _Whole):
        return True
    n_removed = item.end - item.start
    return 2 * n_removed > n_chars and min(n_removed, len(item.new_text)) > N_SMALL_CHARS


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
