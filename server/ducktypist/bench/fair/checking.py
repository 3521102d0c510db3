"""Proves tasks by answers that no model gave, in every wording and with every hang; asks nobody."""

from __future__ import annotations

from collections.abc import Callable

from ducktypist.bench.complete.place import place_for
from ducktypist.bench.fair.controls import controls, holds
from ducktypist.bench.fair.tasks import FairTasks


async def check_tasks(tasks: FairTasks, *, say: Callable[[str], None]) -> list[str]:
    """Return what is wrong with tasks, a line each; nothing when every control holds.

    Raises:
        DucktypistError: Nothing can be run here.
    """
    usable = [task for task in tasks.tasks if task.oracle]
    async with place_for(None) as place:
        found = await controls(
            usable, referee=place.referee, say=say, hang_each=True, wordings=True
        )
    bare = [f"{task.id}: has no right answer" for task in tasks.tasks if not task.oracle]
    return [*bare, *holds(found)]
