"""Blocking work in a thread of its own, for callers that may be cancelled meanwhile.

Not a pool: Linux ties "die with the parent" to the starting *thread*, so each run has its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], cancelled: threading.Event) -> T:
    """Run blocking work in a thread of its own; when cancelled, say so and wait for its end."""
    done = start(work)
    await ended(done, stop=cancelled.set)
    return done.result()


def start(work: Callable[[], T]) -> asyncio.Future[T]:
    """Start blocking work in a thread and return the future of its outcome."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        # The loop may be closed already when a server is torn down in the middle of a run.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(set_it)

    def body() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - handed over to the awaiting task as it is
            failure = error
            settle(lambda: done.set_exception(failure))
        else:
            settle(lambda: done.set_result(value))

    threading.Thread(target=body, name="ducktypist-run", daemon=True).start()
    return done


async def ended(done: asyncio.Future[T], *, stop: Callable[[], object]) -> None:
    """Wait until the work is over, whatever its outcome.

    Args:
        done: What :func:`start` returned.
        stop: Called when this is cancelled. The end is waited for all the same, and the
            cancellation goes on only then.
    """
    was_cancelled = False
    while not done.done():
        try:
            # Waits without taking the outcome, so that only a cancellation can arrive here.
            await asyncio.wait([done])
        except asyncio.CancelledError:
            was_cancelled = True
            stop()
    if was_cancelled:
        # The outcome of a run that nobody wants any more is looked at and dropped.
        done.exception()
        raise asyncio.CancelledError
