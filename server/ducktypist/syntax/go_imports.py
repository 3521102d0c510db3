"""Imports that a Go file lacks, or has no use for, and the text with them put right.

Only packages of the standard library whose name nobody mistakes. Pure functions of text; names are
found as ``go_unresolved`` finds them, so that a local of the same name is no package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ducktypist.domain import Span
from ducktypist.syntax.go_unresolved import new_problems
from ducktypist.syntax.parse import Tree, parse

PATHS = {
    **{
        name: name
        for name in (
            *("bufio", "bytes", "cmp", "context", "errors", "fmt", "io", "maps", "math", "os"),
            *("reflect", "regexp", "slices", "sort", "strconv", "strings", "sync", "time"),
            "unicode",
        )
    },
    "atomic": "sync/atomic",
    "bits": "math/bits",
    "filepath": "path/filepath",
    "heap": "container/heap",
    "json": "encoding/json",
    "utf8": "unicode/utf8",
}
"""Import paths by the name that a file uses, where no other package has it."""
_RANDOM = re.compile(r"\brand\.(?:Intn?|Int31n?|Int63n?|Float64|Perm|Shuffle|Seed|New|NewSource)\b")
_PACKAGE = re.compile(r"^package[ \t]+\w+[^\n]*\n?", re.MULTILINE)
_UNUSED = "unused "


def missing_go_imports(text: str) -> tuple[str, ...]:
    """Return the import paths of standard packages that a file uses and does not import, sorted.

    Nothing for a text with syntax errors.
    """
    found = {PATHS[name] for name in new_problems("", text) if name in PATHS}
    if "rand" in new_problems("", text) and _RANDOM.search(text):
        # `crypto/rand` has none of these.
        found.add("math/rand")
    return tuple(sorted(found))


def unused_go_imports(text: str) -> tuple[str, ...]:
    """Return the import paths of standard packages that a file imports for nothing, sorted."""
    names = {
        problem.removeprefix(_UNUSED)
        for problem in new_problems("", text)
        if problem.startswith(_UNUSED)
    }
    tree = parse(text, "go")
    if tree is None or not names:
        return ()
    found = []
    for node in tree.walk():
        path = node.child_by_field_name("path") if node.type == "import_spec" else None
        if path is not None and node.child_by_field_name("name") is None:
            whole = tree.text_of(path).strip('`"')
            if whole.rpartition("/")[2] in names:
                found.append(whole)
    return tuple(sorted(found))


def with_imports(text: str, packages: Iterable[str]) -> str:
    """Return a file that also imports these packages, where gofmt would have them."""
    wanted = sorted(set(packages))
    tree = parse(text, "go")
    if tree is None or not wanted:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    declarations = [tree.span(node) for node in tree.root.children if _is_imports(tree, node)]
    if not declarations:
        clause = _PACKAGE.search(text)
        if clause is None:
            return text
        rest = text[clause.end() :]
        head = text[: clause.end()].rstrip("\r\n") + newline * 2
        return head + _block(wanted, newline) + newline + (newline * 2 + rest.lstrip("\r\n"))[1:]
    span = declarations[0]
    source = span.of(text)
    if "(" not in source:
        only = source.partition("import")[2].strip()
        block = _block([*wanted, only], newline)
        return text[: span.start] + block + text[span.end :]
    return _into_group(text, span, wanted, newline)


def without_imports(text: str, packages: Iterable[str]) -> str:
    """Return a file without the imports of these packages; a declaration left empty goes, too."""
    for package in packages:
        line = rf'[ \t]*"{re.escape(package)}"[ \t]*(?://[^\n]*)?\r?\n'
        text = re.sub(rf"^{line}", "", text, count=1, flags=re.MULTILINE)
        text = re.sub(rf"^import[ \t]+{line}(?:\r?\n)?", "", text, count=1, flags=re.MULTILINE)
    return re.sub(r"^import[ \t]*\(\s*\)[ \t]*\r?\n(?:\r?\n)?", "", text, flags=re.MULTILINE)


def _is_imports(tree: Tree, node: object) -> bool:
    kind = getattr(node, "type", "")
    # What belongs to cgo stays alone, with the comment above it.
    return kind == "import_declaration" and '"C"' not in tree.text_of(node)  # type: ignore[arg-type] # a node of the tree


def _into_group(text: str, span: Span, wanted: list[str], newline: str) -> str:
    lines = span.of(text).split("\n")
    for package in wanted:
        line = f'\t"{package}"' + ("\r" if newline == "\r\n" else "")
        at = len(lines) - 1
        for number, other in enumerate(lines[1:-1], start=1):
            path = re.match(r'\s*(?:\w+[ \t]+)?"([^"]+)"', other)
            if path is None:
                if not other.strip() and number > 1:
                    # The first group is the standard library's.
                    at = number
                    break
                continue
            if path[1] > package or "." in path[1].partition("/")[0]:
                at = number
                break
        lines.insert(at, line)
    return text[: span.start] + "\n".join(lines) + text[span.end :]


def _block(packages: list[str], newline: str) -> str:
    quoted = [one if one.endswith(('"', "`")) else f'"{one}"' for one in packages]
    quoted.sort(key=lambda one: one.rpartition(" ")[2].strip('`"'))
    if len(quoted) == 1:
        return f"import {quoted[0]}"
    return newline.join(["import (", *(f"\t{one}" for one in quoted), ")"])
