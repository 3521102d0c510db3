"""What a Python docstring states that can be run: doctest, comparisons, arrows, words.

Only what is certain: a call of this very function that its signature takes, with arguments and a
value of literals and names that the module has. A wrong check would reject right bodies, so
whatever is not understood to its end is left alone.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ducktypist.syntax.doc_checks import scan
from ducktypist.syntax.doc_checks.model import CheckForm, DocCheck
from ducktypist.syntax.doc_checks.signature import (
    EXCEPTIONS,
    Signature,
    kind_of_value,
    names_available,
    needs_object,
    signature_of,
)
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.own_parser import FAILURES, alone

QUOTES = "\"'"
_ARROW = r"(?:-->|->|=>|==>|→|⇒|⟶|↦)"
_VERB = (
    r"(?:(?:should|must|will|would|to)[ \t]+)?"
    r"(?:returns?|gives?|equals?|yields?|produces?|evaluates?[ \t]+to|results?[ \t]+in|outputs?"
    r"|be|is)\b"
)
_RAISES = r"(?:(?:should|must|will|would)[ \t]+)?(?:raises?|throws?)\b(?:[ \t]+an?)?"
_GAP = r"[ \t`*_]*"
_AFTER = re.compile(
    rf"{_GAP}(?:(?P<raises>{_ARROW}?[ \t]*{_RAISES})|(?P<compared>==|=(?![=>])"
    rf"|\bis\b(?![ \t]+not\b))|(?P<arrow>{_ARROW}(?:[ \t]*{_VERB})?|{_VERB})"
    rf"|(?P<comment>[ \t]+\#[ \t]*(?:(?:{_ARROW}"
    rf"|==|[Rr]eturns?:?|[Oo]utput:|[Rr]esult:|[Rr]aises)[ \t]*)?))[ \t`*_]*"
)
_EXCEPTION = re.compile(r"(?:an?[ \t]+)?`*([A-Za-z_][\w.]*)")
_BULLET = re.compile(
    r"^(?:[-*+•][ \t]+|\d+[.)][ \t]+)?"
    r"(?:(?:for[ \t]+example|example|e\.g\.|ex|assert)[:,]?[ \t]+)?",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"[ \t]*>>>(?:[ \t]|$)")
_BEFORE = re.compile(
    r"\b(?:not|never|unlike|instead|wrong|incorrect\w*|bug\w*|if|when\w*|unless|except|before|old"
    r"|used[ \t]+to|previous\w*|former\w*|invalid|bad|suppose|assum\w+|rather|avoid\w*|was|were"
    r"|cannot|without|until|hypothe\w+)\b|n't\b|!=|≠",
    re.IGNORECASE,
)
_UNORDERED = re.compile(
    r"\b(?:any|no(?:t)?|arbitrary|unspecified|unordered)\b[^.\n]{0,20}\border|unordered|order[^.\n]{0,20}"
    r"(?:not|doesn't|does not)[^.\n]{0,10}(?:matter|specified|guaranteed)",
    re.IGNORECASE,
)
_VARYING = re.compile(
    r"\brandom(?:ly)?\b|\bmay vary\b|\bcurrent (?:time|date)\b|\bpseudo-?random", re.IGNORECASE
)
_CASE = re.compile(
    r"^[ \t]*(?:input|given)s?[ \t]*:[ \t]*(?P<given>[^\n]+)\n"
    r"[ \t]*(?:output|result|returns?)[ \t]*:[ \t]*(?P<value>[^\n]+)$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of a function while its docstring is read."""

    function: FunctionRegion
    signature: Signature
    names: frozenset[str]
    receiver: str
    """What stands before a method's name, such as ``Basket()`` or ``Basket``; only a class can be
    named here without doubt. Empty for a plain function."""
    needs_object: bool
    docstring: str


