"""Which GPUs there are and how much of their memory is free.

Part of the real backend. ggml says which devices llama.cpp would use (it honours
``CUDA_VISIBLE_DEVICES`` and the like); for NVIDIA's, the driver's own library says how much is free
and who has the rest, without a context of ours on the device. Without that library or driver,
ggml's figures hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ducktypist.fit.machine import Gpu

DISCRETE, INTEGRATED = 1, 2
"""GGML_BACKEND_DEVICE_TYPE_GPU and _IGPU in ggml-backend.h."""
MAX_NAMED = 3


class _Props(ctypes.Structure):
    """``struct ggml_backend_dev_props`` in ggml-backend.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("memory_free", ctypes.c_size_t),
        ("memory_total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("device_id", ctypes.c_char_p),
        # The capabilities: six flags in this version; room for more.
        ("caps", ctypes.c_bool * 64),
    )


def find_gpus(ggml: Any) -> tuple[Gpu, ...]:  # noqa: ANN401 - a ctypes library
    """Return the GPUs that llama.cpp would use.

    An integrated one counts only where there is no other, as in llama.cpp.
    """
    try:
        found = list(_devices(ggml))
    except AttributeError:
        # Another build of ggml may keep these functions elsewhere; then nothing is known.
        return ()
    kinds = {kind for kind, _ in found}
    wanted = DISCRETE if DISCRETE in kinds else INTEGRATED
    with _nvml() as nvml:
        return tuple(_gpu(props, nvml) for kind, props in found if kind == wanted)


def _devices(ggml: Any) -> Iterator[tuple[int, _Props]]:  # noqa: ANN401 - a ctypes library
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    ggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    ggml.ggml_backend_dev_get_props.restype = None
    ggml.ggml_backend_dev_get_props.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Props)]
    for index in range(ggml.ggml_backend_dev_count()):
        device = ggml.ggml_backend_dev_get(index)
        kind = ggml.ggml_backend_dev_type(device)
        if kind in {DISCRETE, INTEGRATED}:
            props = _Props()
            ggml.ggml_backend_dev_get_props(device, ctypes.byref(props))
            yield kind, props


def _gpu(props: _Props, nvml: Any) -> Gpu:  # noqa: ANN401 - a library without types, or None
    name = (props.description or props.name or b"GPU").decode("utf-8", "replace")
    free_bytes, total_bytes, used_by = props.memory_free, props.memory_total, ""
    if nvml is not None and props.device_id:
        # A device of another maker, or one that the driver hides: ggml's figures stay.
        with contextlib.suppress(nvml.NVMLError):
            handle = nvml.nvmlDeviceGetHandleByPciBusId_v2(props.device_id)
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            free_bytes, total_bytes = int(memory.free), int(memory.total)
            used_by = _others(nvml, handle)
    return Gpu(name=name, free_bytes=free_bytes, total_bytes=total_bytes, used_by=used_by)


def _others(nvml: Any, handle: Any) -> str:  # noqa: ANN401 - a library without types
    """Return the programs that hold most of a device's memory, ours left out."""
    holding = [
        (int(process.usedGpuMemory or 0), int(process.pid))
        for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        if int(process.pid) != os.getpid()
    ]
    named = [
        f"{_program(pid)} {n_bytes / 1024**2:.0f} MiB"
        for n_bytes, pid in sorted(holding, reverse=True)[:MAX_NAMED]
    ]
    return ", ".join(named)


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip() or f"process {pid}"
    except OSError:
        return f"process {pid}"


@contextlib.contextmanager
def _nvml() -> Iterator[Any]:
    """Give NVIDIA's management library (PyPI ``nvidia-ml-py``), None where it cannot be used."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        yield None
        return
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        yield None
        return
    try:
        yield nvml
    finally:
        with contextlib.suppress(nvml.NVMLError):
            nvml.nvmlShutdown()
