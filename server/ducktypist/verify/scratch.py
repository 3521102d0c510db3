"""The throw-away folders of runs: made, filled, swept.

A scratch is ``run-PID-START-RANDOM`` below one private folder; the name says whose it is, so that
leftovers of a server that was killed are known for what they are. The user's tree is only read.
Not here: mounting (``bubblewrap``) and confining (``landlock``).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import SandboxError
from ducktypist.verify.process_tree import start_ticks

PYC_STEP_S = 2
"""How far in the future a laid-over file is dated. A ``.pyc`` that the user's own runs left behind
names its source's time in whole seconds and its size; no such file can name a time to come."""
NOT_COPIED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", "node_modules", ".tox", ".nox", ".mypy_cache"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """One run's folder and its parts."""

    top: Path
    upper: Path
    """What the overlay writes, pre-filled with the laid-over files."""
    work: Path
    """The overlay file system's own working folder."""
    merged: Path
    """Where the overlay is mounted at level 3; the copied tree at level 2."""
    lower: Path
    """A link to the workspace, because a path in mount options cannot hold every character."""
    support: Path
    """Files of ours that the run may read."""
    temporary: Path
    home: Path
    cache_upper: Path
    """What a run adds to the cache that it was given, if any."""
    cache_work: Path
    cache_merged: Path
    """Where the cache is mounted at level 3; a folder of links into it at level 2."""
    cache_lower: Path
    """A link to the cache; only there when the run has one."""


