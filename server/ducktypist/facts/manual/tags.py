"""From the tag of a paragraph, ``-a FILE, --arg-file=FILE``, to names and their argument.

Takes tags of manual pages, in which italics are marked, and of help texts. What is not an option,
an operator or a named operand is nothing here; a tag that can be read in two ways is read as the
one that claims less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ducktypist.facts.manual.model import NUMBER_NAMES
from ducktypist.facts.manual.roff_text import ITALIC_OFF, ITALIC_ON, unmarked

MAX_TAG = 400
"""A longer text is no tag."""
_MAX_NAMES = 24
_MAX_ARGUMENT = 60
_MAX_ARGUMENT_WORDS = 4

_IS_OPTION = re.compile(r"[\s\x0e\x0f\[({]*(?:-|\+\S)")
_BETWEEN = re.compile(
    r"[\s\x0e\x0f]*(?:,|\||/|;|\bor\b|\band\b|\n)[\s\x0e\x0f]*(?:or\b[\s\x0e\x0f]*)?"
    r"(?=[\[({]?-{1,2}[\w?\x0e\x0f<\[#@$!:.%-])"
)
_BESIDE = re.compile(r"(?<=[\w\]>\x0f?])[\s\x0e\x0f]+(?=--[A-Za-z\[])|"
                     r"(?<=[a-z])[\s\x0e\x0f]+(?=-[A-Za-z?](?:[\s\x0e\x0f]|\Z))")  # fmt: skip
_NAME = re.compile(
    r"[\x0e\x0f]*(?P<dashes>--?|\+)\x0f*(?P<no>[\[(]no-?[\])])?[\x0f]*"
    r"(?P<word>[A-Za-z0-9][^\s,;=\[\](){}|<>/:\x0e\x0f'\"]*|[?#@$!:.%*^&~](?=[\s\x0f,]|\Z))?"
)
_DIGITS = re.compile(
    r"-(?:(?:NUM|num|number|digits?)\b"
    r"|[\x0e<\[]{1,3}(?:NUM|num|number|N|n|digits?|lines|LINES|count|\d+)"
    r"[\x0f>\]]{0,3}|\d{2,})\Z"
)
_ATTACHED = re.compile(r"(?P<letter>-[A-Z])(?P<rest>level|num|n|number|file|dir|path|[a-z]+=.*)\Z")
_BINARY = re.compile(
    r"(?P<left>[A-Za-z]\w*?)\d?\s+(?P<operator>-[a-z]+|=~|[=!<>]=?|,)\s+(?P<right>[A-Za-z]\w*?)\d?"
)
_UNARY = re.compile(r"(?P<operator>!)\s*(?P<operand>[A-Za-z]\w*)")
_GROUP = re.compile(r"\(\s*[A-Za-z]\w*\s*\)")
_OPERAND = re.compile(r"(?P<name>[A-Za-z]\w*=)\s*(?P<value>\S+)")
_WHOLE_BRACKETS = re.compile(r"\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\.{0,3}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What one tag names; more than one of them where only some names take the argument."""

    names: tuple[str, ...]
    argument: str | None
    argument_optional: bool
    is_operator: bool = False
    """Whether it stands between or before expressions: ``-o``, ``!``."""
    opposite_of: str = ""
    """The name, in the same tag, of what this one switches off."""


def looks_like_option(tag: str) -> bool:
    """Tell whether a tag, without escapes, begins as an option does."""
    return _IS_OPTION.match(tag) is not None


def parse_tag(tag: str) -> tuple[Tag, ...]:
    """Return the options that a tag names; none where it is something else.

    Args:
        tag: Text without escapes; ``ITALIC_ON`` and ``ITALIC_OFF`` around arguments may stand in
            it, and line ends between alternatives.
    """
    if len(tag) > MAX_TAG:
        return ()
    tag = tag.strip()
    if not looks_like_option(tag):
        return _operator(" ".join(unmarked(tag).split()))
    found = list(_alternatives(tag))[:_MAX_NAMES]
    if not found:
        return ()
    names = {name for one in found for name in one.names}
    is_split = any(one.argument is not None for one in found)
    positive: list[Tag] = []
    negative: list[Tag] = []
    for one in found:
        for name in one.names:
            stem = "--" + name.removeprefix("--no-")
            is_no = name.startswith("--no-") and (stem in names or (is_split and not one.argument))
            alone = replace(one, names=(name,), opposite_of=stem if is_no and stem in names else "")
            (negative if is_no else positive).append(alone)
    return tuple(_together(group) for group in (positive, negative) if group)


def _together(group: list[Tag]) -> Tag:
    names = tuple(dict.fromkeys(name for one in group for name in one.names))
    taking = next((one for one in group if one.argument is not None), group[0])
    # "--check, --check=first": with and without.
    is_free = any(one.argument is None and set(one.names) & set(taking.names) for one in group)
    return replace(
        group[0],
        names=names,
        argument=taking.argument,
        argument_optional=taking.argument_optional or (taking.argument is not None and is_free),
    )


