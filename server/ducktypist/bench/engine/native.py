"""llama.cpp's own server as a child process, from the wheels of PyPI's ``xllamacpp``.

``python -m ducktypist.bench.engine.native``: prints where it listens as one line of JSON and ends
with its standard input. What is not named here is left at the server's defaults. The package is
only for tests and this bench; where it is missing, the line says so.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from ducktypist.bench.engine.bare import stand_back


def main() -> int:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="ducktypist.bench.engine.native", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--n-ctx", type=int, required=True, help="of each slot")
    parser.add_argument("--n-threads", type=int, required=True)
    parser.add_argument("--n-parallel", type=int, default=1)
    parser.add_argument("--n-gpu-layers", type=int, default=0)
    parser.add_argument("--niceness", type=int, default=0)
    options = parser.parse_args()
    stand_back(options.niceness)
    try:
        library: Any = importlib.import_module("xllamacpp")
    except (ImportError, OSError) as error:
        _say({"error": f"xllamacpp cannot be imported ({error}); pip install xllamacpp"})
        return 1
    parameters = library.CommonParams()
    parameters.model.path = str(options.model)
    # The server divides the context among its slots.
    parameters.n_parallel = options.n_parallel
    parameters.n_ctx = options.n_ctx * options.n_parallel
    parameters.n_gpu_layers = options.n_gpu_layers
    parameters.cpuparams.n_threads = options.n_threads
    parameters.cpuparams_batch.n_threads = options.n_threads
    parameters.endpoint_metrics = True
    # Errors only; its log goes to standard error.
    parameters.verbosity = 1
    try:
        server = library.Server(parameters)
    except RuntimeError as error:
        _say({"error": f"xllamacpp's server did not start: {error}"})
        return 1
    defaults = {
        "n_batch": parameters.n_batch,
        "n_ubatch": parameters.n_ubatch,
        "n_parallel": parameters.n_parallel,
        "n_ctx": parameters.n_ctx,
        "cache_ram_mib": parameters.cache_ram_mib,
        "flash_attention": parameters.flash_attn_type.name.rpartition("_")[2].lower(),
        "kv_unified": parameters.kv_unified,
    }
    _say(
        {
            "address": server.listening_address,
            "version": str(getattr(library, "__version__", "unknown")),
            "settings": defaults,
        }
    )
    sys.stdin.read()
    return 0


def _say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
