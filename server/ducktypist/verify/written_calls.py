"""Calls of a function that stand in source text with literals for arguments: read, never run.

What ``behaviour`` compares versions on, where no test makes calls that could be recorded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from ducktypist.syntax.own_parser import module_of
from ducktypist.verify.behaviour_calls import Captured
from ducktypist.verify.calls import MAX_TEXT, Call, read_literal


def written_calls(sources: Iterable[str], *, root: Path, path: Path, function: str) -> Captured:
    """Return the calls that Python texts make of one function of one module.

    Blocking: it looks which folders are packages.

    Args:
        sources: Expressions or statements, such as ``f([1, 2]) == 3``.
        root: The workspace folder.
        path: The function's file, relative to it.
        function: Its qualified name; of methods nothing is known, for their objects are not.
    """
    calls: dict[Call, None] = {}
    for source in sources:
        tree = module_of(source) if "." not in function else None
        for node in ast.walk(tree) if tree is not None else ():
            call = _call(node, function)
            if call is not None:
                calls.setdefault(call)
    module, folder = _module(root, path)
    return Captured(
        calls=tuple(calls),
        module=module,
        places=tuple(dict.fromkeys((folder, "src", ""))),
        reason="" if calls else f"no call of `{function}` is written with literals",
    )


def _call(node: ast.AST, function: str) -> Call | None:
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            if name != function or any(keyword.arg is None for keyword in keywords):
                return None
        case _:
            return None
    texts = [ast.unparse(argument) for argument in arguments]
    named = [(str(keyword.arg), ast.unparse(keyword.value)) for keyword in keywords]
    try:
        for text in (*texts, *(value for _, value in named)):
            read_literal(text)
    except ValueError:
        return None
    if sum(map(len, texts)) + sum(len(value) for _, value in named) > MAX_TEXT:
        return None
    return Call(arguments=tuple(texts), keywords=tuple(named))


def _module(root: Path, path: Path) -> tuple[str, str]:
    """Return a module's dotted name and the folder, relative to the root, that it is found in."""
    folder, parts = path.parent, [] if path.stem == "__init__" else [path.stem]
    while folder != Path() and (root / folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts) or path.parent.name, folder.as_posix()
