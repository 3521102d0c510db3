"""Imports of the standard library that a Python file lacks, and the text with them.

Only names that everybody knows and that nothing in the file binds. Pure functions of text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from ducktypist.syntax.names import undefined_names
from ducktypist.syntax.own_parser import module_of

_MODULES = frozenset(
    {
        *("bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools"),
        *("heapq", "itertools", "json", "math", "operator", "os", "random", "re", "statistics"),
        *("string", "sys", "textwrap", "time", "unicodedata", "calendar", "cmath", "hashlib"),
    }
)
_MEMBERS = {
    **dict.fromkeys(("Counter", "OrderedDict", "defaultdict", "deque", "ChainMap"), "collections"),
    **dict.fromkeys(("reduce", "lru_cache", "cmp_to_key", "partial"), "functools"),
    **dict.fromkeys(
        ("chain", "combinations", "permutations", "accumulate", "zip_longest", "groupby"),
        "itertools",
    ),
    **dict.fromkeys(("combinations_with_replacement", "takewhile", "dropwhile"), "itertools"),
    **dict.fromkeys(("heappush", "heappop", "heapify", "nlargest", "nsmallest"), "heapq"),
    **dict.fromkeys(("bisect_left", "bisect_right", "insort"), "bisect"),
    **dict.fromkeys(("sqrt", "ceil", "floor", "gcd", "factorial", "isclose"), "math"),
    "Decimal": "decimal",
    "Fraction": "fractions",
    "deepcopy": "copy",
    "timedelta": "datetime",
    **dict.fromkeys(("ascii_lowercase", "ascii_uppercase", "ascii_letters"), "string"),
}
"""Names that come from one module and no other."""
_HEADER = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*")


def missing_python_imports(text: str) -> tuple[str, ...]:
    """Return the import statements that would define undefined names of a file, sorted.

    A module's name counts where something of it is used (``math.``); some functions and classes
    that come from one module only count, too. Nothing for a text that does not parse.
    """
    found = []
    for name in undefined_names(text) or ():
        if name in _MODULES and re.search(rf"(?<![\w.]){name}[ \t]*\.", text):
            found.append(f"import {name}")
        elif name in _MEMBERS and re.search(rf"(?<![\w.]){name}\b", text):
            found.append(f"from {_MEMBERS[name]} import {name}")
    return tuple(sorted(found))


def with_python_imports(text: str, statements: Iterable[str]) -> str:
    """Return a file with these import statements below its other imports, or at its top."""
    wanted = list(dict.fromkeys(statements))
    tree = module_of(text)
    if tree is None or not wanted:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    after, has_imports = _place(tree)
    added = [statement + newline for statement in wanted]
    if not after:
        # Below a shebang and other comments at the top.
        head = _HEADER.match(text)
        comments = head[0] if head is not None and head[0].strip() else ""
        return comments + "".join(added) + newline * 2 + text[len(comments) :]
    if lines[after - 1][-1:] not in {"\n", "\r"}:
        lines[after - 1] += newline
    if not has_imports:
        added.insert(0, newline)
    if after < len(lines) and lines[after].strip() and not _is_import(lines[after]):
        added += [newline, newline]
    return "".join([*lines[:after], *added, *lines[after:]])


def _place(tree: ast.Module) -> tuple[int, bool]:
    """Return below which line to write (0: at the top), and whether imports stand there."""
    after, has_imports = 0, False
    for index, node in enumerate(tree.body):
        is_docstring = (
            index == 0
            and isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        if not (is_docstring or is_import):
            break
        after, has_imports = node.end_lineno or 0, is_import
    return after, has_imports


def _is_import(line: str) -> bool:
    return line.startswith(("import ", "from "))
