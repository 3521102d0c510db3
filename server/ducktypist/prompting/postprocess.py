"""From what a model said to what may be shown or typed. Pure functions of text.

Nothing here judges whether an answer is right; that takes running it.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata

from ducktypist.prompting.special_tokens import restore

_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Bidirectional controls, zero-width characters and foreign line ends (CVE-2021-42574)."""

_INDENTED = frozenset({"python"})
"""Languages whose blocks end where the indentation falls."""


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

    The result's lines carry the indentation ``indent`` and more, end in ``\\n`` only between
    lines, and have no blank lines at either end. Empty when there is no body in ``text``.
    """
    text = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    end = _body_end(text, language=language, indent=indent)
    if end is not None:
        text = text[:end]
    text = text.split("```", 1)[0]
    lines = [line.rstrip() for line in text.split("\n")]
    if lines and lines[0].strip() and not lines[0].startswith((" ", "\t")):
        lines[0] = indent + lines[0]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return ""
    flat = textwrap.dedent("\n".join(lines))
    return textwrap.indent(_same_indent_unit(flat, indent), indent)


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
                return "\n".join(lines[:i]).rstrip("\n")
    rest = after.split("\n", 1)[0].rstrip()
    if rest and lines[-1].endswith(rest):
        lines[-1] = lines[-1].removesuffix(rest)
    return "\n".join(lines)


def plain_markdown(text: str, *, max_chars: int = 4000) -> str:
    """Return a model's Markdown without links, images, HTML, or command addresses.

    What a model writes may have been suggested by the code that it read; nothing in it may be
    followed by a click or loaded by an editor.
    """
    text = clean(text)[:max_chars]
    text = re.sub(r"!?\[([^\]\n]*)\]\([^)\n]*\)", r"\1", text)
    text = re.sub(r"^\s*\[[^\]\n]+\]:.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\b(?:https?|ftp|file|command|javascript|data|vscode)://?\S+", "(address)", text)
    text = re.sub(r"\b(?:command|javascript|vscode):\S+", "(address)", text)
    text = text.replace("<", "&lt;") if "<" in _outside_code(text) else text
    text = _unescape_in_code(text)
    return _closed_fences(text).strip()


def _body_end(text: str, *, language: str, indent: str) -> int | None:
    """Return the offset at which the body is over, None while it may go on."""
    if language in _INDENTED:
        return _dedent_offset(text, indent)
    return _closing_brace_offset(text)


def _dedent_offset(text: str, indent: str) -> int | None:
    width = len(indent.expandtabs())
    offset = 0
    quote: str | None = None
    for number, line in enumerate(text.split("\n")):
        whole = offset + len(line) < len(text)
        stripped = line.strip()
        if quote is None and number > 0 and stripped and whole:
            own = len(line) - len(line.lstrip())
            if len(line[:own].expandtabs()) < width and not stripped.startswith((")", "]", "}")):
                return offset
        quote = _open_quote(line, quote)
        offset += len(line) + 1
    return None


def _open_quote(line: str, quote: str | None) -> str | None:
    """Follow triple quotes through one line of Python, roughly: enough to not cut inside one."""
    i = 0
    while i < len(line):
        if quote is None and line[i] == "#":
            return None
        if line[i : i + 3] in {'"""', "'''"} and quote in {None, line[i : i + 3]}:
            quote = None if quote else line[i : i + 3]
            i += 3
        else:
            i += 2 if line[i] == "\\" else 1
    return quote


def _closing_brace_offset(text: str) -> int | None:
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


def _same_indent_unit(flat: str, indent: str) -> str:
    """Use tabs inside the body when its own indentation is made of tabs."""
    if not indent or indent.strip("\t"):
        return flat
    out = []
    for line in flat.split("\n"):
        own = line[: len(line) - len(line.lstrip())].expandtabs(4)
        out.append("\t" * (len(own) // 4) + " " * (len(own) % 4) + line.lstrip())
    return "\n".join(out)


def _outside_code(text: str) -> str:
    return re.sub(r"```.*?(?:```|\Z)|`[^`\n]*`", "", text, flags=re.DOTALL)


def _unescape_in_code(text: str) -> str:
    return re.sub(
        r"```.*?(?:```|\Z)|`[^`\n]*`",
        lambda match: match[0].replace("&lt;", "<"),
        text,
        flags=re.DOTALL,
    )


def _closed_fences(text: str) -> str:
    return text + "\n```" if text.count("```") % 2 else text
