"""Context from the very file in which is written, as far as it is out of sight.

Pure functions of one text.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from ducktypist.domain import Document, Span
from ducktypist.features.context.lines import call_pattern, called, class_lines, told
from ducktypist.prompting.pieces import Piece, PieceKind
from ducktypist.syntax.definitions import definitions
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.model import DefinitionKind
from ducktypist.syntax.regions import FunctionRegion, functions, imports

MAX_SIGNATURES = 24
MAX_NAMES = 40
MIN_NAME_CHARS = 4

_WORD = re.compile(r"[A-Za-z_]\w+")
_NAMED = re.compile(r"`+([A-Za-z_][\w.]*)|\b([A-Za-z_][\w.]*)\(|\b(\w+)\.(?=[A-Za-z_])")
"""What is marked as code in prose: in backquotes, before a bracket, before a dot."""
_IMPORT_LINES = re.compile(
    r"^(?:from[ \t]+[\w.]+[ \t]+import[ \t]+(?:\([^)]*\)|[^\n(]+)"
    r"|import\b(?:[ \t]*\([^)]*\)|[^\n]+)|(?:pub[ \t]+)?use[ \t]+[^;\n]+;|#[ \t]*include[^\n]+)",
    re.MULTILINE,
)
"""Import statements at the margin, as the languages of ``_LOOKS`` have them."""
_LOOKS = frozenset(
    {"c", "cpp", "go", "java", "javascript", "javascriptreact", "python", "rust", "typescript"}
    | {"typescriptreact"}
)
_FROM = re.compile(r"from\s+[\w.]+\s+import\b")
_IMPORTED = re.compile(r"(?:from|import)\s+(\w+)")
_BUILT_IN = frozenset(dir(builtins)) | frozenset(keyword.kwlist)


@dataclass(slots=True)
class Own:
    """Pieces of one file by kind."""

    imports: list[Piece] = field(default_factory=list)
    header: list[Piece] = field(default_factory=list)
    signatures: list[Piece] = field(default_factory=list)
    definitions: list[Piece] = field(default_factory=list)
    callers: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a function's head names."""

    here: frozenset[str]
    """Words that would mean a definition of this file."""
    elsewhere: tuple[str, ...]
    """Names that would mean a definition of another file, those that the function names first."""
    imported: frozenset[str]
    """The words of the import statements, those of Python's own library left out."""


def head_of(text: str, function: FunctionRegion | None) -> str:
    """Return the source of signature and docstring, empty outside of a function."""
    if function is None:
        return ""
    spans = [function.signature, *([function.docstring] if function.docstring else [])]
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return text[start:end]


def mentioned(document: Document, function: FunctionRegion | None) -> Names:
    """Return what the head of a function names; of its body what was imported."""
    text = document.text
    spans = _imports(text, document.language)
    words_of = {span: frozenset(_WORD.findall(span.of(text))) for span in spans}
    library = frozenset().union(*(words_of[span] for span in spans if _is_library(span, text)))
    imported = frozenset().union(*words_of.values()) - library
    own = {one.name for one in definitions(text, document.language)}
    brought = frozenset(name for span in spans for name in _brought(span.of(text))) - library - own
    if function is None:
        return Names(here=frozenset(), elsewhere=tuple(_some(brought)), imported=imported)
    ignored = _BUILT_IN | {function.name, *function.parameters}
    head = head_of(text, function)
    words = frozenset(_WORD.findall(head)) - ignored
    marked = {
        part
        for match in _NAMED.finditer(head)
        for name in match.groups()
        if name
        for part in name.split(".")
    }
    signature = set(_WORD.findall(function.signature.of(text)))
    strong = {word for word in words if word in marked | signature or _is_name(word)} - library
    used = brought.intersection(_WORD.findall(function.body.of(text)))
    here = frozenset(_some(words)) - {(function.class_name or "").rpartition(".")[2]}
    first = (strong | used | (words & brought)) - ignored - own
    elsewhere = [*_some(first), *_some(brought - first - ignored)]
    return Names(here=here, elsewhere=tuple(elsewhere[:MAX_NAMES]), imported=imported)


