"""What a Go doc comment states that can be run: comparisons, arrows, printed examples, words.

Only what is certain, as for Python; and what the compiler then refuses is left out (``verify``).
Not here: the test file that is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ducktypist.syntax.doc_checks import scan, words
from ducktypist.syntax.doc_checks.conditions import Tongue
from ducktypist.syntax.doc_checks.go_types import (
    GoSignature,
    as_literal,
    empty_value,
    expression_names,
    go_signature,
    split_arguments,
    top_names,
)
from ducktypist.syntax.doc_checks.model import CheckForm, DocCheck, Stated
from ducktypist.syntax.doc_checks.words import Speech
from ducktypist.syntax.go_unresolved import PREDECLARED, STANDARD
from ducktypist.syntax.model import FunctionRegion

QUOTES = "\"'`"
_ARROW = r"(?:-->|->|=>|==>|→|⇒|⟶|↦)"
_VERB = (
    r"(?:(?:should|must|will|would)[ \t]+)?"
    r"(?:returns?|gives?|equals?|yields?|produces?|evaluates?[ \t]+to|results?[ \t]+in|be|is)\b"
)
_AFTER = re.compile(
    rf"[ \t`]*(?:(?P<panics>(?:should[ \t]+|must[ \t]+)?panics?\b)|(?P<compared>==|=(?![=>]))"
    rf"|(?P<arrow>{_ARROW}(?:[ \t]*{_VERB})?|{_VERB})"
    rf"|(?P<comment>[ \t]*//[ \t]*(?:{_ARROW}|==|=|[Rr]eturns?:?|[Oo]utput:)?))[ \t`]*"
)
_PRINTED = re.compile(
    r"^[ \t]*fmt\.Println\((?P<call>.+)\)[ \t]*(?:\n[ \t]*)?//[ \t]*(?:[Oo]utput:|[Pp]rints:?)?"
    r"[ \t]*(?P<text>[^\n]+)$",
    re.MULTILINE,
)
_ERROR_WORD = re.compile(
    r"(?:(?:[\w\"]+,[ \t]*)?(?:an?[ \t]+)?(?:non-nil[ \t]+)?)(error|err|Err[A-Z]\w*)\b"
)
_BEFORE = re.compile(
    r"\b(?:not|never|unlike|instead|wrong|incorrect\w*|if|when\w*|unless|except|before|old|previous\w*"
    r"|suppose|assum\w+|rather|avoid\w*|was|were|cannot|without)\b|n't\b|!=|≠",
    re.IGNORECASE,
)
_UNORDERED = re.compile(
    r"\b(?:any|no|arbitrary|unspecified)\b[^.\n]{0,20}\border|unordered", re.IGNORECASE
)
_VARYING = re.compile(r"\brandom(?:ly)?\b|\bmay vary\b|\bcurrent (?:time|date)\b", re.IGNORECASE)
_CONDITION = r"(?P<condition>[^,;.()]+(?:\.\d[^,;.()]*)?)"
_WHEN = r"(?:if|when(?:ever)?|in case|for|on)"
_ERR = r"(?P<error>error|Err[A-Z]\w*)(?: error)?"
_BESIDE = r"(?:(?:[\w\"-]+|the zero value|an? empty \w+)(?:,| and| with) )?(?:an? )?(?:non-nil )?"
_ERRORS = (
    re.compile(rf"\b[Rr]eturns? {_BESIDE}{_ERR} {_WHEN} {_CONDITION}"),
    re.compile(rf"\b(?:or|and) an? {_ERR} {_WHEN} {_CONDITION}"),
    re.compile(rf"^(?:an? )?{_ERR} (?:is|will be) returned {_WHEN} {_CONDITION}", re.IGNORECASE),
    re.compile(
        rf"^{_WHEN} {_CONDITION},? ?(?:then )?(?:it |this |[A-Z]\w* )?returns? {_BESIDE}{_ERR}"
        r"(?=$|[ ,;])",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?P<error>[Pp]anics) {_WHEN} {_CONDITION}"),
)
_NAMED = {
    "nil": "nil",
    "true": "true",
    "false": "false",
    "zero": "0",
    **dict.fromkeys(("an empty string", "the empty string", "empty string"), '""'),
}
_LITERAL = re.compile(r"-?\d+(?:\.\d+)?|\"[^\"\n]*\"|'(?:[^'\\\n]|\\.)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of a function while its comment is read."""

    function: FunctionRegion
    signature: GoSignature
    names: frozenset[str]
    package: str


