"""The calls in a part of a Python text, and what the same text says of what they call.

Only names that the text itself defines as functions or classes of its module are known here;
``python_names`` asks jedi for all others.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import call_text, detail_of, shortlist
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.parse import Node, Tree, parse
from ducktypist.syntax.regions import functions

MAX_SUBJECT_CHARACTERS = 60
_EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_EVERYDAY = frozenset(
    {"bool", "dict", "float", "int", "isinstance", "len", "list", "print", "range", "repr", "set"}
    | {"str", "super", "tuple", "type"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as it is written."""

    subject: str
    """``os.replace``; of a long receiver only the last name: ``strip``."""
    name: Span
    """The last name of what is called."""
    inside: int
    """The offset behind the opening parenthesis."""
    n_positional: int
    keywords: tuple[str, ...]
    is_open: bool
    """Whether there is ``*args`` or ``**kwargs``, so that the number of arguments is not known."""


def python_calls(text: str, span: Span) -> tuple[Call, ...]:
    """Return the calls whose names stand in a region, one for each subject, the telling ones first.

    Built-ins that everybody knows and exceptions that are made come last. A decorator counts as a
    call.
    """
    tree = parse(text, "python")
    if tree is None:
        return ()
    found: dict[str, Call] = {}
    for node in tree.nodes(frozenset({"call"})):
        call = _call(tree, node)
        if call is not None and span.start <= call.name.start < span.end:
            found.setdefault(call.subject, call)
    return tuple(sorted(found.values(), key=lambda call: _rank(call.subject)))


def calls_of_this_text(text: str, span: Span) -> tuple[Fact, ...]:
    """Return a fact for each call of a function or class that the same text defines."""
    wanted = python_calls(text, span)
    regions = {one.qualified_name: one for one in functions(text, "python")} if wanted else {}
    lines = LineTable(text)
    facts = []
    for call in wanted:
        region = regions.get(call.subject) or regions.get(f"{call.subject}.__init__")
        if region is None:
            continue
        opening = text.find("(", region.name_span.end, region.signature.end)
        if opening < 0:
            continue
        signature = " ".join(text[opening : region.signature.end].rstrip(": \t").split())
        said = _unquoted(region.docstring.of(text)) if region.docstring else ""
        line = lines.line_of(region.name_span.start) + 1
        facts.append(
            Fact(
                kind=FactKind.CALLS,
                subject=call.subject,
                text=call_text(call.subject, signature, said),
                source=f"the code, line {line}",
                detail=detail_of(region.signature.of(text), said),
                span=Span(start=call.name.end - len(call.subject), end=call.name.end),
            )
        )
    return shortlist(facts)


def _call(tree: Tree, node: Node) -> Call | None:
    function, arguments = (node.child_by_field_name(one) for one in ("function", "arguments"))
    if function is None or arguments is None or arguments.type != "argument_list":
        return None
    last = function.child_by_field_name("attribute") if function.type == "attribute" else function
    if last is None or last.type != "identifier":
        return None
    written = tree.text_of(function)
    is_short = len(written) <= MAX_SUBJECT_CHARACTERS and not set(written) & set("\r\n([{'\"")
    given = [one for one in arguments.named_children if one.type != "comment"]
    names = [one.child_by_field_name("name") for one in given if one.type == "keyword_argument"]
    return Call(
        subject=written if is_short else tree.text_of(last),
        name=tree.span(last),
        inside=tree.offset(arguments.start_byte) + 1,
        n_positional=sum(one.type != "keyword_argument" for one in given),
        keywords=tuple(tree.text_of(name) for name in names if name is not None),
        is_open=any(one.type in {"list_splat", "dictionary_splat"} for one in given),
    )


def _rank(subject: str) -> int:
    if subject in _EXCEPTIONS:
        return 2
    return 1 if subject in _EVERYDAY else 0


def _unquoted(docstring: str) -> str:
    inner = docstring.lstrip("rRuUbBfF")
    for quote in ('"""', "'''", '"', "'"):
        if inner.startswith(quote):
            return inner.removeprefix(quote).removesuffix(quote)
    return inner
