"""Where a cursor stands, by lexical rules alone: inside a comment, a text, open brackets.

For code that is being typed and so does not parse. Pure functions of text; no grammar.
"""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.prompting.assemble import comment_marker
from ducktypist.syntax.lexicons import Lexicon, braces, lexicon_of
from ducktypist.syntax.unfinished import Lexer, Seen

_WITH_BRACES = frozenset(
    {
        "c",
        "cpp",
        "csharp",
        "css",
        "dart",
        "go",
        "java",
        "javascript",
        "javascriptreact",
        "kotlin",
        "php",
        "rust",
        "scala",
        "swift",
        "typescript",
        "typescriptreact",
    }
)
"""Languages whose strings, comments and brackets are as in C."""
_PROSE = frozenset({"\n", "*/", '"""', "'''"})
"""What ends a comment or a text over several lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is open at a cursor."""

    in_prose: bool
    """Inside a comment, or a string over several lines."""
    in_string: bool
    """Inside a string of one line."""
    n_open: int | None
    """How many brackets are open that nothing below closes; None where that is not known."""


def standing(before: str, after: str, language: str) -> Standing:
    """Return what is open at the place between two texts."""
    lexicon = _lexicon(language)
    if lexicon is None:
        return Standing(in_prose=False, in_string=False, n_open=None)
    lexer = _fed(before, lexicon)
    in_prose = lexer.inside in _PROSE
    in_string = bool(lexer.inside) and not in_prose
    if not _has_brackets(language):
        return Standing(in_prose=in_prose, in_string=in_string, n_open=None)
    n_open = lexer.depth
    if n_open:
        lexer.depth = 0
        n_open -= sum(seen is Seen.UNDER for seen, _ in lexer.feed(after))
    return Standing(in_prose=in_prose, in_string=in_string, n_open=max(0, n_open))


def without_closers(text: str, *, before: str, n_open: int, language: str) -> str:
    """Return ``text`` up to the bracket that closes what the text below closes already.

    Args:
        text: What would be inserted.
        before: What stands before it; the line is enough where no string begins above it.
        n_open: How many brackets it may close that it did not open.
        language: An LSP language id.
    """
    lexicon = _lexicon(language)
    if lexicon is None or not _has_brackets(language):
        return text
    lexer = _fed(before, lexicon)
    lexer.depth = n_open
    start = len(before)
    under = (at - start for seen, at in lexer.feed(text + "\n") if seen is Seen.UNDER)
    cut = next((at for at in under if at >= 0), None)
    return text if cut is None else text[:cut].rstrip()


def n_left_open(text: str, *, before: str, n_open: int, language: str) -> int:
    """Return how many brackets and strings are open after ``text``; see ``without_closers``."""
    lexicon = _lexicon(language)
    if lexicon is None or not _has_brackets(language):
        return 0
    lexer = _fed(before, lexicon)
    lexer.depth = n_open
    for _ in lexer.feed(text + "\n"):
        pass
    return lexer.depth + bool(lexer.inside and lexer.inside != "\n") + lexer.is_continued


def _fed(before: str, lexicon: Lexicon) -> Lexer:
    lexer = Lexer(lexicon)
    for _ in lexer.feed(before):
        pass
    return lexer


def _has_brackets(language: str) -> bool:
    return language == "python" or language in _WITH_BRACES


def _lexicon(language: str) -> Lexicon | None:
    comment = comment_marker(language)
    if _has_brackets(language):
        return lexicon_of(language, comment, brackets=True)
    return braces(comment) if comment == "#" else None