def pieces(
    document: Document, function: FunctionRegion | None, *, offset: int, path: str, visible: Span
) -> Own:
    """Return what the file itself has to say and the prompt does not show.

    Args:
        document: The file.
        function: In which is written.
        offset: The cursor.
        path: The document's, as a person reads it.
        visible: What the prompt shows of the text anyway.
    """
    text, language = document.text, document.language
    own = Own()

    def add(to: list[Piece], kind: PieceKind, said: str) -> None:
        if said.strip():
            to.append(Piece(kind=kind, path=path, text=said))

    for span in _imports(text, language):
        said = span.of(text).strip()
        if _hides(visible, span) and not said.startswith("from __future__ "):
            add(own.imports, PieceKind.IMPORTS, said)
    header = _header(document, function, offset)
    add(own.header, PieceKind.HEADER, header)
    add(own.signatures, PieceKind.SIGNATURE, _signatures(document, function, visible, header))
    if function is None:
        return own
    every = definitions(text, language)
    here = mentioned(document, function).here
    for one in every:
        is_other = not _overlap(one.span, function.span) and _hides(visible, one.head)
        # A method of another class is told with that class.
        if is_other and one.name in here and one.kind is not DefinitionKind.METHOD:
            add(own.definitions, PieceKind.DEFINITION, told(text, one, every))
    if call_pattern(function).search(text):
        lines = LineTable(text)
        shown = range(lines.line_of(visible.start), lines.line_of(visible.end) + 1)
        add(own.callers, PieceKind.CALLER, called(text, function, outside=shown))
    return own


def _signatures(
    document: Document, function: FunctionRegion | None, visible: Span, header: str
) -> str:
    """Return one line for each other function that is out of sight, those of the class first."""
    text, language = document.text, document.language
    own_class = function.class_name if function else None
    siblings = [
        other
        for other in functions(text, language)
        if (function is None or not _overlap(other.span, function.span))
        and _hides(visible, other.signature)
        and "." not in other.qualified_name.removeprefix(f"{other.class_name}.")
    ]
    siblings.sort(key=lambda other: other.class_name != own_class)
    lines = []
    for other in siblings[:MAX_SIGNATURES]:
        if other.class_name not in {None, own_class} and language == "python":
            # Without its class a method's signature tells little.
            continue
        line = " ".join(other.signature.of(text).split()).removesuffix("{").rstrip()
        line = line.replace("( ", "(").replace(", )", ")").replace(" )", ")")
        line = f"{line} ..." if other.language == "python" else line
        is_member = other.language == "python" and other.class_name is not None and header
        lines.append(f"    {line}" if is_member else line)
    return "\n".join(lines)


def _header(document: Document, function: FunctionRegion | None, offset: int) -> str:
    """Return the first lines of the class in which is written, up to its first function."""
    name = function.class_name if function is not None else None
    text = document.text
    for one in definitions(text, document.language):
        is_around = name is None and one.span.covers(offset)
        if one.kind is not DefinitionKind.CLASS or not (one.qualified_name == name or is_around):
            continue
        members = [
            other.span.start
            for other in functions(text, document.language)
            if one.head.end <= other.span.start < one.span.end
        ]
        return "\n".join(class_lines(text, one, min(members, default=None)))
    return ""


def _brought(statement: str) -> list[str]:
    """Return the names that an import statement brings into a file, as far as they look like any.

    Python says which words they are; elsewhere a word of a path or package is lower case mostly.
    """
    if match := _FROM.match(statement):
        return _WORD.findall(statement[match.end() :])
    return [word for word in _WORD.findall(statement) if _is_name(word) or "{" in statement]


def _imports(text: str, language: str) -> tuple[Span, ...]:
    """Return the import statements, by their looks where broken code hides them."""
    found = imports(text, language)
    if found or language not in _LOOKS:
        return found
    return tuple(Span(start=m.start(), end=m.end()) for m in _IMPORT_LINES.finditer(text))


def _is_library(span: Span, text: str) -> bool:
    """Tell whether an import statement names a module of Python's own library."""
    match = _IMPORTED.match(text, span.start)
    return match is not None and match[1] in sys.stdlib_module_names


def _hides(visible: Span, span: Span) -> bool:
    """Tell whether what begins at ``span`` is out of sight."""
    return not (visible.start <= span.start and span.end <= visible.end)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _is_name(word: str) -> bool:
    """Tell a name by its looks: ``some_name``, ``SomeName``, ``NAME``, ``name2``."""
    inner = word[1:]
    has_case = word != word.lower() and (inner != inner.lower() or len(word) >= MIN_NAME_CHARS)
    return "_" in word.strip("_") or has_case or any(c.isdigit() for c in word)


def _some(words: Iterable[str]) -> list[str]:
    return sorted(words)[:MAX_NAMES]
