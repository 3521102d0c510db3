"""What this machine's llama.cpp needs for each tensor type: ``python -m …engine.llama_kernels``.

A process of its own that measures and prints one JSON object: the fields of
``fit.speed.DeviceSpeed``. Started by ``models.calibration`` by name; nothing imports it. It loads
models whose weights mean nothing (``llama_synthetic``) through llama.cpp itself and times steps of
them, so that whatever layout and kernel llama.cpp chooses for a type on this machine is what is
measured. It opens no model of the user's.

A step is timed many times, on two occasions, and the shortest counts: what else runs on a machine
only ever adds time. The forms are so small that a step can pass between two turns of others.
Differences of two forms leave what belongs to one thing: more layers, more bytes, a fuller cache.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import importlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ducktypist.domain import Sampling
from ducktypist.engine.backend import Feed, TokenChoice
from ducktypist.engine.llama_context import ContextSettings, LlamaContext
from ducktypist.engine.llama_cpp import n_cores
from ducktypist.engine.llama_log import complaint, listen
from ducktypist.engine.llama_synthetic import PLAIN, Synthetic, TensorKind
from ducktypist.engine.sampling import Sampler
from ducktypist.engine.startup import HOST_ENVIRONMENT
from ducktypist.errors import EngineUnavailableError
from ducktypist.fit.memory import BATCH_TOKENS, KV_TYPES

KINDS: Final = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    16: "IQ2_XXS",
    17: "IQ2_XS",
    18: "IQ3_XXS",
    20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S",
    23: "IQ4_XS",
    30: "BF16",
    39: "MXFP4",
}
"""What models' matrices are kept in: ``enum ggml_type`` in ggml.h."""
FEW, MANY = 2, 8
"""Layers of the two small forms."""
SMALLEST_SET_BYTES: Final = 64_000_000
LARGEST_SET_BYTES: Final = 128_000_000
MAX_LAYERS: Final = 32
N_OCCASIONS: Final = 2
BEGUN_TOKENS: Final = 8
FILLED_TOKENS: Final = 2048
READ_TOKENS: Final = 128
N_CELLS: Final = 4096
SMALL_CELLS: Final = 512
N_DRAWS: Final = 20
MIN_STEPS, STEPS_S = 8, 0.15
"""A step is repeated for so long."""
MIN_READS, READS_S = 2, 0.15
MIN_SHARE: Final = 0.2
"""Of a step's time at least so much counts as the weights', however noisy the rest was."""
LOGITS: Final = (1_000, 150_000)
CACHE_LEVEL: Final = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")

