"""The one sequence in a context of llama.cpp: which tokens it holds, and reading more of them.

Part of the real backend; gets the bindings as an argument and imports none. Feeds tokens in slices
and looks between them whether anybody still waits. What is left from the prompt before is reused
as far as the prompts agree.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from ducktypist.engine.backend import Cancelled
from ducktypist.errors import EngineCrashedError, EngineRequestError

log = logging.getLogger(__name__)

SLICE_TOKENS = 256
"""How much of a prompt is read between two looks at whether anybody still waits."""
SEQUENCE = 0

DONE, NO_ROOM, ABORTED = 0, 1, 2
"""What ``llama_decode`` returns (llama.h); below zero the context is not to be trusted."""


class CachedSequence:
    """The tokens whose keys and values a context holds. One thread at a time."""

    def __init__(self, lib: Any, context: Any) -> None:  # noqa: ANN401 - ctypes bindings without types
        self._lib = lib
        self._context = context
        self._memory = lib.llama_get_memory(context)
        self._batch = lib.llama_batch_init(SLICE_TOKENS, 0, 1)
        self._tokens: list[int] = []

    def __len__(self) -> int:
        return len(self._tokens)

    def read_prompt(
        self, tokens: Sequence[int], *, cold: bool, cancelled: Cancelled
    ) -> tuple[int, bool]:
        """Read what is not cached; return how much was, and whether all of it is read now.

        Args:
            tokens: The whole prompt.
            cold: Reuse nothing.
            cancelled: Asked between slices whether to stop.

        Raises:
            EngineRequestError: The prompt does not fit.
            EngineCrashedError: llama.cpp fails also with an empty cache.
        """
        code = DONE
        for is_second in (False, True):
            n_cached = self._reuse(tokens, cold=cold or is_second)
            code = self.feed(tokens[n_cached:], cancelled)
            if code in {DONE, ABORTED}:
                return n_cached, code == DONE
            log.warning("llama_decode failed with %d, clearing the cache", code)
            self.clear()
        if code == NO_ROOM:
            raise EngineRequestError(
                f"the prompt's {len(tokens)} tokens do not fit into the cache; shorten it"
            )
        raise EngineCrashedError(f"llama_decode failed with {code}, also with an empty cache")

    def feed(self, tokens: Sequence[int], cancelled: Cancelled) -> int:
        """Append tokens to the sequence, slice by slice; return the last code of llama.cpp."""
        for start in range(0, len(tokens), SLICE_TOKENS):
            if cancelled():
                return ABORTED
            piece = tokens[start : start + SLICE_TOKENS]
            batch, n_before = self._batch, len(self._tokens)
            batch.n_tokens = len(piece)
            for index, token in enumerate(piece):
                batch.token[index] = token
                batch.pos[index] = n_before + index
                batch.n_seq_id[index] = 1
                batch.seq_id[index][0] = SEQUENCE
                batch.logits[index] = 0
            batch.logits[len(piece) - 1] = int(start + len(piece) == len(tokens))
            code = int(self._lib.llama_decode(self._context, batch))
            if code != DONE:
                # Parts of the slice may have got into the cache.
                if not self._forget_from(n_before):
                    self.clear()
                return code
            self._tokens += piece
        return DONE

    def clear(self) -> None:
        """Forget everything."""
        self._lib.llama_memory_clear(self._memory, True)  # noqa: FBT003 - positional in the bindings
        self._tokens = []

    def close(self) -> None:
        """Free what was allocated for reading; the context stays."""
        self._lib.llama_batch_free(self._batch)

    def _reuse(self, tokens: Sequence[int], *, cold: bool) -> int:
        """Cut the cache back to what it has in common with a prompt; return how much that is."""
        n_common = 0
        # The last token is read in any case: its logits are wanted.
        for old, new in zip(self._tokens, tokens[:-1], strict=False):
            if cold or old != new:
                break
            n_common += 1
        # Some kinds of memory (recurrent models) cannot forget a part.
        if n_common == 0 or not self._forget_from(n_common):
            self.clear()
            n_common = 0
        return n_common

    def _forget_from(self, n_kept: int) -> bool:
        if not self._lib.llama_memory_seq_rm(self._memory, SEQUENCE, n_kept, -1):
            return False
        del self._tokens[n_kept:]
        return True
