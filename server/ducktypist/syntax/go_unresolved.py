"""Go names that cannot work, found in one file; no type checker and nothing is executed.

Conservative: another file of the package may declare what this one does not, so that a name counts
as undefined only where this file shows it to be a local of somewhere else, or a package of the
standard library that is not imported. The compiler has the last word.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import tree_sitter

from ducktypist.syntax.parse import Tree, parse

MAX_ANALYSED_CHARACTERS = 400_000
PREDECLARED = frozenset(
    {
        *("any", "bool", "byte", "comparable", "complex64", "complex128", "error", "float32"),
        *("float64", "int", "int8", "int16", "int32", "int64", "rune", "string", "uint", "uint8"),
        *("uint16", "uint32", "uint64", "uintptr", "true", "false", "iota", "nil", "append", "cap"),
        *("clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min"),
        *("new", "panic", "print", "println", "real", "recover", "_", "init", "main"),
    }
)
STANDARD = frozenset(
    {
        *("bufio", "bytes", "cmp", "context", "errors", "fmt", "io", "maps", "math", "os"),
        *("reflect", "regexp", "slices", "sort", "strconv", "strings", "sync", "time", "unicode"),
        *("atomic", "bits", "filepath", "heap", "json", "rand", "utf8"),
    }
)
"""Names of packages that people use without a second thought, and forget to import."""
_FUNCTIONS = frozenset({"function_declaration", "method_declaration", "func_literal"})
_DECLARED_FUNCTIONS = frozenset({"function_declaration", "method_declaration"})
_SCOPES = _FUNCTIONS | {
    *("block", "if_statement", "for_statement", "select_statement", "default_case"),
    *("expression_switch_statement", "expression_case", "communication_case"),
    *("type_switch_statement", "type_case"),
}
_WITHOUT_NEED = frozenset(
    {
        *("parameter_declaration", "variadic_parameter_declaration", "const_spec"),
        "type_parameter_declaration",
    }
)
"""What declares names that nobody has to use."""
_MAJOR = re.compile(r"/v\d+$")
_STANDARD_PATH = re.compile(r'[`"](?:[a-z][a-z0-9]*/)*([a-z][a-z0-9]*)[`"]')


@dataclass(slots=True)
class _Names:
    """What one file declares and uses."""

    top: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    standard: set[str] = field(default_factory=set)
    """Those of the imported whose name is certain: the standard library's."""
    is_open: bool = False
    """A dot import brings names that nobody here knows."""
    locals: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By name, the bytes in which each declaration is seen."""
    variables: list[tuple[str, int, int]] = field(default_factory=list)
    """Variables that have to be used: name and the bytes of the function around."""
    parameters: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Results as well: nobody has to use them, and ``:=`` may only assign to them."""
    declared_at: set[int] = field(default_factory=set)
    uses: dict[str, list[int]] = field(default_factory=dict)
    qualifiers: set[str] = field(default_factory=set)
    """What stands before a dot and an exported name."""


def new_problems(before: str, after: str) -> tuple[str, ...]:
    """Return what the compiler will refuse after the change and did not before, sorted.

    A name that is undefined, or ``unused NAME`` for a variable or import that nothing uses.
    """
    old, new = _problems(before), _problems(after)
    if new is None:
        return ()
    known = old if old is not None else frozenset(re.findall(r"\w+", before))
    return tuple(sorted(new - known))


@functools.lru_cache(maxsize=32)
def _problems(text: str) -> frozenset[str] | None:
    tree = parse(text, "go") if len(text) <= MAX_ANALYSED_CHARACTERS else None
    if tree is None or tree.root.has_error:
        return None
    names = _read(tree)
    if names.is_open:
        return frozenset()
    return frozenset({*_undefined(names), *_unused(names)})


def _undefined(names: _Names) -> Iterator[str]:
    anywhere = PREDECLARED | names.top | names.imported
    for name, places in names.uses.items():
        if name in anywhere:
            continue
        scopes = names.locals.get(name, [])
        is_package = not scopes and name in STANDARD & names.qualifiers
        if is_package or (scopes and not all(_is_in(at, scopes) for at in places)):
            yield name


def _is_in(at: int, scopes: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in scopes)


def _unused(names: _Names) -> Iterator[str]:
    for name, start, end in names.variables:
        if name == "_" or _is_in(start, names.parameters.get(name, ())):
            continue
        if not any(start <= at < end for at in names.uses.get(name, ())):
            yield f"unused {name}"
    for name in names.standard:
        if name not in names.uses and name not in names.qualifiers:
            yield f"unused {name}"


