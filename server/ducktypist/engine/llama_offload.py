"""How many layers go to the GPU, with how large a context, and why.

Part of the real backend. The decision is arithmetic over what the devices report. A load that
killed the process (CUDA does that when memory runs out) leaves a marker file behind, and the next
try asks for less.
"""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALL_LAYERS = -1
WEIGHTS_FACTOR = 1.2
"""Weights plus compute buffers, in multiples of the file."""
KV_BYTES_PER_VALUE = 2
"""16-bit keys and values."""
GPU_TYPES = {1, 2}
"""GGML_BACKEND_DEVICE_TYPE_GPU and _IGPU in ggml-backend.h."""
MIN_CTX_TOKENS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Offload:
    """What to load with."""

    n_gpu_layers: int
    """-1: all of them."""
    n_ctx_tokens: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a model asks of a device's memory."""

    file_bytes: int
    kv_bytes: int

    def total_bytes(self) -> int:
        """Return the estimate: weights, buffers and cache."""
        return int(self.file_bytes * WEIGHTS_FACTOR) + self.kv_bytes


def plan(
    *,
    n_asked: int,
    n_ctx_tokens: int,
    has_gpu_build: bool,
    free_bytes: int | None,
    need: Need,
    n_crashes: int,
) -> Offload:
    """Decide how to load.

    Args:
        n_asked: Layers asked for; -1 lets us decide.
        n_ctx_tokens: The context asked for.
        has_gpu_build: Whether this llama.cpp can compute on a GPU.
        free_bytes: The freest GPU's free memory, None when there is none.
        need: What the model takes.
        n_crashes: How many loads before this one killed the process.
    """

    def on_cpu(reason: str) -> Offload:
        return Offload(n_gpu_layers=0, n_ctx_tokens=n_ctx_tokens, reason=reason)

    if n_asked == 0:
        return on_cpu("no GPU layers were asked for")
    if not has_gpu_build or free_bytes is None:
        built = (
            "llama.cpp sees no GPU" if has_gpu_build else "this llama.cpp is built for CPUs only"
        )
        return on_cpu(built)
    if n_crashes > 1:
        return on_cpu(f"loading onto the GPU killed the process {n_crashes} times")
    told = f"needs {_mib(need.total_bytes())}, the GPU has {_mib(free_bytes)} free"
    if n_asked == ALL_LAYERS and need.total_bytes() > free_bytes:
        return on_cpu(f"the model does not fit onto the GPU: {told}")
    if n_crashes == 1:
        return Offload(
            n_gpu_layers=n_asked,
            n_ctx_tokens=max(MIN_CTX_TOKENS, n_ctx_tokens // 2),
            reason=f"half the context, since loading killed the process before; {told}",
        )
    return Offload(n_gpu_layers=n_asked, n_ctx_tokens=n_ctx_tokens, reason=told)


def free_gpu_bytes(ggml: Any) -> int | None:  # noqa: ANN401 - a ctypes library
    """Return the freest GPU's free memory as ggml reports it, None when there is no GPU."""
    try:
        ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
        ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
        ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
        ggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
        ggml.ggml_backend_dev_memory.restype = None
        ggml.ggml_backend_dev_memory.argtypes = [
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_size_t),
            ctypes.POINTER(ctypes.c_size_t),
        ]
        found = []
        for index in range(ggml.ggml_backend_dev_count()):
            device = ggml.ggml_backend_dev_get(index)
            if ggml.ggml_backend_dev_type(device) in GPU_TYPES:
                free, total = ctypes.c_size_t(), ctypes.c_size_t()
                ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
                found.append(free.value)
    except AttributeError:
        # Another build of ggml may keep these functions elsewhere; then nothing is known.
        return None
    return max(found, default=None)


class Marker:
    """A file that says that a load is going on, and is still there when the load was fatal."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def n_crashes(self) -> int:
        """Return how many loads have ended the process since the last that did not."""
        try:
            return int(self._path.read_text("ascii").strip() or "0")
        except (OSError, ValueError):
            return 0

    def set(self) -> None:
        """Say that a load begins."""
        n_crashes = self.n_crashes() + 1
        with contextlib.suppress(OSError):
            self._path.write_text(str(n_crashes), "ascii")

    def clear(self) -> None:
        """Say that the load ended, well or not."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / 1024**2:.0f} MiB"
