"""The check of speed: as the engine measured itself, as the ledger saw it, and what that means."""

from __future__ import annotations

from collections.abc import Sequence

from ducktypist import config
from ducktypist.doctor.check import Check, doubtful, good
from ducktypist.doctor.subject import Subject
from ducktypist.doctor.threads import apart
from ducktypist.domain import Json, Kind
from ducktypist.engine.client import Rates
from ducktypist.errors import DucktypistError
from ducktypist.ledger.report_rows import stats_table
from ducktypist.ledger.stats import Speed, speed

NAME = "speed"
HOVER_TOKENS = (600, 120)
"""A hover's prompt with its facts, and its prose."""
INLINE_TOKENS = (60, 24)
"""What is new of an inline completion's prompt, the rest being cached, and what it writes."""


async def measured(subject: Subject) -> Check:
    """Tell how fast the engine is: as it was measured, and as the ledger saw it with this model."""
    sight = await subject.engine()
    # A thread of its own: a ledger on a disk that hangs must not keep the program from ending.
    cells = await apart(lambda: _cells(subject, str(sight.after.get("model") or "")))
    if sight.rates is None and not cells:
        if sight.error:
            return doubtful(NAME, "not known: the engine does not answer", "see engine")
        return good(NAME, "not measured: this engine does not say how fast it is", verdict=None)
    said, details, verdicts = _by_rates(sight.rates)
    details["ledger"] = list(cells)
    said += [
        f"the ledger says {cell['kind']} {cell['language']} is {cell['speed']} "
        f"(n = {cell['n_suggestions']})"
        for cell in cells
    ]
    verdicts += [Speed(str(cell["speed"])) for cell in cells]
    verdict = _slowest(verdicts)
    details["verdict"] = str(verdict)
    summary = f"{verdict}: {'; '.join(said)}"
    if verdict in {Speed.SLOW, Speed.TEA}:
        advice = "choose a smaller model or quantisation, or an engine with a GPU (docs/gpu.md)"
        return doubtful(NAME, summary, advice, **details)
    return good(NAME, summary, **details)


def _by_rates(rates: Rates | None) -> tuple[list[str], dict[str, Json], list[Speed]]:
    """Return what measured rates come to: in words, as details, as verdicts."""
    if rates is None:
        return [], {}, []
    hover, hover_ms = _expected(rates, Kind.EXPLAIN, HOVER_TOKENS)
    inline, inline_ms = _expected(rates, Kind.INFILL, INLINE_TOKENS)
    said = [
        f"reads {rates.prefill_tok_s:.0f} and writes {rates.decode_tok_s:.1f} tokens a second",
        f"a hover ({HOVER_TOKENS[0]} tokens) begins after {hover_ms / 1000:.1f} s: {hover}",
        f"ghost text ({INLINE_TOKENS[0]} new ones) after {inline_ms / 1000:.1f} s: {inline}",
    ]
    details: dict[str, Json] = {
        "prefill_tok_s": round(rates.prefill_tok_s, 1),
        "decode_tok_s": round(rates.decode_tok_s, 1),
        "hover": {"verdict": str(hover), "ttft_ms": round(hover_ms)},
        "inline": {"verdict": str(inline), "ttft_ms": round(inline_ms)},
    }
    return said, details, [hover, inline]


def _expected(rates: Rates, kind: Kind, tokens: tuple[int, int]) -> tuple[Speed, float]:
    """Return what rates come to for one kind of request, and its time to the first token."""
    n_prompt, n_answer = tokens
    ttft_ms = n_prompt * 1000 / rates.prefill_tok_s
    verdict = speed(
        kind,
        ttft_p50_ms=ttft_ms,
        total_p50_ms=ttft_ms + n_answer * rates.step_ms[1],
        decode_tok_s=rates.decode_tok_s,
    )
    return verdict, ttft_ms


def _slowest(verdicts: Sequence[Speed]) -> Speed:
    for verdict in (Speed.TEA, Speed.SLOW, Speed.USABLE):
        if verdict in verdicts:
            return verdict
    return Speed.NOT_MEASURED


def _cells(subject: Subject, model: str) -> list[dict[str, Json]]:
    """Return what the ledger says of this model's speed, by kind and language; blocks."""
    try:
        cells = stats_table(config.ledger_path(subject.settings.ledger))["cells"]
    except DucktypistError:
        # The ledger has a check of its own.
        return []
    kept = ("kind", "language", "n_suggestions", "speed", "ttft_p50_ms", "decode_p50_tok_s")
    return [
        {name: cell[name] for name in kept}
        for cell in (cells if isinstance(cells, list) else [])
        if isinstance(cell, dict) and model and cell["model"] == model
    ]
