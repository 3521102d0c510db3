"""What llama.cpp says is heard for as long as the process lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SPEAKS_AFTER_ITS_BACKEND = """
import gc, importlib, sys
from pathlib import Path
from ducktypist.engine.llama_cpp import LlamaCppBackend
from ducktypist.engine.llama_shape import read_shape
from ducktypist.errors import EngineUnavailableError
from support.real_engine import settings_of

path = Path(sys.argv[1])
for _ in range(3):
    backend = LlamaCppBackend(settings_of(path))
    try:
        backend.load()
    except EngineUnavailableError as error:
        print(error)
    backend.close()
    del backend
    gc.collect()
    others = [bytearray(64) for _ in range(10_000)]
    assert read_shape(importlib.import_module("llama_cpp._ggml").libggml, path) is None
"""


def test_a_library_speaks_on_after_its_model_is_gone(tmp_path: Path) -> None:
    """A listener is called for ever: one freed with a model took the process with it."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"rubbish" * 100)
    done = subprocess.run(
        [sys.executable, "-c", SPEAKS_AFTER_ITS_BACKEND, str(path)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 3
    assert all("invalid magic" in line for line in said), said
