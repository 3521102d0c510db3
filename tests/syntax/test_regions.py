import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.syntax.regions import (
    FunctionRegion,
    RegionKind,
    block_at,
    enclosing,
    function_at,
    function_named,
    functions,
    imports,
    test_functions,
)
from support.cursor import at_cursor

PYTHON = '''\
import os
from a import (
    b,
)

try:
    import c
except ImportError:
    c = None


@decorated
@twice(1)
async def outer(x, *args, y: int = 1, **options) -> int:
    """Say.

    More.
    """
    # First.
    def inner(z):
        return z
    return inner(x)


class Pond(Base):
    """A pond."""

    def quack(self, n=2): return n

    class Deep:
        def dive(self):
            ...
'''


def only(text: str, language: str) -> FunctionRegion:
    """Return the one function of ``text``."""
    found = functions(text, language)
    assert len(found) == 1, found
    return found[0]


def test_python_functions_have_their_parts() -> None:
    """Decorators, signature, docstring, body, names and parameters are told apart."""
    found = {f.qualified_name: f for f in functions(PYTHON, "python")}
    assert list(found) == ["outer", "outer.inner", "Pond.quack", "Pond.Deep.dive"]
    outer = found["outer"]
    assert outer.span.of(PYTHON).startswith("@decorated\n@twice(1)\nasync def outer")
    assert outer.span.of(PYTHON).endswith("    return inner(x)")
    assert outer.signature.of(PYTHON).startswith("async def outer(")
    assert outer.signature.of(PYTHON).endswith(") -> int:")
    assert outer.docstring is not None
    assert outer.docstring.of(PYTHON) == '"""Say.\n\n    More.\n    """'
    assert outer.body.of(PYTHON).startswith("    # First.\n    def inner(z):")
    assert outer.parameters == ("x", "args", "y", "options")
    assert not outer.is_empty
    assert outer.class_name is None
    assert found["outer.inner"].class_name is None
    assert found["Pond.quack"].body.of(PYTHON) == "return n"
    assert found["Pond.quack"].indent == "        "
    assert found["Pond.quack"].class_name == "Pond"
    assert found["Pond.Deep.dive"].class_name == "Pond.Deep"
    assert found["Pond.Deep.dive"].is_empty


EMPTY = {
    "pass": "def f(x):\n    pass\n",
    "ellipsis": "def f(x): ...\n",
    "not implemented": 'def f(x):\n    """D."""\n    raise NotImplementedError("soon")\n',
    "bare not implemented": "def f(x):\n    raise NotImplementedError\n",
    "todo": "def f(x):\n    # TODO\n",
    "docstring and todo": 'def f(x):\n    """D."""\n    # TODO: write\n',
    "todo and pass": "def f(x):\n    # TODO\n    pass\n",
    "docstring": "def f(x):\n    '''D.'''\n",
    "nothing, end of file": "def f(x):",
    "nothing, line break": "def f(x):\n",
    "nothing, then code": "def f(x):\n\nx = 1\n",
    "tabs": "def f(x):\n\tpass\n",
    "crlf": "def f(x):\r\n    pass\r\n",
}


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_a_body_of_placeholders_is_empty(text: str) -> None:
    """Stubs, comments, docstrings and nothing at all are empty bodies."""
    assert only(text, "python").is_empty


FULL = {
    "return": "def f(x):\n    return\n",
    "another error": "def f(x):\n    raise ValueError\n",
    "similar name": "def f(x):\n    raise NotImplementedErrorish\n",
    "bytes": "def f(x):\n    b'no docstring'\n",
    "f-string": "def f(x):\n    f'{x}'\n",
    "broken": "def f(x):\n    x = (\n",
    "pass and more": "def f(x):\n    pass\n    return x\n",
}


@pytest.mark.parametrize("text", FULL.values(), ids=FULL)
def test_a_body_that_does_something_is_not_empty(text: str) -> None:
    """Anything beyond a placeholder makes a body."""
    assert not only(text, "python").is_empty


