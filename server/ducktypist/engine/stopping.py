"""Where an answer ends: stop strings across token borders, and bytes that become characters.

Shared by the backends. Holds text back for as long as it may turn out to be the beginning of a
stop string. Not a sampler, and knows nothing of end-of-generation tokens.
"""

from __future__ import annotations

import codecs
from collections import deque

from ducktypist.engine.backend import Delta, TokenChoice


class StopScanner:
    """Turns tokens into text that can be shown, and finds the first stop string."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._tokens: deque[tuple[int, int, TokenChoice]] = deque()
        self.stopped = False
        """Whether a stop string was found; nothing may be fed after that."""

    def feed(self, token: TokenChoice) -> Delta | None:
        """Take the next token; return what may be shown now, None when that is nothing."""
        start = len(self._held)
        self._held += self._decoder.decode(token.chosen.piece)
        self._tokens.append((start, len(self._held), token))
        cut = self._first_stop()
        if cut is None:
            return self._release(len(self._held) - self._n_pending())
        self.stopped = True
        kept = tuple(token for begin, _, token in self._tokens if begin < cut)
        text, self._held = self._held[:cut], ""
        self._tokens.clear()
        return Delta(text=text, tokens=kept) if text or kept else None

    def flush(self) -> Delta | None:
        """Return what is still held back, at the end; an unfinished character is left out."""
        text, self._held = self._held, ""
        tokens = tuple(token for _, _, token in self._tokens)
        self._tokens.clear()
        return Delta(text=text, tokens=tokens) if text or tokens else None

    def _first_stop(self) -> int | None:
        found = [place for place in map(self._held.find, self._stops) if place >= 0]
        return min(found, default=None)

    def _n_pending(self) -> int:
        """Return how many characters at the end may begin a stop string."""
        longest = max((len(stop) for stop in self._stops), default=0)
        for size in range(min(longest - 1, len(self._held)), 0, -1):
            tail = self._held[-size:]
            if any(stop.startswith(tail) for stop in self._stops):
                return size
        return 0

    def _release(self, n_chars: int) -> Delta | None:
        if n_chars <= 0:
            return None
        text, self._held = self._held[:n_chars], self._held[n_chars:]
        out = []
        # A token goes out with its last character, so text and tokens never disagree for long.
        while self._tokens and self._tokens[0][1] <= n_chars:
            out.append(self._tokens.popleft()[2])
        self._tokens = deque(
            (begin - n_chars, end - n_chars, token) for begin, end, token in self._tokens
        )
        return Delta(text=text, tokens=tuple(out))
