"""The real backend: one model and one sequence of llama.cpp, through its low-level bindings.

The only file that imports ``llama_cpp``, and only when a model is loaded, in the host. Whether
anybody still waits is looked at between the slices of a prompt (see ``llama_sequence.py``) and, on
a CPU, also within them. The high-level ``Llama`` class is not used: it redirects the process's
file descriptors and keeps the logits of every position.
"""

from __future__ import annotations

import importlib
import logging
import os
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from ducktypist.domain import ChatPrompt, FinishReason, InfillPrompt, ModelIdentity, Prompt
from ducktypist.engine.backend import (
    BackendInfo,
    Cancelled,
    Candidate,
    Emit,
    Finished,
    Job,
    Prefill,
    TokenChoice,
)
from ducktypist.engine.chat_formats import ChatFormat, choose, read_formats, render
from ducktypist.engine.llama_offload import Marker, Need, Offload, free_gpu_bytes, plan
from ducktypist.engine.llama_sequence import NO_ROOM, SLICE_TOKENS, CachedSequence
from ducktypist.engine.llama_vocab import Vocabulary
from ducktypist.engine.sampling import Drawn, Sampler
from ducktypist.engine.stopping import StopScanner
from ducktypist.errors import EngineCrashedError, EngineRequestError, EngineUnavailableError

log = logging.getLogger(__name__)

MAX_THREADS = 8

COMPLAINTS = {3, 4}
"""GGML_LOG_LEVEL_WARN and _ERROR in ggml.h."""


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
    marker: Path
    """A file that outlives the process when loading kills it."""