def create(root: Path, *, workspace: Path) -> Scratch:
    """Make an empty scratch below ``root``.

    Raises:
        SandboxError: ``root`` lies inside the workspace, is not ours, or cannot be written.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        real_root = root.resolve(strict=True)
        if real_root.is_relative_to(workspace):
            raise SandboxError(
                f"the scratch folder {real_root} lies inside the workspace {workspace}; "
                "set the cache folder to one outside of it"
            )
        found = real_root.stat()
        if found.st_uid != os.geteuid():
            raise SandboxError(f"the scratch folder {real_root} belongs to somebody else")
        if stat.S_IMODE(found.st_mode) & 0o077:
            real_root.chmod(0o700)
        pid = os.getpid()
        top = real_root / f"run-{pid}-{start_ticks(pid) or 0}-{secrets.token_hex(6)}"
        scratch = _parts(top)
        top.mkdir(mode=0o700)
        for part in (
            scratch.upper,
            scratch.work,
            scratch.merged,
            scratch.support,
            scratch.temporary,
            scratch.home,
            scratch.cache_upper,
            scratch.cache_work,
            scratch.cache_merged,
        ):
            part.mkdir(mode=0o755)
        scratch.lower.symlink_to(workspace, target_is_directory=True)
    except OSError as error:
        raise SandboxError(
            f"no scratch folder below {root}: {error.strerror or error}; check that it can be "
            "written and that the disk is not full"
        ) from error
    return scratch


def lay_over(files: Mapping[Path, str], *, workspace: Path, target: Path) -> None:
    """Write workspace-relative files below ``target``, with the modes of those they cover.

    Raises:
        SandboxError: A path leaves the workspace, or a file cannot be written.
    """
    for relative, text in files.items():
        inside = real_path(relative, workspace=workspace)
        try:
            _make_parents(inside.parent, workspace=workspace, target=target)
            path = target / inside
            if path.is_symlink() or path.exists():
                path.unlink()
            with path.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
            covered = workspace / inside
            if covered.is_file():
                path.chmod(stat.S_IMODE(covered.stat().st_mode))
            future = time.time() + PYC_STEP_S
            os.utime(path, (future, future))
        except OSError as error:
            raise SandboxError(f"cannot lay {relative} over: {error.strerror or error}") from error
        except UnicodeEncodeError as error:
            raise SandboxError(
                f"{relative} holds text that UTF-8 cannot: {error.reason}"
            ) from error


def real_path(relative: Path, *, workspace: Path) -> Path:
    """Return where below the workspace a file lies really, which may be through links.

    Raises:
        SandboxError: It leaves the workspace, or is a folder.
    """
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise SandboxError(f"{relative} is not a path below the workspace; it cannot be laid over")
    # Through links, so that a linked folder keeps being one and its target is what is covered.
    real = (workspace / relative).resolve()
    if not real.is_relative_to(workspace):
        raise SandboxError(f"{relative} leads out of the workspace, to {real}; it is left alone")
    if real.is_dir():
        raise SandboxError(f"{relative} is a folder; only a file can be laid over")
    return real.relative_to(workspace)


def copy_tree(workspace: Path, target: Path) -> None:
    """Copy the workspace for a level without overlays; version control and environments stay out.

    Raises:
        SandboxError: The tree cannot be read or the copy not written.
    """

    def ignored(folder: str, names: list[str]) -> Collection[str]:
        return {
            name
            for name in names
            if name in NOT_COPIED
            or _is_environment(Path(folder, name))
            or _is_special(folder, name)
        }

    try:
        shutil.copytree(workspace, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)
    except shutil.Error as error:
        _, path, why = error.args[0][0]
        raise SandboxError(f"the workspace cannot be copied: {path}: {why}") from error
    except OSError as error:
        raise SandboxError(f"the workspace cannot be copied: {error}") from error


def link_tree(source: Path, target: Path) -> None:
    """Make the folders of ``source`` anew below ``target``, with a link for each file.

    Raises:
        SandboxError: The tree cannot be read or a link not be made.
    """
    try:
        for folder, names, files in os.walk(source):
            inside = target / Path(folder).relative_to(source)
            for name in names:
                (inside / name).mkdir(exist_ok=True)
            for name in files:
                (inside / name).symlink_to(Path(folder, name))
    except OSError as error:
        raise SandboxError(f"the cache {source} cannot be shown: {error}") from error


def remove(top: Path) -> None:
    """Delete a scratch, also what a run made unreadable; never follows a link."""
    for folder, names, _ in os.walk(top, topdown=True):
        # The kernel's working folder, and whatever the run liked to, have no permissions at all.
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(top, ignore_errors=True)


def sweep(root: Path) -> int:
    """Delete the scratches of processes that are no more; return how many there were."""
    n_swept = 0
    for top in abandoned(root):
        remove(top)
        n_swept += 1
    return n_swept


def abandoned(root: Path) -> Iterator[Path]:
    """Yield the scratches of processes that are no more."""
    if not root.is_dir() or root.is_symlink():
        return
    for top in root.glob("run-*-*-*"):
        _, pid, started, _ = top.name.split("-", 3)
        if not (pid.isdigit() and started.isdigit()) or top.is_symlink() or not top.is_dir():
            continue
        if start_ticks(int(pid)) != int(started):
            yield top


def _parts(top: Path) -> Scratch:
    return Scratch(
        top=top,
        upper=top / "upper",
        work=top / "work",
        merged=top / "merged",
        lower=top / "lower",
        support=top / "support",
        temporary=top / "tmp",
        home=top / "home",
        cache_upper=top / "cache-upper",
        cache_work=top / "cache-work",
        cache_merged=top / "cache",
        cache_lower=top / "cache-lower",
    )


def _make_parents(inside: Path, *, workspace: Path, target: Path) -> None:
    made = target
    covered = workspace
    for part in inside.parts:
        made /= part
        covered /= part
        if not made.is_dir():
            made.mkdir()
            mode = stat.S_IMODE(covered.stat().st_mode) if covered.is_dir() else 0o755
            # A merged folder has the upper one's mode, so it has to be the workspace's.
            made.chmod(mode | 0o700)


def _is_environment(path: Path) -> bool:
    return (path / "pyvenv.cfg").is_file()


def _is_special(folder: str, name: str) -> bool:
    try:
        mode = Path(folder, name).lstat().st_mode
    except OSError:
        return True
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
