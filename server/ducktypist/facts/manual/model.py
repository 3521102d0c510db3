"""What a manual says of a command and its options: values, and how an option is looked up.

No reading and no parsing happen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = re.compile(r"[-+]\d+")
_OPERAND = re.compile(r"[A-Za-z_]+=")
_NEWER = re.compile(r"-newer[aBcm][aBcmt]")
# What find calls the family -newermt, -neweram and so on.
_NEWER_FAMILY = "-newerXY"

NUMBER_NAMES = ("-NUM", "+NUM")
"""The names under which an option such as ``-5`` stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionEntry:
    """One option, primary, operator or named operand, and what it does."""

    names: tuple[str, ...]
    """All spellings: ``-r`` and ``--no-run-if-empty``; ``-NUM`` for ``-5``; ``if=`` of dd."""
    argument: str | None
    """The metavariable of its argument, as it is written there; None: it takes none."""
    argument_optional: bool
    """Whether the argument may be left out."""
    text: str
    """The first sentence: plain, one line, at most 160 characters, without a full stop."""
    detail: str
    """Everything that is said of it, plain, a paragraph a line, at most 2000 characters."""
    source: str
    """Who says so: ``xargs(1)``, ``bundled summary of xargs``, ``xargs --help``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is known of one command."""

    name: str
    """The name that was asked for."""
    section: str
    """The manual section, ``1`` or ``1p``; empty for a summary or a help text."""
    summary: str
    """What the command is for; one line without a full stop."""
    source: str
    """Who says so: ``xargs(1)``, ``bundled summary of xargs``, ``xargs --help``."""
    options: tuple[OptionEntry, ...]
    """In the order of the page; a name may stand in several (find's ``-perm``)."""

    def option(self, flag: str) -> OptionEntry | None:
        """Return what is said of an option as it stands in a command line.

        ``--colour=auto`` finds ``--colour``, ``-5`` finds ``-NUM``, ``if=disk.img`` finds
        ``if=``. Clusters and abbreviations are the caller's business.

        Args:
            flag: One word of a command line.
        """
        return next(self.entries(flag), None)

    def entries(self, flag: str) -> Iterator[OptionEntry]:
        """Yield all entries of a name, the first one of the page first."""
        for spelling in _spellings(flag):
            found = [entry for entry in self.options if spelling in entry.names]
            if found:
                yield from found
                return

    def option_taking(self, flag: str, argument: str) -> OptionEntry | None:
        """Return the entry of a name whose metavariable looks most like an argument.

        ``find -perm -u+x`` has three entries, ``mode``, ``-mode`` and ``/mode``;
        ``-exec … ;`` and ``-exec … {} +`` are told apart by the ends of the arguments, and mawk's
        ``-W version`` and ``-W dump`` by the very word.

        Args:
            flag: The option's name.
            argument: The words after it, as one text.
        """
        found = list(self.entries(flag))
        words = argument.split()
        if not words:
            return found[0] if found else None
        keyword = words[0].partition("=")[0]
        for entry in found:
            if (entry.argument or "").partition("=")[0] == keyword:
                return entry
        for entry in found[1:]:
            wanted = (entry.argument or "").split()
            if not wanted:
                continue
            ends = len(wanted) > 1 and wanted[-1] == words[-1] and not wanted[-1].isalnum()
            begins = not wanted[0][0].isalnum() and wanted[0][0] == words[0][0]
            if ends or (begins and len(wanted) == 1):
                return entry
        return found[0] if found else None


def _spellings(flag: str) -> Iterator[str]:
    """Yield the names under which a word of a command line may stand, the nearest first."""
    yield flag
    head, equals, _ = flag.partition("=")
    if equals and flag.startswith("--"):
        yield head
    operand = _OPERAND.match(flag)
    if operand:
        yield operand[0]
        yield operand[0][:-1]
    elif flag.isidentifier():
        yield f"{flag}="
    if _NUMBER.fullmatch(flag):
        yield NUMBER_NAMES[0] if flag.startswith("-") else NUMBER_NAMES[1]
    if _NEWER.fullmatch(flag):
        yield _NEWER_FAMILY