SMALL: Final = Synthetic(
    kind=PLAIN, n_layers=FEW, n_embd=64, n_ff=64, n_head=1, n_head_kv=1, head_length=64
)
"""Next to no weights: what is left is the cost of a layer."""
ATTENTIVE: Final = replace(SMALL, n_layers=2, n_head=8, n_head_kv=2)
HEAVY: Final = replace(SMALL, n_embd=1024, n_ff=4096, n_head=16, n_head_kv=4)
"""Matrices of a usual form."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="ducktypist.engine.llama_kernels", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for files of up to 200 MB")
    parser.add_argument("--n-threads", type=int, default=0, help="0: as the host")
    parser.add_argument("--device", required=True, help="cpu, or the GPU's name")
    options = parser.parse_args()
    # Read when the libraries are loaded, which is later.
    for name, value in HOST_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    bench = Measuring(
        folder=options.folder, n_threads=options.n_threads, on_gpu=options.device != "cpu"
    )
    told = {"device": options.device, "n_threads": bench.n_threads, **bench.speed()}
    print(json.dumps(told))  # noqa: T201 - the answer
    return 0


class Measuring:
    """One run on one device."""

    def __init__(self, *, folder: Path, n_threads: int, on_gpu: bool) -> None:
        self._lib: Any = importlib.import_module("llama_cpp.llama_cpp")
        self._ggml: Any = importlib.import_module("llama_cpp._ggml").libggml
        listen(self._lib)
        self._lib.llama_backend_init()
        self._path = folder / "synthetic.gguf"
        self.n_threads = n_threads or n_cores()
        self._n_gpu_layers = 999 if on_gpu else 0
        self._wall_s = self._busy_s = 0.0
        self._build = self._lib.llama_print_system_info().decode("utf-8", "replace")

    def speed(self) -> Mapping[str, object]:
        """Return the fields of a ``DeviceSpeed`` but its name, and what it was measured with."""
        # Whatever is measured first pays for waking the processor up.
        self._steps(SMALL)
        kinds = self._kinds()
        occasions = [self._occasion(kinds) for _ in range(N_OCCASIONS)]
        least = {key: _least([one[key] for one in occasions]) for key in occasions[0]}
        few, many = least[FEW], least[MANY]
        layer_ms, prefill_layer_ms = (
            max(0.0, (b - a) / (MANY - FEW)) for a, b in zip(few, many, strict=True)
        )
        token_ms = max(0.0, few[0] - FEW * layer_ms)
        read_bytes_s, prefill_macs_s = {}, {}
        for kind in kinds:
            form = _heavy(kind)
            step_ms, read_ms = least[kind.name]
            # Beside its weights such a layer costs what any layer does.
            weights_ms = _without(step_ms, token_ms + form.n_layers * layer_ms)
            read_bytes_s[kind.name] = 1000 * form.n_layers * form.layer_bytes / weights_ms
            weights_ms = _without(read_ms, form.n_layers * prefill_layer_ms)
            macs = READ_TOKENS * form.n_layers * form.layer_values
            prefill_macs_s[kind.name] = 1000 * macs / weights_ms
        attention = {
            kv_type: _attention_macs_s(least[kv_type, BEGUN_TOKENS], least[kv_type, FILLED_TOKENS])
            for kv_type in KV_TYPES
        }
        return {
            "build": self._build,
            "utilisation": self._busy_s / (self._wall_s * self.n_threads),
            "read_bytes_s": read_bytes_s,
            # The fastest type comes nearest to what the memory gives.
            "cache_bytes_s": max(read_bytes_s.values()),
            "attention_macs_s": {kv_type: found[0] for kv_type, found in attention.items()},
            "layer_ms": layer_ms,
            "token_ms": token_ms,
            "logit_ns": _logit_ns(),
            "prefill_macs_s": prefill_macs_s,
            "prefill_attention_macs_s": attention["f16"][1],
            "prefill_layer_ms": prefill_layer_ms / READ_TOKENS,
        }

    def _occasion(self, kinds: Sequence[TensorKind]) -> Mapping[object, tuple[float, float]]:
        """Return the shortest steps of every form, decoding and reading, in ms."""
        found: dict[object, tuple[float, float]] = {}
        for n_layers in (FEW, MANY):
            found[n_layers] = self._steps(replace(SMALL, n_layers=n_layers))
        for kv_type in KV_TYPES:
            for n_filled, took in self._attention(kv_type).items():
                found[kv_type, n_filled] = took
        for kind in kinds:
            found[kind.name] = self._steps(_heavy(kind))
        return found

    def _kinds(self) -> list[TensorKind]:
        """Return the types of models' matrices that this ggml has under their numbers."""
        ggml = self._ggml
        ggml.ggml_type_name.restype = ctypes.c_char_p
        ggml.ggml_blck_size.restype = ctypes.c_int64
        ggml.ggml_type_size.restype = ctypes.c_size_t
        return [
            TensorKind(
                number=number,
                name=name,
                n_block=int(ggml.ggml_blck_size(number)),
                block_bytes=int(ggml.ggml_type_size(number)),
            )
            for number, name in KINDS.items()
            if (ggml.ggml_type_name(number) or b"").decode("utf-8", "replace").upper() == name
        ]

    def _steps(self, form: Synthetic) -> tuple[float, float]:
        """Return the shortest step of one token, and the shortest of a prompt's, in ms."""
        with self._context(form, kv_type="f16", n_cells=SMALL_CELLS) as context:
            _step_ms(context, 0, BEGUN_TOKENS)
            one = self._shortest_ms(context, BEGUN_TOKENS, 1, n_least=MIN_STEPS, budget_s=STEPS_S)
            context.trim(0, 0)
            many = self._shortest_ms(context, 0, READ_TOKENS, n_least=MIN_READS, budget_s=READS_S)
        return one, many

    def _attention(self, kv_type: str) -> Mapping[int, tuple[float, float]]:
        """Return the shortest steps with a cache that holds next to nothing, and with a full one.

        By how many tokens it holds: one token, and a prompt's, in ms.
        """
        found = {}
        with self._context(ATTENTIVE, kv_type=kv_type, n_cells=N_CELLS) as context:
            for at in (BEGUN_TOKENS, FILLED_TOKENS):
                for start in range(0, at, BATCH_TOKENS):
                    _step_ms(context, start, min(BATCH_TOKENS, at - start))
                one = self._shortest_ms(context, at, 1, n_least=MIN_STEPS, budget_s=STEPS_S)
                many = self._shortest_ms(
                    context, at, READ_TOKENS, n_least=MIN_READS, budget_s=READS_S
                )
                found[at] = (one, many)
                context.trim(0, 0)
        return found

    def _shortest_ms(
        self, context: LlamaContext, start: int, n_tokens: int, *, n_least: int, budget_s: float
    ) -> float:
        """Return the shortest of many steps at one place of the cache."""
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        took: list[float] = []
        while len(took) < n_least or time.monotonic() - began_s < budget_s:
            took.append(_step_ms(context, start, n_tokens))
            context.trim(0, start)
        self._wall_s += time.monotonic() - began_s
        self._busy_s += time.process_time() - began_cpu_s
        return min(took)

    @contextlib.contextmanager
    def _context(self, form: Synthetic, *, kv_type: str, n_cells: int) -> Iterator[LlamaContext]:
        form.write(self._path)
        parameters = self._lib.llama_model_default_params()
        parameters.n_gpu_layers = self._n_gpu_layers
        model = self._lib.llama_model_load_from_file(os.fsencode(self._path), parameters)
        if not model:
            raise EngineUnavailableError(
                f"llama.cpp does not load a made-up model of type {form.kind.name}: {complaint()}"
            )
        settings = ContextSettings(
            n_cells=n_cells, n_threads=self.n_threads, flash_attention="auto", kv_type=kv_type
        )
        context = LlamaContext(self._lib, model, settings)
        try:
            yield context
        finally:
            context.close()
            self._lib.llama_model_free(model)
            self._path.unlink(missing_ok=True)


