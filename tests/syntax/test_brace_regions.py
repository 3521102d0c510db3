import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.syntax.definitions import definitions
from ducktypist.syntax.regions import (
    FunctionRegion,
    RegionKind,
    block_at,
    enclosing,
    function_at,
    functions,
    imports,
)
from support.cursor import at_cursor

# ruff: noqa: E501, ISC004 - programs on one line each

TYPESCRIPT = """\
import x from "y";
import { z } from 'w';

/** Feeds. */
export const feed = async (n: number, ...rest: string[]): Promise<void> => {
  // TODO
};

/**
 * A pond.
 */
@sealed
export class Pond extends Water {
  private ducks: number = 1;

  constructor(private readonly size: number) {
    super();
  }

  /** Quacks. */
  @logged()
  async quack(volume = 3, { a }: P): Promise<string> {
    throw new Error("Not implemented");
  }

  swim = (x) => { this.go(x); };
  get depth() { return this.ducks; }
  abstract dive(): void;
}

namespace N.M {
  export function* q<T>(this: X, a?: T) {}
}

const tools = { dig: function (z) { return z; }, fill(x) {} };
Pond.prototype.leave = function () {};
module.exports.enter = (x) => { const inner = () => { return x; }; return inner; };
export default function () { run(() => { function local() {} }); }
const short = (x) => x + 1;
"""
RUST = """\
use std::io;
extern crate rand;

/// Feeds.
/// More.
#[inline]
pub fn feed<'a>(mut bread: &'a str, (a, b): (i32, i32)) -> i32 {
    todo!()
}

impl<'a, T: Clone> Quack<T> for pond::Duck<'a, T> {
    /// Quacks.
    #[must_use] // always
    fn quack(&mut self) -> String {
        String::new() // TODO: write
    }
}

mod tests {
    //! Not of the function.
    fn check() { assert_eq!(1, 1); }
}

trait Swim {
    fn dive(&self);
    fn swim(&self) {}
}
"""
JAVA = """\
package pond;

import java.util.List;
import static pond.Water.*;

/** Ducks. */
public class Duck<T> extends Bird {
\tprivate int n;

\t/**
\t * Feeds.
\t */
\t@Override
\t@Deprecated
\tpublic int feed(final int bread, String... rest) throws Hunger {
\t\tthrow new UnsupportedOperationException("later");
\t}

\tDuck(int n) {
\t\tthis.n = n;
\t}

\tinterface Diver {
\t\tvoid dive();
\t}

\tvoid run() {
\t\tnew Runnable() {
\t\t\tpublic void go() { }
\t\t};
\t}
}

enum Kind {
\tMALLARD, TEAL;

\tint size() { return 1; }
}

record Egg(int weight) {
\tEgg { }
}
"""
CPP = """\
#include <vector>
using std::vector;

namespace pond::deep {
/// A duck.
template <typename T>
class Duck : public Bird {
 public:
  explicit Duck(int n) : n_(n) {}
  ~Duck() = default;
  virtual int quack(const T& x) const override { return n_; }
  bool operator==(const Duck& o) const { return n_ == o.n_; }
  int swim();

 private:
  int n_;
};
}  // namespace pond::deep

// Swims.
template <class T>
int Duck<T>::swim(std::vector<int>&& where, int (*how)(int), int = 3)
{
    return 0;  // TODO
}

Duck::operator bool() const { return true; }
extern "C" {
void feed(int bread) {}
}
auto later = [](int q) { return q; };
"""
C = """\
#include "duck.h"

#ifdef DUCKS
/* Feeds. */
static const char *feed(int n, char *argv[], void (*then)(int)) {
    /* TODO */
    return NULL;
}
#endif

int declared(int a);

int (*get(int q))(char)
{
    return table[q];
}

void stop(void) { abort(); }
"""


def by_name(text: str, language: str) -> dict[str, FunctionRegion]:
    """Return the functions of ``text`` by their qualified name."""
    return {f.qualified_name: f for f in functions(text, language)}


NAMES = {
    "typescript": (
        TYPESCRIPT,
        "feed Pond.constructor Pond.quack Pond.swim Pond.depth N.M.q tools.dig tools.fill Pond.leave"
        " enter enter.inner local",
        "feed Pond.quack N.M.q tools.fill Pond.leave local",
    ),
    "rust": (
        RUST,
        "feed Duck.quack tests.check Swim.swim",
        "feed Duck.quack Swim.swim",
    ),
    "java": (
        JAVA,
        "Duck.feed Duck.Duck Duck.run Duck.run.go Kind.size Egg.Egg",
        "Duck.feed Duck.run.go Egg.Egg",
    ),
    "cpp": (
        CPP,
        "pond.deep.Duck.Duck pond.deep.Duck.quack pond.deep.Duck.operator== Duck.swim"
        " Duck.operator_bool feed",
        "Duck.swim feed",
    ),
    "c": (C, "feed get stop", "feed"),
}


