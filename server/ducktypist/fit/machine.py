"""What there is to compute with: memory, processors, graphics cards.

Values only. Who looks at the real machine is ``models.machine``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.fit.memory import REPACKED_X86


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One device that llama.cpp would use."""

    name: str
    free_bytes: int
    total_bytes: int
    used_by: str = ""
    """Which other processes hold memory there, for people; empty when that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine."""

    memory_bytes: int
    free_memory_bytes: int
    """What a new process can have without anything being swapped out."""
    gpus: tuple[Gpu, ...]
    n_threads: int
    """As many as the engine computes with."""
    repacked: frozenset[str] = REPACKED_X86
    """The tensor types that its processor keeps a second time."""
    is_asked_for: bool = False
    """True for a machine that the person does not have (``--vram 24GB``)."""
