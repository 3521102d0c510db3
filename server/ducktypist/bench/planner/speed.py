"""Predicted decode rates against the engine's, for several models and filled contexts.

For each case a fresh host reads a prompt of that length and decodes; the rate is the one in its
timings. The rounds go through all models before the next begins, and the machine is calibrated
beside them, so that what the machine does from minute to minute hits both. What other programs do
only ever adds time, so the fastest round stands for the model, as the shortest step stands for a
kernel in the calibration; all rounds are in the result.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import statistics
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.bench.stage import set_stage
from ducktypist.domain import GenerationRequest, Json, Sampling, TextPrompt
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.errors import EngineRequestError, ModelMissingError
from ducktypist.fit.shape import ModelShape
from ducktypist.fit.speed import Calibration, predict
from ducktypist.models.calibration import calibrate
from ducktypist.models.shape import read_shape

N_DECODED = 64
MIN_DECODED = 48
MAX_ERROR_PERCENT = 25.0
HOST_TIMEOUT_S = 600.0
LOAD_WAIT_S = 180.0
CONTEXT_TOKENS = 4096
NUMBERS = "".join(f" {number}," for number in range(1, 4000))
"""A list that every model goes on with, whichever part of it it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """One model at one filled context."""

    model: str
    n_ctx_used_tokens: int
    """Read before decoding began."""
    predicted: tuple[float, ...]
    """Tokens a second by each calibration."""
    seen: tuple[float, ...]
    """By the engine's timings, round by round."""
    predicted_prefill: float
    seen_prefill: tuple[float, ...]
    n_decoded: int
    parts_ms: dict[str, float] = field(default_factory=dict)
    """What the prediction is made of."""

    @property
    def predicted_tok_s(self) -> float:
        """The middle one of the calibrations."""
        return statistics.median(self.predicted)

    @property
    def error_percent(self) -> float:
        """How far the prediction is off what was seen; positive: promised too much."""
        return 100 * (self.predicted_tok_s / max(self.seen) - 1)

    @property
    def is_met(self) -> bool:
        """Whether that is within the bar."""
        return abs(self.error_percent) <= MAX_ERROR_PERCENT

    def as_json(self) -> dict[str, Json]:
        """Return everything."""
        return {
            "model": self.model,
            "n_ctx_used_tokens": self.n_ctx_used_tokens,
            "predicted_tok_s": [round(rate, 3) for rate in self.predicted],
            "seen_tok_s": [round(rate, 3) for rate in self.seen],
            "error_percent": round(self.error_percent, 2),
            "limit_percent": MAX_ERROR_PERCENT,
            "met": self.is_met,
            "predicted_prefill_tok_s": round(self.predicted_prefill, 2),
            "seen_prefill_tok_s": [round(rate, 2) for rate in self.seen_prefill],
            "n_decoded_tokens": self.n_decoded,
            "parts_ms": {name: round(ms, 4) for name, ms in self.parts_ms.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    decode_tok_s: float
    prefill_tok_s: float
    n_decoded: int
    prompt_tokens: int


async def speed_rows(
    models: Sequence[str],
    contexts: Sequence[int],
    *,
    n_rounds: int,
    say: Callable[[str], None],
) -> list[SpeedRow]:
    """Measure each model at each filled context, round by round, and predict it.

    Args:
        models: Names as in the catalogue, or paths; all must be on this machine.
        contexts: How many tokens are read before decoding begins.
        n_rounds: How often; the machine is calibrated before each round.
        say: Told what begins.

    Raises:
        ModelError: A model is not there, or the machine could not be calibrated.
        EngineError: A host did not start or answer.
    """
    seen: dict[tuple[str, int], list[_Seen]] = {}
    shapes: dict[str, ModelShape] = {}
    calibrations: list[Calibration] = []
    for model in models:
        async with _host_of(model) as spec:
            shapes[model] = await asyncio.to_thread(read_shape, spec.model_path)
    for number in range(1, n_rounds + 1):
        say(f"calibration {number} of {n_rounds}")
        calibrations.append(await asyncio.to_thread(calibrate))
        for n_used, model in itertools.product(contexts, models):
            say(f"round {number} of {n_rounds}: {model} after {n_used} tokens")
            async with _host_of(model) as spec:
                seen.setdefault((model, n_used), []).append(await _decoded(spec, n_used))
    return [
        _row(model, shapes[model], n_used, calibrations, found)
        for (model, n_used), found in seen.items()
    ]


def _row(
    model: str,
    shape: ModelShape,
    n_filled: int,
    calibrations: Sequence[Calibration],
    seen: Sequence[_Seen],
) -> SpeedRow:
    # While it decodes the cache fills further; the middle is what an average token sees.
    n_used = statistics.mean(one.prompt_tokens + one.n_decoded / 2 for one in seen)
    predicted = [
        predict(
            shape,
            calibration,
            n_ctx_used_tokens=round(n_used),
            n_gpu_layers=0 if calibration.gpu is None else shape.n_layers + 1,
        )
        for calibration in calibrations
    ]
    reading = [
        predict(shape, calibration, n_ctx_used_tokens=n_filled // 2) for calibration in calibrations
    ]
    return SpeedRow(
        model=model,
        n_ctx_used_tokens=n_filled,
        predicted=tuple(one.decode_tok_s for one in predicted),
        seen=tuple(one.decode_tok_s for one in seen),
        predicted_prefill=statistics.median(one.prefill_tok_s for one in reading),
        seen_prefill=tuple(one.prefill_tok_s for one in seen),
        n_decoded=min(one.n_decoded for one in seen),
        parts_ms=dict(predicted[-1].parts_ms),
    )


@contextlib.asynccontextmanager
async def _host_of(model: str) -> AsyncIterator[HostSpec]:
    async with set_stage(None, {"model": {"name": model}}) as stage:
        if stage.spec is None:
            raise ModelMissingError(stage.no_spec)
        yield replace(stage.spec, n_ctx_tokens=CONTEXT_TOKENS)


async def _decoded(spec: HostSpec, n_used: int) -> _Seen:
    client = EngineClient.embedded(spec, request_timeout_s=HOST_TIMEOUT_S, load_wait_s=LOAD_WAIT_S)
    try:
        await client.wait_ready(LOAD_WAIT_S)
        tokens = await client.tokenize(NUMBERS)
        share = min(1.0, n_used / len(tokens))
        request = GenerationRequest(
            prompt=TextPrompt(text=NUMBERS[: round(share * len(NUMBERS))]),
            max_tokens=N_DECODED,
            sampling=Sampling(temperature=0.0),
            cold=True,
        )
        timings = (await client.generate(request)).timings
    finally:
        await client.stop_host()
        await client.aclose()
    if timings.completion_tokens < MIN_DECODED:
        raise EngineRequestError(
            f"{Path(spec.model_path).name} ended after {timings.completion_tokens} tokens, at "
            f"least {MIN_DECODED} were expected; its rate would be noise"
        )
    return _Seen(
        decode_tok_s=timings.decode_tok_s,
        prefill_tok_s=timings.prefill_tok_s,
        n_decoded=timings.completion_tokens,
        prompt_tokens=timings.prompt_tokens,
    )
