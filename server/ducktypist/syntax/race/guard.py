"""Guards the variables of a data race with a lock, everywhere in a file that they are used.

Several ways, the more usual first; which of them work is found out by running them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter

from ducktypist.syntax.go_changes import Change, before, with_imports
from ducktypist.syntax.go_declared import FUNCTIONS, enclosing
from ducktypist.syntax.go_scopes import GoFile, Use, Variable, VariableKind
from ducktypist.syntax.parse import walk
from ducktypist.syntax.race import locks as race_locks
from ducktypist.syntax.race.locks import Lock
from ducktypist.syntax.race.regions import (
    Grain,
    Region,
    in_loop,
    inside,
    is_wait,
    regions,
    starts_goroutine,
    statements_in,
    thread_function,
)
from ducktypist.syntax.race.result import Recipe, recipe_of

_GRAINS = {
    Grain.WIDE: "",
    Grain.NARROW: ", statement by statement",
    Grain.WHOLE: ", in whole functions",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Job:
    """Everything that one way of guarding needs."""

    file: GoFile
    group: tuple[Variable, ...]
    uses: tuple[Use, ...]
    lock: Lock
    grain: Grain


def guards(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield ways to guard variables with one lock for all that live in one place."""
    groups = _groups(variables)
    whole = tuple(variables)
    if len(groups) == 1:
        yield from _with_locks(file, whole, _existing(file, whole), kind="existing_lock")
        yield from _with_locks(file, whole, _new(file, whole, rw=False), kind="mutex")
        yield from _with_locks(file, whole, _new(file, whole, rw=True), kind="rwmutex")
    else:
        # What is one variable under several names needs one lock.
        one = race_locks.new_package(file, whole, rw=False)
        yield from _with_locks(file, whole, race_locks.existing_locks(file, whole), kind="lock")
        yield from _with_locks(file, whole, [one], kind="package_mutex")
    if len(groups) == 1 and whole[0].kind is VariableKind.FIELD:
        one = race_locks.new_package(file, whole, rw=False)
        yield from _with_locks(file, whole, [one], kind="package_mutex")


