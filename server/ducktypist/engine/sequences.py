"""Which sequences are busy, and which of the others is worth most. Pure: time is an argument."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ducktypist.engine.asked import Answer
from ducktypist.engine.cells import Cells

HALF_LIFE_S = 60.0
"""What was not used for so long is worth half as much."""
SMALL_LOSS_TOKENS = 32
"""So little is rather read again than kept in a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The last use of a sequence."""

    lane: str
    ended_s: float


class Sequences:
    """The sequences of one cache."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._uses: dict[int, Use] = {}
        self.placed: dict[int, Answer] = {}
        """The answers that have not ended, by their sequence."""

    def idle(self) -> list[int]:
        """Return the sequences that nobody waits for, empty ones included."""
        return [one for one in range(self._cells.n_sequences) if one not in self.placed]

    def occupy(self, sequence: int, answer: Answer) -> None:
        """Give a sequence to an answer."""
        self.placed[sequence] = answer
        answer.sequence = sequence

    def release(self, sequence: int, *, now_s: float) -> None:
        """Take it back from its answer; what it holds stays."""
        answer = self.placed.pop(sequence)
        answer.sequence = None
        self._uses[sequence] = Use(lane=answer.request.lane, ended_s=now_s)

    def may_take(self, sequence: int, *, n_kept: int, lane: str) -> bool:
        """Tell whether an answer may go on in a sequence, and lose what follows ``n_kept``.

        The next request of the same lane makes the end of the last one worthless; another
        request copies the beginning instead, unless hardly anything is lost.
        """
        if sequence in self.placed:
            return False
        n_lost = self._cells.length(sequence) - n_kept
        use = self._uses.get(sequence)
        return n_lost <= SMALL_LOSS_TOKENS or (use is not None and lane != "" and use.lane == lane)

    def cheapest(self, *, kept: Mapping[int, int], now_s: float) -> int | None:
        """Return the idle sequence whose loss costs least; None when there is none.

        The cost is what must be read again, halved for each minute in which it was not used.

        Args:
            kept: How many tokens of some sequences are not to be lost.
            now_s: The time.
        """

        def worth(sequence: int) -> float:
            use = self._uses.get(sequence)
            age_s = now_s - use.ended_s if use is not None else 0.0
            n_lost = self._cells.length(sequence) - kept.get(sequence, 0)
            n_lost = min(n_lost, self._cells.n_own(sequence))
            return n_lost * math.exp2(-age_s / HALF_LIFE_S)

        found = [one for one in self.idle() if self._cells.length(one) > kept.get(one, 0)]
        return min(found, key=worth, default=None)
