"""What a step costs, as the scheduler reckons with it: arithmetic over measured points.

Pure. The points are those of ``rates``, each row of another answer. On a graphics card a step of
forty rows takes as long as one of a single row; on a CPU whose cores are busy with one row, two
rows may take three times as long. So how many answers go on together is a question for the
measurement.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from ducktypist.engine.rates import Rates

WORTH_IT = 1.05
"""By how much more tokens a second a wider step must promise, to be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs(Rates):
    """How long steps take here, and what follows from it."""

    def ms(self, n_rows: int) -> float:
        """Return how long a step of so many rows takes, between the points on a straight line."""
        known = sorted(self.step_ms)
        if n_rows in self.step_ms:
            return self.step_ms[n_rows]
        place = bisect.bisect(known, n_rows)
        if place == 0:
            return self.step_ms[known[0]]
        if place == len(known):
            # Beyond the last point a row costs what it costs in a prompt.
            return self.step_ms[known[-1]] + self.read_ms(n_rows - known[-1])
        low, high = known[place - 1], known[place]
        share = (n_rows - low) / (high - low)
        return self.step_ms[low] * (1 - share) + self.step_ms[high] * share

    def read_ms(self, n_tokens: int) -> float:
        """Return how long reading so many tokens takes."""
        return n_tokens * 1000 / self.prefill_tok_s

    def width(self, n_ready: int) -> int:
        """Return how many of so many answers should go on together: the most tokens a second."""
        best = 1
        for n_rows in (*(known for known in sorted(self.step_ms) if known < n_ready), n_ready):
            if n_rows / self.ms(n_rows) > WORTH_IT * best / self.ms(best):
                best = n_rows
        return min(best, n_ready)

    def draft_length(self, p_hit: float, *, longest: int) -> int:
        """Return how many tokens to draft when each is right with a probability; 0: none.

        Expected tokens of a step are the geometric sum over the draft (Leviathan et al.,
        Fast Inference from Transformers via Speculative Decoding, ICML 2023, equation 1).
        """
        best, best_rate = 0, WORTH_IT / self.ms(1)
        for n_draft in range(1, longest + 1):
            n_expected = sum(p_hit**place for place in range(n_draft + 1))
            rate = n_expected / self.ms(n_draft + 1)
            if rate > best_rate:
                best, best_rate = n_draft, rate
        return best

    def is_free(self, n_rows: int, n_more: int) -> bool:
        """Tell whether more rows hardly delay the ones that are there."""
        return self.ms(n_rows + n_more) <= self.ms(n_rows) * 1.15
