from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ducktypist.engine import oom_counters, postmortem
from ducktypist.engine.postmortem import Cause, Death, HostRecord, Loaded, examine

LOADED = Loaded(n_ctx_tokens=4096, n_gpu_layers=33)


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's counter of processes killed for memory, in a file of the test's own."""
    path = tmp_path / "vmstat"
    path.write_text("oom_kill 7\n")
    monkeypatch.setattr(oom_counters, "MACHINE", path)
    monkeypatch.setattr(oom_counters, "OWN_GROUPS", tmp_path / "no-groups")
    return path


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """The host's log, with what an earlier host wrote into it."""
    path = tmp_path / "host.log"
    path.write_text("an earlier host: CUDA error: out of memory\n")
    return path


@pytest.fixture
def record(tmp_path: Path, log_file: Path, killed: Path) -> HostRecord:  # noqa: ARG001 - the files are there first
    """The record of a host that is loading its model."""
    return HostRecord(tmp_path / "record", log_file=log_file, loaded=LOADED)


def _say(log_file: Path, text: str) -> None:
    with log_file.open("a") as file:
        file.write(text + "\n")


def _death(tmp_path: Path) -> Death:
    found = examine(tmp_path / "record", holds_lock=True)
    assert found is not None
    return found


def _end_process(tmp_path: Path) -> None:
    """Make the record one of a process that has ended."""
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    path = tmp_path / "record"
    path.write_text(json.dumps({**json.loads(path.read_text()), "pid": int(ended.stdout)}))


@pytest.mark.usefixtures("record")
def test_a_host_that_lives_is_not_dead(tmp_path: Path) -> None:
    """Who does not hold the lock looks at the process."""
    assert examine(tmp_path / "record", holds_lock=False) is None
    _end_process(tmp_path)
    found = examine(tmp_path / "record", holds_lock=False)
    assert found is not None
    assert found.cause is Cause.KILLED


def test_a_process_that_nobody_reaped_is_gone() -> None:
    """A zombie answers nobody."""
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert postmortem.is_gone(child.pid)
    child.wait()
    assert postmortem.is_gone(child.pid)
    assert not postmortem.is_gone(os.getpid())


@pytest.mark.usefixtures("record")
def test_a_kill_by_hand_is_no_lack_of_memory(tmp_path: Path, log_file: Path) -> None:
    """Without a word and without the kernel's doing, somebody else did it."""
    _say(log_file, "an ordinary line")
    death = _death(tmp_path)
    assert (death.cause, death.was_loading, death.loaded) == (Cause.KILLED, True, LOADED)
    assert death.detail == "was killed, or ended without a word"
    assert 0 <= death.lived_s < 60


@pytest.mark.usefixtures("record")
def test_the_kernel_says_when_it_killed_for_memory(tmp_path: Path, killed: Path) -> None:
    """The counter has grown since the host last looked."""
    killed.write_text("oom_kill 8\n")
    death = _death(tmp_path)
    assert (death.cause, "kernel" in death.detail) == (Cause.OUT_OF_MEMORY, True)


@pytest.mark.parametrize(
    "line",
    [
        "CUDA error: out of memory",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9000.00 MiB: cudaMalloc failed",
        "ggml_gallocr_reserve_n_impl: failed to allocate CUDA0 buffer of size 123",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "vk::Device::allocateMemory: ErrorOutOfDeviceMemory",
        "MemoryError",
        "mmap: Cannot allocate memory",
        "error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
    ],
)
@pytest.mark.usefixtures("record")
def test_the_log_says_when_memory_ran_out(tmp_path: Path, log_file: Path, line: str) -> None:
    """What the libraries print is understood, and told."""
    _say(log_file, f"before\n{line}\nafter")
    _say(log_file, "Fatal Python error: Aborted")
    death = _death(tmp_path)
    assert (death.cause, death.detail) == (Cause.OUT_OF_MEMORY, f"ran out of memory: {line}")


@pytest.mark.parametrize(
    "line",
    [
        "Fatal Python error: Segmentation fault",
        "/src/ggml.c:123: GGML_ASSERT(a == b) failed",
        "/src/ggml-cuda.cu:82: CUDA error",
    ],
)
@pytest.mark.usefixtures("record")
def test_a_crash_leaves_its_traces(tmp_path: Path, log_file: Path, line: str) -> None:
    """An abort or a fault of native code is told from a kill."""
    _say(log_file, line)
    assert _death(tmp_path).cause is Cause.CRASHED
    assert _death(tmp_path).detail == f"crashed: {line}"


