"""Edge cases and errors that a docstring states in words, as inputs and what they come to.

Sentences and sections are searched for a value or an error with a condition; the condition has to
be understood completely (``conditions``). What may or might happen, and what depends on
anything else, is left alone. Shared by Python and Go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ducktypist.syntax.doc_checks.conditions import Tongue, inputs
from ducktypist.syntax.doc_checks.model import Parameter, Stated

_WHEN = r"(?:if(?: and only if)?|when(?:ever)?|in case)"
_FOR = rf"(?:{_WHEN}|for|on|given)"
_RETURNS = r"(?:[Rr]eturns?|[Gg]ives|[Yy]ields|[Pp]roduces|(?:should|must|will) (?:return|be|give))"
_DOES = r"(?:,? ?(?:then )?(?:it |this |we |the function |the result |the answer )?(?:is |are )?)"
_CONDITION = r"(?P<condition>[^,;.()]+(?:\.\d[^,;.()]*)?)"
_VALUE_FIRST = (
    re.compile(rf"\b{_RETURNS} (?P<value>[^;]+?) {_FOR} {_CONDITION}"),
    re.compile(
        r"^(?:Return|Compute|Calculate|Find|Get|Count|The)s?\b(?:(?!\b(?:if|when|unless|may|might"
        rf"|not|never|can)\b)[^;])*?(?:\bor|,) (?P<value>[^,;]+?) {_FOR} {_CONDITION}"
    ),
    re.compile(
        r"^(?:(?!\b(?:if|when|unless|may|might|not|never|can)\b)[^;])*?,? or (?P<value>[^,;]+?) "
        rf"{_WHEN} {_CONDITION}"
    ),
    re.compile(rf"^(?P<value>\S[^,;]*?) is returned {_FOR} {_CONDITION}"),
)
_CONDITION_FIRST = (
    re.compile(rf"^{_FOR} {_CONDITION}{_DOES}{_RETURNS} (?P<value>[^;]+)", re.IGNORECASE),
    re.compile(
        rf"^{_FOR} {_CONDITION},? (?:the )?(?:result|answer) is (?P<value>[^;]+)", re.IGNORECASE
    ),
    re.compile(
        r"^(?P<condition>(?:an? )?(?:empty|negative) \w+|zero) "
        r"(?:gives?|returns?|yields?|produces?|results? in|->|→|=>) (?P<value>[^;]+)",
        re.IGNORECASE,
    ),
)
_BEFORE = re.compile(
    r"\b(?:not|never|no longer|may|might|can|could|optionally|sometimes|usually|typically|if|when"
    r"|whenever|unless|otherwise|while|except|previously|avoid|instead|rather|without|cannot)\b"
    r"|n't\b",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\b(?:unless|except|but|only|provided|while|without|if|when|depend\w*)\b", re.IGNORECASE
)
_LISTED = re.compile(r"^, (?:\w+ ){0,4}?(?:and|or) ")
_OTHERWISE = re.compile(r"\b(?:otherwise|else)\b", re.IGNORECASE)
_SENTENCE = re.compile(
    r"(?<=[.!?;])\s+(?=[A-Z\"'`(\[]|[a-z]+ is\b)|;\s+|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)"
    r"|\n(?=\s*(?:Returns?|Raises?|Throws|If|When|For|An? empty|Otherwise|Panics)\b)"
)
_MORE = re.compile(rf"^,? (?:and |or |but )?(?P<more>(?P<value>[^,;]+?) {_FOR} .*)$")
_SECTION = re.compile(
    r"^[ \t]*(Args|Arguments|Parameters|Params|Returns?|Raises|Throws|Exceptions|Yields|Examples?"
    r"|Notes?|Warnings?|See Also|Attributes|References|Todo|Usage|Warns|Other Parameters"
    r"|Time complexity|Complexity)[ \t]*:?[ \t]*$",
    re.IGNORECASE,
)
_UNDERLINE = re.compile(r"^[ \t]*[-=~]{3,}[ \t]*$")
_FIELD = re.compile(r"^[ \t]*:(\w+)(?:[ \t]+([^:\n]*))?:[ \t]*")
_ENTRY = re.compile(r"^[ \t]*`*([A-Za-z_][\w.]*)`*[ \t]*(?::[ \t]*(.*)|$)")
_LEADING = re.compile(rf"^(?:raised |thrown |returned )?{_FOR} (?:the case that )?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What reading words needs of the language and of the function."""

    parameters: Sequence[Parameter]
    tongue: Tongue
    value: Callable[[str], str]
    """The source of a value that a few words name (``an empty list``, ``0``); empty for others."""
    error: Callable[[str], str]
    """The exception that some words name; empty for others."""
    errors: Sequence[re.Pattern[str]]
    """Sentences that state errors, with groups ``error`` and ``condition``."""


