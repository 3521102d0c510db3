import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.syntax.edits import (
    body_edit,
    normal_form,
    reindent,
    replace_lines_edit,
    statement_lines,
)
from ducktypist.syntax.regions import function_named, functions


def with_body(text: str, language: str, name: str, body: str) -> str:
    """Return ``text`` with another body for one function."""
    function = function_named(text, language, name)
    assert function is not None
    edit = body_edit(text, function, body)
    assert edit.span.of(text) == edit.old_text
    return edit.apply(text)


BODY = "if x:\n    return 1\nreturn 2\n"
BODY_CASES = {
    "pass": (
        "def f(x):\n    pass\n\ny = 1\n",
        "def f(x):\n    if x:\n        return 1\n    return 2\n\ny = 1\n",
    ),
    "docstring stays": (
        "def f(x):\n    '''D.'''\n    # TODO\n",
        "def f(x):\n    '''D.'''\n    if x:\n        return 1\n    return 2\n",
    ),
    "docstring only": (
        "def f(x):\n    '''D.'''\n\n\ny = 1\n",
        "def f(x):\n    '''D.'''\n    if x:\n        return 1\n    return 2\n\n\ny = 1\n",
    ),
    "end of file": ("def f(x):", "def f(x):\n    if x:\n        return 1\n    return 2"),
    "one line": (
        "def f(x): ...  # c\ny = 1\n",
        "def f(x):\n    if x:\n        return 1\n    return 2\ny = 1\n",
    ),
    "comment on signature": (
        "def f(x):  # why\n    pass\n",
        "def f(x):  # why\n    if x:\n        return 1\n    return 2\n",
    ),
    "tabs": ("def f(x):\n\tpass\n", "def f(x):\n\tif x:\n\t\treturn 1\n\treturn 2\n"),
    "two spaces": (
        "def g():\n  return 1\ndef f(x):\n",
        "def g():\n  return 1\ndef f(x):\n  if x:\n      return 1\n  return 2\n",
    ),
    "crlf": (
        "def f(x):\r\n    pass\r\n",
        "def f(x):\r\n    if x:\r\n        return 1\r\n    return 2\r\n",
    ),
    "replaced": (
        "def f(x):\n    a\n\n    b\n",
        "def f(x):\n    if x:\n        return 1\n    return 2\n",
    ),
    "continued": (
        "def f(x): \\\n    pass\n",
        "def f(x):\n    if x:\n        return 1\n    return 2\n",
    ),
}


@pytest.mark.parametrize(("text", "expected"), BODY_CASES.values(), ids=BODY_CASES)
def test_a_body_is_put_where_the_placeholder_was(text: str, expected: str) -> None:
    """Docstring, newline style and indentation of the file are kept."""
    assert with_body(text, "python", "f", BODY) == expected


def test_a_body_of_any_indentation_fits_a_method() -> None:
    """The common indentation of the new body is replaced by that of the place."""
    text = "class A:\n    def f(self):\n        pass\n"
    for given_body in ("return 1", "    return 1\n", "\n\n            return 1\n\n"):
        assert with_body(text, "python", "A.f", given_body) == (
            "class A:\n    def f(self):\n        return 1\n"
        )


def test_multi_line_strings_keep_their_content() -> None:
    """Lines inside a string are content and are not moved."""
    text = "class A:\n    def f(self):\n        pass\n"
    body = 'return """a\n  b\nc"""\n'
    assert with_body(text, "python", "A.f", body).endswith('        return """a\n  b\nc"""\n')


def test_a_blank_body_changes_nothing() -> None:
    """There is nothing to write, so nothing is removed either."""
    text = "def f(x):\n    pass\n"
    assert with_body(text, "python", "f", " \n") == text


