"""How fast an engine that does not say so turned out to be, from the requests made so far.

For engines that are not ours; ours measures itself and says so in ``/props``. Pure.
"""

from __future__ import annotations

from ducktypist.domain import Timings
from ducktypist.engine.rates import Rates

MIN_READ_TOKENS = 32
"""A shorter prompt says more about the way there than about reading."""
MIN_MADE_TOKENS = 4
KEPT = 0.8
"""How much of what was known counts on against the next request, so that old ones fade."""


class Observed:
    """A running estimate of how many tokens an engine reads and makes in a second."""

    def __init__(self) -> None:
        self._read_tokens = self._read_ms = 0.0
        self._made_tokens = self._made_ms = 0.0

    def take(self, timings: Timings) -> None:
        """Take in what one request took."""
        n_read = timings.prompt_tokens - timings.cached_tokens
        if n_read >= MIN_READ_TOKENS and timings.prefill_ms > 0:
            self._read_tokens = self._read_tokens * KEPT + n_read
            self._read_ms = self._read_ms * KEPT + timings.prefill_ms
        if timings.completion_tokens >= MIN_MADE_TOKENS and timings.decode_ms > 0:
            self._made_tokens = self._made_tokens * KEPT + timings.completion_tokens
            self._made_ms = self._made_ms * KEPT + timings.decode_ms

    def rates(self) -> Rates | None:
        """Return the estimate, None until both have been seen."""
        if not self._read_ms or not self._made_ms:
            return None
        return Rates(
            prefill_tok_s=self._read_tokens * 1000 / self._read_ms,
            step_ms={1: self._made_ms / self._made_tokens},
        )