def stated(docstring: str, speech: Speech) -> Iterator[Stated]:
    """Yield what a docstring states in words, in its order.

    Args:
        docstring: Without examples, cleaned of indentation.
        speech: What reading it needs.
    """
    if not speech.parameters:
        return
    for kind, text in sections(docstring):
        if kind in {"raises", "throws", "exceptions"}:
            for error, condition in entries(text):
                name = speech.error(error)
                if name:
                    yield from _met(condition, speech, expected="", raises=name, said=text)
        elif kind in {"", "returns", "return", "note", "notes"}:
            for sentence in sentences(text):
                whole = f"Return {sentence}" if kind.startswith("return") else sentence
                yield from _of_sentence(whole, speech)


def sections(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a docstring with their headings in small letters; prose has none."""
    kind, lines = "", list[str]()
    indent = 0
    for line in docstring.split("\n"):
        heading, field = _SECTION.match(line), _FIELD.match(line)
        depth = len(line) - len(line.lstrip())
        if _UNDERLINE.match(line):
            continue
        if field is not None:
            yield kind, "\n".join(lines)
            name = {"raise": "raises", "except": "raises", "exception": "raises"}
            kind, lines, indent = name.get(field[1], field[1]).lower(), [], depth
            argument = f"{field[2]}: " if kind == "raises" and field[2] else ""
            lines.append("    " + argument + line[field.end() :])
        elif heading is not None:
            yield kind, "\n".join(lines)
            kind, lines, indent = heading[1].lower(), [], depth
        elif kind and line.strip() and depth <= indent and _is_over(kind, lines):
            yield kind, "\n".join(lines)
            kind, lines = "", [line]
        else:
            lines.append(line)
    yield kind, "\n".join(lines)


def _is_over(kind: str, lines: Sequence[str]) -> bool:
    """Tell whether a section ends where the text is indented no deeper than its heading."""
    written = [line for line in lines if line.strip()]
    # NumPy's sections are not indented; only a blank line can end them.
    return bool(written) and (written[0][:1].isspace() or not lines[-1].strip()) and bool(kind)


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield the exceptions of a section with the conditions that they are raised under."""
    error, words = "", list[str]()
    lines = [line for line in text.split("\n") if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    for line in lines:
        entry = _ENTRY.match(line)
        is_new = entry is not None and len(line) - len(line.lstrip()) == margin
        if is_new and entry is not None:
            if error:
                yield error, " ".join(words)
            error, words = entry[1], [entry[2] or ""]
        else:
            words.append(line.strip())
    if error:
        yield error, " ".join(words)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences and list items of a text, each on one line, without marks."""
    for part in _SENTENCE.split(text):
        line = re.sub(r"\s+", " ", re.sub(r"[`*]{1,3}", "", part)).strip()
        line = re.sub(r"^(?:[-•]|\d+[.)])\s+", "", line)
        if line:
            yield line.rstrip(".")


def _of_sentence(sentence: str, speech: Speech) -> Iterator[Stated]:
    for pattern in speech.errors:
        for match in pattern.finditer(sentence):
            name = speech.error(match["error"])
            if name and _is_plain(sentence, match):
                condition = match["condition"]
                yield from _met(condition, speech, expected="", raises=name, said=sentence)
    for pattern in (*_VALUE_FIRST, *_CONDITION_FIRST):
        found = pattern.search(sentence)
        if found is None:
            continue
        words = found["value"]
        if pattern in _CONDITION_FIRST:
            words = re.split(r",? (?:and|otherwise|else)\b|, ", words)[0]
        value, condition = speech.value(words.strip()), found["condition"]
        if not value or _BEFORE.search(sentence[: found.start()]):
            continue
        more = _MORE.match(sentence[found.end() :])
        if more is not None and speech.value(more["value"]):
            # `Returns -1 if n is negative, 0 if n is zero`
            yield from _met(condition, speech, expected=value, raises="", said=sentence)
            yield from _of_sentence(f"Return {more['more']}", speech)
        elif _is_plain(sentence, found):
            yield from _met(condition, speech, expected=value, raises="", said=sentence)


def _is_plain(sentence: str, match: re.Match[str]) -> bool:
    """Tell whether nothing around a statement takes it back or narrows it."""
    if _BEFORE.search(sentence[: match.start()]):
        return False
    rest = sentence[match.end() :]
    if not rest.strip() or _OTHERWISE.search(rest):
        return True
    is_at_end = match.end() == match.end("condition")
    return not (_AFTER.search(rest) or (is_at_end and _LISTED.match(rest)))


def _met(
    condition: str, speech: Speech, *, expected: str, raises: str, said: str
) -> Iterator[Stated]:
    condition = re.sub(r"[`*]{1,3}", "", condition)
    condition = re.split(r"\.(?:\s|$)", condition.strip())[0]
    condition = re.split(r" (?:otherwise|else)\b", _LEADING.sub("", condition))[0]
    for one in inputs(condition, speech.parameters, speech.tongue, is_error=bool(raises)):
        yield Stated(
            parameter=one.parameter.name,
            argument=one.argument,
            expected=expected,
            raises=raises,
            said=said.strip(),
        )