def test_a_function_without_body_is_found_between_others() -> None:
    """A signature that is being typed is a function with an insertion point at its line's end."""
    text = "class A:\n    def f(self):  # hi\n\n    def g(self):\n        return 1\n"
    first, second = functions(text, "python")
    assert (first.qualified_name, second.qualified_name) == ("A.f", "A.g")
    assert first.body.start == first.body.end == text.index("  # hi") + len("  # hi")
    assert first.indent == "        "


def test_functions_behind_broken_code_are_found() -> None:
    """An open bracket in one function does not hide the next one."""
    text = "class B:\n  def f(self):\n    x = (\n\n  def g(self, a):\n    '''D.'''\n\n"
    text += "y = [\ndef h(): pass\n"
    names = [f.qualified_name for f in functions(text, "python")]
    assert names[:2] == ["B.f", "B.g"]
    assert "h" in names


def test_a_def_inside_a_string_is_no_function() -> None:
    """Code in strings and comments is text, also when the file is broken."""
    text = 'x = """\ndef no():\n    pass\n"""\n# def nor(): pass\ny = = 1\n'
    assert functions(text, "python") == ()


def test_go_functions_have_their_parts() -> None:
    """Doc comments, receivers, grouped parameters and stubs are told apart."""
    text = (
        "package p\n\n// Old.\n\n// Doc.\n// More.\n"
        "func (s *S[T]) F(a, b int, c ...string) error {\n"
        '\tpanic("not implemented")\n}\n\nfunc g() {}\n\nfunc h() int { return 1 }\n\nfunc k() {\n'
    )
    method, g, h, k = functions(text, "go")
    assert method.qualified_name == "S.F"
    assert method.class_name == "S"
    assert method.parameters == ("a", "b", "c")
    assert method.docstring is not None
    assert method.docstring.of(text) == "// Doc.\n// More."
    assert method.span.of(text).startswith("// Doc.")
    assert method.body.of(text) == '\tpanic("not implemented")'
    assert method.is_empty
    assert g.is_empty
    assert h.body.of(text) == "return 1"
    assert not h.is_empty
    assert k.is_empty
    assert not k.has_closer


def test_bash_functions_have_their_parts() -> None:
    """The comment above is the docstring, a shebang is not, and any compound is a body."""
    text = "#!/bin/sh\n# Feed.\nfeed() {\n  # TODO\n  :\n}\n"
    text += "function swim { echo hi; }\nsub() (\n ls\n)\n"
    feed, swim, sub = functions(text, "shellscript")
    assert feed.docstring is not None
    assert feed.docstring.of(text) == "# Feed."
    assert feed.is_empty
    assert swim.body.of(text) == "echo hi;"
    assert not swim.is_empty
    assert sub.body.of(text) == " ls"


AT = {
    "in the body": ("def f():\n    retu<CURSOR>rn 1\n", "f"),
    "in the inner": ("def f():\n    def g():\n        re<CURSOR>turn 1\n    return g\n", "f.g"),
    "after the inner": ("def f():\n    def g():\n        return 1\n    ret<CURSOR>urn g\n", "f"),
    "on the decorator": ("@de<CURSOR>c\ndef f(): pass\n", "f"),
    "typing the body": ("def f(x):\n    <CURSOR>\n\ny = 1\n", "f"),
    "typing below docstring": (
        "class A:\n    def f(x):\n        '''D.'''\n        <CURSOR>",
        "A.f",
    ),
    "typing at margin": ("def f(x):\n    return x\n<CURSOR>\n", None),
    "typing in the class": ("class A:\n    def f(x):\n        return x\n\n    <CURSOR>\n", None),
    "outside": ("x = <CURSOR>1\n", None),
}


@pytest.mark.parametrize(("marked", "name"), AT.values(), ids=AT)
def test_function_at_is_the_innermost_around_the_cursor(marked: str, name: str | None) -> None:
    """The function in which one types is found, also where its body does not exist yet."""
    text, offset = at_cursor(marked)
    found = function_at(text, "python", offset)
    assert (found.qualified_name if found else None) == name


