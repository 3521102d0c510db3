"""What the operands of some well-known commands mean: modes, formats, ages, ranges, signals.

Only notations that can be read in one way (POSIX.1-2024, XCU 3, and the tools' manuals); whatever
else stands there is nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.shell_options import CommandLine, OptionUse
from ducktypist.facts.shell_outputs import OUTPUT_READERS
from ducktypist.facts.shell_scripts import awk_facts, sed_facts
from ducktypist.facts.shell_wording import sentence
from ducktypist.syntax.shell import Command, Word

_DATE = {
    "Y": "the year",
    "y": "the last two digits of the year",
    "m": "the month (01-12)",
    "d": "the day of the month (01-31)",
    "H": "the hour (00-23)",
    "I": "the hour (01-12)",
    "M": "the minute (00-59)",
    "S": "the second (00-60)",
    "F": "the date as YYYY-MM-DD",
    "T": "the time as HH:MM:SS",
    "R": "the time as HH:MM",
    "s": "the seconds since 1970-01-01 UTC",
    "N": "the nanoseconds",
    "j": "the day of the year (001-366)",
    "a": "the short name of the weekday",
    "A": "the name of the weekday",
    "b": "the short name of the month",
    "B": "the name of the month",
    "u": "the weekday (1-7, 1 is Monday)",
    "w": "the weekday (0-6, 0 is Sunday)",
    "V": "the ISO week (01-53)",
    "z": "the offset from UTC as +hhmm",
    "Z": "the abbreviation of the time zone",
}
_TYPES = {
    "b": "block devices",
    "c": "character devices",
    "d": "directories",
    "f": "regular files",
    "l": "symbolic links",
    "p": "named pipes",
    "s": "sockets",
}
_TIMES = {
    "a": "was last read",
    "c": "had its status (owner, mode, contents …) last changed",
    "m": "had its contents last modified",
}
_SIGNALS = {
    "1": "HUP",
    "2": "INT",
    "3": "QUIT",
    "6": "ABRT",
    "9": "KILL",
    "13": "PIPE",
    "14": "ALRM",
    "15": "TERM",
}
_SIGNAL_TEXTS = {
    "0": "sends nothing and only tells whether the process exists and may be signalled",
    "HUP": "hang-up; ends the process unless it handles it, many daemons re-read their settings",
    "INT": "interrupt, as Ctrl-C sends it; can be handled or ignored",
    "QUIT": "quit, as Ctrl-\\ sends it; ends the process with a core dump unless handled",
    "ABRT": "abort; ends the process unless handled",
    "KILL": "ends the process at once; it cannot be handled, blocked or ignored",
    "PIPE": "a write to a pipe that nobody reads",
    "ALRM": "a timer has run out",
    "TERM": "a request to end; can be handled or ignored",
    "USR1": "the first signal without a fixed meaning",
    "USR2": "the second signal without a fixed meaning",
    "STOP": "stops the process; it cannot be handled, blocked or ignored",
    "CONT": "continues a stopped process",
    "CHLD": "a child process has stopped or ended",
    "WINCH": "the size of the terminal has changed",
}
_TRAPPED = {
    "EXIT": "runs when the shell exits, whatever the reason",
    "0": "runs when the shell exits, whatever the reason",
    "ERR": "runs when a command fails where set -e would stop the script",
    "DEBUG": "runs before every simple command",
    "RETURN": "runs when a function or a sourced script returns",
}
_WHO = {"u": "the owner", "g": "the group", "o": "others", "a": "everybody", "": "everybody"}
_MAY = {
    "r": "read",
    "w": "write",
    "x": "execute (search in directories)",
    "X": "execute if it is a directory or anybody may execute it already",
    "s": "set-user-ID or set-group-ID",
    "t": "sticky",
}
_SYMBOLIC = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_AGE = re.compile(r"([-+]?)(\d+)")
_SIZE = re.compile(r"([-+]?)(\d+)([bcwkMG]?)")
_UNITS = {
    "": "512-byte blocks",
    "b": "512-byte blocks",
    "c": "bytes",
    "w": "two-byte words",
    "k": "KiB",
    "M": "MiB",
    "G": "GiB",
}
_RANGE = re.compile(r"(\d*)(-?)(\d*)")
_SORT_KEY = re.compile(r"(\d+)(?:\.(\d+))?([a-zA-Z]*)(?:,(\d+)(?:\.(\d+))?([a-zA-Z]*))?")


def operand_facts(command: Command, line: CommandLine) -> Iterator[Fact]:
    """Yield what is known of the operands and option arguments of one command.

    Args:
        command: The command.
        line: Its words as its manual page understands them.
    """
    reader = _READERS.get(command.name)
    if reader is not None:
        yield from reader(command, line)


def _primaries(command: Command, line: CommandLine) -> Iterator[Fact]:
    for use in line.options:
        yield from _primary(command, use)


def _dates(command: Command, _line: CommandLine) -> Iterator[Fact]:
    for word in command.words:
        yield from _date(command, word)


def _modes(command: Command, line: CommandLine) -> Iterator[Fact]:
    if line.is_sure and line.operands:
        yield from _mode(command, line.operands[0])


def _signals(command: Command, _line: CommandLine) -> Iterator[Fact]:
    if command.words:
        yield from _signal(command, command.words[0])


def _arguments(command: Command, line: CommandLine) -> Iterator[Fact]:
    for use in line.options:
        yield from _argument(command, use)


def _fact(command: Command, subject: str, text: str, span: Span, source: str) -> Fact:
    return Fact(
        kind=FactKind.SYNTAX,
        subject=subject,
        text=sentence(text),
        source=source,
        of=command.title,
        span=span,
    )


def _primary(command: Command, use: OptionUse) -> Iterator[Fact]:
    argument = use.argument_text.strip("'\"")
    text = ""
    if use.flag == "-type" and argument and all(kind in _TYPES for kind in argument.split(",")):
        text = "only " + " and ".join(_TYPES[kind] for kind in argument.split(","))
    elif re.fullmatch(r"-[acm](?:time|min)", use.flag):
        text = _age(use.flag, argument)
    elif use.flag == "-size":
        found = _SIZE.fullmatch(argument)
        text = _size(*found.groups()) if found else ""
    if text and isinstance(use.argument, Word):
        span = Span(start=use.span.start, end=use.argument.span.end)
        yield _fact(command, f"{use.flag} {argument}", text, span, "bundled summary of find")


def _age(flag: str, argument: str) -> str:
    found = _AGE.fullmatch(argument)
    if found is None:
        return ""
    sign, number = found[1], int(found[2])
    what = f"true for a file that {_TIMES[flag[1]]}"
    if flag.endswith("min"):
        compared = {"+": "more than", "-": "less than", "": "rounded up, exactly"}[sign]
        return f"{what} {compared} {number} minutes ago"
    if sign == "+":
        return f"{what} at least {_days(number + 1)} ago; parts of a day do not count"
    if sign == "-":
        return f"{what} less than {_days(number)} ago"
    return f"{what} at least {_days(number)} and less than {_days(number + 1)} ago"


def _days(number: int) -> str:
    return f"{number} x 24 hours"


def _size(sign: str, number: str, unit: str) -> str:
    compared = {"+": "more than", "-": "less than", "": "exactly"}[sign]
    rounded = "" if unit == "c" else ", the size being rounded up to whole units"
    return f"true for a file of {compared} {number} {_UNITS[unit]}{rounded}"


def _date(command: Command, word: Word) -> Iterator[Fact]:
    if not word.is_literal or not word.head.startswith("+"):
        return
    letters = re.findall(r"%[-_0^#]?(.)", word.head)
    if letters and all(letter in _DATE or letter in "%nt" for letter in letters):
        parts = [
            f"%{letter} {_DATE[letter]}" for letter in dict.fromkeys(letters) if letter in _DATE
        ]
        text = "the form of the output: " + ", ".join(parts)
        yield _fact(command, word.head, text, word.span, "bundled summary of date")


def _mode(command: Command, word: Word) -> Iterator[Fact]:
    mode = word.value or ""
    if re.fullmatch(r"0?[0-7]{3}", mode):
        parts = [
            f"{who} {_digit(int(digit))}"
            for who, digit in zip(("the owner", "the group", "others"), mode[-3:], strict=True)
        ]
        text = "sets who may do what: " + "; ".join(parts)
        yield _fact(command, mode, text, word.span, "bundled summary of chmod")
        return
    clauses = [_SYMBOLIC.fullmatch(clause) for clause in mode.split(",")]
    if mode and all(clause is not None for clause in clauses):
        parts = [_clause(*clause.groups()) for clause in clauses if clause is not None]
        yield _fact(command, mode, "; ".join(parts), word.span, "bundled summary of chmod")


def _digit(digit: int) -> str:
    rights = [name for bit, name in ((4, "read"), (2, "write"), (1, "execute")) if digit & bit]
    return ", ".join(rights) or "nothing"


def _clause(who: str, sign: str, rights: str) -> str:
    people = " and ".join(_WHO[letter] for letter in who) if who else "everybody (less the umask)"
    what = ", ".join(_MAY[letter] for letter in rights) or "nothing"
    verb = {"+": "gives", "-": "takes from", "=": "lets"}[sign]
    if sign == "=":
        return f"lets {people} do exactly this: {what}"
    return f"{verb} {people} the right: {what}"


def _signal(command: Command, word: Word) -> Iterator[Fact]:
    found = re.fullmatch(r"-(?:SIG)?([A-Z]+\d?|\d+)", word.head)
    if found is None:
        return
    name = _SIGNALS.get(found[1], found[1])
    text = _SIGNAL_TEXTS.get(name)
    if text:
        shown = text if name == "0" else f"sends the signal {name}: {text}"
        yield _fact(command, word.head, shown, word.span, "signal(7)")


def _traps(command: Command, _line: CommandLine) -> Iterator[Fact]:
    words = [word for word in command.words if word.head != "--"]
    if not words or (words[0].head.startswith("-") and words[0].head != "-"):
        return
    action = words[0].value
    for word in words[1:]:
        name = (word.value or "").upper().removeprefix("SIG")
        name = _SIGNALS.get(name, name)
        if name not in _TRAPPED and name not in _SIGNAL_TEXTS:
            continue
        if action == "-":
            text = f"{name} is handled as it was when the shell started"
        elif not action and words[0].is_literal:
            text = f"{name} is ignored, also by the commands that are started"
        elif name in _TRAPPED:
            text = f"the command {_TRAPPED[name]}"
        else:
            text = f"the command runs when the signal {name} arrives: {_SIGNAL_TEXTS[name]}"
        yield _fact(command, word.head, text, word.span, "POSIX.1-2024, XCU 2.15, trap")


def _argument(command: Command, use: OptionUse) -> Iterator[Fact]:
    argument = use.argument_text.strip("'\"")
    text = ""
    if command.name in {"head", "tail"} and use.flag in {"-n", "--lines", "-c", "--bytes"}:
        text = _ends(command.name, use.flag, argument)
    elif command.name == "sort" and use.flag in {"-k", "--key"}:
        text = _sort_key(argument)
    elif command.name == "cut" and use.flag in {"-f", "-c", "-b"}:
        text = _cut_list(use.flag, argument)
    if text:
        end = use.argument.span.end if isinstance(use.argument, Word) else use.span.end
        span = Span(start=use.span.start, end=max(use.span.end, end))
        yield _fact(
            command, f"{use.flag} {argument}", text, span, f"bundled summary of {command.name}"
        )


def _ends(name: str, flag: str, argument: str) -> str:
    found = re.fullmatch(r"([-+]?)(\d+)", argument)
    if found is None:
        return ""
    unit = "lines" if flag in {"-n", "--lines"} else "bytes"
    sign, number = found[1], found[2]
    if name == "head":
        if sign == "-":
            return f"all {unit} but the last {number}"
        return f"the first {number} {unit}" if not sign else ""
    one = unit.removesuffix("s")
    if sign == "+":
        return f"everything from {one} {number} on, counted from 1"
    return f"the last {number} {unit}"


def _sort_key(argument: str) -> str:
    found = _SORT_KEY.fullmatch(argument)
    if found is None:
        return ""
    first, character, start_letters, last, last_character, end_letters = found.groups()
    start = f"field {first}" + (f", character {character}" if character else "")
    if last is None:
        where = f"from {start} to the end of the line"
    elif last == first and not character and last_character in {None, "0"}:
        where = f"field {first} alone"
    else:
        end = f"field {last}"
        end += f", character {last_character}" if last_character not in {None, "0"} else ""
        where = f"from {start} to {end}"
    letters = start_letters + (end_letters or "")
    known = {"n": "as numbers", "r": "in reverse", "h": "as sizes such as 2K", "V": "as versions"}
    how = [known[letter] for letter in dict.fromkeys(letters) if letter in known]
    return f"the key is {where}" + (f", compared {' and '.join(how)}" if how else "")


def _cut_list(flag: str, argument: str) -> str:
    unit = {"-f": "field", "-c": "character", "-b": "byte"}[flag]
    parts: list[str] = []
    for piece in argument.split(","):
        found = _RANGE.fullmatch(piece)
        if found is None or not (found[1] or found[3]):
            return ""
        first, dash, last = found.groups()
        if not dash:
            parts.append(first)
        elif not last:
            parts.append(f"{first} to the last")
        else:
            parts.append(f"{first or 1} to {last}")
    return f"{unit}{'s' if len(parts) > 1 or '-' in argument else ''} {', '.join(parts)}"


_READERS: Mapping[str, Callable[[Command, CommandLine], Iterator[Fact]]] = {
    "awk": awk_facts,
    "chmod": _modes,
    "cut": _arguments,
    "date": _dates,
    "find": _primaries,
    "gawk": awk_facts,
    "gfind": _primaries,
    "gsed": sed_facts,
    "head": _arguments,
    "kill": _signals,
    "killall": _signals,
    "mawk": awk_facts,
    "nawk": awk_facts,
    "pkill": _signals,
    "sed": sed_facts,
    "sort": _arguments,
    "tail": _arguments,
    "trap": _traps,
    **OUTPUT_READERS,
}
