"""Published memory bandwidth and arithmetic of graphics cards and processors: a table.

For machines that one does not have; nothing here was measured. Sources: the makers' product pages
and white papers (NVIDIA Ada, Ampere and Blackwell GPU architecture; AMD RDNA 3; Apple's
specifications of the Mac), as the databases of cards repeat them. Arithmetic is half precision with
32-bit sums on matrix units, dense; where the maker states none, that of the shader units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GB: Final = 1_000_000_000
TERA: Final = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a maker states."""

    name: str
    memory_gb: int
    """0 where it is the machine's own memory."""
    bandwidth_bytes_s: float
    flop_s: float
    """Operations a second in half precision; a multiply-add is two."""
    is_usual: bool = False
    """Whether it stands for all cards of its size: a common one, not the fastest."""


def _card(name: str, memory_gb: int, gb_s: float, tflops: float, *, is_usual: bool = False) -> Card:
    return Card(
        name=name,
        memory_gb=memory_gb,
        bandwidth_bytes_s=gb_s * GB,
        flop_s=tflops * TERA,
        is_usual=is_usual,
    )


CARDS: Final = (
    _card("RTX 4060 Laptop", 8, 256, 30),
    _card("RTX 4070 Laptop", 8, 256, 40),
    _card("RTX 4080 Laptop", 12, 432, 60),
    _card("RTX 4090 Laptop", 16, 576, 80),
    _card("RTX 3060", 12, 360, 25, is_usual=True),
    _card("RTX 3080", 10, 760, 59),
    _card("RTX 3090 Ti", 24, 1008, 80),
    _card("RTX 3090", 24, 936, 71, is_usual=True),
    _card("RTX 4060 Ti", 16, 288, 44, is_usual=True),
    _card("RTX 4060", 8, 272, 30, is_usual=True),
    _card("RTX 4070 Ti SUPER", 16, 672, 88),
    _card("RTX 4070", 12, 504, 58),
    _card("RTX 4080 SUPER", 16, 736, 104),
    _card("RTX 4080", 16, 717, 97),
    _card("RTX 4090", 24, 1008, 165),
    _card("RTX 5080", 16, 960, 112),
    _card("RTX 5090", 32, 1792, 209, is_usual=True),
    _card("RTX 6000 Ada", 48, 960, 182, is_usual=True),
    _card("RX 7900 XTX", 24, 960, 123),
    _card("RX 7900 XT", 20, 800, 103, is_usual=True),
    _card("Tesla T4", 16, 320, 65),
    _card("NVIDIA L4", 24, 300, 121),
    _card("NVIDIA A10", 24, 600, 125),
    _card("NVIDIA A100", 80, 1935, 312, is_usual=True),
    _card("NVIDIA H100", 80, 3350, 989),
    _card("NVIDIA H200", 141, 4800, 989, is_usual=True),
    _card("Apple M1 Max", 0, 400, 10),
    _card("Apple M1 Pro", 0, 200, 5),
    _card("Apple M1", 0, 68, 2.6),
    _card("Apple M2 Max", 0, 400, 13),
    _card("Apple M2 Pro", 0, 200, 6.8),
    _card("Apple M2", 0, 100, 3.6),
    _card("Apple M3 Max", 0, 300, 14),
    _card("Apple M3 Pro", 0, 150, 7),
    _card("Apple M3", 0, 100, 4),
    _card("Apple M4 Max", 0, 410, 16),
    _card("Apple M4 Pro", 0, 273, 9),
    _card("Apple M4", 0, 120, 4.3),
)
"""Where there are several variants, the slower one."""
CORE_FLOP_S: Final = 60e9
"""A core with 256-bit vectors: two units, 8 lanes, 2 operations, about 3 GHz, and half of that
kept busy."""
DESKTOP_BANDWIDTH_BYTES_S: Final = 51.2 * GB
"""Two channels of DDR4-3200: 2 x 8 bytes x 3.2 GT/s (JEDEC JESD79-4)."""


def card_for(name: str, total_bytes: int) -> Card:
    """Return the card of that name, else a usual one of that size, or of the next smaller."""
    wanted = name.lower()
    named = [one for one in CARDS if one.name.lower().removeprefix("nvidia ") in wanted]
    if named:
        # "RTX 4060 Ti" holds the name of "RTX 4060" too.
        return max(named, key=lambda one: len(one.name))
    # A card shows somewhat less than its nominal memory, and 24 GiB is 25.8 GB.
    usual = sorted((one for one in CARDS if one.is_usual), key=lambda one: one.memory_gb)
    fitting = [one for one in usual if one.memory_gb <= total_bytes / GB * 1.05]
    return fitting[-1] if fitting else usual[0]


def processor_for(n_threads: int) -> Card:
    """Return a desktop computer with two memory channels and so many cores."""
    return Card(
        name=f"a desktop processor with {n_threads} threads",
        memory_gb=0,
        bandwidth_bytes_s=DESKTOP_BANDWIDTH_BYTES_S,
        flop_s=CORE_FLOP_S * max(1, n_threads),
    )
