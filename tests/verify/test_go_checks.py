from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed
from ducktypist.errors import RunnerError
from ducktypist.syntax.doc_checks import CheckForm, DocCheck
from ducktypist.syntax.parse import parse
from ducktypist.verify.examples import ExampleReport
from ducktypist.verify.go_check_tests import make_tests
from ducktypist.verify.go_checks import run_go_examples, screen_go_examples
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_toolchain import find_go
from support.runners import GO_LIMITS

HEAD = """package calc

import (
	"errors"
)

// ErrBad is bad.
var ErrBad = errors.New("bad")

// Div divides. Div(4, 2) == 2; Div(9, 3) -> 3, nil; Div("a", 3) == 3.
// Div(1, 0) returns an error.
//
//	fmt.Println(Div(8, 2)) // 4 <nil>
//
// It returns ErrBad if a is negative.
func Div(a, b int) (int, error) {
"""
RIGHT = "	if b == 0 || a < 0 {\n		return 0, ErrBad\n	}\n	return a / b, nil\n}\n"


def check(call: str, expected: str = "", raises: str = "", **more: Any) -> DocCheck:
    """Return one check."""
    form = more.get("form", CheckForm.COMPARISON)
    return DocCheck(form=form, call=call, expected=expected, raises=raises, said=call)


def test_generated_file() -> None:
    """The file parses, knows the lines of each check, and imports what checks speak of."""
    checks = [
        check('F(strings.Repeat("a", 2))', "2, nil"),
        check('F("")', raises="error"),
        check('F("x")', raises="panic"),
        check('F("y")', "1 <nil>", form=CheckForm.EXAMPLE),
    ]
    made = make_tests("calc", checks, 2)
    tree = parse(made.text, "go")
    assert tree is not None
    assert not tree.root.has_error
    assert '\t"strings"\n' in made.text
    lines = made.text.split("\n")
    for number, one in enumerate(checks):
        first = next(n for n, line in enumerate(lines, start=1) if made.test(number) + "(" in line)
        assert made.check_at(first) == number
        assert one.call in "\n".join(lines[first - 1 : first + 6])
    assert made.check_at(1) is None
    assert make_tests("calc", checks, 2).mark != made.mark


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A workspace with a Go module, on the disk as its user has it: what is there gets cached."""
    root = tmp_path / "gopher"
    (root / "calc").mkdir(parents=True)
    (root / "calc" / "go.mod").write_text("module calc\n\ngo 1.20\n")
    (root / "calc" / "calc.go").write_text(HEAD + "\tpanic(1)\n}\n")
    return root


@pytest.fixture
def runner(best: Any, module: Path, go_cache: Path) -> GoRunner:
    """A runner in the best sandbox."""
    try:
        toolchain = find_go(configured="", workspace=module)
    except RunnerError as error:
        pytest.skip(str(error))
    return GoRunner(sandbox=best.sandbox, toolchain=toolchain, cache_dir=go_cache)


async def run(runner: GoRunner, root: Path, text: str, **changes: Any) -> ExampleReport:
    """Run the checks of ``Div`` in a file."""
    return await run_go_examples(
        runner=runner,
        root=root,
        path=Path("calc/calc.go"),
        text=text,
        function=changes.pop("function", "Div"),
        overlay=changes.pop("overlay", {}),
        limits=replace(GO_LIMITS, **changes),
        level=4,
    )


async def screen(runner: GoRunner, root: Path, texts: Sequence[str]) -> list[ExampleReport]:
    """Screen versions of a file."""
    reports = await screen_go_examples(
        runner=runner,
        root=root,
        path=Path("calc/calc.go"),
        texts=texts,
        function="Div",
        limits=GO_LIMITS,
        level=4,
    )
    return list(reports)


@pytest.mark.sandbox
@pytest.mark.timeout(600)
async def test_go_checks_are_run(module: Path, runner: GoRunner) -> None:
    """A right body passes all checks that compile; a wrong one fails, and says at what."""
    broken_tests = {Path("calc/calc_test.go"): "package calc_test\n\nfunc x() { nothing() }\n"}
    report = await run(runner, module, HEAD + RIGHT, overlay=broken_tests)
    assert (report.attempted, report.passed, report.failed) == (5, 5, 0), report
    assert not report.tampered
    report = await run(runner, module, HEAD + "	return 7, nil\n}\n")
    assert (report.passed, report.failed) == (0, 5)
    assert report.first_failure.startswith("Div(8, 2): expected 4 <nil>")
    assert "Div(4, 2): expected 2, nil, got 7" in report.first_failure
    report = await run(runner, module, HEAD + "	return a / b, nil\n}\n")
    assert "Div(1, 0): expected an error, got a panic" in report.first_failure


@pytest.mark.sandbox
@pytest.mark.timeout(600)
async def test_what_does_not_compile(module: Path, runner: GoRunner) -> None:
    """A body that does not compile is broken, with or without checks; other faults are not its."""
    report = await run(runner, module, HEAD + "	x := 3\n	return a, nil\n}\n")
    assert report.broken
    assert "declared and not used: x" in report.first_failure
    plain = "package calc\n\nfunc Div(a, b int) int {\n"
    report = await run(runner, module, plain + "	return a\n}\n")
    assert (report.attempted, report.broken, report.first_failure) == (0, False, "")
    report = await run(runner, module, plain + '	return "a"\n}\n')
    assert report.broken
    elsewhere = plain + "	return a\n}\n\nfunc Other() int {\n	return nothing\n}\n"
    report = await run(runner, module, elsewhere)
    assert (report.attempted, report.broken) == (0, False)
    assert "does not compile elsewhere" in report.first_failure


@pytest.mark.sandbox
@pytest.mark.timeout(600)
async def test_many_versions(module: Path, runner: GoRunner) -> None:
    """Screening gives one report for each version, in order."""
    texts = [HEAD + RIGHT, HEAD + "	return 2, nil\n}\n", HEAD + "	return\n}\n", HEAD + RIGHT]
    reports = await screen(runner, module, texts)
    assert [report.passed for report in reports] == [5, 1, 0, 5]
    assert [report.broken for report in reports] == [False, False, True, False]


VALUES = """package calc

