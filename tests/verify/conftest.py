from __future__ import annotations

import compileall
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.verify.sandbox import RunResult, Sandbox
from support.sandboxes import LIMITS, expected_levels, sandbox_of, tree_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A workspace, a sandbox, and a short way to run Python code in them."""

    sandbox: Sandbox
    workspace: Path
    scratch_root: Path
    user_python: Path

    async def python(self, code: str, *arguments: object, **changes: Any) -> RunResult:
        """Run a piece of Python in the sandbox."""
        overlay = changes.pop("overlay", {})
        environment = changes.pop("environment", {})
        return await self.sandbox.run(
            argv=[sys.executable, "-c", code, *map(str, arguments)],
            workspace=changes.pop("workspace", self.workspace),
            overlay=overlay,
            environment=environment,
            interpreter=Path(sys.executable),
            limits=replace(LIMITS, **changes),
        )


@pytest.fixture(scope="session")
def user_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's virtual environment, with pytest and what it needs and nothing else.

    ``DUCKTYPIST_TEST_USER_PYTHON`` names another, to try other versions of pytest and Python.
    """
    if os.environ.get("DUCKTYPIST_TEST_USER_PYTHON"):
        return Path(os.environ["DUCKTYPIST_TEST_USER_PYTHON"])
    folder = tmp_path_factory.mktemp("user") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    for name in ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, site / name)
        # pytest ships this one as a module beside its packages.
        if name == "pytest":
            shutil.copyfile(Path(spec.origin).parent.parent / "py.py", site / "py.py")
    compileall.compile_dir(str(site), quiet=1)
    return folder / "bin" / "python"


@pytest.fixture
def scratch_root(tmp_path: Path) -> Path:
    """A private folder for scratches, outside of the workspace."""
    return tmp_path / "scratch"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A small workspace with a package, a hidden folder and a link."""
    root = tmp_path / "workspace"
    (root / "package").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("[core]\n")
    (root / "package" / "__init__.py").write_text("VALUE = 1\n")
    (root / "package" / "module.py").write_text("VALUE = 1\n")
    (root / "linked").symlink_to("package")
    return root


@pytest.fixture(params=expected_levels(), ids=lambda level: f"level{level}")
def level(request: pytest.FixtureRequest) -> int:
    """Each level that has to work on this machine."""
    return int(request.param)


@pytest.fixture
async def bench(level: int, scratch_root: Path, workspace: Path, user_python: Path) -> Bench:
    """A sandbox of one level with a workspace."""
    sandbox = await sandbox_of(level, scratch_root=scratch_root)
    return Bench(
        sandbox=sandbox, workspace=workspace, scratch_root=scratch_root, user_python=user_python
    )


@pytest.fixture
def best_level() -> int:
    """The best level that has to work on this machine."""
    return max(expected_levels())


@pytest.fixture
async def best(best_level: int, scratch_root: Path, workspace: Path, user_python: Path) -> Bench:
    """A sandbox of the best level with a workspace."""
    sandbox = await sandbox_of(best_level, scratch_root=scratch_root)
    return Bench(
        sandbox=sandbox, workspace=workspace, scratch_root=scratch_root, user_python=user_python
    )


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest, scratch_root: Path, workspace: Path) -> Any:
    """No test of this folder may change its workspace or leave a scratch or a process behind."""
    before = tree_hash(workspace)
    yield
    if not request.node.get_closest_marker("sandbox"):
        return
    assert tree_hash(workspace) == before
    if scratch_root.is_dir():
        assert list(scratch_root.iterdir()) == []
    left = [path for path in Path("/proc").iterdir() if _mentions(path, scratch_root)]
    assert left == []


def _mentions(process: Path, path: Path) -> bool:
    try:
        return str(path).encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False
