"""Grades answers: many programs with their hidden tests in few sandboxed runs.

An answer is a whole file here. The server never sees any of this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ducktypist.bench.complete.judge import adds_syntax_error, builds
from ducktypist.bench.complete.tasks import CompleteTask
from ducktypist.bench.fix.batch import Case, run_cases, runner_for
from ducktypist.features.grounds import Grounds

Answer = tuple[CompleteTask, str]
"""A task, and its file with something in place of what was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What can be said of one answer."""

    passes: bool
    """Whether all hidden tests pass."""
    adds_error: bool
    """Whether it adds a syntax error."""
    builds: bool | None = None
    """Whether the compiler takes it; None in a language without one."""


async def graded(
    answers: Sequence[Answer],
    *,
    referee: Grounds,
    say: Callable[[str], None] = lambda _: None,
    hash_seed: int = 0,
) -> list[Grade]:
    """Grade answers, alike ones once.

    Args:
        answers: What to grade.
        referee: Who runs tests.
        say: Told how many there are.
        hash_seed: Python's, for hashes of texts.

    Raises:
        DucktypistError: A language cannot be run on this machine.
    """
    distinct = list({(task.id, text): (task, text) for task, text in answers}.values())
    found: dict[tuple[str, str], Grade] = {}
    for language in sorted({task.language for task, _ in distinct}):
        mine = [(task, text) for task, text in distinct if task.language == language]
        say(f"grading {len(mine)} different answers in {language}")
        cases = [_case(f"c{number}", *answer) for number, answer in enumerate(mine)]
        reports = await run_cases(cases, runner=runner_for(referee, language), hash_seed=hash_seed)
        built: list[bool] | list[None] = [None] * len(mine)
        if language == "go":
            built = await builds([{**task.files, task.path: text} for task, text in mine])
        for case, (task, text), is_built in zip(cases, mine, built, strict=True):
            found[task.id, text] = Grade(
                passes=reports[case.key].is_green,
                adds_error=adds_syntax_error(task.text, text, language),
                builds=is_built,
            )
    return [found[task.id, text] for task, text in answers]


def _case(key: str, task: CompleteTask, text: str) -> Case:
    return Case(
        key=key,
        language=task.language,
        source=task.path,
        files={**task.files, task.path: text, **task.hidden},
    )
