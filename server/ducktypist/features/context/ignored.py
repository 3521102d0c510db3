"""What git would ignore below one folder, read from its ignore files without asking git.

Nested ``.gitignore`` files, those of the folders above up to the repository's top,
``.git/info/exclude`` and the person's own excludes file, in git's order (gitignore(5)). A file that
is ignored and tracked all the same counts as ignored here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from pathspec import GitIgnoreSpec

MAX_IGNORE_BYTES = 500_000
_EXCLUDES_FILE = re.compile(r"(?im)^\s*excludesfile\s*=\s*\"?([^\"\n]+?)\"?\s*$")

_Stamp = tuple[int, int]


class Ignored:
    """The ignore rules that hold in one root; used by one thread at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._above, self._general = _outside(root)
        """Folders above the root inside the repository, and files that hold for all of it."""
        self._specs: dict[Path, tuple[_Stamp, GitIgnoreSpec] | None] = {}

    def refresh(self) -> bool:
        """Look again at the ignore files read so far; return whether one of them has changed."""
        outside = _outside(self._root)
        changed = [path for path, known in self._specs.items() if _changed(path, known)]
        moved = outside != (self._above, self._general)
        self._above, self._general = outside
        for path in changed:
            del self._specs[path]
        return moved or bool(changed)

    def is_ignored(self, relative: str, *, is_folder: bool) -> bool:
        """Tell whether one entry is ignored whose folders are not.

        Args:
            relative: Its path below the root, with ``/``.
            is_folder: Whether it is a folder.
        """
        path = self._root / relative
        folder = path.parent
        while True:
            verdict = self._said(folder / ".gitignore", folder, path, is_folder=is_folder)
            if verdict is not None:
                return verdict
            if folder == self._root:
                break
            folder = folder.parent
        for folder in self._above:
            verdict = self._said(folder / ".gitignore", folder, path, is_folder=is_folder)
            if verdict is not None:
                return verdict
        top = self._above[-1] if self._above else self._root
        verdicts = (self._said(file, top, path, is_folder=is_folder) for file in self._general)
        return next((verdict for verdict in verdicts if verdict is not None), False)

    def is_ignored_below(self, relative: PurePath) -> bool:
        """Tell whether a file is ignored, or one of the folders that it lies in."""
        parts = relative.parts
        return any(
            self.is_ignored("/".join(parts[:n]), is_folder=n < len(parts))
            for n in range(1, len(parts) + 1)
        )

    def _said(self, file: Path, folder: Path, path: Path, *, is_folder: bool) -> bool | None:
        """Return what an ignore file says of a path, None when it says nothing of it."""
        if file not in self._specs:
            self._specs[file] = _spec(file)
        known = self._specs[file]
        if known is None:
            return None
        name = path.relative_to(folder).as_posix()
        return known[1].check_file(f"{name}/" if is_folder else name).include


def _outside(root: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the folders between a root and its repository's top, and the general ignore files."""
    above: list[Path] = []
    for folder in (root, *root.parents):
        if folder != root:
            above.append(folder)
        git = folder / ".git"
        if _stamp(git) is not None:
            general = [_own_folder(git) / "info" / "exclude", *_excludes_files()]
            return tuple(above), tuple(general)
    return (), tuple(_excludes_files())


def _own_folder(git: Path) -> Path:
    """Return the folder of a repository; in a worktree or submodule ``.git`` is a file."""
    text = _text(git) if git.is_file() else ""
    if not text.startswith("gitdir:"):
        return git
    folder = git.parent / text.removeprefix("gitdir:").strip()
    shared = _text(folder / "commondir").strip()
    return folder / shared if shared else folder


def _excludes_files() -> Iterable[Path]:
    """Yield the person's own ignore files, as ``core.excludesFile`` names them or by default."""
    try:
        home = Path.home()
    except RuntimeError:
        return
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    for file in (home / ".gitconfig", settings / "config"):
        match = _EXCLUDES_FILE.search(_text(file))
        if match:
            name = match[1]
            yield home / name[2:] if name.startswith("~/") else home / name
            return
    yield settings / "ignore"


def _spec(file: Path) -> tuple[_Stamp, GitIgnoreSpec] | None:
    stamp = _stamp(file)
    if stamp is None:
        return None
    lines = _text(file).splitlines()
    try:
        return stamp, GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return stamp, GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line))


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _changed(file: Path, known: tuple[_Stamp, GitIgnoreSpec] | None) -> bool:
    return _stamp(file) != (known[0] if known else None)


def _stamp(file: Path) -> _Stamp | None:
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size


def _text(file: Path) -> str:
    """Return the beginning of a file; nothing when it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_IGNORE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
