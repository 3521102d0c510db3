"""How many layers go onto graphics cards.

The one sum for both who plan: the host when it loads (``engine.llama_offload``) and the table of
models (:mod:`ducktypist.fit.plan`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ducktypist.fit.layers import Layers
from ducktypist.fit.machine import Gpu
from ducktypist.fit.memory import DEVICE_BYTES, Wanted, cache_bytes, device_buffers_bytes

MIN_LAYERS: Final = 2
"""llama.cpp counts the output layer as one and puts it there first; alone it gains nothing."""


def n_fitting(layers: Layers, wanted: Wanted, gpus: Sequence[Gpu]) -> int:
    """Return how many layers fit, the output counted as one; 0 where fewer than two do.

    One device's leftovers are not used for another's layer. llama.cpp takes the layers from the
    last to the first.
    """
    if not gpus:
        return 0
    taken = DEVICE_BYTES + device_buffers_bytes(layers, wanted)
    room = [gpu.free_bytes - taken for gpu in gpus]
    # The output layer lies on the last device that has layers; where is not worth modelling.
    room[room.index(max(room))] -= layers.output_bytes
    n_found = 0
    for layer in reversed(range(layers.n_layers)):
        size = layers.layer_bytes[layer] + cache_bytes(layers, wanted, first=layer, end=layer + 1)
        fitting = [index for index, left in enumerate(room) if left >= size]
        if not fitting:
            break
        room[fitting[0]] -= size
        n_found += 1
    return n_found + 1 if n_found + 1 >= MIN_LAYERS else 0