@pytest.mark.parametrize(("language", "case"), NAMES.items(), ids=NAMES)
def test_functions_are_found_with_their_qualified_names(
    language: str, case: tuple[str, str, str]
) -> None:
    """Functions, methods, constructors and bound function values; those without a body are none."""
    text, names, stubs = case
    found = functions(text, language)
    assert [f.qualified_name.replace(" ", "_") for f in found] == names.split()
    assert [f.qualified_name for f in found if f.is_empty] == stubs.split()
    assert all(f.has_closer for f in found)


def test_javascript_reads_the_same_functions_as_typescript() -> None:
    """Where a text is both, both grammars give the same regions."""
    text = "class A { #x = 1; static f(a, [b]) {} g = (y) => { return y; }; }\nfunction h() {}\n"
    names = ["A.f", "A.g", "h"]
    for language in ("javascript", "javascriptreact", "typescript", "typescriptreact"):
        assert [f.qualified_name for f in functions(text, language)] == names


def test_typescript_functions_have_their_parts() -> None:
    """Exports belong to the signature, decorators to the function, the comment above documents."""
    found = by_name(TYPESCRIPT, "typescript")
    feed, quack = found["feed"], found["Pond.quack"]
    assert feed.signature.of(TYPESCRIPT).startswith("export const feed = async (n")
    assert feed.signature.of(TYPESCRIPT).endswith("=> {")
    assert feed.docstring is not None
    assert feed.docstring.of(TYPESCRIPT) == "/** Feeds. */"
    assert feed.span.of(TYPESCRIPT).startswith("/** Feeds. */\nexport")
    assert feed.span.of(TYPESCRIPT).endswith("};")
    assert feed.body.of(TYPESCRIPT) == "  // TODO"
    assert feed.parameters == ("n", "rest")
    assert feed.class_name is None
    assert quack.span.of(TYPESCRIPT).startswith("  /** Quacks. */\n  @logged()")
    assert quack.signature.of(TYPESCRIPT).startswith("async quack(")
    assert quack.docstring is not None
    assert quack.docstring.of(TYPESCRIPT) == "/** Quacks. */"
    assert quack.class_name == "Pond"
    assert quack.indent == "    "
    assert found["Pond.constructor"].parameters == ("size",)
    assert found["tools.dig"].name_span.of(TYPESCRIPT) == "dig"
    assert found["Pond.leave"].name_span.of(TYPESCRIPT) == "leave"
    assert found["tools.dig"].class_name is None


def test_rust_functions_have_their_parts() -> None:
    """Doc lines above attributes document; the type of the ``impl`` qualifies."""
    found = by_name(RUST, "rust")
    feed, quack = found["feed"], found["Duck.quack"]
    assert feed.docstring is not None
    assert feed.docstring.of(RUST) == "/// Feeds.\n/// More."
    assert feed.span.of(RUST).startswith("/// Feeds.")
    assert feed.signature.of(RUST).startswith("pub fn feed<'a>(")
    assert feed.parameters == ("bread",)
    assert quack.class_name == "Duck"
    assert quack.parameters == ("self",)
    assert quack.docstring is not None
    assert quack.docstring.of(RUST) == "/// Quacks."
    assert found["tests.check"].docstring is None
    assert found["tests.check"].class_name is None


def test_java_functions_have_their_parts() -> None:
    """Annotations belong to the function and not to its signature; tabs stay tabs."""
    found = by_name(JAVA, "java")
    feed = found["Duck.feed"]
    assert feed.docstring is not None
    assert feed.docstring.of(JAVA).startswith("/**\n\t * Feeds.")
    assert feed.span.of(JAVA).startswith("\t/**")
    assert feed.signature.of(JAVA) == (
        "public int feed(final int bread, String... rest) throws Hunger {"
    )
    assert feed.parameters == ("bread", "rest")
    assert feed.indent == "\t\t"
    assert found["Duck.run.go"].class_name is None


def test_c_and_cpp_functions_have_their_parts() -> None:
    """Declarators are unwrapped, templates belong to the signature, classes qualify outside too."""
    feed, get = by_name(C, "c")["feed"], by_name(C, "c")["get"]
    assert feed.parameters == ("n", "argv", "then")
    assert feed.docstring is not None
    assert feed.docstring.of(C) == "/* Feeds. */"
    assert get.parameters == ("q",)
    assert get.signature.of(C) == "int (*get(int q))(char)\n{"
    assert get.body.of(C) == "    return table[q];"
    swim = by_name(CPP, "cpp")["Duck.swim"]
    assert swim.signature.of(CPP).startswith("template <class T>\nint Duck<T>::swim(")
    assert swim.name_span.of(CPP) == "swim"
    assert swim.class_name == "Duck"
    assert swim.parameters == ("where", "how")
    assert swim.docstring is not None
    assert swim.docstring.of(CPP) == "// Swims."


