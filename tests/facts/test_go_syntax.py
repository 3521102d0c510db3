from __future__ import annotations

import pytest

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.go_syntax import go_facts

HEAD = """package m

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	ex "os/exec"
)

var total int

// Twice doubles n. It is fast.
func Twice(n int) (int, error) { return n * 2, nil }

"""


def facts_of(code: str, marked: str = "") -> tuple[Fact, ...]:
    """Return the facts of a part of the code, or of all of it."""
    text = HEAD + code
    part = marked or code
    start = text.index(part, len(HEAD))
    return go_facts(text, Span(start=start, end=start + len(part)))


def said(body: str, kind: FactKind, *, head: str = "func f(n int)") -> list[str]:
    """Return what the facts of one kind say of a function with this body."""
    code = f"{head} {{\n\t{body}\n}}\n"
    return [fact.text for fact in facts_of(code) if fact.kind is kind]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("os.Remove(p)", ["deletes a file or an empty folder (os.Remove)"]),
        ('ex.Command("ls")', ["prepares to start a program (ex.Command)"]),
        ("rand.IntN(3)", ["draws random numbers (rand.IntN)"]),
        ("go work(n)", ["starts a goroutine: work(n)"]),
        ("go func() { os.Exit(1) }()", ["starts a goroutine: a function literal"]),
        ("ch <- 1", ["sends to the channel ch"]),
        ("v := <-ch", ["receives from the channel ch"]),
        ("close(ch)", ["closes the channel ch"]),
        ("mu.Lock()", ["locks mu"]),
        ("total = 3", ["assigns to the package variable total"]),
        ("total++", ["assigns to the package variable total"]),
        ("defer f.Close()", ["runs f.Close() when the function returns"]),
    ],
)
def test_an_effect_is_told(body: str, expected: list[str]) -> None:
    """Goroutines, channels, locks and calls of packages by their import paths are told."""
    assert said(body, FactKind.EFFECT) == expected


@pytest.mark.parametrize("body", ["total := 3", "os := n\n\tos.Exit(1)", "other.Exit(1)", "n = 2"])
def test_names_that_are_bound_again_touch_nothing(body: str) -> None:
    """A local of a package's name is no package, and one of a global's name is no global."""
    assert said(body, FactKind.EFFECT) == []


def test_maps_and_slices_of_the_caller_are_changed() -> None:
    """Assigning to an element of a parameter is seen by the caller."""
    told = said(
        "m[1]++\n\tdelete(m, 2)\n\ts[0] = 3", FactKind.EFFECT, head="func f(m map[int]int, s []int)"
    )
    assert told == [
        "changes its argument m by assigning to an element",
        "deletes from the map m, its argument",
        "changes its argument s by assigning to an element",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('panic("no")', 'panics with "no"'),
        ('if n < 0 { panic("no") }', 'panics with "no" when n < 0'),
        ('if n < 0 { return } else { panic("no") }', 'panics with "no" unless n < 0'),
        ('log.Panicf("no")', "logs and panics (log.Panicf)"),
    ],
)
def test_a_panic_is_told_with_its_condition(body: str, expected: str) -> None:
    """What panics is told as what is raised."""
    assert said(body, FactKind.RAISES) == [expected]


def test_results_are_told_with_their_conditions() -> None:
    """Each return is told, errors included, and the signature as what it is."""
    body = (
        'if n < 0 { return 0, fmt.Errorf("bad") }\n\tswitch n { case 1: return 1, nil }\n\treturn'
    )
    told = said(body, FactKind.RETURNS, head="func f(n int) (m int, err error)")
    assert told == [
        'returns 0, fmt.Errorf("bad") when n < 0',
        "returns 1, nil in the case 1",
        "returns its named results m, err",
        "its signature says that it returns (m int, err error)",
    ]


def test_a_function_without_results_returns_nothing() -> None:
    """No result is told as such."""
    assert said("n++", FactKind.RETURNS) == ["returns nothing"]


def test_a_defer_in_a_loop_is_found() -> None:
    """A deferred call in a loop waits for the function's end."""
    told = said("for range 3 {\n\t\tdefer f.Close()\n\t}", FactKind.FINDING)
    assert told == [
        "a defer in a loop runs when the function returns, not at the end of each round"
    ]
    assert said("defer f.Close()", FactKind.FINDING) == []


def test_setting_a_field_of_a_copy_is_found() -> None:
    """A method without a pointer changes a copy, unless it gives that back."""
    found = ["sets c.n of a copy: the receiver c is no pointer"]
    assert said("c.n = 1", FactKind.FINDING, head="func (c C) f()") == found
    assert said("c.n = 1\n\treturn c", FactKind.FINDING, head="func (c C) f() C") == []
    assert said("c.n = 1\n\tsave(c)", FactKind.FINDING, head="func (c C) f()") == []
    assert said("c.n = 1", FactKind.FINDING, head="func (c *C) f()") == []


def test_functions_of_the_same_file_are_told_with_their_comments() -> None:
    """What is called and stands in the same file is known: signature and first sentence."""
    fact = facts_of("func f() {\n\tTwice(2)\n}\n", "Twice(2)")[0]
    assert fact.kind is FactKind.CALLS
    assert fact.text == "func Twice(n int) (int, error): doubles n"
    assert fact.source == "the code, line 14"


def test_facts_of_several_functions_say_whose_they_are() -> None:
    """In a region with more than one function each fact begins with its function's name."""
    told = [fact.text for fact in facts_of('func f() { panic("no") }\n\nfunc g() { }\n')]
    assert told == ['f: panics with "no"', "f: returns nothing", "g: returns nothing"]


def test_methods_are_told_only_of_the_receiver_itself() -> None:
    """The type of another object is not known, and so neither is its method."""
    code = "// Go walks.\nfunc (c *C) Go() {}\n\nfunc (c *C) f(o D) {\n\tc.Go()\n\to.Go()\n}\n"
    assert [fact.subject for fact in facts_of(code, "c.Go()\n\to.Go()")][:2] == ["c.Go", "f"]


@pytest.mark.parametrize("code", ["func f( {", "", "func", "package", "func f() { if { panic( }"])
def test_broken_code_gives_fewer_facts_and_no_exception(code: str) -> None:
    """Text that is no Go never raises."""
    assert isinstance(go_facts(code, Span(start=0, end=len(code))), tuple)