def reading(text: str, function: FunctionRegion) -> Reading | None:
    """Return what there is to read, None when nothing is certain about the function."""
    if function.docstring is None or not _is_reachable(function):
        return None
    docstring = docstring_of(function.docstring.of(text))
    signature = signature_of(text, function)
    if not docstring or signature is None:
        return None
    return Reading(
        function=function,
        signature=signature,
        names=names_available(text),
        receiver=function.class_name or "",
        needs_object=function.class_name is not None and needs_object(text, function),
        docstring=docstring,
    )


def doctests(docstring: str) -> tuple[DocCheck, ...]:
    """Return the ``>>>`` examples as doctest counts them; none when it refuses the docstring."""
    import doctest  # noqa: PLC0415 - it imports a debugger and a test framework

    try:
        examples = doctest.DocTestParser().get_examples(docstring)
    except ValueError:
        return ()
    return tuple(
        DocCheck(
            form=CheckForm.DOCTEST,
            call=example.source.strip(),
            expected=example.want.rstrip("\n"),
            raises=(example.exc_msg or "").partition(":")[0].strip(),
            said=example.source.strip(),
        )
        for example in examples
    )


def expressions(known: Reading) -> Iterator[DocCheck]:
    """Yield what is written as a call and what it comes to, outside of doctest's blocks."""
    if _VARYING.search(known.docstring):
        return
    prose = without_doctests(inspect.cleandoc(known.docstring))
    seen = set()
    for check in (*_statements(prose, known), *_calls(prose, known), *_cases(prose, known)):
        if _UNORDERED.search(prose) and check.expected[:1] in {"[", "("}:
            continue
        key = (_normal(check.call), _normal(check.expected), check.raises)
        if key not in seen:
            seen.add(key)
            yield check


def without_doctests(docstring: str) -> str:
    """Return a docstring with blank lines where doctest's examples stand."""
    lines, is_inside = [], False
    for line in docstring.split("\n"):
        is_inside = bool(_PROMPT.match(line)) or (is_inside and bool(line.strip()))
        lines.append("" if is_inside else line)
    return "\n".join(lines)


def docstring_of(source: str) -> str:
    """Return what a docstring's source says, empty when it is no plain string."""
    with alone():
        try:
            value = ast.literal_eval(textwrap.dedent(source).strip())
        except FAILURES:
            return ""
    return value if isinstance(value, str) else ""


def expression(source: str) -> ast.expr | None:
    """Return an expression's tree, None when the source is none."""
    with alone():
        try:
            return ast.parse(source.strip(), mode="eval").body
        except FAILURES:
            return None


def is_safe(node: ast.AST, names: frozenset[str]) -> bool:
    """Tell whether an expression consists of literals, operators and names that exist."""
    bound = {
        argument.arg
        for inner in ast.walk(node)
        if isinstance(inner, ast.Lambda)
        for argument in (*inner.args.posonlyargs, *inner.args.args)
    }
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id not in names | bound:
            return False
        if not isinstance(inner, _SAFE):
            return False
    return True


def is_result(value: ast.expr, known: Reading) -> bool:
    """Tell whether a value is safe to evaluate and of the type that the signature declares."""
    if not is_safe(value, known.names) or isinstance(value, ast.Lambda):
        return False
    if isinstance(value, ast.Name):
        # A name alone is a constant of the module's; a type or a function is no result.
        return value.id.isupper()
    kind, declared = kind_of_value(value), known.signature.result
    if not kind or kind == "none" or declared in {"", "other"}:
        return True
    return declared == kind or {declared, kind} in ({"int", "float"}, {"bool", "int"})


def calls_of(checks: Iterable[DocCheck], known: Reading) -> Iterator[ast.Call]:
    """Yield the calls of this function in checks that expect a value, as trees."""
    for check in checks:
        tree = expression(check.call) if not check.raises else None
        for node in ast.walk(tree) if tree is not None else ():
            if not (_is_own(node, known) and _is_callable(node, known)):
                continue
            if is_safe(node, known.names | _own_names(known)):
                yield node  # type: ignore[misc] # a call, by `_is_own`
                break


