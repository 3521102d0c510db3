"""Sets of broken functions: ``humanevalpack`` and ``quixbugs``. Nothing is run here.

Which test of one fails is known only when it is run: see ``suite_proof``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ducktypist.bench.fair.suite_rows import Readings, Row, UnfitError, read_rows, task_id
from ducktypist.bench.fix.convert import AS_LISTS, case_text, head_for, imports_by_name, joined
from ducktypist.bench.tasks import TaskError, parsed, text_field
from ducktypist.domain import Json
from ducktypist.syntax.regions import functions

HUMANEVALPACK: Final = "humanevalpack"
QUIXBUGS: Final = "quixbugs"
_LANGUAGES: Final = {"Python": "python", "Go": "go"}
_GO_CLAUSE: Final = "package answer\n"
_GO_HEAD: Final = re.compile(
    r'^package[ \t]+\w+[ \t]*$|^import[ \t]*(?:\([^)]*\)|(?:\w+[ \t]+)?"[^"\n]*")[ \t]*$',
    re.MULTILINE,
)
_GO_STATEMENT: Final = re.compile(r"assert\.\w+\(.*\)")
_GO_OPENING: Final = "assert := assert.New(t)"
_GO_CHECKS: Final = """
package answer

import (
	"math"
	"reflect"
	"testing"
)

type checking struct{ t *testing.T }

var assert checking

// New returns checks that fail a test.
func (checking) New(t *testing.T) checking { return checking{t} }

func (c checking) expect(ok bool, format string, values ...any) bool {
	c.t.Helper()
	if !ok {
		c.t.Errorf(format, values...)
	}
	return ok
}

// Equal expects two values to be the same.
func (c checking) Equal(want, got any, _ ...any) bool {
	c.t.Helper()
	return c.expect(reflect.DeepEqual(want, got), "got %#v, want %#v", got, want)
}

// NotEqual expects two values to differ.
func (c checking) NotEqual(other, got any, _ ...any) bool {
	c.t.Helper()
	return c.expect(!reflect.DeepEqual(other, got), "got %#v", got)
}

// True expects a condition to hold.
func (c checking) True(got bool, _ ...any) bool {
	c.t.Helper()
	return c.expect(got, "got false, want true")
}

// False expects a condition not to hold.
func (c checking) False(got bool, _ ...any) bool {
	c.t.Helper()
	return c.expect(!got, "got true, want false")
}

// Nil expects nothing.
func (c checking) Nil(got any, _ ...any) bool {
	c.t.Helper()
	return c.expect(isNil(got), "got %#v, want nil", got)
}

// NotNil expects something.
func (c checking) NotNil(got any, _ ...any) bool {
	c.t.Helper()
	return c.expect(!isNil(got), "got nil")
}

// InDelta expects two numbers to be close.
func (c checking) InDelta(want, got any, delta float64, _ ...any) bool {
	c.t.Helper()
	a, b := reflect.ValueOf(want), reflect.ValueOf(got)
	number := reflect.TypeOf(delta)
	if !a.CanConvert(number) || !b.CanConvert(number) {
		return c.expect(false, "got %#v, want %#v", got, want)
	}
	gap := math.Abs(a.Convert(number).Float() - b.Convert(number).Float())
	return c.expect(gap <= delta, "got %v, want %v", got, want)
}

