from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.errors import RunnerError
from ducktypist.verify.go_toolchain import find_go


def install(root: Path, version: str = "go1.22.1") -> Path:
    """Lay down something that looks like a Go installation, and return its ``go``."""
    program = root / "bin" / "go"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/false\n")
    program.chmod(0o755)
    (root / "VERSION").write_text(f"{version}\ntime 2024-01-01T00:00:00Z\n")
    return program


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace."""
    root = tmp_path / "workspace"
    root.mkdir()
    return root


def test_the_setting_comes_first(tmp_path: Path, workspace: Path) -> None:
    """A configured program is taken, with its root and version."""
    go = install(tmp_path / "sdk")
    found = find_go(configured=str(go), workspace=workspace, environment={})
    assert (found.go, found.goroot, found.version) == (go, tmp_path / "sdk", "1.22.1")
    assert found.numbers == (1, 22, 1)


def test_a_link_leads_to_the_installation(tmp_path: Path, workspace: Path) -> None:
    """A link on PATH, as Debian has it, is followed to the real program."""
    go = install(tmp_path / "lib" / "go-1.22")
    link = tmp_path / "bin" / "go"
    link.parent.mkdir()
    link.symlink_to(go)
    found = find_go(configured="go", workspace=workspace, environment={"PATH": str(link.parent)})
    assert found.go == go


def test_a_wrapper_of_a_package_is_seen_through(tmp_path: Path, workspace: Path) -> None:
    """The script that pip lays down leads to the toolchain in the same environment."""
    go = install(tmp_path / "env" / "lib" / "python3.12" / "site-packages" / "go")
    script = tmp_path / "env" / "bin" / "go"
    script.parent.mkdir()
    script.write_text("#!/usr/bin/env python\n")
    script.chmod(0o755)
    found = find_go(configured=str(script), workspace=workspace, environment={})
    assert found.go == go


def test_none_inside_the_workspace(workspace: Path) -> None:
    """A Go that the workspace brings along is not run, also through a link from outside."""
    go = install(workspace / "sdk")
    with pytest.raises(RunnerError, match="inside the workspace"):
        find_go(configured=str(go), workspace=workspace, environment={})
    link = workspace.parent / "go"
    link.symlink_to(go)
    with pytest.raises(RunnerError, match="inside the workspace"):
        find_go(configured=str(link), workspace=workspace, environment={})


def test_what_is_refused_is_named(tmp_path: Path, workspace: Path) -> None:
    """The message says what was wrong with the program, and what to do."""
    old = install(tmp_path / "old", "go1.17.13")
    with pytest.raises(RunnerError, match=r"1\.17\.13, older than 1\.18.*go\.dev/dl"):
        find_go(configured=str(old), workspace=workspace, environment={})
    lone = tmp_path / "lone"
    lone.write_text("")
    with pytest.raises(RunnerError, match="no Go installation"):
        find_go(configured=str(lone), workspace=workspace, environment={})
    with pytest.raises(RunnerError, match=r"go\.command names /no/such"):
        find_go(configured="/no/such", workspace=workspace, environment={})


def test_the_module_cache_is_the_users(tmp_path: Path, workspace: Path) -> None:
    """``GOMODCACHE`` counts, then ``GOPATH``, then the home; never one in the workspace."""
    go = str(install(tmp_path / "sdk"))
    places = {
        "GOMODCACHE": tmp_path / "modules",
        "GOPATH": tmp_path / "path" / "pkg" / "mod",
        "HOME": tmp_path / "home" / "go" / "pkg" / "mod",
    }
    for place in places.values():
        place.mkdir(parents=True)
    environment = {
        "GOMODCACHE": str(places["GOMODCACHE"]),
        "GOPATH": f"{tmp_path / 'path'}:/other",
        "HOME": str(tmp_path / "home"),
    }
    for name in ("GOMODCACHE", "GOPATH", "HOME"):
        found = find_go(configured=go, workspace=workspace, environment=environment)
        assert found.module_cache == places[name]
        del environment[name]
    inside = {"GOMODCACHE": str(workspace)}
    assert find_go(configured=go, workspace=workspace, environment=inside).module_cache is None