IMPORTS = {
    "typescript": (TYPESCRIPT, ['import x from "y";', "import { z } from 'w';"]),
    "rust": (RUST, ["use std::io;", "extern crate rand;"]),
    "java": (JAVA, ["import java.util.List;", "import static pond.Water.*;"]),
    "cpp": (CPP, ["#include <vector>", "using std::vector;"]),
    "c": (C, ['#include "duck.h"']),
}


@pytest.mark.parametrize(("language", "case"), IMPORTS.items(), ids=IMPORTS)
def test_imports_are_found(language: str, case: tuple[str, list[str]]) -> None:
    """What is imported, used or included."""
    text, expected = case
    assert [span.of(text) for span in imports(text, language)] == expected


# Each line is a body.
STUBS = {
    "javascript": (
        "function f() {{ {} }}",
        """
// later
throw new Error("TODO");
throw new NotImplementedError();
return null; // TODO\n""",
    ),
    "typescript": ("const f = (): X => {{ {} }};", "/* x */\nthrow new Error(`implement me`)"),
    "rust": (
        "fn f() -> i32 {{ {}\n}}",
        """todo!()
unimplemented!("x: {}", 1)
todo!();
panic!("not implemented")
0 // TODO
Default::default() /* TODO */""",
    ),
    "java": (
        "class A {{ int f() {{ {}\n}} }}",
        """throw new UnsupportedOperationException();
throw new RuntimeException("Not implemented yet");
return 0; // TODO""",
    ),
    "c": (
        "int f(int x) {{ {} }}",
        """
/* your code here */
return 0; /* TODO */
assert(0 && "not implemented");
(void)x; return -1; /* FIXME: write this */""",
    ),
    "cpp": ("int f() {{ {} }}", 'throw std::logic_error("not implemented");\n;'),
    "go": ("package p\n\nfunc f() int {{ {} }}", 'panic("implement me")\nreturn 0 /* TODO */'),
    "bash": ("f() {{\n{}\n}}", ":\ntrue\necho TODO\nreturn 1 # TODO\n: # not implemented"),
    "python": (
        "def f(x):\n    {}\n",
        """pass
...
raise NotImplementedError
# TODO
raise NotImplementedError("f")
return None  # TODO
return 0  # FIXME""",
    ),
}
STUB_CASES = [
    (language, form, body)
    for language, (form, bodies) in STUBS.items()
    for body in bodies.split("\n")
]


@pytest.mark.parametrize(("language", "form", "body"), STUB_CASES)
def test_what_only_holds_the_place_of_a_body_is_empty(language: str, form: str, body: str) -> None:
    """Nothing, comments, what throws that it is not written, and a bare return that says so."""
    assert functions(form.format(body), language)[0].is_empty


FULL = [
    ("javascript", 'function f() { throw new Error("too deep"); }'),
    ("javascript", "function f() { return null; }"),
    ("rust", "fn f() -> i32 { 0 }"),
    ("rust", "fn f() { todo!(); swim() }"),
    ("java", "class A { int f() { return 0; } }"),
    ("c", "void f(void) { abort(); }"),
    ("c", "int f(void) { return x; /* TODO */ }"),
    ("c", "int f(void) { /* the todolist is empty */ return 0; }"),
    ("cpp", "A::A() : x_(1) { x_ = 2; }"),
    ("cpp", "A::A() : x_(1) {}"),
    ("go", "package p\n\nfunc f() int { return 0 }"),
    ("bash", "f() {\n  return 1\n}"),
    ("python", "def f(x):\n    return None\n"),
    ("python", "def f(x):\n    return x  # TODO\n"),
]


@pytest.mark.parametrize(("language", "text"), FULL)
def test_a_body_that_does_something_is_not_empty(language: str, text: str) -> None:
    """An error of its own, a plain return, or more than a placeholder."""
    assert not functions(text, language)[0].is_empty


