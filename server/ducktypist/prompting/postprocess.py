"""From what a model said to what may be shown or typed. Pure functions of text.

Nothing here judges whether an answer is right; that takes running it.
"""

from __future__ import annotations

import re

from ducktypist.domain import StopName, StopRule
from ducktypist.prompting.assemble import comment_marker
from ducktypist.syntax.edits import reindent
from ducktypist.syntax.endings import end_of
from ducktypist.syntax.unfinished import outline, visible

_INDENTED = frozenset({"python"})
"""Languages whose blocks end where the indentation falls."""
_FENCED = re.compile(
    r"(?:[^\n`]*:\s*\n)?\s*```[\w+#-]*[ \t]*\n(?P<code>.*?)(?:\n[ \t]*```|\Z)", re.DOTALL
)
_DOCSTRING = re.compile(r"[ \t]*[rR]?(?P<quote>\"{3}|'{3}).*?(?P=quote)[ \t]*(?:\n|\Z)", re.DOTALL)


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
    comment = comment_marker(language)
    return StopRule(name=name, indent=indent, comment=comment, language=language)


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


def fragment(text: str) -> str:
    r"""Return an infill answer of any length, every line break a ``\n``, fences and chatter off.

    Where the answer is a fenced block, possibly announced, it is the block's content.
    """
    text = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    fenced = _FENCED.match(text)
    if fenced is not None:
        text = fenced["code"]
    cut = text.find("```")
    text = text[:cut] if cut >= 0 else text
    return "\n".join(line.rstrip() for line in text.split("\n"))


def without_head(body: str, *, signature: str, language: str) -> str:
    """Return a body without the function's head, where the model began with it again.

    Args:
        body: As from ``body_from``.
        signature: The function's.
        language: An LSP language id.
    """
    known = {line.strip() for line in signature.split("\n") if line.strip()}
    lines = body.split("\n")
    while lines and (lines[0].strip() in known or not lines[0].strip()):
        lines.pop(0)
    rest = "\n".join(lines)
    if language in _INDENTED and (quoted := _DOCSTRING.match(rest)) is not None:
        rest = rest[quoted.end() :]
    if rest == body:
        return body
    rest = rest.lstrip("\n")
    indent = body[: len(body) - len(body.lstrip())]
    own = rest[: len(rest) - len(rest.lstrip())]
    return reindent(rest, indent, own, language=language) if rest.strip() else ""
