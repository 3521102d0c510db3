from __future__ import annotations

from ducktypist.domain import Span
from ducktypist.syntax.statements import statements

PYTHON = """\
def f(a,
      b):
    total = max(
        a,
        b,
    )
    if (a and
            b):
        total += 1
    elif a: total = 2
    else:
        total = [
            x
            for x in range(3)
        ]
    return total
"""
GO = """\
func f(a int) (int, error) {
	total := g(
		a,
		2,
	)
	if total > 3 &&
		a > 1 {
		return 0, nil
	} else {
		total++
	}
	run(func() {
		total--
	})
	switch a {
	case 1,
		2:
		total = 1
	default:
	}
	return total, nil
}
"""


def of(text: str, language: str) -> dict[int, int]:
    """Return the first lines of a whole text."""
    return dict(statements(text, language, Span(start=0, end=len(text))).first_lines)


def test_python_statements() -> None:
    """A statement's lines belong together; a compound one is its header."""
    assert of(PYTHON, "python") == {
        1: 1, 2: 1,
        3: 3, 4: 3, 5: 3, 6: 3,
        7: 7, 8: 7, 9: 9, 10: 10, 11: 11,
        12: 12, 13: 12, 14: 12, 15: 12,
        16: 16,
    }  # fmt: skip


def test_go_statements() -> None:
    """The same in Go; what stands behind a block is a bracket."""
    found = of(GO, "go")
    assert {line: found[line] for line in (2, 3, 4, 5)} == dict.fromkeys((2, 3, 4, 5), 2)
    assert (found[6], found[7], found[8], found[10]) == (6, 6, 8, 10)
    assert (found[12], found[13]) == (12, 13)
    assert (found[15], found[16], found[17], found[18]) == (15, 16, 16, 18)
    assert found[21] == 21


def test_only_the_span_counts() -> None:
    """Statements outside of the span are left out, and so is a language without a grammar."""
    text = "a = 1\nb = 2\nc = 3\n"
    assert dict(statements(text, "python", Span(start=6, end=11)).first_lines) == {2: 2}
    assert statements(text, "cobol", Span(start=0, end=5)).first_lines == {}


def test_broken_code_gives_fewer_lines() -> None:
    """Nothing is raised."""
    assert 2 in of("def f(:\n    return 1\n", "python")


def test_what_decides_whether_a_statement_runs() -> None:
    """The condition around it; that of the whole for an ``else``; nothing at the top."""
    found = statements(PYTHON, "python", Span(start=0, end=len(PYTHON))).deciders
    assert dict(found) == {9: 7, 10: 7, 11: 7, 12: 7}
    found = statements(GO, "go", Span(start=0, end=len(GO))).deciders
    assert {line: found.get(line) for line in (2, 6, 8, 10, 18, 21)} == {
        2: None, 6: None, 8: 6, 10: 6, 18: 16, 21: None,
    }  # fmt: skip


def test_a_loop_decides_and_try_does_not() -> None:
    """What a ``try`` or ``with`` holds is decided by what is around it."""
    text = "while a:\n    try:\n        b()\n    except E:\n        c()\n    with d:\n        e()\n"
    found = statements(text, "python", Span(start=0, end=len(text))).deciders
    assert dict(found) == {2: 1, 3: 1, 4: 1, 5: 4, 6: 1, 7: 1}