def exception_name(source: str, names: frozenset[str]) -> str:
    """Return the exception that a text begins with, empty when it is none that exists."""
    match = _EXCEPTION.match(source)
    if match is None:
        return ""
    name = match[1].rstrip(".")
    is_own = re.search(r"(?:Error|Exception|Warning|Exit|Interrupt)$", name) is not None
    if name in EXCEPTIONS or (is_own and name.partition(".")[0] in names):
        return name
    return ""


_ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.NotEq, ast.IsNot)
"""Who asserts one of these shows what a value is like, and often what may not be compared."""
_SAFE = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.Compare),
    *(ast.BoolOp, ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Subscript, ast.Slice),
    *(ast.Lambda, ast.arguments, ast.arg, ast.IfExp, ast.expr_context, ast.operator),
    *(ast.unaryop, ast.cmpop, ast.boolop),
)


def _is_reachable(function: FunctionRegion) -> bool:
    """Tell whether a function can be called by its qualified name: no function holds it."""
    expected = f"{function.class_name}.{function.name}" if function.class_name else function.name
    return function.qualified_name == expected


def _statements(prose: str, known: Reading) -> Iterator[DocCheck]:
    """Yield lines that are, as a whole, a comparison with a call on one side, or an assertion."""
    lines = prose.split("\n")
    for index, line in enumerate(lines):
        if known.function.name not in line:
            continue
        is_assertion = re.match(r"[ \t]*(?:[-*][ \t]+)?assert[ \t]", line) is not None
        for n_lines in range(1, 5):
            joined = "\n".join(lines[index : index + n_lines])
            source = _BULLET.sub("", joined.strip()).strip("` \t")
            tree = expression(source.rstrip(".;,"))
            if tree is None and source.endswith((",", "[", "(", "{")):
                continue
            if tree is not None:
                yield from _compared(tree, source, known, is_assertion=is_assertion)
            break


def _compared(
    tree: ast.expr, source: str, known: Reading, *, is_assertion: bool
) -> Iterator[DocCheck]:
    if isinstance(tree, ast.Tuple) and is_assertion and len(tree.elts) == 2:  # noqa: PLR2004 - `assert x, "why"`
        tree = tree.elts[0]
    calls = [node for node in ast.walk(tree) if _is_own(node, known)]
    if not calls or not all(_is_callable(call, known) for call in calls):
        return
    if not is_safe(tree, known.names | _own_names(known)):
        return
    one = tree if isinstance(tree, ast.Compare) and len(tree.ops) == 1 else None
    if one is not None and isinstance(one.ops[0], ast.Eq | ast.Is):
        left, right = one.left, one.comparators[0]
        if not any(_is_own(node, known) for node in ast.walk(left)):
            left, right = right, left
        if not any(_is_own(node, known) for node in ast.walk(right)):
            yield _comparison(ast.unparse(left), ast.unparse(right), source)
            return
    if is_assertion and not (one is not None and isinstance(one.ops[0], _ORDERINGS)):
        yield _comparison(f"bool({ast.unparse(tree)})", "True", source)


def _calls(prose: str, known: Reading) -> Iterator[DocCheck]:
    """Yield calls in the text that are followed by what they come to."""
    pattern = re.compile(rf"(?<![\w.]){_head(known)}{re.escape(known.function.name)}(?=\()")
    for match in pattern.finditer(prose):
        start = match.start()
        end = scan.balanced(prose, match.end(), quotes=QUOTES)
        after = _AFTER.match(prose, end) if end is not None else None
        line_start = prose.rfind("\n", 0, start) + 1
        before = re.split(r"[.;:][ \t]", prose[line_start:start])[-1]
        if end is None or after is None or _BEFORE.search(before):
            continue
        source = prose[start:end]
        tree = expression(source)
        if tree is None or not _is_own(tree, known) or not _is_callable(tree, known):
            continue
        if not is_safe(tree, known.names | _own_names(known)):
            continue
        if after["comment"] is not None and _BULLET.sub("", before.lstrip("` \t")).strip("` \t"):
            continue
        yield from _outcome(prose, source, after, start, known)


