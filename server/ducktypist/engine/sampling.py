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
    margin: float
    """The likeliest token's lead over the second, in nats."""


class Sampler:
    """Draws the tokens of one answer; the same seed draws the same ones."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        seed = sampling.seed if sampling.seed >= 0 else None
        self._random = np.random.default_rng(seed)

    def draw(self, logits: Logits, *, want_logprob: bool = True) -> Drawn:
        """Return the next token of a distribution given as unnormalised logits.

        Args:
            logits: One number for each token of the vocabulary; not changed.
            want_logprob: Without it the log-probabilities are NaN, which saves summing over the
                vocabulary.

        Raises:
            ValueError: The logits are not finite enough to choose from.
        """
        first = int(logits.argmax())
        peak = float(logits[first])
        if not math.isfinite(peak):
            raise ValueError("the model computed no finite logits; its file may be damaged")
        log_total = math.nan
        if want_logprob:
            # Summed with the peak taken out, so that nothing overflows.
            log_total = math.log(float(np.exp(logits - peak).sum(dtype=np.float64))) + peak
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
            margin=peak - float(logits[second]),
        )

    def _pick(self, logits: Logits, peak: float) -> int:
        # A float32 holds the weights well enough, and halves the time over a large vocabulary.
        weights = np.exp((logits - np.float32(peak)) / np.float32(self._sampling.temperature))
        total, top_p = float(weights.sum(dtype=np.float64)), self._sampling.top_p
        if top_p >= 1.0:
            sums = np.cumsum(weights, dtype=np.float64)
            place = int(np.searchsorted(sums, self._random.random() * sums[-1], side="right"))
            return min(place, sums.size - 1)
        # Tokens below this bound add up to less than what the nucleus leaves out.
        likely = np.flatnonzero(weights >= (1.0 - top_p) * total / weights.size)
        order = likely[np.argsort(-weights[likely], kind="stable")]
        sums = np.cumsum(weights[order], dtype=np.float64)
        # The nucleus is the shortest head that reaches top_p; it has at least one token.
        sums = sums[: int(np.searchsorted(sums, top_p * total)) + 1]
        place = int(np.searchsorted(sums, self._random.random() * sums[-1], side="right"))
        return int(order[min(place, sums.size - 1)])