def test_enclosing_is_the_function_whose_body_holds_the_place() -> None:
    """On a nested signature the outer function encloses; on a top-level one nothing does."""
    text, offset = at_cursor("def f():\n    def <CURSOR>g():\n        return 1\n")
    found = enclosing(text, "python", offset)
    assert found is not None
    assert found.name == "f"
    assert enclosing(text, "python", 4) is None


def test_function_named_takes_the_last_of_several() -> None:
    """A redefinition wins, as at run time."""
    text = "def f(): return 1\ndef f(): return 2\n"
    found = function_named(text, "python", "f")
    assert found is not None
    assert found.body.of(text) == "return 2"
    assert function_named(text, "python", "g") is None


def test_imports_are_found_in_every_language() -> None:
    """Module-level imports, also in ``try``; Go groups; sourced files."""
    assert [s.of(PYTHON) for s in imports(PYTHON, "python")] == [
        "import os",
        "from a import (\n    b,\n)",
        "import c",
    ]
    go = 'package p\n\nimport "a"\nimport (\n\t"b"\n)\n'
    assert [s.of(go) for s in imports(go, "go")] == ['import "a"', 'import (\n\t"b"\n)']
    shell = "source a.sh\n. b.sh\nls\n"
    assert [s.of(shell) for s in imports(shell, "bash")] == ["source a.sh", ". b.sh"]


LONG = "for i in y:\n" + "".join(f"    a{n} = i\n" for n in range(20))
BLOCKS = {
    "name": (
        "python",
        "x = 1\ndef f<CURSOR>oo():\n    '''D.'''\n    return 1\n",
        "function",
        "foo",
    ),
    "docstring": ("python", "def foo():\n    '''D<CURSOR>.'''\n    return 1\n", "function", "foo"),
    "statement": ("python", "def f():\n    a = 1\n    b =<CURSOR> 2\n", "statement", "    b = 2"),
    "multi-line": ("python", "a = [\n  1,<CURSOR>\n  2,\n]\n", "statement", "a = [\n  1,\n  2,\n]"),
    "short compound": ("python", "if<CURSOR> x:\n    a\n", "statement", "if x:\n    a"),
    "else line": (
        "python",
        "if x:\n    a\nelse<CURSOR>:\n    b\n",
        "statement",
        "if x:\n    a\nelse:\n    b",
    ),
    "long compound": ("python", LONG.replace("in y", "in <CURSOR>y"), "header", "for i in y:"),
    "inside long": ("python", LONG.replace("a3 =", "a3 <CURSOR>="), "statement", "    a3 = i"),
    "trailing comment": ("python", "a = 1  # why<CURSOR>\n", "statement", "a = 1"),
    "comment": ("python", "a = 1\n# why<CURSOR>\n", "nothing", ""),
    "blank": ("python", "a = 1\n<CURSOR>\nb = 2\n", "nothing", ""),
    "class": ("python", "class Po<CURSOR>nd:\n    '''D.'''\n    a = 1\n", "class", "Pond"),
    "class docstring": (
        "python",
        "class Pond:\n    '''<CURSOR>D.'''\n    a = 1\n",
        "class",
        "Pond",
    ),
    "attribute": (
        "python",
        "class Pond:\n    '''D.'''\n    a<CURSOR> = 1\n",
        "statement",
        "    a = 1",
    ),
    "indentation": ("python", "if x:\n <CURSOR>   a\n", "statement", "    a"),
    "pipeline": (
        "bash",
        "ls | gr<CURSOR>ep x && echo y > z\n",
        "command",
        "ls | grep x && echo y > z",
    ),
    "word": ("bash", "echo $(ls | wc<CURSOR>)\n", "command", "echo $(ls | wc)"),
    "loop": (
        "bash",
        "while re<CURSOR>ad x; do\n  a\ndone < f\n",
        "command",
        "while read x; do\n  a\ndone < f",
    ),
    "in loop": ("bash", "while read x; do\n  a <CURSOR>b\ndone\n", "command", "  a b"),
    "heredoc": ("bash", "cat <<E\nhi<CURSOR>\nE\n", "command", "cat <<E\nhi\nE"),
    "then": ("bash", "if a; then\n  b<CURSOR>\nfi\n", "command", "  b"),
    "condition": ("bash", "if a<CURSOR>; then\n  b\nfi\n", "command", "if a; then\n  b\nfi"),
    "case": ("bash", "case $x in\n  a)\n    b<CURSOR> ;;\nesac\n", "command", "    b"),
    "shell function": ("bash", "# Doc.\nfe<CURSOR>ed() {\n  a\n}\n", "function", "feed"),
    "shell doc": ("bash", "# Do<CURSOR>c.\nfeed() {\n  a\n}\n", "function", "feed"),
    "go statement": ("go", "package p\nfunc f() {\n\ta :<CURSOR>= 1\n}\n", "statement", "\ta := 1"),
    "go name": ("go", "package p\nfunc <CURSOR>f() {\n\ta := 1\n}\n", "function", "f"),
    "go brace": ("go", "package p\nfunc f() {\n\ta := 1\n<CURSOR>}\n", "function", "f"),
    "go type": ("go", "package p\ntype <CURSOR>S struct {\n\ta int\n}\n", "class", "S"),
    "no grammar": ("elm", "a\n\nfn x() {\n  b<CURSOR>\n}\n\nc\n", "paragraph", "fn x() {\n  b\n}"),
    "no grammar, blank": ("elm", "a\n<CURSOR>\nb\n", "nothing", ""),
}


