from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from ducktypist.domain import (
    Document,
    Frame,
    Outcome,
    Rung,
    TestOutcome,
    TestReport,
    TestResult,
    TextEdit,
    Verdict,
)
from ducktypist.features.check_body import check_body, check_rest, not_run, screen_bodies
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.syntax.edits import body_edit
from ducktypist.syntax.regions import FunctionRegion, function_named
from ducktypist.verify.runner import Runner, RunRequest, Trials
from ducktypist.verify.sandbox import SandboxStatus
from support.workbench import grounds_in

HEAD = '''def twice(n: int) -> int:
    """Twice; twice(2) == 4. Raises ValueError if n is negative.

    >>> twice(5)
    10
    """
'''
STUB = HEAD + "    raise NotImplementedError\n"
RIGHT = "    if n < 0:\n        raise ValueError\n    return n * 2"
TESTS = """from double import twice

def test_twice():
    assert twice(3) == 6

def test_other():
    assert True
"""
RESOLVES = not_run(Rung.RESOLVES, "nothing was run")


@dataclass
class Case:
    """A document in a workspace with what may be run for it."""

    document: Document
    function: FunctionRegion
    grounds: Grounds
    tests: tuple[str, ...] = ()

    def edit(self, body: str) -> TextEdit:
        """Return the edit that puts a body in."""
        return body_edit(self.document.text, self.function, body)

    async def check(self, body: str, **changes: Any) -> Verdict:
        """Check one body."""
        return await check_body(
            self.edit(body),
            self.document,
            self.function,
            static=changes.pop("static", RESOLVES),
            grounds=changes.pop("grounds", self.grounds),
            tests=changes.pop("tests", self.tests),
            repeats=2,
        )


def case_of(grounds: Grounds, text: str, *, language: str, path: Path, name: str) -> Case:
    """Return a case for one function."""
    function = function_named(text, language, name)
    assert function is not None
    document = Document(uri=path.as_uri(), path=path, language=language, version=1, text=text)
    return Case(document=document, function=function, grounds=grounds)


@pytest.fixture
def python(workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus) -> Case:
    """A Python function with two sentences, an example, and a test file."""
    path = workspace / "double.py"
    path.write_text(STUB)
    (workspace / "test_double.py").write_text(TESTS)
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    return case_of(grounds, STUB, language="python", path=path, name="twice")


@pytest.mark.sandbox
async def test_python_body(python: Case) -> None:
    """A right body passes all that the docstring states; a wrong one says what it does not."""
    verdict = await python.check(RIGHT)
    assert (verdict.rung, verdict.outcome) == (Rung.EXAMPLES_PASS, Outcome.PLAUSIBLE)
    assert (verdict.passed, verdict.failed, verdict.repeats) == (3, 0, 2)
    assert "3 examples pass" in verdict.summary
    verdict = await python.check("    return n * 2")
    assert verdict.outcome is Outcome.STILL_FAILING
    assert (verdict.passed, verdict.failed) == (2, 1)
    assert "2 of 3 examples pass; twice(-1): expected to raise ValueError" in verdict.summary
    verdict = await python.check("    import nothing_there\n    return nothing_there.x")
    assert verdict.outcome is Outcome.STILL_FAILING


@pytest.mark.sandbox
async def test_python_tests_and_the_rest(python: Case) -> None:
    """Tests that name the function are found and run, and then all others."""
    tests = await python.grounds.tests_naming("twice")
    assert tests == ("test_double.py::test_twice",)
    verdict = await python.check(RIGHT, tests=tests)
    assert verdict.rung is Rung.TESTS_PASS
    whole = await check_rest(verdict, python.edit(RIGHT), python.document, grounds=python.grounds)
    assert whole.rung is Rung.NO_REGRESSIONS
    assert whole.summary.endswith("1 other test still passes")
    refused = not_run(Rung.RESOLVES, "x")
    same = await check_rest(refused, python.edit(RIGHT), python.document, grounds=python.grounds)
    assert same is refused


