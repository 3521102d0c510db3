from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ducktypist.verify.sandbox import SandboxStatus, probe
from support.sandboxes import tree_hash


@pytest.fixture(scope="session")
def sandbox_level(tmp_path_factory: pytest.TempPathFactory) -> SandboxStatus:
    """The best sandbox of this machine, found out once."""
    status = asyncio.run(probe(scratch_root=tmp_path_factory.mktemp("probe") / "scratch"))
    assert status.level > 0, f"these tests need a sandbox: {status.reason}"
    return status


@pytest.fixture
def scratch_root(tmp_path: Path) -> Path:
    """Where runs have their scratches."""
    return tmp_path / "scratch"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The folder of the workspace; a test writes its files."""
    root = tmp_path / "workspace"
    root.mkdir()
    return root


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """No sandboxed test leaves a scratch or a process behind, or a file in the workspace."""
    yield
    if not request.node.get_closest_marker("sandbox"):
        return
    scratch_root: Path = tmp_path / "scratch"
    assert not scratch_root.is_dir() or list(scratch_root.iterdir()) == []
    left = [path for path in Path("/proc").iterdir() if _mentions(path, scratch_root)]
    assert left == []
    before = getattr(request.node, "tree_before", None)
    if before is not None:
        assert tree_hash(tmp_path / "workspace") == before


def _mentions(process: Path, path: Path) -> bool:
    try:
        return str(path).encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False