BLOCKS = {
    "name": ("typescript", "function f<CURSOR>oo() {\n  a();\n}\n", "function", "foo"),
    "doc": ("rust", "/// D<CURSOR>.\nfn foo() {\n    a();\n}\n", "function", "foo"),
    "arrow": ("javascript", "const foo<CURSOR> = () => {\n  a();\n};\n", "function", "foo"),
    "statement": ("java", "class A {\n  void f() {\n    a(<CURSOR>b);\n  }\n}\n", "statement",
                  "    a(b);"),
    "class": ("typescript", "export class Po<CURSOR>nd {\n  a = 1;\n}\n", "class", "Pond"),
    "struct": ("rust", "struct Po<CURSOR>nd {\n    a: i32,\n}\n", "class", "Pond"),
    "template": ("cpp", "template <class T>\nclass Po<CURSOR>nd {\n  int a;\n};\n", "class", "Pond"),
    "field": ("java", "class A {\n  int <CURSOR>a;\n  int b;\n}\n", "statement", "  int a;"),
    "case": ("c", "int f(int x) {\n  switch (x) {\n  case 1:\n    a(<CURSOR>);\n  }\n}\n",
             "statement", "    a();"),
    "case label": ("c", "int f(int x) {\n  switch (x) {\n  case <CURSOR>1:\n    a();\n  }\n}\n",
                   "statement", "  case 1:\n    a();"),
    "arm": ("rust", "fn f() {\n    match x {\n        1 => a(<CURSOR>),\n        _ => b(),\n"
            "    }\n}\n", "statement", "        1 => a(),"),
    "long loop": ("javascript", "for (const a of<CURSOR> b) {\n" + "  c();\n" * 20 + "}\n", "header",
                  "for (const a of b) {"),
    "long class": ("cpp", "class A {\n" + "  int a;\n" * 20 + "  int <CURSOR>b;\n};\n", "statement",
                   "  int b;"),
    "comment": ("c", "int a;\n/* w<CURSOR>hy */\nint b;\n", "nothing", ""),
    "doc comment": ("rust", "/// w<CURSOR>hy\n\nstruct S;\n", "nothing", ""),
    "condition": ("c", "#if DU<CURSOR>CKS\nint a;\n#endif\n", "statement",
                  "#if DUCKS\nint a;\n#endif"),
}  # fmt: skip


@pytest.mark.parametrize(("language", "marked", "kind", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_block_at_is_what_a_hover_explains(
    language: str, marked: str, kind: str, expected: str
) -> None:
    """Names give functions and classes, code gives its statement, comments give nothing."""
    text, offset = at_cursor(marked)
    region = block_at(text, language, offset)
    assert region.kind == RegionKind(kind)
    if region.kind in {RegionKind.FUNCTION, RegionKind.CLASS}:
        assert region.name == expected
    else:
        assert region.span.of(text) == expected


LANGUAGES = ["javascript", "typescript", "typescriptreact", "rust", "java", "c", "cpp"]
SOURCES = {"typescript": TYPESCRIPT, "rust": RUST, "java": JAVA, "cpp": CPP, "c": C}
PIECES = [
    "function f(x) {",
    "const f = (x) => {",
    "class A {",
    "fn f<'a>(x: &'a str) {",
    "impl S {",
]
PIECES += ["int f(int x) {", "namespace n {", "#if 0\n", "#endif\n", "template <", "operator", "::"]
PIECES += ["{", "}", "(", ")", "[", "]", ";", ",", ".", "=>", "->", "\n", "\r\n", "    ", "\t", "`"]
PIECES += ["${", "/", "/*", "*/", "// TODO", "/// d", "'", '"', "@O", "#[t]", "🦆", "\ud800", "\0"]
CODE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=25).map("".join)


def check(text: str, language: str, offset: int) -> None:
    """Ask every question about a text; spans are inside of it, ordered, the body in its place."""
    for region in functions(text, language):
        spans = [region.span, region.signature, region.body, region.name_span]
        spans += [region.docstring] if region.docstring else []
        assert all(span.end <= len(text) for span in spans)
        assert region.span.start <= region.signature.start <= region.signature.end
        assert region.signature.end <= region.body.start
        assert region.body.end <= max(region.span.end, region.body.start)
    for one in definitions(text, language):
        assert one.span.start <= one.head.start <= one.head.end <= len(text)
        assert one.span.end <= len(text)
    assert block_at(text, language, offset).span.end <= len(text)
    assert all(span.end <= len(text) for span in imports(text, language))
    function_at(text, language, offset)
    enclosing(text, language, offset)


@settings(max_examples=200, deadline=None)
@given(text=CODE, language=st.sampled_from(LANGUAGES), data=st.data())
def test_random_text_never_raises(text: str, language: str, data: st.DataObject) -> None:
    """Whatever is typed, regions are found without error and within the text."""
    check(text, language, data.draw(st.integers(0, len(text))))


@settings(max_examples=200, deadline=None)
@given(language=st.sampled_from(sorted(SOURCES)), data=st.data())
def test_a_program_cut_anywhere_never_raises(language: str, data: st.DataObject) -> None:
    """A file that ends in the middle of anything, or lacks something in its middle."""
    source = SOURCES[language]
    cut = data.draw(st.integers(0, len(source)))
    goes_on = data.draw(st.integers(cut, len(source)))
    check(source[:cut], language, cut)
    check(source[:cut] + source[goes_on:], language, cut)
