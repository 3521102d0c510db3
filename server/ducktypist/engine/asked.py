"""What was asked and has not ended, as the scheduler sees it: tokens, no text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ducktypist.domain import Priority


@dataclass(eq=False, slots=True)
class Answer:
    """One answer of a request, as the scheduler sees it."""

    request: Request
    index: int
    n_prompt: int
    max_tokens: int
    tokens: list[int]
    """The prompt, and what was generated since."""
    sequence: int | None = None
    n_cached: int = 0
    """How much of the prompt was in the cache when it first got a sequence."""
    was_placed: bool = False
    is_done: bool = False
    draft: tuple[int, ...] = ()
    """What is likely to come next; fed along, and to be confirmed."""

    @property
    def n_made(self) -> int:
        """How many tokens were generated."""
        return len(self.tokens) - self.n_prompt


@dataclass(eq=False, slots=True)
class Request:
    """What was asked together."""

    priority: Priority
    lane: str
    is_cold: bool
    arrived_s: float
    deadline_s: float
    """Infinite where there is none."""
    n: int
    """Answers to each prompt."""
    answers: list[Answer] = field(default_factory=list)

    def add(self, tokens: Iterable[int], *, max_tokens: int) -> Answer:
        """Add the next answer: its prompt's tokens and how many it may have."""
        prompt = list(tokens)
        answer = Answer(
            request=self,
            index=len(self.answers),
            n_prompt=len(prompt),
            max_tokens=max_tokens,
            tokens=prompt,
        )
        self.answers.append(answer)
        return answer

    @property
    def is_done(self) -> bool:
        """Whether every answer has ended."""
        return all(answer.is_done for answer in self.answers)

    @property
    def n_made(self) -> int:
        """How many tokens were generated, all answers together."""
        return sum(answer.n_made for answer in self.answers)

    @property
    def leaves(self) -> set[int]:
        """The answers whose sequences are kept: of the first and of the last prompt."""
        return {0, len(self.answers) - self.n}
