"""From a row of logits to a token: greedy or drawn, with its log-probability and the runner-up.

Pure arithmetic over numpy; knows nothing of models. Used by the real backend only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ducktypist.domain import Sampling

Logits: TypeAlias = "npt.NDArray[np.float32]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A token and how likely it was."""

    token_id: int
    logprob: float
    """At temperature 1, in nats, whatever temperature it was drawn at."""
    top: tuple[tuple[int, float], ...]
    """The two likeliest tokens with their log-probabilities, likeliest first."""


class Sampler:
    """Draws the tokens of one answer; the same seed draws the same ones."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        seed = sampling.seed if sampling.seed >= 0 else None
        self._random = np.random.default_rng(seed)

    def draw(self, logits: Logits) -> Drawn:
        """Return the next token of a distribution given as unnormalised logits.

        Args:
            logits: One number for each token of the vocabulary; not changed.

        Raises:
            ValueError: The logits are not finite enough to choose from.
        """
        first = int(logits.argmax())
        peak = float(logits[first])
        if not math.isfinite(peak):
            raise ValueError("the model computed no finite logits; its file may be damaged")
        weights = np.exp(logits - peak)
        log_total = math.log(float(weights.sum(dtype=np.float64))) + peak
        # The runner-up, without sorting the vocabulary.
        low, high = logits[:first], logits[first + 1 :]
        others = [int(low.argmax())] if low.size else []
        others += [first + 1 + int(high.argmax())] if high.size else []
        second = max(others, key=lambda token: float(logits[token]))
        chosen = first if self._sampling.temperature <= 0 else self._pick(logits, peak)
        return Drawn(
            token_id=chosen,
            logprob=float(logits[chosen]) - log_total,
            top=tuple((token, float(logits[token]) - log_total) for token in (first, second)),
        )

    def _pick(self, logits: Logits, peak: float) -> int:
        scaled = np.exp((logits.astype(np.float64) - peak) / self._sampling.temperature)
        weights = scaled / scaled.sum()
        if self._sampling.top_p >= 1.0:
            order = np.arange(weights.size)
        else:
            # Tokens below this bound add up to less than what the nucleus leaves out.
            bound = (1.0 - self._sampling.top_p) / weights.size
            likely = np.flatnonzero(weights >= bound)
            order = likely[np.argsort(-weights[likely], kind="stable")]
            sums = np.cumsum(weights[order])
            # The nucleus is the shortest head that reaches top_p; it has at least one token.
            order = order[: int(np.searchsorted(sums, self._sampling.top_p)) + 1]
        sums = np.cumsum(weights[order])
        place = int(np.searchsorted(sums, self._random.random() * sums[-1], side="right"))
        return int(order[min(place, order.size - 1)])
