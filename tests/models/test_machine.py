"""What this machine has."""

from __future__ import annotations

import psutil

from ducktypist.models.machine import find_machine


def test_the_machine_is_seen() -> None:
    """Memory within what there is, at least one thread, and no GPU that nobody has."""
    machine = find_machine()
    assert 0 < machine.free_memory_bytes <= machine.memory_bytes == psutil.virtual_memory().total
    assert 1 <= machine.n_threads <= 8
    assert not machine.is_asked_for
    assert "Q4_K" in machine.repacked
    assert all(0 <= gpu.free_bytes <= gpu.total_bytes for gpu in machine.gpus)


def test_threads_from_the_settings_are_taken() -> None:
    """The person may know better."""
    assert find_machine(n_threads=3).n_threads == 3
