"""Which tasks a run asks: our own, or public sets from files of the person's. Nothing ships."""

from __future__ import annotations

from ducktypist.bench.fair.plan import Plan
from ducktypist.bench.fair.tasks import FairTasks, own_tasks


def tasks_for(plan: Plan) -> FairTasks:
    """Return the tasks of a plan.

    Raises:
        TaskError: A task or a file cannot be used, or there is no such family.
    """
    return own_tasks().of(plan.families, plan.n_each)