BRACES = {
    "go empty": (
        "go",
        "package p\n\nfunc f() int {\n}\n",
        "package p\n\nfunc f() int {\n\treturn 1\n}\n",
    ),
    "go inline": (
        "go",
        "package p\n\nfunc f() int {}\n",
        "package p\n\nfunc f() int {\n\treturn 1\n}\n",
    ),
    "go stub": (
        "go",
        'package p\n\nfunc f() int {\n\tpanic("todo")\n}\n',
        "package p\n\nfunc f() int {\n\treturn 1\n}\n",
    ),
    "go one line": (
        "go",
        "package p\n\nfunc f() int { return 2 }\n",
        "package p\n\nfunc f() int {\n\treturn 1\n}\n",
    ),
    "go unclosed": (
        "go",
        "package p\n\nfunc f() int {\n",
        "package p\n\nfunc f() int {\n\treturn 1\n}\n",
    ),
    "go no brace": (
        "go",
        "package p\n\nfunc f() int\n",
        "package p\n\nfunc f() int {\n\treturn 1\n}\n",
    ),
    "go comment on brace": (
        "go",
        "package p\n\nfunc f() int { // why\n}\n",
        "package p\n\nfunc f() int { // why\n\treturn 1\n}\n",
    ),
    "bash": ("bash", "f() {\n  :\n}\n", "f() {\n  return 1\n}\n"),
    "bash inline": ("bash", "f() { :; }\nls -l\n", "f() {\n    return 1\n}\nls -l\n"),
    "bash unclosed": ("bash", "f() {\n", "f() {\n    return 1\n}\n"),
    "bash subshell": ("bash", "f() ( : )\n", "f() (\n    return 1\n)\n"),
    "javascript": (
        "javascript",
        "const f = (x) => {\n  // TODO\n};\n",
        "const f = (x) => {\n  return 1\n};\n",
    ),
    "javascript inline": ("javascript", "function f() {}\n", "function f() {\n  return 1\n}\n"),
    "typescript stub": (
        "typescript",
        'export function f(): X {\r\n\tthrow new Error("TODO");\r\n}\r\n',
        "export function f(): X {\r\n\treturn 1\r\n}\r\n",
    ),
    "rust": ("rust", "fn f() -> i32 { todo!() }\n", "fn f() -> i32 {\n    return 1\n}\n"),
    "rust unclosed": ("rust", "fn f() -> i32 {\n    ", "fn f() -> i32 {\n    return 1\n}"),
    "c, brace on its own line": ("c", "int f(void)\n{\n}\n", "int f(void)\n{\n    return 1\n}\n"),
    "c, comment only": ("c", "int f(void) { /* TODO */ }\n", "int f(void) {\n    return 1\n}\n"),
}


@pytest.mark.parametrize(("language", "text", "expected"), BRACES.values(), ids=BRACES)
def test_a_body_is_put_between_braces(language: str, text: str, expected: str) -> None:
    """Bodies between braces go on lines of their own, and a missing brace is added."""
    assert with_body(text, language, "f", "return 1") == expected


