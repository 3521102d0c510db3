"""Regions, edits and statement lines agree with Python's own parser on its own library."""

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from ducktypist.syntax.edits import body_edit, normal_form, statement_lines
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import functions

STDLIB = Path(sysconfig.get_path("stdlib"))
FILES = sorted(p for p in STDLIB.glob("*.py") if 2_000 < p.stat().st_size < 60_000)[::4]
Definition = ast.FunctionDef | ast.AsyncFunctionDef


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield every function with its dotted name, in source order."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Definition | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, node
            yield from definitions(node, f"{name}.")
        else:
            yield from definitions(node, prefix)


def read(path: Path) -> str:
    """Return a source file as text, skipping what is not UTF-8."""
    return path.read_text(encoding="utf-8", errors="replace")


def test_there_are_files_to_compare() -> None:
    """The comparison is not empty."""
    assert len(FILES) >= 25


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_functions_are_those_that_python_finds(path: Path) -> None:
    """Names, lines, docstrings and parameters are Python's."""
    text = read(path)
    lines = LineTable(text)
    ours = sorted(functions(text, "python"), key=lambda region: region.signature.start)
    theirs = sorted(definitions(ast.parse(text)), key=lambda pair: pair[1].lineno)
    assert [region.qualified_name for region in ours] == [name for name, _ in theirs]
    for region, (_, node) in zip(ours, theirs, strict=True):
        assert lines.line_of(region.signature.start) + 1 == node.lineno
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        assert lines.line_of(region.span.start) + 1 == first
        assert lines.line_of(region.span.end) + 1 >= (node.end_lineno or 0)
        assert (region.docstring is None) == (ast.get_docstring(node) is None)
        a = node.args
        named = [*a.posonlyargs, *a.args, *filter(None, [a.vararg]), *a.kwonlyargs]
        named += filter(None, [a.kwarg])
        assert list(region.parameters) == [argument.arg for argument in named]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_replaced_body_parses_and_leaves_the_rest_alone(path: Path) -> None:
    """Whatever function is rewritten, Python accepts the file and finds the new body."""
    text = read(path)
    for number, region in enumerate(functions(text, "python")):
        if number % 7:
            continue
        after = body_edit(text, region, "if True:\n    return 1\nreturn 2").apply(text)
        found = dict(definitions(ast.parse(after)))[region.qualified_name]
        kept = functions(after, "python")
        mine = next(r for r in kept if r.signature.start == region.signature.start)
        assert normal_form(mine.body.of(after), "python") == normal_form(
            "if True:\n    return 1\nreturn 2", "python"
        )
        assert found.name == region.name
        assert after.startswith(text[: region.signature.end])
        if mine.docstring or region.docstring:
            assert mine.docstring is not None
            assert region.docstring is not None
            assert mine.docstring.of(after) == region.docstring.of(text)


@pytest.mark.parametrize("path", FILES[::2], ids=lambda path: path.name)
def test_every_statement_of_one_line_can_be_suspect(path: Path) -> None:
    """No simple statement is missing, and no comment or blank is among the lines."""
    text = read(path)
    lines = LineTable(text)
    regions = {lines.line_of(r.signature.start) + 1: r for r in functions(text, "python")}
    for _, node in definitions(ast.parse(text)):
        region = regions[node.lineno]
        found = statement_lines(text, "python", region)
        numbers = {lines.line_of(span.start) + 1 for span in found}
        for span in found:
            assert span.of(text).strip() == span.of(text) != ""
            assert not span.of(text).startswith("#")
        for inner in ast.walk(node):
            simple = isinstance(inner, ast.Return | ast.Assign | ast.Raise | ast.AugAssign)
            if simple and inner.lineno == inner.end_lineno:
                assert inner.lineno in numbers
