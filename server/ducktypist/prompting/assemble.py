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


def steady_before(text: str, max_chars: int) -> str:
    """Return the end of ``text``, whole lines, between half of ``max_chars`` and all of it.

    It begins at the same place while ``text`` grows by up to half of ``max_chars``, so that the
    engine need not read everything anew for each keystroke.
    """
    if len(text) <= max_chars:
        return text
    step = max(1, max_chars // 2)
    start = -(-(len(text) - max_chars) // step) * step
    cut = text.find("\n", start - 1)
    return text[cut + 1 :] if 0 <= cut < len(text) - 1 else text[start:]


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


def around(
    text: str, span: Span, *, max_chars: int, max_after_chars: int | None = None
) -> tuple[str, str]:
    """Return what stands before and after ``span``, three quarters of the budget before it.

    Args:
        text: The whole text.
        span: What is left out.
        max_chars: At most so many characters in all.
        max_after_chars: At most so many of them after ``span``: in most formats that comes last
            in the prompt, and is read anew whenever anything before it changes.
    """
    n_before = max_chars * 3 // 4
    if max_after_chars is not None:
        n_before = max(n_before, max_chars - max_after_chars)
    before = steady_before(text[: span.start], n_before)
    n_after = max_chars - min(len(before), n_before)
    if max_after_chars is not None:
        n_after = min(n_after, max_after_chars)
    return before, clip_after(text[span.end :], n_after)


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
