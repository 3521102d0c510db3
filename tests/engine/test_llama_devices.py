from __future__ import annotations

import ctypes
import importlib
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from ducktypist.engine.llama_devices import DISCRETE, INTEGRATED, find_gpus

GIB = 1024**3


@dataclass
class Device:
    """What a pretended ggml says of one device."""

    kind: int
    name: bytes
    free_bytes: int = 3 * GIB
    device_id: bytes | None = None


class Function:
    """A function of a ctypes library: called, and with types that can be set."""

    def __init__(self, call: Any) -> None:
        self.__call = call

    def __call__(self, *arguments: Any) -> Any:
        """Call it."""
        return self.__call(*arguments)


def _ggml(*devices: Device) -> Any:
    def props(index: int, pointer: Any) -> None:
        found, device = ctypes.cast(pointer, ctypes.POINTER(PROPS))[0], devices[index]
        found.description, found.device_id = device.name, device.device_id
        found.memory_free, found.memory_total = device.free_bytes, 4 * GIB

    return SimpleNamespace(
        ggml_backend_dev_count=Function(lambda: len(devices)),
        ggml_backend_dev_get=Function(lambda index: index),
        ggml_backend_dev_type=Function(lambda index: devices[index].kind),
        ggml_backend_dev_get_props=Function(props),
    )


PROPS = importlib.import_module("ducktypist.engine.llama_devices")._Props


class NvmlError(Exception):
    """What the driver's library raises."""


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """NVIDIA's library, pretended: one card that another program half fills."""

    def handle(device_id: bytes) -> bytes:
        if device_id != b"0000:01:00.0":
            raise NvmlError
        return device_id

    module = SimpleNamespace(
        NVMLError=NvmlError,
        nvmlInit=lambda: None,
        nvmlShutdown=lambda: None,
        nvmlDeviceGetHandleByPciBusId_v2=handle,
        nvmlDeviceGetMemoryInfo=lambda _: SimpleNamespace(free=5 * GIB, total=8 * GIB),
        nvmlDeviceGetComputeRunningProcesses=lambda _: [
            SimpleNamespace(pid=2**22 + 7, usedGpuMemory=3 * GIB),
            SimpleNamespace(pid=2**22 + 8, usedGpuMemory=None),
        ],
    )
    monkeypatch.setitem(sys.modules, "pynvml", module)
    return module


@pytest.fixture
def _without_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    """No such package."""
    monkeypatch.setitem(sys.modules, "pynvml", None)


@pytest.mark.usefixtures("nvml")
def test_the_driver_says_what_is_free_and_who_has_the_rest() -> None:
    """Devices are matched by their place on the bus; others keep ggml's figures."""
    found = find_gpus(
        _ggml(
            Device(0, b"CPU"),
            Device(DISCRETE, b"card", device_id=b"0000:01:00.0"),
            Device(DISCRETE, b"other maker's", device_id=b"0000:02:00.0"),
            Device(DISCRETE, b"unknown place"),
        )
    )
    assert [gpu.name for gpu in found] == ["card", "other maker's", "unknown place"]
    assert [gpu.free_bytes // GIB for gpu in found] == [5, 3, 3]
    assert found[0].used_by == f"process {2**22 + 7} 3072 MiB, process {2**22 + 8} 0 MiB"


@pytest.mark.usefixtures("_without_nvml")
def test_without_the_drivers_library_ggml_is_believed() -> None:
    """The package is not needed."""
    (gpu,) = find_gpus(_ggml(Device(DISCRETE, b"card", device_id=b"0000:01:00.0")))
    assert (gpu.free_bytes, gpu.total_bytes, gpu.used_by) == (3 * GIB, 4 * GIB, "")


def test_a_driver_that_is_not_there_is_no_error(nvml: SimpleNamespace) -> None:
    """The package may be installed on a machine without NVIDIA's driver."""

    def fail() -> None:
        raise NvmlError

    nvml.nvmlInit = fail
    (gpu,) = find_gpus(_ggml(Device(DISCRETE, b"card", device_id=b"0000:01:00.0")))
    assert gpu.free_bytes == 3 * GIB


@pytest.mark.usefixtures("_without_nvml")
def test_an_integrated_gpu_counts_where_it_is_the_only_one() -> None:
    """As in llama.cpp, it is left alone beside a card."""
    inside, card = Device(INTEGRATED, b"inside"), Device(DISCRETE, b"card")
    assert [gpu.name for gpu in find_gpus(_ggml(inside, card))] == ["card"]
    assert [gpu.name for gpu in find_gpus(_ggml(inside))] == ["inside"]
    assert find_gpus(_ggml(Device(0, b"CPU"))) == ()


def test_an_unknown_build_of_ggml_says_nothing() -> None:
    """Functions that are elsewhere or gone are no error."""
    assert find_gpus(SimpleNamespace()) == ()


def test_the_real_library_is_asked_without_harm() -> None:
    """The structure is as large as the library's own at least."""
    assert isinstance(find_gpus(importlib.import_module("llama_cpp._ggml").libggml), tuple)
