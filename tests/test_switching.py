"""Loading another model, and what becomes of the host of the one before."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from ducktypist.app.switching import (
    app_for,
    host_of_settings,
    is_window,
    let_go,
    load_and_measure,
    running_windows,
)
from ducktypist.engine.client import EngineState, HostSpec
from support.engines import running, short_folder, spec_of, until_async


def script(folder: Path, name: str = "duck") -> Path:
    """Write a script that answers everything."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"name": name, "default": "quack quack", "rule": []}))
    return path


@pytest.fixture
def hosts(tmp_path: Path) -> tuple[HostSpec, HostSpec]:
    """Return an old host and a new one, which nobody has started."""
    folder = short_folder()
    return spec_of(script(tmp_path, "old"), folder), spec_of(script(tmp_path, "new"), folder)


async def test_a_model_is_loaded_and_asked_for_a_little(tmp_path: Path) -> None:
    """The answer's tokens and times are told, and which model it was."""
    path = await asyncio.to_thread(script, tmp_path)
    backend = f"scripted:{path}"
    loaded = await load_and_measure("qwen2.5-coder-0.5b-instruct-q4_k_m", backend=backend)
    try:
        assert loaded.identity.name == "duck"
        assert loaded.timings.completion_tokens > 0
        assert loaded.load_s > 0
    finally:
        app = await asyncio.to_thread(app_for, "x", backend=backend)
        engine = await asyncio.to_thread(app.engine)
        assert await engine.stop_host()
        await app.aclose()


@pytest.mark.parametrize(("windows", "is_same", "ends"), [
    ([], False, True),
    ([4711], False, False),
    ([], True, False),
])  # fmt: skip
async def test_the_old_host_ends_when_nobody_needs_it(
    hosts: tuple[HostSpec, HostSpec], *, windows: list[int], is_same: bool, ends: bool
) -> None:
    """Not under a window, and not when it is the new one."""
    old, other = hosts
    new = old if is_same else other
    async with running(old) as client:
        await client.wait_ready(20)
        told = await let_go(old, new, windows)
        assert (told.was_ended, told.n_windows) == (ends, len(windows))
        if ends:
            await until_async(lambda: not old.socket_path().exists())
        await client.status()
        assert (client.state is EngineState.READY) is not ends


async def test_no_old_host_is_no_trouble(hosts: tuple[HostSpec, HostSpec]) -> None:
    """Neither one that was never started, nor settings that name none."""
    old, new = hosts
    assert not (await let_go(old, new, [])).was_ended
    assert not (await let_go(None, new, [])).was_ended


def test_settings_that_name_a_missing_model_name_no_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to end then."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert host_of_settings() is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["/usr/bin/python3", "/home/me/.local/bin/ducktypist", "serve"], True),
        (["ducktypist", "serve", "--engine-url", "http://x"], True),
        (["python", "-m", "ducktypist", "serve"], True),
        (["ducktypist", "host"], False),
        (["python", "-m", "ducktypist.engine.host", "--socket=serve"], False),
        (["vim", "ducktypist", "notes"], False),
        ([], False),
    ],
)
def test_a_window_is_known_by_its_command_line(command: list[str], *, expected: bool) -> None:
    """It is a language server, whoever started it."""
    assert is_window(command) is expected


def test_windows_are_looked_for() -> None:
    """What is found are process ids; this test is none of them."""
    assert os.getpid() not in running_windows()