def test_what_was_survived_is_no_cause(
    tmp_path: Path, record: HostRecord, log_file: Path, killed: Path
) -> None:
    """A complaint or another's death a while ago has nothing to do with a kill by hand now."""
    _say(log_file, "failed to allocate 5 bytes, skipping")
    killed.write_text("oom_kill 9\n")
    record.alive()
    assert _death(tmp_path).cause is Cause.OUT_OF_MEMORY
    record.alive()
    assert _death(tmp_path).cause is Cause.KILLED
    _say(log_file, "out of memory")
    assert _death(tmp_path).cause is Cause.OUT_OF_MEMORY


def test_last_words_come_first(tmp_path: Path, record: HostRecord, log_file: Path) -> None:
    """What the host said itself holds, and is there to be read at once."""
    _say(log_file, "out of memory")
    assert postmortem.last_words(tmp_path / "record") == ""
    record.serving(Loaded(n_ctx_tokens=2048, n_gpu_layers=5, retreat=1))
    told = record.last_words(Cause.HUNG, "hung:\n one step")
    assert postmortem.last_words(tmp_path / "record") == "hung: one step"
    found = _death(tmp_path)
    assert (found.cause, found.detail, found.was_loading) == (Cause.HUNG, "hung: one step", False)
    assert found.loaded == told.loaded == Loaded(n_ctx_tokens=2048, n_gpu_layers=5, retreat=1)
    assert told.cause is Cause.HUNG


@pytest.mark.parametrize(
    ("failure", "said", "cause"),
    [
        ("the file is damaged", "", Cause.FAILED),
        ("llama.cpp cannot make a context: failed to allocate buffer", "", Cause.OUT_OF_MEMORY),
        ("the model could not be loaded: ", "MemoryError", Cause.OUT_OF_MEMORY),
    ],
)
def test_a_failure_to_load_has_a_cause(
    record: HostRecord, log_file: Path, failure: str, said: str, cause: Cause
) -> None:
    """A load for which there was no memory is told from a bad file."""
    _say(log_file, said)
    assert record.why_failed(failure) is cause


def test_a_break_down_while_serving_is_a_crash(record: HostRecord) -> None:
    """Once the model was loaded, it is not loading that failed."""
    record.serving(LOADED)
    assert record.why_failed("llama_decode failed twice") is Cause.CRASHED


def test_an_orderly_end_leaves_nothing(tmp_path: Path, record: HostRecord) -> None:
    """Without a record there is no death, and nothing else lies around."""
    record.alive()
    record.remove()
    record.remove()
    assert examine(tmp_path / "record", holds_lock=True) is None
    assert sorted(path.name for path in tmp_path.glob("record*")) == []


@pytest.mark.usefixtures("record")
def test_a_restart_of_the_machine_is_no_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record of before says nothing about the host."""
    (tmp_path / "boot").write_text("another\n")
    monkeypatch.setattr(postmortem, "BOOT_ID", tmp_path / "boot")
    assert examine(tmp_path / "record", holds_lock=True) is None


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"loaded": 3}', b"\xff\xfe", b'{"loaded": {"x": 1}}']
)
def test_a_damaged_record_is_none(tmp_path: Path, raw: bytes) -> None:
    """A host that died while writing, or anything else there, stops nobody."""
    (tmp_path / "record").write_bytes(raw)
    assert examine(tmp_path / "record", holds_lock=True) is None
    assert postmortem.last_words(tmp_path / "record") == ""


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path, log_file: Path) -> None:
    """The host serves without a record."""
    record = HostRecord(tmp_path / "no" / "record", log_file=log_file, loaded=LOADED)
    record.serving(LOADED)
    record.alive()
    assert record.last_words(Cause.HUNG, "x").cause is Cause.HUNG
    record.remove()


def test_a_death_survives_being_written() -> None:
    """What the history keeps is what was found."""
    death = Death(
        at_utc=1_790_000_000.25,
        cause=Cause.OUT_OF_MEMORY,
        detail="ran out of memory",
        was_loading=True,
        lived_s=12.5,
        loaded=LOADED,
    )
    told: Any = death.to_json()
    assert told["at"] == "2026-09-21T14:13:20Z"
    assert Death.from_json(json.loads(json.dumps(told))) == death
