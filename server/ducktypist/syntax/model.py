"""The values that describe regions of source text; no parsing here."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ducktypist.domain import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRegion:
    """One function or method of one text."""

    language: str
    """The grammar's name: ``python``, ``bash`` or ``go``."""
    name: str
    qualified_name: str
    """Dotted: ``Class.method``, ``outer.inner``; Go: ``Receiver.Method``."""
    span: Span
    """Decorators (Python) or doc comment (Go, Bash) to the end, whole lines, without the last
    line break."""
    name_span: Span
    signature: Span
    """``def … :`` with its colon, without decorators; Go and Bash: up to the opening brace, which
    is included."""
    docstring: Span | None
    """The string statement with its quotes; Go and Bash: the comment lines right above."""
    body: Span
    """What stands after signature and docstring, comments included: from the start of its first
    line (or, when it stands on the signature's line, from its first character) to the end of its
    last, without the line break. Empty, and at the place of insertion, when there is nothing."""
    indent: str
    """The body's indentation as the file has it; inferred when there is no body."""
    is_empty: bool
    """Whether there is nothing but a placeholder, comments or a docstring."""
    class_name: str | None
    """The class that the function is a member of (dotted when nested), Go: the receiver's type."""
    parameters: tuple[str, ...]
    """Names only, in order, without stars and defaults."""
    has_closer: bool = True
    """False when a Go or Bash body's closing brace is missing (it is still being typed)."""


class DefinitionKind(enum.StrEnum):
    """What a name stands for."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS = "class"
    """Whatever has members: classes, structs, interfaces, traits, enumerations."""
    TYPE = "type"
    """A name for a type: aliases, `typedef`."""
    CONSTANT = "constant"
    """A name that the file itself binds to a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What introduces one name that other functions and files can use."""

    kind: DefinitionKind
    name: str
    qualified_name: str
    """Dotted, as :attr:`FunctionRegion.qualified_name`."""
    span: Span
    """All of it, doc comment, decorators and body included; whole lines where nothing else stands
    on them, without the last line break."""
    head: Span
    """What one needs to know to use it: doc comment or docstring and signature, without the brace
    that opens the body; of a constant the whole when it is short."""


class RegionKind(enum.StrEnum):
    """What a region is."""

    FUNCTION = "function"
    CLASS = "class"
    STATEMENT = "statement"
    HEADER = "header"
    """The first line or lines of a long compound statement."""
    COMMAND = "command"
    """A complete shell command: pipeline, list or compound."""
    PARAGRAPH = "paragraph"
    """Lines between blank lines, where there is no grammar."""
    NOTHING = "nothing"
    """A comment or blank line; the span is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What a question about one place is about."""

    kind: RegionKind
    name: str
    """The function's or class's qualified name, else empty."""
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFunction:
    """One test, and how the test runner calls it."""

    __test__ = False

    suffix: str
    """What follows the file in a node id: ``test_x``, ``TestY::test_z``."""
    region: FunctionRegion
