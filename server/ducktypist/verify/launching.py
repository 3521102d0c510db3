"""From what is to be run to the arguments that run it confined: places filled, paths replaced.

Not here: the levels' own arguments (``bubblewrap``, ``landlock``), starting (``watchdog``), and
which level is used (``sandbox``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import SandboxError
from ducktypist.verify import bubblewrap, landlock, scratch
from ducktypist.verify.inside_view import PROGRAM_PATH, View
from ducktypist.verify.scratch import Scratch
from ducktypist.verify.watchdog import STATUS_FD, Launch, Limits

LEVEL_OVERLAY, LEVEL_NESTED, LEVEL_LANDLOCK, LEVEL_NONE = 4, 3, 2, 0
ROOT = "@root@"
"""In an argument or environment value: the workspace's path as the run sees it."""
SUPPORT = "@support@"
"""In an argument or environment value: the folder of the ``support`` files as the run sees it."""
CACHE = "@cache@"
"""In an argument or environment value: the ``cache`` as the run sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The arguments of one run, frozen before a thread gets them; see ``Sandbox.run``."""

    argv: tuple[str, ...]
    workspace: Path
    overlay: dict[Path, str]
    environment: dict[str, str]
    interpreter: Path | None
    readable: tuple[Path, ...]
    limits: Limits
    cwd: Path
    support: dict[str, Path | str]
    cache: Path | None
    keep: Callable[[Path], None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What confines a run: a level and the program for it."""

    level: int
    program: bubblewrap.Bubblewrap | None
    """None at the level that needs none."""
    private: tuple[Path, ...]
    """Folders that no run may look into."""


def prepare(
    request: Request, *, confinement: Confinement, view: View, place: Scratch
) -> tuple[Launch, Path]:
    """Fill a scratch and return what to start, with the workspace's path as the run sees it.

    Raises:
        SandboxError: A file cannot be laid over or copied, or a program is missing.
    """
    is_copy = confinement.level == LEVEL_LANDLOCK
    for name, source in request.support.items():
        if isinstance(source, Path):
            shutil.copyfile(source, place.support / name)
        else:
            (place.support / name).write_text(source, "utf-8")
    if is_copy:
        scratch.copy_tree(view.workspace, place.merged)
    written = place.merged if is_copy else place.upper
    scratch.lay_over(request.overlay, workspace=view.workspace, target=written)
    if request.cache is not None:
        place.cache_lower.symlink_to(request.cache.resolve(), target_is_directory=True)
        if is_copy:
            scratch.link_tree(request.cache.resolve(), place.cache_merged)
    root = place.merged if is_copy else view.workspace
    support = place.support if is_copy else bubblewrap.SUPPORT_INSIDE
    temporary = place.temporary if is_copy else bubblewrap.TEMPORARY_INSIDE
    cache = place.cache_merged if is_copy else bubblewrap.CACHE_INSIDE
    replaced = {ROOT: str(root), SUPPORT: str(support), CACHE: str(cache)}
    environment = {
        "PATH": PROGRAM_PATH,
        "HOME": str(place.home if is_copy else temporary),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        **request.environment,
    }
    seccomp = b"" if is_copy else landlock.key_ring_filter()
    prefix = _prefix(
        confinement, view, place, root / request.cwd, request.limits, is_filtered=bool(seccomp)
    )
    launch = Launch(
        argv=(*prefix, *(_replace(part, replaced) for part in request.argv)),
        environment={key: _replace(value, replaced) for key, value in environment.items()},
        cwd=place.top,
        written=place.top,
        filter=seccomp,
    )
    return launch, root


def _prefix(
    confinement: Confinement,
    view: View,
    place: Scratch,
    cwd: Path,
    limits: Limits,
    *,
    is_filtered: bool,
) -> Sequence[str]:
    if confinement.level == LEVEL_LANDLOCK:
        private = [path.resolve() for path in confinement.private]
        shown = [
            str(path)
            for path in view.system
            # What cannot be masked must not be shown at all.
            if not any(item.is_relative_to(path.resolve()) for item in private)
        ]
        return landlock.argv(
            read=[
                *(*shown, "/proc", *map(str, view.readable), str(place.support)),
                str(place.cache_lower),
            ],
            write=[
                *(str(place.merged), str(place.temporary), str(place.home)),
                str(place.cache_merged),
            ],
            cwd=str(cwd),
            status_fd=STATUS_FD,
        )
    if confinement.program is None:
        raise SandboxError("the sandbox's program is not known; probe the sandbox again")
    build = (
        bubblewrap.overlay_argv if confinement.level == LEVEL_OVERLAY else bubblewrap.nested_argv
    )
    prefix = build(
        program=confinement.program,
        view=view,
        scratch=place,
        cwd=cwd,
        limits=limits,
        is_filtered=is_filtered,
    )
    if prefix is None:
        raise SandboxError("`unshare`, `mount` or `sh` is missing; install util-linux")
    return prefix


def _replace(text: str, replaced: Mapping[str, str]) -> str:
    for mark, value in replaced.items():
        text = text.replace(mark, value)
    return text
