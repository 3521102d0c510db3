"""From a request's prompt to the tokens that the model reads.

Part of the real backend; gets the vocabulary as an argument and imports no bindings. The chat and
infill formats are ours, not the ones inside a model's file.
"""

from __future__ import annotations

from ducktypist.domain import ChatPrompt, GenerationRequest, InfillPrompt, Prompt
from ducktypist.engine.backend import Encoded
from ducktypist.engine.chat_formats import ChatFormat, choose, read_formats, render
from ducktypist.engine.llama_vocab import Vocabulary
from ducktypist.errors import EngineRequestError


class PromptEncoder:
    """Encodes the prompts of one model."""

    def __init__(self, vocab: Vocabulary, *, n_ctx_tokens: int) -> None:
        self._vocab = vocab
        self._n_ctx_tokens = n_ctx_tokens
        formats = read_formats()
        self.format: ChatFormat = choose(formats, lambda token: vocab.special(token) is not None)
        """The chat format that the vocabulary has the tokens for."""
        vocab.mark(token for one in formats for token in one.required_tokens)

    def encode(self, request: GenerationRequest, prompt: Prompt) -> Encoded:
        """Return a prompt's tokens and the strings that end its answer.

        Raises:
            EngineRequestError: It is too long, or the model has no fill-in-the-middle tokens.
        """
        stops = request.stop
        match prompt:
            case ChatPrompt():
                body = self._vocab.parts(render(prompt, self.format))
                stops = (*stops, *self.format.stop)
            case InfillPrompt():
                tokens = self._infill(prompt, max_tokens=request.max_tokens)
                return Encoded(tokens=tuple(tokens), stops=stops)
            case _:
                body = self._vocab.plain(prompt.text)
        tokens = self._vocab.opening() + body
        if len(tokens) >= self._n_ctx_tokens:
            raise EngineRequestError(
                f"the prompt has {len(tokens)} tokens, and at most {self._n_ctx_tokens - 1} fit "
                f"into the context; shorten it, or raise engine.n_ctx_tokens"
            )
        return Encoded(tokens=tuple(tokens), stops=stops)

    def _infill(self, prompt: InfillPrompt, *, max_tokens: int) -> list[int]:
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