def _read(tree: Tree) -> _Names:
    names = _Names()
    nodes = list(tree.walk())
    for node in nodes:
        _declare(tree, node, names)
    for node in nodes:
        _use(tree, node, names)
    return names


def _use(tree: Tree, node: tree_sitter.Node, names: _Names) -> None:
    parent = node.parent
    if parent is None or node.start_byte in names.declared_at:
        return
    if node.type == "identifier" and not _is_key(node):
        names.uses.setdefault(tree.text_of(node), []).append(node.start_byte)
        selected = parent.child_by_field_name("field")
        if selected is not None and tree.text_of(selected)[:1].isupper():
            names.qualifiers.add(tree.text_of(node))
    elif node.type == "package_identifier" and parent.type == "qualified_type":
        # In a type: `strings.Builder`.
        names.uses.setdefault(tree.text_of(node), []).append(node.start_byte)
        names.qualifiers.add(tree.text_of(node))


def _declare(tree: Tree, node: tree_sitter.Node, names: _Names) -> None:
    match node.type:
        case "import_spec":
            _import(tree, node, names)
        case "function_declaration" | "type_spec" | "type_alias":
            for name in node.children_by_field_name("name"):
                names.top.add(tree.text_of(name))
                names.declared_at.add(name.start_byte)
        case "var_spec":
            _locals(tree, node.children_by_field_name("name"), names, must_be_used=True)
        case kind if kind in _WITHOUT_NEED:
            _locals(tree, node.children_by_field_name("name"), names, must_be_used=False)
        case "short_var_declaration":
            _locals(tree, _listed(node, "left"), names, must_be_used=True)
        case "range_clause" | "receive_statement" if any(c.type == ":=" for c in node.children):
            _locals(tree, _listed(node, "left"), names, must_be_used=True)
        case "type_switch_statement":
            _locals(tree, _listed(node, "alias"), names, must_be_used=False)


def _listed(node: tree_sitter.Node, key: str) -> list[tree_sitter.Node]:
    found = node.child_by_field_name(key)
    return found.named_children if found is not None else []


def _locals(
    tree: Tree, nodes: Iterable[tree_sitter.Node], names: _Names, *, must_be_used: bool
) -> None:
    for node in nodes:
        _local(tree, node, names, must_be_used=must_be_used)


def _local(tree: Tree, name: tree_sitter.Node, names: _Names, *, must_be_used: bool) -> None:
    if name.type != "identifier":
        return
    text = tree.text_of(name)
    names.declared_at.add(name.start_byte)
    scope = _above(name, _SCOPES)
    if scope is None:
        names.top.add(text)
        return
    names.locals.setdefault(text, []).append((scope.start_byte, scope.end_byte))
    if not must_be_used:
        names.parameters.setdefault(text, []).append((scope.start_byte, scope.end_byte))
        return
    around = _above(name, _DECLARED_FUNCTIONS) or scope
    names.variables.append((text, around.start_byte, around.end_byte))


def _import(tree: Tree, node: tree_sitter.Node, names: _Names) -> None:
    path, alias = node.child_by_field_name("path"), node.child_by_field_name("name")
    if path is None:
        return
    if alias is not None:
        text = tree.text_of(alias)
        names.is_open |= text == "."
        names.imported.add(text)
        return
    whole = tree.text_of(path)
    names.imported.add(_MAJOR.sub("", whole.strip('`"')).rpartition("/")[2])
    match = _STANDARD_PATH.fullmatch(whole)
    if match is None:
        # A package's name need not be its path's end: `gopkg.in/yaml.v3`, `go-cmp`.
        names.imported |= set(re.findall(r"[A-Za-z_]\w*", whole))
    elif match[1] in STANDARD:
        names.standard.add(match[1])


def _above(node: tree_sitter.Node, kinds: frozenset[str]) -> tree_sitter.Node | None:
    found = node.parent
    while found is not None and found.type not in kinds:
        found = found.parent
    return found


def _is_key(node: tree_sitter.Node) -> bool:
    """Tell whether an identifier is a field's name in a struct's literal, as it may be."""
    element = node.parent
    if element is None or element.type != "literal_element":
        return False
    pair = element.parent
    return pair is not None and pair.type == "keyed_element" and pair.named_children[0] == element
