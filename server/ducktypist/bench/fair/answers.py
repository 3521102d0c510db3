"""What a model said to a task, how it was graded, and how both are written down. Pure values."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from ducktypist.domain import Json

N_RUNS: Final = 3
SOURCE: Final = "source"
"""The text of :attr:`Answer.texts` that is the whole source file with the answer in its place."""
EXPLANATION: Final = "explanation"
RECREATED: Final = "recreated"
TASK: Final = "task"
"""The one item of a grade where a task is right or wrong as a whole."""


def predicted(number: int) -> str:
    """Return the name of what is foretold for an input, from 1."""
    return f"predicted-{number}"


class Column(enum.StrEnum):
    """Who is asked."""

    RAW = "raw"
    """The model itself, once, in plain chat."""
    PRODUCT = "product"
    """The same model under Ducktypist, driven over the protocol as an editor does."""
    NAME = "name"
    """The model itself, told no more of a script than its purpose: what an explanation adds to."""


class Arm(enum.StrEnum):
    """How a task is put."""

    PLAIN = "plain"
    """As it is written, the same three times."""
    WORDING = "wording"
    """In three other wordings of the same meaning, once each."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pass:
    """One time through all tasks, in a process of its own that has read nothing before."""

    column: Column
    arm: Arm
    number: int
    """From 0."""

    @property
    def key(self) -> str:
        """Return it as a text, such as ``raw/plain/0``."""
        return f"{self.column}/{self.arm}/{self.number}"

    @classmethod
    def parsed(cls, key: str) -> Self:
        """Return the pass of a text.

        Raises:
            ValueError: It names none.
        """
        column, arm, number = key.split("/")
        return cls(column=Column(column), arm=Arm(arm), number=int(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one task in one pass."""

    task_sha256: str
    """Of the task as it was asked; an answer to another text of it counts for nothing."""
    texts: Mapping[str, str]
    """By name: :data:`SOURCE`, or :data:`EXPLANATION`, :func:`predicted` and :data:`RECREATED`.
    Empty where there was no answer."""
    prompt_hash: str = ""
    """Of all that was asked, in its order; empty where the server asks by itself."""
    problem: str = ""
    """Why nothing could be asked; such a row is asked again when the run goes on."""
    said: str = ""
    """The server's verdict on its own answer, in its words; empty for the model itself."""
    is_offered: bool = True
    """Whether an editor would have shown it; the server keeps back what it found to be wrong."""
    is_cut: bool = False
    """Whether it ended at the token limit."""
    ttft_ms: float | None = None
    total_ms: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompts, read before. Only what a script's explanation is asked about shares its
    beginning, within one task; elsewhere more than none would mean that the pass was not cold."""
    completion_tokens: int = 0
    decode_tok_s: float | None = None
    prefill_tok_s: float | None = None

    def as_json(self) -> dict[str, Json]:
        """Return it as it is written down."""
        return dict(asdict(self))

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Return what was written down.

        Raises:
            TypeError: It is no answer.
        """
        return cls(**row)


class Outcome(enum.StrEnum):
    """How an answer ended."""

    RIGHT = "right"
    WRONG = "wrong"
    """A test fails, or what was foretold did not come."""
    BROKEN = "broken"
    """It does not compile or cannot be imported."""
    TIMEOUT = "timeout"
    EMPTY = "empty"
    """There was no answer, or nothing that could be run."""
    REFUSED = "refused"
    """It changes what must not be changed: a test, the number of goroutines, what is shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What running an answer showed."""

    outcome: Outcome
    """Of the task as a whole; an explanation's is right when all its items are."""
    items: Mapping[str, bool] = field(default_factory=dict)
    """What is counted, by name: :data:`TASK`; for a script each prediction, and what was written
    again from its explanation."""
    visible: bool | None = None
    """Whether it passes the tests that were shown; None where there are none."""
    note: str = ""
    """The first thing that went wrong, one line."""

    def as_json(self) -> dict[str, Json]:
        """Return it as it is written down."""
        return {**asdict(self), "outcome": str(self.outcome), "items": dict(self.items)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Return what was written down.

        Raises:
            ValueError: It is no grade.
            TypeError: The same.
        """
        return cls(**{**row, "outcome": Outcome(row["outcome"])})
