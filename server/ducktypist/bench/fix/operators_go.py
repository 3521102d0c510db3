"""Bugs to plant into Go code, one small change each; the same kinds as for Python.

A change that does not compile is found out by the compiler (``planting``), not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ducktypist.bench.fix.go_tokens import Token, closing, tokens
from ducktypist.bench.fix.plot import Planted, short
from ducktypist.syntax.regions import functions

SIGNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "<": (("comparison", "<="), ("comparison", ">")),
    "<=": (("comparison", "<"), ("comparison", ">=")),
    ">": (("comparison", ">="), ("comparison", "<")),
    ">=": (("comparison", ">"), ("comparison", "<=")),
    "==": (("comparison", "!="),),
    "!=": (("comparison", "=="),),
    "&&": (("condition", "||"),),
    "||": (("condition", "&&"),),
    "!": (("condition", ""),),
    "+": (("arithmetic", "-"),),
    "-": (("arithmetic", "+"),),
    "/": (("arithmetic", "%"), ("arithmetic", "*")),
    "%": (("arithmetic", "/"),),
    "+=": (("arithmetic", "-="), ("missing_logic", "=")),
    "-=": (("arithmetic", "+="), ("missing_logic", "=")),
    "*=": (("arithmetic", "+="), ("missing_logic", "=")),
    "/=": (("arithmetic", "*="),),
    "%=": (("arithmetic", "/="),),
    "++": (("arithmetic", "--"),),
    "--": (("arithmetic", "++"),),
    "<<": (("arithmetic", ">>"),),
    ">>": (("arithmetic", "<<"),),
    "&": (("arithmetic", "|"),),
    "|": (("arithmetic", "&"),),
}
"""``*`` is left out: it also means a pointer."""
BINARY = frozenset({"+", "-", "&", "|"})
WRONG_API: Mapping[str, tuple[str, ...]] = {
    "ToUpper": ("ToLower",),
    "ToLower": ("ToUpper",),
    "HasPrefix": ("HasSuffix",),
    "HasSuffix": ("HasPrefix",),
    "TrimLeft": ("TrimRight",),
    "TrimRight": ("TrimLeft",),
    "TrimPrefix": ("TrimSuffix",),
    "TrimSuffix": ("TrimPrefix",),
    "Trim": ("TrimLeft", "TrimRight"),
    "Index": ("LastIndex",),
    "LastIndex": ("Index",),
    "Contains": ("ContainsAny", "HasPrefix"),
    "ContainsRune": ("ContainsAny",),
    "Split": ("SplitAfter",),
    "Floor": ("Ceil",),
    "Ceil": ("Floor",),
    "Round": ("Floor",),
    "Min": ("Max",),
    "Max": ("Min",),
    "min": ("max",),
    "max": ("min",),
    "IsLetter": ("IsDigit",),
    "IsDigit": ("IsLetter",),
    "IsUpper": ("IsLower",),
    "IsLower": ("IsUpper",),
    "IsSpace": ("IsPunct",),
    "Sqrt": ("Cbrt",),
    "WriteString": ("WriteRune",),
    "FindAllString": ("Split",),
    "break": ("continue",),
    "continue": ("break",),
    "true": ("false",),
    "false": ("true",),
}
_LEAVING = frozenset({"return", "continue", "break", "panic"})
_VALUES = frozenset({")", "]"})
_KEYWORDS = frozenset(
    (
        *("if", "for", "range", "func", "return", "var", "switch"),
        *("case", "default", "go", "defer", "else", "map", "struct"),
        *("interface", "chan", "type", "const", "nil", "string", "int"),
    )
)
_MAX_DELETED_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    operator: str
    start: int
    end: int
    new: str


def go_bugs(source: str) -> Iterator[Planted]:
    """Yield every bug that can be planted into the functions of a file, in order of its text."""
    for function in functions(source, "go"):
        body = function.body.of(source)
        shift = function.body.start
        found = tokens(body)
        names = _names(found, tokens(function.signature.of(source)))
        changes = [*_in_tokens(found, names), *_in_calls(found, body), *_in_lines(found, body)]
        for change in sorted(changes, key=lambda item: item.start):
            start, end = shift + change.start, shift + change.end
            text = source[:start] + change.new + source[end:]
            if text == source:
                continue
            yield Planted(
                text=text,
                operator=change.operator,
                line=source.count("\n", 0, start) + 1,
                function=function.qualified_name,
                what=f"{short(source[start:end])} became {short(change.new)}",
            )


def _names(body: Sequence[Token], signature: Sequence[Token]) -> list[str]:
    """Return what parameters and ``:=`` name; also some types, which the compiler sorts out."""
    found = [token.text for token in signature if token.kind == "name"]
    for at, token in enumerate(body):
        if token.text == ":=":
            left = at - 1
            while left >= 0 and (body[left].kind == "name" or body[left].text == ","):
                if body[left].kind == "name":
                    found.append(body[left].text)
                left -= 1
    return [name for name in dict.fromkeys(found) if name != "_" and name not in _KEYWORDS]


def _in_tokens(found: Sequence[Token], names: Sequence[str]) -> Iterator[_Change]:
    for at, token in enumerate(found):
        before = found[at - 1] if at else None
        if token.kind == "sign":
            is_value = before is not None and _is_value(before)
            if token.text not in BINARY or is_value:
                for operator, new in SIGNS.get(token.text, ()):
                    yield _change(operator, token, new)
        elif token.kind == "name":
            is_flag = token.text in {"true", "false"}
            for new in WRONG_API.get(token.text, ()):
                yield _change("constant" if is_flag else "wrong_api", token, new)
            follows = found[at + 1].text if at + 1 < len(found) else ""
            is_member = before is not None and before.text == "."
            if token.text in names and not is_member and follows not in {":=", ":", "="}:
                yield from _other_names(token, names)
        else:
            yield from _in_literal(token)


def _is_value(token: Token) -> bool:
    if token.kind == "sign":
        return token.text in _VALUES
    return token.text not in _KEYWORDS or token.text == "nil"


def _in_literal(token: Token) -> Iterator[_Change]:
    if token.kind == "number" and token.text.isdigit():
        value = int(token.text)
        for number in (value + 1, value - 1):
            if number >= 0:
                yield _change("constant", token, str(number))
    elif token.text in {'""', '" "'}:
        yield _change("constant", token, '" "' if token.text == '""' else '""')


def _other_names(token: Token, names: Sequence[str]) -> Iterator[_Change]:
    place = names.index(token.text)
    for other in sorted({names[(place + 1) % len(names)], names[place - 1]} - {token.text}):
        yield _change("wrong_name", token, other)


def _in_calls(found: Sequence[Token], body: str) -> Iterator[_Change]:
    """Yield what can be done to calls: bounds by one, arguments exchanged."""
    for at, token in enumerate(found[:-1]):
        if token.kind != "name" or found[at + 1].text != "(" or token.text in _KEYWORDS:
            continue
        end = closing(found, at + 1)
        if end is None:
            continue
        if token.text == "len":
            for new in (" - 1", " + 1"):
                yield _Change(
                    operator="off_by_one", start=found[end].end, end=found[end].end, new=new
                )
        commas = [
            index
            for index in range(at + 2, end)
            if found[index].text == "," and _depth(found[at + 2 : index]) == 0
        ]
        if len(commas) == 1 and commas[0] + 1 < end:
            comma = commas[0]
            one = (found[at + 2].start, found[comma - 1].end)
            other = (found[comma + 1].start, found[end - 1].end)
            yield _Change(
                operator="swapped_arguments",
                start=one[0],
                end=other[1],
                new=body[slice(*other)] + body[one[1] : other[0]] + body[slice(*one)],
            )


def _in_lines(found: Sequence[Token], body: str) -> Iterator[_Change]:
    """Yield what can be done to whole lines and blocks."""
    lines = _lines(body)
    simple = [_is_simple(found, start, end) for start, end in lines]
    for at, (start, end) in enumerate(lines):
        if not simple[at]:
            continue
        yield _Change(operator="deletion", start=start, end=end, new="")
        if at + 1 < len(lines) and simple[at + 1]:
            last = lines[at + 1][1]
            yield _Change(
                operator="swapped_statements",
                start=start,
                end=last,
                new=body[end:last] + body[start:end],
            )
            yield _Change(operator="deletion", start=start, end=last, new="")
    for at, token in enumerate(found):
        if token.text == "if" and (at == 0 or found[at - 1].text != "else"):
            yield from _in_if(found, at, body)


def _in_if(found: Sequence[Token], at: int, body: str) -> Iterator[_Change]:
    opened = next(
        (
            index
            for index in range(at, len(found))
            if found[index].text == "{" and _depth(found[at:index]) == 0
        ),
        None,
    )
    end = None if opened is None else closing(found, opened)
    if opened is None or end is None:
        return
    follows = [token.text for token in found[end + 1 : end + 3]]
    if follows == ["else", "{"]:
        last = closing(found, end + 2)
        if last is not None:
            one = (found[opened].start, found[end].end)
            other = (found[end + 2].start, found[last].end)
            yield _Change(
                operator="swapped_branches",
                start=one[0],
                end=other[1],
                new=body[slice(*other)] + body[one[1] : other[0]] + body[slice(*one)],
            )
        return
    start = body.rfind("\n", 0, found[at].start) + 1
    stop = body.find("\n", found[end].end) + 1
    if follows[:1] == ["else"] or not stop or body.count("\n", start, stop) > _MAX_DELETED_LINES:
        return
    leaves = any(token.text in _LEAVING for token in found[opened:end])
    yield _Change(operator="missing_guard" if leaves else "deletion", start=start, end=stop, new="")


def _lines(body: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for line in body.splitlines(keepends=True):
        found.append((start, start + len(line)))
        start += len(line)
    return found


def _is_simple(found: Sequence[Token], start: int, end: int) -> bool:
    """Tell whether a line is one statement of its own."""
    inside = [token for token in found if token.start < end and token.end > start]
    return (
        bool(inside)
        and inside[0].start >= start
        and inside[-1].end <= end
        and _depth(inside) == 0
        and inside[0].text not in {"}", ")", "]", "case", "default", "return", "var"}
        and inside[-1].text not in {"{", ",", "(", ":", "&&", "||", "+"}
        and all(_depth(inside[:at]) >= 0 for at in range(len(inside)))
    )


def _depth(found: Sequence[Token]) -> int:
    signs = [token.text for token in found if token.kind == "sign"]
    return sum(sign in "([{" for sign in signs) - sum(sign in ")]}" for sign in signs)


def _change(operator: str, token: Token, new: str) -> _Change:
    return _Change(operator=operator, start=token.start, end=token.end, new=new)
