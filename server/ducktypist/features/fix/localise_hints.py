"""What speaks for a function or a line besides which tests run it. Pure functions of texts.

The traceback, the words of the failing test, who calls whom, and what kind of code a line is.
Every hint only takes away: a place that nothing speaks for keeps part of its suspicion. How much it
takes was tried on some 180 mutations of small projects with traced suites. The traceback, the kind
of line and the time of its first run help; what the test names and how near it is decide ties only,
for mistakes in helpers are as frequent as in what tests call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ducktypist.syntax.regions import FunctionRegion

Key = tuple[str, str]
"""A file and a function's qualified name."""
NOT_ON_TRACE = 0.7
"""What is left of a function that is not on the traceback of an error that code raised."""
NOT_ON_RAISED = 0.95
"""The same of an error that code raised on purpose: it tells where something was noticed."""
WRITES = 0.95
"""The same of a function that is not on the traceback and sets what was read at its end."""
NOT_INNERMOST = 0.85
NOT_NAMED = 0.98
"""What is left of a function that the test does not name."""
NOT_ASSERTED = 0.99
"""What is left of a function that the failing line of the test does not name."""
NO_WORD_SHARED = 0.97
"""What is left of a function whose name has no word of the test's name."""
OF_SMALL = 0.1
"""What a function of one line loses; one of ten lines loses a tenth of it."""
PER_CALL = 0.995
"""What is left for each call between the test and the function."""
OF_EARLY = 0.1
"""What a line loses that ran long before the failure; what ran last for the first time loses
nothing: the steps before went well."""
NO_TRACE_LINE = 0.9
"""What is left, in a function on the trace, of lines that do not lead to the line it names."""
DECIDING = 0.95
"""What is left of a line that decides or returns something and computes nothing."""
PLAIN = 0.9
"""What is left of a line that computes and decides nothing."""
RAISING = 0.6
"""What is left of a line that only raises, or passes."""
_WORD = re.compile(r"[^\W\d]\w*")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_COMPUTING = re.compile(
    r"[<>%*/+]|==|!=|(?<![-\w])-|\[[^\]]*[:\d]|\b(?:not|and|or|range)\b|&&|\|\||![\w(]"
)
_DECIDING = re.compile(r"\b(?:in|is|if|elif|while|for|return|yield|min|max|case|switch)\b")
_RAISES = re.compile(r"(?:raise|panic|pass|continue|break|import|assert|else|try|finally)\b")
_ATTRIBUTE = re.compile(r"\.([^\W\d]\w*)\b(?!\()")
_TARGETS = re.compile(r"^(.*?[^=!<>:+*/%&|^-])(?:[-+*/%&|^]|//|\*\*|<<|>>)?=(?!=)|^(?:del) .*$")
_RAISE = re.compile(r"(?:raise|assert|panic)\b")
_STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known of one failure."""

    said: frozenset[str]
    """Names in the failing test."""
    asserted: frozenset[str]
    """Names on the line of the test that failed; empty when that is unknown."""
    words: frozenset[str]
    """The words of the test's own name."""
    trace: Mapping[Key, int]
    """How far from the end of the traceback a function is: 0 is the innermost; empty when the error
    was not raised by code under test."""
    trace_lines: Mapping[Key, int]
    """The 1-based line of each function on the traceback."""
    read: frozenset[str]
    """Attributes that the line at its end reads, or that what it reads was computed from."""
    on_purpose: bool
    """Whether the code at its end raises the error itself."""
    calls: Mapping[Key, int]
    """How many calls lie between the test and a function."""

    def of_function(self, key: Key, function: FunctionRegion, lines: Mapping[int, str]) -> float:
        """Return how much of a function's suspicion is left, 0 to 1.

        Args:
            key: Of the function.
            function: The function.
            lines: Code of its lines that ran.
        """
        left = 1.0 - OF_SMALL / max(1, len(lines))
        if self.trace:
            writes = any(attributes_written(code) & self.read for code in lines.values())
            left *= WRITES if writes and key not in self.trace else self._of_trace(key)
        if function.name not in self.said:
            left *= NOT_NAMED
        if self.asserted and function.name not in self.asserted:
            left *= NOT_ASSERTED
        if self.words.isdisjoint(parts(function.qualified_name)):
            left *= NO_WORD_SHARED
        return left * PER_CALL ** self.calls.get(key, 0)

    def _of_trace(self, key: Key) -> float:
        place = self.trace.get(key)
        if self.on_purpose:
            return NOT_ON_RAISED if place is None else 1.0
        return NOT_ON_TRACE if place is None else NOT_INNERMOST if place else 1.0

    def of_lines(
        self, key: Key, lines: Mapping[int, str], late: Mapping[int, float]
    ) -> Mapping[int, float]:
        """Return how much of each line's suspicion is left, 0 to 1.

        Args:
            key: Of their function.
            lines: Code by line.
            late: How late each line ran for the first time, 0 to 1.
        """
        at = self.trace_lines.get(key) if self.trace else None
        leading = frozenset(lines) if at is None else feeding(lines, at)
        return {
            line: of_kind(code)
            * (1.0 if line in leading else NO_TRACE_LINE)
            * (1.0 - OF_EARLY * (1.0 - late[line]))
            for line, code in lines.items()
        }


