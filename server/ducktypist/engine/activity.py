"""What the requests of one window are doing at the engine, counted while their pieces pass by.

Pure counting: time is an argument, and nothing is asked or sent. A token costs an addition and two
comparisons. Who is told, and in which words, is not decided here.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager

from ducktypist.engine.pieces import Piece

MIN_TOKENS = 4
"""The rate of fewer is no figure."""
MIN_S = 0.05
"""Nor is that of a shorter time: pieces of one moment come together."""


class Asked:
    """One request that is on its way."""

    __slots__ = ("_activity", "_first_s", "_last_s", "_n_first", "_n_tokens", "_told_tok_s")

    def __init__(self, activity: Activity) -> None:
        self._activity = activity
        self._n_tokens = self._n_first = 0
        self._first_s = self._last_s = 0.0
        self._told_tok_s: float | None = None

    @property
    def is_writing(self) -> bool:
        """Whether a token of its answer has come."""
        return self._n_tokens > 0

    @property
    def last_s(self) -> float:
        """When its last token came; 0 before the first."""
        return self._last_s

    @property
    def tok_s(self) -> float | None:
        """Tokens a second since its first one, None while there are too few for a figure."""
        if self._told_tok_s is not None:
            return self._told_tok_s
        n_tokens, took_s = self._n_tokens - self._n_first, self._last_s - self._first_s
        return n_tokens / took_s if n_tokens >= MIN_TOKENS and took_s >= MIN_S else None

    def took(self, n_tokens: int, *, now_s: float) -> None:
        """Count tokens that came.

        Args:
            n_tokens: How many, of all answers of the request together.
            now_s: When, by a clock that only goes forward.
        """
        if not self._n_tokens:
            self._n_first, self._first_s = n_tokens, now_s
        self._n_tokens += n_tokens
        self._last_s = now_s
        self._activity.changed()

    def told(self, n_tokens: float, duration_ms: float) -> None:
        """Take the engine's own figures of an answer that is complete."""
        if n_tokens >= MIN_TOKENS and duration_ms > 0:
            self._told_tok_s = n_tokens * 1000 / duration_ms

    async def counted(self, pieces: AsyncGenerator[Piece, None]) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of an answer as they are, counting; the caller closes both."""
        async for piece in pieces:
            if piece.text:
                # Where an engine does not say of which tokens a piece is, it is one.
                self.took(len(piece.logprobs) or 1, now_s=time.monotonic())
            if piece.timings and "predicted_ms" in piece.timings:
                self.told(piece.timings.get("predicted_n", 0.0), piece.timings["predicted_ms"])
            yield piece


class Activity:
    """The requests of one window that are on their way."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] | None = None
        """Called after something changed; not again before :meth:`seen`."""
        self._running: dict[Asked, None] = {}
        self._last_tok_s: float | None = None
        self._is_new = False

    @property
    def is_busy(self) -> bool:
        """Whether any request is on its way."""
        return bool(self._running)

    @property
    def is_writing(self) -> bool:
        """Whether the answer of any of them has begun."""
        return any(asked.is_writing for asked in self._running)

    @property
    def tok_s(self) -> float | None:
        """Tokens a second of the answer that is being written, or else of the last one."""
        newest = max(self._running, key=lambda asked: asked.last_s, default=None)
        found = None if newest is None else newest.tok_s
        return self._last_tok_s if found is None else found

    @contextlib.asynccontextmanager
    async def counting(
        self, opening: AbstractAsyncContextManager[AsyncGenerator[Piece, None]]
    ) -> AsyncIterator[AsyncGenerator[Piece, None]]:
        """Open the answer of a request and give its pieces, counted, until the block ends."""
        with self.asking() as asked:
            async with opening as pieces, contextlib.aclosing(asked.counted(pieces)) as counted:
                yield counted

    @contextlib.contextmanager
    def asking(self) -> Iterator[Asked]:
        """Count a request in until the block ends."""
        asked = Asked(self)
        self._running[asked] = None
        self.changed()
        try:
            yield asked
        finally:
            del self._running[asked]
            if asked.tok_s is not None:
                self._last_tok_s = asked.tok_s
            self.changed()

    def changed(self) -> None:
        """Note that something is another than it was; tell so once."""
        if not self._is_new:
            self._is_new = True
            if self.on_change is not None:
                self.on_change()

    def seen(self) -> None:
        """Note that somebody looked, who wants to be told of what comes after."""
        self._is_new = False
