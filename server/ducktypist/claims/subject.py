"""What a prose is about: the code, what is known of it, and names that are fine besides."""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.domain import Fact, FactKind
from ducktypist.syntax.parse import grammar_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is explained, and what is known of it."""

    code: str
    context: str
    """Code around it that the prose may speak of, too."""
    language: str
    """An LSP language id, such as ``shellscript``."""
    facts: tuple[Fact, ...] = ()
    known: frozenset[str] = frozenset()
    """Further names that are fine; keywords and builtins of the language need not be given."""

    @property
    def grammar(self) -> str:
        """The grammar's name; for a language without one, its id in small letters."""
        return grammar_of(self.language) or self.language.lower()

    @property
    def source(self) -> str:
        """All the code that the prose may speak of."""
        return f"{self.code}\n{self.context}"

    def of_kind(self, kind: FactKind) -> tuple[Fact, ...]:
        """Return the facts of one kind."""
        return tuple(fact for fact in self.facts if fact.kind is kind)