func isNil(got any) bool {
	if got == nil {
		return true
	}
	value := reflect.ValueOf(got)
	switch value.Kind() {
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice:
		return value.IsNil()
	}
	return false
}
""".lstrip()
"""What the tests use of ``github.com/stretchr/testify/assert``, which is not at hand where tests
run: its ``ObjectsAreEqual`` compares with ``reflect.DeepEqual``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mendable:
    """A broken program with its test cases, of which nobody knows yet which fail."""

    id: str
    family: str
    language: str
    function: str
    source: str
    """Path of the file."""
    broken: str
    """The file as it is."""
    right: str
    """As it should be; empty where nobody knows."""
    head: str
    """How each file of tests begins."""
    cases: tuple[str, ...]
    """Tests, the name of each with its number in it: :meth:`test_name`."""
    files: Mapping[str, str] = field(default_factory=dict)
    """What is there besides."""

    def test_name(self, number: int) -> str:
        """Return the name of a case, from 1."""
        return f"Test{number}" if self.language == "go" else f"test_{number}"

    def test_path(self, part: str = "") -> str:
        """Return the path of a file of tests, of some part of them."""
        stem = Path(self.source).stem
        return f"{stem}{part}_test.go" if self.language == "go" else f"test_{stem}{part}.py"

    def tests(self, numbers: Sequence[int], *, more: str = "") -> str:
        """Return a file with some of the cases, from 1."""
        chosen = [self.cases[number - 1] for number in numbers]
        return "\n\n".join([part.strip("\n") for part in (self.head, more, *chosen) if part]) + "\n"


def humanevalpack(path: Path) -> Readings[Mendable]:
    """Read one language of HumanEvalPack, for Python and Go.

    ``task_id``, ``declaration``, ``buggy_solution``, ``canonical_solution``, ``test``,
    ``entry_point``; for Go also ``import`` and ``test_setup``. A test that holds nothing but
    asserts is taken apart; another one is one case, of which nothing can be hidden.

    Raises:
        TaskError: A row has another shape.
    """
    return read_rows(path, _of_pack)


def quixbugs(path: Path) -> Readings[Mendable]:
    """Read a checkout of QuixBugs: ``{,correct_}python_programs`` and ``json_testcases``.

    Each line of ``json_testcases/NAME.json`` is a pair, arguments and what is expected.

    Raises:
        TaskError: It is no such folder, or a file of it has another shape.
    """
    programs = path / "python_programs"
    if not programs.is_dir():
        raise TaskError(f"{path} holds no python_programs; expected a checkout of QuixBugs")
    read = Readings[Mendable]()
    for source in sorted(programs.glob("*.py")):
        if source.stem.endswith("_test") or source.stem == "__init__":
            continue
        try:
            read.found.append(_program(path, source))
        except UnfitError as error:
            read.left_out[str(error)] += 1
    return read


# --------------------------------------------------------------------------- humanevalpack


def _of_pack(row: Row, where: str) -> Mendable:
    name = text_field(row, "task_id", where)
    language = _LANGUAGES.get(name.partition("/")[0])
    if language is None:
        raise UnfitError(f"{name.partition('/')[0]} is not mended here")
    entry = text_field(row, "entry_point", where)
    solutions = [text_field(row, key, where) for key in ("buggy_solution", "canonical_solution")]
    family = f"{HUMANEVALPACK}-{language}"
    if language == "go":
        return _go_pack(row, where, task_id(family, name), entry, solutions)
    head = text_field(row, "declaration", where)
    module = re.sub(r"\W+", "_", f"{name}_code").lower()
    broken, right = (joined(head, solution, entry) for solution in solutions)
    return Mendable(
        id=task_id(family, name),
        family=family,
        language=language,
        function=entry,
        source=f"{module}.py",
        broken=broken,
        right=right,
        head=f"from {module} import *\nfrom {module} import {entry}\n",
        cases=tuple(_python_cases(text_field(row, "test", where), entry)),
    )


def _python_cases(test: str, entry: str) -> Iterator[str]:
    """Yield the asserts of a test as tests; all of it as one where it holds something else."""
    tree = ast.parse(test)
    checks = [
        item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == "check"
    ]
    if not checks:
        raise UnfitError("its test does not define `check`")
    check = checks[0]
    told = [item for item in check.body if not _says_nothing(item)]
    if len(tree.body) > len(checks) + 1 or not all(isinstance(item, ast.Assert) for item in told):
        tree.body = [item for item in tree.body if not isinstance(item, ast.Expr)]
        yield f"{ast.unparse(tree)}\n\n\ndef test_1():\n    check({entry})\n"
        return
    called = check.args.args[0].arg
    given = "" if called == entry else f"    {called} = {entry}\n"
    for number, item in enumerate(told, start=1):
        yield f"def test_{number}():\n{given}    {ast.unparse(item)}\n"


