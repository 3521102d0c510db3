"""Check one candidate body: everything that can be run, in the order of the ladder.

Reports in, a verdict out. A candidate that fails is not run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ducktypist.domain import (
    Document,
    Outcome,
    Rung,
    TestOutcome,
    TestReport,
    TextEdit,
    Verdict,
)
from ducktypist.errors import SandboxError
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.syntax.checks import doctest_examples
from ducktypist.syntax.regions import FunctionRegion
from ducktypist.verify.examples import ExampleReport
from ducktypist.verify.guard import refusals
from ducktypist.verify.verdict import judge_body


async def check_body(
    edit: TextEdit,
    document: Document,
    function: FunctionRegion,
    *,
    static: Verdict,
    grounds: Grounds | NotRunnable,
    tests: Sequence[str],
    repeats: int,
) -> Verdict:
    """Return how far a body gets.

    Args:
        edit: What puts the body into the document.
        document: The document without it.
        function: The function, in the document without it.
        static: What is known without running it.
        grounds: What may be run.
        tests: Node ids of the tests that name the function.
        repeats: How often a body that passes is run, each time with another hash seed.
    """
    if static.outcome is Outcome.BROKEN:
        return static
    if isinstance(grounds, NotRunnable):
        return not_run(static.rung, grounds.reason)
    relative = None
    if document.path is not None:
        relative = await asyncio.to_thread(grounds.relative, document.path)
    has_examples = bool(
        function.docstring and doctest_examples(function.docstring.of(document.text))
    )
    if document.language != "python" or relative is None or not (has_examples or tests):
        return not_run(static.rung, "there are no examples or tests to run")
    patched = edit.apply(document.text)
    if reasons := await asyncio.to_thread(refusals, document.text, patched):
        return failed(static.rung, Outcome.TAMPERED, f"refused: {', '.join(reasons)}")
    try:
        examples, reports = await _run(
            relative,
            patched,
            function.qualified_name if has_examples else None,
            tests,
            grounds=grounds,
            repeats=repeats,
        )
    except SandboxError as error:
        return failed(static.rung, Outcome.SANDBOX_ERROR, f"the sandbox failed: {error}")
    return judge_body(
        static=static.rung,
        examples=examples,
        tests=reports,
        level=grounds.level,
        expected=tests if reports else (),
    )


def not_run(rung: Rung, reason: str) -> Verdict:
    """Return the verdict on something that was read and not run."""
    words = str(rung).replace("_", " ")
    return failed(rung, Outcome.NOT_RUN, f"{words}; {reason}")


def failed(rung: Rung, outcome: Outcome, summary: str) -> Verdict:
    """Return the verdict on something that did not get as far as a repeatable run."""
    return Verdict(rung=rung, outcome=outcome, repeats=0, passed=0, failed=0, summary=summary)


async def _run(
    path: Path,
    patched: str,
    function: str | None,
    tests: Sequence[str],
    *,
    grounds: Grounds,
    repeats: int,
) -> tuple[list[ExampleReport], list[TestReport]]:
    examples: list[ExampleReport] = []
    reports: list[TestReport] = []
    for seed in range(repeats):
        if function is not None:
            examples.append(await grounds.examples(path, patched, function, hash_seed=seed))
            if examples[-1].failed or examples[-1].broken or examples[-1].killed:
                break
        if tests:
            reports.append(await grounds.tests(tests, changed={path: patched}, hash_seed=seed))
            if not set(tests) <= set(reports[-1].ids(TestOutcome.PASSED)):
                break
    return examples, reports
