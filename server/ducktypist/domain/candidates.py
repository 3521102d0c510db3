"""A possible patch, before and after it was tried."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain.text import Span, TextEdit
from ducktypist.domain.verdicts import Outcome


class Source(enum.StrEnum):
    """Where a candidate comes from."""

    LINE = "line"
    """The model filled in one line."""
    SPAN = "span"
    """The model filled in two to five lines."""
    INSERTION = "insertion"
    """The model filled in a line between two."""
    BODY = "body"
    """The model wrote the body anew from signature, docstring and tests."""
    REWRITE = "rewrite"
    """The model rewrote the function that it was shown."""
    MUTATION = "mutation"
    """A simple change of the code; no model was asked."""
    RACE_RECIPE = "race_recipe"
    """A known way to guard a shared variable; no model was asked."""
    CHAT = "chat"
    """A new body: the model continued the function's head in a chat."""
    INFILL = "infill"
    """A new body, filled in between what stands before and after."""
    TEXT = "text"
    """A new body, written on from what stands before."""


OF_BODIES = frozenset({Source.CHAT, Source.INFILL, Source.TEXT})
"""Those of bodies that are written for the first time; a fix has none of them."""


class HoleKind(enum.StrEnum):
    """How much of a function is left out to be written anew."""

    LINE = "line"
    SPAN = "span"
    INSERTION = "insertion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A part of a function's body that is to be written anew."""

    kind: HoleKind
    span: Span
    """What is left out: code without the first line's indentation and the last line's break. For
    an insertion it is empty and stands before the indentation of the line that comes next."""
    indent: str
    """The indentation of what is to be written."""
    first_line: int
    """1-based line where it begins."""
    n_lines: int
    """Lines left out; 0 for an insertion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One simple change of a text."""

    edit: TextEdit
    operator: str
    """A short name of the kind of change, such as ``comparison``; the field's word."""
    what: str
    """For a person: ``line 12: `<` became `<=` ``."""
    line: int
    """1-based."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One patch of one file, made by a model or by rule."""

    path: Path
    """Relative to the workspace's root."""
    edit: TextEdit
    """To the file's text as it was when the search began."""
    source: Source
    function: str
    """Qualified name of the function that it changes."""
    what: str
    """For a person: what was done, such as ``line 12 written anew``."""
    suspicion: float
    """How suspicious the changed place is, 0 to 1."""
    mean_logprob: float | None = None
    """Mean log-probability of its tokens; None when no model was asked."""
    completion_tokens: int = 0
    generation_ms: float = 0.0
    """Its share of the time that its request took to generate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of one candidate."""

    candidate: Candidate
    outcome: Outcome
    stage: str
    """How far it came: ``static``, ``screen``, ``repeats``, ``suite`` or ``choice``."""
    verify_ms: float
