"""What commits and checkouts mean for the suggestions that one window follows.

``watch.git`` says how HEAD moved, and ``features.following`` what became of them; here the names of
files in a repository are turned into those in workspace folders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path, PurePosixPath
from typing import Any

from ducktypist.features.following import Trail
from ducktypist.watch.git import GitWatch, Move, Moved
from ducktypist.watch.git_objects import changes_between, parents_of, texts_in

SWITCHED_S = 2.0
"""So long after a checkout editors have taken the files' new texts."""
MAX_FILES = 100
"""Of one commit: those in which something followed stood, and new ones to look for it in."""
OURS = frozenset({Move.COMMIT, Move.AMEND})
"""What was in the work tree is in these."""


class FollowedCommits:
    """The repositories of the files that one window follows."""

    def __init__(
        self,
        trail: Trail,
        *,
        look: Callable[[Path], Coroutine[Any, Any, None]],
        is_wanted: Callable[[], bool],
        in_background: Callable[[Coroutine[Any, Any, Any]], object],
    ) -> None:
        """Follow none yet.

        Args:
            trail: What is followed.
            look: Looks at everything that stands in a folder.
            is_wanted: Tells whether the settings ask for it still.
            in_background: Runs something that nobody waits for.
        """
        self._trail, self._look, self._in_background = trail, look, in_background
        self._is_wanted = is_wanted
        self._is_any = asyncio.Event()
        self._git = GitWatch()
        self._roots: dict[Path, dict[str, Path]] = {}
        """The workspace folders of each work tree, by their names."""

    async def follow(self, root: Path, file: Path, *, since_s: float | None = None) -> None:
        """Follow the repository of a file.

        Args:
            root: The workspace folder.
            file: The file, which need not exist.
            since_s: What was committed from then on counts, too; seconds since the epoch, UTC.
        """
        repository = await asyncio.to_thread(self._git.follow, file.parent, since_s=since_s)
        if repository is not None:
            self._roots.setdefault(repository.top, {})[str(root)] = root
            self._is_any.set()

    async def watch(self) -> None:
        """Look at every move of a HEAD, until cancelled."""
        await self._is_any.wait()
        async for moved in self._git.moves():
            await self._moved(moved)

    async def _moved(self, moved: Moved) -> None:
        for name, root in list(self._roots.get(moved.repository.top, {}).items()):
            if not self._is_wanted():
                return
            if moved.move in OURS:
                await self._committed(moved, name, root)
            elif moved.move is Move.CHECKOUT:
                await self._trail.switched(name)
                # Files that an editor has open are other ones a moment later.
                self._in_background(self._switched_later(name))

    async def _switched_later(self, root: str) -> None:
        await asyncio.sleep(SWITCHED_S)
        await self._trail.switched(root)

    async def _committed(self, moved: Moved, name: str, root: Path) -> None:
        await self._look(root)
        standing = {path for folder, path in self._trail.files() if folder == name}
        files = await asyncio.to_thread(_files_of, moved, root, standing)
        if files:
            await self._trail.committed(name, moved.after, files)


def _files_of(moved: Moved, root: Path, standing: set[str]) -> dict[str, str | None]:
    """Return the files of a folder that a commit changed, as they are in it.

    Only those in which something stands (or stood last), and where one of them is gone, new ones of
    its kind.
    """
    repository = moved.repository
    first = next(iter(parents_of(repository.common, moved.after)), "")
    within: dict[str, str] = {}
    """Their names in the repository."""
    gone: set[str] = set()
    fresh: list[str] = []
    for change in changes_between(repository.common, first, moved.after):
        for name in dict.fromkeys((change.old, change.new)):
            path = repository.top / name
            if not name or not path.is_relative_to(root):
                continue
            relative = path.relative_to(root).as_posix()
            if relative in standing:
                within[relative] = name
                if not change.new:
                    gone.add(PurePosixPath(relative).suffix)
            elif not change.old:
                fresh.append(relative)
                within[relative] = name
    wanted = [path for path in within if path in standing]
    wanted += [path for path in fresh if PurePosixPath(path).suffix in gone]
    wanted = wanted[:MAX_FILES]
    texts = texts_in(repository.common, moved.after, [within[path] for path in wanted])
    return {path: texts[within[path]] for path in wanted}
