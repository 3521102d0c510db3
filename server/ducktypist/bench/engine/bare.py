"""The bare loop: llama.cpp fed token by token with nothing around it, as a child process.

``python -m ducktypist.bench.engine.bare``: the yardstick for what a host, a scheduler and HTTP
cost. It uses the same build of llama.cpp as our host and takes its environment and niceness from
whoever starts it. One JSON object a line on standard input, one a line back. No stop strings, no
sampling but the likeliest token, no text while it runs; nothing of the engine is imported.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SLICE_TOKENS = 256
SEQUENCES = 40
STEP_PROMPT_TOKENS = 256
"""How much each sequence of a step holds already: about as much as a function and its tests."""


class BareLoop:
    """One model, one context a task."""

    def __init__(self, *, path: Path, n_ctx: int, n_threads: int, n_gpu_layers: int) -> None:
        self._lib: Any = importlib.import_module("llama_cpp.llama_cpp")
        self._numpy = importlib.import_module("numpy.ctypeslib")
        # Kept for as long as llama.cpp may call it.
        self._quiet = self._lib.llama_log_callback(lambda *_: None)
        self._lib.llama_log_set(self._quiet, None)
        self._lib.llama_backend_init()
        parameters = self._lib.llama_model_default_params()
        parameters.n_gpu_layers = n_gpu_layers
        self._model = self._lib.llama_model_load_from_file(os.fsencode(path), parameters)
        if not self._model:
            raise RuntimeError(f"llama.cpp cannot load {path}")
        self._vocab = self._lib.llama_model_get_vocab(self._model)
        self._n_vocab = int(self._lib.llama_vocab_n_tokens(self._vocab))
        self._n_ctx, self._n_threads = n_ctx, n_threads
        self._batch = self._lib.llama_batch_init(SLICE_TOKENS, 0, 1)
        self._context = self._new_context(n_sequences=1)

    def decode(self, prompt: str, n_tokens: int) -> Mapping[str, object]:
        """Continue a prompt greedily by exactly so many tokens, read anew each time."""
        lib, tokens = self._lib, self._tokens(prompt)
        lib.llama_memory_clear(lib.llama_get_memory(self._context), False)  # noqa: FBT003 - positional in the bindings
        started = time.perf_counter()
        self._read(self._context, tokens)
        made = [self._likeliest(self._context, -1)]
        first = time.perf_counter()
        while len(made) < n_tokens:
            self._step(self._context, [(0, len(tokens) + len(made) - 1, made[-1])])
            made.append(self._likeliest(self._context, -1))
        ended = time.perf_counter()
        return {
            "prefill_ms": (first - started) * 1000,
            "decode_ms": (ended - first) * 1000,
            "prompt_tokens": len(tokens),
            "n_tokens": len(made),
            "tokens": made,
        }

    def steps(self, rows: Sequence[int], repeats: int) -> Mapping[str, object]:
        """Time steps of several rows, one row for each of so many sequences with one prompt.

        Returns:
            Milliseconds of each step by number of rows, in the order of measuring, and how fast a
            prompt is read.
        """
        lib, context = self._lib, self._new_context(n_sequences=SEQUENCES)
        memory = lib.llama_get_memory(context)
        prompt = self._tokens("x = 1\n" * STEP_PROMPT_TOKENS)[:STEP_PROMPT_TOKENS]
        try:
            started = time.perf_counter()
            self._read(context, prompt)
            self._likeliest(context, -1)
            read_ms = (time.perf_counter() - started) * 1000
            for sequence in range(1, SEQUENCES):
                lib.llama_memory_seq_cp(memory, 0, sequence, -1, -1)
            took: dict[str, list[float]] = {str(n): [] for n in rows}
            for _ in range(repeats):
                for n in rows:
                    started = time.perf_counter()
                    self._step(context, [(s, len(prompt), prompt[-1]) for s in range(n)])
                    for row in range(n):
                        self._likeliest(context, row)
                    took[str(n)].append((time.perf_counter() - started) * 1000)
                    for sequence in range(n):
                        lib.llama_memory_seq_rm(memory, sequence, len(prompt), -1)
        finally:
            lib.llama_free(context)
        return {"step_ms": took, "prefill_tok_s": len(prompt) * 1000 / read_ms}

    def close(self) -> None:
        """Give everything back."""
        self._lib.llama_batch_free(self._batch)
        self._lib.llama_free(self._context)
        self._lib.llama_model_free(self._model)

    def _new_context(self, *, n_sequences: int) -> Any:  # noqa: ANN401 - an opaque pointer
        parameters = self._lib.llama_context_default_params()
        parameters.n_ctx = self._n_ctx
        parameters.n_batch = parameters.n_ubatch = SLICE_TOKENS
        parameters.n_seq_max = n_sequences
        # One pool of cells for all, so that a prompt that they share is there once.
        parameters.kv_unified = True
        parameters.n_threads = parameters.n_threads_batch = self._n_threads
        parameters.no_perf = True
        context = self._lib.llama_init_from_model(self._model, parameters)
        if not context:
            raise RuntimeError("llama.cpp cannot make a context")
        return context

    def _tokens(self, text: str) -> list[int]:
        raw = text.encode()
        out = (self._lib.llama_token * (len(raw) + 8))()
        n = self._lib.llama_tokenize(self._vocab, raw, len(raw), out, len(out), True, False)  # noqa: FBT003 - positional in the bindings
        return list(out[:n])

    def _read(self, context: Any, tokens: Sequence[int]) -> None:  # noqa: ANN401 - an opaque pointer
        for start in range(0, len(tokens), SLICE_TOKENS):
            piece = tokens[start : start + SLICE_TOKENS]
            rows = [(0, start + at, token) for at, token in enumerate(piece)]
            self._step(context, rows, is_last_only=True)

    def _step(
        self,
        context: Any,  # noqa: ANN401 - an opaque pointer
        rows: Sequence[tuple[int, int, int]],
        *,
        is_last_only: bool = False,
    ) -> None:
        """Decode rows of sequence, position and token."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for at, (sequence, position, token) in enumerate(rows):
            batch.token[at], batch.pos[at] = token, position
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
            batch.logits[at] = int(not is_last_only or at == len(rows) - 1)
        code = self._lib.llama_decode(context, batch)
        if code:
            raise RuntimeError(f"llama_decode failed with {code}")

    def _likeliest(self, context: Any, row: int) -> int:  # noqa: ANN401 - an opaque pointer
        logits = self._lib.llama_get_logits_ith(context, row)
        return int(self._numpy.as_array(logits, shape=(self._n_vocab,)).argmax())


def main() -> int:
    """Answer requests until standard input ends."""
    parser = argparse.ArgumentParser(prog="ducktypist.bench.engine.bare", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--n-ctx", type=int, required=True)
    parser.add_argument("--n-threads", type=int, required=True)
    parser.add_argument("--n-gpu-layers", type=int, default=0)
    parser.add_argument("--niceness", type=int, default=0)
    options = parser.parse_args()
    stand_back(options.niceness)
    try:
        loop = BareLoop(
            path=options.model,
            n_ctx=options.n_ctx,
            n_threads=options.n_threads,
            n_gpu_layers=options.n_gpu_layers,
        )
    except (ImportError, OSError, RuntimeError) as error:
        _say({"error": f"the bare loop cannot be had: {error}"})
        return 1
    _say({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["do"] == "decode":
                _say(loop.decode(asked["prompt"], asked["n_tokens"]))
            else:
                _say(loop.steps(asked["rows"], asked["repeats"]))
        except RuntimeError as error:
            _say({"error": str(error)})
    loop.close()
    return 0


def stand_back(niceness: int) -> None:
    """Take the place behind other programs that our host takes, so that neighbours hit both."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(niceness)
        if niceness:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _say(told: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
