"""Where in a text a suggestion is, given how one comes to look there.

In the zone where it stood, whatever is most like it is what has become of it. Anywhere else less
may be changed, and most of its names must be there, because one piece of code has much the same
brackets and keywords as another. Pure; what follows from a place is decided in ``following``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.ledger.attribution.changes import Range
from ducktypist.ledger.attribution.matching import STILL_IN, Window, best_window, likely_windows
from ducktypist.ledger.attribution.tokens import Fingerprinter, Ids, Tokens

MOVED = 0.4
"""The largest edit ratio at which what was put in somewhere is it, moved."""
BLIND = 0.4
"""The same where a text is searched of which nothing else is known."""
BLIND_SLACK = 0.1
"""But as much as it was edited when last seen, and so much more."""
NAMES = 0.7
"""How much of the names of it must be there, of those that were there when it was last seen."""
FEWEST_NAMES = 0.6
"""But no less than that of all of them."""
COMMON = (
    *'!"#$%&()*+,-./:;<=>?@[\\]^`{|}~_',
    *("def", "return", "if", "elif", "else", "for", "while", "in", "not", "and", "or", "is"),
    *("None", "True", "False", "try", "except", "finally", "with", "as", "import", "from", "self"),
    *("class", "pass", "break", "continue", "raise", "lambda", "yield", "assert", "async", "await"),
    *("func", "var", "const", "type", "struct", "range", "nil", "err", "switch", "case", "default"),
    *("let", "function", "new", "this", "true", "false", "null", "go", "defer", "chan", "map"),
    *("string", "int", "bool", "str", "float", "len", "print", "i", "0", "1"),
)
"""Tokens that are in any code, and say nothing of which one it is."""
N_FEW_TOKENS = 8
"""Fewer tokens are found elsewhere only if all of them are there."""
N_LIKE = 20
"""So many places that all say the same are told apart by the function that they are in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for."""

    ids: Ids
    last_ratio: float
    last_block_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it is."""

    path: str
    """Empty when it is nowhere."""
    text: str
    """The whole file."""
    span: Span
    ratio: float


GONE = Place(path="", text="", span=Span(start=0, end=0), ratio=1.0)

HashAt = Callable[[str, str, Span], str]
"""The block hash of a place, given path, text and span."""


class Places:
    """Looks for suggestions in texts.

    Args:
        fingerprinter: Makes the tokens that are compared.
    """

    def __init__(self, fingerprinter: Fingerprinter) -> None:
        self._print = fingerprinter
        self._common = frozenset(item for word in COMMON for item in fingerprinter.tokens(word).ids)

    def in_zone(self, wanted: Wanted, path: str, text: str, zone: Range) -> Place:
        """Return what has become of it where it stood."""
        start, end = _whole(text, zone)
        tokens = self._print.tokens(text[start:end])
        near = tokens.index_at(zone[0] - start)
        window = best_window(wanted.ids, tokens.ids, near=near)
        return _place(path, text, tokens, window, base=start)

    def in_fresh(
        self, wanted: Wanted, path: str, text: str, fresh: Sequence[Range]
    ) -> Place | None:
        """Return where it is in what was put in, None where it is not."""
        best = None
        for part in fresh:
            if part[1] - part[0] < len(wanted.ids) * (1 - MOVED):
                continue
            place = self.in_zone(wanted, path, text, part)
            if self._is_it(wanted, place, MOVED) and (best is None or place.ratio < best.ratio):
                best = place
        return best

    def pasted_in(self, wanted: Wanted, path: str, text: str) -> Place | None:
        """Return where it is in a file into which it was pasted, None where it is not."""
        place = self.in_zone(wanted, path, text, (0, len(text)))
        return place if self._is_it(wanted, place, MOVED) else None

    def is_in(self, wanted: Wanted, text: str) -> bool:
        """Tell whether a text that was put in somewhere is it."""
        return self.pasted_in(wanted, "", text) is not None

    def blindly(self, wanted: Wanted, texts: Mapping[str, str], hash_at: HashAt) -> Place:
        """Return where it is by what it says alone; :data:`GONE` where that is not certain."""
        best = GONE
        for path, text in texts.items():
            place = self._blindly(wanted, path, text, hash_at)
            if place.ratio < best.ratio:
                best = place
        return best

    def _blindly(self, wanted: Wanted, path: str, text: str, hash_at: HashAt) -> Place:
        tokens = self._print.tokens(text)
        known = wanted.last_block_hash
        found = [
            _place(path, text, tokens, window)
            for window in likely_windows(wanted.ids, tokens.ids, n_most=N_LIKE)
        ]
        if known:
            # In the function in which it was seen last, it is it.
            for place in found:
                if place.ratio <= STILL_IN and hash_at(path, text, place.span) == known:
                    return place
        was_in = wanted.last_ratio <= STILL_IN
        limit = max(BLIND, min(STILL_IN, wanted.last_ratio + BLIND_SLACK)) if was_in else BLIND
        return next((place for place in found if self._is_it(wanted, place, limit)), GONE)

    def _is_it(self, wanted: Wanted, place: Place, limit: float) -> bool:
        """Tell whether what is somewhere else is it, rather than like it."""
        if place.ratio > (0.0 if len(wanted.ids) < N_FEW_TOKENS else limit):
            return False
        kept = 1 - wanted.last_ratio if wanted.last_ratio <= STILL_IN else 1.0
        names = set(wanted.ids) - self._common
        there = names.intersection(self._print.tokens(place.span.of(place.text)).ids)
        return len(there) >= max(FEWEST_NAMES, NAMES * kept) * len(names)


def _place(path: str, text: str, tokens: Tokens, window: Window | None, *, base: int = 0) -> Place:
    if window is None:
        return GONE
    span = tokens.span(window.first, window.end)
    return Place(
        path=path,
        text=text,
        span=Span(start=base + span.start, end=base + span.end),
        ratio=window.ratio,
    )


def _whole(text: str, zone: Range) -> Range:
    """Return a zone, its first and last word whole."""
    start, end = min(zone[0], len(text)), min(zone[1], len(text))
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return start, end
