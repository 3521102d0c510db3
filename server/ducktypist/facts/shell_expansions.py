"""What parameter expansions mean (POSIX.1-2024, XCU 2.5 and 2.6.2; bash(1), Parameter Expansion).

Own words, with the names and patterns of the very expansion. Nothing is expanded.
"""

from __future__ import annotations

import re

from ducktypist.facts.shell_wording import clipped, ordinal, unquoted
from ducktypist.syntax.shell import Construct

POSIX = "POSIX.1-2024, XCU 2.6.2"
POSIX_SPECIAL = "POSIX.1-2024, XCU 2.5"
BASH = "bash(1)"

_POSIX_MARKS = frozenset({":-", "-", ":=", "=", ":?", "?", ":+", "+", "#", "##", "%", "%%"})
_POSIX_MARKS |= {"length"}
_SPECIAL = {
    "$?": "the exit status of the last command; 0 means success",
    "$!": "the process id of the last command started in the background",
    "$$": "the process id of the shell; in a subshell still that of the main shell",
    "$#": "how many positional parameters (arguments) there are",
    "$@": "all positional parameters; in double quotes each one is a word of its own",
    "$*": "all positional parameters; in double quotes one word, joined by the first character "
    "of IFS",
    "$-": "the letters of the shell options that are on",
    "$0": "the name of the shell or of the script that runs",
    "$_": "the last word of the command before, after expansion",
}
_NAMED = {
    "all": "all elements of the array {}; in double quotes each one is a word of its own",
    "joined": "all elements of the array {}; in double quotes one word, joined by the first "
    "character of IFS",
    "element": "the element of the array {} at {}",
    "length": "how many characters the value of {} has",
    "keys": "the indices or keys of the array {}, not its values",
    "names": "the names of all variables whose names begin with {}",
    "indirect": "the value of the variable whose name is the value of {}",
}
_AFTER = {
    "@Q": "{} quoted so that the shell can read it again",
    "@E": "{} with backslash escapes expanded as in $'…'",
    "@P": "{} expanded as if it were a prompt string",
    "@A": "an assignment or declare command that would make {} again",
    "@a": "the attributes of the variable: {}",
    "@U": "{} in upper case",
    "@u": "{} with its first character in upper case",
    "@L": "{} in lower case",
    "@K": "{} quoted; for an array its keys and values",
    "@k": "{}; for an array its keys and values as separate words",
}
_CUT = {
    "#": "without its shortest beginning that matches",
    "##": "without its longest beginning that matches",
    "%": "without its shortest ending that matches",
    "%%": "without its longest ending that matches",
}
_REPLACED = {
    "/": "the first match of {} in it",
    "//": "every match of {} in it",
    "/#": "a match of {} at its beginning",
    "/%": "a match of {} at its end",
}
_CASES = {
    "^": "the first character in upper case",
    "^^": "all characters in upper case",
    ",": "the first character in lower case",
    ",,": "all characters in lower case",
}
_INTEGER = re.compile(r"\s*(-?\d+)\s*")


def expansion_text(construct: Construct) -> tuple[str, str] | None:
    """Return what an expansion gives, and who says so; None where there is nothing to say.

    Args:
        construct: One of kind EXPANSION.
    """
    mark, name, arguments = construct.mark, construct.name, construct.arguments
    if mark in _SPECIAL:
        return _SPECIAL[mark], BASH if mark == "$_" else POSIX_SPECIAL
    if mark == "positional":
        which = ordinal(int(name))
        return f"the {which} argument of the script or of the function it stands in", POSIX_SPECIAL
    if mark == "count":
        if name in {"@", "*"}:
            return "how many positional parameters there are", POSIX
        return f"how many elements the array {name} has", BASH
    if mark in _NAMED:
        text = _NAMED[mark].format(*(arguments or (name,)))
        return text, POSIX if mark in _POSIX_MARKS else BASH
    text = _operated(mark, name, arguments)
    return (text, POSIX if mark in _POSIX_MARKS else BASH) if text else None


def _operated(mark: str, name: str, arguments: tuple[str, ...]) -> str:
    value = _value(name)
    if mark == "slice":
        return _slice(name, arguments)
    if mark in _AFTER:
        return _AFTER[mark].format(value)
    argument = clipped(arguments[0]) if arguments else ""
    if mark in _CUT:
        return f"{value} {_CUT[mark]} {argument}"
    if mark in _CASES:
        which = "if it matches" if len(mark) == 1 else "those that match"
        return f"{value} with {_CASES[mark]}{f', {which} {argument}' if argument else ''}"
    return _replaced(mark, value, arguments) or _conditional(mark, name, argument)


def _replaced(mark: str, value: str, arguments: tuple[str, ...]) -> str:
    if mark not in _REPLACED or not arguments:
        return ""
    other = clipped(arguments[1]) if len(arguments) > 1 else ""
    what = _REPLACED[mark].format(clipped(arguments[0]))
    return f"{value} with {what} {f'replaced by {other}' if other else 'removed'}"


def _conditional(mark: str, name: str, argument: str) -> str:
    """Return the text of ``:-`` and its kin; without the colon an empty value counts as set."""
    missing = "unset or empty" if mark.startswith(":") else "unset"
    present = "set and not empty" if mark.startswith(":") else "set, even to nothing"
    word = unquoted(argument) or "nothing"
    value = _value(name)
    texts = {
        "-": f"{value}, or {word} if it is {missing}; the variable stays as it is",
        "=": f"{value}; if it is {missing}, {word} is assigned to it first",
        "?": f"{value}; if it is {missing}, the script stops with the message "
        f"{word if argument else 'that it is not set'}",
        "+": f"{word} if {_subject(name)} is {present}, otherwise nothing",
    }
    return texts.get(mark[-1], "")


def _slice(name: str, arguments: tuple[str, ...]) -> str:
    offset = _INTEGER.fullmatch(arguments[0])
    length = _INTEGER.fullmatch(arguments[1]) if len(arguments) > 1 else None
    if offset is None or (len(arguments) > 1 and length is None):
        return f"a part of {_value(name)}, from the offset {clipped(arguments[0])} on"
    start = int(offset[1])
    n_taken = int(length[1]) if length else None
    if name in {"@", "*"}:
        return _parameters(start, n_taken)
    array = re.fullmatch(r"(\w+)\[[@*]\]", name)
    unit = "elements" if array else "characters"
    whole = f"the array {array[1]}" if array else _value(name)
    if start < 0 and n_taken is None:
        return f"the last {-start} {unit} of {whole}"
    place = f"{-start} before its end" if start < 0 else f"offset {start} (the first is 0)"
    if n_taken is None:
        return f"the {unit} of {whole} from {place} to its end"
    if n_taken < 0:
        return f"the {unit} of {whole} from {place} up to {-n_taken} before its end"
    return f"{n_taken} {unit} of {whole} from {place} on"


def _parameters(start: int, n_taken: int | None) -> str:
    if start <= 0:
        return ""
    if n_taken is None:
        return f"the positional parameters from ${start} on"
    return f"{n_taken} of the positional parameters, from ${start} on"


def _subject(name: str) -> str:
    if name == "0":
        return "$0, the name of the script"
    return f"positional parameter {name}" if name.isdigit() else name


def _value(name: str) -> str:
    if name in {"@", "*"}:
        return "each positional parameter"
    array = re.fullmatch(r"(\w+)\[[@*]\]", name)
    if array:
        return f"each element of the array {array[1]}"
    return f"the value of {_subject(name)}"
