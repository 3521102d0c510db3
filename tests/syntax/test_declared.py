"""Which documented functions have no body because they are to have none."""

from __future__ import annotations

import pytest

from ducktypist.syntax.declared import is_only_declared
from ducktypist.syntax.regions import functions

PYTHON = '''\
import abc
from typing import Protocol, overload


class Store(Protocol):
    def declared_get(self):
        """Return it."""


class Typed(typing.Protocol[T]):
    async def declared_put(self):
        """Put it."""
        ...


class Base(abc.ABC):
    @abc.abstractmethod
    def declared_run(self):
        """Run."""

    @property
    @abstractmethod
    def declared_name(self):
        """The name."""

    def stop(self):
        """Stop; @abstractmethod is only a word here."""

    class ProtocolError(Exception):
        def text(self):
            """Say it."""


@overload
def declared_read(one: int) -> int:
    """Read."""


@functools.cache
def read(one):
    """Read."""
'''

GO = "package p\n\n// F is an abstract Protocol; @overload.\nfunc F() {\n}\n"


@pytest.mark.parametrize(("text", "language"), [(PYTHON, "python"), (GO, "go")])
def test_only_declarations_are_told_apart(text: str, language: str) -> None:
    """Abstract methods, overloads and members of protocols; a mere word makes none."""
    found = functions(text, language)
    told = [one.name for one in found if is_only_declared(text, language, one)]
    assert told == [one.name for one in found if one.name.startswith("declared_")]


def test_a_class_that_is_still_being_typed_is_no_trouble() -> None:
    """Broken code gives an answer, too."""
    text = 'class A(Protocol\n    def f(self):\n        """Doc."""\n'
    for function in functions(text, "python"):
        assert is_only_declared(text, "python", function) in {True, False}
