"""A Go function's signature, and the values that a comment writes, as Go writes them.

Reads one signature or one expression at a time with the grammar; knows no other file and no type
checker. Shared by ``go`` and what makes tests of the checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ducktypist.syntax.doc_checks import scan
from ducktypist.syntax.doc_checks.model import Parameter
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Node, Tree, parse, walk

_QUOTES = "\"'`"
_UNSIGNED = re.compile(r"uint\d*|uintptr|byte")
_SIGNED = re.compile(r"int\d*|rune")
_BASIC = {"string": "str", "float64": "float", "float32": "float", "bool": "bool", "any": ""}
_TOP = re.compile(r"^(?:func|type|var|const)[ \t]+(\w+)", re.MULTILINE)
_GROUP = re.compile(r"^(?:var|const|type)[ \t]*\(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r"^[ \t]+(\w+)", re.MULTILINE)
_MAX_SOURCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class GoSignature:
    """A Go function as its callers see it."""

    parameters: tuple[Parameter, ...]
    results: tuple[str, ...]
    """The results' types, as they are written."""
    receiver: str
    """The receiver's type without its star; empty for a function."""
    is_variadic: bool
    is_generic: bool


def go_signature(text: str, function: FunctionRegion) -> GoSignature | None:
    """Return a function's signature, None when it cannot be read."""
    source = function.signature.of(text).rstrip()
    closing = "}" if source.endswith("{") else "{}"
    tree = parse(f"package p\n\n{source}\n{closing}\n", "go")
    if tree is None or tree.root.has_error:
        return None
    for node in tree.root.named_children:
        if node.type in {"function_declaration", "method_declaration"}:
            return _signature(tree, node, function)
    return None


def top_names(text: str) -> frozenset[str]:
    """Return what a file declares at its top level, as far as its lines show."""
    found = set(_TOP.findall(text))
    for group in _GROUP.finditer(text):
        found |= set(_MEMBER.findall(group[1]))
    return frozenset(found)


def expression_names(source: str) -> frozenset[str] | None:
    """Return the names that an expression (or several with commas) needs; None if it is none.

    Members behind a dot and keys of a struct's literal are not among them.
    """
    if len(source) > _MAX_SOURCE or not source.strip():
        return None
    tree = parse(f"package p\n\nvar _ = f({source})\n", "go")
    if tree is None or tree.root.has_error or len(tree.root.named_children) != 2:  # noqa: PLR2004 - the clause and the variable
        return None
    # The call around it has to be the whole value, or the source closed it and went on.
    calls = [node for node in tree.walk() if node.type == "call_expression"]
    if not calls or tree.text_of(calls[0]) != f"f({source})":
        return None
    names = set()
    for node in walk(calls[0]):
        kind = node.type
        if kind in {"func_literal", "unary_expression"} and tree.text_of(node)[:2] == "<-":
            return None
        if kind in {"identifier", "type_identifier", "package_identifier"} and not _is_key(node):
            names.add(tree.text_of(node))
    return frozenset(names - {"f"}) | ({"f"} & frozenset(re.findall(r"\w+", source)))


def split_arguments(source: str) -> list[str]:
    """Return what stands between the commas of a list of arguments."""
    parts: list[str] = []
    start = at = 0
    while at < len(source):
        char = source[at]
        if char in _QUOTES:
            at = scan.string_end(source, at) or len(source)
            continue
        if char in "([{":
            at = scan.balanced(source, at, quotes=_QUOTES) or len(source)
            continue
        if char == ",":
            parts.append(source[start:at].strip())
            start = at + 1
        at += 1
    parts.append(source[start:].strip())
    return [part for part in parts if part]


def as_literal(source: str, kind: str) -> str:
    """Return a value as Go writes one of that type; empty when it is none.

    ``[1, 2]`` and ``{1, 2}`` get the type in front, and brackets inside become braces.
    """
    source = source.strip()
    is_composite = kind.startswith(("[", "map["))
    if is_composite and source[:1] in {"[", "{"} and not re.match(r"\[\d*\]\*?[\w\[]", source):
        end = scan.balanced(source, 0, quotes=_QUOTES)
        if end != len(source):
            return ""
        inside = _braced(source[1:-1])
        source = f"{kind}{{{inside}}}"
    return source if expression_names(source) is not None else ""


def empty_value(parameter: Parameter, noun_kind: str) -> str:
    """Return the empty value of a parameter's type."""
    kind = parameter.type_text
    if noun_kind and parameter.kind != noun_kind:
        return ""
    if kind == "string":
        return '""'
    return f"{kind}{{}}" if kind.startswith(("[]", "map[")) else ""


def kind_of_type(kind: str) -> str:
    """Return the kind of a type, as :class:`Parameter` has it."""
    if kind.startswith("["):
        return "list"
    if kind.startswith("map["):
        return "dict"
    if _UNSIGNED.fullmatch(kind):
        return "uint"
    if _SIGNED.fullmatch(kind):
        return "int"
    return _BASIC.get(kind, "other")


def _signature(tree: Tree, node: Node, function: FunctionRegion) -> GoSignature:
    parameters: list[Parameter] = []
    is_variadic = False
    listed = node.child_by_field_name("parameters")
    for item in listed.named_children if listed is not None else ():
        type_node = item.child_by_field_name("type")
        kind = tree.text_of(type_node) if type_node is not None else ""
        is_variadic = is_variadic or item.type == "variadic_parameter_declaration"
        names = [tree.text_of(name) for name in item.children_by_field_name("name")] or ["_"]
        parameters += [
            Parameter(name=name, kind=kind_of_type(kind), type_text=kind) for name in names
        ]
    return GoSignature(
        parameters=tuple(parameters),
        results=_results(tree, node.child_by_field_name("result")),
        receiver=function.class_name or "",
        is_variadic=is_variadic,
        is_generic=node.child_by_field_name("type_parameters") is not None,
    )


def _results(tree: Tree, node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    if node.type != "parameter_list":
        return (tree.text_of(node),)
    found: list[str] = []
    for item in node.named_children:
        kind = item.child_by_field_name("type")
        text = tree.text_of(kind) if kind is not None else tree.text_of(item)
        found += [text] * max(1, len(item.children_by_field_name("name")))
    return tuple(found)


def _braced(source: str) -> str:
    """Return the elements of a literal with braces for brackets, texts left alone."""
    made: list[str] = []
    at = 0
    while at < len(source):
        end = scan.string_end(source, at) if source[at] in _QUOTES else None
        if end is not None:
            made.append(source[at:end])
            at = end
            continue
        made.append({"[": "{", "]": "}"}.get(source[at], source[at]))
        at += 1
    return "".join(made)


def _is_key(node: Node) -> bool:
    element = node.parent
    if element is None or element.type != "literal_element":
        return False
    pair = element.parent
    return pair is not None and pair.type == "keyed_element" and pair.named_children[0] == element
