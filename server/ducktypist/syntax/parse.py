"""From text to a syntax tree, and between tree-sitter's bytes and our code points.

Not a place for any one language's node types; those are in ``python``, ``go``, ``bash`` and
``brace_languages``.
Parsing never raises. It gives None for a language without a grammar, for a text beyond
``MAX_CHARACTERS``, and when the grammar needs longer than ``PARSE_BUDGET_S`` (some grammars take
minutes for a long file in another language).
"""

from __future__ import annotations

import bisect
import functools
import importlib
import re
import time
from collections.abc import Iterator

import tree_sitter

from ducktypist.domain import Span

Node = tree_sitter.Node
"""A node of a tree, for those who may not import the library."""
MAX_CHARACTERS = 4_000_000
PARSE_BUDGET_S = 3.0
_CHUNK_BYTES = 65_536
_STEP = 2_048
_CACHED_CHARACTERS = 300_000

_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "bash": ("tree_sitter_bash", "language"),
    "go": ("tree_sitter_go", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}
"""The module of each grammar and the function in it that gives the grammar."""

_ALIASES = {
    "py": "python",
    "python3": "python",
    "shellscript": "bash",
    "shell": "bash",
    "sh": "bash",
    "ksh": "bash",
    "zsh": "bash",
    "golang": "go",
    "js": "javascript",
    "javascriptreact": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "typescriptreact": "tsx",
    "rs": "rust",
    "c++": "cpp",
    "cuda-cpp": "cpp",
}

