"""What a docstring states that can be run, as checks: the door for all languages.

Only what is certain becomes a check, because one that is wrong rejects right bodies. Two statements
that contradict each other are both left out. Pure functions of text; what comes of running the
checks is ``verify``'s business.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping

from ducktypist.syntax.doc_checks import go, python, words
from ducktypist.syntax.doc_checks.conditions import Tongue
from ducktypist.syntax.doc_checks.model import CheckForm, DocCheck, Parameter, Stated
from ducktypist.syntax.doc_checks.python import Reading
from ducktypist.syntax.doc_checks.signature import with_examples
from ducktypist.syntax.doc_checks.words import Speech
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import grammar_of

__all__ = ["CheckForm", "DocCheck", "doc_checks"]

_EMPTY = {"list": "[]", "str": '""', "dict": "{}", "tuple": "()", "set": "set()", "bytes": 'b""'}
_NAMED = {
    **dict.fromkeys(("an empty list", "the empty list", "empty list"), "[]"),
    **dict.fromkeys(("an empty string", "the empty string", "empty string"), '""'),
    **dict.fromkeys(("an empty dict", "an empty dictionary", "empty dict"), "{}"),
    "an empty tuple": "()",
    "an empty set": "set()",
    "zero": "0",
    "one": "1",
    "true": "True",
    "false": "False",
    "none": "None",
}
_ERROR = r"(?:an? |the )?(?P<error>[A-Za-z_][\w.]*)(?: (?:error|exception))?"
_CONDITION = r"(?P<condition>[^,;.()]+(?:\.\d[^,;.()]*)?)"
_WHEN = r"(?:if|when(?:ever)?|in case|for|on)"
_ERRORS = (
    re.compile(
        rf"\b(?:[Rr]aises?|[Tt]hrows?|(?:should|must|will) raise) {_ERROR} {_WHEN} {_CONDITION}"
    ),
    re.compile(
        rf"^{_WHEN} {_CONDITION},? ?(?:then )?(?:it |this |the function )?"
        rf"(?:raises?|throws?|should raise|must raise) {_ERROR}(?=$|[ ,;])",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^{_WHEN} {_CONDITION},? (?:then )?{_ERROR} (?:is|will be|should be) (?:raised|thrown)",
        re.IGNORECASE,
    ),
    re.compile(rf"^{_ERROR} (?:is|will be|should be) (?:raised|thrown) {_WHEN} {_CONDITION}"),
)
_MAX_VALUE_WORDS = 60


def doc_checks(text: str, language: str, function: FunctionRegion) -> tuple[DocCheck, ...]:
    """Return what a function's docstring states, doctest's examples first, then as they stand.

    Args:
        text: The whole file.
        language: An LSP language id; Python and Go are understood, others give nothing.
        function: The function in it.
    """
    grammar = grammar_of(language)
    if grammar == "go":
        return tuple(_consistent(go.checks(text, function)))
    if grammar != "python":
        return ()
    known = python.reading(text, function)
    if known is None:
        return ()
    doctests = python.doctests(known.docstring)
    others = list(python.expressions(known))
    others += _of_words(known, (*doctests, *others))
    return (*doctests, *_consistent(others, besides=doctests))


def _of_words(known: Reading, examples: Iterable[DocCheck]) -> Iterator[DocCheck]:
    if known.signature.is_open or known.needs_object:
        return
    base: Mapping[str, ast.expr] = {}
    for call in python.calls_of(examples, known):
        base = known.signature.bind(call) or {}
        break
    parameters = with_examples(known.signature.parameters, base)
    speech = Speech(
        parameters=parameters,
        tongue=Tongue(empty=_empty, none="None", has_kinds_at_run_time=True),
        value=lambda words: _value(words, known),
        error=lambda words: python.exception_name(words, known.names),
        errors=_ERRORS,
    )
    prose = python.without_doctests(inspect.cleandoc(known.docstring))
    for one in words.stated(prose, speech):
        call_source = _call(one, known, parameters, base)
        if call_source and not _contradicts(one, known):
            yield DocCheck(
                form=CheckForm.WORDS,
                call=call_source,
                expected=one.expected,
                raises=one.raises,
                said=one.said,
            )


def _call(
    one: Stated, known: Reading, parameters: Iterable[Parameter], base: Mapping[str, ast.expr]
) -> str:
    """Return the call with one argument; the others are an example's, or have defaults."""
    arguments = {name: ast.unparse(value) for name, value in base.items()}
    arguments[one.parameter] = one.argument
    written: list[str] = []
    by_position = [*known.signature.arguments.posonlyargs, *known.signature.arguments.args]
    n_in_row = 0
    for parameter in by_position:
        if parameter.arg not in arguments:
            break
        written.append(arguments[parameter.arg])
        n_in_row += 1
    placed = {parameter.arg for parameter in by_position[:n_in_row]}
    written += [f"{name}={value}" for name, value in arguments.items() if name not in placed]
    if any(item.is_required and item.name not in arguments for item in parameters):
        return ""
    head = f"{known.receiver}." if known.receiver else ""
    return f"{head}{known.function.name}({', '.join(written)})"


def _contradicts(one: Stated, known: Reading) -> bool:
    """Tell whether a stated value is of another type than the signature declares."""
    if not one.expected:
        return False
    value = python.expression(one.expected)
    return value is None or not python.is_result(value, known)


def _empty(parameter: Parameter, noun_kind: str) -> str:
    kind = parameter.kind or noun_kind
    return _EMPTY.get(kind, "")


def _value(words: str, known: Reading) -> str:
    words = words.strip(" .")
    if words.lower() in _NAMED:
        return _NAMED[words.lower()]
    if len(words) > _MAX_VALUE_WORDS:
        return ""
    tree = python.expression(words)
    if tree is None or not python.is_result(tree, known):
        return ""
    # A name is a word like any other here; only values that write themselves are certain.
    is_plain = not any(isinstance(node, ast.Name | ast.Call) for node in ast.walk(tree))
    return ast.unparse(tree) if is_plain else ""


def _consistent(
    checks: Iterable[DocCheck], *, besides: Iterable[DocCheck] = ()
) -> Iterator[DocCheck]:
    """Yield the checks that nothing else said of the same call contradicts, each once."""
    said: dict[str, set[tuple[str, str]]] = {}
    found = list(checks)
    for check in (*besides, *found):
        said.setdefault(_key(check.call), set()).add((_key(check.expected), check.raises))
    done: set[str] = set()
    known = {_key(check.call) for check in besides}
    for check in found:
        key = _key(check.call)
        if len(said[key]) == 1 and key not in done | known:
            done.add(key)
            yield check


def _key(source: str) -> str:
    return re.sub(r"\s+", "", source).replace("'", '"')
