"""What is known of code without a model, and what a model's prose claims of it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.domain.text import Span


class FactKind(enum.StrEnum):
    """What a fact is about; the order is that of a list shown to a person."""

    FINDING = "finding"
    """A known mistake or pitfall in this very code."""
    OPTION = "option"
    """What an option, a primary or a flag does."""
    SYNTAX = "syntax"
    """What a redirection, an expansion, a test or a keyword of the shell means."""
    RAISES = "raises"
    RETURNS = "returns"
    EFFECT = "effect"
    """Files, network, processes, globals: what the syntax shows to be touched."""
    CALLS = "calls"
    """The signature and first docstring line of what is called."""
    COMMAND = "command"
    """What a command is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is known, and from where."""

    kind: FactKind
    subject: str
    """What it is about, as it stands in the code: ``-r``, ``os.replace``, ``${x%.*}``."""
    text: str
    """One short sentence for a person; plain text of one line, no Markdown."""
    source: str
    """Who says so: ``xargs(1)``, ``shellcheck SC2086``, ``the code``, ``typeshed``."""
    of: str = ""
    """The command or function that the subject belongs to, such as ``xargs``; may be empty."""
    names: tuple[str, ...] = ()
    """Other spellings of the subject: ``--no-run-if-empty``."""
    detail: str = ""
    """All that the source says; prose is compared with this too. Empty: no more than ``text``."""
    span: Span | None = None
    """Where the subject stands in the document."""


class ClaimKind(enum.StrEnum):
    """What kind of thing a sentence claims."""

    OPTION = "option"
    """What an option does."""
    IDENTIFIER = "identifier"
    """That there is such a name."""
    NUMBER = "number"
    RAISES = "raises"
    RETURNS = "returns"
    RESULT = "result"
    """That a call gives a value; can be run."""


class Standing(enum.StrEnum):
    """How a claim stands beside what is known."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim of a prose that can be compared with something."""

    kind: ClaimKind
    span: Span
    """The words that claim it, in the prose."""
    sentence: Span
    """The sentence that holds them, in the prose."""
    subject: str
    """What it is about: an option, a name, a number, a call."""
    standing: Standing
    said: str = ""
    """For a result: the value that the prose gives."""
    fact: Fact | None = None
    """What confirms or contradicts it, where one fact does."""
    correction: str = ""
    """What would be true instead; empty where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCount:
    """How the claims of a prose stand."""

    n_confirmed: int = 0
    n_contradicted: int = 0
    n_unconfirmed: int = 0

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> ClaimCount:
        """Count claims by their standing."""
        standings = [claim.standing for claim in claims]
        return cls(
            n_confirmed=standings.count(Standing.CONFIRMED),
            n_contradicted=standings.count(Standing.CONTRADICTED),
            n_unconfirmed=standings.count(Standing.UNCONFIRMED),
        )

    def plus(self, other: ClaimCount) -> ClaimCount:
        """Return both together."""
        return ClaimCount(
            n_confirmed=self.n_confirmed + other.n_confirmed,
            n_contradicted=self.n_contradicted + other.n_contradicted,
            n_unconfirmed=self.n_unconfirmed + other.n_unconfirmed,
        )

    @property
    def n_left(self) -> int:
        """Those that still stand: a contradicted one is struck before anybody sees it."""
        return self.n_confirmed + self.n_unconfirmed

    def sentence(self) -> str:
        """Return it for a person: ``5 of 7 claims checked, 1 struck``."""
        struck = f", {self.n_contradicted} struck" if self.n_contradicted else ""
        if not self.n_left:
            return f"nothing in it could be checked{struck}"
        return f"{self.n_confirmed} of {self.n_left} claims checked{struck}"
