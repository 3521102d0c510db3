"""The benches' own questions: what the bare model is asked, and what is asked of an explanation.

Their words are in a ``questions.toml`` beside each bench. Nothing of the
server's prompts is used, because what is compared is the model with and without them.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from ducktypist.domain import ChatPrompt, GenerationRequest, Message, StopName, StopRule
from ducktypist.features.workbench import Workbench

_PLACE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One way of asking."""

    user: str
    """With places in braces."""
    max_tokens: int
    system: str = ""
    prefix: str = ""
    """With what the answer is made to begin; may have places."""
    is_block: bool = False
    """Whether the prefix opens a block of code, whose end is the answer's."""

    def request(self, **values: str) -> GenerationRequest:
        """Return the question with its places filled; greedy, and nothing cached is reused."""
        prefix = self.opening(**values)
        told = [Message(role="system", content=self.system)] if self.system else []
        text = _filled(self.user, values)
        return GenerationRequest(
            prompt=ChatPrompt(
                messages=(*told, Message(role="user", content=text)), assistant_prefix=prefix
            ),
            max_tokens=self.max_tokens,
            stop_when=StopRule(name=StopName.FENCE) if self.is_block else None,
            # A reused beginning changes greedy answers in their last bits.
            cold=True,
        )

    def opening(self, **values: str) -> str:
        """Return with what the answer is made to begin."""
        return _filled(self.prefix, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """All of them."""

    by_name: Mapping[str, Question]
    sha256: str
    """Of the file."""

    @classmethod
    def load(cls, bench: str = "explain") -> Questions:
        """Read the questions that ship with a bench."""
        found = importlib.resources.files("ducktypist") / "bench" / bench / "questions.toml"
        content = found.read_bytes()
        known = tomllib.loads(content.decode())
        return cls(
            by_name={name: Question(**table) for name, table in known.items()},
            sha256=hashlib.sha256(content).hexdigest(),
        )

    async def ask(self, name: str, *, workbench: Workbench, **values: str) -> str:
        """Ask the model itself and return all it says, its made beginning included.

        Raises:
            EngineError: It did not answer.
        """
        question = self.by_name[name]
        found = await workbench.generate(question.request(**values))
        return question.opening(**values) + found.text


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)
