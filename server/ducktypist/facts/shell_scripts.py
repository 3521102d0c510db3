"""The commonest commands of sed scripts and awk programs (POSIX.1-2024, XCU 3, sed and awk).

Only scripts that are literal and consist wholly of what is known here; a part that is not
understood makes the rest uncertain, and nothing is said then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.shell_options import CommandLine
from ducktypist.facts.shell_wording import clipped, sentence
from ducktypist.syntax.shell import Command, Word

_MAX_CHARACTERS = 2_000
_SED = "bundled summary of sed"
_AWK = "bundled summary of awk"
_ADDRESS = r"(?:\d+|\$|/(?:[^/\\\n]|\\.)*/)"
_SED_COMMAND = re.compile(
    rf"""
    \s*(?P<from>{_ADDRESS})?(?:\s*,\s*(?P<to>{_ADDRESS}))?\s*(?P<not>!)?\s*
    (?:
      s(?P<mark>[^\w\s\\;])(?P<old>(?:(?!(?P=mark))[^\\\n]|\\.)*)(?P=mark)
       (?P<new>(?:(?!(?P=mark))[^\\\n]|\\.)*)(?P=mark)(?P<flags>[gpIi0-9]*)
      | (?P<simple>[dpDPNqnGhHgx=])
      | y(?P<ymark>[^\w\s\\;])(?P<from_set>[^\\\n]*?)(?P=ymark)(?P<to_set>[^\\\n]*?)(?P=ymark)
    )
    \s*(?:;|\n|\Z)
    """,
    re.VERBOSE,
)
_SIMPLE = {
    "d": "deletes the line: it is not printed, and the next one is read",
    "D": "deletes the first line of the pattern space and starts again",
    "P": "prints the first line of the pattern space",
    "N": "appends the next line of input to the pattern space",
    "q": "prints the line (unless -n is given) and ends",
    "n": "prints the line (unless -n is given) and reads the next one",
    "G": "appends the hold space to the pattern space",
    "h": "copies the pattern space to the hold space",
    "H": "appends the pattern space to the hold space",
    "g": "copies the hold space to the pattern space",
    "x": "exchanges the hold space and the pattern space",
    "=": "prints the number of the line",
}
_AWK_NAMES = {
    "NR": "how many lines (records) were read so far, over all files",
    "FNR": "the number of the line (record) in the current file",
    "NF": "how many fields the line has",
    "FS": "the separator of input fields",
    "OFS": "the text between printed fields, a blank by default",
    "RS": "the separator of input records, a newline by default",
    "ORS": "the text after each print, a newline by default",
    "FILENAME": "the name of the current input file",
    "BEGIN": "runs before the first line is read",
    "END": "runs after the last line was read",
}
_AWK_WORD = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?P<last>\$NF\b)|\$(?P<field>\d+)|(?P<name>[A-Za-z_]\w*)|(?P<regex>/)'
)
_AWK_PATTERN = re.compile(r"\s*/(?P<pattern>(?:[^/\\]|\\.)*)/\s*(?:\{|\Z)")


def sed_facts(command: Command, line: CommandLine) -> Iterator[Fact]:
    """Yield what the commands of a literal sed script do.

    Args:
        command: A sed.
        line: Its words as its manual page understands them.
    """
    is_quiet = any(use.flag in {"-n", "--quiet", "--silent"} for use in line.options)
    for word in _scripts(line, {"-e", "--expression"}):
        parts: list[re.Match[str]] = []
        script, place = (word.value or "")[:_MAX_CHARACTERS], 0
        while place < len(script):
            found = _SED_COMMAND.match(script, place)
            if found is None or found.end() == place:
                parts.clear()
                break
            parts.append(found)
            place = found.end()
        is_verbatim = word.text[1:-1] == script or word.text == script
        for found in parts:
            span = word.span
            if is_verbatim and (shown := found[0].strip().rstrip(";")):
                start = word.span.start + (1 if word.text != script else 0) + found.start()
                start += len(found[0]) - len(found[0].lstrip())
                span = Span(start=start, end=start + len(shown))
            yield _fact(
                command,
                found[0].strip().rstrip("; \n"),
                _sed_text(found, is_quiet=is_quiet),
                span,
                _SED,
            )


def awk_facts(command: Command, line: CommandLine) -> Iterator[Fact]:
    """Yield what the fields and variables in a literal awk program stand for.

    Args:
        command: An awk.
        line: Its words as its manual page understands them.
    """
    if any(use.flag in {"-f", "--file"} for use in line.options) or not line.operands:
        return
    word = line.operands[0]
    program = word.value
    if not line.is_sure or program is None:
        return
    pattern = _AWK_PATTERN.match(program)
    if pattern is not None:
        shown = f"/{pattern['pattern']}/"
        text = f"only lines that match the extended regular expression {clipped(shown)}"
        yield _fact(command, shown, text, word.span, _AWK)
    if "{" not in program:
        text = "prints the lines for which this is true: a pattern without an action"
        yield _fact(command, clipped(program), text, word.span, _AWK)
    seen: set[str] = set()
    rest = program[pattern.end("pattern") + 1 :] if pattern is not None else program
    for found in _AWK_WORD.finditer(rest):
        if found["regex"]:
            # Behind a slash nobody knows here whether a division or a pattern follows.
            return
        subject, text = _awk_word(found)
        if text and subject not in seen:
            seen.add(subject)
            yield _fact(command, subject, text, word.span, _AWK)


def _scripts(line: CommandLine, flags: set[str]) -> list[Word]:
    """Return the words that are scripts: those of the options, else the first operand."""
    given = [use for use in line.options if use.flag in flags]
    if any(use.flag in {"-f", "--file"} for use in line.options) or not line.is_sure:
        return []
    if given:
        return [use.argument for use in given if isinstance(use.argument, Word)]
    return [word for word in line.operands[:1] if word.is_literal]


def _fact(command: Command, subject: str, text: str, span: Span, source: str) -> Fact:
    return Fact(
        kind=FactKind.SYNTAX,
        subject=subject,
        text=sentence(text),
        source=source,
        of=command.title,
        span=span,
    )


def _sed_text(found: re.Match[str], *, is_quiet: bool) -> str:
    where = _addressed(found)
    if found["simple"] == "p":
        return where + ("prints the line" if is_quiet else "prints the line once more")
    if found["simple"]:
        return where + _SIMPLE[found["simple"]]
    if found["ymark"]:
        return (
            f"{where}replaces each character of {found['from_set']} by its counterpart in "
            + (found["to_set"])
        )
    flags = found["flags"]
    number = "".join(letter for letter in flags if letter.isdigit())
    which = f"match number {number}" if number else "the first match"
    if "g" in flags:
        which = f"every match from number {number} on" if number else "every match"
    new = clipped(found["new"])
    text = f"{where}replaces {which} of {clipped(found['old'])} in the line by {new or 'nothing'}"
    if "i" in flags.lower():
        text += ", in any case of letters"
    return text + (", and prints the line if there was one" if "p" in flags else "")


def _addressed(found: re.Match[str]) -> str:
    first, last = found["from"], found["to"]
    if first is None:
        return ""
    where = _address(first) if last is None else f"from {_address(first)} to {_address(last)}"
    if found["not"]:
        return f"everywhere but {'on ' if last is None else ''}{where}: "
    return f"on {where}: " if last is None else f"{where}: "


def _address(address: str) -> str:
    if address == "$":
        return "the last line"
    if address.startswith("/"):
        return f"a line that matches {clipped(address[1:-1])}"
    return f"line {address}"


def _awk_word(found: re.Match[str]) -> tuple[str, str]:
    if found["last"]:
        return "$NF", "the last field of the line"
    if found["field"]:
        number = int(found["field"])
        return f"${number}", f"field {number} of the line" if number else "the whole line"
    name = found["name"] or ""
    return name, _AWK_NAMES.get(name, "")