def _outcome(
    prose: str, call: str, after: re.Match[str], start: int, known: Reading
) -> Iterator[DocCheck]:
    call = " ".join(call.split("\n"))
    exception = exception_name(prose[after.end() :], known.names)
    if exception:
        named = _EXCEPTION.match(prose, after.end())
        is_last = named is not None and re.match(r"[`]*(?:[.,;:(]|\s|$)", prose[named.end() :])
        if is_last and after["compared"] is None:
            said = prose[start : after.end() + len(exception)]
            yield DocCheck(
                form=CheckForm.ARROW, call=call, expected="", raises=exception, said=said
            )
        return
    if after["raises"] is not None or (after["comment"] or "").strip("# \t").lower() == "raises":
        return
    end = scan.value_end(prose, after.end(), quotes=QUOTES)
    if end is None or not scan.is_said_plainly(prose, end):
        return
    source = prose[after.end() : end]
    value = expression(" ".join(source.split("\n")))
    if value is None or not is_result(value, known):
        return
    form = CheckForm.COMPARISON if after["compared"] in {"==", "is"} else CheckForm.ARROW
    said = prose[start:end]
    yield DocCheck(form=form, call=call, expected=ast.unparse(value), raises="", said=said)


def _cases(prose: str, known: Reading) -> Iterator[DocCheck]:
    """Yield ``Input: n = 3, m = 4`` with ``Output: 7`` below it."""
    if known.receiver or known.signature.is_open:
        return
    required = {one.name for one in known.signature.parameters if one.is_required}
    for match in _CASE.finditer(prose):
        given, value = match["given"].strip(" \t`"), expression(match["value"].strip(" \t`"))
        tree = expression(f"f({given})")
        if value is None or not is_result(value, known) or not isinstance(tree, ast.Call):
            continue
        if tree.args and not (len(tree.args) == len(required) == 1 and not tree.keywords):
            continue
        if known.signature.bind(tree) is None or not is_safe(tree, known.names | {"f"}):
            continue
        tree.func = ast.Name(id=known.function.name, ctx=ast.Load())
        yield DocCheck(
            form=CheckForm.ARROW,
            call=ast.unparse(tree),
            expected=ast.unparse(value),
            raises="",
            said=match[0].strip(),
        )


def _is_own(node: ast.AST, known: Reading) -> bool:
    """Tell whether a node calls the function, and nothing else of that name."""
    if not isinstance(node, ast.Call):
        return False
    if not known.receiver:
        return isinstance(node.func, ast.Name) and node.func.id == known.function.name
    if not isinstance(node.func, ast.Attribute) or node.func.attr != known.function.name:
        return False
    of = node.func.value
    if known.needs_object:
        return isinstance(of, ast.Call) and ast.unparse(of.func) == known.receiver
    return ast.unparse(of) == known.receiver


def _is_callable(node: ast.AST, known: Reading) -> bool:
    return isinstance(node, ast.Call) and known.signature.bind(node) is not None


def _own_names(known: Reading) -> frozenset[str]:
    return frozenset({known.function.name, known.receiver.partition(".")[0]} - {""})


def _head(known: Reading) -> str:
    if not known.receiver:
        return ""
    return re.escape(known.receiver) + (r"\([^()\n]*\)\." if known.needs_object else r"\.")


def _comparison(call: str, expected: str, said: str) -> DocCheck:
    return DocCheck(
        form=CheckForm.COMPARISON, call=call, expected=expected, raises="", said=said.strip()
    )


def _normal(source: str) -> str:
    tree = expression(source) if source else None
    return ast.unparse(tree) if tree is not None else source
