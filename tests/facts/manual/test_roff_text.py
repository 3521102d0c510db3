"""Escapes of roff, and arguments of macro lines."""

from __future__ import annotations

import pytest

from ducktypist.facts.manual.roff_text import arguments, marked, plain

_PLAIN = [
    (r"\-\-null", "--null"),
    (r"\fB\-x\fR \f[I]file\f[R] \f(CWcode\fP", "-x file code"),
    (r"a\&b\|c\^d\/e\,f", "abcdef"),
    (r"\(bu item \[em] it\(aqs", "• item — it's"),
    (r"\(lqquoted\(rq ``too'' and `this'", '"quoted" "too" and \'this\''),
    (r"back\eslash and C:\\dir", "back\\slash and C:\\dir"),
    (r"\s-1SMALL\s0 \s+2big\s10 x", "SMALL big x"),
    (r"\h'1i'a\v'-.4m'b\w'x'c", "abc"),
    (r"\*(xy\*[long]\n(.g\nx end", "end"),
    (r"gar\[,c]on caf\('e na\[u00EF]ve \N'65'", "garçon café naïve A"),
    (r"keep\ these\~apart\0now", "keep these apart now"),
    (r"it\c", "it"),
    (r"\[u110000]\[uD800]\[uzz]\[nosuch]x", "x"),
    ("it\u2019s \u201cso\u201d \u2010 ok", 'it\'s "so" - ok'),
    ("tab\tand\x07bell", "tab and bell".replace(" bell", "bell")),
    ("ends in \\", "ends in"),
    (r"run `make clean` first", "run 'make clean' first"),
    ("**WARNING**: 2**3", "WARNING: 2**3"),
]


@pytest.mark.parametrize(("raw", "expected"), _PLAIN)
def test_escapes_become_what_one_types(raw: str, expected: str) -> None:
    """Fonts, sizes and motions vanish; characters become those of a command line."""
    assert plain(raw) == expected


def test_italics_are_marked() -> None:
    """What is set in italics keeps its bounds for who reads tags."""
    assert marked(r"\-L\fInum\fR") == "-L\x0enum\x0f"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a b", ["a", "b"]),
        ('"a b" c', ["a b", "c"]),
        (r"a\ b c", [r"a\ b", "c"]),
        ('"say ""hi""" x', ['say "hi"', "x"]),
        ('"not closed', ["not closed"]),
        ("", []),
        ("trailing\\", ["trailing\\"]),
    ],
)
def test_arguments_are_split_as_roff_does(raw: str, expected: list[str]) -> None:
    """Quotes hold words together, and two of them inside are one."""
    assert arguments(raw) == expected
