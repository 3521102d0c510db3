"""What goes into a prompt, within a budget: pure functions from regions to template variables.

The most stable text comes first, so that the engine can reuse what it has read.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from ducktypist.domain import Span
from ducktypist.syntax.lines import line_start
from ducktypist.syntax.regions import FunctionRegion, functions, imports

CHARS_PER_TOKEN = 3.2
"""Code in the vocabularies of current models: 3 to 4 characters a token; the low side is safe."""

LANGUAGE_NAMES = {
    "c": "C",
    "cpp": "C++",
    "go": "Go",
    "java": "Java",
    "javascript": "JavaScript",
    "python": "Python",
    "rust": "Rust",
    "shellscript": "Bash",
    "typescript": "TypeScript",
}
FENCES = {"shellscript": "bash"}
COMMENTS = {"python": "#", "shellscript": "#"}


def language_name(language: str) -> str:
    """Return how people call a language, by its LSP id."""
    return LANGUAGE_NAMES.get(language, language)


def fence(language: str) -> str:
    """Return the info string of a fenced block in that language."""
    return FENCES.get(language, language)


def comment_marker(language: str) -> str:
    """Return what begins a comment that ends with its line."""
    return COMMENTS.get(language, "//")


def clip_before(text: str, max_chars: int) -> str:
    """Return the end of ``text``, whole lines, at most ``max_chars`` characters."""
    if len(text) <= max_chars:
        return text
    cut = text.find("\n", len(text) - max_chars)
    return text[cut + 1 :] if 0 <= cut < len(text) - 1 else text[len(text) - max_chars :]


def clip_after(text: str, max_chars: int) -> str:
    """Return the beginning of ``text``, whole lines, at most ``max_chars`` characters."""
    if len(text) <= max_chars:
        return text
    cut = text.rfind("\n", 0, max_chars)
    return text[: cut + 1] if cut >= 0 else text[:max_chars]


def head_of(text: str, function: FunctionRegion) -> str:
    """Return signature and docstring of a function, dedented."""
    end = function.docstring.end if function.docstring else function.signature.end
    start = min(function.span.start, end)
    if function.docstring and function.docstring.start < function.signature.start:
        start, end = function.docstring.start, function.signature.end
    return textwrap.dedent(_from_line_start(text, start, end)).rstrip()


def context_of(text: str, language: str, function: FunctionRegion, *, max_chars: int) -> str:
    """Return imports, class header and sibling signatures, as far as they fit."""
    parts: list[str] = []
    used = 0
    wanted = [span.of(text).strip() for span in imports(text, language)]
    for other in functions(text, language):
        if other.span == function.span:
            continue
        signature = _from_line_start(text, other.signature.start, other.signature.end)
        wanted.append(f"{signature.rstrip()} ..." if language == "python" else signature.rstrip())
    for part in wanted:
        if used + len(part) + 1 > max_chars:
            break
        parts.append(part)
        used += len(part) + 1
    return "\n".join(dict.fromkeys(parts))


def around(text: str, span: Span, *, max_chars: int) -> tuple[str, str]:
    """Return what stands before and after ``span``, three quarters of the budget before it."""
    before = clip_before(text[: span.start], max_chars * 3 // 4)
    after = clip_after(text[span.end :], max_chars - min(len(before), max_chars * 3 // 4))
    return before, after


def joined(pieces: Sequence[str], *, max_chars: int) -> str:
    """Return the pieces one after the other, separated by blank lines, as many as fit."""
    out: list[str] = []
    used = 0
    for piece in pieces:
        if used + len(piece) > max_chars:
            break
        out.append(piece.strip("\n"))
        used += len(piece) + 2
    return "\n\n".join(out)


def _from_line_start(text: str, start: int, end: int) -> str:
    first = line_start(text, start)
    return text[start if text[first:start].strip() else first : end]
