import pytest

from ducktypist.syntax.definitions import definitions

PYTHON = '''\
import os

LIMIT = 3
table: dict[str, int] = {
    "a": 1,
    "b": 2,
    "c": 3,
    "d": 4,
    "e": 5,
    "f": 6,
}
try:
    import fast
except ImportError:
    fast = None


@dataclass
class Pond(Base):
    """A pond.

    Deep.
    """

    size: int = 1

    @property
    def depth(self) -> int:
        """How deep."""
        inner = 1
        return inner

    class Duck:
        pass


def feed(
    n: int,
) -> None:
    """Feed."""

    def local():
        pass
'''
GO = """\
package p

// Pond is one.
type Pond struct {
	size int
}

type (
	// Name is one.
	Name = string
	Swimmer interface{ Swim() }
)

const (
	A, B = 1, 2
)

// Q says.
var Q = func() int { return 1 }

// Swim swims.
func (p *Pond) Swim(n int) int {
	type local struct{}
	const x = 1
	return n
}
"""
TYPESCRIPT = """\
/** A pond. */
export class Pond<T> extends Water {
  size = 1;
  /** Swims. */
  swim(n: number): void {
    const x = 1;
  }
}
export interface Swimmer { swim(): void; }
enum Kind { A, B }
type Name = string | null;
export const LIMIT = 3, OTHER = 4;
const { a, b } = tools;
const short = (x: number) => x + 1;
export const long = (x: number) => {
  class Local {}
  return x;
};
declare function later(x: number): string;
"""
RUST = """\
/// A pond.
#[derive(Debug)]
pub struct Pond<'a> {
    size: &'a str,
}
impl<'a> Pond<'a> {
    const DEEP: i32 = 3;
    /// Swims.
    pub fn swim(&self) -> i32 {
        const LOCAL: i32 = 1;
        LOCAL
    }
}
pub enum Kind { A, B }
trait Swim { fn swim(&self); }
type Name = String;
static LIMIT: i32 = 3;
"""
JAVA = """\
public class Pond extends Water {
    public static final int LIMIT = 3;
    private int size;

    /** Swims. */
    @Override
    int swim(int n) {
        class Local { }
        return n;
    }

    enum Kind { A, B }
}
"""
CPP = """\
#define LIMIT 3
#define GUARD_H
#define SQUARE(x) ((x) * (x))
typedef struct { int x; } Point;
using Name = int;
struct Water* forward;
namespace pond {
// Ducks.
template <class T>
class Duck : public Bird {
 public:
  int swim(int n);
  int size_;
};
}
int pond::Duck<int>::swim(int n) { const int local = 1; return n; }
const int DEPTH = 3;
int feed(int bread);
enum Kind { A, B };
"""
DEFINED = {
    "python": (
        PYTHON,
        {
            "LIMIT": ("constant", "LIMIT = 3"),
            "table": ("constant", "table: dict[str, int] = {"),
            "fast": ("constant", "    fast = None"),
            "Pond": (
                "class",
                '@dataclass\nclass Pond(Base):\n    """A pond.\n\n    Deep.\n    """',
            ),
            "Pond.depth": (
                "method",
                '    @property\n    def depth(self) -> int:\n        """How deep."""',
            ),
            "Pond.Duck": ("class", "    class Duck:"),
            "feed": ("function", 'def feed(\n    n: int,\n) -> None:\n    """Feed."""'),
        },
    ),
    "go": (
        GO,
        {
            "Pond": ("class", "// Pond is one.\ntype Pond struct"),
            "Name": ("type", "\t// Name is one.\n\tName = string"),
            "Swimmer": ("class", "\tSwimmer interface"),
            "A": ("constant", "const (\n\tA, B = 1, 2\n)"),
            "B": ("constant", "const (\n\tA, B = 1, 2\n)"),
            "Q": ("constant", "// Q says.\nvar Q = func() int { return 1 }"),
            "Pond.Swim": ("method", "// Swim swims.\nfunc (p *Pond) Swim(n int) int"),
        },
    ),
    "typescript": (
        TYPESCRIPT,
        {
            "Pond": ("class", "/** A pond. */\nexport class Pond<T> extends Water"),
            "Pond.swim": ("method", "  /** Swims. */\n  swim(n: number): void"),
            "Swimmer": ("class", "export interface Swimmer"),
            "Kind": ("class", "enum Kind"),
            "Name": ("type", "type Name = string | null;"),
            "LIMIT": ("constant", "LIMIT = 3"),
            "OTHER": ("constant", "OTHER = 4"),
            "short": ("function", "const short = (x: number) => x + 1;"),
            "long": ("function", "export const long = (x: number) =>"),
            "later": ("function", "declare function later(x: number): string;"),
        },
    ),
    "rust": (
        RUST,
        {
            "Pond": ("class", "/// A pond.\n#[derive(Debug)]\npub struct Pond<'a>"),
            "Pond.DEEP": ("constant", "    const DEEP: i32 = 3;"),
            "Pond.swim": ("method", "    /// Swims.\n    pub fn swim(&self) -> i32"),
            "Kind": ("class", "pub enum Kind"),
            "Swim": ("class", "trait Swim"),
            "Name": ("type", "type Name = String;"),
            "LIMIT": ("constant", "static LIMIT: i32 = 3;"),
        },
    ),
    "java": (
        JAVA,
        {
            "Pond": ("class", "public class Pond extends Water"),
            "Pond.LIMIT": ("constant", "    public static final int LIMIT = 3;"),
            "Pond.swim": ("method", "    /** Swims. */\n    @Override\n    int swim(int n)"),
            "Pond.Kind": ("class", "    enum Kind"),
        },
    ),
    "cpp": (
        CPP,
        {
            "LIMIT": ("constant", "#define LIMIT 3"),
            "SQUARE": ("function", "#define SQUARE(x) ((x) * (x))"),
            "Point": ("type", "typedef struct { int x; } Point;"),
            "Name": ("type", "using Name = int;"),
            "forward": ("constant", "struct Water* forward;"),
            "pond.Duck": ("class", "// Ducks.\ntemplate <class T>\nclass Duck : public Bird"),
            "pond.Duck.swim": ("method", "int pond::Duck<int>::swim(int n)"),
            "DEPTH": ("constant", "const int DEPTH = 3;"),
            "feed": ("function", "int feed(int bread);"),
            "Kind": ("class", "enum Kind"),
        },
    ),
    "bash": (
        "# Why.\nLIMIT=3\nreadonly X=1\nfeed() {\n  local=1\n}\n",
        {
            "LIMIT": ("constant", "# Why.\nLIMIT=3"),
            "X": ("constant", "readonly X=1"),
            "feed": ("function", "feed()"),
        },
    ),
}


