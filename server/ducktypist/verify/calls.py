"""Calls of a function as plain text: what was passed, written as Python literals.

A call is recorded inside the sandbox (``call_probe``), varied out here (``nearby``), made again
inside (``behaviour_driver``) and shown to a person. Texts cross the border, never pickles: they are
read here without evaluating anything.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeAlias

from ducktypist.syntax.own_parser import alone

Plain: TypeAlias = (
    "int | float | str | bytes | list[Plain] | tuple[Plain, ...] | dict[Plain, Plain]"
    " | set[Plain] | frozenset[Plain] | None"
)
"""What a recorded argument can be; bool is an int."""

MAX_TEXT = 2000
"""Characters of one argument's text; a longer one is not recorded and not made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, its arguments as literals."""

    arguments: tuple[str, ...] = ()
    """The positional ones, without ``self`` or ``cls``."""
    keywords: tuple[tuple[str, str], ...] = ()
    state: str | None = None
    """For a method: ``vars(self)`` at the call."""

    def text(self, function: str) -> str:
        """Return the call as a person would write it; a method's object is given by its state."""
        words = [*self.arguments, *(f"{name}={value}" for name, value in self.keywords)]
        arguments = f"({', '.join(words)})"
        owner, _, name = function.rpartition(".")
        if self.state is None:
            return f"{function}{arguments}"
        one = owner.rpartition(".")[2].lower() or "self"
        return f"{one}.{name}{arguments} where vars({one}) == {self.state}"


def read_literal(text: str) -> Plain:
    """Return the value of a literal; sets may be written as calls.

    Raises:
        ValueError: It is not one, or is nested too deeply.
    """
    try:
        with alone():
            tree = ast.parse(text, mode="eval")
        return _value(tree.body)
    except (SyntaxError, RecursionError, MemoryError, TypeError, SystemError) as error:
        message = f"not a literal: {text[:80]}"
        raise ValueError(message) from error


def write_literal(value: Plain) -> str:
    """Return a text that :func:`read_literal` and Python itself read back as ``value``."""
    match value:
        case float():
            # There is no literal for infinity, but one that is too large is it.
            return repr(value).replace("inf", "1e999")
        case list():
            return f"[{_joined(value)}]"
        case tuple():
            return f"({_joined(value)}{',' if len(value) == 1 else ''})"
        case dict():
            items = (f"{write_literal(k)}: {write_literal(v)}" for k, v in value.items())
            return f"{{{', '.join(items)}}}"
        case set() | frozenset():
            return _written_set(value)
        case _:
            return repr(value)


def _written_set(value: set[Plain] | frozenset[Plain]) -> str:
    inner = f"{{{', '.join(sorted(map(write_literal, value)))}}}" if value else ""
    return f"frozenset({inner})" if isinstance(value, frozenset) else inner or "set()"


def _joined(values: list[Plain] | tuple[Plain, ...]) -> str:
    return ", ".join(map(write_literal, values))


def _value(node: ast.expr) -> Plain:
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() | bytes() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=elements):
            return [_value(element) for element in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(element) for element in elements)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            pairs = zip(keys, values, strict=True)
            return {_value(key): _value(value) for key, value in pairs if key is not None}
        case _:
            return _set(node)


def _set(node: ast.expr) -> set[Plain] | frozenset[Plain]:
    match node:
        case ast.Set(elts=elements):
            return {_value(element) for element in elements}
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return set()
        case ast.Call(func=ast.Name(id="frozenset"), args=[], keywords=[]):
            return frozenset()
        case ast.Call(func=ast.Name(id="frozenset"), args=[ast.Set() as inner], keywords=[]):
            return frozenset(_set(inner))
    message = f"not a literal: {ast.unparse(node)[:80]}"
    raise ValueError(message)