class LlamaCppBackend:
    """A GGUF model."""

    def __init__(self, settings: LlamaSettings) -> None:
        self._settings = settings
        self._lib: Any = None
        self._model: Any = None
        self._context: Any = None
        self._callbacks: list[Any] = []
        self._complaints: deque[str] = deque(maxlen=4)
        self._cancelled: Cancelled = lambda: False

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
        self._listen_to_log()
        self._lib.llama_backend_init()
        marker = Marker(settings.marker)
        self._offload = self._plan(marker)
        if self._offload.n_gpu_layers:
            marker.set()
        try:
            self._model = self._load_model(n_gpu_layers=self._offload.n_gpu_layers)
            self._make_context()
        finally:
            marker.clear()
        self._vocab = Vocabulary(self._lib, self._model)
        formats = read_formats()
        self._format: ChatFormat = choose(
            formats, lambda token: self._vocab.special(token) is not None
        )
        self._vocab.mark(token for one in formats for token in one.required_tokens)

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
                n_ctx_tokens=self._n_ctx_tokens,
                has_fim=self._vocab.has_fim,
                backend="llama.cpp",
                n_gpu_layers=n_gpu_layers,
                n_threads=self._n_threads,
            ),
            details={
                "backend_version": str(self._lib_version()),
                "chat_format": self._format.name,
                "gpu_reason": self._offload.reason,
                "n_layers": n_layers,
                "model_bytes": int(self._lib.llama_model_size(self._model)),
                "system_info": self._lib.llama_print_system_info().decode("utf-8", "replace"),
            },
        )

    def close(self) -> None:
        """Free the context and the model."""
        if self._context is not None:
            self._sequence.close()
            self._lib.llama_free(self._context)
        if self._model is not None:
            self._lib.llama_model_free(self._model)
        self._context = self._model = None

    def _plan(self, marker: Marker) -> Offload:
        settings = self._settings
        has_gpu_build = bool(self._lib.llama_supports_gpu_offload())
        free_bytes = None
        need = Need(file_bytes=settings.path.stat().st_size, kv_bytes=0)
        if has_gpu_build and settings.n_gpu_layers:
            free_bytes = free_gpu_bytes(importlib.import_module("llama_cpp._ggml").libggml)
            if free_bytes is not None:
                need = Need(file_bytes=need.file_bytes, kv_bytes=self._kv_bytes())
        return plan(
            n_asked=settings.n_gpu_layers,
            n_ctx_tokens=settings.n_ctx_tokens,
            has_gpu_build=has_gpu_build,
            free_bytes=free_bytes,
            need=need,
            n_crashes=marker.n_crashes(),
        )

    def _kv_bytes(self) -> int:
        """Return the size of keys and values for the whole context."""
        lib = self._lib
        # Mapped and on the CPU this reads little more than the header.
        model = self._load_model(n_gpu_layers=0)
        try:
            n_values = lib.llama_model_n_embd(model) // max(1, lib.llama_model_n_head(model))
            n_values *= max(1, lib.llama_model_n_head_kv(model)) * lib.llama_model_n_layer(model)
        finally:
            lib.llama_model_free(model)
        return int(2 * 2 * n_values * self._settings.n_ctx_tokens)

    def _load_model(self, *, n_gpu_layers: int) -> Any:  # noqa: ANN401 - an opaque pointer
        parameters = self._lib.llama_model_default_params()
        # llama.cpp takes any negative number as all layers, this one in every version.
        parameters.n_gpu_layers = 999 if n_gpu_layers < 0 else n_gpu_layers
        model = self._lib.llama_model_load_from_file(os.fsencode(self._settings.path), parameters)
        if not model:
            raise EngineUnavailableError(
                f"llama.cpp cannot load {self._settings.path}: {self._complaint()}; "
                f"fetch the file again or choose another model"
            )
        return model

    def _make_context(self) -> None:
        lib = self._lib
        self._n_threads = self._settings.n_threads or _n_cores()
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = self._offload.n_ctx_tokens
        parameters.n_batch = SLICE_TOKENS
        parameters.n_ubatch = SLICE_TOKENS
        parameters.n_seq_max = 1
        parameters.n_threads = self._n_threads
        parameters.n_threads_batch = self._n_threads
        parameters.no_perf = True
        self._context = lib.llama_init_from_model(self._model, parameters)
        if not self._context:
            raise EngineUnavailableError(
                f"llama.cpp cannot make a context of {self._offload.n_ctx_tokens} tokens: "
                f"{self._complaint()}; lower engine.n_ctx_tokens"
            )
        self._sequence = CachedSequence(lib, self._context)
        self._n_ctx_tokens = int(lib.llama_n_ctx(self._context))
        abort = lib.ggml_abort_callback(lambda _data: self._cancelled())
        self._callbacks.append(abort)
        lib.llama_set_abort_callback(self._context, abort, None)

    def _listen_to_log(self) -> None:
        def heard(level: int, text: bytes, _data: object) -> None:
            line = text.decode("utf-8", "replace").strip()
            if line:
                # All of it is for debugging: a cancelled request alone is three errors to ggml.
                log.debug("%s", line)
            if line and level in COMPLAINTS:
                self._complaints.append(line)

        callback = self._lib.llama_log_callback(heard)
        self._callbacks.append(callback)
        self._lib.llama_log_set(callback, None)

    def _complaint(self) -> str:
        return "; ".join(self._complaints) or "it gave no reason"

    def _lib_version(self) -> str:
        return str(getattr(importlib.import_module("llama_cpp"), "__version__", "unknown"))

    # ------------------------------------------------------------------ prompts

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return the tokens of a text."""
        return self._vocab.tokens(text, add_special=add_special, parse_special=parse_special)

    def _prompt_tokens(self, prompt: Prompt, *, max_tokens: int) -> list[int]:
        match prompt:
            case ChatPrompt():
                body = self._vocab.parts(render(prompt, self._format))
            case InfillPrompt():
                return self._infill_tokens(prompt, max_tokens=max_tokens)
            case _:
                body = self._vocab.plain(prompt.text)
        tokens = self._vocab.opening() + body
        if len(tokens) >= self._n_ctx_tokens:
            raise EngineRequestError(
                f"the prompt has {len(tokens)} tokens, and at most {self._n_ctx_tokens - 1} fit "
                f"into the context; shorten it, or raise engine.n_ctx_tokens"
            )
        return tokens

    def _infill_tokens(self, prompt: InfillPrompt, *, max_tokens: int) -> list[int]:
        """Return prefix, suffix, middle (PSM), clipped around the hole if they are too long."""
        vocab = self._vocab
        if not vocab.has_fim:
            raise EngineRequestError("this model has no fill-in-the-middle tokens", status=501)
        opening = vocab.opening()
        n_answer = min(max_tokens, self._n_ctx_tokens // 2)
        n_room = self._n_ctx_tokens - n_answer - len(opening) - 3
        prefix, suffix = vocab.plain(prompt.prefix), vocab.plain(prompt.suffix)
        # What stands before the hole says more than what stands after it.
        n_suffix = min(len(suffix), max(n_room // 4, n_room - len(prefix)))
        n_prefix = min(len(prefix), n_room - n_suffix)
        return [
            *opening,
            vocab.fim_prefix,
            *prefix[len(prefix) - n_prefix :],
            vocab.fim_suffix,
            *suffix[:n_suffix],
            vocab.fim_middle,
        ]

    # ------------------------------------------------------------------ generating

    def generate(self, job: Job, emit: Emit, cancelled: Cancelled) -> Finished:
        """Generate one answer."""
        request = job.request
        tokens = self._prompt_tokens(request.prompt, max_tokens=request.max_tokens)
        stops = request.stop
        if isinstance(request.prompt, ChatPrompt):
            stops = (*stops, *self._format.stop)
        sampler, scanner = Sampler(request.sampling), StopScanner(stops)
        self._cancelled = cancelled
        started = time.monotonic()
        n_cached, is_read = self._sequence.read_prompt(
            tokens, cold=request.cold, cancelled=cancelled
        )
        read = time.monotonic()
        prefill = Prefill(
            prompt_tokens=len(tokens),
            cached_tokens=n_cached,
            prefill_ms=(read - started) * 1000,
        )
        reason, n_made = FinishReason.CANCELLED, 0
        limit = min(request.max_tokens, self._n_ctx_tokens - len(tokens))
        while is_read and not cancelled():
            drawn = self._draw(sampler)
            if self._vocab.ends(drawn.token_id):
                reason = FinishReason.STOP
                break
            n_made += 1
            if delta := scanner.feed(self._choice(drawn, want_top=job.want_logprobs)):
                emit(replace(delta, prefill=prefill))
            if scanner.stopped:
                reason = FinishReason.STOP
                break
            if n_made >= limit:
                reason = FinishReason.LENGTH
                break
            code = self._sequence.feed([drawn.token_id], cancelled)
            if code == NO_ROOM:
                reason = FinishReason.LENGTH
                break
            if code < 0:
                self._sequence.clear()
                raise EngineCrashedError(f"llama_decode failed with {code} while generating")
        if (
            reason is not FinishReason.CANCELLED
            and not scanner.stopped
            and (rest := scanner.flush())
        ):
            emit(rest)
        self._cancelled = lambda: False
        return Finished(
            reason=reason,
            prompt_tokens=len(tokens),
            cached_tokens=n_cached,
            completion_tokens=n_made,
            prefill_ms=(read - started) * 1000,
            decode_ms=(time.monotonic() - read) * 1000,
        )

    def _draw(self, sampler: Sampler) -> Drawn:
        numpy_ctypes = importlib.import_module("numpy.ctypeslib")
        row = self._lib.llama_get_logits_ith(self._context, -1)
        try:
            return sampler.draw(numpy_ctypes.as_array(row, shape=(self._vocab.n_tokens,)))
        except ValueError as error:
            raise EngineRequestError(str(error), status=500) from error

    def _choice(self, drawn: Drawn, *, want_top: bool) -> TokenChoice:
        def candidate(token: int, logprob: float) -> Candidate:
            return Candidate(token_id=token, piece=self._vocab.piece(token), logprob=logprob)

        top = tuple(candidate(*one) for one in drawn.top) if want_top else ()
        return TokenChoice(chosen=candidate(drawn.token_id, drawn.logprob), top=top)


def _bindings() -> Any:  # noqa: ANN401 - ctypes bindings without types
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        return importlib.import_module("llama_cpp.llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailableError(
            f"llama-cpp-python cannot be imported: {error}; install it again"
        ) from error


def _n_cores() -> int:
    n_cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    with_affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else n_cores
    return max(1, min(n_cores, with_affinity, MAX_THREADS))