def checks(text: str, function: FunctionRegion) -> list[DocCheck]:
    """Return what a function's doc comment states, in its order, words last."""
    signature = go_signature(text, function)
    if function.docstring is None or signature is None:
        return []
    comment = uncommented(function.docstring.of(text))
    if _VARYING.search(comment):
        return []
    package = re.search(r"^package[ \t]+(\w+)", text, re.MULTILINE)
    known = _Known(
        function=function,
        signature=signature,
        names=top_names(text) | PREDECLARED | STANDARD,
        package=package[1] if package else "",
    )
    found = [*_printed(comment, known), *_calls(comment, known)]
    if _UNORDERED.search(comment):
        found = [check for check in found if "[" not in check.expected]
    return [*found, *_of_words(comment, known, found)]


def uncommented(comment: str) -> str:
    """Return what a comment says, without its marks."""
    if comment.lstrip().startswith("/*"):
        inside = comment.strip().removeprefix("/*").removesuffix("*/")
        return re.sub(r"^[ \t]*\*[ \t]?", "", inside, flags=re.MULTILINE)
    return re.sub(r"^[ \t]*//[ ]?", "", comment, flags=re.MULTILINE)


def _printed(comment: str, known: _Known) -> Iterator[DocCheck]:
    for match in _PRINTED.finditer(comment):
        call = match["call"].strip()
        if re.match(_head(known), call) and _is_call(call, known):
            yield DocCheck(
                form=CheckForm.EXAMPLE,
                call=_unqualified(call, known),
                expected=match["text"].strip(),
                raises="",
                said=match[0].strip(),
            )


def _calls(comment: str, known: _Known) -> Iterator[DocCheck]:
    for match in re.finditer(rf"(?<![\w.]){_head(known)}(?=\()", comment):
        start, end = match.start(), scan.balanced(comment, match.end(), quotes=QUOTES)
        after = _AFTER.match(comment, end) if end is not None else None
        line_start = comment.rfind("\n", 0, start) + 1
        before = re.split(r"[.;:][ \t]", comment[line_start:start])[-1]
        if end is None or after is None or _BEFORE.search(before):
            continue
        call = " ".join(comment[start:end].split("\n"))
        if not _is_call(call, known) or (after["comment"] is not None and before.strip(" \t-*`")):
            continue
        yield from _outcome(comment, _unqualified(call, known), after, start, known)


def _outcome(  # noqa: C901 - one branch for each way to say what comes out
    comment: str, call: str, after: re.Match[str], start: int, known: _Known
) -> Iterator[DocCheck]:
    results = known.signature.results
    at = after.end()
    if after["panics"] is not None:
        said = comment[start:at].strip()
        if scan.is_said_plainly(comment, at):
            yield DocCheck(form=CheckForm.ARROW, call=call, expected="", raises="panic", said=said)
        return
    error = _ERROR_WORD.match(comment, at)
    if error is not None and results[-1:] == ("error",):
        if scan.is_said_plainly(comment, error.end()):
            said = comment[start : error.end()]
            yield DocCheck(form=CheckForm.ARROW, call=call, expected="", raises="error", said=said)
        return
    end, values = _values(comment, at)
    if end is None or not scan.is_said_plainly(comment, end):
        return
    said = comment[start:end]
    form = CheckForm.COMPARISON if after["compared"] == "==" else CheckForm.ARROW
    if len(values) == len(results) > 1 and values[-1] not in {"nil", "true", "false"}:
        return
    if len(values) not in {1, len(results)} or not results:
        return
    if len(values) == 1 and len(results) > 1 and results[1:] != ("error",):
        return
    pairs = list(zip(values, results, strict=False))
    literals = [as_literal(value, kind) for value, kind in pairs]
    if all(literals) and all(_is_safe(literal, known) for literal in literals):
        beside = ["nil"] if len(values) < len(results) else []
        expected = ", ".join([*literals, *beside])
        yield DocCheck(form=form, call=call, expected=expected, raises="", said=said)
    elif len(values) == 1 and re.fullmatch(r"(?:map)?\[[^,\"'{}()]*\]", values[0]):
        # As `fmt` prints it: `[2 3 5]`.
        yield DocCheck(form=CheckForm.EXAMPLE, call=call, expected=values[0], raises="", said=said)


