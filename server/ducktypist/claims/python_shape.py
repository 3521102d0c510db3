"""What Python's syntax shows of the functions in a text: parameters, what they return and raise.

Read with Python's own parser, never run. A text of another language, or one that does not parse
even when its indentation is taken away, shows nothing.
"""

from __future__ import annotations

import ast
import functools
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ducktypist.syntax.own_parser import FAILURES, module_of

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

NUMBER, STRING, BOOL, NONE = "number", "string", "bool", "none"
VALUE = "value"
"""Of any kind, but a value."""
LIST, DICT, SET, TUPLE, GENERATOR = "list", "dict", "set", "tuple", "generator"

_CALLS = {
    "len": NUMBER, "sum": "", "int": NUMBER, "float": NUMBER, "round": NUMBER, "ord": NUMBER,
    "str": STRING, "repr": STRING, "chr": STRING, "hex": STRING, "bin": STRING, "format": STRING,
    "bool": BOOL, "isinstance": BOOL, "any": BOOL, "all": BOOL, "callable": BOOL,
    "list": LIST, "sorted": LIST, "dict": DICT, "set": SET, "tuple": TUPLE,
}  # fmt: skip
_METHODS = {
    "join": STRING, "strip": STRING, "lower": STRING, "upper": STRING, "split": LIST,
    "splitlines": LIST, "startswith": BOOL, "endswith": BOOL, "isdigit": BOOL, "keys": "",
}  # fmt: skip
_ANNOTATIONS = {
    "int": NUMBER, "float": NUMBER, "complex": NUMBER, "str": STRING, "bool": BOOL, "None": NONE,
    "list": LIST, "List": LIST, "dict": DICT, "Dict": DICT, "set": SET, "Set": SET,
    "tuple": TUPLE, "Tuple": TUPLE, "Iterator": GENERATOR, "Generator": GENERATOR,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionShape:
    """One function as its text shows it."""

    name: str
    n_required: int
    """Parameters that must be given, without ``self`` and ``cls``."""
    n_parameters: int | None
    """All of them; None where any number may be given."""
    kinds: frozenset[str] | None
    """What kinds of values it returns; None where the text does not tell of all of them."""
    returned: tuple[str, ...]
    """The returned or yielded expressions, and the annotation."""
    some_kinds: frozenset[str]
    """Those kinds that the text does tell of."""
    gives_value: bool
    """Whether a value other than None stands in a ``return``."""
    raised: frozenset[str]
    """The names of exceptions in its ``raise`` statements."""
    caught: frozenset[str]
    """The names of exceptions in its ``except`` clauses."""
    may_raise: bool
    """Whether it calls, looks up or divides anything, or raises."""


def functions_of(code: str) -> tuple[FunctionShape, ...]:
    """Return the functions of a Python text, outer ones first. Never raises."""
    return _functions(code)


def exit_codes(code: str) -> frozenset[int] | None:
    """Return the numbers that Python text exits with; None where one is not written out."""
    tree = _tree(code)
    found: set[int] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "sys.exit",
            "exit",
            "os._exit",
        }:
            match node.args:
                case [ast.Constant(value=int() as number)]:
                    found.add(number)
                case _:
                    return None
    return frozenset(found)


def list_lengths(code: str) -> frozenset[int]:
    """Return how many elements the lists, tuples, sets and dicts have that are written out."""
    tree = _tree(code)
    found: set[int] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            found.add(len(node.elts))
        elif isinstance(node, ast.Dict):
            found.add(len(node.keys))
        elif isinstance(node, ast.Call):
            found.add(len(node.args) + len(node.keywords))
    return frozenset(found)


@functools.lru_cache(maxsize=32)
def _functions(code: str) -> tuple[FunctionShape, ...]:
    tree = _tree(code)
    if tree is None:
        return ()
    found = [node for node in ast.walk(tree) if isinstance(node, FunctionNode)]
    try:
        return tuple(map(_shape, found))
    except FAILURES:
        return ()


@functools.lru_cache(maxsize=32)
def _tree(code: str) -> ast.Module | None:
    tree = module_of(code)
    return tree if tree is not None else module_of(textwrap.dedent(code))


def _shape(node: FunctionNode) -> FunctionShape:
    arguments = node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    is_bound = bool(names) and names[0] in {"self", "cls"}
    n_parameters = len(names) + len(arguments.kwonlyargs) - is_bound
    n_defaults = len(arguments.defaults) + sum(d is not None for d in arguments.kw_defaults)
    own = list(_own(node))
    returns = [part.value for part in own if isinstance(part, ast.Return)]
    yields = [part.value for part in own if isinstance(part, ast.Yield)]
    values = [value for value in (*returns, *yields) if value is not None]
    written = [ast.unparse(value) for value in values]
    if node.returns is not None:
        written.append(ast.unparse(node.returns))
    return FunctionShape(
        name=node.name,
        n_required=max(0, n_parameters - n_defaults),
        n_parameters=None if arguments.vararg or arguments.kwarg else n_parameters,
        kinds=_kinds(node, own, returns),
        returned=tuple(written),
        some_kinds=frozenset(
            kind for value in values if (kind := _kind(value, _assigned(own))) not in {"", VALUE}
        ),
        gives_value=bool(yields)
        or any(value is not None and _kind(value, {}) != NONE for value in returns),
        raised=frozenset(
            name for part in own if isinstance(part, ast.Raise) for name in _names(part.exc)
        ),
        caught=frozenset(
            name
            for part in own
            if isinstance(part, ast.ExceptHandler)
            for name in _names(part.type)
        ),
        may_raise=any(
            isinstance(
                part, ast.Call | ast.Raise | ast.Subscript | ast.BinOp | ast.Attribute | ast.For
                | ast.Import | ast.ImportFrom | ast.With | ast.Assert | ast.AugAssign,
            )
            for part in own
        ),
    )  # fmt: skip


