"""The parts of a shell text as values; nothing here reads a text.

Words follow POSIX.1-2024, XCU 2: *simple command*, *redirection*, *here-document*, *parameter
expansion*. What bash adds keeps its name from bash(1).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ducktypist.domain import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a command, before the shell expands it."""

    span: Span
    text: str
    """As it stands in the source, with its quotes."""
    head: str
    """Its beginning up to the first expansion, quotes removed."""
    is_literal: bool
    """Whether ``head`` is all of it: nothing in it is expanded, apart from file name patterns."""
    is_quoted: bool
    """Whether any part of it stands in quotes or behind a backslash."""

    @property
    def value(self) -> str | None:
        """What the command gets, or None where only a run would tell."""
        return self.head if self.is_literal else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HereDocument:
    """The lines that a ``<<`` gives to a command."""

    delimiter: str
    """The word that ends it, without quotes."""
    is_expanded: bool
    """Whether expansions in it are carried out: the delimiter has no quotes."""
    strips_tabs: bool
    """Whether leading tabs are removed: ``<<-``."""
    body: Span
    """Its lines, empty where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """One redirection (POSIX.1-2024, XCU 2.7)."""

    span: Span
    """Of the operator, its descriptor and its target; not of a here-document's lines."""
    operator: str
    """``>``, ``>>``, ``>|``, ``<``, ``<>``, ``>&``, ``<&``, ``&>``, ``&>>``, ``<<``, ``<<<`` …"""
    fd: str
    """The descriptor before the operator: ``2``, ``{log}``; empty where none is given."""
    target: Word | None
    """The file, descriptor, delimiter or string; None for ``>&-`` and in broken text."""
    here_document: HereDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A variable set before a command, for this command only: ``IFS=, read a``."""

    span: Span
    name: str
    value: str
    """As it stands in the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command with the words that are its own."""

    span: Span
    """From its first assignment or word to its last word, the commands that it runs included."""
    name: str
    """The last part of the program's path: ``find`` for ``/usr/bin/find``; empty when expanded."""
    name_span: Span
    words: tuple[Word, ...]
    """What follows the name, without the words of a command that it runs."""
    redirections: tuple[Redirection, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    subcommand: tuple[str, ...] = ()
    """``("commit",)`` of git, ``("compose", "up")`` of docker."""
    n_subcommand_words: int = 0
    """How many of ``words`` come before or belong to the subcommand."""
    page_names: tuple[str, ...] = ()
    """Manual pages that may describe it, the most particular first: ``git-commit``, ``git``."""
    within: Command | None = None
    """The command that runs this one or takes its output as a word."""
    via: str = ""
    """By what: ``-exec``, ``xargs``, ``$(``, ``<(``, ``sh -c``, ``trap``; empty at the top."""
    pipe_index: int = 0
    """Its place in its pipeline, from 0."""
    n_piped: int = 1
    """How many parts its pipeline has."""
    pipeline: Span | None = None
    """All of its pipeline, where it has more than one part."""

    @property
    def title(self) -> str:
        """How a person names it: ``git commit``."""
        return " ".join((self.name, *self.subcommand))


class ConstructKind(enum.StrEnum):
    """What a piece of shell that is no command can be."""

    EXPANSION = "expansion"
    """``${…}`` and the special parameters; the mark is the operator."""
    SUBSTITUTION = "substitution"
    """``$(…)``, ``<(…)``, ``>(…)``."""
    ARITHMETIC = "arithmetic"
    REDIRECTION = "redirection"
    TEST = "test"
    """An operator in ``[ ]``, ``[[ ]]`` or after ``test``."""
    OPERATOR = "operator"
    """``&&``, ``||``, ``|&``, ``&``, ``!``."""
    KEYWORD = "keyword"
    """Loops, groups, ends of case items."""
    ARRAY = "array"
    """Assignments to arrays and their elements."""
    QUOTING = "quoting"
    """``$'…'`` and brace expansion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """One construct in the text."""

    kind: ConstructKind
    mark: str
    """Which of its kind: ``%%``, ``2>``, ``-nt``, ``;&``."""
    subject: str
    """As it stands in the source, on one line."""
    span: Span
    name: str = ""
    """The parameter, the descriptor or the command that it concerns."""
    arguments: tuple[str, ...] = ()
    """Its operands as they stand in the source."""
    redirection: Redirection | None = None
    """Of a construct that is one."""