def _says_nothing(item: ast.stmt) -> bool:
    is_text = isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)
    is_true = isinstance(item, ast.Assert) and isinstance(item.test, ast.Constant)
    return is_text or is_true or isinstance(item, ast.Pass)


def _go_pack(row: Row, where: str, key: str, entry: str, solutions: Sequence[str]) -> Mendable:
    declared = text_field(row, "declaration", where)
    more = [text_field(row, name, where, needed=False) for name in ("import", "test_setup")]
    heads = [found[0] for part in (declared, *more) for found in _GO_HEAD.finditer(part)]
    names = imports_by_name("\n".join(heads))
    test = _GO_HEAD.sub("", text_field(row, "test", where))
    # The stand-in takes the place of what the test would import.
    names.pop("assert", None)
    broken, right = (
        _go_file(f"{_GO_HEAD.sub('', declared).strip()}\n{solution.strip(chr(10))}\n", names)
        for solution in solutions
    )
    return Mendable(
        id=key,
        family=key.partition("/")[0],
        language="go",
        function=entry,
        source="answer.go",
        broken=broken,
        right=right,
        head=head_for(_GO_CLAUSE, test, names),
        cases=tuple(_go_cases(test)),
        files={
            "go.mod": "module answer\n\ngo 1.21\n",
            **({"checks.go": _GO_CHECKS} if "assert." in test else {}),
        },
    )


def _go_file(code: str, names: Mapping[str, str]) -> str:
    return f"{head_for(_GO_CLAUSE, code, names)}\n{code}"


def _go_cases(test: str) -> Iterator[str]:
    tests = [item for item in functions(test, "go") if item.qualified_name.startswith("Test")]
    if len(tests) != 1:
        raise UnfitError("its test is not one function")
    text = tests[0].span.of(test)
    inside = text[text.index("{") + 1 : text.rindex("}")]
    lines = [line.strip() for line in inside.split("\n") if line.strip()]
    checks = [line for line in lines if line != _GO_OPENING]
    if lines[:1] != [_GO_OPENING] or not all(map(_GO_STATEMENT.fullmatch, checks)):
        whole = tests[0].name_span
        yield test[: whole.start] + "Test1" + test[whole.end :]
        return
    for number, line in enumerate(checks, start=1):
        yield f"func Test{number}(t *testing.T) {{\n\t{_GO_OPENING}\n\t{line}\n}}\n"


# --------------------------------------------------------------------------- quixbugs


def _program(path: Path, source: Path) -> Mendable:
    name = source.stem
    cases = path / "json_testcases" / f"{name}.json"
    if not cases.is_file():
        raise UnfitError("it has no json_testcases")
    right = path / "correct_python_programs" / source.name
    code = _text_of(source)
    if name not in {item.qualified_name for item in functions(code, "python")}:
        raise UnfitError("its file holds no function of its name")
    checks = [
        f"def test_{number}():\n    {case_text(found, name, where)}\n"
        for number, (where, found) in enumerate(_lines(cases), start=1)
    ]
    return Mendable(
        id=task_id(QUIXBUGS, name),
        family=QUIXBUGS,
        language="python",
        function=name,
        source=f"{name}_code.py",
        broken=code,
        right=_text_of(right) if right.is_file() else "",
        head=f"from {name}_code import {name}\n{AS_LISTS}",
        cases=tuple(checks),
    )


def _lines(cases: Path) -> Iterator[tuple[str, Json]]:
    for number, line in enumerate(_text_of(cases).split("\n"), start=1):
        if line.strip():
            where = f"{cases}:{number}"
            # A line is no object: as one it is checked like those of all other files.
            yield where, parsed(f'{{"pair": {line}}}', where)["pair"]


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path} cannot be read: {error}") from error
