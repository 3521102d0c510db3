"""Commands of ours in processes of their own, for work that an editor window must not feel.

What takes seconds of computing, or a library that nothing else here needs, is done there and comes
back as a file. Engines and sandboxed runs are started elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

from ducktypist.errors import DucktypistError

MAX_ERROR_CHARS = 500


async def run_beside(command: str, *options: str, timeout_s: float, niceness: int = 0) -> None:
    """Run ``ducktypist COMMAND`` to its end; a cancelled call ends the process.

    Args:
        command: Which one.
        options: What it is told.
        timeout_s: How long it may take.
        niceness: How far it stands back behind other processes, 0 to 19.

    Raises:
        DucktypistError: It failed; the message is what it said.
        TimeoutError: It took longer and was ended.
    """
    process = await asyncio.create_subprocess_exec(
        # -P: the folder in which the editor happened to start us has no say in what is imported.
        *(sys.executable, "-P", "-m", "ducktypist", command, *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        if niceness:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        async with asyncio.timeout(timeout_s):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = errors.decode("utf-8", "replace").strip().removeprefix("Error: ")
        raise DucktypistError(said[-MAX_ERROR_CHARS:] or f"`ducktypist {command}` failed")
