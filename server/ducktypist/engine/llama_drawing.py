"""From the logits of a step to tokens. Part of the real backend; imports no bindings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ducktypist.engine.backend import Candidate, TokenChoice
from ducktypist.engine.llama_context import LlamaContext
from ducktypist.engine.llama_vocab import Vocabulary
from ducktypist.engine.sampling import Sampler
from ducktypist.errors import EngineCrashedError, EngineRequestError


class Logits:
    """What the last step computed."""

    def __init__(self, context: LlamaContext, vocab: Vocabulary) -> None:
        self.vocab = vocab
        self._context = context
        self._pieces: dict[int, bytes] = {}

    def row(self, row: int) -> Any:  # noqa: ANN401 - an array of float32
        """Return the logits after a token of the last batch: one for each token there is."""
        pointer = self._context.logits(row)
        if not pointer:
            raise EngineCrashedError(f"llama.cpp has no logits for row {row} of its last batch")
        return np.ctypeslib.as_array(pointer, shape=(self.vocab.n_tokens,))

    def candidate(self, token: int, logprob: float) -> Candidate:
        """Return a token with its bytes."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self.vocab.piece(token)
        return Candidate(token_id=token, piece=piece, logprob=logprob)


class LogitsDrawer:
    """Draws the tokens of one answer."""

    def __init__(self, logits: Logits, sampler: Sampler, *, want_top: bool) -> None:
        self._logits = logits
        self._sampler = sampler
        self._want_top = want_top

    def draw(self, row: int, *, place: int) -> TokenChoice | None:  # noqa: ARG002 - for scripts
        """Return the next token, None for the end of the answer."""
        try:
            drawn = self._sampler.draw(self._logits.row(row), want_logprob=self._want_top)
        except ValueError as error:
            raise EngineRequestError(str(error), status=500) from error
        if self._logits.vocab.ends(drawn.token_id):
            return None
        shown = drawn.top if self._want_top else ()
        return TokenChoice(
            chosen=self._logits.candidate(drawn.token_id, drawn.logprob),
            top=tuple(self._logits.candidate(*one) for one in shown),
            margin=drawn.margin if math.isfinite(drawn.margin) else float("inf"),
        )
