"""How fast tokens come: one answer against the yardsticks, and four answers against one.

The bare loop's cost of a step with several rows is measured beside them, because it says how much
batching can give on this machine at the very best.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ducktypist.bench.engine.rows import (
    STEP_ROWS,
    Timed,
    Turns,
    ceiling,
    in_turns,
    number,
    step_costs,
)
from ducktypist.bench.engine.sides import Ring, Side
from ducktypist.bench.measure import Bar, Row
from ducktypist.domain import GenerationRequest, Json, Sampling, TextPrompt
from ducktypist.errors import EngineRequestError

N_DECODED = 96
N_CANDIDATE_TOKENS = 48
N_CANDIDATES = 4
PROMPT = "# Every number from one to five hundred\nNUMBERS = [1, 2, 3, 4,"
"""Its continuation does not end before :data:`N_DECODED` tokens, whoever makes it."""
CANDIDATE_PROMPT = '''\
def shipping_cents(weight_grams: int, express: bool) -> int:
    """Return what a parcel costs: a base fee, a fee per started kilogram, and a surcharge."""
'''

BARE_BAR = Bar(limit=0.95, is_floor=True)
NATIVE_BAR = Bar(limit=1.0, is_floor=True)
CANDIDATES_BAR = Bar(limit=2.0, is_floor=True)


async def decode_rows(ring: Ring) -> list[Row]:
    """Decode one answer over our HTTP, over the native server's, and bare."""
    body = {"prompt": PROMPT, "max_tokens": N_DECODED, "temperature": 0.0, "cache_prompt": False}

    async def bare(_round: int) -> float:
        told = await ring.bare.ask(do="decode", prompt=PROMPT, n_tokens=N_DECODED)
        return (int(told["n_tokens"]) - 1) * 1000 / float(told["decode_ms"])

    ways: dict[str, Timed] = {"ours": lambda _: _decoded(ring.ours, body)}
    if ring.bare_ is not None:
        ways["bare"] = bare
    if ring.native_ is not None:
        ways["native"] = lambda _: _decoded(ring.native, body)
    turns = await in_turns(ring.effort.of(20, 6), ways)
    what = f"decoding one answer of {N_DECODED} tokens, first token to last"
    return [
        _against(ring, turns, "bare", f"{what}, against the bare loop", BARE_BAR),
        _against(ring, turns, "native", f"{what}, against the native server", NATIVE_BAR),
    ]


async def candidate_rows(ring: Ring) -> list[Row]:
    """Ask for four samples of one prompt, and for one."""

    async def sampled(at: int, *, n: int, is_cold: bool) -> float:
        request = GenerationRequest(
            prompt=TextPrompt(text=CANDIDATE_PROMPT),
            max_tokens=N_CANDIDATE_TOKENS,
            sampling=Sampling(temperature=0.8, top_p=0.95, seed=at + 2),
            n=n,
            cold=is_cold,
        )
        found, timings = await ring.ours.client.several(request)
        n_tokens = sum(item.timings.completion_tokens for item in found.values())
        took_ms = timings.decode_ms + (timings.prefill_ms if is_cold else 0.0)
        return n_tokens * 1000 / took_ms

    warm, cold = [
        await in_turns(
            n_rounds,
            {
                "one": partial(sampled, n=1, is_cold=is_cold),
                "four": partial(sampled, n=N_CANDIDATES, is_cold=is_cold),
            },
        )
        for is_cold, n_rounds in ((False, ring.effort.of(8, 6)), (True, ring.effort.of(6, 2)))
    ]
    what = f"{N_CANDIDATES} candidates of one prompt, tokens/s"
    profile, details = await profile_of(ring, N_CANDIDATES)
    return [
        Row(
            name="candidates",
            what=f"{what} while decoding, against one",
            unit="x",
            samples=warm.ratio("four", "one"),
            bar=CANDIDATES_BAR,
            note=f"{warm.told('tokens/s')}{profile}",
            details={**details, **warm.as_json()},
        ),
        Row(
            name="candidates-cold",
            what=f"{what} with the prompt read anew, reading included",
            unit="x",
            samples=cold.ratio("four", "one"),
            note=cold.told("tokens/s"),
            details=cold.as_json(),
        ),
    ]


async def profile_of(ring: Ring, n_rows: int) -> tuple[str, dict[str, Json]]:
    """Return what the bare loop says that so many rows in one step can give at most."""
    curve = await step_curve(ring)
    best = ceiling(curve, n_rows)
    if best is None:
        return "", {}
    return (
        f"; {n_rows} rows a step can give {number(best)} x at the very best: {step_costs(curve)}",
        {"ceiling": round(best, 3)},
    )


async def step_curve(ring: Ring) -> Mapping[int, tuple[float, ...]]:
    """Return what the bare loop's steps cost by their number of rows; measured once a run."""
    if not ring.step_ms and ring.bare_ is not None:
        told = await ring.bare.ask(do="steps", rows=STEP_ROWS, repeats=ring.effort.of(9, 5))
        ring.step_ms = {int(n): tuple(took) for n, took in told["step_ms"].items()}
        ring.notes["bare"] = {
            "step_ms": {str(n): list(took) for n, took in ring.step_ms.items()},
            "prefill_tok_s": told["prefill_tok_s"],
        }
    return ring.step_ms


async def _decoded(side: Side, body: Mapping[str, Any]) -> float:
    """Return tokens a second between the first token's arrival and the last one's."""
    times: list[float] = []
    made = 0
    async for event in side.door.events("/v1/completions", body):
        choices = event.body.get("choices") or [{}]
        if choices[0].get("text"):
            times.append(event.at_s)
        made = int((event.body.get("timings") or {}).get("predicted_n", made))
    if made < N_DECODED or len(times) < 2:  # noqa: PLR2004 - a first and a last one
        raise EngineRequestError(f"{side.name} ended after {made} of {N_DECODED} tokens")
    return (made - 1) / (times[-1] - times[0])


def _against(ring: Ring, turns: Turns, name: str, what: str, bar: Bar) -> Row:
    row_name = f"decode-{name}"
    if name not in turns.of:
        return Row(name=row_name, what=what, unit="x", problem=ring.missing.get(name, "not there"))
    pair = Turns(of={key: turns.of[key] for key in ("ours", name)})
    return Row(
        name=row_name,
        what=what,
        unit="x",
        samples=pair.ratio("ours", name),
        bar=bar,
        note=pair.told("tokens/s"),
        details=pair.as_json(),
    )
