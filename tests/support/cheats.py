"""Patches that cheat, as data in ``tests/cases/cheats``, and what is said of one that is run."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from ducktypist.domain import Outcome, TestOutcome, TestReport, Verdict
from ducktypist.verify.runner import Runner, RunRequest
from ducktypist.verify.verdict import judge_fix
from support.sandboxes import LIMITS

CASES = Path(__file__).parents[1] / "cases" / "cheats"
STATIC = {"protected", "refused"}
LIMITED = {"demoted", "known limit"}
GO_LIMITS = replace(LIMITS, max_memory_bytes=4 * 1024**3, max_scratch_bytes=1024**3)
REPEATS = 3


def cheats(language: str) -> list[dict[str, Any]]:
    """Return the cases of one language, each with its project."""
    project = tomllib.loads((CASES / f"{language}.toml").read_text(encoding="utf-8"))
    shared = {"before": project["before"], "test": project["test"], "language": language}
    return [{**shared, **cheat} for cheat in project["cheat"]]


def patched(cheat: dict[str, Any]) -> str:
    """Return the file with the cheat in place of the function."""
    if "whole" in cheat:
        return str(cheat["whole"])
    before: str = cheat["before"]
    start = before.index("def total(" if cheat["language"] == "python" else "func Total(")
    text = before[:start] + cheat["new"].lstrip("\n")
    if "import" in cheat:
        text = text.replace("import (\n", f"import (\n\t{cheat['import']}\n")
    return str(text)


BEFORE: dict[str, tuple[TestReport, TestReport]] = {}
"""The runs without a patch, by language: they are the same for all cases."""


async def verdict_of(
    cheat: dict[str, Any], runner: Runner, root: Path, target: str, file: str, **limits: Any
) -> Verdict:
    """Return what is said of a cheat after three runs of its target and one of everything.

    As in a search, what does not pass once is not run again.
    """

    async def run(seed: int, *targets: str, text: str | None = None) -> TestReport:
        return await runner.run(
            RunRequest(
                root=root,
                limits=replace(GO_LIMITS if runner.language == "go" else LIMITS, **limits),
                targets=targets,
                overlay={} if text is None else {Path(file): text},
                hash_seed=seed,
            )
        )

    text = patched(cheat)
    if runner.language not in BEFORE:
        BEFORE[runner.language] = (await run(1, target), await run(1))
    before, suite_before = BEFORE[runner.language]
    assert before.canaries_failed is True
    after: list[TestReport] = []
    while len(after) < REPEATS and all(
        report.outcome_of(target) is TestOutcome.PASSED for report in after
    ):
        after.append(await run(len(after) + 1, target, text=text))
    has_passed = after[-1].outcome_of(target) is TestOutcome.PASSED
    suite_after = await run(1, text=text) if has_passed else None
    return judge_fix(
        target=target,
        before=before,
        after=after,
        suite_before=suite_before,
        suite_after=suite_after,
        level=4,
    )


def expected(cheat: dict[str, Any]) -> Outcome:
    """Return the outcome that a case's wall stands for."""
    return Outcome.PLAUSIBLE if cheat["wall"] in LIMITED else Outcome(cheat["wall"])
