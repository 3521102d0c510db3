"""A window of one version and a host of another: neither misunderstands the other.

A host's address depends on the version, so windows of two versions have two hosts. What is left is
the window that was open while Ducktypist was replaced on the disk: it starts the other program
under its own address.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ducktypist
from ducktypist.domain import GenerationRequest, TextPrompt
from ducktypist.engine import startup
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.engine.dialect import DIALECT_VERSION, VERSION_HEADER, Endpoint
from ducktypist.errors import EngineRequestError, EngineUnavailableError
from support.engines import host_pids, in_process, running, short_folder, spec_of, until_async

REQUEST = GenerationRequest(prompt=TextPrompt(text="hi"), max_tokens=9)
SCRIPT = 'default = "one two three"\n'
OTHER_HOST = """
import sys
from ducktypist.engine import dialect
dialect.DIALECT_VERSION += {step}
from ducktypist.engine.host import main
sys.exit(main())
"""
OLDER_OR_NEWER = pytest.mark.parametrize("step", [-1, 1], ids=["older host", "newer host"])

Replace = Callable[[Callable[[list[str]], list[str]]], None]


@pytest.fixture
def script() -> Iterator[Path]:
    """A script in a folder of the test's own."""
    folder = short_folder()
    path = folder / "script.toml"
    path.write_text(SCRIPT)
    yield path
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def spec(script: Path) -> HostSpec:
    """The host of that script."""
    return spec_of(script, script.parent)


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """What puts another program in the host's place: it gets the arguments, without the module."""
    own = HostSpec.command

    def put(program: Callable[[list[str]], list[str]]) -> None:
        monkeypatch.setattr(HostSpec, "command", lambda spec: program(own(spec)[3:]))

    return put


def _other(step: int) -> Callable[[list[str]], list[str]]:
    return lambda given: [sys.executable, "-c", OTHER_HOST.format(step=step), *given]


@pytest.mark.parametrize("step", [-1, 1])
def test_windows_of_two_versions_have_two_hosts(
    spec: HostSpec, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of the program or of the dialect is another address, log, past and rate."""
    monkeypatch.setattr(startup, "DIALECT_VERSION", DIALECT_VERSION)
    own = _places(spec)
    monkeypatch.setattr(startup, "DIALECT_VERSION", DIALECT_VERSION + step)
    assert not own & _places(spec)
    monkeypatch.setattr(startup, "DIALECT_VERSION", DIALECT_VERSION)
    monkeypatch.setattr(ducktypist, "__version__", f"{ducktypist.__version__}.{step + 1}")
    assert not own & _places(spec)


def _places(spec: HostSpec) -> set[Path]:
    return {spec.socket_path(), spec.log_path(), spec.history_path(), spec.rates_path()}


@OLDER_OR_NEWER
async def test_a_host_of_another_version_is_told_apart(
    spec: HostSpec, replace: Replace, step: int
) -> None:
    """Whoever asks which model answers hears both versions and what to do; nothing crashes."""
    replace(_other(step))
    async with running(spec) as client:
        with pytest.raises(EngineUnavailableError, match="restart the editor") as caught:
            await client.identity()
        assert f"speaks version {DIALECT_VERSION + step} " in str(caught.value)
        assert f"version {DIALECT_VERSION};" in str(caught.value)
        assert (await client.status())["crashes"] == 0


@OLDER_OR_NEWER
async def test_a_window_that_outlived_an_upgrade_is_refused(
    spec: HostSpec, replace: Replace, step: int
) -> None:
    """Its next request starts the other program, which does not answer what it may misread."""
    async with running(spec) as client:
        assert (await client.generate(REQUEST)).text == "one two three"
        assert (await client.identity()).name == "scripted"
        assert await client.stop_host()
        await until_async(lambda: not host_pids(spec), timeout_s=60)
        replace(_other(step))
        with pytest.raises(EngineRequestError, match="restart the editor"):
            await client.generate(REQUEST)
        assert len(await asyncio.to_thread(host_pids, spec)) == 1


@pytest.mark.parametrize(
    "changed",
    [lambda given: [*given, "--of-a-later-version=1"], lambda given: given[:-1]],
    ids=["older host", "newer host"],
)
async def test_a_host_that_knows_other_options_is_told(
    spec: HostSpec, replace: Replace, changed: Callable[[list[str]], list[str]]
) -> None:
    """One option too many, or one that is wanted and not given: the message says what to do."""
    replace(lambda given: [sys.executable, "-m", "ducktypist.engine.host", *changed(given)])
    client = EngineClient.embedded(spec)
    with pytest.raises(EngineUnavailableError, match=r"another version.*restart the editor"):
        await client.generate(REQUEST)
    await client.aclose()
    assert not await asyncio.to_thread(host_pids, spec)


@pytest.mark.parametrize("endpoint", Endpoint)
async def test_only_who_tells_another_version_is_refused(script: Path, endpoint: Endpoint) -> None:
    """Other tools that use the host say no version; nonsense is another version."""
    bodies = {
        Endpoint.TEXT: {"prompt": "hi"},
        Endpoint.CHAT: {"messages": [{"role": "user", "content": "hi"}]},
        Endpoint.INFILL: {"input_prefix": "a", "input_suffix": "b"},
    }
    async with in_process(script) as (http, _worker):
        for told, status in ((None, 200), (str(DIALECT_VERSION), 200), ("1", 409), ("é", 409)):
            headers = {} if told is None else {VERSION_HEADER.encode(): told.encode()}
            answer = await http.post(endpoint.value, json=bodies[endpoint], headers=headers)
            assert answer.status_code == status, (told, answer.text)
