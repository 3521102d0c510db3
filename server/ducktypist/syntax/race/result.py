"""What a recipe against a data race yields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.domain import TextEdit
from ducktypist.syntax.checks import new_syntax_errors
from ducktypist.syntax.go_changes import Change, edit_of
from ducktypist.syntax.go_scopes import GoFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One known way to remove a data race, made for one file."""

    edit: TextEdit
    name: str
    """A short name of the way, such as ``mutex:wide``."""
    what: str
    """For a person: what was done."""


def recipe_of(file: GoFile, changes: Sequence[Change], *, name: str, what: str) -> Iterator[Recipe]:
    """Yield the recipe that changes amount to; nothing when they do not fit together."""
    edit = edit_of(file.tree.text, changes)
    if edit is not None and not new_syntax_errors(file.tree.text, edit.apply(file.tree.text), "go"):
        yield Recipe(edit=edit, name=name, what=what)
