"""Which function, statement or command stands where; the questions, not the languages' answers.

Broken code gives fewer regions and never an exception. A language without a grammar has no
functions, and its blocks are paragraphs.
"""

from __future__ import annotations

import functools
import re

from ducktypist.domain import Span
from ducktypist.syntax import bash, braces, go, python
from ducktypist.syntax.blocks import code_place, nothing_at, paragraph_at, statement_at
from ducktypist.syntax.lines import LineTable, column_of, indent_of
from ducktypist.syntax.model import FunctionRegion, Region, RegionKind, TestFunction
from ducktypist.syntax.parse import Tree, grammar_of, parse

_GO_TEST = re.compile(r"Test(?![a-z])")
"""As `go test` has it: ``Testing`` is no test, ``Test_ing`` and ``TestIng`` are."""
_GO_EXAMPLE = re.compile(r"Example(?![a-z])")
_GO_OUTPUT = re.compile(r"//[ \t]*(?:unordered )?output:", re.IGNORECASE)
"""Without such a comment an example is compiled and not run."""

__all__ = [
    "FunctionRegion",
    "Region",
    "RegionKind",
    "TestFunction",
    "block_at",
    "enclosing",
    "function_at",
    "function_named",
    "functions",
    "imports",
    "test_functions",
]


def functions(text: str, language: str) -> tuple[FunctionRegion, ...]:
    """Return every function of ``text`` in source order, outer ones before inner ones."""
    return _functions(text, language)


def function_at(text: str, language: str, offset: int) -> FunctionRegion | None:
    """Return the innermost function around ``offset``.

    A blank Python line below a signature belongs to the function when the cursor is indented
    deeper than its ``def``: that is where one types the body.
    """
    inside = [region for region in functions(text, language) if region.span.covers(offset)]
    below = _typed_below(text, language, offset)
    candidates = [*inside, *below]
    return max(candidates, key=lambda region: region.signature.start, default=None)


def enclosing(text: str, language: str, offset: int) -> FunctionRegion | None:
    """Return the innermost function whose body holds ``offset``.

    On the signature of a nested function that is the outer one; on a top-level one it is None.
    """
    inside = [
        region
        for region in functions(text, language)
        if len(region.body) and region.body.covers(offset)
    ]
    return max(inside, key=lambda region: region.signature.start, default=None)


def function_named(text: str, language: str, qualified_name: str) -> FunctionRegion | None:
    """Return the function of that dotted name; of several the last, as at run time."""
    found = [f for f in functions(text, language) if f.qualified_name == qualified_name]
    return found[-1] if found else None


def imports(text: str, language: str) -> tuple[Span, ...]:
    """Return the import statements (Bash: the commands that source a file)."""
    tree = parse(text, language)
    if tree is None:
        return ()
    finders = {"python": python.imports, "go": go.imports, "bash": bash.imports}
    return tuple(finders.get(tree.language, braces.imports)(tree))


def block_at(text: str, language: str, offset: int) -> Region:
    """Return what a question about ``offset`` is about.

    On a function's name, signature, decorators or docstring: the function. On a class's header
    or docstring: the class. Else the smallest statement; a compound one whole up to 12 lines,
    else its header. In Bash the complete command. Comments and blank lines: nothing. Without a
    grammar: the paragraph.
    """
    offset = max(0, min(offset, len(text)))
    tree = parse(text, language)
    lines = LineTable(text)
    if tree is None or tree.root.type == "ERROR":
        return paragraph_at(lines, offset)
    place = code_place(tree, lines, offset)
    around = [f for f in functions(text, language) if f.span.covers(offset)]
    function = max(around, key=lambda region: region.signature.start, default=None)
    if place is None:
        in_docstring = function and function.docstring and function.docstring.covers(offset)
        if function is None or not in_docstring:
            return nothing_at(offset)
        place = offset
    if function is not None and not function.body.start <= place < function.body.end:
        kind = RegionKind.FUNCTION
        return Region(kind=kind, name=function.qualified_name, span=function.span)
    return statement_at(tree, lines, place)


def test_functions(text: str, language: str) -> tuple[TestFunction, ...]:
    """Return the tests of a file, as pytest (or ``go test``) names them.

    Python: ``test*`` functions of the module, and methods in ``Test*`` and ``TestCase`` classes.
    """
    tree = parse(text, language)
    if tree is None:
        return ()
    if tree.language == "go":
        return tuple(
            TestFunction(suffix=f.name, region=f)
            for f in functions(text, language)
            if f.class_name is None and f.name != "TestMain" and _is_go_test(text, f)
        )
    if tree.language != "python":
        return ()
    classes = {
        name
        for name, bases in python.class_bases(tree).items()
        if all(part.startswith("Test") for part in name.split(".")) or "TestCase" in bases
    }
    return tuple(
        TestFunction(suffix=f.qualified_name.replace(".", "::"), region=f)
        for f in functions(text, language)
        if f.name.startswith("test")
        and (f.qualified_name == f.name if f.class_name is None else f.class_name in classes)
    )


def _is_go_test(text: str, function: FunctionRegion) -> bool:
    if _GO_EXAMPLE.match(function.name):
        return _GO_OUTPUT.search(function.body.of(text)) is not None
    return _GO_TEST.match(function.name) is not None


test_functions.__test__ = False  # type: ignore[attr-defined] # pytest would collect it


@functools.lru_cache(maxsize=8)
def _functions(text: str, language: str) -> tuple[FunctionRegion, ...]:
    tree = parse(text, language)
    if tree is None:
        return ()
    return tuple(_in(tree, LineTable(text)))


def _in(tree: Tree, lines: LineTable) -> list[FunctionRegion]:
    finders = {"python": python.functions, "go": go.functions, "bash": bash.functions}
    return finders.get(tree.language, braces.functions)(tree, lines)


def _typed_below(text: str, language: str, offset: int) -> list[FunctionRegion]:
    if grammar_of(language) != "python":
        return []
    lines = LineTable(text)
    line = lines.line_of(offset)
    if not lines.is_blank(line):
        return []
    column = column_of(indent_of(text[lines.span(line).start : offset]))
    return [
        region
        for region in functions(text, language)
        if region.span.end <= offset
        and not text[region.span.end : offset].strip()
        and column_of(indent_of(lines.text(lines.line_of(region.signature.start)))) < column
    ]
