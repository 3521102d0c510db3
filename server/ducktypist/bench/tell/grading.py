"""Grades answers by tests that nobody saw, three times, and says so as the ledger's events.

Three repeats with different hash seeds, because that is what the ledger calls right.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ducktypist.bench.complete.grade import graded
from ducktypist.bench.complete.tasks import CompleteTask
from ducktypist.bench.fix.attempt import red_tests
from ducktypist.bench.fix.tasks import Task
from ducktypist.bench.tasks import digest
from ducktypist.bench.tell.suggestions import Suggested
from ducktypist.bench.tell.tasks import Posed
from ducktypist.domain import Outcome
from ducktypist.features.grounds import Grounds
from ducktypist.ledger.events import Moment, Tier, Verified, Verifier

N_REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One answer and how often it passed."""

    suggestion_id: str
    n_passes: int

    @property
    def outcome(self) -> Outcome:
        """What that amounts to; what passes once and fails once is neither."""
        if self.n_passes == N_REPEATS:
            return Outcome.PLAUSIBLE
        return Outcome.FLAKY if self.n_passes else Outcome.STILL_FAILING

    def event(self, *, level: int) -> Verified:
        """Return what the ledger is told.

        Args:
            level: The sandbox's.
        """
        return Verified(
            suggestion_id=self.suggestion_id,
            verifier=Verifier.TARGET_TEST,
            tier=Tier.HIDDEN,
            outcome=self.outcome,
            n_repeats=N_REPEATS,
            sandbox_level=level,
            environment_hash=digest([platform.python_version(), platform.platform()]),
            # It is run later than it was made, and as it was made.
            moment=Moment.AS_SUGGESTED,
        )


async def graded_thrice(
    answers: Sequence[tuple[Posed, Suggested]], *, referee: Grounds
) -> list[Graded]:
    """Grade answers; those that can be put nowhere are left out.

    Raises:
        DucktypistError: They cannot be run on this machine.
    """
    texts: list[tuple[CompleteTask, str]] = []
    bugs: list[tuple[Task, Mapping[str, str]]] = []
    completions: list[str] = []
    fixes: list[str] = []
    for one, suggested in answers:
        with_answer = one.with_answer(suggested)
        if with_answer is None:
            continue
        if isinstance(one.task, CompleteTask):
            texts.append((one.task, with_answer[one.task.path]))
            completions.append(suggested.suggestion_id)
        else:
            bugs.append((one.task, with_answer))
            fixes.append(suggested.suggestion_id)
    n_passes = dict.fromkeys((*completions, *fixes), 0)
    for seed in range(N_REPEATS):
        grades = await graded(texts, referee=referee, hash_seed=seed)
        for suggestion_id, grade in zip(completions, grades, strict=True):
            n_passes[suggestion_id] += grade.passes
        for suggestion_id, (task, files) in zip(fixes, bugs, strict=True):
            red = await red_tests(replace(task, files={**files, **task.hidden}), referee, seed)
            n_passes[suggestion_id] += not red
    return [Graded(suggestion_id=name, n_passes=n) for name, n in n_passes.items()]
