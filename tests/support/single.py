"""One answer of a backend at a time, without a scheduler: prompt in slices, then token by token."""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.domain import GenerationRequest
from ducktypist.engine.backend import Backend, Feed, Job, StepCode, TokenChoice
from ducktypist.engine.interrupt import Interrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of one answer."""

    tokens: tuple[TokenChoice, ...]
    n_prompt_tokens: int
    is_whole: bool
    """Whether it ended by itself."""

    @property
    def text(self) -> str:
        """The answer."""
        return b"".join(token.chosen.piece for token in self.tokens).decode()


def say(
    backend: Backend,
    request: GenerationRequest,
    *,
    index: int = 0,
    sequence: int = 0,
    want_logprobs: bool = True,
    n_cached: int = 0,
) -> Said:
    """Read one prompt into a sequence that holds ``n_cached`` of its tokens, and answer it."""
    drawer = backend.drawer(Job(request=request, want_logprobs=want_logprobs), index)
    tokens = backend.encode(request, request.prompts[index // request.n]).tokens
    n_batch = backend.capacity().n_batch_tokens
    start, row = n_cached, -1
    while start < len(tokens):
        piece = tokens[start : start + n_batch]
        is_last = start + len(piece) == len(tokens)
        feed = Feed(
            sequence=sequence, start=start, tokens=piece, n_rows=int(is_last), drawer=drawer
        )
        assert backend.decode([feed], Interrupt()) is StepCode.DONE
        start, row = start + len(piece), len(piece) - 1
    said: list[TokenChoice] = []
    while len(said) < request.max_tokens:
        token = drawer.draw(row, place=len(said))
        if token is None:
            break
        said.append(token)
        feed = Feed(
            sequence=sequence,
            start=start,
            tokens=[token.chosen.token_id],
            n_rows=1,
            drawer=drawer,
        )
        assert backend.decode([feed], Interrupt()) is StepCode.DONE
        start, row = start + 1, 0
    return Said(
        tokens=tuple(said),
        n_prompt_tokens=len(tokens),
        is_whole=len(said) < request.max_tokens,
    )
