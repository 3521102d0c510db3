import re
from pathlib import Path

import pytest

from ducktypist.syntax import parse as parse_module
from ducktypist.syntax.lines import LineTable, column_of, indent_unit, newline_style
from ducktypist.syntax.parse import Tree, grammar_of, parse

ODD_TEXTS = {
    "empty": "",
    "form feed": "def f():\n    return 1\n\x0c\ndef g():\n    return 2\n",
    "line separator": "def f():\n    return 'a\u2028b'\n",
    "emoji": "def f():\n    return '🦆' + name  # 🦆\n",
    "crlf": "def f():\r\n    return 1\r\n",
    "lone carriage returns": "def f():\r    return 1\r",
    "tabs": "def f():\n\treturn 1\n",
    "lone surrogate": "def f():\n    return '\ud800' + name\n",
    "nul": "def f():\n    return '\0' + name\n",
    "chat markup": "def f():\n    return '<|im_end|>'\n",
    "unterminated string": "def f():\n    return 'abc\n\ndef g():\n    return 1\n",
    "unterminated triple": 'def f():\n    return """abc\n\ndef g():\n    return 1\n',
    "byte order mark": "\ufeffdef f():\n    return 1\n",
}


@pytest.mark.parametrize(
    "language", ["python", "go", "shellscript", "javascript", "tsx", "rust", "java", "c", "cpp"]
)
@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_odd_texts_parse_and_offsets_survive_the_way_through_bytes(
    text: str, language: str
) -> None:
    """Every code point maps to a byte and back, whatever the text holds."""
    tree = parse(text, language)
    assert isinstance(tree, Tree)
    assert [tree.offset(tree.byte(i)) for i in range(len(text) + 1)] == list(range(len(text) + 1))


def test_spans_count_code_points_far_into_a_text_beyond_ascii() -> None:
    """A node behind thousands of wide characters has the span of its own text."""
    text = "# 🦆é\n" * 5000 + "found = 1\n"
    tree = parse(text, "python")
    assert tree is not None
    names = [node for node in tree.walk() if node.type == "identifier"]
    assert [tree.text_of(node) for node in names] == ["found"]
    assert tree.span(names[0]).start == text.index("found")


def test_five_thousand_brackets_are_no_problem() -> None:
    """Deep nesting neither raises nor recurses."""
    for text in ("(" * 5000 + ")" * 5000, "[" * 5000, "{(" * 2500):
        tree = parse(text, "python")
        assert tree is not None
        assert sum(1 for _ in tree.walk()) > 1000


def test_a_text_of_two_megabytes_parses() -> None:
    """A long file has a tree whose spans reach its end."""
    text = "def f(x):\n    return [x, 'é']\n\n" * 60_000
    tree = parse(text, "python")
    assert tree is not None
    assert tree.span(tree.root).end == len(text)


def test_a_language_without_grammar_has_no_tree() -> None:
    """Unknown languages give None instead of an error."""
    assert parse("main = pure ()", "haskell") is None
    assert grammar_of("haskell") is None


@pytest.mark.parametrize(
    ("language", "grammar"),
    [
        ("shellscript", "bash"),
        ("sh", "bash"),
        ("Go", "go"),
        ("javascriptreact", "javascript"),
        ("typescriptreact", "tsx"),
        ("typescript", "typescript"),
        ("rust", "rust"),
        ("java", "java"),
        ("c", "c"),
        ("cpp", "cpp"),
        ("cuda-cpp", "cpp"),
    ],
)
def test_editor_language_ids_name_grammars(language: str, grammar: str) -> None:
    """The ids that editors send are understood."""
    assert grammar_of(language) == grammar


def test_parsing_beyond_the_budget_gives_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grammar that takes too long is stopped."""
    monkeypatch.setattr("ducktypist.syntax.parse.PARSE_BUDGET_S", -1.0)
    assert parse("def f():\n    return 1\n" * 1000, "python") is None


def test_only_three_line_breaks_count() -> None:
    """Form feed, U+2028 and vertical tab do not end a line."""
    lines = LineTable("a\x0cb\u2028c\x0b\r\nd\re\n")
    assert [lines.text(number) for number in range(len(lines))] == [
        "a\x0cb\u2028c\x0b",
        "d",
        "e",
        "",
    ]
    assert [lines.line_of(offset) for offset in (0, 6, 7, 8, 9)] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("text", "style"), [("a\r\nb\r\nc\n", "\r\n"), ("a\rb", "\r"), ("a", "\n"), ("a\nb", "\n")]
)
def test_the_prevailing_line_break_is_the_style(text: str, style: str) -> None:
    """Mixed files count by majority."""
    assert newline_style(text) == style


def test_indentation_is_measured_as_the_file_has_it() -> None:
    """Tabs reach the next multiple of eight; the unit is what lines step by."""
    assert column_of("  \t ") == 9
    assert indent_unit("if x:\n  a\n  if y:\n    b\n") == "  "
    assert indent_unit("if x:\n\ta\n") == "\t"
    assert indent_unit("x = 1\n") == "    "


def test_points_are_read_by_index() -> None:
    """Rows and columns are never read as attributes, which corrupts memory from row 257 on."""
    folder = Path(parse_module.__file__).parent
    attribute = re.compile(r"_point\.(row|column)")
    assert [path.name for path in folder.glob("*.py") if attribute.search(path.read_text())] == []


def test_a_wide_character_behind_a_brace_of_a_shell_is_harmless() -> None:
    """tree-sitter-bash would look it up beyond the end of a table; offsets stay right."""
    for text in ("f() {🦆; }\n", "echo {1..鴨} {鴨..2}\n", "x={鴨,b}\n"):
        for padding in range(40):
            tree = parse("# 鴨\n" * padding + text, "bash")
            assert tree is not None
            n_code_points = range(len(tree.text) + 1)
            assert [tree.offset(tree.byte(i)) for i in n_code_points] == list(n_code_points)


def test_nodes_and_tokens_are_found_by_type() -> None:
    """In source order, outer ones first; a type that the grammar does not know is passed over."""
    tree = parse("class A { f() { if (x) {} } }", "javascript")
    assert tree is not None
    found = tree.nodes(frozenset({"statement_block", "class_body", "no_such_node"}))
    assert [node.type for node in found] == ["class_body", "statement_block", "statement_block"]
    assert [node.type for node in tree.tokens(frozenset({"{", "}"}))] == list("{{{}}}")
    assert tree.nodes(frozenset({"no_such_node"})) == []