@pytest.mark.sandbox
async def test_python_screening(python: Case) -> None:
    """Many bodies are screened at once; a body that is refused passes nothing."""
    bodies = [RIGHT, "    return n * 2", "    return (", "    import os; os._exit(0)"]
    edits = [python.edit(body) for body in bodies]
    how = {"grounds": python.grounds, "tests": ()}
    counts = await screen_bodies(edits, python.document, python.function, **how)  # type: ignore[arg-type] # two of them
    assert counts == ((3, 3), (2, 3), (0, 3), (0, 3))
    tests = ("test_double.py::test_twice",)
    counts = await screen_bodies(
        edits, python.document, python.function, grounds=python.grounds, tests=tests
    )
    assert counts == ((4, 4), (2, 4), (0, 4), (0, 4))


async def test_nothing_is_run(python: Case) -> None:
    """Without trust, without anything to run and in other languages nothing is run."""
    untrusted = NotRunnable(reason="the folder is not trusted")
    verdict = await python.check(RIGHT, grounds=untrusted)
    assert verdict.outcome is Outcome.NOT_RUN
    assert "not trusted" in verdict.summary
    counts = await screen_bodies(
        [python.edit(RIGHT)], python.document, python.function, grounds=untrusted, tests=()
    )
    assert counts == ((0, 0),)
    broken = Verdict(
        rung=Rung.UNVERIFIED, outcome=Outcome.BROKEN, repeats=0, passed=0, failed=0, summary="x"
    )
    assert await python.check(RIGHT, static=broken) is broken
    text = "def f():\n    pass\n"
    plain = case_of(
        python.grounds, text, language="python", path=python.grounds.root / "a.py", name="f"
    )
    verdict = await plain.check("    return 1")
    assert "there are no examples or tests to run" in verdict.summary
    shell = case_of(
        python.grounds, "f() {\n:\n}\n", language="bash", path=python.grounds.root / "a", name="f"
    )
    assert (await shell.check("true")).outcome is Outcome.NOT_RUN


@dataclass
class FakeGo:
    """A runner for Go that answers what it is told to, and remembers what it was asked."""

    answer: TestReport
    name: str = "go test"
    language: str = "go"
    asked: list[RunRequest] = field(default_factory=list)

    def owns(self, relative: Path) -> bool:
        """Own Go's tests."""
        return relative.name.endswith("_test.go")

    async def run(self, request: RunRequest) -> TestReport:
        """Report every test of the generated file with the answer's outcome."""
        self.asked.append(request)
        if self.answer.collection_errors:
            return self.answer
        return _passing(request.targets, request.overlay, self.answer)

    @contextlib.asynccontextmanager
    async def trials(self, request: RunRequest) -> AsyncIterator[Trials]:
        """Run each trial as a run."""
        runner = self

        class One:
            async def run(self, changed: Mapping[Path, str]) -> TestReport:
                """Run."""
                runner.asked.append(request)
                overlay = {**request.overlay, **changed}
                return _passing(request.targets, overlay, runner.answer)

        yield One()


def _passing(targets: Sequence[str], overlay: Mapping[Path, str], answer: TestReport) -> TestReport:
    names: list[str] = []
    for target in targets:
        path, has_test, test = target.partition("::")
        text = overlay.get(Path(path), "")
        functions = [line.split("(")[0][5:] for line in text.split("\n") if "func Test" in line]
        names += [f"{path}::{name}" for name in ([test] if has_test else functions)]
    results = tuple(
        TestResult(node_id=name, outcome=TestOutcome.PASSED, duration_ms=1.0) for name in names
    )
    return TestReport(
        results=results,
        collected=tuple(names),
        exit_status=0,
        killed=answer.killed,
        duration_ms=1.0,
        output_tail="",
        canaries_failed=True,
    )


def _answer(*errors: TestResult) -> TestReport:
    return TestReport(
        results=(),
        collected=(),
        exit_status=0,
        killed=None,
        duration_ms=1.0,
        output_tail="",
        canaries_failed=True,
        collection_errors=errors,
    )


GO = "package calc\n\n// Add adds. Add(1, 2) == 3\nfunc Add(a, b int) int {\n\tpanic(1)\n}\n"


