"""What can be said against a change without running it: the first two rungs of the ladder.

Every check compares with the text before the change, so old faults are not blamed on it. Nothing
is executed, imported or printed.
"""

from __future__ import annotations

import functools
import re
from collections import Counter

from ducktypist.domain import Rung
from ducktypist.syntax import go_unresolved, python
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.names import arity_errors, parse_python, undefined_names
from ducktypist.syntax.parse import grammar_of, parse
from ducktypist.syntax.regions import functions

_NAME = re.compile(r"\w+")
_PROMPT = re.compile(r"^[ \t]*>>>[ \t]", re.MULTILINE)


def static_rung(before: str, after: str, language: str) -> Rung:
    """Return how far the change from ``before`` to ``after`` gets without being run.

    ``unverified``: it adds a syntax error, or the language has no grammar. ``parses``: it adds
    none. ``resolves``: Python that also adds no undefined name and no call with wrong arguments;
    Go that adds no name that this file shows to be undefined or unused. Other languages stay at
    ``parses``, for nothing resolves their names here.
    """
    if parse(after, language) is None or new_syntax_errors(before, after, language):
        return Rung.UNVERIFIED
    if grammar_of(language) == "go":
        return Rung.PARSES if go_unresolved.new_problems(before, after) else Rung.RESOLVES
    if grammar_of(language) != "python" or undefined_names(after) is None:
        return Rung.PARSES
    if new_undefined_names(before, after, language) or new_arity_errors(before, after, language):
        return Rung.PARSES
    return Rung.RESOLVES


def syntax_errors(text: str, language: str) -> int:
    """Return how many syntax errors ``text`` has, 0 when there is no grammar.

    Counted are tree-sitter's error and missing nodes; for Python also function bodies that are
    not there, and one for whatever else Python's own parser refuses.
    """
    return sum(_errors(text, language))


def new_syntax_errors(before: str, after: str, language: str) -> bool:
    """Tell whether the change adds a syntax error of any of the counted kinds."""
    pairs = zip(_errors(before, language), _errors(after, language), strict=True)
    return any(n_after > n_before for n_before, n_after in pairs)


def new_undefined_names(before: str, after: str, language: str) -> tuple[str, ...]:
    """Return the Python names that are undefined after the change and were not before, sorted.

    A ``before`` that does not parse counts with all its words as known, so nothing is reported
    that may have been there.
    """
    if grammar_of(language) != "python":
        return ()
    found = undefined_names(after)
    if not found:
        return ()
    known = undefined_names(_filled(before)[0])
    old = set(known) if known is not None else set(_NAME.findall(before))
    return tuple(name for name in found if name not in old)


def new_arity_errors(before: str, after: str, language: str) -> tuple[str, ...]:
    """Return the Python calls that their function refuses after the change and not before."""
    if grammar_of(language) != "python":
        return ()
    old = Counter(arity_errors(_filled(before)[0]) or ())
    return tuple((Counter(arity_errors(after) or ()) - old).elements())


def doctest_examples(docstring: str) -> int:
    """Return how many interactive (``>>>``) examples a docstring has, malformed ones included."""
    import doctest  # noqa: PLC0415 - it imports a debugger and a test framework

    try:
        return len(doctest.DocTestParser().get_examples(docstring))
    except ValueError:
        return len(_PROMPT.findall(docstring))


@functools.lru_cache(maxsize=32)
def _errors(text: str, language: str) -> tuple[int, int, int]:
    """Return tree-sitter's errors, missing Python bodies, and whether Python refuses the rest."""
    tree = parse(text, language)
    if tree is None:
        return (0, 0, 0)
    n_nodes = 0
    if tree.root.has_error:
        n_nodes = sum(node.is_error or node.is_missing for node in tree.walk())
    if tree.language != "python":
        return (n_nodes, 0, 0)
    filled, n_missing = _filled(text)
    return (n_nodes, n_missing, int(parse_python(filled) is None))


def _filled(text: str) -> tuple[str, int]:
    """Return Python text with ``...`` in each body that is not there, and how many there were."""
    missing = [region for region in functions(text, "python") if _lacks_body(text, region)]
    # From the end, so that earlier offsets stay what they are.
    for region in sorted(missing, key=lambda region: region.signature.end, reverse=True):
        text = text[: region.signature.end] + " ..." + text[region.signature.end :]
    return text, len(missing)


def _lacks_body(text: str, region: FunctionRegion) -> bool:
    if not region.is_empty or region.docstring is not None:
        return False
    return python.has_no_code(region.body.of(text))
