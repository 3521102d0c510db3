"""Which options a command is given, as its manual page understands its words.

Clusters (``-xzf FILE``), attached and following arguments, long options and their abbreviations
(POSIX.1-2024, XBD 12.2, and getopt_long(3)), primaries of one dash (``find -name``), old styles
(``tar xzf``, ``dd if=``). An option that the page does not list is nothing here, and so is a
cluster with a letter that it does not list: no guess is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.facts.manual.model import OptionEntry, Page
from ducktypist.syntax.shell import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionUse:
    """One option that is given."""

    flag: str
    """As it would stand alone: ``-r`` of ``-0r``, ``--include`` of ``--include=*.py``."""
    entry: OptionEntry
    span: Span
    argument: Word | str | None = None
    """What it is given: a following word, or the attached text; None where it takes none."""
    is_off: bool = False
    """Whether it is turned off: ``set +e``, ``declare +x``."""

    @property
    def argument_text(self) -> str:
        """The argument as it stands in the source, or without quotes where it is attached."""
        return self.argument.text if isinstance(self.argument, Word) else self.argument or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """The words of one command, told apart."""

    options: tuple[OptionUse, ...]
    operands: tuple[Word, ...]
    """Words that are neither options nor their arguments; those after an option that nobody
    knows may be its argument."""
    is_sure: bool
    """Whether every option was known, so that the operands are certain."""


_FINDS = frozenset({"find", "gfind"})
_TARS = frozenset({"bsdtar", "gtar", "tar"})
_FIND_OPERATORS = frozenset({"!", "(", ")", ",", "-a", "-and", "-not", "-o", "-or"})
_EXECUTING = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_NO_OPTIONS = frozenset({"[", "[[", ":", "expr", "false", "test", "true"})
_SIGNALLING = frozenset({"kill", "killall", "pkill"})
_SIGNAL = re.compile(r"-(?:SIG)?[A-Z][A-Z0-9+-]+|-\d+")
_MODE = re.compile(r"-[rwxXst]+(?:,.*)?")
_OLD_TAR = re.compile(r"[cxtruA][A-Za-z]*")
_NAMED_OPERAND = re.compile(r"[a-z]+=")
_LONG_WITH_ONE_DASH = re.compile(r"-[A-Za-z][\w-]+")
_WORD_STYLE_AT_LEAST = 3
_MIN_ABBREVIATION = 4
_STOPPING = frozenset(
    """
    alias ash awk bash builtin command dash declare docker-exec docker-run doas echo env eval
    exec export gawk getopts jobs kubectl-exec ksh local mawk nawk nice node nohup perl
    php printf python python3 read readonly ruby set sh ssh sudo time timeout trap type
    typeset ulimit unset wait watch xargs zsh
    """.split()  # noqa: SIM905 - a list of a hundred quotes is harder to read.
)
"""Commands whose options end at the first operand, also where others are permuted."""
_ALSO_PLUS = frozenset({"declare", "local", "set", "typeset"})
_DIGITS = {"head": "-n", "nice": "-n", "tail": "-n", "git-log": "-n", "grep": "-C"}
"""What ``-5`` is short for where the page has no entry for it."""


def command_line(name: str, words: Sequence[Word], page: Page) -> CommandLine:
    """Return the options and operands among ``words``.

    Args:
        name: The command, ``git-commit`` for one with a subcommand.
        words: What follows it (and its subcommand).
        page: The manual page that describes it.
    """
    reader = _Reader(name=name, words=words, page=page)
    reader.read()
    return CommandLine(
        options=tuple(reader.options), operands=tuple(reader.operands), is_sure=reader.is_sure
    )


class _Reader:
    """Goes through the words of one command."""

    def __init__(self, *, name: str, words: Sequence[Word], page: Page) -> None:
        self._name = name
        self._words = words
        self._page = page
        self._next = 0
        self._are_words = name in _FINDS or _is_word_style(page)
        self.options: list[OptionUse] = []
        self.operands: list[Word] = []
        self.is_sure = True

    def read(self) -> None:
        while self._next < len(self._words):
            word = self._words[self._next]
            self._next += 1
            if self._name in _NO_OPTIONS:
                self.operands.append(word)
            elif word.head == "--" and self._name not in _FINDS:
                break
            elif not self._read_one(word):
                self.operands.append(word)
                if self._name in _STOPPING:
                    break
        self.operands.extend(self._words[self._next :])
        self._next = len(self._words)

    def _read_one(self, word: Word) -> bool:
        """Read one word and the arguments it takes; False: it is an operand."""
        head = word.head
        if self._name in _FINDS:
            return self._primary(word)
        if self._name in _ALSO_PLUS and head.startswith("+") and len(head) > 1:
            return self._cluster(word, is_off=True)
        if not head.startswith("-"):
            return self._without_dash(word)
        if len(head) == 1 or self._is_operand(head):
            return False
        return self._long(word) if head.startswith("--") else self._short(word)

    def _without_dash(self, word: Word) -> bool:
        head = word.head
        if self._name in _TARS and word is self._words[0] and _OLD_TAR.fullmatch(head):
            return self._old_tar(word)
        if self._name == "dd" and _NAMED_OPERAND.match(head):
            name, _, value = head.partition("=")
            return self._add(f"{name}=", self._page.option(head), word.span, argument=value)
        return False

    def _is_operand(self, head: str) -> bool:
        """Tell whether a word with a dash is no option: a mode, a signal."""
        if self._name == "chmod":
            return _MODE.fullmatch(head) is not None
        return self._name in _SIGNALLING and _SIGNAL.fullmatch(head) is not None

    def _primary(self, word: Word) -> bool:
        head = word.head
        if head in {";", "+"}:
            return True
        if head in _FIND_OPERATORS:
            return self._add(head, self._page.option(head), word.span)
        if not head.startswith("-") or len(head) == 1:
            return False
        following = self._words[self._next] if self._next < len(self._words) else None
        if head in _EXECUTING:
            end = following.head if following is not None else ";"
            return self._add(head, self._page.option_taking(head, f"command {end}"), word.span)
        argument = following.head if following is not None else ""
        entry = self._page.option_taking(head, argument) or self._page.option(head)
        if entry is None:
            return self._unknown()
        n_arguments = len((entry.argument or "").split())
        taken = self._words[self._next : self._next + n_arguments]
        self._next += len(taken)
        return self._add(head, entry, word.span, argument=taken[0] if taken else None)

    def _old_tar(self, word: Word) -> bool:
        for index, letter in enumerate(word.head):
            entry = self._page.option(f"-{letter}")
            if entry is None:
                return self._unknown()
            argument = self._taken() if _needs_argument(entry, f"-{letter}") else None
            start = word.span.start + index
            self._add(f"-{letter}", entry, Span(start=start, end=start + 1), argument=argument)
        return True

    def _long(self, word: Word) -> bool:
        flag, equals, value = word.head.partition("=")
        entry = self._page.option(flag) or _abbreviated(self._page, flag)
        if entry is None:
            return self._unknown()
        argument: Word | str | None = value if equals else None
        if not equals and _needs_argument(entry, flag):
            argument = self._taken()
        length = len(flag) if word.text.startswith(flag) else len(word.text)
        span = Span(start=word.span.start, end=word.span.start + length)
        return self._add(flag, entry, span, argument=argument)

    def _short(self, word: Word) -> bool:
        head = word.head
        whole = self._page.option(head) if word.is_literal else None
        if whole is not None and head in whole.names and self._name != "set":
            argument = self._taken() if _needs_argument(whole, head) else None
            if isinstance(argument, Word):
                # mawk's -W stands in its page once for each word that may follow.
                whole = self._page.option_taking(head, argument.head) or whole
            return self._add(head, whole, word.span, argument=argument)
        if head[1:].isdigit():
            entry = whole or self._page.option(_DIGITS.get(self._name, ""))
            if entry is not None:
                return self._add(head, entry, word.span)
        return self._cluster(word)

    def _cluster(self, word: Word, *, is_off: bool = False) -> bool:
        found: list[OptionUse] = []
        head, start = word.head, word.span.start
        is_plain = word.text.startswith(head)
        index = 1
        while index < len(head):
            flag = f"-{head[index]}"
            entry, width = self._named(flag), 1
            if self._name == "set" and flag == "-o" and self._next < len(self._words):
                named = self._words[self._next]
                flag = f"-o {named.head}"
                entry = self._page.option(flag)
                self._next += 1
            elif entry is not None and _takes_argument(entry, flag):
                width = len(head) - index
            if entry is None or (self._are_words and width > 1 and head[index + 1].islower()):
                return self._unknown()
            if self._are_words and width == 1 and len(head) > len("-r"):
                return self._unknown()
            rest: Word | str | None = head[index + 1 :] if width > 1 else None
            if rest is None and not word.is_literal and index == len(head) - 1:
                rest = "" if _takes_argument(entry, flag) else None
            elif rest is None and _needs_argument(entry, flag) and not flag.startswith("-o "):
                rest = self._taken()
            place = Span(start=start + (index if index > 1 else 0), end=start + index + 1)
            found.append(
                OptionUse(
                    flag=flag,
                    entry=entry,
                    span=place if is_plain else word.span,
                    argument=rest,
                    is_off=is_off,
                )
            )
            index += width
        self.options.extend(found)
        return True

    def _named(self, flag: str) -> OptionEntry | None:
        """Return the entry that lists ``flag`` itself: a digit may stand for any number."""
        entry = self._page.option(flag)
        return entry if entry is not None and flag in entry.names else None

    def _taken(self) -> Word | None:
        if self._next >= len(self._words):
            return None
        self._next += 1
        return self._words[self._next - 1]

    def _add(
        self,
        flag: str,
        entry: OptionEntry | None,
        span: Span,
        *,
        argument: Word | str | None = None,
    ) -> bool:
        if entry is None:
            return self._unknown()
        self.options.append(OptionUse(flag=flag, entry=entry, span=span, argument=argument))
        return True

    def _unknown(self) -> bool:
        """Note an option that the page does not list; it is no operand either."""
        self.is_sure = False
        return True


def _takes_argument(entry: OptionEntry, flag: str) -> bool:
    """Tell whether the argument in an entry is that of ``flag``.

    In ``-u, -U NUM, --unified[=NUM]`` the small letter takes none.
    """
    is_short_of_two = flag.islower() and flag.upper() in entry.names
    has_long = any(name.startswith("--") for name in entry.names)
    return bool(entry.argument) and not (is_short_of_two and has_long)


def _needs_argument(entry: OptionEntry, flag: str) -> bool:
    return _takes_argument(entry, flag) and not entry.argument_optional


def _abbreviated(page: Page, flag: str) -> OptionEntry | None:
    """Return the only option whose long name begins so (getopt_long(3))."""
    if len(flag) < _MIN_ABBREVIATION:
        return None
    found = [entry for entry in page.options if any(name.startswith(flag) for name in entry.names)]
    return found[0] if len(found) == 1 else None


def _is_word_style(page: Page) -> bool:
    """Tell whether the command's options are words after one dash, such as ``-version``."""
    names = {name for entry in page.options for name in entry.names}
    n_words = sum(_LONG_WITH_ONE_DASH.fullmatch(name) is not None for name in names)
    n_long = sum(name.startswith("--") for name in names)
    return n_words >= _WORD_STYLE_AT_LEAST and n_words > n_long
