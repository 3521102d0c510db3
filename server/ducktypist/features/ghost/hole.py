"""What is to be filled at a cursor: the rest of a line, a block, a whole empty body, or nothing.

Pure functions of text. Asks nobody and judges no answer.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from ducktypist.domain import Document, Span, StopName, StopRule
from ducktypist.prompting.assemble import comment_marker
from ducktypist.prompting.postprocess import body_rule
from ducktypist.prompting.standing import Standing, standing
from ducktypist.syntax.lines import column_of, indent_of, indent_unit, line_start
from ducktypist.syntax.regions import FunctionRegion, function_at

MAX_FILE_CHARS = 2_000_000
_WORD = re.compile(r"\w")
_DONE = (";", "}", ")", "]")
"""What a line ends with after which nothing useful is likely on the same line."""
_INDENTED = frozenset({"python"})


class HoleKind(enum.StrEnum):
    """How much is asked for."""

    LINE = "line"
    """The rest of a line; more where what it opens has to be closed."""
    BLOCK = "block"
    """What belongs under a line that opens a block."""
    BODY = "body"
    """All of a documented function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """What is to be filled."""

    kind: HoleKind
    span: Span
    """Empty: nothing is replaced."""
    lead: str
    """Text that the model sees before the hole and that is not in the document."""
    indent: str
    """The indentation of what is to come, empty for the rest of a line."""
    typed: str
    """What stands between the line's beginning and the hole."""
    rest: str
    """What stands between the hole and the line's end."""
    standing: Standing
    function: FunctionRegion | None
    """The function that the hole is in."""

    def rule(self, language: str) -> StopRule | None:
        """Return the rule by which the engine itself sees that the answer is complete."""
        if self.kind is HoleKind.LINE:
            if self.rest.strip() or self.standing.n_open or not self.typed.strip():
                return None
            comment = comment_marker(language)
            return StopRule(name=StopName.STATEMENT, comment=comment, language=language)
        return body_rule(language=language, indent=self.indent)

    def stops(self) -> tuple[str, ...]:
        """Return the strings that end the answer, whoever gives it."""
        return ("\n",) if self.kind is HoleKind.LINE and self.rest.strip() else ()

    def as_typed(self, answer: str) -> str:
        """Return what an unfinished answer would put at the cursor, not yet tidied up."""
        return self.lead + answer if self.lead.startswith("\n") else answer


def hole_at(document: Document, offset: int) -> Hole | None:
    """Return what there is to fill at a place, None where nothing useful is likely.

    That is: at a file's beginning, in or before a word, before more code on the line, inside a
    comment or a long string, and after a line that is complete.
    """
    text, language = document.text, document.language
    if len(text) > MAX_FILE_CHARS or not text[:offset].strip():
        return None
    start = line_start(text, offset)
    typed, rest = text[start:offset], _rest_of_line(text, offset)
    if _WORD.search(rest):
        if not rest[:2].isspace():
            return None
        # Another line, which the next line break will push down.
        rest = ""
    function = function_at(text, language, offset)
    body = _body(text, function, offset, typed=typed, rest=rest)
    if body is not None:
        return body
    stands = standing(text[:offset], text[offset:], language)
    ends = typed.rstrip()
    if stands.in_prose or (ends == typed and not rest.strip() and ends.endswith(_DONE)):
        return None
    block = None
    if not rest.strip() and not stands.in_string:
        block = _block(text, offset, language, typed=typed, stands=stands, function=function)
    return block or Hole(
        kind=HoleKind.LINE,
        span=Span(start=offset, end=offset),
        lead="",
        indent="",
        typed=typed,
        rest=rest,
        standing=stands,
        function=function,
    )


def _body(
    text: str, function: FunctionRegion | None, offset: int, *, typed: str, rest: str
) -> Hole | None:
    """Return the whole body, where a documented function has none."""
    if function is None or function.docstring is None or not function.is_empty or rest.strip():
        return None
    at_docstring_end = offset >= function.docstring.end and not text[
        function.docstring.end : offset
    ].strip(" \t")
    below_head = offset >= function.signature.end and not typed.strip()
    if at_docstring_end and typed.strip():
        lead, typed = "\n" + function.indent, ""
    elif below_head and offset >= function.docstring.start:
        if function.docstring.start < offset < function.docstring.end:
            return None
        lead = function.indent.removeprefix(typed) if function.indent.startswith(typed) else ""
    else:
        return None
    return Hole(
        kind=HoleKind.BODY,
        span=Span(start=offset, end=offset),
        lead=lead,
        indent=function.indent,
        typed=typed,
        rest=rest,
        standing=Standing(in_prose=False, in_string=False, n_open=0),
        function=function,
    )


def _block(
    text: str,
    offset: int,
    language: str,
    *,
    typed: str,
    stands: Standing,
    function: FunctionRegion | None,
) -> Hole | None:
    """Return the block under the line that opens one, where nothing stands in it yet."""
    opener = typed if typed.strip() else _line_above(text, offset)
    if not _opens(opener, language, stands) or (opener is typed and typed[-1:].isspace()):
        return None
    outer = indent_of(opener)
    below = _next_line(text, offset)
    if below and column_of(indent_of(below)) > column_of(outer):
        return None
    indent = typed if not typed.strip() else ""
    if column_of(indent) <= column_of(outer):
        indent = outer + indent_unit(text, "\t" if language == "go" else "    ")
    lead = "\n" + indent if opener is typed else indent.removeprefix(typed)
    return Hole(
        kind=HoleKind.BLOCK,
        span=Span(start=offset, end=offset),
        lead=lead,
        indent=indent,
        typed="" if opener is typed else typed,
        rest="",
        standing=stands,
        function=function,
    )


def _opens(line: str, language: str, stands: Standing) -> bool:
    """Tell whether a line of code opens a block."""
    line = line.rstrip()
    if language in _INDENTED:
        return line.endswith(":") and not stands.n_open and bool(_WORD.search(line))
    return line.endswith("{") and stands.n_open is not None


def _line_above(text: str, offset: int) -> str:
    """Return the last line above a place that is not blank."""
    above = text[: line_start(text, offset)].rstrip()
    return above[line_start(above, len(above)) :]


def _next_line(text: str, offset: int) -> str:
    """Return the first line below a place that is not blank, empty when there is none."""
    below = text[offset:].partition("\n")[2]
    stripped = below.lstrip()
    at = len(below) - len(stripped)
    return below[line_start(below, at) :].partition("\n")[0].rstrip() if stripped else ""


def _rest_of_line(text: str, offset: int) -> str:
    end = text.find("\n", offset)
    return text[offset : len(text) if end < 0 else end].rstrip("\r")
