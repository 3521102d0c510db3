"""One answer while it is generated: its text, and the reasons for which it ends. Pure of time.

Knows tokens as bytes and text; knows neither sequences nor the backend. The scheduler's
counterpart is ``asked.Answer``.
"""

from __future__ import annotations

from dataclasses import replace

from ducktypist.domain import FinishReason, GenerationRequest
from ducktypist.engine.backend import Delta, Drawer, TokenChoice
from ducktypist.engine.costs import Costs
from ducktypist.engine.drafting import Drafter
from ducktypist.engine.predicates import StopWatch
from ducktypist.engine.stopping import StopScanner

MAX_DRAFT_TOKENS = 15
"""With the token before it a multiple of what the kernels take at once."""
NEAR_TIE = 0.1
"""A greedy choice with a smaller lead (in nats) over the second is not taken from a batch of
several rows: their arithmetic rounds differently, and a draft must not change the answer."""


class Answering:
    """What is known of one answer."""

    def __init__(
        self,
        request: GenerationRequest,
        *,
        index: int,
        drawer: Drawer,
        prompt: tuple[int, ...],
        stops: tuple[str, ...],
        max_tokens: int,
    ) -> None:
        self.index = index
        self.drawer = drawer
        self.n_made = 0
        self.n_drafted = 0
        self.n_accepted = 0
        self.reason: FinishReason | None = None
        """Why it ended; None while it goes on."""
        self._max_tokens = max_tokens
        self._scanner = StopScanner(stops)
        self._watch = StopWatch(request.stop_when) if request.stop_when else None
        speculates = request.speculate and request.sampling.temperature <= 0
        self._drafter = Drafter(prompt) if speculates else None
        self._is_tied = False

    def take(self, choice: TokenChoice | None) -> Delta | None:
        """Take the next token, None for the end; return what may be shown now."""
        if choice is None:
            self.reason = FinishReason.STOP
            return self._rest()
        self.n_made += 1
        if self._drafter is not None:
            self._drafter.said(choice.chosen.token_id)
        delta = self._scanner.feed(choice)
        if self._scanner.stopped:
            self.reason = FinishReason.STOP
        elif self._watch is not None and delta is not None and self._watch.feed(delta.text):
            self.reason = FinishReason.STOP
            return self._joined(delta, self._rest())
        elif self.n_made >= self._max_tokens:
            self.reason = FinishReason.LENGTH
            return self._joined(delta, self._rest())
        return None if delta is None else replace(delta, index=self.index)

    def end(self, reason: FinishReason) -> Delta | None:
        """End it from outside; return what was held back, if that is to be shown."""
        self.reason = reason
        return None if reason is FinishReason.CANCELLED else self._rest()

    def draft(self, costs: Costs) -> tuple[int, ...]:
        """Return what to feed along with the last token; nothing where it would not pay."""
        if self._drafter is None or self._is_tied:
            self._is_tied = False
            return ()
        longest = min(MAX_DRAFT_TOKENS, self._max_tokens - self.n_made - 1)
        n_tokens = costs.draft_length(self._drafter.p_hit(), longest=longest)
        return self._drafter.propose(n_tokens) if n_tokens else ()

    def is_tied(self, choice: TokenChoice | None) -> bool:
        """Tell whether a choice from a row of a draft must be made again without it."""
        # The end of an answer comes without a margin.
        self._is_tied = choice is None or choice.margin < NEAR_TIE
        return self._is_tied

    def _rest(self) -> Delta | None:
        rest = self._scanner.flush()
        return None if rest is None else replace(rest, index=self.index)

    def _joined(self, first: Delta | None, second: Delta | None) -> Delta | None:
        if first is None or second is None:
            one = first or second
            return None if one is None else replace(one, index=self.index)
        return Delta(
            text=first.text + second.text,
            tokens=(*first.tokens, *second.tokens),
            index=self.index,
        )
