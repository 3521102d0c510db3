"""Finding programs on PATH, and asking them for their version; none of a workspace is ever run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from pathlib import Path

LIMIT_S = 8.0
MAX_BYTES = 64 * 1024
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def find_program(name: str, *, folder: Path) -> Path | None:
    """Return the program of this name that a shell would take, from outside of a workspace folder.

    Relative entries of PATH are left out: they mean whatever folder one happens to be in.
    """
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if not entry or not Path(entry).is_absolute():
            continue
        found = shutil.which(name, path=entry)
        if found and not any(path.is_relative_to(folder) for path in _places(Path(found))):
            return Path(found)
    return None


async def version_of(program: Path) -> str | None:
    """Run ``PROGRAM --version`` and return the first version number it prints, None without one.

    It runs in the root of the file system with a closed standard input, and is ended after a few
    seconds.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            str(program),
            "--version",
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(LIMIT_S):
            printed, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    found = _VERSION.search(printed[:MAX_BYTES].decode("utf-8", "replace"))
    return found[0] if found else None


def numbers(version: str) -> tuple[int, ...]:
    """Return a version to compare: ``(0, 11, 5)``."""
    return tuple(int(part) for part in version.split("."))


def _places(program: Path) -> tuple[Path, Path]:
    return program, program.resolve()
