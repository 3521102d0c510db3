"""Making another model the resident one: load it, measure it, let the old one go.

Which model is wanted is a line in the user's file; ``config.writing`` sets it. A window reads that
file when it starts and when its own settings, folders or trust change, not before: until then it
goes on with the old model, and would start the old host again if that were ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from ducktypist.app import App
from ducktypist.domain import GenerationRequest, ModelIdentity, TextPrompt, Timings
from ducktypist.engine.client import EngineClient, HostSpec, Rates
from ducktypist.errors import DucktypistError

LOAD_WAIT_S: Final = 600.0
ANSWER_TOKENS: Final = 32
CODE_TO_GO_ON_WITH: Final = (
    "def moving_average(values, width):\n"
    '    """Return the means of all runs of `width` neighbours, in order."""\n'
    "    total = sum(values[:width])\n"
)
"""The short answer goes on with this; plain text, which every model can, whatever its chat form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model that a host has loaded, and how fast it was there."""

    identity: ModelIdentity
    load_s: float
    """From asking for the host until it was ready; short where it was resident already."""
    rates: Rates | None
    """The host's own measurement; None where a backend has none."""
    timings: Timings
    """Of one short answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldHost:
    """What became of the host of the model before."""

    was_ended: bool
    n_windows: int
    """Windows that run, and that go on with the old model for now."""


def app_for(model: str, *, backend: str | None = None) -> App:
    """Return an app whose own host has this model, whatever the settings name."""
    return App(settings={"model": {"name": model}, "engine": {"url": ""}}, backend=backend)


async def load_and_measure(model: str, *, backend: str | None = None) -> Loaded:
    """Start a host for a model, wait until it is loaded and measured, and ask it for a little.

    Raises:
        EngineError: It did not load or did not answer.
        ModelError: The model is not here.
    """
    app = await asyncio.to_thread(app_for, model, backend=backend)
    try:
        # Which host that is follows from the model's file, so the disk is read.
        engine = await asyncio.to_thread(app.engine)
        began_s = time.monotonic()
        await engine.wait_ready(LOAD_WAIT_S)
        load_s = time.monotonic() - began_s
        request = GenerationRequest(
            prompt=TextPrompt(text=CODE_TO_GO_ON_WITH), max_tokens=ANSWER_TOKENS
        )
        generation = await engine.generate(request)
        return Loaded(
            identity=await engine.identity(),
            load_s=load_s,
            rates=await engine.rates(),
            timings=generation.timings,
        )
    finally:
        await app.aclose()


def host_of_settings() -> HostSpec | None:
    """Return the host that the user's settings name; None when they name none that could run."""
    try:
        return App(settings={"engine": {"url": ""}}).host_spec()
    except DucktypistError:
        return None


async def let_go(old: HostSpec | None, new: HostSpec, windows: Sequence[int]) -> OldHost:
    """End the host of the model before, unless a window may be using it or it is the new one.

    Args:
        old: As ``host_of_settings`` returned it before the setting was changed.
        new: The host that stays.
        windows: The processes of the windows that run.
    """
    if old is None or old.key() == new.key() or windows:
        return OldHost(was_ended=False, n_windows=len(windows))
    client = EngineClient.embedded(old)
    try:
        return OldHost(was_ended=await client.stop_host(), n_windows=0)
    finally:
        await client.aclose()


def running_windows() -> list[int]:
    """Return the process ids of this user's language servers; each is one editor window."""
    me = psutil.Process().username()
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "username"]):
        told = process.info
        if told["username"] == me and is_window(told["cmdline"] or ()):
            found.append(int(told["pid"]))
    return found


def is_window(command: Iterable[str]) -> bool:
    """Tell whether a command line is that of a language server: ``ducktypist … serve``."""
    words = list(command)
    names = [Path(word).stem for word in words[:3]]
    return "ducktypist" in names and "serve" in words[names.index("ducktypist") + 1 :]
