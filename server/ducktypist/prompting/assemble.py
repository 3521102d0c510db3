"""What goes into a prompt, within a budget: pure functions from regions to template variables.

The most stable text comes first, so that the engine can reuse what it has read.
"""

from __future__ import annotations

import textwrap

from ducktypist.domain import Span
from ducktypist.syntax.lines import line_start
from ducktypist.syntax.regions import FunctionRegion

CHARS_PER_TOKEN = 3.2
"""Code in the vocabularies of current models: 3 to 4 characters a token; the low side is safe."""

LANGUAGE_NAMES = {
    "bash": "Bash",
    "c": "C",
    "cpp": "C++",
    "go": "Go",
    "java": "Java",
    "javascript": "JavaScript",
    "javascriptreact": "JavaScript",
    "python": "Python",
    "rust": "Rust",
    "shellscript": "Bash",
    "tsx": "TypeScript",
    "typescript": "TypeScript",
    "typescriptreact": "TypeScript",
}
FENCES = {"shellscript": "bash", "javascriptreact": "jsx", "typescriptreact": "tsx"}
_COMMENTS = {
    "#": "python shellscript bash ruby perl r yaml toml makefile dockerfile elixir nim",
    "--": "lua sql haskell elm ada vhdl",
    ";": "clojure lisp scheme ini",
    "%": "latex tex erlang prolog matlab",
}
COMMENTS = {name: marker for marker, names in _COMMENTS.items() for name in names.split()}
WITHOUT_LINE_COMMENTS = frozenset({"css", "html", "json", "markdown", "plaintext", "xml"})
"""Languages in which nothing begins a comment that ends with its line; all others have ``//``."""


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

    It begins at the same place while ``text`` grows by a third of ``max_chars`` or more, and mostly
    also while ``max_chars`` changes a little with the engine's measured speed, so that the engine
    need not read everything anew for each keystroke.
    """
    if len(text) <= max_chars:
        return text
    step = _round_step(max(1, max_chars // 2))
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


def _round_step(n: int) -> int:
    """Return the largest number up to ``n`` that is a power of two or half as much again."""
    power = 1 << (n.bit_length() - 1)
    return power * 3 // 2 if power > 1 and power * 3 // 2 <= n else power


def _from_line_start(text: str, start: int, end: int) -> str:
    first = line_start(text, start)
    return text[start if text[first:start].strip() else first : end]
