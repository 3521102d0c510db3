"""The options of a piece of code: those that stand in it, and those that facts speak of.

Which ones a word such as ``-r``, ``-0r``, ``-k2,2`` or ``--null`` names; not what they do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ducktypist.claims import lexicon
from ducktypist.claims.mentions import Mention
from ducktypist.claims.subject import Subject
from ducktypist.domain import Fact, FactKind

SHELLS = frozenset({"bash", "fish", "powershell", "nushell", "makefile", "dockerfile"})
"""Languages in which an option that nobody knows is an invention."""

_OPTION_IN_CODE = re.compile(r"(?<![\w-])-{1,2}[A-Za-z0-9?][\w-]*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_CLUSTER = re.compile(r"-[A-Za-z0-9]{2,}")


class KnownOptions:
    """The options of the code and of the facts."""

    def __init__(self, subject: Subject) -> None:
        self.facts = subject.of_kind(FactKind.OPTION)
        self.code = subject.code
        self.in_code = frozenset(_OPTION_IN_CODE.findall(subject.source))
        self.is_shell = subject.grammar in SHELLS
        texts = [f"{fact.text} {fact.detail} {fact.subject}" for fact in subject.facts]
        self.in_facts = frozenset(o for text in texts for o in _OPTION_IN_CODE.findall(text))
        self.commands = tuple(dict.fromkeys(fact.of for fact in self.facts if fact.of))
        without_options = _OPTION_IN_CODE.sub(" ", subject.code)
        self._operands = frozenset(_WORD.findall(without_options)) - frozenset(self.commands)
        self._by_name: dict[str, list[Fact]] = {}
        for fact in self.facts:
            for name in (fact.subject, *fact.names):
                found = self._by_name.setdefault(name.partition(" ")[0], [])
                if fact not in found:
                    found.append(fact)

    def is_option(self, mention: Mention) -> bool:
        """Tell a mention from a number, a dash and a list's mark."""
        if self.of(mention.token) or self.stands(mention.token):
            return True
        return not mention.token.lstrip("-").isdigit() and self.is_shell

    def exists(self, mention: Mention) -> bool:
        """Tell whether an option is in the code or in the facts."""
        return bool(self.of(mention.token)) or self.stands(mention.token)

    def stands(self, token: str) -> bool:
        """Tell whether an option stands in the code, by itself or among others: ``-0r``."""
        if token in self.in_code or token in self.in_facts:
            return True
        is_short = len(token) == len("-r")
        return is_short and any(
            token[1] in other[1:] for other in self.in_code if _CLUSTER.fullmatch(other)
        )

    def is_operand(self, word: str) -> bool:
        """Tell whether a word stands in the code and is none that describes options."""
        return word in self._operands and lexicon.concept(word) not in lexicon.known_concepts()

    def of(self, token: str) -> tuple[tuple[Fact, ...], ...]:
        """Return the facts of what a token names, one group for each option in a cluster."""
        if exact := self._by_name.get(token):
            return (tuple(exact),)
        if "=" in token:
            return self.of(token.partition("=")[0])
        if _CLUSTER.fullmatch(token) is None:
            return ()
        first = self._by_name.get(token[:2])
        rest = token[2:]
        if first and not all(self._by_name.get(f"-{letter}") for letter in rest):
            # An argument, written without a blank: `-k2,2`, `-n1`.
            is_argument = not rest.isalpha() or token in self.in_code
            return (tuple(first),) if is_argument else ()
        parts = [self._by_name.get(f"-{letter}", []) for letter in token[1:]]
        return tuple(tuple(part) for part in parts) if all(parts) else ()


def command_near(text: str, at: int, commands: Sequence[str]) -> str:
    """Return the command that a sentence names nearest to a place, before it rather than behind."""
    found = [
        (match.start() > at, abs(match.start() - at), command)
        for command in commands
        for match in re.finditer(rf"(?<![\w.-]){re.escape(plain_name(command))}(?![\w-])", text)
    ]
    return min(found)[2] if found else ""


def of_command(
    facts: Sequence[Fact], named: str, command: str, commands: Sequence[str]
) -> tuple[Fact, ...]:
    """Return the facts of the command that is meant, all of them where that cannot be told."""
    for name in (plain_name(named), plain_name(command)):
        if name and (chosen := tuple(f for f in facts if _is_called(f.of, name, commands))):
            return chosen
    return tuple(facts)


def _is_called(of: str, name: str, commands: Sequence[str]) -> bool:
    plain = plain_name(of)
    alone = sum(plain_name(command).split(" ")[0] == name for command in commands) == 1
    return plain == name or (alone and plain.split(" ")[0] == name)


def plain_name(command: str) -> str:
    """Return a command's name as prose says it: ``git commit`` for ``git-commit``."""
    name = command.rsplit("/", 1)[-1]
    return name.replace("git-", "git ", 1) if name.startswith("git-") else name
