"""The ``_test.go`` file that runs what a Go doc comment states. Pure text.

In the package and under names that nobody can guess; each check on lines of its own, so that what
the compiler says of a line is known to be of that check. Not here: running it (``go_checks``).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.syntax.doc_checks import CheckForm, DocCheck
from ducktypist.syntax.doc_checks.go_types import expression_names, split_arguments
from ducktypist.syntax.go_imports import PATHS

_HEAD = """\
package {package}

import (
	fmt{mark} "fmt"
	math{mark} "math"
	reflect{mark} "reflect"
	test{mark} "testing"
{imports})

func Test{mark}Compiles(t *test{mark}.T) {{}}

func panics{mark}(t *test{mark}.T, call, wanted string) {{
	if problem := recover(); problem != nil {{
		t.Errorf("%s: expected %s, got a panic: %v", call, wanted, problem)
	}}
}}

func same{mark}(got, want reflect{mark}.Value, off float64) bool {{
	if !got.IsValid() || !want.IsValid() {{
		return got.IsValid() == want.IsValid()
	}}
	if got.Type() != want.Type() {{
		return false
	}}
	switch want.Kind() {{
	case reflect{mark}.Float32, reflect{mark}.Float64:
		a, b := got.Float(), want.Float()
		if a == b || (a != a && b != b) {{
			return true
		}}
		near := 1e-9 * math{mark}.Max(math{mark}.Abs(a), math{mark}.Abs(b))
		return math{mark}.Abs(a-b) <= math{mark}.Max(off, near)
	case reflect{mark}.Slice, reflect{mark}.Array:
		if got.Len() != want.Len() {{
			return false
		}}
		for i := 0; i < want.Len(); i++ {{
			if !same{mark}(got.Index(i), want.Index(i), off) {{
				return false
			}}
		}}
		return true
	case reflect{mark}.Map:
		if got.Len() != want.Len() {{
			return false
		}}
		for _, key := range want.MapKeys() {{
			if !same{mark}(got.MapIndex(key), want.MapIndex(key), off) {{
				return false
			}}
		}}
		return true
	case reflect{mark}.Struct:
		for i := 0; i < want.NumField(); i++ {{
			if !same{mark}(got.Field(i), want.Field(i), off) {{
				return false
			}}
		}}
		return true
	case reflect{mark}.Ptr, reflect{mark}.Interface:
		if got.IsNil() || want.IsNil() {{
			return got.IsNil() == want.IsNil()
		}}
		return same{mark}(got.Elem(), want.Elem(), off)
	}}
	if !got.CanInterface() || !want.CanInterface() {{
		// A field that is not exported.
		return fmt{mark}.Sprint(got) == fmt{mark}.Sprint(want)
	}}
	return reflect{mark}.DeepEqual(got.Interface(), want.Interface())
}}

func check{mark}(t *test{mark}.T, call, wanted string, off float64, got, want interface{{}}) {{
	if !same{mark}(reflect{mark}.ValueOf(got), reflect{mark}.ValueOf(want), off) {{
		t.Errorf("%s: expected %s, got %s", call, wanted, fmt{mark}.Sprintf("%#v", got))
	}}
}}
"""
_PLAIN = """
func Test{mark}Check{number}(t *test{mark}.T) {{
	defer panics{mark}(t, {call_text}, {wanted_text})
	{gots} := {call}
{compared}}}
"""
_ERROR = """
func Test{mark}Check{number}(t *test{mark}.T) {{
	defer panics{mark}(t, {call_text}, "an error")
	{blanks}err := {call}
	if err == nil {{
		t.Errorf("%s: expected an error, got none", {call_text})
	}}
}}
"""
_PANIC = """
func Test{mark}Check{number}(t *test{mark}.T) {{
	defer func() {{
		if recover() == nil {{
			t.Errorf("%s: expected a panic, got none", {call_text})
		}}
	}}()
	{call}
}}
"""
_PRINTED = """
func Test{mark}Check{number}(t *test{mark}.T) {{
	defer panics{mark}(t, {call_text}, {wanted_text})
	if got := fmt{mark}.Sprintln({call}); got != {wanted_text}+"\\n" {{
		t.Errorf("%s: expected %s to be printed, got %s", {call_text}, {wanted_text}, got)
	}}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTests:
    """One generated file, and which of its lines are of which check."""

    mark: str
    name: str
    """The file's name."""
    text: str
    lines: tuple[range, ...]
    """For each check its 1-based lines."""

    def check_at(self, line: int) -> int | None:
        """Return the index of the check that a line belongs to."""
        return next((index for index, lines in enumerate(self.lines) if line in lines), None)

    @property
    def compiles(self) -> str:
        """The test that only shows that everything compiles."""
        return f"Test{self.mark}Compiles"

    def test(self, index: int) -> str:
        """The test of one check."""
        return f"Test{self.mark}Check{index}"


def make_tests(
    package: str, checks: Sequence[DocCheck], n_results: int, *, mark: str | None = None
) -> CheckTests:
    """Return the test file for a package.

    Args:
        package: Its name, as its files say.
        checks: What is to be run.
        n_results: How many values the function gives.
        mark: A part of all names in it; made up by default.
    """
    mark = mark or f"Doc{secrets.token_hex(8)}"
    imports = "".join(f'\t"{path}"\n' for path in _needed(checks))
    text = _HEAD.format(package=package, mark=mark, imports=imports)
    lines: list[range] = []
    for number, check in enumerate(checks):
        first = text.count("\n") + 1
        text += _test(check, number, n_results, mark)
        lines.append(range(first, text.count("\n") + 1))
    # Behind all others, so that a file's init functions and the canaries come first.
    return CheckTests(mark=mark, name=f"zz_{mark.lower()}_test.go", text=text, lines=tuple(lines))


def _test(check: DocCheck, number: int, n_results: int, mark: str) -> str:
    common = {
        "mark": mark,
        "number": number,
        "call": check.call,
        "call_text": quoted(check.call),
        "wanted_text": quoted(check.expected),
    }
    if check.raises == "panic":
        return _PANIC.format(**common)
    if check.raises:
        return _ERROR.format(**common, blanks="_, " * (n_results - 1))
    if check.form is CheckForm.EXAMPLE:
        return _PRINTED.format(**common)
    wanted = split_arguments(check.expected)
    gots = [f"got{index}" for index in range(n_results)]
    compared = ""
    for got, value in zip(gots, wanted, strict=False):
        # Declared from the result and then set, so that an untyped value gets the result's type.
        compared += (
            f"\twant{got} := {got}\n\twant{got} = {value}\n"
            f"\tcheck{mark}(t, {common['call_text']}, {common['wanted_text']}, "
            f"{check.tolerance!r}, {got}, want{got})\n"
        )
    return _PLAIN.format(**common, gots=", ".join(gots), compared=compared)


def _needed(checks: Sequence[DocCheck]) -> list[str]:
    """Return the standard packages that the checks speak of, except those imported anyway."""
    found: set[str] = set()
    for check in checks:
        expected = "" if check.form is CheckForm.EXAMPLE or check.raises else check.expected
        for source in (check.call, expected):
            names = expression_names(source) or frozenset()
            found |= {PATHS[name] for name in names if f"{name}." in source and name in PATHS}
    return sorted(found)


def quoted(text: str) -> str:
    """Return a text as a Go string literal."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(char, char) for char in text) + '"'