class _Nobody:
    """Draws nothing; the steps are only measured."""

    def draw(self, row: int, *, place: int) -> TokenChoice | None:  # noqa: ARG002 - nothing is drawn
        return None


def _least(occasions: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return min(one for one, _ in occasions), min(many for _, many in occasions)


def _without(whole_ms: float, part_ms: float) -> float:
    return max(whole_ms - part_ms, MIN_SHARE * whole_ms)


def _attention_macs_s(
    empty: tuple[float, float], filled: tuple[float, float]
) -> tuple[float, float]:
    """Return multiply-adds of attention a second: decoding, and reading a prompt."""
    form = ATTENTIVE
    per_token = form.n_layers * form.n_head * 2 * form.head_length
    macs = per_token * (FILLED_TOKENS - BEGUN_TOKENS)
    return (
        1000 * macs / _without(filled[0], empty[0]),
        1000 * macs * READ_TOKENS / _without(filled[1], empty[1]),
    )


def _heavy(kind: TensorKind) -> Synthetic:
    form = replace(HEAVY, kind=kind)
    n_layers = round(_set_bytes() / form.layer_bytes)
    return replace(form, n_layers=min(max(1, n_layers), MAX_LAYERS))


def _set_bytes() -> int:
    """Return how many bytes of weights a form shall have: more than the last cache holds.

    A cache that is larger than any of our files is a server's, shared with others, and what one of
    its machines gets of it is far less.
    """
    try:
        told = CACHE_LEVEL.read_text("ascii").strip()
        n_bytes = int(told.removesuffix("K")) * 1024
    except (OSError, ValueError):
        return SMALLEST_SET_BYTES
    return min(max(2 * n_bytes, SMALLEST_SET_BYTES), LARGEST_SET_BYTES)


def _step_ms(context: LlamaContext, start: int, n_tokens: int) -> float:
    feed = Feed(sequence=0, start=start, tokens=[1] * n_tokens, n_rows=1, drawer=_Nobody())
    began_s = time.perf_counter()
    code = context.decode([feed])
    # The logits are waited for; on a graphics card a step ends only then.
    context.logits(n_tokens - 1)
    if code:
        raise EngineUnavailableError(f"llama.cpp does not compute a made-up model: code {code}")
    return (time.perf_counter() - began_s) * 1000


def _logit_ns() -> float:
    """Return what drawing costs for each logit."""
    sampler = Sampler(Sampling(temperature=0.0))
    took_s = []
    for n_logits in LOGITS:
        logits = np.linspace(-1, 1, n_logits, dtype=np.float32)
        times = []
        for _ in range(N_DRAWS):
            began_s = time.perf_counter()
            sampler.draw(logits, want_logprob=False)
            times.append(time.perf_counter() - began_s)
        took_s.append(min(times))
    return max(0.0, (took_s[1] - took_s[0]) * 1e9 / (LOGITS[1] - LOGITS[0]))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EngineUnavailableError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the reason, for who started this
        sys.exit(1)
