import pytest

from ducktypist.syntax.headers import MAX_FIELDS, class_header
from support.cursor import at_cursor

# ruff: noqa: E501, ISC004 - programs in as few lines as they can be read in

HEADERS = {
    "python": (
        "python",
        "@dataclass\nclass A(B,\n        C):\n    '''First.\n\n    More.'''\n\n    x: int\n"
        "    y: str = 'a'\n    long = [\n        1,\n    ]\n\n    def f(self):\n"
        "        '''D.'''\n        <CURSOR>\n",
        "@dataclass\nclass A(B,\n        C):\n    '''First.'''\n    x: int\n    y: str = 'a'",
    ),
    "python, nested": (
        "python",
        "class A:\n    class B:\n        x = 1\n        def f(self): <CURSOR>pass\n",
        "class B:\n    x = 1",
    ),
    "go, receiver": (
        "go",
        "package p\n\ntype S[T any] struct {\n\ta int // why\n\tb []T\n}\n\n"
        "func (s *S[T]) F() {\n\t<CURSOR>\n}\n",
        "type S[T any] struct {\n    a int // why\n    b []T\n}",
    ),
    "go, inside": (
        "go",
        "package p\n\ntype I interface {\n\tF() <CURSOR>int\n}\n",
        "type I interface {\n    F() int\n}",
    ),
    "rust": (
        "rust",
        "#[derive(Debug)]\npub struct S<'a> {\n    /// D.\n    pub a: &'a str,\n    b: i32, // c\n"
        "}\n\nimpl<'a> Clone for S<'a> {\n    fn f(&self) {\n        <CURSOR>\n    }\n}\n",
        "pub struct S<'a> {\n    pub a: &'a str,\n    b: i32, // c\n}\nimpl<'a> Clone for S<'a> {}",
    ),
    "java": (
        "java",
        "public class A {\n  int x;\n  static class B<T> extends C {\n    private final int y = 3;\n"
        "    void f() { <CURSOR> }\n  }\n}\n",
        "static class B<T> extends C {\n    private final int y = 3;\n}",
    ),
    "java, enum": (
        "java",
        "enum E { X(1), Y; private int q; int g() { <CURSOR> } }",
        "enum E {\n    X(1),\n    Y;\n    private int q;\n}",
    ),
    "cpp, inside": (
        "cpp",
        "template <class T>\nclass A : public B {\n public:\n  int f() { <CURSOR> }\n  int g();\n"
        " private:\n  int x_;  // why\n};\n",
        "template <class T>\nclass A : public B {\n    int x_;  // why\n}",
    ),
    "cpp, outside": (
        "cpp",
        "struct A {\n  int x;\n};\n\nint A::f() {\n  <CURSOR>\n}\n",
        "struct A {\n    int x;\n}",
    ),
    "typescript": (
        "typescript",
        "export class A<T> extends B {\n  private x: number = 1;\n  h = () => { return 1; };\n"
        "  f(): void {\n    <CURSOR>\n  }\n}\n",
        "export class A<T> extends B {\n    private x: number = 1;\n}",
    ),
    "typescript, being typed": (
        "typescript",
        "class A {\n  x = 1;\n\n  f(): void {\n    this.<CURSOR>\n  }\n}\n",
        "class A {\n    x = 1;\n}",
    ),
    "typescript, cut off": (
        "typescript",
        "class A {\n  x = 1;\n\n  f(): void {\n    this.a(<CURSOR>",
        "class A {\n    x = 1;\n}",
    ),
    "cpp, cut off": (
        "cpp",
        "namespace n {\nclass A {\n  int x;\n\n  void f() {\n    if (x<CURSOR>",
        "class A {\n    int x;\n}",
    ),
    "java, above another": (
        "java",
        "class A {\n  int x;\n\n  void f() {\n    <CURSOR>\n\n  void g() { }\n}\n",
        "class A {\n    int x;\n}",
    ),
    "javascript, bound": (
        "javascript",
        "const A = class { x = 1; f() { <CURSOR> } };",
        "const A = class {\n    x = 1;\n}",
    ),
    "no class": ("c", "struct s { int a; };\nint f(struct s *x) { <CURSOR> }\n", ""),
    "no class in Python": ("python", "class A:\n    x = 1\n\ndef f():\n    <CURSOR>\n", ""),
    "no grammar": ("haskell", "data A = A {<CURSOR>}", ""),
}


@pytest.mark.parametrize(("language", "marked", "expected"), HEADERS.values(), ids=HEADERS)
def test_a_class_is_known_by_its_header_and_its_fields(
    language: str, marked: str, expected: str
) -> None:
    """The innermost class around the cursor, or that of the method; without methods."""
    text, offset = at_cursor(marked)
    assert class_header(text, language, offset) == expected


def test_many_fields_are_cut() -> None:
    """A class with very many fields shows the first of them."""
    fields = "".join(f"    x{n}: int\n" for n in range(100))
    header = class_header(f"class A:\n{fields}", "python", 3)
    assert header.count("\n") == MAX_FIELDS + 1
    assert header.endswith("\n    ...")
