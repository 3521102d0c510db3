"""What of the machine a confined run may see, as lists of paths.

The same for every level: the system's programs and libraries, the interpreter, the workspace and
our own support files. Everything else (home folders, other projects, sockets in ``/run``) does not
exist in there, or cannot be opened. An allow-list, because a read-only view of everything would
still let a run connect to every Unix socket that has a path.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import SandboxError

SYSTEM = tuple(
    Path(name)
    for name in (
        "/usr",
        "/etc",
        "/opt",
        "/nix/store",
        "/gnu/store",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/sys",
    )
)
PROGRAM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one run is shown. All paths are absolute, and real unless said otherwise."""

    workspace: Path
    system: tuple[Path, ...]
    """Existing system folders; some may be links (``/bin`` to ``usr/bin``)."""
    readable: tuple[Path, ...]
    """Further read-only places, as the run names them; each may pass through links."""
    hidden: tuple[Path, ...]
    """Folders that must appear empty although a system folder holds them."""


def view(*, workspace: Path, readable: Sequence[Path], hidden: Sequence[Path], home: Path) -> View:
    """Return what a run in ``workspace`` may see.

    Raises:
        SandboxError: The workspace is no folder, or so wide that nothing would be left outside.
    """
    real = real_workspace(workspace, home=home)
    kept = [
        path
        for path in dict.fromkeys(_with_real(readable))
        if path.exists() and not _covers_private(path.resolve(), home)
    ]
    concealed = {path.resolve() for path in (home, *hidden) if path.is_dir()}
    return View(
        workspace=real,
        system=tuple(path for path in SYSTEM if path.exists()),
        readable=tuple(kept),
        hidden=tuple(
            sorted(
                path
                for path in concealed
                if _is_below_any(path, (*SYSTEM, real)) and not real.is_relative_to(path)
            )
        ),
    )


def real_workspace(workspace: Path, *, home: Path) -> Path:
    """Return the workspace without links.

    Raises:
        SandboxError: It is no folder, or is or holds the home folder or the file system's root.
    """
    try:
        real = workspace.resolve(strict=True)
    except OSError as error:
        raise SandboxError(f"{workspace} cannot be opened: {error.strerror or error}") from error
    if not real.is_dir():
        raise SandboxError(f"{workspace} is not a folder; a run needs a workspace folder")
    if real == Path(real.anchor) or home.resolve().is_relative_to(real):
        raise SandboxError(
            f"{workspace} is or holds the home folder, so a run in it would see everything; "
            "open the project's own folder"
        )
    if real in SYSTEM or real.parts[1] in {"proc", "sys", "dev"}:
        raise SandboxError(f"{workspace} is a system folder; open the project's own folder")
    return real


def _with_real(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        yield Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would lose the link's name
        yield path.resolve()


def _covers_private(path: Path, home: Path) -> bool:
    return path == Path(path.anchor) or home.resolve().is_relative_to(path)


def _is_below_any(path: Path, tops: Iterable[Path]) -> bool:
    return any(path != top and path.is_relative_to(top.resolve()) for top in tops)
