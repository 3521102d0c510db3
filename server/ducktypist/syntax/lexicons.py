"""What opens and what closes strings, comments and blocks in each family of languages.

Lexical facts for ``unfinished.Lexer``; no grammar, and no import of one: the engine's host has
these too.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """What opens and what closes in a family of languages."""

    quotes: tuple[str, ...]
    """Marks that begin and end a string, the longest first."""
    over_lines: frozenset[str] = frozenset()
    """Quotes whose strings may hold a line break that is not escaped."""
    raw: frozenset[str] = frozenset()
    """Quotes whose strings know no escape."""
    comment: str
    """What begins a comment that ends with its line."""
    after_blank: bool = False
    """Whether a comment begins only after a blank, as in a shell's ``${#x}``."""
    block_comment: tuple[str, str] | None = None
    nested_comments: bool = False
    """Whether a block comment may hold others."""
    templates: str = ""
    """The quote whose strings hold code in ``${}``."""
    regexes: bool = False
    """Whether a slash where no operator can be begins a regular expression."""
    lifetimes: bool = False
    """Whether a single quote begins a character or, without a second one, a lifetime."""
    hashed_raw: bool = False
    """Whether ``r#"`` begins a string that only ``"#`` ends."""
    delimited_raw: bool = False
    """Whether ``R"x(`` begins a string that only ``)x"`` ends."""
    is_apart: bool = False
    """Whether a single quote right behind a word or a number begins no string: ``1'000``, and the
    apostrophe of a text in JSX."""
    directives: bool = False
    """Whether a line that begins with ``#`` is the preprocessor's."""
    opening: str
    closing: str


PYTHON = Lexicon(
    quotes=('"""', "'''", '"', "'"),
    over_lines=frozenset({'"""', "'''"}),
    comment="#",
    opening="([{",
    closing=")]}",
)


def braces(comment: str) -> Lexicon:
    """Return the lexicon of Go, shells and languages that nothing else is known of.

    Only braces count as brackets.

    Args:
        comment: What begins a comment that ends with its line.
    """
    return Lexicon(
        quotes=('"', "'", "`"),
        over_lines=frozenset({"`"}),
        raw=frozenset({"`"}),
        comment=comment,
        after_blank=comment == "#",
        block_comment=("/*", "*/") if comment == "//" else None,
        opening="{",
        closing="}",
    )


_C = dataclasses.replace(
    braces("//"),
    quotes=('"', "'"),
    over_lines=frozenset(),
    raw=frozenset(),
    delimited_raw=True,
    is_apart=True,
    directives=True,
)
_RUST = dataclasses.replace(
    braces("//"),
    quotes=('"', "'"),
    over_lines=frozenset({'"'}),
    raw=frozenset(),
    lifetimes=True,
    hashed_raw=True,
    nested_comments=True,
)
_JAVASCRIPT = dataclasses.replace(
    braces("//"), raw=frozenset(), templates="`", regexes=True, is_apart=True
)
_TEXT_BLOCKS = dataclasses.replace(
    braces("//"),
    quotes=('"""', '"', "'"),
    over_lines=frozenset({'"""'}),
    raw=frozenset(),
)
_LEXICONS = {
    "python": PYTHON,
    **dict.fromkeys(("c", "cpp", "cuda-cpp", "objective-c", "objective-cpp"), _C),
    **dict.fromkeys(("java", "kotlin", "scala", "swift", "groovy"), _TEXT_BLOCKS),
    **dict.fromkeys(
        ("javascript", "javascriptreact", "typescript", "typescriptreact", "tsx"), _JAVASCRIPT
    ),
    "rust": _RUST,
}


def lexicon_of(language: str, comment: str, *, brackets: bool = False) -> Lexicon:
    """Return the lexicon of a language.

    Args:
        language: An LSP language id, or a grammar's name; an unknown or empty one gives what its
            comments suggest.
        comment: What begins a comment that ends with its line.
        brackets: Count round and square brackets as well as braces.
    """
    found = _LEXICONS.get(language) or (PYTHON if comment == "#" and brackets else braces(comment))
    if not brackets or found is PYTHON:
        return found
    return dataclasses.replace(found, opening=PYTHON.opening, closing=PYTHON.closing)