STATEMENTS = st.lists(
    st.sampled_from(
        ["x = 1", "if x:\n    y = 2", "return 🦆", "for i in x:\n    z(i)\n    w()", "f('é')"]
    ),
    min_size=1,
    max_size=5,
)
SHELLS = st.sampled_from(
    [
        "def f(x):\n    pass\n",
        "def f(x):",
        "def f(x): ...\n",
        "class A:\n\tdef g(self): pass\n\n\tdef f(self):\n\t\t'''D 🦆.'''\n\nz = 1\n",
        "import os\r\n\r\ndef f(x):\r\n    # TODO\r\n\r\nx = 1\r\n",
        "def f(x):\n\n\ndef g(y):\n    return 1\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(statements=STATEMENTS, text=SHELLS)
def test_parsing_again_gives_the_body_back(statements: list[str], text: str) -> None:
    """What was put in is what the function's body is afterwards, and the rest is untouched."""
    body = "\n".join(statements).replace("🦆", "x")
    function = next(f for f in functions(text, "python") if f.name == "f")
    edit = body_edit(text, function, body)
    after = edit.apply(text)
    again = next(f for f in functions(after, "python") if f.name == "f")
    assert (
        again.body.of(after).replace("\r\n", "\n")
        == reindent(
            body, function.indent, step=function.indent if "\t" not in text else "\t"
        ).replace("\r\n", "\n")
        or "\t" in text
    )
    assert normal_form(again.body.of(after), "python") == normal_form(body, "python")
    if function.docstring:
        assert again.docstring is not None
        assert again.docstring.of(after) == function.docstring.of(text)
    others = [f.qualified_name for f in functions(text, "python") if f.name != "f"]
    assert [f.qualified_name for f in functions(after, "python") if f.name != "f"] == others


def test_reindent_converts_between_tabs_and_spaces() -> None:
    """Deeper lines follow the new style of indentation."""
    assert reindent("if x:\n    if y:\n        z\n", "\t") == "\tif x:\n\t\tif y:\n\t\t\tz\n"
    assert reindent("\tif x:\n\t\ty\n", "  ", step="  ") == "  if x:\n    y\n"


def test_reindent_takes_off_what_it_is_told() -> None:
    """A first line without indentation and others with it come out aligned."""
    assert reindent("a = 1\n    b = 2", "  ", "    ") == "  a = 1\n  b = 2"


def test_lines_are_replaced_by_traceback_numbers() -> None:
    """Lines count from one, both ends included; the line break style is the file's."""
    text = "a\r\nb\r\nc\r\n"
    assert replace_lines_edit(text, 2, 2, "x\ny\n").apply(text) == "a\r\nx\r\ny\r\nc\r\n"
    assert replace_lines_edit(text, 1, 2, "").apply(text) == "c\r\n"
    assert replace_lines_edit(text, 3, 99, "z").apply(text) == "a\r\nb\r\nz"


def test_statement_lines_are_those_a_fault_could_be_on() -> None:
    """Docstring, comments, blanks, brackets and multi-line strings are left out."""
    text = (
        "def f(x):\n    '''D.'''\n    # c\n    a = [\n        x,  # why\n    ]\n\n"
        '    b = """one\n    two\n    """\n    def g():\n        """E."""\n        return 1\n'
        "    return g  \n\nx = 1\n"
    )
    function = function_named(text, "python", "f")
    assert function is not None
    found = [span.of(text) for span in statement_lines(text, "python", function)]
    assert found == ["a = [", "x,  # why", "def g():", "return 1", "return g"]


def test_statement_lines_of_one_liners_and_go() -> None:
    """A body on the signature's line is one line; Go comments are left out."""
    text = "def f(x): return x\n"
    function = function_named(text, "python", "f")
    assert function is not None
    assert [s.of(text) for s in statement_lines(text, "python", function)] == ["return x"]
    go = 'package p\nfunc f() {\n\t// c\n\ta := `x\ny`\n\tb("s")\n\tif c {\n\t}\n}\n'
    function = function_named(go, "go", "f")
    assert function is not None
    assert [s.of(go) for s in statement_lines(go, "go", function)] == ['b("s")', "if c {"]


SAME = {
    "comments": ("python", "x = 1  # a\n", "# b\nx   =  1\n"),
    "indentation": ("python", "if x:\n  y\n", "    if x:\n            y\n"),
    "semicolon": ("python", "a; b\n", "a\nb\n"),
    "go": ("go", "a := 1; b()", "a := 1 // c\n\tb()"),
    "bash": ("bash", "f() { a; b; }", "f() {\n  a # c\n  b\n}"),
    "javascript": ("javascript", "a(); b()", "a() // c\n/* d */ b();"),
    "rust": ("rust", "/// D.\nfn f() { a(); b }", "fn f() {\n    a(); // c\n    b\n}"),
    "java": ("java", "class A { int x; }", "/** D. */ class A {\n\n  int x; // c\n}"),
    "c": ("c", "int f(void) { return 1; }", "int f(void)\n{\n  return 1; /* c */\n}"),
}


@pytest.mark.parametrize(("language", "one", "other"), SAME.values(), ids=SAME)
def test_equal_programs_have_one_normal_form(language: str, one: str, other: str) -> None:
    """Layout and comments make no difference."""
    assert normal_form(one, language) == normal_form(other, language)


DIFFERENT = {
    "nesting": ("python", "if x:\n    a\n    b\n", "if x:\n    a\nb\n"),
    "strings": ("python", "x = 'a  b'", "x = 'a b'"),
    "operators": ("python", "x < y", "x <= y"),
    "commands": ("bash", "if x; then a b; fi", "if x; then a; b; fi"),
    "calls": ("python", "f\n(x)", "f(x)"),
    "value of a block": ("rust", "fn f() -> X { a() }", "fn f() -> X { a(); }"),
    "statements": ("javascript", "function f() { a; (b) }", "function f() { a(b) }"),
    "templates": ("typescript", "x = `a  ${b}`", "x = `a ${b}`"),
}


@pytest.mark.parametrize(("language", "one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_programs_have_different_normal_forms(
    language: str, one: str, other: str
) -> None:
    """Nesting and the content of strings make a difference."""
    assert normal_form(one, language) != normal_form(other, language)
