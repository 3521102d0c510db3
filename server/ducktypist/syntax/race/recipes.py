"""Known ways to remove a data race from a Go file, made without asking a model.

From the lines that race to whole edits. A recipe knows nothing of the program's meaning: what it
breaks, a deadlock included, is found out by running it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ducktypist.syntax.go_declared import is_synchronizing
from ducktypist.syntax.go_scopes import GoFile, Use, Variable, VariableKind
from ducktypist.syntax.race.guard import guards, upgrades
from ducktypist.syntax.race.order import copied_before_start, signalled_last, waited_for
from ducktypist.syntax.race.result import Recipe
from ducktypist.syntax.race.values import atomics, copied_out, once, returned


@dataclass(frozen=True, slots=True, kw_only=True)
class RacingLine:
    """One side of a data race in one file."""

    line: int
    """1-based."""
    is_write: bool


def racing_variables(text: str, races: Sequence[Sequence[RacingLine]]) -> tuple[Variable, ...]:
    """Return the variables that races are about, as far as their lines tell.

    Args:
        text: The file's text.
        races: For each race its sides in this file, one or two.
    """
    file = GoFile.of(text)
    if file is None:
        return ()
    uses = file.uses()
    found: dict[Variable, None] = {}
    # Where the detector lost one side's stack, there is less to go by.
    whole = [sides for sides in races if len(sides) > 1] or races
    for sides in whole:
        found.update(dict.fromkeys(_of_race(file, uses, sides)))
    return tuple(variable for variable in found if not _is_part(uses, variable, found))


def race_recipes(text: str, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield recipes against races about these variables, the more usual first, none twice."""
    file = GoFile.of(text)
    if file is None or not variables:
        return
    seen: set[str] = set()
    for recipe in _all(file, variables):
        patched = recipe.edit.apply(text)
        if patched not in seen:
            seen.add(patched)
            yield recipe


def _all(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    yield from upgrades(file, variables)
    yield from signalled_last(file, variables)
    yield from waited_for(file, variables)
    yield from copied_before_start(file, variables)
    yield from once(file, variables)
    aliased = [item for item in returned(file) if item not in variables]
    for group in _alternatives(variables):
        ways = list(guards(file, group))
        # What is there is used before anything new; then the usual grain of each way.
        usual = [way for way in ways if way.name.endswith(":wide")]
        yield from (way for way in usual if not way.name.startswith("rwmutex"))
        if group == tuple(variables):
            yield from atomics(file, group)
            yield from copied_out(file, [*group, *aliased])
        yield from (way for way in ways if way not in usual)
        yield from (way for way in usual if way.name.startswith("rwmutex"))


def _alternatives(variables: Sequence[Variable]) -> Iterator[tuple[Variable, ...]]:
    """Yield what may have to be guarded: all of it, then each place's on its own."""
    whole = tuple(variables)
    yield whole
    groups: dict[tuple[VariableKind, str], list[Variable]] = {}
    for variable in whole:
        groups.setdefault((variable.kind, variable.owner), []).append(variable)
    if len(groups) > 1:
        for group in groups.values():
            yield tuple(group)


def _is_part(uses: Sequence[Use], variable: Variable, others: Iterable[Variable]) -> bool:
    """Tell whether a field is only reached through another variable, which stands for it."""
    bases = {use.base.rpartition(".")[2] for use in uses if use.variable == variable}
    names = {other.name for other in others if other.kind is VariableKind.FIELD}
    is_field = variable.kind is VariableKind.FIELD
    return is_field and bool(bases) and bases <= names - {variable.name}


def _of_race(file: GoFile, uses: list[Use], sides: Sequence[RacingLine]) -> Iterable[Variable]:
    of_sides = [
        [
            use
            for use in file.uses_on(side.line, uses)
            if not is_synchronizing(use.variable.type_text)
        ]
        for side in sides
    ]
    of_sides = [side for side in of_sides if side]
    if not of_sides:
        return []
    strengths: dict[Variable, int] = {}
    for use in (use for side in of_sides for use in side):
        strengths[use.variable] = max(use.strength, strengths.get(use.variable, 0))
    common = [
        variable
        for variable in strengths
        if all(any(use.variable == variable for use in side) for side in of_sides)
    ]
    if common:
        most = max(strengths[variable] for variable in common)
        return [variable for variable in common if strengths[variable] == most]
    # One variable under two names: what each side writes, or all that it reads.
    found: list[Variable] = []
    for side in of_sides:
        most = max(use.strength for use in side)
        found += [use.variable for use in side if use.strength == most]
    return found
