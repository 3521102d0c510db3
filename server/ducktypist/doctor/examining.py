"""Runs the checks: all at once, each with its time limit, none able to take the others down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from ducktypist.doctor.check import Check, bad
from ducktypist.doctor.subject import Subject
from ducktypist.doctor.threads import apart

POLL_S = 0.25
"""How often whoever waits is told what is being waited for."""
ENDING_S = 2.0
"""How long a check that ran out of time may take to clean up."""
MAX_ERROR_CHARS = 500

Look = Callable[[Subject], Awaitable[Check]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One check, and how long it may take."""

    name: str
    look: Look
    """Does not block the event loop; see :func:`in_thread`."""
    limit_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All that was found."""

    checks: tuple[Check, ...]
    """In the order of the cases."""
    is_stuck: bool
    """Whether a check did not end in time, so that a thread of it may never end."""


def in_thread(look: Callable[[Subject], Check]) -> Look:
    """Return a check that does its blocking work in a thread of its own."""

    async def looked(subject: Subject) -> Check:
        return await apart(lambda: look(subject))

    return looked


async def examine(
    cases: Sequence[Case],
    subject: Subject,
    *,
    waiting: Callable[[Mapping[str, float]], None] = lambda _: None,
) -> Examination:
    """Run all checks and return what they found; never raises for what a check does.

    Args:
        cases: The checks.
        subject: What is examined.
        waiting: Told several times a second for how many seconds each check has been waited for.
    """
    began_s = time.monotonic()
    tasks = {case.name: asyncio.create_task(_examined(case, subject)) for case in cases}
    try:
        while pending := [name for name, task in tasks.items() if not task.done()]:
            await asyncio.wait([tasks[name] for name in pending], timeout=POLL_S)
            waited_s = time.monotonic() - began_s
            waiting({name: waited_s for name in pending if not tasks[name].done()})
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.wait(tasks.values())
    outcomes = [tasks[case.name].result() for case in cases]
    return Examination(
        checks=tuple(check for check, _ in outcomes),
        is_stuck=any(is_stuck for _, is_stuck in outcomes),
    )


async def _examined(case: Case, subject: Subject) -> tuple[Check, bool]:
    """Return what a check found, and whether it had to be left behind."""
    work = asyncio.ensure_future(case.look(subject))
    try:
        done, _ = await asyncio.wait([work], timeout=case.limit_s)
        if done:
            return work.result(), False
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, whatever it raised
        return _crashed(case, error), False
    finally:
        work.cancel()
    await asyncio.wait([work], timeout=ENDING_S)
    return _overdue(case), True


def _overdue(case: Case) -> Check:
    return bad(
        case.name,
        f"no answer within {case.limit_s:g} s",
        "run it again; if that does not help, look whether a disk or another program hangs",
    )


def _crashed(case: Case, error: Exception) -> Check:
    return bad(
        case.name,
        f"the check itself broke: {type(error).__name__}: {error!s:.{MAX_ERROR_CHARS}}",
        "this is a mistake in Ducktypist; report it with the text of `ducktypist doctor --report`",
        exception=type(error).__name__,
    )
