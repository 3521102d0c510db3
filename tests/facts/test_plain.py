from __future__ import annotations

import pytest

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.plain import plain_facts


def facts_of(code: str, language: str, marked: str = "") -> tuple[Fact, ...]:
    """Return the facts of a part of the code, or of all of it."""
    start = code.index(marked)
    return plain_facts(code, language, Span(start=start, end=start + len(marked or code)))


def said(code: str, language: str, kind: FactKind) -> list[str]:
    """Return what the facts of one kind say."""
    return [fact.text for fact in facts_of(code, language) if fact.kind is kind]


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        (
            "javascript",
            "function f(n) { if (!n) throw new RangeError('x'); }",
            ["throws RangeError when !n"],
        ),
        (
            "typescript",
            "const f = (n: number) => { if (n) { throw new Error('x'); } };",
            ["throws Error when n"],
        ),
        (
            "java",
            "class A { void f(int n) throws IOException { if (n < 0) { throw new X(); } } }",
            ["throws X when n < 0", "declares that it may throw IOException"],
        ),
        (
            "cpp",
            'void f(int n) { if (n) { throw std::runtime_error("x"); } }',
            ["throws std::runtime_error when n"],
        ),
        (
            "cpp",
            "void f() { try { g(); } catch (const E& e) { throw; } }",
            ["throws what it caught again"],
        ),
        (
            "javascript",
            "function f() { try { g(); } catch (e) { throw e; } }",
            ["throws what it caught again"],
        ),
        ("rust", 'fn f(n: i32) { if n < 0 { panic!("no"); } }', ['panics with "no" when n < 0']),
        (
            "rust",
            "fn f(n: Option<i32>) { n.unwrap(); }",
            ["panics when n is None or an error (unwrap)"],
        ),
        ("rust", "fn f(n: i32) { assert!(n > 0); }", ["panics unless n > 0"]),
        ("javascript", "function f() { try { throw new Error('x'); } catch { } }", []),
        ("java", "class A { void f() { try { throw new X(); } catch (X | Y e) { } } }", []),
        ("java", "class A { void f() { try { throw new X(); } catch (Y e) { } } }", ["throws X"]),
        ("cpp", "void f() { try { throw E(); } catch (...) { } }", []),
    ],
)
def test_what_is_thrown_is_told(language: str, code: str, expected: list[str]) -> None:
    """Exceptions and panics that leave the function are told with their conditions."""
    assert said(code, language, FactKind.RAISES) == expected


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        (
            "javascript",
            "function f(n) { if (n) { return 1; } else { return 2; } }",
            ["returns 1 when n", "returns 2 unless n"],
        ),
        ("javascript", "const f = (a, b) => a + b;", ["returns a + b"]),
        ("javascript", "function f() { g(); }", ["returns nothing"]),
        (
            "typescript",
            "function f(): Promise<void> { return g(); }",
            ["returns g()", "its signature says that it returns Promise<void>"],
        ),
        (
            "java",
            "class A { int f() { return 1; } }",
            ["returns 1", "its signature says that it returns int"],
        ),
        (
            "c",
            "char *f(int n) { switch (n) { case 1: return 0; } return p; }",
            ["returns 0 in the case 1", "returns p", "its signature says that it returns char *"],
        ),
        ("java", "class A { A() { } }", []),
        ("c", "void f(int n) { n++; }", ["returns nothing"]),
        (
            "rust",
            "fn f() -> Result<i32, E> { let x = g()?; Ok(x) }",
            [
                "returns early with the error or None of g()",
                "returns Ok(x) at its end",
                "its signature says that it returns Result<i32, E>",
            ],
        ),
        (
            "rust",
            "fn f(n: i32) -> i32 { match n { 1 => return 2, _ => return 3 }; }",
            [
                "returns 2 in the case 1",
                "returns 3 in any other case",
                "its signature says that it returns i32",
            ],
        ),
    ],
)
def test_what_is_returned_is_told(language: str, code: str, expected: list[str]) -> None:
    """Each way to give something back is told with its condition."""
    assert said(code, language, FactKind.RETURNS) == expected


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("javascript", "function f() { console.log(1); }", ["prints to the console (console.log)"]),
        (
            "javascript",
            "import fs from 'node:fs';\nfunction f() { fs.unlinkSync('a'); }",
            ["deletes a file (fs.unlinkSync)"],
        ),
        ("javascript", "function f(fs) { fs.unlinkSync('a'); }", []),
        (
            "java",
            "class A { void f() { Files.delete(p); System.exit(1); } }",
            ["deletes a file (Files.delete)", "ends the virtual machine (System.exit)"],
        ),
        ("c", "void f() { remove(p); }", ["deletes a file (remove)"]),
        ("c", "int remove(char *p) { return 0; }\nvoid f() { remove(p); }", []),
        (
            "cpp",
            "void f() { std::cout << 1 << 2; delete p; }",
            ["prints to standard output", "frees p"],
        ),
        (
            "rust",
            'fn f() { println!("a"); std::fs::remove_file(p); }',
            ["prints to standard output (println!)", "deletes a file (std::fs::remove_file)"],
        ),
        (
            "rust",
            "fn f() { unsafe { g() } }",
            ["has an unsafe block, whose rules the compiler does not check"],
        ),
    ],
)
def test_an_effect_is_told_where_its_name_leaves_no_doubt(
    language: str, code: str, expected: list[str]
) -> None:
    """Known names are told, those that the file itself gives another meaning are not."""
    assert said(code, language, FactKind.EFFECT) == expected