@pytest.mark.parametrize(("language", "case"), DEFINED.items(), ids=DEFINED)
def test_what_others_can_use_is_defined(
    language: str, case: tuple[str, dict[str, tuple[str, str]]]
) -> None:
    """Functions, classes, types and constants, with their heads; nothing inside of functions."""
    text, expected = case
    found = {
        one.qualified_name: (str(one.kind), one.head.of(text))
        for one in definitions(text, language)
    }
    assert found == expected


def test_definitions_come_in_source_order_with_all_of_their_text() -> None:
    """The span holds the head and the body; a class comes before what is in it."""
    found = definitions(PYTHON, "python")
    assert [one.span.start for one in found] == sorted(one.span.start for one in found)
    pond = next(one for one in found if one.name == "Pond")
    assert pond.span.of(PYTHON).startswith("@dataclass\nclass Pond")
    assert pond.span.of(PYTHON).endswith("    class Duck:\n        pass")
    assert next(one for one in found if one.name == "depth").qualified_name == "Pond.depth"


def test_without_a_grammar_nothing_is_defined() -> None:
    """Unknown languages give nothing instead of an error."""
    assert definitions("main = pure ()", "haskell") == ()


@pytest.mark.parametrize("language", ["java", "typescript", "cpp"])
def test_a_class_that_is_being_typed_is_defined(language: str) -> None:
    """Braces that are yet to come do not hide the class and what stands in it."""
    text = "class A {\n  int a;\n  void f() {\n    x.y(1, "
    text = text.replace("int a", "a: int").replace("void f", "f") if language[0] == "t" else text
    found = {one.qualified_name: one for one in definitions(text, language)}
    assert {"A", "A.f"} <= set(found)
    assert found["A"].head.of(text) == "class A"
    assert found["A"].span.end == len(text)
