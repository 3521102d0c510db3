"""What the host needs besides the model's file and the cache of keys and values (Linux)."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from ducktypist.bench.engine.asking import load_trace
from ducktypist.bench.engine.rows import number
from ducktypist.bench.engine.sides import MissingSideError, Ring
from ducktypist.bench.measure import Bar, Row
from ducktypist.domain import GenerationRequest, Json, Sampling, TextPrompt
from ducktypist.models.gguf import read_header

BYTES_PER_MB = 1_000_000
VALUE_BYTES = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Of one element of a key or a value, by the type that the host says (ggml-common.h)."""
MEMORY_BAR = Bar(limit=250.0, statistic="max")
HEADER = re.compile(r"[0-9a-f]+-[0-9a-f]+ ")


async def memory_rows(ring: Ring) -> list[Row]:
    """Use the host, then add up what its mappings have in memory.

    The model's own mapping counts by what of it is in memory, not by its size; weights that were
    copied into another layout are not part of the file and count as the host's.
    """
    text = (await asyncio.to_thread(load_trace)).document
    await ring.ours.client.several(
        GenerationRequest(
            prompt=TextPrompt(text=text),
            max_tokens=16,
            n=8,
            sampling=Sampling(temperature=0.8, seed=1),
        )
    )
    process = await ring.host()
    mapped = await asyncio.to_thread(_resident, process.pid, ring.spec.model_path)
    if mapped is None:
        raise MissingSideError("the memory of a process is only known on Linux (/proc/PID/smaps)")
    total, model = mapped
    kv_bytes, how = await asyncio.to_thread(_kv_bytes, ring)
    over = (total - model - kv_bytes) / BYTES_PER_MB
    parts: dict[str, Json] = {"rss": total, "model_mapping": model, "kv": kv_bytes}
    told = ", ".join(
        f"{name} {number(value / BYTES_PER_MB)}"
        for name, value in (("resident", total), ("the file's mapping", model), ("cache", kv_bytes))
    )
    return [
        Row(
            name="memory",
            what="memory of the host over the model's file and its cache, after use",
            unit="MB",
            samples=(over,),
            bar=MEMORY_BAR,
            note=f"MB: {told}; {how}",
            details=parts,
        )
    ]


def _resident(pid: int, model: Path) -> tuple[int, int] | None:
    """Return the resident bytes of a process, and those of its mapping of a file."""
    try:
        text = Path(f"/proc/{pid}/smaps").read_text("utf-8", "replace")
    except OSError:
        return None
    total = ours = 0
    is_model = False
    wanted = str(model.resolve())
    for line in text.splitlines():
        if HEADER.match(line):
            is_model = line.endswith(wanted)
        elif line.startswith("Rss:"):
            n_bytes = int(line.split()[1]) * 1024
            total += n_bytes
            ours += n_bytes if is_model else 0
    return total, ours


def _kv_bytes(ring: Ring) -> tuple[int, str]:
    cells, kind = ring.details.get("n_cells"), str(ring.details.get("kv_type", "f16"))
    if ring.spec.backend != "llama_cpp" or not isinstance(cells, int):
        return 0, "no cache of keys and values"
    header = read_header(ring.spec.model_path)
    values = header.n_layers * header.n_head_kv * (header.key_length + header.value_length)
    return int(values * VALUE_BYTES[kind] * cells), f"the cache as {cells} cells of {kind} values"
