"""How long llama-cpp-python takes to build: as it comes, and with what we leave out.

Needs a checkout, because ``scripts/llama-cpp.cmake`` is in no wheel, and many minutes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
import tomllib
from asyncio import subprocess
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import ducktypist
from ducktypist.bench.measure import ENGINE_PACKAGE, Report, Row, load, machine
from ducktypist.errors import ConfigError, RunnerError

CMAKE_FILE = Path("scripts/llama-cpp.cmake")
OWN_UV = Path(".uv/bin/uv")
S_PER_MINUTE = 60.0
TAIL_CHARACTERS = 600
BUILD_VARIABLES = ("CMAKE_ARGS", "SKBUILD_CMAKE_ARGS", "CMAKE_BUILD_PARALLEL_LEVEL", "VIRTUAL_ENV")
"""Taken out of the environment before a build, so that both start from the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to build."""

    name: str
    what: str
    variables: Mapping[str, str]
    """What it adds to the environment."""


def checkout() -> Path:
    """Return the root of the checkout that this program runs from.

    Raises:
        ConfigError: It runs from an installed wheel.
    """
    root = Path(ducktypist.__file__).resolve().parents[2]
    if not (root / CMAKE_FILE).is_file() or not (root / "pyproject.toml").is_file():
        raise ConfigError(
            f"this program was installed without {CMAKE_FILE}; run `ducktypist bench build` from "
            "a checkout of its repository"
        )
    return root


def requirement(root: Path) -> str:
    """Return the pinned requirement of ``pyproject.toml``, such as ``llama-cpp-python==1.2``.

    Raises:
        ConfigError: It pins no version.
    """
    dependencies = _project(root)["project"]["dependencies"]
    for item in dependencies:
        if str(item).startswith(f"{ENGINE_PACKAGE}=="):
            return str(item)
    raise ConfigError(f"pyproject.toml pins no version of {ENGINE_PACKAGE}")


def recipes(root: Path) -> tuple[Recipe, Recipe]:
    """Return the two ways: as upstream builds it, and as ``scripts/bootstrap.py`` does."""
    cores = {"CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 2)}
    ours = _project(root)["tool"]["uv"]["extra-build-variables"][ENGINE_PACKAGE]
    include = {"SKBUILD_CMAKE_ARGS": f"-DCMAKE_PROJECT_INCLUDE={root / CMAKE_FILE}"}
    return (
        Recipe(name="build-stock", what="as upstream builds it", variables=cores),
        Recipe(
            name="build-lean",
            what=f"with pyproject.toml's CMAKE_ARGS and {CMAKE_FILE}",
            variables={**cores, **ours, **include},
        ),
    )


def command(uv: str, wanted: str, target: Path, cache: Path) -> list[str]:
    """Return the command that fetches, builds and unpacks a package, using nothing cached."""
    return [
        *(uv, "pip", "install", "--python", sys.executable, "--no-deps", "--reinstall"),
        *("--no-binary", ENGINE_PACKAGE, "--cache-dir", str(cache), "--target", str(target)),
        wanted,
    ]


def environment(recipe: Recipe) -> dict[str, str]:
    """Return our environment, what steers builds taken out and the recipe's put in."""
    kept = {key: value for key, value in os.environ.items() if key not in BUILD_VARIABLES}
    return {**kept, **recipe.variables}


async def build(
    *, only: Collection[str] = (), on_start: Callable[[str], None] = lambda _: None
) -> Report:
    """Build in both ways, one after the other.

    Args:
        only: Names of recipes; all of them when empty.
        on_start: Told each recipe's name when it begins.

    Raises:
        ConfigError: This is no checkout, or uv is missing.
    """
    root = await asyncio.to_thread(checkout)
    uv = await asyncio.to_thread(find_uv, root)
    wanted = await asyncio.to_thread(requirement, root)
    report = Report(
        machine=await asyncio.to_thread(machine),
        model=None,
        before=await asyncio.to_thread(load),
    )
    for recipe in await asyncio.to_thread(recipes, root):
        if not only or recipe.name in only:
            on_start(recipe.name)
            report.rows.append(await _built(recipe, uv, wanted))
    report.after = await asyncio.to_thread(load)
    return report


async def _built(recipe: Recipe, uv: str, wanted: str) -> Row:
    with tempfile.TemporaryDirectory(prefix="ducktypist-build-") as name:
        top = Path(name)
        argv = command(uv, wanted, top / "target", top / "cache")
        started = time.perf_counter()
        try:
            # Outside of the checkout, where uv would read pyproject.toml's settings.
            await _run(argv, cwd=top, variables=environment(recipe))
        except RunnerError as error:
            return Row(name=recipe.name, what=recipe.what, unit="min", problem=str(error))
        minutes = (time.perf_counter() - started) / S_PER_MINUTE
    variables = " ".join(f"{key}={value}" for key, value in recipe.variables.items())
    return Row(
        name=recipe.name,
        what=f"{wanted}, {recipe.what}",
        unit="min",
        samples=(minutes,),
        note=f"the download included; {variables}",
    )


async def _run(argv: list[str], *, cwd: Path, variables: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode:
        tail = said.decode("utf-8", "replace").strip()[-TAIL_CHARACTERS:]
        raise RunnerError(f"the build ended with status {process.returncode}: {tail}")


def find_uv(root: Path) -> str:
    """Return the uv of the machine, or the one that `scripts/bootstrap.py` put into the checkout.

    Raises:
        ConfigError: There is neither.
    """
    found = shutil.which("uv") or (str(root / OWN_UV) if (root / OWN_UV).is_file() else None)
    if found is None:
        raise ConfigError("uv is needed to build; install it, or run scripts/bootstrap.py once")
    return found


def _project(root: Path) -> dict[str, dict[str, dict[str, dict[str, dict[str, str]]]]]:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
