"""Which lock guards a group of variables in a Go file: one that is there, or one to be declared.

It also tells which uses are guarded already. Where to hold the lock is ``regions``' matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import tree_sitter

from ducktypist.syntax.go_changes import Change, after, at_top, before, insertion
from ducktypist.syntax.go_declared import FUNCTIONS, bare, enclosing
from ducktypist.syntax.go_scopes import ELSEWHERE, GoFile, Use, Variable, VariableKind
from ducktypist.syntax.parse import walk
from ducktypist.syntax.race.regions import chain_of, inside

_LOCK_TYPES = frozenset({"sync.Mutex", "sync.RWMutex"})
_CALL = re.compile(r"(?P<lock>.+)\.(?P<method>R?(?:Lock|Unlock))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock: how to name it, and what has to be declared first."""

    name: str
    """The field's or variable's name; empty for one that is embedded."""
    is_field: bool
    is_rw: bool
    declared: tuple[Change, ...] = ()
    what: str = ""
    """For a person, such as ``a new field `mu` of `Counter` ``."""

    @property
    def is_new(self) -> bool:
        """Whether it is not there yet."""
        return bool(self.declared)

    def expression(self, base: str) -> str:
        """Return how code with this base (``c`` in ``c.hits``) names the lock."""
        if not self.is_field:
            return self.name
        return f"{base}.{self.name}" if self.name else base

    def acquire(self, base: str, *, reading: bool) -> tuple[str, str]:
        """Return the calls that take it and let it go."""
        kind = "R" if self.is_rw and reading else ""
        name = self.expression(base)
        return f"{name}.{kind}Lock()", f"{name}.{kind}Unlock()"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A lock that is held at some place."""

    name: str
    """As written, such as ``c.mu``."""
    is_read: bool
    """Whether it is held for reading only."""
    call: tree_sitter.Node
    """Where it was taken."""


def existing_locks(file: GoFile, group: Sequence[Variable]) -> list[Lock]:
    """Return the locks that lie where the variables do, as candidates for guarding them."""
    one = group[0]
    if one.declared_at == ELSEWHERE:
        return [
            Lock(name=name, is_field=True, is_rw=is_rw, what=f"the lock that `{one.owner}` has")
            for name, is_rw in _locks_used(file, one.owner).items()
        ] + _package_locks(file)
    if one.kind is VariableKind.FIELD:
        fields = file.fields.get(one.owner, {}).values()
        return [
            Lock(
                name=field.name if field.name != bare(field.type_text).rpartition(".")[2] else "",
                is_field=True,
                is_rw=field.type_text.endswith("RWMutex"),
                what=f"the lock that `{one.owner}` has",
            )
            for field in fields
            if field.type_text.lstrip("*") in _LOCK_TYPES
        ] + _package_locks(file)
    if one.kind is VariableKind.PACKAGE:
        return _package_locks(file)
    return [
        Lock(
            name=use.name,
            is_field=False,
            is_rw=use.type_text.endswith("RWMutex"),
            what=f"the lock `{use.name}`",
        )
        for use in {found.variable.name: found.variable for found in file.uses()}.values()
        if use.kind is VariableKind.LOCAL
        and use.owner == one.owner
        and use.type_text.lstrip("*") in _LOCK_TYPES
    ] + _package_locks(file)


def new_field(file: GoFile, owner: str, group: Sequence[Variable], *, rw: bool) -> Lock | None:
    """Return a lock that becomes a field of a struct, right above the fields that it guards."""
    listed = file.structs.get(owner)
    if listed is None:
        return None
    tree = file.tree
    name = _free_name("mu", group, set(file.fields[owner]))
    names = {variable.name for variable in group}
    first = next(
        (
            item
            for item in listed.named_children
            if item.type == "field_declaration"
            and {tree.text_of(part) for part in item.children_by_field_name("name")} & names
        ),
        None,
    )
    if first is None:
        return None
    kind = "sync.RWMutex" if rw else "sync.Mutex"
    return Lock(
        name=name,
        is_field=True,
        is_rw=rw,
        declared=(before(tree, first, [f"{name} {kind}"]),),
        what=f"a new field `{name}` of `{owner}`",
    )


def new_package(file: GoFile, group: Sequence[Variable], *, rw: bool) -> Lock | None:
    """Return a lock that becomes a package variable, beside the first variable it guards."""
    tree = file.tree
    name = _free_name(f"{_lowered(group[0].owner or group[0].name)}Mu", group, set(file.package))
    kind = "sync.RWMutex" if rw else "sync.Mutex"
    places = [
        node
        for node in tree.root.children
        if tree.offset(node.start_byte) <= group[0].declared_at <= tree.offset(node.end_byte)
    ]
    if group[0].declared_at == ELSEWHERE:
        places = [node for node in tree.root.children if node.type in FUNCTIONS][:1]
    if not places:
        return None
    if places[0].type in FUNCTIONS:
        top = places[0]
        while (above := top.prev_named_sibling) is not None and above.type == "comment":
            if above.end_point[0] + 1 != top.start_point[0]:
                break
            top = above
        declared = insertion(tree.offset(top.start_byte), f"var {name} {kind}\n\n")
    else:
        declared = insertion(tree.offset(places[0].end_byte), f"\n\nvar {name} {kind}")
    what = f"a new package variable `{name}`"
    return Lock(name=name, is_field=False, is_rw=rw, declared=(declared,), what=what)


def new_local(file: GoFile, group: Sequence[Variable], *, rw: bool) -> Lock | None:
    """Return a lock that becomes a local variable, right above the first variable it guards."""
    tree = file.tree
    at = min(variable.declared_at for variable in group)
    node = tree.at(at)
    function = enclosing(node, FUNCTIONS)
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None:
        return None
    taken = set(re.findall(r"\w+", tree.text_of(function)))
    name = _free_name("mu", group, taken)
    line = f"var {name} {'sync.RWMutex' if rw else 'sync.Mutex'}"
    chain = chain_of(node, function)
    declared = before(tree, chain[-1], [line]) if chain else at_top(tree, body, [line])
    what = f"a new local `{name}`"
    return Lock(name=name, is_field=False, is_rw=rw, declared=(declared,), what=what)


def is_parameter(file: GoFile, variable: Variable) -> bool:
    """Tell whether each call has a variable of its own, so that a lock beside it guards nothing."""
    node = file.tree.at(variable.declared_at)
    return enclosing(node, frozenset({"parameter_list"})) is not None


def pointer_receivers(file: GoFile, owner: str, uses: Iterable[Use]) -> list[Change]:
    """Return the changes by which methods that use a struct's fields no longer work on copies."""
    tree, found = file.tree, {}
    for use in uses:
        method = use.function
        while method.type == "func_literal" and (outer := enclosing(method, FUNCTIONS)) is not None:
            method = outer
        receiver = method.child_by_field_name("receiver")
        if receiver is None or method.id in found:
            continue
        for item in receiver.named_children:
            kind = item.child_by_field_name("type")
            if kind is not None and tree.text_of(kind) == owner:
                found[method.id] = insertion(tree.offset(kind.start_byte), "*")
    return list(found.values())


