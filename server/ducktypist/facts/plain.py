"""What the syntax shows of C, C++, Java, JavaScript, TypeScript and Rust.

Functions of the same file that are called, what is thrown and returned, and effects where a name
leaves no doubt. Python, Go and the shell have files of their own. Types are not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.brace_scopes import BraceScope, brace_condition, brace_scopes, ranked
from ducktypist.facts.code_calls import called_name, calls_of_this_file
from ducktypist.facts.code_wording import one_line, shortlist
from ducktypist.facts.plain_names import CALLS
from ducktypist.facts.plain_rust import rust_raises, rust_returns
from ducktypist.syntax.definitions import definitions
from ducktypist.syntax.parse import Node, parse

_THROWS = frozenset({"throw_statement", "throw_expression"})
_MAX_SHOWN = 60
_N_CALLS = 5
_STREAMS = {
    "std::cout": "standard output",
    "std::cerr": "standard error",
    "cout": "standard output",
}
_CATCHES_ALL = frozenset({"...", "Throwable", "Exception", "std::exception"})
_MODULES = frozenset({"fs", "child_process"})
_TYPE_FIELDS = ("return_type", "type")


def plain_facts(text: str, language: str, span: Span) -> tuple[Fact, ...]:
    """Return what is known of a region of code, and of the function around it.

    Empty for a language without a grammar, and for those with rules of their own.

    Args:
        text: The whole file; broken code gives fewer facts.
        language: An LSP language id.
        span: The region.
    """
    tree = parse(text, language)
    if tree is None or tree.language not in CALLS or not span.of(text).strip():
        return ()
    scopes = brace_scopes(tree, span)
    calls = list(calls_of_this_file(tree, span))
    return shortlist([*calls[:_N_CALLS], *ranked(scopes, span, _of)])


def _of(scope: BraceScope) -> Iterator[Fact]:
    is_rust = scope.tree.language == "rust"
    yield from rust_raises(scope) if is_rust else _throws(scope)
    if scope.is_function:
        yield from rust_returns(scope) if is_rust else _returns(scope)
    for node in scope.nodes():
        yield from _effect(scope, node)


def _throws(scope: BraceScope) -> Iterator[Fact]:
    for node in scope.nodes():
        if node.type not in _THROWS or _is_caught(scope, node):
            continue
        value = node.named_children[0] if node.named_child_count else None
        name = _thrown(scope, value) if value is not None else ""
        condition = brace_condition(scope, node)
        if not name or name == _caught(scope, node):
            said = "throws what it caught again"
        else:
            said = f"throws {name} {condition}".rstrip()
        yield scope.fact(FactKind.RAISES, node, subject=name or "throw", said=said)
    declared = next((one for one in scope.node.children if one.type == "throws"), None)
    for one in declared.named_children if declared is not None else []:
        name = scope.text(one)
        said = f"declares that it may throw {name}"
        yield scope.fact(FactKind.RAISES, one, subject=name, said=said)


def _thrown(scope: BraceScope, value: Node) -> str:
    """Return the type of ``new X(…)`` and ``X(…)``, else what is thrown as it is written."""
    for field in ("constructor", "type", "function"):
        made = scope.field(value, field)
        if made:
            return made
    return one_line(scope.text(value), n_at_most=_MAX_SHOWN)


def _caught(scope: BraceScope, node: Node) -> str:
    """Return the name that the ``catch`` around a statement gives to what it caught."""
    around = node.parent
    while around is not None and around != scope.node:
        if around.type == "catch_clause":
            words: list[str] = re.findall(r"\w+", _head(scope, around))
            return words[-1] if words else ""
        around = around.parent
    return ""


def _is_caught(scope: BraceScope, node: Node) -> bool:
    child, parent = node, node.parent
    while parent is not None and child != scope.node:
        if parent.type.startswith("try") and child == parent.child_by_field_name("body"):
            value = node.named_children[0] if node.named_child_count else None
            name = _thrown(scope, value) if value is not None else ""
            clauses = [one for one in parent.children if one.type == "catch_clause"]
            if any(_catches(scope, clause, name) for clause in clauses):
                return True
        child, parent = parent, parent.parent
    return False


def _catches(scope: BraceScope, clause: Node, name: str) -> bool:
    if scope.tree.language in {"javascript", "typescript", "tsx"}:
        return True
    caught = re.findall(r"[\w:]+|\.\.\.", _head(scope, clause))
    return bool(set(caught) & {name, *_CATCHES_ALL})


def _head(scope: BraceScope, clause: Node) -> str:
    return scope.text(clause).partition("{")[0]


def _returns(scope: BraceScope) -> Iterator[Fact]:
    n_valued = 0
    for node in scope.nodes():
        if node.type not in {"return_statement", "yield_expression"}:
            continue
        value = next((one for one in node.named_children if "comment" not in one.type), None)
        if value is None:
            continue
        n_valued += 1
        verb = "returns" if node.type == "return_statement" else "yields"
        shown = one_line(scope.text(value), n_at_most=_MAX_SHOWN)
        said = f"{verb} {shown} {brace_condition(scope, node)}".rstrip()
        yield scope.fact(FactKind.RETURNS, node, subject=scope.name, said=said)
    body = scope.node.child_by_field_name("body")
    if scope.node.type == "arrow_function" and body is not None and body.type != "statement_block":
        shown = one_line(scope.text(body), n_at_most=_MAX_SHOWN)
        yield scope.fact(FactKind.RETURNS, body, subject=scope.name, said=f"returns {shown}")
        n_valued += 1
    declared = _declared(scope)
    name = scope.node.child_by_field_name("name") or scope.node.children[0]
    if declared and declared != "void":
        said = f"its signature says that it returns {declared}"
        yield scope.fact(FactKind.RETURNS, name, subject=scope.name, said=said)
    elif not n_valued and (declared or _is_untyped(scope)):
        yield scope.fact(FactKind.RETURNS, name, subject=scope.name, said="returns nothing")


def _is_untyped(scope: BraceScope) -> bool:
    """Tell whether a function without a type is just that, and no constructor."""
    is_script = scope.tree.language in {"javascript", "typescript", "tsx"}
    return is_script and scope.name != "constructor"


def _declared(scope: BraceScope) -> str:
    for field in _TYPE_FIELDS:
        found = scope.field(scope.node, field).removeprefix(":").strip()
        if found:
            declarator = scope.field(scope.node, "declarator")
            stars = len(declarator) - len(declarator.lstrip("*&"))
            return one_line(f"{found} {declarator[:stars]}".strip(), n_at_most=_MAX_SHOWN)
    return ""


def _effect(scope: BraceScope, node: Node) -> Iterator[Fact]:
    table = CALLS[scope.tree.language]
    written = ""
    if node.type == "macro_invocation":
        written = f"{scope.field(node, 'macro')}!"
    elif node.type in {"call_expression", "method_invocation"}:
        name = called_name(scope.tree, node)
        written = scope.text(name).partition("(")[0] if name is not None else ""
        if node.type == "method_invocation":
            written = f"{scope.field(node, 'object')}.{scope.field(node, 'name')}".lstrip(".")
    if written in table and _is_the_known_one(scope, written):
        said = f"{table[written]} ({written})"
        yield scope.fact(FactKind.EFFECT, node, subject=written, said=said)
    elif node.type == "delete_expression":
        said = f"frees {one_line(scope.text(node), n_at_most=_MAX_SHOWN)}".replace("delete ", "")
        yield scope.fact(FactKind.EFFECT, node, subject="delete", said=said)
    elif node.type == "unsafe_block":
        said = "has an unsafe block, whose rules the compiler does not check"
        yield scope.fact(FactKind.EFFECT, node, subject="unsafe", said=said)
    elif node.type in {"qualified_identifier", "identifier"} and scope.tree.language == "cpp":
        stream = scope.text(node)
        parent = node.parent
        is_left = parent is not None and parent.child_by_field_name("left") == node
        if stream in _STREAMS and is_left:
            said = f"prints to {_STREAMS[stream]}"
            yield scope.fact(FactKind.EFFECT, node, subject=stream, said=said)


def _is_the_known_one(scope: BraceScope, written: str) -> bool:
    """Tell whether nothing in the file gives a name of the table another meaning."""
    text, language = scope.tree.text, scope.tree.language
    module = written.partition(".")[0]
    if module in _MODULES:
        return re.search(rf"[\"'](?:node:)?{module}(?:/promises)?[\"']", text) is not None
    return all(one.name != written for one in definitions(text, language))
