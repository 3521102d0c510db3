import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.syntax.closing import closed
from ducktypist.syntax.edits import body_edit
from ducktypist.syntax.parse import parse
from ducktypist.syntax.regions import function_at, functions
from support.cursor import at_cursor

# ruff: noqa: E501 - programs on one line each
# What is typed, the function it is typed in, what else there is, and the text with a body.
TYPED = {
    "end of file": (
        "java",
        "class A {\n  /** D. */\n  int f(int x) {\n    <CURSOR>",
        ("A.f", True, []),
        "class A {\n  /** D. */\n  int f(int x) {\n    return 7;\n  }",
    ),
    "above another": (
        "javascript",
        "function f(x) {\n  <CURSOR>\n\n/** G. */\nfunction g() {\n  a();\n}\n",
        ("f", True, ["g"]),
        "function f(x) {\n  return 7;\n}\n\n/** G. */\nfunction g() {\n  a();\n}\n",
    ),
    "in a class": (
        "typescript",
        "class A {\n  f(): X {\n    <CURSOR>\n  g(): void {\n    a();\n  }\n}\n",
        ("A.f", True, ["A.g"]),
        "class A {\n  f(): X {\n    return 7;\n  }\n  g(): void {\n    a();\n  }\n}\n",
    ),
    "brace on its own line": (
        "cpp",
        "namespace n {\nint f(int x)\n{\n    <CURSOR>\n\nint g()\n{\n    a();\n}\n}\n",
        ("n.f", True, ["n.g"]),
        "namespace n {\nint f(int x)\n{\n    return 7;\n}\n\nint g()\n{\n    a();\n}\n}\n",
    ),
    "in a loop": (
        "c",
        "int f(int x) {\n    for (;;) {\n        x = <CURSOR>\n\n// G.\nint g(void) {\n}\n",
        ("f", False, ["g"]),
        None,
    ),
    "in an impl": (
        "rust",
        "impl S {\n    fn f(&self) -> i32 {\n        <CURSOR>\n\n    #[inline]\n    fn g() {\n    }\n}\n",
        ("S.f", True, ["S.g"]),
        "impl S {\n    fn f(&self) -> i32 {\n        return 7;\n    }\n\n    #[inline]\n    fn g() {\n    }\n}\n",
    ),
    "in callbacks": (
        "javascript",
        "describe('a', () => {\n  it('b', () => {\n    function f() {\n      <CURSOR>\n",
        ("f", True, []),
        None,
    ),
    "in a call": (
        "go",
        "package p\n\nfunc f() int {\n\tx := g(1, <CURSOR>\n\n// G.\nfunc g(a int) {\n}\n",
        ("f", False, ["g"]),
        None,
    ),
    "nothing yet in Go": (
        "go",
        "package p\n\nfunc f() int {\n\t<CURSOR>\n\n// G.\nfunc g() {\n}\n",
        ("f", True, ["g"]),
        "package p\n\nfunc f() int {\n\treturn 7;\n}\n\n// G.\nfunc g() {\n}\n",
    ),
    "in a shell": (
        "bash",
        "f() {\n  a\n  <CURSOR>\n\n# G.\ng() {\n  a\n}\n",
        ("f", False, ["g"]),
        None,
    ),
    "behind a dot": (
        "java",
        "class A {\n  int f(int x) {\n    return x.<CURSOR>\n  }\n\n  int g() {\n    a();\n  }\n}\n",
        ("A.f", False, ["A.g"]),
        "class A {\n  int f(int x) {\n    return 7;\n  }\n\n  int g() {\n    a();\n  }\n}\n",
    ),
    "header over lines": (
        "cpp",
        "A::A(int x,\n     int y)\n    : x_(x)\n    , y_(y) {\n    if (x) {\n        a(<CURSOR>",
        ("A.A", False, []),
        None,
    ),
    "contents of a namespace": (
        "cpp",
        "namespace n {\n\nint g();\n\nclass B {\n public:\n  int f() {\n    return <CURSOR>",
        ("n.B.f", False, []),
        None,
    ),
    "lambda in a call": (
        "cpp",
        "int f() {\n    auto p = build([&](X& x) {\n        while (x) {\n            x.a();\n<CURSOR>",
        ("f", False, []),
        None,
    ),
    "template literal at the margin": (
        "typescript",
        "function f() {\n  const a = `\nmargin {\n`;\n  <CURSOR>\n",
        ("f", False, []),
        None,
    ),
}


@pytest.mark.parametrize(("language", "marked", "expected", "filled"), TYPED.values(), ids=TYPED)
def test_the_function_one_types_in_is_found(
    language: str, marked: str, expected: tuple[str, bool, list[str]], filled: str | None
) -> None:
    """Without its closing brace it ends before what stands further left, and others stay whole."""
    text, offset = at_cursor(marked)
    name, is_empty, others = expected
    function = function_at(text, language, offset)
    assert function is not None
    assert (function.qualified_name, function.is_empty) == (name, is_empty)
    found = [f for f in functions(text, language) if f.qualified_name != name]
    assert [f.qualified_name for f in found] == others
    assert all(f.has_closer for f in found)
    if filled is not None:
        assert body_edit(text, function, "return 7;").apply(text) == filled


@pytest.mark.parametrize(("language", "marked", "expected", "filled"), TYPED.values(), ids=TYPED)
def test_the_text_keeps_its_offsets(
    language: str, marked: str, expected: tuple[str, bool, list[str]], filled: str | None
) -> None:
    """What is added takes the place of blanks, or comes behind the end."""
    del expected, filled
    text, _ = at_cursor(marked)
    tree = parse(text, language)
    assert tree is not None
    whole = closed(tree)
    assert whole is not None
    assert len(whole.tree.text) >= len(text)
    assert whole.n_characters == len(text)
    assert all(whole.tree.text[place] == "}" for place in whole.added)
    changed = [at for at, c in enumerate(text) if whole.tree.text[at] != c]
    assert all(text[at] not in "{}" for at in changed)


def test_what_is_whole_is_left_alone() -> None:
    """Text without errors, and errors that no bracket is the cause of, need no repair."""
    for text in ("function f() { return 1; }\n", "function f() { return 1 +; }\n"):
        tree = parse(text, "javascript")
        assert tree is not None
        assert closed(tree) is None


@settings(max_examples=150, deadline=None)
@given(
    language=st.sampled_from(["javascript", "rust", "java", "c", "cpp", "go", "bash"]),
    text=st.lists(
        st.sampled_from(
            [
                "{",
                "}",
                "(",
                ")",
                "[",
                "]",
                "a.",
                "a->",
                "\n",
                "\n\n",
                "  ",
                "f() {",
                "if (x) {",
                "int f(int x) {",
                "fn f() {",
                "func f() {",
                "class A {",
                "`",
                "'",
                '"',
                "// c",
                ";",
                "x = 1",
                "🦆",
                "\r\n",
                "#if 0",
                "namespace n {",
                "*/",
                "/*",
                "return",
            ]
        ),
        max_size=30,
    ).map("".join),
)
def test_any_text_can_be_closed(language: str, text: str) -> None:
    """Repairing never raises and never makes a text shorter."""
    tree = parse(text, language)
    assert tree is not None
    whole = closed(tree)
    if whole is not None:
        assert len(whole.tree.text) >= len(text)
        assert all(whole.tree.text[place] == "}" for place in whole.added)
