"""Python names and calls that cannot work, by scope analysis; nothing is imported or executed.

Conservative: whatever could be defined at run time in a way that the text does not show (star
imports, ``globals()``, ``exec``) makes the analysis give up quietly.
"""

from __future__ import annotations

import ast
import builtins
import functools
import symtable
from collections import Counter
from collections.abc import Iterator

from ducktypist.syntax.own_parser import FAILURES, alone, module_of

MAX_ANALYSED_CHARACTERS = 400_000
"""A longer text is not analysed: it would take seconds for each candidate."""
_MODULE_NAMES = {
    "__annotations__",
    "__builtins__",
    "__cached__",
    "__class__",
    "__dict__",
    "__doc__",
    "__file__",
    "__loader__",
    "__module__",
    "__name__",
    "__package__",
    "__path__",
    "__qualname__",
    "__spec__",
    "__debug__",
    "__firstlineno__",
    "__static_attributes__",
    "__type_params__",
    "__conditional_annotations__",
    "__classdict__",
    # Only on some systems and versions.
    "WindowsError",
    "ExceptionGroup",
    "BaseExceptionGroup",
    "EncodingWarning",
    "PythonFinalizationError",
    "aiter",
    "anext",
    # Injected by site, gettext and interactive shells.
    "_",
    "exit",
    "quit",
    "copyright",
    "credits",
    "license",
    "reveal_type",
    "reveal_locals",
}
_DYNAMIC = {"exec", "execfile", "globals", "locals", "vars", "eval"}


def parse_python(text: str) -> ast.Module | None:
    """Return Python's own tree of ``text``, None when it has none; prints and runs nothing.

    The tree is shared between callers and not to be changed.
    """
    if len(text) > MAX_ANALYSED_CHARACTERS:
        return module_of(text)
    return _parsed_cached(text)


@functools.lru_cache(maxsize=8)
def _parsed_cached(text: str) -> ast.Module | None:
    return module_of(text)


@functools.lru_cache(maxsize=32)
def undefined_names(text: str) -> tuple[str, ...] | None:
    """Return the names that nothing defines, sorted; None when that cannot be told."""
    if len(text) > MAX_ANALYSED_CHARACTERS:
        return None
    tree = parse_python(text)
    if tree is None:
        return None
    with alone():
        try:
            table = symtable.symtable(text.removeprefix("\ufeff"), "<text>", "exec")
            tables = list(_tables(table))
        except FAILURES:
            return None
    if _is_dynamic(tree):
        return ()
    defined = _MODULE_NAMES | set(dir(builtins)) | _guarded(tree)
    defined |= {s.get_name() for s in table.get_symbols() if _binds(s)}
    used: set[str] = set()
    for scope in tables:
        for symbol in scope.get_symbols():
            if symbol.is_declared_global() and _binds(symbol):
                defined.add(symbol.get_name())
            if scope is not table and (_binds(symbol) or symbol.is_parameter()):
                # Python 3.11 takes a function named ``top`` for the module.
                continue
            if symbol.is_referenced() and symbol.is_global():
                used.add(symbol.get_name())
    return tuple(sorted(used - defined))


@functools.lru_cache(maxsize=32)
def arity_errors(text: str) -> tuple[str, ...] | None:
    """Return a message for each call that its function's signature refuses, in source order.

    Only plain calls of undecorated module-level functions whose name is bound once in the file;
    None when the text does not parse or is too long.
    """
    if len(text) > MAX_ANALYSED_CHARACTERS:
        return None
    tree = parse_python(text)
    if tree is None:
        return None
    if _is_dynamic(tree):
        return ()
    n_bindings = Counter(_bound_names(tree))
    signatures = {
        node.name: node.args
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.decorator_list
        and n_bindings[node.name] == 1
    }
    found = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            arguments = signatures.get(call.func.id)
            problem = _refusal(call, arguments) if arguments else None
            if problem:
                found.append(f"{call.func.id}: {problem}")
    return tuple(found)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    stack = [table]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(current.get_children())


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _is_dynamic(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            return True
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _DYNAMIC
        ):
            return True
    return False


def _guarded(tree: ast.Module) -> set[str]:
    """Return names used where a ``NameError`` is expected, and names that ``del`` mentions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_catches_name_error(h) for h in node.handlers):
            for statement in node.body:
                names |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.Delete):
            names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names


def _catches_name_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
    return bool(caught & {"NameError", "Exception", "BaseException"})


def _bound_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def _refusal(call: ast.Call, arguments: ast.arguments) -> str | None:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(
        k.arg is None for k in call.keywords
    ):
        return None
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    only_positional = {a.arg for a in arguments.posonlyargs}
    keyword_only = [a.arg for a in arguments.kwonlyargs]
    given = [k.arg for k in call.keywords if k.arg is not None]
    if len(call.args) > len(positional) and arguments.vararg is None:
        return f"takes {len(positional)} positional arguments, {len(call.args)} given"
    accepted = (set(positional) - only_positional) | set(keyword_only)
    unknown = [name for name in given if name not in accepted]
    if unknown and arguments.kwarg is None:
        return f"has no parameter {unknown[0]!r}"
    twice = [n for n in given if n in positional[: len(call.args)] and n not in only_positional]
    if twice:
        return f"gets {twice[0]!r} twice"
    required = positional[: len(positional) - len(arguments.defaults)]
    missing = [n for n in required[len(call.args) :] if n not in given or n in only_positional]
    missing += [
        name
        for name, default in zip(keyword_only, arguments.kw_defaults, strict=True)
        if default is None and name not in given
    ]
    return f"misses {missing[0]!r}" if missing else None
