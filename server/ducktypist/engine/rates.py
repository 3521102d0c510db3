"""How fast a host is on its machine: measured when it first loads a model, kept, and corrected.

Read by the host's scheduler and, over ``/props``, by whoever asks what fits into so many
milliseconds. The measuring itself is the backend's. Light: the language server imports this.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

MAX_AGE_S = 30 * 24 * 3600.0
"""After so long the measurement is made again."""
CORRECTION = 0.02
"""The weight of one step in the correction."""
MAX_FILE_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How long steps take."""

    prefill_tok_s: float
    """Tokens of a prompt read a second."""
    step_ms: Mapping[int, float]
    """Milliseconds of a step by its number of rows; always holds 1."""

    @property
    def decode_tok_s(self) -> float:
        """Tokens generated a second, one answer alone."""
        return 1000 / self.step_ms[1]

    def prompt_tokens_in(self, duration_ms: float, *, answer_tokens: int = 0) -> int:
        """Return how many tokens of a prompt can be read in a time that is also to generate."""
        left_ms = duration_ms - answer_tokens * self.step_ms[1]
        return max(0, int(left_ms / 1000 * self.prefill_tok_s))

    def corrected(self, *, n_rows: int, n_tokens: int, took_ms: float) -> Self:
        """Return the rates after one more step, of so many rows and tokens, was seen.

        The shape of the curve stays as it was measured; a busy machine makes all of it slower.
        """
        if n_tokens > 1 and n_tokens >= 32 * n_rows:
            seen = n_tokens * 1000 / max(took_ms, 0.001)
            share = seen / self.prefill_tok_s
            return replace(self, prefill_tok_s=self.prefill_tok_s * _step(share))
        if n_tokens == n_rows == 1:
            factor = _step(took_ms / self.step_ms[1])
            return replace(self, step_ms={n: ms * factor for n, ms in self.step_ms.items()})
        return self

    def to_json(self) -> dict[str, Any]:
        """Return what ``/props`` tells and the file keeps."""
        return {
            "prefill_tok_s": self.prefill_tok_s,
            "decode_tok_s": self.decode_tok_s,
            "step_ms": {str(n_rows): ms for n_rows, ms in self.step_ms.items()},
        }

    @classmethod
    def from_json(cls, told: object) -> Rates | None:
        """Return the rates that somebody told, None when that does not make sense."""
        if not isinstance(told, Mapping):
            return None
        try:
            step_ms = {int(n_rows): float(ms) for n_rows, ms in told["step_ms"].items()}
            rates = cls(prefill_tok_s=float(told["prefill_tok_s"]), step_ms=step_ms)
        except (KeyError, ValueError, TypeError, AttributeError):
            return None
        figures = (rates.prefill_tok_s, *step_ms.values())
        is_sound = 1 in step_ms and all(0 < figure < float("inf") for figure in figures)
        return rates if is_sound else None


def read_rates(path: Path) -> Rates | None:
    """Return what was measured before, None when that is missing, too old or damaged."""
    try:
        if time.time() - path.stat().st_mtime > MAX_AGE_S:
            return None
        return Rates.from_json(json.loads(path.read_bytes()[:MAX_FILE_BYTES]))
    except (OSError, ValueError):
        return None


def write_rates(path: Path, rates: Rates, *, model_sha256: str = "") -> None:
    """Keep what was measured; a failure only means that it is measured again.

    The folder must be there: a host that leaves must not bring one back that was removed.

    Args:
        path: Which file.
        rates: What was measured.
        model_sha256: Of which model, for whoever looks for that model's rates.
    """
    with contextlib.suppress(OSError):
        path.write_text(json.dumps({"model_sha256": model_sha256, **rates.to_json()}), "utf-8")


def _step(share: float) -> float:
    """Return a small step towards a factor; one odd step of the machine must not count much."""
    return 1 + CORRECTION * (min(max(share, 0.2), 5.0) - 1)
