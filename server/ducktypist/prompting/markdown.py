"""From a model's Markdown to Markdown that may be shown: nothing to click, load or obey.

What a model writes may have been suggested by the code that it read. Code blocks and code spans
stay as they are; all else is prose and loses its links, images, HTML and addresses. What counts as
code here must be code for every renderer, so what is code is written in its plainest form: fences
at the margin, spans within one line, no backtick without its partner (CommonMark 0.31, 4.5, 6.1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ducktypist.prompting.postprocess import clean

_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})[ \t]*([\w+#.-]*)")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)")
_HELD = re.compile("\ue000(\\d+)\ue001")
_TABLE = re.compile(r"^[ >]*\|?[ \t]*:?-+:?[ \t]*(?:\||$)", re.MULTILINE)

_LINK = re.compile(
    r"!?\[([^\[\]]*)\]\(\s*"
    r"(?:<[^<>\n]*>|(?=[^\s]*[:/#.])[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
)
_DEFINITION = re.compile(
    r"^[ \t>*+-]*\[[^\[\]\n]+\]:[ \t]*\n?[ \t]*(?=\S*[:/#])\S+.*$", re.MULTILINE
)
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s)\ue000]*"
    r"|www\.[^\s)\ue000]*"
    r"|(?:command|javascript|vbscript|vscode[\w-]*|mailto|xmpp):(?=\S)[^\s)\ue000]*"
    r"|(?:data:\w+|file:)/[^\s)\ue000]*"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|nbsp);)(?=#?\w+;)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_MAX_NESTED_LINKS = 5


def plain_markdown(text: str, *, max_chars: int = 4000) -> str:
    """Return a model's Markdown without links, images, HTML, or addresses.

    Args:
        text: What the model said.
        max_chars: More than this is cut off; escaping may add some characters again.
    """
    text = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\ue000", "").replace("\ue001", "")[:max_chars]
    out: list[str] = []
    prose: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        opening = _FENCE.match(line)
        if opening is None:
            prose.append(line)
            continue
        out += _prose(prose)
        prose = []
        indent, fence, language = opening.groups()
        out.append(fence + language)
        for inner in lines:
            code = inner[len(inner) - len(inner.lstrip(" ")) :]
            code = " " * max(0, len(inner) - len(code) - len(indent)) + code
            closing = re.fullmatch(rf" {{0,3}}({re.escape(fence[0])}{{{len(fence)},}})[ \t]*", code)
            if closing:
                break
            out.append(code)
        out.append(fence)
    out += _prose(prose)
    return "\n".join(out).strip()


def _prose(lines: Sequence[str]) -> list[str]:
    """Return lines outside of fences with everything but their code spans made harmless."""
    text = "\n".join(lines)
    held: list[str] = []
    has_table = bool(_TABLE.search(text))

    def hold(match: re.Match[str]) -> str:
        code = match[0]
        # In a table a bar ends the cell, also where a span seems to hold it.
        held.append(_harmless(code) if has_table and "|" in code else code)
        return f"\ue000{len(held) - 1}\ue001"

    done = []
    for line in lines:
        # An escaped backtick opens nothing for one renderer and something for the next.
        spans = _SPAN.sub(hold, re.sub(r"\\+(?=`)", "", line))
        done.append(re.sub("`+", "'", spans))
    harmless = _harmless("\n".join(done))
    return _HELD.sub(lambda match: held[int(match[1])], harmless).split("\n") if lines else []


def _harmless(text: str) -> str:
    for _ in range(_MAX_NESTED_LINKS):
        text = _LINK.sub(r"\1", text)
    text = _DEFINITION.sub("", text)
    text = _ADDRESS.sub("(address)", text)
    # A bracket and what makes it a link or a definition must touch (CommonMark 0.31, 4.7, 6.3).
    text = text.replace("](", "] (").replace("]:", "] :")
    return _TAG.sub("&lt;", _ENTITY.sub("&amp;", text))
