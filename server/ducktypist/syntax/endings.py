r"""Where an answer that is still being written is over: the rules that ``domain.StopName`` names.

Pure functions of the running text, read once however many pieces it comes in. No judgement on what
was written, and no parser: the engine's host watches every token with this.
"""

from __future__ import annotations

import abc
import re

from ducktypist.domain import StopName, StopRule
from ducktypist.syntax.lexicons import PYTHON, Lexicon, lexicon_of
from ducktypist.syntax.unfinished import Incoming, Lexer, Seen

_DEFINITION = re.compile(r"(?:async\s+)?def\s|class\s|@\w")
"""What begins something new even where a bracket was left open."""

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_TAB_COLUMNS = 4


class Ending(abc.ABC):
    """Watches one answer; made by :func:`ending`."""

    def __init__(self) -> None:
        self.end: int | None = None
        r"""How many characters belong to the answer, once it is over; counted without what
        cannot be seen, and with one ``\n`` for each line break."""
        self._incoming = Incoming()
        self._text = ""

    def feed(self, piece: str) -> bool:
        """Take the next piece of the answer; tell whether it is complete."""
        if self.end is None and (text := self._incoming.feed(piece)):
            self._text += text
            self.end = self._look(text)
        return self.end is not None

    @abc.abstractmethod
    def _look(self, new: str) -> int | None:
        """Return where the answer is over; ``new`` is the end of ``self._text``."""


def ending(rule: StopRule) -> Ending:
    """Return what watches an answer by a rule."""
    match rule.name:
        case StopName.DEDENT:
            return _Dedent(rule.indent)
        case StopName.BRACE:
            return _Brace(lexicon_of(rule.language, rule.comment))
        case StopName.LINE:
            return _Line()
        case StopName.STATEMENT:
            return _Statement(lexicon_of(rule.language, rule.comment, brackets=True))
        case StopName.FENCE:
            return _Fence()


def end_of(text: str, rule: StopRule) -> int | None:
    """Return where an answer is over, as :attr:`Ending.end`; None while it may go on."""
    watch = ending(rule)
    watch.feed(text)
    return watch.end


class _Dedent(Ending):
    """Ends before the first whole line that stands further left than the body."""

    def __init__(self, indent: str) -> None:
        super().__init__()
        self._width = _width(indent)
        self._lexer = Lexer(PYTHON)
        self._line = 0
        """Where the line begins that is not whole yet."""
        self._is_bound = True
        """Whether that line is no line of code to be judged: the first one is the end of a line
        that was there before, others go on with a string."""
        self._goes_on = False
        """Whether it is inside a bracket or continues the line before."""
        self._has_begun = False

    def _look(self, new: str) -> int | None:
        for seen, offset in self._lexer.feed(new):
            if seen is not Seen.LINE:
                continue
            if self._is_outside(self._text[self._line : offset]):
                return self._line
            self._line = offset + 1
            self._is_bound = bool(self._lexer.inside)
            self._goes_on = self._lexer.depth > 0 or self._lexer.is_continued
        return None

    def _is_outside(self, line: str) -> bool:
        code = line.strip()
        if not code:
            return False
        begins_new = bool(_DEFINITION.match(code))
        if not self._has_begun and line[0].isspace() and not begins_new:
            # The model indents less than the file does.
            self._width = min(self._width, _width(line))
        self._has_begun = True
        if self._is_bound or (self._goes_on and not begins_new):
            return False
        return _width(line) < self._width


class _Brace(Ending):
    """Ends before the brace that the answer did not open."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__()
        self._lexer = Lexer(lexicon)

    def _look(self, new: str) -> int | None:
        under = (offset for seen, offset in self._lexer.feed(new) if seen is Seen.UNDER)
        return next(under, None)


class _Line(Ending):
    """Ends with the first line that is not empty."""

    def _look(self, new: str) -> int | None:
        if "\n" not in new:
            return None
        n_empty = len(self._text) - len(self._text.lstrip("\n"))
        end = self._text.find("\n", n_empty)
        return end if end >= 0 else None


class _Statement(Ending):
    """Ends with the first line after which nothing is left open."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__()
        self._lexer = Lexer(lexicon)

    def _look(self, new: str) -> int | None:
        lexer = self._lexer
        for seen, offset in lexer.feed(new):
            is_open = lexer.inside or lexer.depth > 0 or lexer.is_continued
            if seen is Seen.LINE and not is_open and self._text[:offset].strip():
                return offset
        return None


class _Fence(Ending):
    """Ends before the first line that opens or closes a Markdown fence."""

    def __init__(self) -> None:
        super().__init__()
        self._line = 0

    def _look(self, new: str) -> int | None:
        found = _FENCE.search(self._text, self._line)
        if found is None and "\n" in new:
            self._line = self._text.rfind("\n") + 1
        return found.start() if found else None


def _width(line: str) -> int:
    """Return how deep a line stands; a tab counts as one step of four."""
    return len(line[: len(line) - len(line.lstrip())].expandtabs(_TAB_COLUMNS))
