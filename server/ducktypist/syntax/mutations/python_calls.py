"""Mutation operators on Python calls: another function, other arguments, no call at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ducktypist.syntax.mutations.ground import Ground, Proposal
from ducktypist.syntax.mutations.operators import PYTHON_CALLEES
from ducktypist.syntax.parse import Node

_SYMMETRIC = frozenset({"min", "max", "gcd", "lcm", "print", "isinstance", "set"})
_RARELY_SWAPPED = frozenset({"zip", "range", "getattr", "hasattr", "enumerate"})
_UNWRAPPED = {
    "abs": 0.4,
    "reversed": 0.4,
    "sorted": 0.4,
    "set": 0.3,
    "list": 0.15,
    "tuple": 0.15,
    "int": 0.3,
    "float": 0.2,
    "str": 0.25,
    "round": 0.3,
    "len": 0.15,
    "enumerate": 0.1,
    "bool": 0.1,
    "next": 0.15,
    "sum": 0.12,
}
_BARE_METHODS = {"strip": 0.2, "lower": 0.25, "upper": 0.25, "copy": 0.1, "title": 0.1}


def calls(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of calls."""
    for node in ground.nodes:
        if node.type == "call":
            function = node.child_by_field_name("function")
            arguments = node.child_by_field_name("arguments")
            if function is not None and arguments is not None:
                yield from _callee(ground, function)
                if arguments.type == "argument_list":
                    yield from _of_arguments(ground, node, function, arguments)


def _callee(ground: Ground, function: Node) -> Iterator[Proposal]:
    named = function
    if function.type == "attribute":
        attribute = function.child_by_field_name("attribute")
        if attribute is None:
            return
        named = attribute
    elif function.type != "identifier":
        return
    for new, weight in PYTHON_CALLEES.get(ground.source(named), ()):
        yield ground.replace(named, new, "wrong_function", weight)


def _of_arguments(
    ground: Ground, call: Node, function: Node, arguments: Node
) -> Iterator[Proposal]:
    given = [child for child in arguments.named_children if child.type != "comment"]
    plain = [
        child
        for child in given
        if child.type not in {"keyword_argument", "list_splat", "dictionary_splat"}
    ]
    name = ground.source(function).rpartition(".")[2]
    is_method = function.type == "attribute"
    yield from _swapped(ground, name, plain)
    yield from _by_name(ground, name, call, given)
    if len(given) == 1 and len(plain) == 1:
        if not is_method and name in _UNWRAPPED:
            weight = _UNWRAPPED[name]
            yield ground.replace(call, ground.source(plain[0]), "dropped_call", weight)
        if name in {"append", "add", "extend", "insert"} and plain[0].type == "identifier":
            source = ground.source(plain[0])
            yield ground.replace(plain[0], f"{source}[:]", "missing_copy", 0.25)
            yield ground.replace(plain[0], f"{source} + 1", "off_by_one", 0.06)
    if is_method and not given and name in _BARE_METHODS:
        value = ground.source(function.child_by_field_name("object"))
        yield ground.replace(call, value, "dropped_call", _BARE_METHODS[name])
    if name == "len" and not is_method and not _has_one_beside(ground, call):
        source = ground.source(call)
        yield ground.replace(call, f"{source} - 1", "off_by_one", 0.4)
        yield ground.replace(call, f"{source} + 1", "off_by_one", 0.3)


def _swapped(ground: Ground, name: str, plain: list[Node]) -> Iterator[Proposal]:
    if name in _SYMMETRIC or len(plain) < 2:  # noqa: PLR2004 - two can be swapped
        return
    weight = 0.45 if len(plain) == 2 else 0.25  # noqa: PLR2004 - see above
    weight *= 0.5 if name in _RARELY_SWAPPED else 1.0
    for one, other in itertools.pairwise(plain):
        is_alike = one.type == other.type
        span, new = ground.swapped(one, other)
        yield Proposal(
            span=span,
            new_text=new,
            operator="swapped_arguments",
            weight=weight if is_alike else weight * 0.6,
        )


