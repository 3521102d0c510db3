"""Asking for less memory after there was too little: half the context, then fewer GPU layers.

Pure arithmetic. When to step back, and when to try the whole again, is decided in ``history.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

MIN_CTX_TOKENS = 512
"""No retreat goes below that: a smaller context helps nobody."""
MAX_LEVEL = 8

HALF_CONTEXT = 1
HALF_LAYERS = 2
NO_LAYERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Retreat:
    """How far to step back.

    Level 1 halves the context and the cache. Where layers are on a GPU, level 2 halves their
    number and level 3 takes them off; each further level, or without a GPU each level, halves the
    context once more.
    """

    level: int = 0
    reason: str = ""
    """Why; empty at level 0."""

    def n_ctx_tokens(self, wanted: int, *, on_gpu: bool) -> int:
        """Return how large a context to ask for, never less than 512 tokens of what is wanted."""
        return max(min(wanted, MIN_CTX_TOKENS), wanted >> self._n_halvings(on_gpu=on_gpu))

    def n_cells(self, wanted: int, *, n_ctx_tokens: int, on_gpu: bool) -> int:
        """Return how many tokens the cache shall hold: at least one whole context."""
        return max(n_ctx_tokens, wanted >> self._n_halvings(on_gpu=on_gpu))

    def n_gpu_layers(self, wanted: int) -> int:
        """Return how many layers to put on the GPU."""
        if self.level < HALF_LAYERS:
            return wanted
        return wanted // 2 if self.level < NO_LAYERS else 0

    def _n_halvings(self, *, on_gpu: bool) -> int:
        if not on_gpu or self.level <= HALF_CONTEXT:
            return self.level
        return HALF_CONTEXT + max(0, self.level - NO_LAYERS)
