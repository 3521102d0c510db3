"""From what a model said to what may be shown or typed. Pure functions of text.

Nothing here judges whether an answer is right; that takes running it.
"""

from __future__ import annotations

import re
import unicodedata

from ducktypist.prompting.assemble import comment_marker
from ducktypist.prompting.python_outline import outline
from ducktypist.prompting.special_tokens import restore
from ducktypist.syntax.edits import reindent

_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Bidirectional controls, zero-width characters and foreign line ends (CVE-2021-42574)."""

_INDENTED = frozenset({"python"})
"""Languages whose blocks end where the indentation falls."""

_DEFINITION = re.compile(r"(?:async\s+)?def\s|class\s|@\w")
"""What begins something new even where a bracket was left open."""


def clean(text: str) -> str:
    """Return ``text`` with neutralised markup restored and invisible characters removed."""
    text = _INVISIBLE.sub("", restore(text))
    return "".join(c for c in text if c in "\n\t\r" or unicodedata.category(c) not in {"Cc", "Cs"})


def body_ended(text: str, *, language: str, indent: str) -> bool:
    """Tell whether a generation that continues a function's head has left the body.

    Args:
        text: What was generated so far, beginning right after the head or after its indentation.
        language: The LSP language id.
        indent: The body's own indentation.
    """
    return _body_end(text, language=language, indent=indent) is not None


def body_from(text: str, *, language: str, indent: str) -> str:
    r"""Return the body in a generation that continues a function's head.

    The result's lines carry the indentation ``indent`` and more (lines inside a string excepted),
    end in ``\\n`` only between lines, and have no blank lines at either end. Empty when there is
    no body in ``text``.
    """
    text = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    end = _body_end(text, language=language, indent=indent)
    if end is not None:
        text = text[:end]
    fence = outline(text).fence if language in _INDENTED else text.find("```")
    text = text[:fence] if fence >= 0 else text
    lines = text.split("\n")
    if language in _INDENTED:
        inside = outline(text).in_string
        lines = [
            line if later else line.rstrip()
            for line, later in zip(lines, (*inside[1:], False), strict=True)
        ]
    else:
        lines = [line.rstrip() for line in lines]
    if lines[0].strip() and not lines[0].startswith((" ", "\t")):
        lines[0] = indent + lines[0]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return ""
    # The first statement says where the body stands; a bracket may close to the left of it.
    own = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return reindent("\n".join(lines), indent, own, language=language)


def middle_line(text: str) -> str:
    """Return the first line of an infill answer without the blanks at its end."""
    return clean(text).split("\n", 1)[0].rstrip()


def without_overlap(text: str, after: str) -> str:
    """Return ``text`` without a tail that repeats the lines which stand below the cursor.

    Args:
        text: What would be inserted.
        after: What follows the insertion point.
    """
    below = [line.strip() for line in after.split("\n")[:8] if line.strip()]
    if not below:
        return text
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if i > 0 and line.strip() == below[0] and len(line.strip()) > 1:
            tail = [item.strip() for item in lines[i:] if item.strip()]
            if tail == below[: len(tail)]:
                return "\n".join(lines[:i]).rstrip("\r\n")
    rest = after.split("\n", 1)[0].rstrip()
    if rest and lines[-1].endswith(rest):
        lines[-1] = lines[-1].removesuffix(rest)
    return "\n".join(lines)


def _body_end(text: str, *, language: str, indent: str) -> int | None:
    """Return the offset at which the body is over, None while it may go on."""
    if language in _INDENTED:
        return _dedent_offset(text, indent)
    return _closing_brace_offset(text, comment=comment_marker(language))


def _dedent_offset(text: str, indent: str) -> int | None:
    width = _width(indent)
    lines, found = text.split("\n"), outline(text)
    first = next((line for line in lines if line.strip()), "")
    if first[:1].isspace() and not _DEFINITION.match(first.lstrip()):
        # The model indents less than the file does.
        width = min(width, _width(first))
    offset = 0
    for number, line in enumerate(lines):
        whole = offset + len(line) < len(text)
        stripped = line.strip()
        if number > 0 and stripped and whole and not found.in_string[number]:
            goes_on = found.in_brackets[number] and not _DEFINITION.match(stripped)
            if _width(line) < width and not goes_on:
                return offset
        offset += len(line) + 1
    return None


def _width(line: str) -> int:
    """Return how deep a line stands; a tab counts as one step of four."""
    return len(line[: len(line) - len(line.lstrip())].expandtabs(4))


def _closing_brace_offset(  # noqa: C901 - a scanner is one loop over its cases
    text: str, *, comment: str
) -> int | None:
    depth = 0
    quote = ""
    i = 0
    while i < len(text):
        c = text[i]
        if quote:
            if c == "\\" and quote != "`":
                i += 1
            elif c == quote or (c == "\n" and quote != "`"):
                quote = ""
        elif text.startswith(comment, i) and (comment != "#" or text[i - 1 : i].strip() == ""):
            i = _after(text, "\n", i) - 1
        elif comment == "//" and text.startswith("/*", i):
            i = _after(text, "*/", i) - 1
        elif c in "\"'`":
            quote = c
        elif c == "{":
            depth += 1
        elif c == "}":
            depth -= 1
            if depth < 0:
                return i
        i += 1
    return None


def _after(text: str, mark: str, start: int) -> int:
    """Return the offset just after the next ``mark``, the text's end when there is none."""
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)
