"""Whether a function's text does anything besides computing: read, never run.

It errs on the careful side. What it cannot see (a helper that opens a file) shows when the function
is run twice, or is noticed from inside; see ``behaviour_driver``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeAlias

from ducktypist.syntax.own_parser import module_of

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_BUILTINS = {
    "open": "opens a file",
    "input": "reads the terminal",
    "breakpoint": "starts a debugger",
    "exec": "runs other code",
    "eval": "runs other code",
    "compile": "makes code",
    "__import__": "imports by name",
    "globals": "reaches its module's variables",
    "exit": "ends the process",
    "quit": "ends the process",
}
_MODULES = {
    "socket": "uses the network",
    "http": "uses the network",
    "urllib": "uses the network",
    "requests": "uses the network",
    "httpx": "uses the network",
    "aiohttp": "uses the network",
    "smtplib": "uses the network",
    "subprocess": "starts programs",
    "multiprocessing": "starts processes",
    "threading": "starts threads",
    "concurrent": "starts threads",
    "random": "draws random numbers",
    "secrets": "draws random numbers",
    "uuid": "draws random numbers",
    "time": "reads the clock",
    "shutil": "changes files",
    "tempfile": "changes files",
    "sqlite3": "uses a database",
    "ctypes": "reaches below Python",
    "signal": "changes how signals are handled",
}
"""Modules of which hardly anything is only computing."""
_METHODS = {
    "now": "reads the clock",
    "today": "reads the clock",
    "utcnow": "reads the clock",
    "read_text": "opens a file",
    "read_bytes": "opens a file",
    "write_text": "changes files",
    "write_bytes": "changes files",
    "unlink": "changes files",
    "mkdir": "changes files",
    "rmdir": "changes files",
}
_PURE_OF_OS = frozenset({"path", "sep", "fspath", "linesep", "PathLike", "pathsep", "curdir"})
_PURE_OF_PATH = frozenset(
    {"join", "basename", "dirname", "split", "splitext", "normpath", "commonpath", "commonprefix",
     "isabs", "relpath", "sep", "normcase", "splitdrive"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A function as it stands in a text."""

    node: FunctionNode
    owner: str
    """Qualified name of the class it belongs to; empty for none."""
    kind: str
    """``function``, ``method``, ``classmethod`` or ``staticmethod``."""

    @property
    def lines(self) -> tuple[int, ...]:
        """Lines that its code may name as its first: the head's, or the first decorator's."""
        return tuple({self.node.lineno, *(d.lineno for d in self.node.decorator_list)})


def find_function(text: str, function: str) -> Found | None:
    """Return the last definition of that qualified name; None when there is none to be called.

    A function within a function is none: nobody outside can call it.
    """
    scope: ast.AST | None = module_of(text)
    if scope is None:
        return None
    *owners, name = function.split(".")
    for part in owners:
        inner = [n for n in _members(scope) if isinstance(n, ast.ClassDef) and n.name == part]
        if not inner:
            return None
        scope = inner[-1]
    named = [
        n
        for n in _members(scope)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name
    ]
    if not named:
        return None
    node = named[-1]
    return Found(node=node, owner=".".join(owners), kind=_kind(node, is_inside=bool(owners)))


def impurity(found: Found) -> str:
    """Return what it does besides computing, such as ``opens a file``; empty for nothing seen."""
    own = _own_names(found.node)
    for node in ast.walk(found.node):
        if why := _of_node(node, own):
            return why
    return ""


def _own_names(node: FunctionNode) -> set[str]:
    """Return the names of parameters and variables: a parameter ``time`` is not the module."""
    names = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
    return names


def _members(scope: ast.AST) -> list[ast.stmt]:
    """Return a module's or class's statements, those under ``if`` and ``try`` included."""
    members: list[ast.stmt] = []
    waiting: list[ast.stmt] = list(getattr(scope, "body", []))
    while waiting:
        node = waiting.pop(0)
        members.append(node)
        if isinstance(node, ast.If | ast.Try | ast.With):
            inner = [*node.body, *getattr(node, "orelse", [])]
            for handler in getattr(node, "handlers", []):
                inner += handler.body
            waiting = [*inner, *waiting]
    return members


def _kind(node: FunctionNode, *, is_inside: bool) -> str:
    names = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
    if not is_inside:
        return "function"
    for word in ("classmethod", "staticmethod"):
        if word in names:
            return word
    return "staticmethod" if node.name == "__new__" else "method"


def _of_node(node: ast.AST, own: set[str]) -> str:
    match node:
        case ast.Global():
            return "writes its module's variables"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            return "waits for others"
        case ast.Call(func=ast.Name(id=name)):
            return _BUILTINS.get(name, "")
        case ast.Import() | ast.ImportFrom():
            return _of_import(node)
        case ast.Attribute():
            return _of_attribute(node, own)
        case _:
            return ""


def _of_attribute(node: ast.Attribute, own: set[str]) -> str:
    match node:
        case ast.Attribute(attr=name) if name in _METHODS:
            return _METHODS[name]
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="os"), attr="path"), attr=name):
            return "" if name in _PURE_OF_PATH else "looks at files"
        case ast.Attribute(value=ast.Name(id="os"), attr=name):
            return "" if name in _PURE_OF_OS else "reaches the system (os)"
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module not in own:
            return _of_module(f"{module}.{name}")
    return ""


def _of_import(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module or ''}.{alias.name}" for alias in node.names]
    else:
        names = [alias.name for alias in node.names]
    return next((why for name in names if (why := _of_module(name))), "")


def _of_module(dotted: str) -> str:
    if dotted.startswith("urllib.parse"):
        return ""
    return _MODULES.get(dotted.partition(".")[0], "")
