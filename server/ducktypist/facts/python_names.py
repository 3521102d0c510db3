"""What is called in Python code: signatures and docstrings, asked of a process that runs jedi.

Jedi is not imported here, and neither it nor this imports or runs anything of a workspace; how that
is made sure stands in ``python_worker``. A question that gets no answer in time gives what had come
by then, which may be nothing, and never an exception.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ducktypist import config
from ducktypist.domain import Span
from ducktypist.domain.facts import Fact
from ducktypist.facts.code_wording import shortlist
from ducktypist.facts.python_calls import calls_of_this_text
from ducktypist.facts.python_wire import from_json

TIMEOUT_S = 1.5
MAX_CHARACTERS = 400_000
"""About a longer text nothing is asked."""
_MODULE = "ducktypist.facts.python_worker"
_LINE_BYTES = 1 << 20
_AHEAD_S = 0.1
_LEAVING_S = 1.0


class PythonNames:
    """One worker process at a time, started by the first question; it leaves when nobody asks."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, cache: Path | None = None) -> None:
        """Start nothing yet.

        Args:
            timeout_s: How long one question may take, a start of the process included.
            cache: The folder in which jedi keeps parsed files; one in our own cache by default.
        """
        self._timeout_s = timeout_s
        self._cache = cache
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._n_asked = 0

    async def calls(
        self, text: str, span: Span, *, path: Path | None, root: Path | None
    ) -> tuple[Fact, ...]:
        """Return what is known of the calls in a region, the telling ones first, at most 12.

        Args:
            text: The whole file; it need not be saved.
            span: The region.
            path: The file's path.
            root: The workspace folder; its modules are read as text, also those of its virtual
                environment.
        """
        if len(text) > MAX_CHARACTERS or "(" not in span.of(text):
            return ()
        question = {
            "text": text,
            "span": [span.start, span.end],
            "path": str(path) if path else None,
            "root": str(root) if root else None,
            "limit_s": max(0.1, self._timeout_s - _AHEAD_S),
        }
        facts: list[Fact] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s), self._lock:
                if not await self._asked(question, facts) and not facts:
                    # It had left, having been idle, or died: once more with a new one.
                    await self._asked(question, facts)
        if not facts:
            return await asyncio.to_thread(calls_of_this_text, text, span)
        return shortlist(facts)

    async def warm(self) -> None:
        """Start the process and have it read what nearly every file needs, without waiting."""
        with contextlib.suppress(OSError, ValueError):
            async with self._lock:
                process = await self._running()
                await _send(process, {"id": self._next_id(), "warm": True})

    async def aclose(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_S):
                await process.wait()
        await _ended(process)

    async def _asked(self, question: Mapping[str, Any], facts: list[Fact]) -> bool:
        """Add the answer's facts as they come; tell whether it came to its end."""
        number = self._next_id()
        try:
            process = await self._running()
            await _send(process, {**question, "id": number})
            if process.stdout is None:
                return False
            while line := await process.stdout.readline():
                answer = json.loads(line)
                if answer["id"] != number:
                    # To a question that nobody waits for any more.
                    continue
                if "done" in answer:
                    return True
                facts.append(from_json(answer["fact"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        await self._give_up()
        return False

    async def _give_up(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await _ended(process)

    async def _running(self) -> asyncio.subprocess.Process:
        process = self._process
        if process is None or process.returncode is not None:
            cache = self._cache or config.cache_dir() / "jedi"
            await asyncio.to_thread(cache.mkdir, mode=0o700, parents=True, exist_ok=True)
            self._process = process = await asyncio.create_subprocess_exec(
                # -P: the folder in which the editor started us has no say in what is imported.
                *(sys.executable, "-P", "-m", _MODULE, str(cache)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                # A relative entry of PYTHONPATH means nothing there.
                cwd=cache,
                env=_environment(),
                limit=_LINE_BYTES,
            )
        return process

    def _next_id(self) -> int:
        self._n_asked += 1
        return self._n_asked


def _environment() -> dict[str, str]:
    """Return our own environment without what would make Python run something else as well."""
    unwanted = {"PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT", "VIRTUAL_ENV", "CONDA_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


async def _send(process: asyncio.subprocess.Process, message: Mapping[str, Any]) -> None:
    if process.stdin is None:
        return
    process.stdin.write(json.dumps(message).encode() + b"\n")
    await process.stdin.drain()


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
