"""The cases in ``tests/cases/claims``: facts, and prose about them with what is true in it."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.claims import Subject
from ducktypist.domain import Fact, FactKind

CASES = Path(__file__).parent.parent / "cases" / "claims"
WORDS = ("true", "false", "vague", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sentence about one piece of code."""

    code: str
    prose: str
    is_what: str
    """``true``, ``false``, ``vague`` (nobody can tell) or ``none`` (nothing is claimed)."""

    @property
    def subject(self) -> Subject:
        """The code with the facts of its commands."""
        return shell(self.code)


def shell(code: str) -> Subject:
    """Return shell code with the facts of all commands whose names stand in it."""
    names = [name for name in manual() if name.replace("git-", "git ") in code]
    facts = [
        fact
        for name in names
        for fact in manual()[name]
        if any(_stands(option, code) for option in (fact.subject, *fact.names))
    ]
    return Subject(code=code, context="", language="shellscript", facts=tuple(facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCase:
    """One sentence about code that is no shell command, and its claims of one kind."""

    subject: Subject
    prose: str
    only: str
    expect: tuple[str, ...]
    """For each claim its subject and its standing."""


def code_cases() -> Iterator[CodeCase]:
    """Yield every sentence of ``code.toml``."""
    for table in _read("code.toml")["code"]:
        facts = [
            Fact(kind=kind, subject="", text=text, source="the code")
            for kind in (FactKind.RAISES, FactKind.RETURNS)
            for text in table.get(kind.value, ())
        ]
        subject = Subject(
            code=table["code"], context="", language=table["language"], facts=tuple(facts)
        )
        for case in table["cases"]:
            yield CodeCase(
                subject=subject,
                prose=case["prose"],
                only=case["only"],
                expect=tuple(case["expect"]),
            )


def option_cases() -> Iterator[Case]:
    """Yield every sentence of ``options.toml``."""
    for table in _read("options.toml")["case"]:
        for word in WORDS:
            for prose in table.get(word, ()):
                yield Case(code=table["code"], prose=prose, is_what=word)


@functools.cache
def manual() -> dict[str, tuple[Fact, ...]]:
    """Return the facts of ``facts.toml`` by command."""
    return {
        command: tuple(
            _fact(command, names.split(), [said] if isinstance(said, str) else said)
            for names, said in options.items()
        )
        for command, options in _read("facts.toml").items()
    }


def _fact(command: str, names: list[str], said: list[str]) -> Fact:
    return Fact(
        kind=FactKind.OPTION,
        subject=names[0],
        names=tuple(names[1:]),
        of=command,
        text=said[0],
        detail=said[1] if len(said) > 1 else "",
        source=f"{command}(1)",
    )


def _stands(option: str, code: str) -> bool:
    letter = option.lstrip("-")
    words = code.split()
    if any(word.partition("=")[0] == option for word in words):
        return True
    is_short = len(option) == len("-r")
    return is_short and any(
        word.startswith("-") and not word.startswith("--") and letter in word[1:] for word in words
    )


def _read(name: str) -> dict[str, Any]:
    with (CASES / name).open("rb") as file:
        return tomllib.load(file)
