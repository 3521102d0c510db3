"""Calls of functions that the same file defines: their signatures and what stands above them.

For Go and the languages with braces; Python has ``python_calls``. A call through some other object
is left out, since nothing here knows what that object is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import call_text, detail_of
from ducktypist.syntax.definitions import definitions
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.model import Definition, DefinitionKind
from ducktypist.syntax.parse import Node, Tree

_CALLS = frozenset({"call_expression", "method_invocation", "new_expression"})
_CALLS_OF_ALL = _CALLS | {"object_creation_expression", "macro_invocation"}
_OWN = frozenset({"this", "self", "Self", "super"})
_COMMENT_MARKS = re.compile(r"^[ \t]*(?:///?!?|/\*+!?|\*/|\*(?!/))[ \t]?|\*/[ \t]*$")
_DIRECTIVE = re.compile(r"^(?:@\w+|go:|eslint|TODO|FIXME|nolint|\+build)")
_MAX_SIGNATURE_CHARACTERS = 90


def calls_of_this_file(
    tree: Tree, span: Span, *, methods_of: frozenset[str] = frozenset()
) -> Iterator[Fact]:
    """Yield a fact for each function of the same file that is called in a region.

    Args:
        tree: The file's.
        span: The region.
        methods_of: Names of objects whose methods are those of the type around, such as Go's
            receiver.
    """
    known = _functions(tree)
    lines = LineTable(tree.text)
    seen = set()
    for node in tree.nodes(_CALLS_OF_ALL):
        name = called_name(tree, node)
        if name is None or not span.start <= tree.offset(node.start_byte) < span.end:
            continue
        written = tree.text_of(name)
        owner, last = _parted(written)
        own = _OWN | methods_of
        found = [
            one
            for one in known.get(last, ())
            if (one.kind is DefinitionKind.METHOD) == bool(owner)
            or (not owner and tree.language in {"java", "cpp"})
        ]
        is_known_owner = not owner or owner in own or any(_class_of(one) == owner for one in found)
        if len(found) != 1 or not is_known_owner or written in seen:
            continue
        seen.add(written)
        yield _fact(tree, name, found[0], lines)


def called_name(tree: Tree, call: Node) -> Node | None:
    """Return the node of what is called: ``f``, ``this.f``, ``pkg.f``; None for anything longer."""
    if call.type == "method_invocation":
        own, name = call.child_by_field_name("object"), call.child_by_field_name("name")
        return name if own is None else (call if own.type in {"this", "identifier"} else None)
    for field in ("function", "macro", "constructor", "type"):
        found = call.child_by_field_name(field)
        if found is not None:
            return found if len(tree.text_of(found)) <= _MAX_SIGNATURE_CHARACTERS else None
    return None


def said_in(comment: str) -> str:
    """Return the words of a comment without its marks and what is meant for tools."""
    words = []
    for line in comment.splitlines():
        bare = _COMMENT_MARKS.sub("", _COMMENT_MARKS.sub("", line.strip())).strip()
        if bare.startswith("@"):
            break
        if not _DIRECTIVE.match(bare):
            words.append(bare)
    return "\n".join(words).strip()


def _functions(tree: Tree) -> dict[str, list[Definition]]:
    found: dict[str, list[Definition]] = {}
    for one in definitions(tree.text, tree.language):
        if one.kind in {DefinitionKind.FUNCTION, DefinitionKind.METHOD}:
            found.setdefault(one.name, []).append(one)
    return found


def _parted(written: str) -> tuple[str, str]:
    """Return the object and the name of ``this.f``, ``Self::f``, ``a->f``."""
    written = written.partition("(")[0]
    parts = re.split(r"::|->|\.", written)
    return ".".join(parts[:-1]).strip(), parts[-1].strip()


def _class_of(one: Definition) -> str:
    return one.qualified_name.rpartition(".")[0]


def _fact(tree: Tree, name: Node, one: Definition, lines: LineTable) -> Fact:
    subject = " ".join(tree.text_of(name).partition("(")[0].split())
    head = one.head.of(tree.text)
    comment, signature = _parts(head)
    line = lines.line_of(max(one.head.start, one.head.end - len(signature.lstrip()))) + 1
    shown = " ".join(signature.split()).rstrip("{ ;")
    start = tree.offset(name.start_byte)
    text = call_text("", shown, said_in(comment), name=one.name)
    return Fact(
        kind=FactKind.CALLS,
        subject=subject,
        text=text,
        source=f"the code, line {line}",
        detail=detail_of(shown, said_in(comment)),
        span=Span(start=start, end=start + len(subject)),
    )


def _parts(head: str) -> tuple[str, str]:
    """Split what stands in front of a body into its comment and its signature."""
    lines = head.splitlines(keepends=True)
    n_comment = 0
    is_open = False
    for line in lines:
        bare = line.strip()
        is_open = is_open or bare.startswith("/*")
        if not (is_open or bare.startswith(("//", "#[", "@")) or not bare):
            break
        n_comment += 1
        if "*/" in bare:
            is_open = False
    comment = "".join(
        line for line in lines[:n_comment] if not line.strip().startswith(("#[", "@"))
    )
    return comment, "".join(lines[n_comment:])
