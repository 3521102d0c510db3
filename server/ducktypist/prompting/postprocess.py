"""From what a model said to what may be shown or typed. Pure functions of text.

Nothing here judges whether an answer is right; that takes running it.
"""

from __future__ import annotations

from ducktypist.domain import StopName, StopRule
from ducktypist.prompting.assemble import comment_marker
from ducktypist.syntax.edits import reindent
from ducktypist.syntax.endings import end_of
from ducktypist.syntax.unfinished import outline, visible

_INDENTED = frozenset({"python"})
"""Languages whose blocks end where the indentation falls."""


def clean(text: str) -> str:
    """Return ``text`` without invisible characters.

    Those which break up neutralised markup are among them (``special_tokens``), so that it is
    whole again.
    """
    return visible(text)


def body_rule(*, language: str, indent: str) -> StopRule:
    """Return the rule by which a generation that continues a function's head leaves the body.

    Args:
        language: The LSP language id.
        indent: The body's own indentation.
    """
    name = StopName.DEDENT if language in _INDENTED else StopName.BRACE
    return StopRule(name=name, indent=indent, comment=comment_marker(language))


def body_from(text: str, *, language: str, indent: str) -> str:
    r"""Return the body in a generation that continues a function's head.

    The result's lines carry the indentation ``indent`` and more (lines inside a string excepted),
    end in ``\\n`` only between lines, and have no blank lines at either end. Empty when there is
    no body in ``text``.
    """
    text = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    end = end_of(text, body_rule(language=language, indent=indent))
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