@pytest.mark.parametrize(
    ("language", "code", "marked", "subject", "text"),
    [
        (
            "c",
            "/* Doubles n. */\nstatic int twice(int n) { return n; }\nint f() { return twice(2); }",
            "return twice(2)",
            "twice",
            "static int twice(int n): doubles n",
        ),
        (
            "javascript",
            "/**\n * Adds two. More.\n * @param a\n */\nexport function add(a, b) {}\nadd(1, 2);",
            "add(1, 2);",
            "add",
            "export function add(a, b): adds two",
        ),
        (
            "javascript",
            "class A {\n  // Stops it.\n  stop(x) { }\n  f() { this.stop(1); }\n}",
            "this.stop(1)",
            "this.stop",
            "stop(x): stops it",
        ),
        (
            "java",
            "class A {\n  /** Stops it. */\n  int stop(int x) {}\n  int f() { return stop(1); }\n}",
            "stop(1)",
            "stop",
            "int stop(int x): stops it",
        ),
        (
            "rust",
            "/// Adds one.\npub fn add(n: i32) -> i32 { n }\nfn f() { add(1); }",
            "add(1)",
            "add",
            "pub fn add(n: i32) -> i32: adds one",
        ),
        (
            "cpp",
            "// Adds one.\nint add(int n) { return n; }\nint f() { return add(1); }",
            "add(1)",
            "add",
            "int add(int n): adds one",
        ),
    ],
)
def test_functions_of_the_same_file_are_told(
    language: str, code: str, marked: str, subject: str, text: str
) -> None:
    """What is called and stands in the same file is known: signature and first sentence."""
    fact = facts_of(code, language, marked)[0]
    assert (fact.kind, fact.subject, fact.text) == (FactKind.CALLS, subject, text)
    assert fact.span is not None
    assert fact.span.of(code) == subject


def test_methods_of_other_objects_are_not_taken_for_ours() -> None:
    """Nothing is known of an object whose type the syntax does not show."""
    code = "class A {\n  stop(x) { }\n  f(o) { o.stop(1); }\n}"
    assert [fact.kind for fact in facts_of(code, "javascript", "o.stop(1)")] == [FactKind.RETURNS]


@pytest.mark.parametrize("language", ["plaintext", "python", "go", "shellscript", "cobol"])
def test_other_languages_give_nothing(language: str) -> None:
    """Without a grammar, and where there are rules of their own, nothing is said."""
    assert facts_of("f(1); throw x;", language) == ()


@pytest.mark.parametrize("language", ["c", "cpp", "java", "javascript", "typescript", "rust"])
@pytest.mark.parametrize(
    "code", ["", "{", "f(", "class A { void f( }", "fn f( {", "throw", "\0😀("]
)
def test_broken_code_gives_fewer_facts_and_no_exception(language: str, code: str) -> None:
    """Text that is none of the language never raises."""
    assert isinstance(plain_facts(code, language, Span(start=0, end=len(code))), tuple)