def of_kind(code: str) -> float:
    """Return how much is left of a line of this kind: bugs are where something is decided."""
    bare = _STRINGS.sub("''", code)
    if _RAISES.match(bare):
        return RAISING
    if _COMPUTING.search(bare):
        return 1.0
    return DECIDING if _DECIDING.search(bare) else PLAIN


def attributes_read(code: str) -> frozenset[str]:
    """Return the attributes that a piece of code mentions and does not call."""
    return frozenset(_ATTRIBUTE.findall(_STRINGS.sub("''", code)))


def attributes_written(code: str) -> frozenset[str]:
    """Return the attributes that a line assigns to, or assigns parts of."""
    return frozenset(
        name
        for target in _TARGETS.findall(_STRINGS.sub("''", code))
        for name in _ATTRIBUTE.findall(target)
    )


def raises(code: str) -> bool:
    """Tell whether a line raises an error itself."""
    return _RAISE.match(code) is not None


def feeding(lines: Mapping[int, str], at: int) -> frozenset[int]:
    """Return the line ``at`` and those that compute what it uses, as far as names tell.

    Args:
        lines: Code by line.
        at: One of them; another one gives only itself.
    """
    found = {at}
    wanted = names(lines.get(at, ""))
    for line in sorted((line for line in lines if line < at), reverse=True):
        code = lines[line]
        if any(_binds(code, name) for name in wanted):
            found.add(line)
            wanted |= names(code)
    return frozenset(found)


def depths(texts: Mapping[Key, tuple[str, str]], said: frozenset[str]) -> Mapping[Key, int]:
    """Return how many calls lie between the test and each function, by name.

    Args:
        texts: Each function's own name and text.
        said: Names in the test.
    """
    words = {key: names(text) for key, (_, text) in texts.items()}
    found: dict[Key, int] = {}
    level = said
    depth = 0
    while len(found) < len(texts):
        reached = [key for key in texts if key not in found and _is_called(texts[key][0], level)]
        if not reached:
            # What is called in ways that the text does not show is far away.
            reached = [key for key in texts if key not in found]
        for key in reached:
            found[key] = depth
        level = frozenset().union(*(words[key] for key in reached))
        depth += 1
    return found


def names(code: str) -> frozenset[str]:
    """Return the names in a piece of code, those in its strings left out."""
    return frozenset(_WORD.findall(_STRINGS.sub("''", code)))


def parts(name: str) -> Sequence[str]:
    """Return the words of a name, in lower case."""
    return [part.lower() for part in _PART.findall(name)]


def _is_called(name: str, words: Iterable[str]) -> bool:
    return name in words or (name.startswith("__") and name.endswith("__"))


def _binds(code: str, name: str) -> bool:
    word = re.escape(name)
    pattern = (
        rf"\b{word}\b[\w\s,.\[\]()*]*(?::=|[-+*/%&|^@]?=(?!=))|\bfor\b[^:]*\b{word}\b[^:]*\bin\b"
        rf"|\bas\s+{word}\b|\b{word}\.(?:append|add|push|extend|insert|update|pop|remove)\("
    )
    return re.search(pattern, code) is not None
