"""Gives servers a Go build cache that knows the standard library already, as a used editor's does.

A server's search has a time budget. Compiling the standard library takes a minute or two on two
cores, and would be paid for by whichever task comes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import Final

from ducktypist import config
from ducktypist.bench.complete.place import Place
from ducktypist.bench.fix.batch import runner_for
from ducktypist.bench.tasks import write_files
from ducktypist.features.grounds import Grounds
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.watchdog import Limits

BUILD_CACHE: Final = "go-build"
"""The folder below a cache folder that :class:`~ducktypist.verify.go_runner.GoRunner` builds in."""
_LIMITS: Final = Limits(
    timeout_s=120.0,
    max_memory_bytes=2 * 1024**3,
    max_processes=256,
    max_output_bytes=1024**2,
)
_PACKAGES: Final = (
    *("bufio", "bytes", "cmp", "container/heap", "context", "encoding/json", "errors", "fmt"),
    *("maps", "math", "math/rand", "os", "path", "regexp", "slices", "sort", "strconv"),
    *("strings", "sync", "sync/atomic", "testing", "time", "unicode", "unicode/utf8"),
)


async def seeded(place: Place, *, race: bool) -> None:
    """Build the standard library with the bench's own runner, and copy that to the servers' cache.

    Once for each place; the bench's own cache outlives it, so that this takes a minute only once
    on a machine.

    Args:
        place: Whose servers.
        race: Whether for ``-race`` as well.

    Raises:
        DucktypistError: Nobody can run Go's tests here.
    """
    marks = [place.stage.top / "seeded", *([place.stage.top / "seeded-race"] if race else [])]
    if all(mark.exists() for mark in marks):
        return
    for is_race in (False, True) if race else (False,):
        await _built(place.referee, race=is_race)
    own, theirs = config.cache_dir() / BUILD_CACHE, place.premises.scratch.parent / BUILD_CACHE
    await asyncio.to_thread(_copied, own, theirs)
    for mark in marks:
        await asyncio.to_thread(mark.touch)


async def _built(referee: Grounds, *, race: bool) -> None:
    imports = "\n".join(f'\t_ "{name}"' for name in _PACKAGES if name != "testing")
    files = {
        "go.mod": "module warming\n\ngo 1.21\n",
        "warming.go": f"package warming\n\nimport (\n{imports}\n)\n",
        "warming_test.go": (
            'package warming\n\nimport "testing"\n\nfunc TestNothing(t *testing.T) {}\n'
        ),
    }
    folder = referee.root / "seeding"
    await asyncio.to_thread(write_files, files, folder)
    request = RunRequest(root=folder, limits=_LIMITS, canaries=False, race=race)
    try:
        await runner_for(referee, "go").run(request)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _copied(own: Path, theirs: Path) -> None:
    # An entry that goes away meanwhile, because the cache is full, is built again when needed.
    with contextlib.suppress(shutil.Error):
        shutil.copytree(own, theirs, ignore=shutil.ignore_patterns(".*", "tmp"), dirs_exist_ok=True)