def _values(comment: str, at: int) -> tuple[int | None, list[str]]:
    """Return the values from a place on, and where they end: one, or several with commas."""
    if comment[at : at + 1] == "(":
        end = scan.balanced(comment, at, quotes=QUOTES)
        if end is None:
            return None, []
        return end, split_arguments(comment[at + 1 : end - 1])
    values: list[str] = []
    end = scan.value_end(comment, at, quotes=QUOTES)
    while end is not None:
        values.append(comment[at:end].strip())
        further = re.compile(r",[ \t]*(?=nil\b|true\b|false\b)").match(comment, end)
        if further is None:
            break
        at, end = further.end(), scan.value_end(comment, further.end(), quotes=QUOTES)
    return end, values


def _of_words(comment: str, known: _Known, examples: Sequence[DocCheck]) -> Iterator[DocCheck]:
    signature = known.signature
    if signature.receiver or signature.is_variadic or signature.is_generic:
        return
    base = _base(examples, known)
    speech = Speech(
        parameters=signature.parameters,
        tongue=Tongue(empty=empty_value, none="nil", has_kinds_at_run_time=False),
        value=lambda words: _value(words, known),
        error=lambda words: _error(words, known),
        errors=_ERRORS,
    )
    # Go's comments call the function by its name.
    name = re.escape(known.function.name)
    named = rf"\b{name}\b(?= (?:returns?|gives|panics|will|should|must)\b)"
    for one in words.stated(re.sub(named, "it", comment), speech):
        call = _call(one, known, base)
        if call:
            yield DocCheck(
                form=CheckForm.WORDS,
                call=call,
                expected=one.expected,
                raises=one.raises,
                said=one.said,
            )


def _base(examples: Iterable[DocCheck], known: _Known) -> list[str]:
    """Return the arguments of an example that gives a value."""
    for check in examples:
        if not check.raises and check.call.startswith(f"{known.function.name}("):
            return split_arguments(check.call[len(known.function.name) + 1 : -1])
    return []


def _call(one: Stated, known: _Known, base: Sequence[str]) -> str:
    names = [parameter.name for parameter in known.signature.parameters]
    arguments = list(base) if len(base) == len(names) else [""] * len(names)
    arguments[names.index(one.parameter)] = one.argument
    return f"{known.function.name}({', '.join(arguments)})" if all(arguments) else ""


def _value(words: str, known: _Known) -> str:
    words = words.strip(" .")
    if len(known.signature.results) != 1:
        return ""
    kind = known.signature.results[0]
    lowered = words.lower()
    if lowered in {"an empty slice", "an empty list", "an empty map", "empty slice"}:
        return f"{kind}{{}}" if kind.startswith(("[]", "map[")) else ""
    if lowered in _NAMED:
        return _NAMED[lowered]
    return words if _LITERAL.fullmatch(words) else ""


def _error(words: str, known: _Known) -> str:
    if words.lower().startswith("panic"):
        return "panic"
    return "error" if known.signature.results[-1:] == ("error",) else ""


def _is_call(call: str, known: _Known) -> bool:
    """Tell whether a text is one call of the function, of as many arguments as it takes."""
    opening = re.match(_head(known), call)
    if opening is None or scan.balanced(call, opening.end(), quotes=QUOTES) != len(call):
        return False
    arguments = split_arguments(call[opening.end() + 1 : -1])
    signature = known.signature
    n_wanted = len(signature.parameters)
    if len(arguments) != n_wanted and not signature.is_variadic:
        return False
    return len(arguments) >= n_wanted - int(signature.is_variadic) and _is_safe(
        _unqualified(call, known), known
    )


def _is_safe(source: str, known: _Known) -> bool:
    names = expression_names(source)
    return names is not None and names <= known.names


def _unqualified(call: str, known: _Known) -> str:
    arguments_at = call.find("(")
    head = call[:arguments_at]
    if known.package and not known.signature.receiver:
        head = head.removeprefix(f"{known.package}.")
    if known.signature.receiver:
        return call
    inside = split_arguments(call[arguments_at + 1 : -1])
    kinds = [parameter.type_text for parameter in known.signature.parameters]
    literals = [
        as_literal(argument, kinds[index] if index < len(kinds) else "") or argument
        for index, argument in enumerate(inside)
    ]
    return f"{head}({', '.join(literals)})"


def _head(known: _Known) -> str:
    name = re.escape(known.function.name)
    if not known.signature.receiver:
        return rf"(?:{re.escape(known.package)}\.)?{name}" if known.package else name
    kind = re.escape(known.signature.receiver)
    fields = r"\{(?:[^{}\n]|\{[^{}\n]*\})*\}"
    made = rf"(?:&?{kind}{fields}|\(&?{kind}{fields}\)|{kind}\([^()\n]*\))"
    return rf"{made}\.{name}"
