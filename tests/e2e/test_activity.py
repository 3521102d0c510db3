"""``ducktypist/activity``: what a client that shows it is told of the model, over stdio."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import ServerGoneError
from support.windows import Window, capabilities_of, script_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

METHOD = "ducktypist/activity"
Workspace = Callable[..., Path]


def showing() -> dict[str, Any]:
    """Return the capabilities of an editor that shows what the model is doing."""
    capabilities = capabilities_of("visual-studio-code")
    capabilities["experimental"] = {"ducktypist": {"activity": True}}
    return capabilities


def states(window: Window) -> list[dict[str, Any]]:
    """Return what was told so far."""
    return [each["params"] for each in window.client.messages if each.get("method") == METHOD]


async def until(
    window: Window, matches: Callable[[Mapping[str, Any]], bool], *, after: int = 0
) -> dict[str, Any]:
    """Wait until the client was told what matches, from number ``after`` on."""
    async with asyncio.timeout(40):
        while True:
            found = next((one for one in states(window)[after:] if matches(one)), None)
            if found is not None:
                return found
            if window.client.process.returncode is not None:
                raise ServerGoneError(window.client.errors.decode(errors="replace")[-2000:])
            await asyncio.sleep(0.02)


def is_state(state: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what matches a state."""
    return lambda told: told["state"] == state


async def test_a_slow_answer_is_read_written_and_over(tmp_path: Path, workspace: Workspace) -> None:
    """It is started, idle, reads, writes so many tokens a second and is idle again."""
    words = " ".join(f"word{number}" for number in range(25))
    script = script_written(
        tmp_path / "slow.json",
        name="slow-duck",
        load_ms=600,
        rule=[{"match": "Explain ", "reply": words, "prefill_ms": 900, "delay_ms": 40}],
    )
    async with Window.opened(workspace(), script=script, capabilities=showing()) as window:
        await until(window, is_state("starting"))
        idle = await until(window, lambda told: told["model"] == "slow-duck")
        assert (idle["state"], idle["quantisation"]) == ("idle", "none")
        assert (idle["tok_s"], idle["message"], idle["speed"]) == (None, None, "not measured")
        assert idle["today"] == {
            "suggestions": 0,
            "verified": 0,
            "right": 0,
            "share": None,
            "low": None,
            "high": None,
            "too_few": True,
        }
        n_before = len(states(window))
        uri = window.open(workspace(name="other") / "shop/sums.py")
        at = window.place(uri, "def add_up")
        asked = window.client.start_request(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": at}
        )
        await until(window, is_state("reading"), after=n_before)
        writing = await until(
            window, lambda told: told["state"] == "writing" and told["tok_s"], after=n_before
        )
        # One token in 40 ms and the machine's own time; never faster than the script lets it.
        assert 0 < writing["tok_s"] <= 40
        await window.client.result(asked, timeout_s=40)
        counted = await until(
            window,
            lambda told: told["state"] == "idle" and told["today"]["suggestions"] > 0,
            after=n_before,
        )
        assert counted["today"]["verified"] == 0
        assert counted["speed"] in {"usable", "slow", "tea"}
        found = states(window)
        assert all(one != after for one, after in itertools.pairwise(found))


async def test_a_client_that_did_not_ask_is_told_nothing(
    script: Path, workspace: Workspace
) -> None:
    """Neither one that says nothing of it nor one that says no."""
    for said in ({}, {"ducktypist": {"activity": False}}, {"ducktypist": True}):
        capabilities = capabilities_of("visual-studio-code") | {"experimental": said}
        root = workspace(name=f"shop{len(str(said))}")
        async with Window.opened(root, script=script, capabilities=capabilities) as window:
            await window.ready()
            uri = window.open(root / "shop/sums.py")
            assert await window.hover(uri, "def add_up")
            assert states(window) == []


async def test_a_missing_model_is_said_and_why(workspace: Workspace) -> None:
    """The message names the model and says how to get it."""
    async with Window.opened(workspace(), capabilities=showing()) as window:
        missing = await until(window, is_state("missing"))
        assert "is not on this machine" in missing["message"]
        assert "ducktypist model pull" in missing["message"]
        assert missing["tok_s"] is None


async def test_settings_that_name_another_engine_are_followed(
    tmp_path: Path, workspace: Workspace
) -> None:
    """A model that is missing no longer is, once settings say where it is."""
    script = script_written(tmp_path / "quick.json", name="other-duck")
    async with Window.opened(workspace(), capabilities=showing()) as window:
        await until(window, is_state("missing"))
        settings = {"ducktypist": {"engine": {"backend": f"scripted:{script}"}}}
        window.client.notify("workspace/didChangeConfiguration", {"settings": settings})
        await until(window, is_state("stopped"))
        uri = window.open(workspace(name="other") / "shop/sums.py")
        await window.hover(uri, "def add_up")
        await until(window, lambda told: told["state"] == "idle" and told["model"] == "other-duck")


async def test_an_engine_that_cannot_load_has_failed(tmp_path: Path, workspace: Workspace) -> None:
    """The message says what went wrong."""
    script = script_written(tmp_path / "broken.json", load_fail="the file is cut short")
    async with Window.opened(workspace(), script=script, capabilities=showing()) as window:
        failed = await until(window, is_state("failed"))
        assert "the file is cut short" in failed["message"]


async def test_an_engine_that_leaves_for_want_of_work_is_stopped(
    tmp_path: Path, workspace: Workspace
) -> None:
    """The client is told, though nobody asked anything meanwhile."""
    script = script_written(tmp_path / "leaving.json", name="leaving-duck")
    options = {"engine": {"idle_unload_s": 1}}
    async with Window.opened(
        workspace(), script=script, capabilities=showing(), options=options
    ) as window:
        await until(window, is_state("idle"))
        stopped = await until(window, is_state("stopped"), after=_number(window, "idle"))
        assert stopped["model"] == "leaving-duck"


def _number(window: Window, state: str) -> int:
    """Return the number of the first one with a state."""
    return next(n for n, told in enumerate(states(window)) if told["state"] == state)


async def test_a_body_that_was_verified_counts_today(script: Path, workspace: Workspace) -> None:
    """Its outcome is in today's counts, as the ledger has it."""
    root = workspace()
    async with Window.opened(root, script=script, capabilities=showing()) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py")
        await window.resolved(await window.action(uri, "def sh", "write the body"))
        told = await until(window, lambda told: told["today"]["verified"] > 0)
        assert told["today"]["right"] == told["today"]["verified"] == 1
        assert told["today"]["share"] == 1.0
        assert 0 < told["today"]["low"] < told["today"]["high"] == 1.0
        assert told["today"]["too_few"] is True
        stats = await window.command("stats")
        assert stats["n_verified"] == 1
