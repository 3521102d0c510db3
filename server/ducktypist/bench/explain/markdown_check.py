"""What a renderer would make of Markdown: links, images, HTML, addresses; by a parser of its own.

The server makes its Markdown harmless by rules of its own; here a CommonMark parser that knows
nothing of them reads the result. Nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ACTIVE = {"link_open": "link", "image": "image", "html_inline": "HTML", "html_block": "HTML"}
_ADDRESS = re.compile(
    r"\b(?:[a-z][a-z0-9+.-]*://\S|www\.\w|(?:command|javascript|vbscript|vscode|mailto|data|file):\S)"
    r"|[\w.+-]+@[\w-]+\.[a-z]{2,}",
    re.IGNORECASE,
)
_RULE = "hr"


def harms(markdown: str) -> tuple[str, ...]:
    """Return what could be clicked, loaded or obeyed, a word and where it comes from."""
    return tuple(dict.fromkeys(_harms(markdown)))


def n_rules(markdown: str) -> int:
    """Return how many horizontal rules there are; the provenance stands under the only one."""
    return sum(token.type == _RULE for token in _parser().parse(markdown))


def _harms(markdown: str) -> Iterator[str]:
    for token in _tokens(_parser().parse(markdown)):
        kind = _ACTIVE.get(token.type)
        if kind is not None:
            target = token.attrs.get("href") or token.attrs.get("src") or token.content
            yield f"{kind}: {str(target)[:80]}"
        # Editors make links of bare addresses, too, but not of those in code.
        elif token.type == "text" and (found := _ADDRESS.search(token.content)):
            yield f"address: {token.content[found.start() :][:80]}"


def _tokens(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or ())


def _parser() -> MarkdownIt:
    # With HTML, so that it is seen as what it is.
    return MarkdownIt("commonmark", {"html": True}).enable("table")