@pytest.mark.parametrize(("language", "marked", "kind", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_block_at_is_what_a_hover_explains(
    language: str, marked: str, kind: str, expected: str
) -> None:
    """Names give functions and classes, code gives its statement, nothing gives nothing."""
    text, offset = at_cursor(marked)
    region = block_at(text, language, offset)
    assert region.kind == RegionKind(kind)
    if region.kind in {RegionKind.FUNCTION, RegionKind.CLASS}:
        assert region.name == expected
    else:
        assert region.span.of(text) == expected


def test_tests_are_named_as_pytest_names_them() -> None:
    """Module functions and methods of test classes count, nested and other ones do not."""
    text = (
        "def test_a():\n    def test_inner(): pass\n\ndef helper(): pass\n\n"
        "class TestX:\n    def test_b(self): pass\n    def c(self): pass\n\n"
        "class Other(unittest.TestCase):\n    def test_d(self): pass\n\n"
        "class Plain:\n    def test_e(self): pass\n"
    )
    assert [t.suffix for t in test_functions(text, "python")] == [
        "test_a",
        "TestX::test_b",
        "Other::test_d",
    ]
    go = "package p\nfunc TestA(t *testing.T) {}\nfunc (s S) TestB() {}\nfunc b() {}\n"
    assert [t.suffix for t in test_functions(go, "go")] == ["TestA"]


PIECES = ["def f(x):", "class A:", "\n", "\r\n", "\r", "    ", "\t", "return x", '"""', "'", "("]
PIECES += [")", "{", "}", "# TODO", "pass", "...", "@d", "\x0c", "\u2028", "🦆", "\ud800", "\0"]
PIECES += ["func f() {", "f() {", "// d", "if a; then", "done", "<<E", "<|im_end|>", ":", "\\"]
CODE = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.text(max_size=4),
    ),
    max_size=30,
).map("".join)


@settings(max_examples=250, deadline=None)
@given(text=CODE, language=st.sampled_from(["python", "go", "bash", "rust"]), data=st.data())
def test_random_text_never_raises_and_spans_stay_inside(
    text: str, language: str, data: st.DataObject
) -> None:
    """Whatever is typed, regions are found without error and within the text."""
    for region in functions(text, language):
        spans = [region.span, region.signature, region.body, region.name_span]
        spans += [region.docstring] if region.docstring else []
        for span in spans:
            assert span.end <= len(text)
        assert region.signature.end <= max(region.body.start, region.signature.end)
    offset = data.draw(st.integers(0, len(text)))
    assert block_at(text, language, offset).span.end <= len(text)
    function_at(text, language, offset)
    enclosing(text, language, offset)
    assert all(span.end <= len(text) for span in imports(text, language))
    test_functions(text, language)
