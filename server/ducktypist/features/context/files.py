"""Context from other files: definitions of names, tests and callers of a function.

One pass over the readable files of a root, the near ones first, within a number of files and a
time that the caller names. What is found is by name: which of two functions of one name is meant,
nobody resolves.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ducktypist.features.context.lines import asserted, called, told
from ducktypist.features.context.readable import FileIndex, holds_secret
from ducktypist.prompting.pieces import Piece, PieceKind
from ducktypist.syntax.definitions import definitions
from ducktypist.syntax.regions import FunctionRegion

MAX_FILES = 1500
MAX_PARSED = 24
MAX_TESTS = 4
MAX_CALLERS = 4
MAX_DEFINITIONS = 10

_FAMILIES = (
    frozenset({".py", ".pyi"}),
    frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".cts"}),
    frozenset({".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx"}),
    frozenset({".sh", ".bash"}),
)
_LANGUAGE_FAMILIES = {
    "python": _FAMILIES[0],
    "javascript": _FAMILIES[1],
    "typescript": _FAMILIES[1],
    "javascriptreact": _FAMILIES[1],
    "typescriptreact": _FAMILIES[1],
    "c": _FAMILIES[2],
    "cpp": _FAMILIES[2],
    "shellscript": _FAMILIES[3],
    "go": frozenset({".go"}),
    "rust": frozenset({".rs"}),
    "java": frozenset({".java"}),
}
_TEST_PATH = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec)/|(?:^|/)test_[^/]*$|[_.-](?:test|spec)s?\.\w+$|Tests?\.\w+$"
)
_PACKAGE_FILES = {"__init__", "index", "lib", "main", "mod"}
"""Files that are known by their folder's name."""
_KEYWORD_BEFORE = re.compile(
    r"(?:^|\s)(?:class|const|def|define|enum|fn|func|function|interface|let|static|struct|trait|type"
    r"|typedef|union|var)\s+(?:\([^)]*\)\s*)?(?:mut\s+)?$"
)
_TYPE_BEFORE = re.compile(
    r"[ \t]*(?!(?:return|await|yield|new|else|throw)\b)(?:[\w*&<>\[\],:.]+[ \t]+)+[*&]*"
)
_VALUE_BEFORE = re.compile(r"(?:export\s+)?\t?")
_VALUE_AFTER = re.compile(r"[^\n=(]{0,40}=(?!=)")
_TYPED_FIRST = frozenset({".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".java"})
"""Suffixes of languages whose functions begin with a type and not with a keyword."""
_MAX_OCCURRENCES = 200


def suffixes_of(language: str, path: Path | None) -> frozenset[str]:
    """Return the suffixes of the files that are written in a document's language."""
    suffix = path.suffix.lower() if path is not None else ""
    family = next((family for family in _FAMILIES if suffix in family), None)
    return family or _LANGUAGE_FAMILIES.get(language) or frozenset({suffix} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for in other files."""

    language: str
    relative: str
    """The document itself, which is not searched; relative to the root, or empty."""
    names: tuple[str, ...]
    """Names whose definition would help, those that would help most first."""
    imported: frozenset[str]
    """Words of the document's import statements: they tell which file is meant."""
    function: FunctionRegion | None
    """Whose callers and tests would help."""


@dataclass(slots=True)
class Found:
    """Pieces by kind, each kind in the order in which they are worth their place."""

    definitions: list[Piece] = field(default_factory=list)
    tests: list[Piece] = field(default_factory=list)
    callers: list[Piece] = field(default_factory=list)


def search(
    wanted: Wanted,
    *,
    index: FileIndex,
    buffers: Mapping[str, str],
    suffixes: frozenset[str],
    within_s: float,
) -> Found:
    """Look through the readable files of a root.

    Args:
        wanted: What for.
        index: The root's files, listed lately.
        buffers: Texts that are not saved yet, by path relative to the root.
        suffixes: Of the files in the document's language.
        within_s: When to stop; the near files come first.
    """
    found, missing = Found(), dict.fromkeys(wanted.names)
    n_parsed = 0
    defined: dict[str, Piece] = {}
    deadline = time.monotonic() + within_s
    for relative, text in _texts(wanted, index=index, buffers=buffers, suffixes=suffixes):
        if time.monotonic() > deadline:
            break
        is_imported = not wanted.imported.isdisjoint(_parts(relative))
        names = [
            name
            for name in missing
            if name in text
            and (is_imported or name not in wanted.imported)
            and _defines(relative, text, name)
        ]
        if names and n_parsed < MAX_PARSED:
            n_parsed += 1
            for name, piece in _definitions(relative, text, names, wanted.language):
                defined[name] = piece
                del missing[name]
        function = wanted.function
        if function and function.name in text and _is_related(relative, text, wanted):
            _note_uses(function, relative, text, found)
    shown = [defined[name] for name in wanted.names if name in defined]
    found.definitions.extend(shown[:MAX_DEFINITIONS])
    return found


def is_test_path(relative: str) -> bool:
    """Tell by its path whether a file holds tests."""
    return _TEST_PATH.search(relative) is not None


def _texts(
    wanted: Wanted, *, index: FileIndex, buffers: Mapping[str, str], suffixes: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the files and their texts, the near ones first, as many as are searched."""
    # A file whose name the imports say is read before any other: its definition is the one meant.
    named = wanted.imported
    files = sorted(
        index.files(suffixes),
        key=lambda file: (_module(file) not in named, _distance(file, wanted.relative), file),
    )
    for relative in files[:MAX_FILES]:
        if relative == wanted.relative:
            continue
        text = buffers.get(relative)
        if text is None:
            text = index.text_of(relative)
        elif holds_secret(text):
            continue
        if text:
            yield relative, text


def _defines(relative: str, text: str, name: str) -> bool:
    """Tell whether a text may define a name; whether it does, its syntax tree says."""
    is_typed = PurePosixPath(relative).suffix.lower() in _TYPED_FIRST
    at = text.find(name)
    for _ in range(_MAX_OCCURRENCES):
        if at < 0:
            return False
        end = at + len(name)
        before, after = text[text.rfind("\n", 0, at) + 1 : at], text[end : end + 48]
        if not after[:1].isalnum() and (
            _KEYWORD_BEFORE.search(before)
            or (_VALUE_BEFORE.fullmatch(before) and _VALUE_AFTER.match(after))
            or (is_typed and after.lstrip().startswith("(") and _TYPE_BEFORE.fullmatch(before))
            or (before.strip() == "}" and after.startswith(";"))
        ):
            return True
        at = text.find(name, end)
    return False


def _definitions(
    relative: str, text: str, names: Sequence[str], language: str
) -> Iterator[tuple[str, Piece]]:
    every = definitions(text, language)
    for name in names:
        definition = next((one for one in every if one.name == name), None)
        if definition is not None:
            shown = told(text, definition, every)
            yield name, Piece(kind=PieceKind.DEFINITION, path=relative, text=shown)


def _note_uses(function: FunctionRegion, relative: str, text: str, found: Found) -> None:
    if is_test_path(relative):
        if len(found.tests) < MAX_TESTS:
            shown = asserted(text, function)
            if shown:
                found.tests.append(Piece(kind=PieceKind.TEST, path=relative, text=shown))
    elif len(found.callers) < MAX_CALLERS:
        shown = called(text, function)
        if shown:
            found.callers.append(Piece(kind=PieceKind.CALLER, path=relative, text=shown))


def _is_related(relative: str, text: str, wanted: Wanted) -> bool:
    """Tell whether a name in a file can be the document's: same folder, or its name stands there.

    Many functions are called ``run``.
    """
    if (
        not wanted.relative
        or PurePosixPath(relative).parent == PurePosixPath(wanted.relative).parent
    ):
        return True
    return re.search(rf"\b{re.escape(_module(wanted.relative))}\b", text) is not None


def _module(relative: str) -> str:
    """Return what others import a file as: its own name, or its folder's."""
    folder, _, name = relative.rpartition("/")
    stem = name.partition(".")[0]
    package = folder.rpartition("/")[2]
    return package if package and (name.endswith(".go") or stem in _PACKAGE_FILES) else stem


def _parts(relative: str) -> set[str]:
    """Return the names of a file and its folders, as an import statement has them."""
    return {part.partition(".")[0] for part in relative.split("/")}


def _distance(relative: str, other: str) -> int:
    """Return how many folders lie between two files."""
    one, two = relative.split("/")[:-1], other.split("/")[:-1]
    n_same = sum(
        1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False))
    )
    return len(one) + len(two) - 2 * n_same
