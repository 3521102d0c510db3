"""The rules by which an answer is ended early; the one place that looks at what text says.

The host watches each answer; the client does it for engines that do not know these rules. What the
rules are is in ``syntax.endings``. Nothing here knows tokens or sequences.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from ducktypist.domain import FinishReason, StopRule
from ducktypist.engine.pieces import Piece
from ducktypist.syntax.endings import ending


class StopWatch:
    """Watches one answer."""

    def __init__(self, rule: StopRule) -> None:
        self._ending = ending(rule)

    def feed(self, text: str) -> bool:
        """Take the next piece of running text; tell whether the answer is complete."""
        return self._ending.feed(text)


async def until_complete(
    pieces: AsyncGenerator[Piece, None], rule: StopRule
) -> AsyncGenerator[Piece, None]:
    """Yield the pieces of one answer up to the one that shows its end."""
    watch = StopWatch(rule)
    async for piece in pieces:
        if piece.text and watch.feed(piece.text):
            yield replace(piece, finish_reason=piece.finish_reason or FinishReason.STOP)
            return
        yield piece
