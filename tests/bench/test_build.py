"""The commands and environments of the two builds; nothing is built here."""

from __future__ import annotations

import asyncio
import itertools
import sys
import tomllib
from pathlib import Path

import pytest

import ducktypist
from ducktypist.bench import build
from ducktypist.errors import ConfigError, RunnerError
from support.source_tree import ROOT


def test_the_checkout_is_found() -> None:
    """It is the folder with the project file and the CMake file."""
    assert build.checkout() == ROOT


def test_an_installed_program_says_that_it_needs_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel holds no CMake file, so there is nothing to compare with."""
    monkeypatch.setattr(ducktypist, "__file__", str(tmp_path / "lib/ducktypist/__init__.py"))
    with pytest.raises(ConfigError, match="from a checkout"):
        build.checkout()


def test_the_pinned_version_is_built() -> None:
    """What is built is what the project file pins."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert build.requirement(ROOT) in project["dependencies"]
    assert build.requirement(ROOT).startswith("llama-cpp-python==")


def test_a_project_without_a_pinned_version_is_refused(tmp_path: Path) -> None:
    """An open requirement would measure whatever is newest."""
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["llama-cpp-python>=0.3"]')
    with pytest.raises(ConfigError, match="pins no version"):
        build.requirement(tmp_path)


def test_the_stock_build_gets_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What steers a build is taken out of the environment, the rest stays."""
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=ON")
    monkeypatch.setenv("SKBUILD_CMAKE_ARGS", "-DX=1")
    monkeypatch.setenv("KEPT", "yes")
    stock, lean = build.recipes(ROOT)
    plain = build.environment(stock)
    assert not {"CMAKE_ARGS", "SKBUILD_CMAKE_ARGS"} & plain.keys()
    assert plain["KEPT"] == "yes"
    ours = build.environment(lean)
    assert "-DLLAVA_BUILD=OFF" in ours["CMAKE_ARGS"]
    assert "CUDA" not in ours["CMAKE_ARGS"]
    assert plain["CMAKE_BUILD_PARALLEL_LEVEL"] == ours["CMAKE_BUILD_PARALLEL_LEVEL"]


def test_the_lean_build_is_the_bootstrap_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It includes the same file in the same way as ``scripts/bootstrap.py``."""
    monkeypatch.delenv("SKBUILD_CMAKE_ARGS", raising=False)
    monkeypatch.delenv("CMAKE_BUILD_PARALLEL_LEVEL", raising=False)
    source = (ROOT / "scripts/bootstrap.py").read_text()
    namespace: dict[str, object] = {"__name__": "bootstrap", "__file__": str(ROOT / "scripts/b.py")}
    exec(compile(source, "bootstrap.py", "exec"), namespace)  # noqa: S102 - a script of ours
    wanted = namespace["build_environment"]()  # type: ignore[operator] # it is a function
    found = build.environment(build.recipes(ROOT)[1])
    for key in ("SKBUILD_CMAKE_ARGS", "CMAKE_BUILD_PARALLEL_LEVEL"):
        assert found[key] == wanted[key]


def test_nothing_cached_is_used(tmp_path: Path) -> None:
    """The command has a cache of its own, builds from source and touches no environment."""
    argv = build.command("uv", "llama-cpp-python==1.2.3", tmp_path / "t", tmp_path / "c")
    assert argv[:3] == ["uv", "pip", "install"]
    assert argv[-1] == "llama-cpp-python==1.2.3"
    pairs = dict(itertools.pairwise(argv))
    assert pairs["--cache-dir"] == str(tmp_path / "c")
    assert pairs["--target"] == str(tmp_path / "t")
    assert pairs["--no-binary"] == "llama-cpp-python"
    assert pairs["--python"] == sys.executable


def test_a_failed_build_is_a_row_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other recipe is still built, and no minutes are claimed."""
    program = tmp_path / "uv"
    program.write_text('#!/bin/sh\n[ -n "$SKBUILD_CMAKE_ARGS" ] && exit 0\necho broken; exit 7\n')
    program.chmod(0o755)
    monkeypatch.setattr(build, "find_uv", lambda _: str(program))
    begun: list[str] = []
    report = asyncio.run(build.build(on_start=begun.append))
    stock, lean = report.rows
    assert begun == ["build-stock", "build-lean"]
    assert "status 7: broken" in stock.problem
    assert stock.samples == ()
    assert lean.problem == ""
    assert len(lean.samples) == 1


def test_one_recipe_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not asked for is not built."""
    monkeypatch.setattr(build, "find_uv", lambda _: "/bin/true")
    report = asyncio.run(build.build(only=["build-lean"]))
    assert [row.name for row in report.rows] == ["build-lean"]


def test_an_output_that_is_no_text_is_survived(tmp_path: Path) -> None:
    """Compilers print what they like."""
    argv = ["/bin/sh", "-c", r"printf '\377\n'; exit 3"]
    with pytest.raises(RunnerError, match="status 3"):
        asyncio.run(build._run(argv, cwd=tmp_path, variables={"PATH": "/usr/bin:/bin"}))
