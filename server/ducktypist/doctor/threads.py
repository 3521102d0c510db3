"""Blocking work that may hang: waited for in a thread of its own, and left behind if need be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from ducktypist.verify import run_thread

T = TypeVar("T")


async def apart(work: Callable[[], T]) -> T:
    """Return what blocking work in a daemon thread of its own comes to.

    A thread cannot be ended: when this is cancelled, it stays behind and its outcome is dropped.
    ``asyncio.to_thread`` is not used, because a program waits for such threads before it ends.
    """
    done = run_thread.start(work)
    # A failure that nobody waits for any more must not be complained of.
    done.add_done_callback(lambda ended: ended.exception())
    # Waited for and not awaited, so that a cancellation leaves the thread's future alone.
    await asyncio.wait([done])
    return done.result()