def upgrades(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield the change that takes a lock for writing where it is written under a read lock."""
    changes: dict[int, Change] = {}
    lines: list[int] = []
    for use in _uses_of(file, variables):
        held = race_locks.held_at(file, use.node)
        if not use.strength or held is None or not held.is_read:
            continue
        lines.append(use.node.start_point[0] + 1)
        body = use.function.child_by_field_name("body")
        for call in walk(body) if body is not None else ():
            name, method = race_locks.lock_call(file, call)
            if name == held.name and method.startswith("R"):
                called = call.child_by_field_name("function")
                field = called.child_by_field_name("field") if called is not None else None
                if field is not None:
                    start = file.tree.offset(field.start_byte)
                    changes[start] = Change(start=start, end=start + 1, new_text="")
    if changes:
        what = f"line {lines[0]} takes the lock for writing"
        yield from recipe_of(file, list(changes.values()), name="write_lock", what=what)


def _existing(file: GoFile, group: Sequence[Variable]) -> list[Lock]:
    return race_locks.existing_locks(file, group)


def _new(file: GoFile, group: Sequence[Variable], *, rw: bool) -> list[Lock | None]:
    one = group[0]
    if one.kind is VariableKind.FIELD:
        return [race_locks.new_field(file, one.owner, group, rw=rw)]
    if one.kind is VariableKind.PACKAGE or any(
        race_locks.is_parameter(file, item) for item in group
    ):
        return [race_locks.new_package(file, group, rw=rw)]
    return [race_locks.new_local(file, group, rw=rw)]


def _groups(variables: Sequence[Variable]) -> set[tuple[VariableKind, str]]:
    return {(item.kind, item.owner) for item in variables}


def _with_locks(
    file: GoFile, group: tuple[Variable, ...], locks: Sequence[Lock | None], *, kind: str
) -> Iterator[Recipe]:
    uses = tuple(use for use in _uses_of(file, group) if not _is_fresh(file, use))
    for lock in locks:
        if lock is None:
            continue
        for grain in Grain:
            job = _Job(file=file, group=group, uses=uses, lock=lock, grain=grain)
            changes = _changes(job)
            if changes is None:
                continue
            names = " and ".join(f"`{name}`" for name in dict.fromkeys(v.name for v in group))
            what = f"{names} guarded with {lock.what}{_GRAINS[grain]}"
            yield from recipe_of(file, changes, name=f"{kind}:{grain.value}", what=what)


def _uses_of(file: GoFile, variables: Sequence[Variable]) -> list[Use]:
    wanted = set(variables)
    return [use for use in file.uses() if use.variable in wanted]


def _changes(job: _Job) -> list[Change] | None:
    """Return the changes that guard everything; None when that cannot be done in this way."""
    file, lock = job.file, job.lock
    found: list[Change] = []
    held: dict[int, tuple[Region, ...]] = {}
    functions, by_function = _unguarded(job)
    for key, uses in by_function.items():
        here = regions(file, uses, job.grain)
        if here is None and job.grain is Grain.WIDE:
            here = regions(file, uses, Grain.NARROW)
        if here is not None:
            held[key] = here
            continue
        copied = _copied_out(job, uses)
        if copied is None:
            return None
        found += copied
    covered = _called_with_the_lock(job, functions, held)
    for region in (item for key, here in held.items() if key not in covered for item in here):
        if len({lock.expression(use.base) for use in region.uses}) != 1:
            return None
        found += _held(job, region)
    if found and lock.is_field and lock.is_new:
        found += race_locks.pointer_receivers(file, job.group[0].owner, job.uses)
    return with_imports(file.tree, [*found, *lock.declared], ["sync"]) if found else None


def _unguarded(job: _Job) -> tuple[dict[int, tree_sitter.Node], dict[int, list[Use]]]:
    """Return the functions that use what is to be guarded without a lock, and their uses."""
    functions: dict[int, tree_sitter.Node] = {}
    uses: dict[int, list[Use]] = {}
    for use in job.uses:
        function = thread_function(job.file, use.node)
        if function is None or race_locks.held_at(job.file, use.node) is not None:
            continue
        if not _runs_alone(job, use, function):
            uses.setdefault(function.id, []).append(use)
            functions[function.id] = function
    return functions, uses


def _runs_alone(job: _Job, use: Use, function: tree_sitter.Node) -> bool:
    """Tell whether a function uses its own local while no goroutine of it runs.

    That is before it starts the first, and after it has waited for the last time. People do not
    lock there; whether that is right shows in the run.
    """
    variable, tree = use.variable, job.file.tree
    if variable.kind is not VariableKind.LOCAL or job.grain is Grain.WHOLE:
        return False
    if enclosing(tree.at(variable.declared_at), FUNCTIONS) != function:
        return False
    body = function.child_by_field_name("body")
    nodes = list(inside(job.file, body)) if body is not None else []
    started = [node.start_byte for node in nodes if starts_goroutine(job.file, node)]
    ended = [node.end_byte for node in nodes if is_wait(job.file, node)]
    if not started or use.node.end_byte <= started[0]:
        return not in_loop(use.node, function) or not started
    return bool(ended) and use.node.start_byte >= ended[-1] and started[-1] < ended[-1]


def _held(job: _Job, region: Region) -> Iterator[Change]:
    reading = not any(use.strength for use in region.uses)
    calls = job.lock.acquire(region.uses[0].base, reading=reading)
    holding = race_locks.hold(job.file, region.statements, calls)
    if region.is_deferred:
        yield from holding.deferred()
    else:
        yield from holding.plain(region.exits)


def _called_with_the_lock(
    job: _Job, functions: dict[int, tree_sitter.Node], held: dict[int, tuple[Region, ...]]
) -> set[int]:
    """Return the functions that are only called where the lock is held: they must not take it."""
    file = job.file
    found: set[int] = set()
    for key in held:
        own = file.name_of(functions[key]).rpartition(".")[2]
        if functions[key].type == "func_literal" or own[:1].isupper():
            continue
        calls = [call for call in walk(file.tree.root) if _calls(file, call, own)]
        if calls and all(_is_covered(call, held) or _is_held(file, call) for call in calls):
            found.add(key)
    return found


def _is_held(file: GoFile, call: tree_sitter.Node) -> bool:
    return race_locks.held_at(file, call) is not None


def _is_covered(call: tree_sitter.Node, held: dict[int, tuple[Region, ...]]) -> bool:
    return any(
        region.statements[0].start_byte <= call.start_byte < region.statements[-1].end_byte
        for here in held.values()
        for region in here
    ) and not (call.parent is not None and call.parent.type == "go_statement")


def _calls(file: GoFile, node: tree_sitter.Node, name: str) -> bool:
    called = node.child_by_field_name("function") if node.type == "call_expression" else None
    return called is not None and file.tree.text_of(called).rpartition(".")[2] == name


def _copied_out(job: _Job, uses: Sequence[Use]) -> list[Change] | None:
    """Take what a loop goes over, or a condition asks for, under the lock, and then use it.

    For statements over which the lock cannot be held, because they wait for something.
    """
    file, found = job.file, list[Change]()
    tree = file.tree
    for use in uses:
        parent = use.node.parent
        while parent is not None and parent.type not in {"range_clause", "if_statement", "block"}:
            parent = parent.parent
        if parent is None:
            return None
        statement = parent if parent.type == "if_statement" else parent.parent
        listed = statement.parent if statement is not None else None
        if statement is None or listed is None or listed.type != "statement_list":
            return None
        if parent.type == "range_clause":
            part = parent.child_by_field_name("right")
            kind = file.type_of(part) if part is not None else ""
            clone = "maps.Clone" if kind.startswith("map[") else "slices.Clone"
        elif parent.type == "if_statement" and not parent.child_by_field_name("initializer"):
            part, clone = parent.child_by_field_name("condition"), ""
        else:
            return None
        if part is None or not part.start_byte <= use.node.start_byte < part.end_byte:
            return None
        name = "current"
        calls = job.lock.acquire(use.base, reading=True)
        value = tree.text_of(part)
        taken = f"{name} := {clone}({value})" if clone else f"{name} := {value}"
        found.append(before(tree, statement, [calls[0], taken, calls[1]]))
        span = tree.span(part)
        found.append(Change(start=span.start, end=span.end, new_text=name))
        if clone:
            found = with_imports(tree, found, [clone.partition(".")[0]])
    return found


def _is_fresh(file: GoFile, use: Use) -> bool:
    """Tell whether a field belongs to a value that the function itself just made."""
    if use.variable.kind is not VariableKind.FIELD or not use.base.isidentifier():
        return False
    function = enclosing(use.node, FUNCTIONS)
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None or function.type == "func_literal":
        return False
    declared = file.declaration(use.node, use.base)
    holder = declared.parent.parent if declared is not None and declared.parent else None
    if holder is None or holder.type != "short_var_declaration":
        return False
    right = holder.child_by_field_name("right")
    text = file.tree.text_of(right) if right is not None else ""
    if not text.startswith((f"&{use.variable.owner}{{", f"{use.variable.owner}{{", "new(")):
        return False
    for statement in statements_in(body):
        if any(starts_goroutine(file, item) for item in walk(statement)):
            return use.node.start_byte < statement.start_byte
    return True