def _by_name(  # noqa: C901, PLR0912 - one branch for each function that is often called wrongly
    ground: Ground,
    name: str,
    call: Node,
    given: list[Node],
) -> Iterator[Proposal]:
    function = call.child_by_field_name("function")
    arguments = call.child_by_field_name("arguments")
    if function is None or arguments is None:
        return
    sources = [ground.source(child) for child in given]
    inner = ", ".join(sources)
    if name == "range" and function.type == "identifier":
        yield from _range(ground, arguments, given, sources)
    elif name in {"sorted", "sort"}:
        backwards = [text for text in sources if text.startswith("reverse")]
        rest = ", ".join(text for text in sources if text not in backwards)
        if backwards:
            yield ground.replace(arguments, f"({rest})", "reversed", 0.5)
        else:
            more = f"{rest}, reverse=True" if rest else "reverse=True"
            yield ground.replace(arguments, f"({more})", "reversed", 0.4)
        if name == "sorted" and len(sources) > 1:
            yield ground.replace(arguments, f"({sources[0]})", "dropped_argument", 0.2)
    elif name == "enumerate" and len(given) == 1:
        yield ground.replace(arguments, f"({inner}, 1)", "off_by_one", 0.4)
    elif name == "enumerate":
        yield ground.replace(arguments, f"({sources[0]})", "off_by_one", 0.4)
    elif name == "pop" and not given:
        yield ground.replace(arguments, "(0)", "wrong_end", 0.5)
    elif name == "pop" and sources == ["0"]:
        yield ground.replace(arguments, "()", "wrong_end", 0.5)
    elif name == "append" and len(given) == 1:
        new = f"{_owner(ground, function)}.insert(0, {inner})"
        yield ground.replace(call, new, "wrong_end", 0.2)
    elif name == "insert" and sources[:1] == ["0"]:
        new = f"{_owner(ground, function)}.append({sources[-1]})"
        yield ground.replace(call, new, "wrong_end", 0.35)
    elif name == "get" and len(given) == 1 and function.type == "attribute":
        for default, weight in (("0", 0.3), ("[]", 0.12), ('""', 0.1)):
            yield ground.replace(arguments, f"({inner}, {default})", "missing_argument", weight)
    elif name in {"split", "strip"} and given:
        yield ground.replace(arguments, "()", "dropped_argument", 0.25)
    elif name in {"min", "max", "sum"} and len(given) == 1 and name != "sum":
        yield ground.replace(arguments, f"({inner}, default=0)", "missing_argument", 0.15)
    elif name in {"min", "max"} and len(given) == 2:  # noqa: PLR2004 - one of two is enough
        for source in sources:
            yield ground.replace(call, source, "dropped_call", 0.12)
    elif name == "super" and not given:
        return
    if name == "float" and inner in {"'inf'", '"inf"', "'-inf'", '"-inf"'}:
        quote = inner[0]
        other = inner.strip(quote).removeprefix("-") if "-" in inner else "-inf"
        yield ground.replace(arguments, f"({quote}{other}{quote})", "constant", 0.6)


def _range(
    ground: Ground, arguments: Node, given: list[Node], sources: list[str]
) -> Iterator[Proposal]:
    def changed(*bounds: str, weight: float) -> Proposal:
        return ground.replace(arguments, f"({', '.join(bounds)})", "off_by_one", weight)

    match [_shifted(ground, node, text) for node, text in zip(given, sources, strict=True)]:
        case [(stop, up, down)]:
            yield changed(up, weight=0.75)
            yield changed(down, weight=0.5)
            yield changed("1", stop, weight=0.35)
            yield changed("1", up, weight=0.4)
        case [(start, start_up, start_down), (stop, up, down), *step]:
            steps = [item[0] for item in step]
            yield changed(start, up, *steps, weight=0.75)
            yield changed(start, down, *steps, weight=0.5)
            yield changed(start_up, stop, *steps, weight=0.4)
            yield changed(start_down, stop, *steps, weight=0.4)
            yield changed(start_up, up, *steps, weight=0.12)
            if steps:
                other = steps[0].removeprefix("-") if steps[0].startswith("-") else f"-{steps[0]}"
                yield changed(start, stop, other, weight=0.3)
                yield changed(start, stop, weight=0.2)
            if start == "0":
                yield changed(stop, *steps, weight=0.02)


def _shifted(ground: Ground, node: Node, source: str) -> tuple[str, str, str]:
    """Return a bound, one more and one less."""
    if node.type == "integer" and source.isdecimal():
        return source, str(int(source) + 1), str(int(source) - 1)
    if source.endswith((" - 1", " + 1")) and node.type == "binary_operator":
        bare = ground.source(node.child_by_field_name("left"))
        if source.endswith("+ 1"):
            return source, f"{bare} + 2", bare
        return source, bare, f"{bare} - 2"
    return source, f"{source} + 1", f"{source} - 1"


def _owner(ground: Ground, function: Node) -> str:
    return ground.source(function.child_by_field_name("object"))


def _has_one_beside(ground: Ground, node: Node) -> bool:
    """Tell whether one is already added to or taken from a node, or the caller moves it itself."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "argument_list" and parent.parent is not None:
        function = parent.parent.child_by_field_name("function")
        return ground.source(function) == "range"
    is_shifted = parent.type == "binary_operator"
    return is_shifted and ground.source(parent.child_by_field_name("right")) == "1"