// Point is a place.
type Point struct{ X, y int }

// Values gives. Values(1) == []int{}; Values(2) -> [1, 2]; Values(3) => [1 2]
func Values(n int) []int {
	if n == 1 {
		return nil
	}
	return []int{1, 2}
}

// Of makes. Of(1) == Point{X: 1, y: 2}
func Of(n int) Point { return Point{n, 2} }

// Pi is close: Pi(1) -> 3.14; Pi(2) -> 6.283
func Pi(n float64) float64 { return 3.141592653 * n }

// Count counts. Count("a") == map[string]int{"a": 1}
func Count(s string) map[string]int { return map[string]int{s: 1} }

// Check fails. Check(-1) returns an error. Check(1) == nil
func Check(n int) error {
	if n < 0 {
		panic(n)
	}
	return nil
}
"""


@pytest.mark.sandbox
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("function", "counts"),
    [("Values", (3, 0)), ("Of", (1, 0)), ("Pi", (2, 0)), ("Count", (1, 0)), ("Check", (1, 1))],
)
async def test_values(
    module: Path, runner: GoRunner, function: str, counts: tuple[int, int]
) -> None:
    """Slices, maps, structs and floats are compared by what they hold."""
    report = await run(runner, module, VALUES, function=function)
    assert (report.passed, report.failed) == counts, report


@pytest.mark.sandbox
@pytest.mark.timeout(600)
async def test_endless_body(module: Path, runner: GoRunner) -> None:
    """A body that does not end is killed."""
    report = await run(runner, module, HEAD + "	for {\n	}\n}\n", timeout_s=20.0)
    assert report.killed is Killed.WALL_CLOCK
