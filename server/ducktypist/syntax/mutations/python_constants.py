"""Mutation operators on Python constants: numbers, texts, truths and empty containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ducktypist.syntax.mutations.ground import Ground, Proposal
from ducktypist.syntax.parse import Node


def constants(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of constants."""
    for node in ground.nodes:
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            yield from handler(ground, node)


def _integer(ground: Ground, node: Node) -> Iterator[Proposal]:
    if node.parent is not None and node.parent.type == "type":
        return
    source = ground.source(node)
    try:
        number = int(source.replace("_", ""), 0)
    except ValueError:
        return
    is_alone = node.parent is not None and node.parent.type == "assignment"
    if number == 0:
        found = [("1", 0.6), ("-1", 0.35)]
        if is_alone or _is_returned(node):
            found += [("None", 0.12), ("float('-inf')", 0.1), ("float('inf')", 0.1)]
    elif number == 1:
        found = [("0", 0.6), ("2", 0.45), ("-1", 0.2)]
    else:
        weight = 0.45 if number <= 12 else 0.3  # noqa: PLR2004 - a dozen is still a small number
        found = [(str(number + 1), weight), (str(number - 1), weight)]
        if number == 2:  # noqa: PLR2004 - the one number that is often halved or doubled away
            found.append(("0", 0.15))
        if number % 10 == 0 or number % 10 == 9:  # noqa: PLR2004 - decimal digits
            found += [(str(number * 10), 0.12), (str(number // 10), 0.12)]
        if number > 12:  # noqa: PLR2004 - see above
            found += [(str(number + 10), 0.06), (str(number - 10), 0.06)]
    for new, weight in found:
        yield ground.replace(node, new, "constant", weight)


def _is_returned(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "return_statement"


def _float(ground: Ground, node: Node) -> Iterator[Proposal]:
    source = ground.source(node)
    swaps = {"0.0": "1.0", "1.0": "0.0", "0.5": "1.0", "100.0": "1.0"}
    if source in swaps:
        yield ground.replace(node, swaps[source], "constant", 0.35)
    try:
        number = float(source.replace("_", ""))
    except ValueError:
        return
    yield ground.replace(node, repr(number + 1), "constant", 0.15)
    yield ground.replace(node, repr(number - 1), "constant", 0.15)


def _constant(ground: Ground, node: Node) -> Iterator[Proposal]:
    is_value = _is_returned(node) or (
        node.parent is not None and node.parent.type in {"assignment", "default_parameter"}
    )
    if node.type == "true":
        yield ground.replace(node, "False", "constant", 0.7)
    elif node.type == "false":
        yield ground.replace(node, "True", "constant", 0.7)
    elif is_value:
        for new, weight in (("0", 0.25), ('""', 0.2), ("[]", 0.2), ("False", 0.15), ("1", 0.1)):
            yield ground.replace(node, new, "constant", weight)


def _string(ground: Ground, node: Node) -> Iterator[Proposal]:
    source = ground.source(node)
    quote = source[-1:]
    if source in {'""', "''"}:
        yield ground.replace(node, f"{quote} {quote}", "constant", 0.35)
        if _is_returned(node):
            yield ground.replace(node, "None", "constant", 0.25)
    elif source in {'" "', "' '"}:
        yield ground.replace(node, quote * 2, "constant", 0.5)
        yield ground.replace(node, f"{quote}, {quote}", "constant", 0.1)
    elif len(source) == 3 and source[1:2].isalpha():  # noqa: PLR2004 - one letter in quotes
        yield ground.replace(node, source.swapcase(), "constant", 0.2)


def _empty(ground: Ground, node: Node) -> Iterator[Proposal]:
    """Propose another empty container; the wrong one is created now and then."""
    if node.named_child_count or node.parent is None or ground.source(node) not in {"[]", "{}"}:
        return
    if node.parent.type in {"assignment", "return_statement"}:
        others = {"[]": ("[[]]", "{}", "None", "set()"), "{}": ("[]", "set()", "None")}
        for number, new in enumerate(others[ground.source(node)]):
            yield ground.replace(node, new, "constant", 0.25 - 0.05 * number)


_HANDLERS: dict[str, Callable[[Ground, Node], Iterator[Proposal]]] = {
    "integer": _integer,
    "float": _float,
    "true": _constant,
    "false": _constant,
    "none": _constant,
    "string": _string,
    "list": _empty,
    "dictionary": _empty,
}
