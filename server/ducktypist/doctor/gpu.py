"""The check of graphics cards: is there one, can this llama.cpp use it, and how the model lies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ducktypist.doctor.check import Check, doubtful, good
from ducktypist.doctor.subject import Subject
from ducktypist.doctor.threads import apart
from ducktypist.domain import Json

NAME = "gpu"
NVIDIA_CARDS = Path("/proc/driver/nvidia/gpus")
"""Where NVIDIA's kernel module lists its cards, whether or not anything was built for them."""
AMD_COMPUTE = Path("/dev/kfd")
"""There where the kernel lets programs compute on an AMD card."""


async def gpu(subject: Subject) -> Check:
    """Tell what the engine does with the graphics cards that there are."""
    if subject.is_remote:
        return good(NAME, "not looked at: the engine runs elsewhere")
    sight = await subject.engine()
    cards = await apart(lambda: cards_seen(NVIDIA_CARDS, AMD_COMPUTE))
    told = sight.after.get("details")
    details: dict[str, Json] = {"cards": list(cards)}
    if not isinstance(told, Mapping) or "has_gpu_build" not in told:
        if sight.error:
            return doubtful(NAME, "not known: the engine does not answer", "see engine", **details)
        return good(NAME, "no llama.cpp: a script stands in for the model", **details)
    details |= {
        "has_gpu_build": bool(told["has_gpu_build"]),
        "n_gpu_layers": sight.after.get("n_gpu_layers"),
        "reason": str(told.get("gpu_reason") or ""),
    }
    return _judged(cards, details, wants_layers=subject.settings.engine.n_gpu_layers != 0)


def cards_seen(nvidia: Path, amd: Path) -> tuple[str, ...]:
    """Return the cards that the kernel's drivers list, by name where they have one.

    Args:
        nvidia: A folder with one folder for each card, and a file ``information`` in it.
        amd: What exists where AMD's compute driver is loaded.
    """
    found = []
    for file in sorted(nvidia.glob("*/information")):
        try:
            text = file.read_text("utf-8", "replace")
        except OSError:
            text = ""
        model = re.search(r"^Model:\s*(.+?)\s*$", text, re.MULTILINE)
        found.append(model[1] if model else "an NVIDIA card")
    if amd.exists():
        found.append("an AMD card")
    return tuple(found)


def _judged(cards: tuple[str, ...], details: Mapping[str, Json], *, wants_layers: bool) -> Check:
    named, reason, n_layers = ", ".join(cards), details["reason"], details["n_gpu_layers"]
    if cards and not details["has_gpu_build"]:
        says = f"{named} is not used: this llama.cpp is built without GPU support"
        return doubtful(NAME, says, "build it for the card, which docs/gpu.md explains", **details)
    if cards and not n_layers and wants_layers:
        advice = "free memory on the card, or lower engine.n_ctx_tokens or engine.cache_tokens"
        return doubtful(NAME, f"no layer is on {named}: {reason}", advice, **details)
    if not details["has_gpu_build"]:
        says = "no graphics card seen, and llama.cpp is built without GPU support"
        return good(NAME, says, **details)
    return good(NAME, f"{n_layers} layers on the GPU ({reason})", **details)
