"""All tasks of our own, in all wordings: the controls hold, and there are enough of each family.

``DUCKTYPIST_ALL_HANGS`` lets every task hang instead of one of each family and language.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from ducktypist.bench.fair.answers import Grade
from ducktypist.bench.fair.controls import ECHO, HANG, ORACLE, controls, holds
from ducktypist.bench.fair.tasks import N_WORDINGS, own_tasks
from ducktypist.features.grounds import Grounds
from support.refereed import Refereed, needs_bats, needs_go, refereed

__all__ = ["refereed"]
MIN_TASKS = 25
"""So many of a family tell a small model from a large one."""
FAMILIES = ("de-race", "explain-bash", "fix", "go-function")
Found = dict[tuple[str, str], Grade]


def test_there_are_enough_tasks_of_each_family() -> None:
    """Each of them has a right answer and three other wordings."""
    tasks = own_tasks()
    assert tasks.families == FAMILIES
    counts = Counter(task.family for task in tasks.tasks)
    assert min(counts.values()) >= MIN_TASKS, counts
    assert [task.id for task in tasks.tasks if not task.oracle] == []
    assert {len(task.wordings) for task in tasks.tasks} == {N_WORDINGS}
    assert {task.language for task in tasks.tasks if task.family == "fix"} == {"go", "python"}


@needs_go
@needs_bats
@pytest.mark.sandbox
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_controls_of_our_tasks_hold(family: str, refereed: Refereed[Found]) -> None:
    """In every wording the right answer is right and the question given back is not."""
    tasks = own_tasks().of([family], None).tasks
    all_hang = bool(os.environ.get("DUCKTYPIST_ALL_HANGS"))

    async def found(grounds: Grounds) -> Found:
        return await controls(tasks, referee=grounds, hang_each=all_hang, wordings=True)

    told = refereed(found)
    assert holds(told) == []
    counts = Counter(name for name, _ in told)
    assert counts[ORACLE] == counts[ECHO] == len(tasks) * (1 + N_WORDINGS)
    languages = {task.language for task in tasks}
    assert counts[HANG] == (len(tasks) if all_hang else len(languages))
