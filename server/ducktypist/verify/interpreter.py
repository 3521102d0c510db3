"""Which Python runs the workspace's tests, where it keeps its things, and whether it has pytest.

Everything is read from the file system: an interpreter that a workspace brings along is never
executed outside of the sandbox.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ducktypist.errors import RunnerError

_PARTS = ("bin", "lib", "lib32", "lib64", "libexec", "include", "ssl", "pyvenv.cfg", "Scripts")
"""What of a prefix a run needs. Not the prefix itself: for some people that is their home."""
_MAX_LINKS = 16


def find_interpreter(
    configured: str, workspace: Path, *, environment: Mapping[str, str] | None = None
) -> Path:
    """Return the Python to run tests with: the setting's, ``.venv``'s, ``VIRTUAL_ENV``'s or ours.

    The path is absolute and not resolved, because a virtual environment's Python is a link whose
    own place says which environment it is.

    Args:
        configured: The setting ``python.interpreter``; relative paths start at the workspace.
        workspace: The workspace folder.
        environment: Where ``VIRTUAL_ENV`` is looked up; the process's own by default.

    Raises:
        RunnerError: The configured interpreter does not exist, or the one found has no pytest.
    """
    found = _find(configured, workspace, os.environ if environment is None else environment)
    require_pytest(found)
    return found


def require_pytest(interpreter: Path) -> None:
    """Check that pytest is installed there, without running anything.

    Raises:
        RunnerError: It is not; the message says how to install it.
    """
    if not has_pytest(interpreter):
        raise RunnerError(
            f"{interpreter} has no pytest, so no test can be run; install it with "
            f"`{interpreter} -m pip install pytest`, or set python.interpreter to one that has it"
        )


def has_pytest(interpreter: Path) -> bool:
    """Tell whether a ``site-packages`` of this interpreter holds pytest."""
    return any(
        (folder / "pytest" / "__init__.py").is_file() or (folder / "pytest.py").is_file()
        for folder in _site_packages(interpreter)
    )


def readable_places(interpreter: Path) -> tuple[Path, ...]:
    """Return the files and folders that this interpreter needs to start and to import."""
    hops = _hops(interpreter)
    # A link on the way needs only to be there; the last one's prefix holds the library.
    places = [hop.parent for hop in hops]
    prefixes = [hops[0].parent.parent, hops[-1].parent.parent, hops[-1].resolve().parent.parent]
    prefixes += _base_prefix(hops[0].parent.parent)
    for prefix in prefixes:
        places += [prefix / part for part in _PARTS]
    return tuple(path for path in dict.fromkeys(places) if path.exists())


def _find(configured: str, workspace: Path, environment: Mapping[str, str]) -> Path:
    if configured:
        path = Path(workspace, Path(configured).expanduser())
        if not os.access(path, os.X_OK) or not path.is_file():
            raise RunnerError(
                f"python.interpreter names {path}, which is no program; set it to a Python's path"
            )
        return _absolute(path)
    candidates = [workspace / ".venv"]
    if environment.get("VIRTUAL_ENV"):
        candidates.append(Path(environment["VIRTUAL_ENV"]))
    for prefix in candidates:
        python = prefix / "bin" / "python"
        if python.is_file() and os.access(python, os.X_OK):
            return _absolute(python)
    return Path(sys.executable)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would leave the environment


def _hops(interpreter: Path) -> list[Path]:
    hops = [_absolute(interpreter)]
    while hops[-1].is_symlink() and len(hops) < _MAX_LINKS:
        hops.append(_absolute(hops[-1].parent / hops[-1].readlink()))
    return hops


def _base_prefix(prefix: Path) -> list[Path]:
    home = _settings(prefix).get("home")
    if not home or not Path(home).is_absolute():
        return []
    return [Path(home).parent, Path(home).resolve().parent]


def _settings(prefix: Path) -> dict[str, str]:
    try:
        text = (prefix / "pyvenv.cfg").read_text("utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _site_packages(interpreter: Path) -> Iterator[Path]:
    prefix = _absolute(interpreter).parent.parent
    settings = _settings(prefix)
    prefixes = [prefix]
    if not settings:
        prefixes.append(_hops(interpreter)[-1].resolve().parent.parent)
    elif settings.get("include-system-site-packages", "").lower() == "true":
        prefixes += _base_prefix(prefix)
    if Path("/usr") in prefixes:
        # Debian keeps what pip installs and what the system installs apart.
        prefixes.append(Path("/usr/local"))
    for found in prefixes:
        for library in (found / "lib", found / "lib64"):
            yield from library.glob("python3*/site-packages")
            yield from library.glob("python3*/dist-packages")