def _alternatives(tag: str) -> Iterator[Tag]:
    is_long_plus = tag.lstrip("\x0e\x0f [({").startswith("+")
    for part in _BETWEEN.split(tag):
        pieces = _BESIDE.split(part)
        if not _are_names(pieces):
            pieces = [part]
        for piece in pieces:
            found = _one(piece.strip().lstrip("[({"), may_be_plus=is_long_plus)
            if found:
                yield found


def _are_names(pieces: list[str]) -> bool:
    """Tell whether pieces with spaces between are names, as in ``-h --help``."""
    if len(pieces) == 1:
        return True
    first, second = unmarked(pieces[0]).strip(), unmarked(pieces[1]).strip()
    is_short = re.fullmatch(r"\[?-[^\s-]( \S+)?", first) is not None
    if second.startswith("--"):
        return is_short or first.startswith("--")
    return first.startswith("--") and " " not in first


def _one(piece: str, *, may_be_plus: bool) -> Tag | None:
    if _DIGITS.match(piece.strip(ITALIC_ON + ITALIC_OFF)):
        return Tag(names=(NUMBER_NAMES[0],), argument=None, argument_optional=False)
    match = _NAME.match(piece)
    if not match or (match["dashes"] == "+" and not may_be_plus):
        return None
    dashes, word, rest = match["dashes"], match["word"], piece[match.end() :]
    if word is not None:
        return _named(dashes, word, rest, no=(match["no"] or "").strip("[]()"))
    # "-" and "--" are options where nothing else is attached to them.
    is_alone = dashes != "+" and not match["no"] and not unmarked(rest).strip(" ])}")
    return Tag(names=(dashes,), argument=None, argument_optional=False) if is_alone else None


def _named(dashes: str, word: str, rest: str, *, no: str) -> Tag | None:
    if dashes == "+" and not word[0].isalpha():
        return None
    name = dashes + (word.rstrip(".").replace("\\", "") if len(word) > 1 else word)
    if name.endswith("#") and len(word) > 1:
        # zstd's way to say that a number is attached: -b#.
        return Tag(names=(name[:-1],), argument="#", argument_optional=False)
    attached = _ATTACHED.match(name) if dashes == "-" else None
    if attached and not rest.strip():
        return Tag(names=(attached["letter"],), argument=attached["rest"], argument_optional=False)
    names = (name, f"{dashes}{no}{name.removeprefix(dashes)}") if no else (name,)
    argument, is_optional = _argument(rest)
    return Tag(names=names, argument=argument, argument_optional=is_optional)


def _argument(rest: str) -> tuple[str | None, bool]:
    """Return the metavariable after a name, and whether it may be left out."""
    is_marked = ITALIC_ON in rest
    text = " ".join(unmarked(rest).split())
    if text.startswith(("...", "…")):
        text = text.lstrip(".… ")
    while text.endswith(("]", ")", "}")) and not _is_balanced(text):
        text = text[:-1].rstrip()
    # find's -exec ends with a semicolon of its own.
    text = text if text.endswith(" ;") else text.rstrip(",;:|").rstrip()
    text = text.lstrip("]),: ")
    is_optional = False
    whole = _WHOLE_BRACKETS.match(text)
    if whole:
        is_optional, text = True, whole[1].strip()
    text = text.removeprefix("=").removeprefix(":").strip()
    inner = _WHOLE_BRACKETS.match(text)
    if inner:
        is_optional, text = True, inner[1]
    if not text or not any(character.isalnum() or character in "{}+/@%*" for character in text):
        return None, False
    is_prose = len(text.split()) > _MAX_ARGUMENT_WORDS and not is_marked
    if is_prose or (len(text) > _MAX_ARGUMENT and " " in text):
        return None, False
    is_long = len(text) > _MAX_ARGUMENT
    return text[: _MAX_ARGUMENT - 1] + "…" if is_long else text, is_optional


def _is_balanced(text: str) -> bool:
    return all(text.count(left) >= text.count(right) for left, right in ("[]", "()", "{}"))


def _operator(tag: str) -> tuple[Tag, ...]:
    """Read ``expr1 -o expr2``, ``! expr``, ``( expr )`` and ``if=FILE``; nothing else."""
    operand = _OPERAND.fullmatch(tag)
    if operand:
        value = operand["value"]
        return (Tag(names=(operand["name"],), argument=value, argument_optional=False),)
    binary = _BINARY.fullmatch(tag)
    unary = _UNARY.fullmatch(tag)
    names: tuple[str, ...] = ()
    argument = None
    if binary and binary["left"].casefold() == binary["right"].casefold():
        names, argument = (binary["operator"],), tag.rsplit(None, 1)[1]
    elif unary:
        names, argument = ("!",), unary["operand"]
    elif _GROUP.fullmatch(tag):
        names = ("(", ")")
    if not names:
        return ()
    return (Tag(names=names, argument=argument, argument_optional=False, is_operator=True),)