def _own(node: FunctionNode) -> Iterator[ast.AST]:
    """Yield what stands in a function, without what stands in functions within it."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, FunctionNode | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(part))


def _names(node: ast.expr | None) -> list[str]:
    match node:
        case ast.Call(func=inner):
            return _names(inner)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [name]
        case ast.Tuple(elts=parts):
            return [name for part in parts for name in _names(part)]
        case _:
            return []


def _kinds(
    node: FunctionNode, own: list[ast.AST], returns: list[ast.expr | None]
) -> frozenset[str] | None:
    if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own):
        return frozenset({GENERATOR})
    assigned = _assigned(own)
    kinds = [NONE if value is None else _kind(value, assigned) for value in returns]
    if not _ends(node.body):
        kinds.append(NONE)
    if all(kinds):
        return frozenset(kinds)
    return _annotated(node.returns)


def _annotated(annotation: ast.expr | None) -> frozenset[str] | None:
    match annotation:
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            kinds = _annotated(inner)
            return kinds | {NONE} if kinds is not None else None
        case ast.Subscript(value=inner):
            return _annotated(inner)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            one, other = _annotated(left), _annotated(right)
            return one | other if one is not None and other is not None else None
        case ast.Name(id=name) if name in _ANNOTATIONS:
            return frozenset({_ANNOTATIONS[name]})
        case ast.Constant(value=None):
            return frozenset({NONE})
        case _:
            return None


def _ends(body: list[ast.stmt]) -> bool:  # noqa: PLR0911 - one way out for each statement
    """Tell whether a body never falls off its end, as far as that is certain."""
    match body[-1] if body else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=one, orelse=other):
            return bool(other) and _ends(one) and _ends(other)
        case ast.With(body=inner) | ast.AsyncWith(body=inner):
            return _ends(inner)
        case ast.While(test=ast.Constant(value=True)):
            return True
        case ast.Try(body=one, orelse=other, finalbody=last, handlers=handlers):
            whole = _ends(other) if other else _ends(one)
            return (bool(last) and _ends(last)) or (whole and all(_ends(h.body) for h in handlers))
        case ast.Match():
            return True
        case _:
            return False


def _assigned(own: list[ast.AST]) -> dict[str, str]:
    """Return the kinds of variables that are given one kind of value only."""
    found: dict[str, set[str]] = {}
    for part in own:
        match part:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, set()).add(_kind(value, {}))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                kinds = _annotated(annotation)
                found.setdefault(name, set()).add(
                    next(iter(kinds)) if kinds is not None and len(kinds) == 1 else ""
                )
            case ast.Name(id=name, ctx=ast.Store()):
                found.setdefault(name, set())
            case _:
                pass
    stored = [p.id for p in own if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)]
    n_plain = {
        name: sum(
            isinstance(p, ast.Assign | ast.AnnAssign | ast.AugAssign) and name in _targets(p)
            for p in own
        )
        for name in found
    }
    # What a loop or a `with` gives to a name is of any kind.
    return {
        name: next(iter(kinds))
        for name, kinds in found.items()
        if len(kinds) == 1 and stored.count(name) == n_plain[name]
    }


def _targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _kind(node: ast.expr, assigned: dict[str, str]) -> str:  # noqa: C901, PLR0911, PLR0912 - one way out for each node
    match node:
        case ast.Constant(value=value):
            return _kind_of_value(value)
        case ast.List() | ast.ListComp():
            return LIST
        case ast.Dict() | ast.DictComp():
            return DICT
        case ast.Set() | ast.SetComp():
            return SET
        case ast.Tuple():
            return TUPLE
        case ast.GeneratorExp():
            return GENERATOR
        case ast.JoinedStr():
            return STRING
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return BOOL
        case ast.BoolOp(values=values):
            return _only({_kind(value, assigned) for value in values})
        case ast.IfExp(body=one, orelse=other):
            return _only({_kind(one, assigned), _kind(other, assigned)})
        case ast.Call(func=ast.Name(id=name)):
            return _CALLS.get(name, "")
        case ast.Call(func=ast.Attribute(attr=name)):
            return _METHODS.get(name, "")
        case ast.BinOp():
            return VALUE
        case ast.Name(id=name):
            return assigned.get(name, "")
        case _:
            return ""


def _kind_of_value(value: object) -> str:
    match value:
        case bool():
            return BOOL
        case int() | float() | complex():
            return NUMBER
        case str():
            return STRING
        case None:
            return NONE
        case _:
            return ""


def _only(kinds: set[str]) -> str:
    return next(iter(kinds)) if len(kinds) == 1 else ""
