"""Limits of time for answers of an engine that does not keep them itself.

The client's; our host keeps them in its scheduler. As there, an answer ends with what there is by
then, as at a limit of tokens.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator

from ducktypist.domain import FinishReason, GenerationRequest
from ducktypist.engine.pieces import Piece


class TimeLimit:
    """The end of one request's time, by the loop's clock."""

    def __init__(self, request: GenerationRequest) -> None:
        """Let the time begin."""
        self._budget_s = request.decode_budget_ms / 1000
        deadline_s = request.deadline_ms / 1000
        self._due = asyncio.get_running_loop().time() + deadline_s if deadline_s else math.inf

    def timeout(self) -> asyncio.Timeout:
        """Return a context that ends with the time, in a ``TimeoutError``."""
        return asyncio.timeout_at(self._due if math.isfinite(self._due) else None)

    async def until_due(self, pieces: AsyncGenerator[Piece, None]) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of one answer, and its end when the time is over."""
        has_begun = False
        while True:
            try:
                async with self.timeout():
                    piece = await anext(pieces, None)
            except TimeoutError:
                yield Piece(finish_reason=FinishReason.LENGTH)
                return
            if piece is None:
                return
            if piece.text and self._budget_s and not has_begun:
                has_begun = True
                now = asyncio.get_running_loop().time()
                self._due = min(self._due, now + self._budget_s)
            yield piece


async def nothing_in_time() -> AsyncGenerator[Piece, None]:
    """Yield the end of an answer whose time was over before it began."""
    yield Piece(finish_reason=FinishReason.LENGTH)