def held_at(file: GoFile, node: tree_sitter.Node) -> Held | None:
    """Return a lock that the function around ``node`` holds there, as far as its text says."""
    function = enclosing(node, FUNCTIONS)
    body = function.child_by_field_name("body") if function is not None else None
    if body is None:
        return None
    held: dict[str, Held] = {}
    for call in inside(file, body):
        if call.start_byte >= node.start_byte:
            break
        name, method = lock_call(file, call)
        if not name:
            continue
        is_deferred = call.parent is not None and call.parent.type == "defer_statement"
        if method.endswith("Unlock"):
            if not is_deferred and _ends_for(call, node):
                held.pop(name, None)
        elif not is_deferred and _ends_for(call, node):
            held[name] = Held(name=name, is_read=method.startswith("R"), call=call)
    return next(iter(held.values()), None)


def lock_call(file: GoFile, call: tree_sitter.Node) -> tuple[str, str]:
    """Return what is locked or unlocked by a call and the method; two empty texts otherwise."""
    called = call.child_by_field_name("function") if call.type == "call_expression" else None
    match = _CALL.fullmatch(file.tree.text_of(called)) if called is not None else None
    return (match["lock"], match["method"]) if match else ("", "")


def hold(file: GoFile, statements: Sequence[tree_sitter.Node], calls: tuple[str, str]) -> _Holding:
    """Begin the changes that hold a lock over statements."""
    return _Holding(file=file, statements=tuple(statements), calls=calls)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Holding:
    file: GoFile
    statements: tuple[tree_sitter.Node, ...]
    calls: tuple[str, str]

    def deferred(self) -> Iterator[Change]:
        """Yield the changes that let go when the function returns."""
        acquire, release = self.calls
        yield before(self.file.tree, self.statements[0], [acquire, f"defer {release}"])

    def plain(self, exits: Iterable[tree_sitter.Node]) -> Iterator[Change]:
        """Yield the changes that let go after the last statement, and before each exit."""
        acquire, release = self.calls
        tree = self.file.tree
        yield before(tree, self.statements[0], [acquire])
        for leaving in exits:
            yield before(tree, leaving, [release])
        if self.statements[-1].type not in {"return_statement", "continue_statement"}:
            yield after(tree, self.statements[-1], [release])


def _ends_for(call: tree_sitter.Node, node: tree_sitter.Node) -> bool:
    """Tell whether a call's effect lasts at ``node``: it stands in a block around it."""
    block = enclosing(call, frozenset({"statement_list"}))
    return block is not None and block.start_byte <= node.start_byte < block.end_byte


def _locks_used(file: GoFile, owner: str) -> dict[str, bool]:
    """Return the locks that the methods of a struct take, and whether any takes it for reading."""
    found: dict[str, bool] = {}
    for function in file.functions():
        receiver = function.child_by_field_name("receiver")
        if receiver is None or file.name_of(function).partition(".")[0] != owner:
            continue
        for node in walk(function):
            base, _, field = lock_call(file, node)[0].rpartition(".")
            if base and base in file.tree.text_of(receiver).strip("()").split():
                is_read = lock_call(file, node)[1].startswith("R")
                found[field] = found.get(field, False) or is_read
    return found


def _package_locks(file: GoFile) -> list[Lock]:
    return [
        Lock(
            name=variable.name,
            is_field=False,
            is_rw=variable.type_text.endswith("RWMutex"),
            what=f"the lock `{variable.name}`",
        )
        for variable in file.package.values()
        if variable.type_text.lstrip("*") in _LOCK_TYPES
    ]


def _free_name(wanted: str, group: Sequence[Variable], taken: set[str]) -> str:
    names = [wanted, f"{_lowered(group[0].name)}Mu", *(f"{wanted}{n}" for n in range(2, 100))]
    return next(name for name in names if name not in taken and name.isidentifier())


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:] if name != "*" else "value"
