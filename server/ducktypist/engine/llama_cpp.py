"""The real backend: one model and one context of llama.cpp, through its low-level bindings.

The only file that imports ``llama_cpp``, and only when a model is loaded, in the host. The
high-level ``Llama`` class is not used: it redirects the process's file descriptors, has a single
sequence, and keeps the logits of every position.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from ducktypist.domain import GenerationRequest, ModelIdentity, Prompt
from ducktypist.engine.backend import (
    BackendInfo,
    Capacity,
    Drawer,
    Encoded,
    Feed,
    Job,
    StepCode,
)
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.llama_context import (
    ContextSettings,
    LlamaContext,
    step_code,
)
from ducktypist.engine.llama_devices import find_gpus
from ducktypist.engine.llama_drawing import Logits, LogitsDrawer
from ducktypist.engine.llama_log import complaint, forget_complaints, listen
from ducktypist.engine.llama_measuring import SAMPLE_TEXT, measure
from ducktypist.engine.llama_offload import Asked, Offload, plan
from ducktypist.engine.llama_prompts import PromptEncoder
from ducktypist.engine.llama_shape import read_shape
from ducktypist.engine.llama_vocab import Vocabulary
from ducktypist.engine.rates import Rates
from ducktypist.engine.retreat import Retreat
from ducktypist.engine.sampling import Sampler
from ducktypist.errors import EngineUnavailableError
from ducktypist.fit.machine import Gpu
from ducktypist.fit.memory import BATCH_TOKENS, N_SEQUENCES, n_cells_of

MAX_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaSettings:
    """What to load and how."""

    path: Path
    name: str
    sha256: str
    quantisation: str
    n_ctx_tokens: int
    n_threads: int
    """0: one for each physical core, at most eight."""
    n_gpu_layers: int
    """-1: all of them if they fit, else none."""
    n_cells: int
    """Tokens in the cache, all sequences together; 0: twice the context."""
    kv_type: str
    """``f16``, ``q8_0`` or ``q4_0``."""
    flash_attention: str
    """``auto``, ``on`` or ``off``."""
    retreat: Retreat
    """How far to ask for less than that."""


class LlamaCppBackend:
    """A GGUF model."""

    def __init__(self, settings: LlamaSettings) -> None:
        self._settings = settings
        self._lib: Any = None
        self._model: Any = None
        self._loaded: LlamaContext | None = None

    # ------------------------------------------------------------------ loading

    def load(self) -> None:
        """Load the model and make a context for it."""
        settings = self._settings
        if not settings.path.is_file():
            raise EngineUnavailableError(
                f"the model's file {settings.path} is not there; "
                f"fetch it with `ducktypist model pull`"
            )
        self._lib = _bindings()
        listen(self._lib)
        forget_complaints()
        self._lib.llama_backend_init()
        self._offload = self._plan()
        self._model = self._load_model(n_gpu_layers=self._offload.n_gpu_layers)
        self._loaded = self._make_context()
        self._vocab = Vocabulary(self._lib, self._model)
        self._prompts = PromptEncoder(self._vocab, n_ctx_tokens=self.capacity().n_ctx_tokens)
        self._logits = Logits(self._loaded, self._vocab)

    def info(self) -> BackendInfo:
        """Return what was loaded, with the layers and threads that are really used."""
        settings = self._settings
        n_layers = int(self._lib.llama_model_n_layer(self._model))
        asked = self._offload.n_gpu_layers
        # llama.cpp counts the output layer as one more.
        n_gpu_layers = n_layers + 1 if asked < 0 else min(asked, n_layers + 1)
        return BackendInfo(
            identity=ModelIdentity(
                name=settings.name or settings.path.stem,
                sha256=settings.sha256,
                quantisation=settings.quantisation,
                n_ctx_tokens=self.capacity().n_ctx_tokens,
                has_fim=self._vocab.has_fim,
                backend="llama.cpp",
                n_gpu_layers=n_gpu_layers,
                n_threads=self._n_threads,
            ),
            details={
                "backend_version": str(self._lib_version()),
                "chat_format": self._prompts.format.name,
                "n_cells": self.capacity().n_cells,
                "flash_attention": settings.flash_attention,
                "kv_type": settings.kv_type,
                "has_gpu_build": bool(self._lib.llama_supports_gpu_offload()),
                "gpu_reason": self._offload.reason,
                "n_layers": n_layers,
                "model_bytes": int(self._lib.llama_model_size(self._model)),
                "system_info": self._lib.llama_print_system_info().decode("utf-8", "replace"),
            },
        )

    def capacity(self) -> Capacity:
        """Return what there is room for."""
        n_cells = self._context.n_cells
        return Capacity(
            n_ctx_tokens=min(self._offload.n_ctx_tokens, n_cells),
            n_cells=n_cells,
            n_sequences=N_SEQUENCES,
            n_batch_tokens=BATCH_TOKENS,
            n_rows=N_SEQUENCES,
            can_fork=self._context.can_fork,
        )

    def measure(self) -> Rates:
        """Read and generate a little, and see how long it takes."""
        return measure(self._context, self._vocab.plain(SAMPLE_TEXT))

    def close(self) -> None:
        """Free the context and the model."""
        if self._loaded is not None:
            self._loaded.close()
        if self._model is not None:
            self._lib.llama_model_free(self._model)
        self._loaded = self._model = None

    def _plan(self) -> Offload:
        settings = self._settings
        has_gpu_build = bool(self._lib.llama_supports_gpu_offload())
        found: Sequence[Gpu] = ()
        shape = None
        if has_gpu_build and settings.n_gpu_layers:
            ggml = importlib.import_module("llama_cpp._ggml").libggml
            found, shape = find_gpus(ggml), read_shape(ggml, settings.path)
        asked = Asked(
            n_gpu_layers=settings.n_gpu_layers,
            n_ctx_tokens=settings.n_ctx_tokens,
            n_cells=n_cells_of(settings.n_cells, n_ctx_tokens=settings.n_ctx_tokens),
            kv_type=settings.kv_type,
            flash_attention=settings.flash_attention,
            n_batch_tokens=BATCH_TOKENS,
        )
        return plan(
            asked, has_gpu_build=has_gpu_build, gpus=found, shape=shape, retreat=settings.retreat
        )

    def _load_model(self, *, n_gpu_layers: int) -> Any:  # noqa: ANN401 - an opaque pointer
        parameters = self._lib.llama_model_default_params()
        # llama.cpp takes any negative number as all layers, this one in every version.
        parameters.n_gpu_layers = 999 if n_gpu_layers < 0 else n_gpu_layers
        model = self._lib.llama_model_load_from_file(os.fsencode(self._settings.path), parameters)
        if not model:
            raise EngineUnavailableError(
                f"llama.cpp cannot load {self._settings.path}: {complaint()}; "
                f"fetch the file again or choose another model"
            )
        return model

    def _make_context(self) -> LlamaContext:
        settings, offload = self._settings, self._offload
        self._n_threads = settings.n_threads or n_cores()
        try:
            return LlamaContext(
                self._lib,
                self._model,
                ContextSettings(
                    n_cells=offload.n_cells,
                    n_threads=self._n_threads,
                    flash_attention=settings.flash_attention,
                    kv_type=settings.kv_type,
                ),
            )
        except MemoryError as error:
            raise EngineUnavailableError(
                f"llama.cpp cannot make a cache of {offload.n_cells} tokens: "
                f"{complaint()}; lower engine.n_ctx_tokens or engine.cache_tokens"
            ) from error

    def _lib_version(self) -> str:
        return str(getattr(importlib.import_module("llama_cpp"), "__version__", "unknown"))

    # ------------------------------------------------------------------ computing

    @property
    def _context(self) -> LlamaContext:
        if self._loaded is None:
            raise EngineUnavailableError("the model is not loaded; call load first")
        return self._loaded

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return the tokens of a text."""
        return self._vocab.tokens(text, add_special=add_special, parse_special=parse_special)

    def encode(self, request: GenerationRequest, prompt: Prompt) -> Encoded:
        """Return the tokens of one prompt."""
        return self._prompts.encode(request, prompt)

    def drawer(self, job: Job, index: int) -> Drawer:
        """Return what draws the tokens of one answer."""
        sampling = job.request.sampling
        if index % job.request.n and sampling.seed >= 0:
            sampling = replace(sampling, seed=sampling.seed + index % job.request.n)
        return LogitsDrawer(self._logits, Sampler(sampling), want_top=job.want_logprobs)

    def decode(self, feeds: Sequence[Feed], interrupt: Interrupt) -> StepCode:
        """Compute one batch."""
        self._context.listen(interrupt)
        return step_code(self._context.decode(feeds))

    def copy(self, source: int, target: int, n_tokens: int) -> None:
        """Share the beginning of one sequence with another."""
        self._context.copy(source, target, n_tokens)

    def trim(self, sequence: int, n_tokens: int) -> bool:
        """Cut a sequence back."""
        return self._context.trim(sequence, n_tokens)


def _bindings() -> Any:  # noqa: ANN401 - ctypes bindings without types
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        return importlib.import_module("llama_cpp.llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailableError(
            f"llama-cpp-python cannot be imported: {error}; install it again"
        ) from error


def n_cores() -> int:
    """Return with how many threads the engine computes unless the settings say otherwise."""
    n_physical = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    n_allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else n_physical
    return max(1, min(n_physical, n_allowed, MAX_THREADS))
