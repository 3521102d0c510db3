"""Set everything up on a fresh machine and run one thing: the demo or the tests.

    python3 scripts/bootstrap.py demo
    python3 scripts/bootstrap.py test [arguments for pytest]
    python3 scripts/bootstrap.py editors

The last one installs what the tests of real editors drive, which ``test`` does as well.

It needs Python 3.11 or later, a C++ compiler and the package registry, for the editors also npm's,
and uses the standard library only. Everything goes into this folder (``.venv``, ``.uv``,
``.editors``) and, for the model, into the user's data folder. It is not part of the package.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_HOME = ROOT / ".uv"
OLDEST_PYTHON = (3, 11)


def _has_emacs_packages() -> bool:
    folder = Path("/usr/share/emacs/site-lisp/elpa")
    packages = ("eglot-*", "markdown-mode-*")
    return bool(shutil.which("emacs")) and all(any(folder.glob(name)) for name in packages)


PROGRAMS = {
    ("chromium",): lambda: any(
        map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    ),
    ("postgresql",): lambda: (
        bool(shutil.which("postgres")) or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    ),
    ("emacs-nox", "elpa-eglot", "elpa-markdown-mode"): _has_emacs_packages,
    ("vim", "vim-ale"): lambda: bool(shutil.which("vim")) and Path("/usr/share/vim-ale").is_dir(),
}
"""Debian's packages of programs that some tests drive, and whether they are here."""


def main() -> int:
    """Do what the first argument says and return the exit status."""
    wanted, rest = next(iter(sys.argv[1:2]), ""), sys.argv[2:]
    if problem := what_is_wrong(wanted):
        print(problem, file=sys.stderr)
        return 2
    for_tests = wanted in {"test", "editors"}
    if for_tests:
        install_programs()
    environment = build_environment()
    here = install_server(environment, demo=wanted == "demo")
    status = install_editors(here, environment) if for_tests else 0
    if wanted in {"sync", "editors"}:
        return status
    run([*here, "ducktypist", "model", "pull"], environment)
    program = ["ducktypist", "demo"] if wanted == "demo" else ["python", "-m", "pytest"]
    return subprocess.call([*here, *program, *rest], cwd=ROOT, env=environment)


def what_is_wrong(wanted: str) -> str:
    """Return what to say and leave instead of doing what is wanted; empty when all is well."""
    if sys.version_info < OLDEST_PYTHON:
        return "Ducktypist needs Python 3.11 or later"
    if wanted not in ("demo", "test", "editors", "sync"):
        return __doc__ or ""
    if shutil.which("c++") is None and shutil.which("g++") is None and os.name != "nt":
        return "A C++ compiler is needed to build llama.cpp; install g++ or clang"
    return ""


def install_server(environment: dict[str, str], *, demo: bool) -> list[str]:
    """Install the server and what its tests import, or what the demo needs.

    Returns:
        How a command line begins that runs in there.
    """
    uv = find_uv()
    extras = ["--extra", "demo", "--no-default-groups"] if demo else []
    started = time.monotonic()
    run([uv, "sync", "--locked", "--python", sys.executable, *extras], environment)
    # The checkout's own code is used in place; uv compiles only what it installs.
    run([uv, "run", "--no-sync", "python", "-m", "compileall", "-q", "server"], environment)
    print(f"installed in {time.monotonic() - started:.0f} s", flush=True)
    return [uv, "run", "--no-sync"]


def install_programs() -> None:
    """Install what some tests drive for real, where a CI machine lets us; else they are skipped."""
    missing = [name for names, there in PROGRAMS.items() if not there() for name in names]
    if not missing:
        return
    is_ours = os.environ.get("CI") and shutil.which("apt-get") and os.geteuid() == 0
    if not is_ours:
        print(f"tests that need {' and '.join(missing)} will be skipped", flush=True)
        return
    apt = ["apt-get", "-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        for step in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            subprocess.run([*apt, *step], env=environment, check=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"{' and '.join(missing)} could not be installed: {error}", flush=True)


def install_editors(here: list[str], environment: dict[str, str]) -> int:
    """Install VS Code and build the extension, from the npm registry; return the exit status."""
    command = [*here, "python", "-m", "support.editors.installing"]
    status = subprocess.call(command, cwd=ROOT, env={**environment, "PYTHONPATH": "tests"})
    if status and not os.environ.get("CI"):
        print("tests that need VS Code will be skipped", flush=True)
    return status


def find_uv() -> str:
    """Return uv, installed beside this checkout when the machine has none."""
    if found := shutil.which("uv"):
        return found
    binary = UV_HOME / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    if not binary.is_file():
        print("installing uv into .uv", flush=True)
        try:
            run([sys.executable, "-m", "venv", str(UV_HOME)], None)
            python = binary.with_name("python.exe" if os.name == "nt" else "python")
            run([str(python), "-m", "pip", "install", "--quiet", "uv"], None)
        except subprocess.CalledProcessError:
            shutil.rmtree(UV_HOME, ignore_errors=True)
            sys.exit("uv could not be installed; install it by hand and run this again")
    return str(binary)


def build_environment() -> dict[str, str]:
    """Return the environment in which llama.cpp's first build takes minutes and not more.

    Whoever sets CMAKE_ARGS (for CUDA, Metal or Vulkan) keeps it. uv would put the build variables
    of pyproject.toml in its place, so it goes where scikit-build-core looks as well.
    """
    environment = dict(os.environ)
    arguments = [f"-DCMAKE_PROJECT_INCLUDE={ROOT / 'scripts' / 'llama-cpp.cmake'}"]
    arguments += shlex.split(environment.get("CMAKE_ARGS", ""))
    if given := environment.get("SKBUILD_CMAKE_ARGS"):
        arguments.append(given)
    environment["SKBUILD_CMAKE_ARGS"] = ";".join(arguments)
    environment.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 2))
    environment.pop("VIRTUAL_ENV", None)
    return environment


def run(command: list[str], environment: dict[str, str] | None) -> None:
    """Run a command in the checkout; leave with its status when it fails."""
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)
