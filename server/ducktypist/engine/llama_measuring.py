"""How long steps take on this machine: measured when a model is first loaded.

Part of the real backend; imports no bindings. A second or two on a small model; a large one on a
slow machine gets fewer points instead of more time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from ducktypist.engine.backend import Feed, TokenChoice
from ducktypist.engine.llama_context import LlamaContext
from ducktypist.engine.rates import Rates
from ducktypist.fit.memory import N_SEQUENCES

READ_TOKENS = 128
BEGUN_TOKENS = 8
"""What each sequence holds before the steps that are measured."""
ROWS = (1, 2, 4, 8, 16, 32)
REPEATS = 3
BUDGET_S = 3.0
"""No further point is measured after that."""
SAMPLE_TEXT = (
    "def moving_average(values, width):\n"
    '    """Return the means of all runs of `width` neighbours, in order."""\n'
    "    total = sum(values[:width])\n"
    "    means = [total / width]\n"
    "    for old, new in zip(values, values[width:]):\n"
    "        total += new - old\n"
    "        means.append(total / width)\n"
    "    return means\n"
) * 3


class _Nobody:
    """Draws nothing; the steps are only measured."""

    def draw(self, row: int, *, place: int) -> TokenChoice | None:  # noqa: ARG002 - nothing is drawn
        return None


def measure(context: LlamaContext, text: Sequence[int]) -> Rates:
    """Return how fast a context reads and generates; its cache is empty afterwards."""
    began_s = time.monotonic()
    tokens = (list(text) * (1 + READ_TOKENS // max(1, len(text))))[:READ_TOKENS]

    def feed(sequence: int, start: int, n_tokens: int, n_rows: int) -> Feed:
        piece = tokens[start % READ_TOKENS :][:n_tokens]
        return Feed(sequence=sequence, start=start, tokens=piece, n_rows=n_rows, drawer=_Nobody())

    def took_ms(feeds: list[Feed]) -> float:
        started_s = time.monotonic()
        context.decode(feeds)
        # The logits are waited for; on a graphics card a step ends only then.
        context.logits(sum(len(one.tokens) for one in feeds) - 1)
        return (time.monotonic() - started_s) * 1000

    # The first step pays for memory that was never touched.
    took_ms([feed(0, 0, BEGUN_TOKENS, 1)])
    context.trim(0, 0)
    read_ms = took_ms([feed(0, 0, READ_TOKENS, 1)])
    context.trim(0, 0)
    took_ms([feed(0, 0, BEGUN_TOKENS, 1)])
    for sequence in range(1, min(max(ROWS), N_SEQUENCES)):
        context.copy(0, sequence, BEGUN_TOKENS)
    step_ms: dict[int, float] = {}
    at = BEGUN_TOKENS
    for n_rows in ROWS:
        if step_ms and time.monotonic() - began_s > BUDGET_S:
            break
        times = []
        for _ in range(REPEATS):
            times.append(took_ms([feed(sequence, at, 1, 1) for sequence in range(n_rows)]))
            for sequence in range(n_rows):
                context.trim(sequence, at)
        step_ms[n_rows] = max(0.001, statistics.median(times))
    for sequence in range(N_SEQUENCES):
        context.trim(sequence, 0)
    return Rates(prefill_tok_s=READ_TOKENS * 1000 / max(0.001, read_ms), step_ms=step_ms)
