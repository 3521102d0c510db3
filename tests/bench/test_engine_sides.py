"""The yardsticks: processes of their own that say so when they cannot be had."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MISSING = "raise ImportError('not here')\n"
FAKE = """
import enum, json, types
class Auto(enum.Enum):
    LLAMA_FLASH_ATTN_TYPE_AUTO = -1
class CommonParams:
    def __init__(self):
        self.model = types.SimpleNamespace(path="")
        self.cpuparams = types.SimpleNamespace(n_threads=0)
        self.cpuparams_batch = types.SimpleNamespace(n_threads=0)
        self.n_batch, self.n_ubatch, self.cache_ram_mib, self.kv_unified = 2048, 512, 8192, False
        self.flash_attn_type = Auto.LLAMA_FLASH_ATTN_TYPE_AUTO
class Server:
    def __init__(self, p):
        given = [p.model.path, p.n_ctx, p.n_parallel, p.cpuparams.n_threads, p.endpoint_metrics]
        self.listening_address = "http://127.0.0.1:1 " + json.dumps(given)
__version__ = "1.2.3"
"""


def native(folder: Path, source: str) -> dict[str, object]:
    """Return what the native server's process says with such a library."""
    (folder / "xllamacpp.py").write_text(source)
    arguments = ["--model", "m.gguf", "--n-ctx", "100", "--n-threads", "2", "--n-parallel", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "ducktypist.bench.engine.native", *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_without_the_library_the_server_says_what_to_do(tmp_path: Path) -> None:
    """One line that names the package."""
    assert "pip install xllamacpp" in str(native(tmp_path, MISSING)["error"])


def test_the_server_gets_the_context_for_each_slot(tmp_path: Path) -> None:
    """It divides what it is given among its slots; what was left at its defaults is told."""
    told = native(tmp_path, FAKE)
    given = json.loads(str(told["address"]).split(" ", 1)[1])
    assert given == ["m.gguf", 300, 3, 2, True]
    assert told["version"] == "1.2.3"
    settings = told["settings"]
    assert isinstance(settings, dict)
    assert settings["flash_attention"] == "auto"


def bare(model: Path, *asked: dict[str, object]) -> list[dict[str, object]]:
    """Return what the bare loop answers."""
    arguments = ["--model", str(model), "--n-ctx", "512", "--n-threads", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "ducktypist.bench.engine.bare", *arguments],
        input="".join(json.dumps(item) + "\n" for item in asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_bare_loop_says_that_it_has_no_model(tmp_path: Path) -> None:
    """It does not end without a word."""
    assert "cannot load" in str(bare(tmp_path / "none.gguf")[0]["error"])


@pytest.mark.model
def test_the_bare_loop_makes_as_many_tokens_as_it_is_told(model: Path) -> None:
    """The same each time, and it times steps of several rows."""
    decode: dict[str, object] = {"do": "decode", "prompt": "one two three", "n_tokens": 5}
    ready, first, again, steps = bare(
        model, decode, decode, {"do": "steps", "rows": [1, 4], "repeats": 2}
    )
    assert ready == {"ready": True}
    assert first["n_tokens"] == 5
    assert first["tokens"] == again["tokens"]
    took = steps["step_ms"]
    assert isinstance(took, dict)
    assert {rows: len(each) for rows, each in took.items()} == {"1": 2, "4": 2}
