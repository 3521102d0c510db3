"""One context of llama.cpp: its cache of several sequences, and one batch a step.

Part of the real backend; gets the bindings as an argument and imports none. One cache is shared by
all sequences (``kv_unified``), so that copying a beginning copies nothing; with flash attention
the cells of others are skipped and cost next to nothing (without it, each step reads them all).
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ducktypist.engine.backend import Feed, StepCode
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.llama_offload import flash_attention_type
from ducktypist.fit.memory import BATCH_TOKENS, KV_TYPES, N_SEQUENCES

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSettings:
    """How the context is to be."""

    n_cells: int
    n_threads: int
    flash_attention: str
    """``auto``, ``on`` or ``off``."""
    kv_type: str
    """``f16``, ``q8_0`` or ``q4_0``; the last two need flash attention."""


class LlamaContext:
    """The context of one loaded model. One thread at a time."""

    def __init__(self, lib: Any, model: Any, settings: ContextSettings) -> None:  # noqa: ANN401 - ctypes bindings without types
        """Make the context.

        Raises:
            MemoryError: llama.cpp could not make it.
        """
        self._lib = lib
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = settings.n_cells
        parameters.n_batch = BATCH_TOKENS
        parameters.n_ubatch = BATCH_TOKENS
        parameters.n_seq_max = N_SEQUENCES
        # By default room for the logits of a whole batch is kept: 150 MB with a large vocabulary.
        parameters.n_outputs_max = N_SEQUENCES
        parameters.kv_unified = True
        parameters.n_threads = settings.n_threads
        parameters.n_threads_batch = settings.n_threads
        parameters.flash_attn_type = flash_attention_type(
            settings.flash_attention, kv_type=settings.kv_type
        )
        parameters.type_k = parameters.type_v = KV_TYPES[settings.kv_type].ggml_type
        parameters.no_perf = True
        self._context = lib.llama_init_from_model(model, parameters)
        if not self._context:
            raise MemoryError
        self.n_cells = int(lib.llama_n_ctx(self._context))
        self._memory = lib.llama_get_memory(self._context)
        self._batch = lib.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._abort: Any = None
        self.can_fork = not (
            lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model)
        )

    def listen(self, interrupt: Interrupt) -> None:
        """Let an interrupt stop a step in the middle, where the library can (on a CPU)."""
        if self._abort is not None:
            return
        native = _native_strlen()
        if native is None:
            self._abort = self._lib.ggml_abort_callback(lambda _data: interrupt.is_set())
            self._lib.llama_set_abort_callback(self._context, self._abort, None)
            return
        # The callback is asked at every node of the graph, several hundred times a token. As a C
        # function that looks at one byte it costs nothing; in Python it costs a tenth of a token.
        self._abort = ctypes.cast(native, self._lib.ggml_abort_callback)
        self._lib.llama_set_abort_callback(
            self._context, self._abort, ctypes.c_void_p(interrupt.address())
        )

    def decode(self, feeds: Sequence[Feed]) -> int:
        """Compute one batch; return llama.cpp's code."""
        batch, place = self._batch, 0
        for feed in feeds:
            first_row = len(feed.tokens) - feed.n_rows
            for offset, token in enumerate(feed.tokens):
                batch.token[place] = token
                batch.pos[place] = feed.start + offset
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = feed.sequence
                batch.logits[place] = int(offset >= first_row)
                place += 1
        batch.n_tokens = place
        return int(self._lib.llama_decode(self._context, batch))

    def logits(self, row: int) -> Any:  # noqa: ANN401 - a pointer to floats
        """Return the logits after a token of the last batch, by its place in it."""
        return self._lib.llama_get_logits_ith(self._context, row)

    def copy(self, source: int, target: int, n_tokens: int) -> None:
        """Share the beginning of one sequence with another."""
        self._lib.llama_memory_seq_cp(self._memory, source, target, 0, n_tokens)

    def trim(self, sequence: int, n_tokens: int) -> bool:
        """Cut a sequence back; if that cannot be, empty it and return False."""
        if self._lib.llama_memory_seq_rm(self._memory, sequence, n_tokens, -1):
            return True
        # A whole sequence can be removed from every kind of memory.
        self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return False

    def close(self) -> None:
        """Free it."""
        self._lib.llama_batch_free(self._batch)
        self._lib.llama_free(self._context)


def step_code(code: int) -> StepCode:
    """Return what a code of ``llama_decode`` means to the scheduler."""
    try:
        return StepCode(code)
    except ValueError:
        return StepCode.FAILED


def _native_strlen() -> Any:  # noqa: ANN401 - a ctypes function
    """Return the C library's ``strlen``: true of a string that is not empty, as a callback.

    It returns a ``size_t`` where a ``bool`` is expected; on the ABIs of x86-64 and AArch64 both
    come back in the same register, and the interrupt's string has one character at most.
    """
    if sys.platform == "win32":
        return None
    try:
        return ctypes.CDLL(None).strlen
    except (OSError, AttributeError):
        return None
