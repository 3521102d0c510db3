"""Fixtures of all tests that start the server as a process: a scripted model, a workspace.

A conftest takes them in by importing them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from support.leftovers import end_hosts, nothing_left
from support.sandboxes import tree_hash
from support.shop import RULES, SHOP
from support.windows import files_written, script_written

Workspace = Callable[..., Path]


@pytest.fixture(scope="session")
def shared_runtime() -> Iterator[Path]:
    """Return a runtime folder whose host serves all tests that use the same script."""
    folder = Path(tempfile.mkdtemp(prefix="dt-"))
    yield folder
    end_hosts(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the script that most tests share."""
    folder = tmp_path_factory.mktemp("script")
    return script_written(folder / "script.json", name="scripted", rule=RULES)


@pytest.fixture
def script(shared_script: Path, shared_runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the shared script, whose host outlives the test."""
    monkeypatch.setenv("DUCKTYPIST_RUNTIME_DIR", str(shared_runtime))
    return shared_script


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Return a maker of workspaces; each must be untouched in the end."""
    made: dict[Path, Mapping[str, object]] = {}

    def make(
        files: Mapping[str, str | bytes] = SHOP, *, name: str = "shop", may_change: bool = False
    ) -> Path:
        root = files_written(tmp_path / name, files)
        if not may_change:
            made[root] = tree_hash(root)
        return root

    yield make
    for root, before in made.items():
        assert tree_hash(root) == before, f"{root} was changed"


@pytest.fixture(autouse=True)
def left_nothing(_own_folders: None) -> Iterator[None]:
    """Fail a test that leaves a process, a socket or a scratch tree."""
    with nothing_left():
        yield
