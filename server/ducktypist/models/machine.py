"""What this machine has: memory, processor, graphics cards; and what the engine can use of it.

Looks, and takes nothing. Cards are NVIDIA's only, by the driver's own library, and count only where
the installed llama.cpp was built for cards; the host looks again with llama.cpp's own eyes when it
loads (``engine.llama_devices``).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import platform
from pathlib import Path
from typing import Any, Final

import psutil

from ducktypist.fit.machine import Gpu, Machine
from ducktypist.fit.memory import REPACKED_ARM, REPACKED_AVX512, REPACKED_X86

MAX_THREADS: Final = 8
"""As many as the engine takes by itself."""
_GPU_BACKENDS: Final = ("cuda", "hip", "vulkan", "sycl", "metal", "musa", "cann", "opencl")
"""ggml's libraries for devices, as ``libggml-NAME`` beside llama.cpp's own."""


def find_machine(*, n_threads: int = 0) -> Machine:
    """Return what there is right now.

    Args:
        n_threads: As in the settings; 0: one for each physical core, at most eight.
    """
    memory = psutil.virtual_memory()
    return Machine(
        memory_bytes=int(memory.total),
        free_memory_bytes=min(int(memory.available), _free_in_group(int(memory.total))),
        gpus=_gpus() if _has_gpu_build() else (),
        n_threads=n_threads or _n_cores(),
        repacked=_repacked(),
    )


def _n_cores() -> int:
    n_cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else n_cores
    return max(1, min(n_cores, allowed, MAX_THREADS))


def _free_in_group(total_bytes: int) -> int:
    """Return what a container (control groups, version 2) leaves us; outside one the total."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        # File pages in the group are given back when they are needed.
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        cached = dict(line.split() for line in lines).get("inactive_file", "0")
        return total_bytes if limit == "max" else max(0, int(limit) - used + int(cached))
    except (OSError, ValueError):
        return total_bytes


def _repacked() -> frozenset[str]:
    if platform.machine().lower() in {"aarch64", "arm64"}:
        return REPACKED_ARM
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return REPACKED_X86
    return REPACKED_AVX512 if "avx512f" in flags else REPACKED_X86


def _has_gpu_build() -> bool:
    """Look for ggml's device libraries; importing llama.cpp is the host's alone."""
    found = importlib.util.find_spec("llama_cpp")
    folders = (found.submodule_search_locations or []) if found else []
    return any(
        next(Path(folder).glob(f"**/*ggml-{name}*"), None)
        for folder in folders
        for name in _GPU_BACKENDS
    )


def _gpus() -> tuple[Gpu, ...]:
    try:
        nvml: Any = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no library, no driver, no card: all the same here
        return ()
    try:
        return tuple(_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount()))
    except nvml.NVMLError:
        return ()
    finally:
        with contextlib.suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _gpu(nvml: Any, index: int) -> Gpu:  # noqa: ANN401 - a library without types
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    name = nvml.nvmlDeviceGetName(handle)
    return Gpu(
        name=name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name),
        free_bytes=int(memory.free),
        total_bytes=int(memory.total),
    )