# tree-sitter wants valid UTF-8 and takes NUL for the end of the text; the grammars know a lone
# carriage return as a blank. Each is replaced by one code point, so offsets stay what they were.
_UNPARSABLE = re.compile("[\ud800-\udfff\x00]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
# tree-sitter-bash asks C's `isdigit` about any character there, which reads beyond its table and
# may end the process.
_BEHIND_BASH_BRACE = re.compile("(\\{[0-9]*(?:\\.\\.[0-9]*)?)[^\x00-\xff]")


class Tree:
    """The syntax tree of one text, with spans in code points."""

    def __init__(self, text: str, language: str, tree: tree_sitter.Tree, parsed: str) -> None:
        self.text = text
        self.language = language
        """The grammar's name: ``python``, ``go``, ``tsx``, …"""
        self.root = tree.root_node
        self._tree = tree
        self._parsed = parsed
        self._data = parsed.encode()
        self._ascii = len(self._data) == len(text)
        self._byte_marks = [] if self._ascii else _marks(parsed)

    def offset(self, byte: int) -> int:
        """Return the code point at which ``byte`` lies."""
        if self._ascii:
            return byte
        mark = bisect.bisect_right(self._byte_marks, byte) - 1
        rest = self._data[self._byte_marks[mark] : byte]
        return mark * _STEP + len(rest.decode("utf-8", errors="ignore"))

    def byte(self, offset: int) -> int:
        """Return the byte at which code point ``offset`` starts."""
        if self._ascii:
            return min(offset, len(self._data))
        mark = min(offset, len(self.text)) // _STEP
        rest = self._parsed[mark * _STEP : offset]
        return self._byte_marks[mark] + len(rest.encode())

    def span(self, node: tree_sitter.Node) -> Span:
        """Return the code points that ``node`` covers."""
        start = self.offset(node.start_byte)
        return Span(start=start, end=max(start, self.offset(node.end_byte)))

    def text_of(self, node: tree_sitter.Node) -> str:
        """Return the source text of ``node``."""
        return self.span(node).of(self.text)

    def at(self, offset: int) -> tree_sitter.Node:
        """Return the smallest named node that holds the character at ``offset``."""
        byte = self.byte(offset)
        after = min(self.byte(min(offset + 1, len(self.text))), len(self._data))
        return self.root.named_descendant_for_byte_range(byte, max(byte, after)) or self.root

    def nodes(self, types: frozenset[str]) -> list[tree_sitter.Node]:
        """Return the named nodes of these types in source order, outer ones first.

        Types that the grammar does not know are passed over. Many times faster than ``walk``.
        """
        return self._captured(_query(self.language, types))

    def tokens(self, marks: frozenset[str]) -> list[tree_sitter.Node]:
        """Return the tokens that are these marks, those included that stand in an error."""
        return self._captured(_token_query(self.language, marks))

    def _captured(self, query: tree_sitter.Query | None) -> list[tree_sitter.Node]:
        if query is None:
            return []
        found = tree_sitter.QueryCursor(query).captures(self.root).get("found", [])
        return sorted(found, key=lambda node: (node.start_byte, -node.end_byte))

    def walk(self) -> Iterator[tree_sitter.Node]:
        """Yield every node, parents first, without recursion."""
        return walk(self.root)


def grammar_of(language: str) -> str | None:
    """Return the grammar's name for an LSP language id, None when there is none."""
    name = language.lower()
    name = _ALIASES.get(name, name)
    return name if name in _GRAMMARS else None


def parse(text: str, language: str) -> Tree | None:
    """Return the tree of ``text``, or None when there cannot be one. Never raises.

    The trees of the last few texts are kept, because one request asks several questions of one
    text.
    """
    grammar = grammar_of(language)
    if grammar is None or len(text) > MAX_CHARACTERS:
        return None
    if len(text) <= _CACHED_CHARACTERS:
        return _parse_cached(text, grammar)
    return _parse(text, grammar)


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield ``node`` and all below it, parents first, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def _parse(text: str, grammar: str) -> Tree | None:
    parsed = _parsable(text, grammar)
    data = parsed.encode()
    deadline_s = time.monotonic() + PARSE_BUDGET_S
    # A parser is not safe to share between threads and costs microseconds; languages are shared.
    try:
        tree = tree_sitter.Parser(_language(grammar)).parse(
            lambda byte, _point: data[byte : byte + _CHUNK_BYTES],
            progress_callback=lambda _byte, _error: time.monotonic() > deadline_s,
        )
    except (ImportError, ValueError):
        return None
    return Tree(text, grammar, tree, parsed)


@functools.lru_cache(maxsize=8)
def _parse_cached(text: str, grammar: str) -> Tree | None:
    return _parse(text, grammar)


@functools.cache
def _language(grammar: str) -> tree_sitter.Language:
    module, function = _GRAMMARS[grammar]
    return tree_sitter.Language(getattr(importlib.import_module(module), function)())


@functools.cache
def _query(grammar: str, types: frozenset[str]) -> tree_sitter.Query | None:
    language = _language(grammar)
    named = True
    known = [name for name in sorted(types) if language.id_for_node_kind(name, named)]
    patterns = "".join(f"({name}) @found\n" for name in known)
    return tree_sitter.Query(language, patterns) if patterns else None


@functools.cache
def _token_query(grammar: str, marks: frozenset[str]) -> tree_sitter.Query | None:
    language = _language(grammar)
    named = False
    known = [mark for mark in sorted(marks) if language.id_for_node_kind(mark, named)]
    patterns = "".join(f'"{mark}" @found\n' for mark in known)
    return tree_sitter.Query(language, patterns) if patterns else None


def _parsable(text: str, grammar: str) -> str:
    """Return ``text`` as the grammars take it, with as many code points."""
    if not text.isascii() or "\0" in text:
        text = _UNPARSABLE.sub("\ufffd", text)
    if grammar == "bash" and not text.isascii():
        text = _BEHIND_BASH_BRACE.sub(r"\1é", text)
    return _LONE_RETURN.sub("\n", text) if "\r" in text else text


def _marks(parsed: str) -> list[int]:
    """Return the byte at which every ``_STEP``-th code point starts."""
    marks = [0]
    for end in range(_STEP, len(parsed) + 1, _STEP):
        marks.append(marks[-1] + len(parsed[end - _STEP : end].encode()))
    return marks