def go_case(workspace: Path, scratch_root: Path, status: SandboxStatus, text: str) -> Case:
    """Return a case for ``Add`` with a runner that only pretends."""
    path = workspace / "calc.go"
    path.write_text(text)
    (workspace / "calc_test.go").write_text(
        'package calc\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) { Add(1, 2) }\n\n'
        "func TestSub(t *testing.T) { Sub(1, 2) }\n\n"
        "func ExampleAdd() {\n\tAdd(1, 2)\n\t// Output: 3\n}\n\n"
        "func ExampleAdd_silent() {\n\tAdd(1, 2)\n}\n"
    )
    (workspace / "far").mkdir()
    (workspace / "far" / "far_test.go").write_text(
        'package far\n\nimport "testing"\n\nfunc TestFar(t *testing.T) { calc.Add(1, 2) }\n\n'
        "func TestOwn(t *testing.T) { Add(1) }\n"
    )
    grounds = grounds_in(workspace, status, scratch_root)
    runners = (*grounds.runners, cast("Runner", FakeGo(_answer())))
    grounds = Grounds(
        root=grounds.root,
        sandbox=grounds.sandbox,
        interpreter=grounds.interpreter,
        runners=runners,
        limits=grounds.limits,
        suite_limits=grounds.suite_limits,
        buffers={},
    )
    return case_of(grounds, text, language="go", path=path, name="Add")


async def test_go_tests_naming(
    workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Go's tests are those beside the file, examples with output too; others name the package."""
    case = go_case(workspace, scratch_root, sandbox_level, GO)
    found = await case.grounds.tests_naming("Add", "go", near=Path("calc.go"))
    assert found == (
        "calc_test.go::TestAdd",
        "calc_test.go::ExampleAdd",
        "far/far_test.go::TestFar",
    )
    assert await case.grounds.tests_naming("Add", "rust") == ()


async def test_go_body(workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus) -> None:
    """Checks of the comment and tests are run; without any, what compiles is said to compile."""
    case = go_case(workspace, scratch_root, sandbox_level, GO)
    verdict = await case.check("\treturn a + b")
    assert (verdict.rung, verdict.passed) == (Rung.EXAMPLES_PASS, 1)
    verdict = await case.check("\treturn a + b", tests=("calc_test.go::TestAdd",))
    assert verdict.rung is Rung.TESTS_PASS
    counts = await screen_bodies(
        [case.edit("\treturn a + b")],
        case.document,
        case.function,
        grounds=case.grounds,
        tests=("calc_test.go::TestAdd",),
    )
    assert counts == ((2, 2),)
    plain = case_of(
        case.grounds,
        GO.replace("// Add adds. Add(1, 2) == 3", "// Add adds."),
        language="go",
        path=workspace / "calc.go",
        name="Add",
    )
    static = not_run(Rung.PARSES, "nothing was run")
    verdict = await plain.check("\treturn a + b", static=static)
    assert (verdict.rung, verdict.outcome) == (Rung.RESOLVES, Outcome.NOT_RUN)
    assert "it compiles" in verdict.summary


async def test_go_body_that_does_not_compile(
    workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """The compiler's words about the function are in the verdict; without a Go nothing is run."""
    case = go_case(workspace, scratch_root, sandbox_level, GO)
    error = TestResult(
        node_id="zz_test.go",
        outcome=TestOutcome.ERROR,
        duration_ms=0.0,
        message="# calc\n./calc.go:5:2: undefined: x",
        frames=(Frame(path=workspace / "calc.go", line=5, function=""),),
    )
    runner = cast("FakeGo", case.grounds.runners[-1])
    runner.answer = _answer(error)
    verdict = await case.check("\treturn x")
    assert verdict.outcome is Outcome.BROKEN
    assert "it does not compile (./calc.go:5:2: undefined: x)" in verdict.summary
    object.__setattr__(case.grounds, "runners", case.grounds.runners[:-1])
    verdict = await case.check("\treturn x")
    assert verdict.outcome is Outcome.NOT_RUN
