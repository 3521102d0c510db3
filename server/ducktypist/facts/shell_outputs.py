"""What a script prints and how it ends: the operands of echo, printf, exit, return and getopts.

Only what stands in the text itself; what an expansion in it amounts to is shown as the expansion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.shell_options import CommandLine
from ducktypist.facts.shell_wording import clipped, sentence
from ducktypist.syntax.shell import Command, Word

_POSIX = "POSIX.1-2024, XCU 3"
_STATUS = re.compile(r"\d{1,3}")
_LETTERS = re.compile(r":?(?:[A-Za-z0-9]:?)+")
_CONVERSIONS = {
    "s": "a string",
    "d": "a whole number",
    "i": "a whole number",
    "f": "a number with decimals",
    "x": "a hexadecimal number",
    "o": "an octal number",
    "q": "a string quoted for the shell",
    "b": "a string with its backslash escapes carried out",
    "c": "one character",
}
_CONVERSION = re.compile(r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?([a-zA-Z%])")
_MAX_PRINTED = 80


def _echo(command: Command, line: CommandLine) -> Iterator[Fact]:
    words = line.operands
    if not words or not line.is_sure:
        return
    shown = " ".join(_bare(word) for word in words)
    text = f"prints: {clipped(shown, n_at_most=_MAX_PRINTED)}"
    if any(use.flag == "-n" for use in line.options):
        text += " (without a line break at the end)"
    yield _fact(command, f"{command.name} …", text, words)


def _printf(command: Command, line: CommandLine) -> Iterator[Fact]:
    words = line.operands
    form = words[0].value if words and line.is_sure else None
    if form is None:
        return
    kinds = [found[1] for found in _CONVERSION.finditer(form) if found[1] != "%"]
    if not kinds:
        text = f"prints: {clipped(form, n_at_most=_MAX_PRINTED)}"
    else:
        said = ", ".join(_CONVERSIONS.get(kind, f"%{kind}") for kind in kinds)
        text = f"the form of what is printed: {said}"
        if form.endswith("\\n"):
            text += ", then a line break"
        if len(words) - 1 > len(kinds):
            text += "; it is used again for the arguments that are left"
    yield _fact(command, clipped(words[0].text), text, words[:1])


def _ending(command: Command, line: CommandLine) -> Iterator[Fact]:
    words = line.operands
    status = words[0].value if words else None
    if status is None or not _STATUS.fullmatch(status):
        return
    what = "the function" if command.name == "return" else "the script"
    meaning = "success" if int(status) == 0 else "failure"
    text = f"ends {what} with status {status} ({meaning})"
    yield _fact(command, f"{command.name} {status}", text, words[:1])


def _getopts(command: Command, line: CommandLine) -> Iterator[Fact]:
    words = line.operands
    letters = words[0].value if words else None
    if letters is None or not _LETTERS.fullmatch(letters):
        return
    named = re.findall(r"([A-Za-z0-9])(:?)", letters.removeprefix(":"))
    said = ", ".join(f"-{name}" + (" with an argument" if colon else "") for name, colon in named)
    quiet = "; its own error messages are off" if letters.startswith(":") else ""
    yield _fact(command, f"getopts {letters}", f"takes {said}{quiet}", words[:1])


def _bare(word: Word) -> str:
    return word.text.strip("'\"") if word.is_quoted else word.text


def _fact(command: Command, subject: str, text: str, words: tuple[Word, ...]) -> Fact:
    return Fact(
        kind=FactKind.SYNTAX,
        subject=subject.replace("`", "'"),
        text=sentence(text),
        source=_POSIX,
        of=command.title,
        span=Span(start=command.name_span.start, end=words[-1].span.end),
    )


OUTPUT_READERS: Mapping[str, Callable[[Command, CommandLine], Iterator[Fact]]] = {
    "echo": _echo,
    "exit": _ending,
    "getopts": _getopts,
    "printf": _printf,
    "return": _ending,
}
"""Who reads the operands of which command."""
