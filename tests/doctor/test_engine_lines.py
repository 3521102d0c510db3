"""The lines about engine, build, graphics card, speed and sandbox, on engines that really run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psutil
import pytest

from ducktypist import config
from ducktypist.app import App
from ducktypist.doctor.build import build, compared, cpu_flags
from ducktypist.doctor.check import Check, Status
from ducktypist.doctor.engine import engine
from ducktypist.doctor.examining import Case
from ducktypist.doctor.gpu import cards_seen, gpu
from ducktypist.doctor.memory import judged, memory
from ducktypist.doctor.sandboxing import sandbox
from ducktypist.doctor.speed import measured
from ducktypist.fit.machine import Machine
from ducktypist.fit.memory import Need
from support.clinic import Clinic
from support.engines import host_pids, kill, until_async
from support.keyrings import FakeKeyring, install
from support.sandboxes import expected_levels

OF_THE_ENGINE = (
    Case(name="engine", look=engine, limit_s=60),
    Case(name="build", look=build, limit_s=60),
    Case(name="gpu", look=gpu, limit_s=60),
    Case(name="memory", look=memory, limit_s=60),
    Case(name="speed", look=measured, limit_s=60),
)


@pytest.mark.e2e
async def test_a_host_that_answers(clinic: Clinic, script: Path) -> None:
    """It is started, named with its process, and known to have run the next time."""
    clinic.backend = f"scripted:{script}"
    found = await clinic.ask(*OF_THE_ENGINE)
    assert found["engine"].status is Status.OK
    assert found["engine"].details["was_running"] is False
    pid = found["engine"].details["pid"]
    assert isinstance(pid, int)
    assert await asyncio.to_thread(psutil.pid_exists, pid)
    assert found["engine"].details["since"]
    assert found["speed"].details["decode_tok_s"]
    assert found["build"].status is found["gpu"].status is Status.OK
    again = (await clinic.ask(*OF_THE_ENGINE))["engine"]
    assert again.details["was_running"] is True
    assert again.details["pid"] == pid


@pytest.mark.e2e
async def test_a_host_that_was_killed(clinic: Clinic, script: Path) -> None:
    """Its record tells how it went; the line says so and that a new one answers."""
    clinic.backend = f"scripted:{script}"
    assert (await clinic.ask(*OF_THE_ENGINE))["engine"].status is Status.OK
    app = await asyncio.to_thread(App, backend=clinic.backend)
    spec = await asyncio.to_thread(app.host_spec)
    await app.aclose()
    kill(await asyncio.to_thread(host_pids, spec))
    await until_async(lambda: not host_pids(spec))
    check = (await clinic.ask(*OF_THE_ENGINE))["engine"]
    assert check.status is Status.WARN
    assert "it was killed, or ended without a word" in check.summary
    assert check.details["was_running"] is False
    assert "log" in check.advice


@pytest.mark.e2e
async def test_an_engine_that_cannot_be(clinic: Clinic) -> None:
    """Without a model the engine fails with the reason; what needs it only says so."""
    found = await clinic.ask(*OF_THE_ENGINE)
    assert found["engine"].status is Status.FAIL
    assert "is not on this machine" in found["engine"].summary
    others = [found[name] for name in ("build", "gpu", "speed")]
    assert [(check.status, check.advice) for check in others] == [(Status.WARN, "see engine")] * 3


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """A keyring of the test's own."""
    return install(monkeypatch)


async def test_nobody_at_a_remote_address(
    clinic: Clinic, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails, and says where the key comes from without showing it."""
    assert keyring.kept == {}
    clinic.settings = {"engine": {"url": "http://127.0.0.1:9"}}
    check = (await clinic.ask(*OF_THE_ENGINE))["engine"]
    assert check.status is Status.FAIL
    assert "ducktypist key set" in check.advice
    monkeypatch.setenv("DUCKTYPIST_API_KEY", "hunter2-hunter2")
    check = (await clinic.ask(*OF_THE_ENGINE))["engine"]
    assert check.details["api_key_from"] == "environment"
    assert "hunter2" not in json.dumps(check.to_json())


INFO = "CUDA : ARCHS = 900 | USE_GRAPHS = 1 | CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1 | FMA = 1 | "
HAS = frozenset({"pni", "avx", "avx2", "fma", "f16c", "avx512f"})


def test_a_build_that_does_not_use_what_there_is() -> None:
    """What costs speed is named; a section of another backend does not count."""
    check = compared(INFO, HAS, version="0.3.36")
    assert check.status is Status.WARN
    assert "F16C, AVX512 is not used" in check.summary
    assert "USE_GRAPHS" not in check.details["built_for"]  # type: ignore[operator] # a list


def test_a_build_for_another_processor() -> None:
    """Instructions that are not there end in a crash, so it is a failure."""
    check = compared(INFO, HAS - {"avx2"}, version="0.3.36")
    assert check.status is Status.FAIL
    assert "no AVX2" in check.summary


def test_a_build_for_this_very_processor() -> None:
    """All that counts is used; where nobody says what there is, that is said."""
    assert compared(INFO, HAS - {"f16c", "avx512f"}, version="x").status is Status.OK
    assert "not known" in compared(INFO, frozenset(), version="x").summary


def test_flags_of_a_processor(tmp_path: Path) -> None:
    """Those of Intel's kind and of ARM's are read; a missing file is none."""
    path = tmp_path / "cpuinfo"
    assert cpu_flags(path) == frozenset()
    path.write_text("processor : 0\nflags\t\t: fpu avx2\nflags\t\t: other\n")
    assert cpu_flags(path) == {"fpu", "avx2"}
    path.write_text("Features\t: fp asimd asimddp\n")
    assert cpu_flags(path) == {"fp", "asimd", "asimddp"}


def test_cards_are_seen_without_a_library(tmp_path: Path) -> None:
    """The kernel's own list is read."""
    assert cards_seen(tmp_path / "gpus", tmp_path / "kfd") == ()
    card = tmp_path / "gpus" / "0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t\t Duck 4090\nIRQ: 5\n")
    (tmp_path / "kfd").touch()
    assert cards_seen(tmp_path / "gpus", tmp_path / "kfd") == ("Duck 4090", "an AMD card")


async def _sandbox(clinic: Clinic) -> Check:
    return (await clinic.ask(Case(name="sandbox", look=sandbox, limit_s=120)))["sandbox"]


@pytest.mark.sandbox
async def test_the_sandbox_holds(clinic: Clinic) -> None:
    """The level is the best that this machine must have, found by trying to break out."""
    wanted = max(await asyncio.to_thread(expected_levels))
    check = await _sandbox(clinic)
    assert check.details["level"] == wanted
    assert "held against an attempt to break out" in check.summary


async def test_no_sandbox(clinic: Clinic) -> None:
    """Where it cannot even be tried out, level 0 is a failure that says what is lost."""
    cache = config.cache_dir()
    await asyncio.to_thread(cache.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(cache.mkdir)
    # In the place of the folder for runs.
    await asyncio.to_thread((cache / "scratch").write_text, "")
    check = await _sandbox(clinic)
    assert check.status is Status.FAIL
    assert check.details["level"] == 0
    assert "nothing is run" in check.summary


@pytest.mark.model
async def test_the_real_model(clinic: Clinic, model: Path) -> None:
    """With the real engine the build's instruction sets and measured rates are there."""
    clinic.settings = {"model": {"name": str(model)}, "engine": {"n_ctx_tokens": 512}}
    try:
        found = await clinic.ask(*OF_THE_ENGINE)
    finally:
        app = await asyncio.to_thread(lambda: App(settings=clinic.settings))
        client = await asyncio.to_thread(app.engine)
        await client.stop_host()
        await app.aclose()
    assert found["engine"].status is Status.OK, found["engine"]
    assert found["build"].details["built_for"]
    assert found["memory"].status is Status.OK
    assert found["memory"].details["needs_bytes"] > model.stat().st_size  # type: ignore[operator]
    assert found["gpu"].details["has_gpu_build"] in {True, False}
    rates = found["speed"].details
    assert float(str(rates["prefill_tok_s"])) > float(str(rates["decode_tok_s"])) > 0


@pytest.mark.parametrize(
    ("free_bytes", "is_loaded", "status"),
    [(900, False, Status.OK), (500, False, Status.WARN), (0, True, Status.OK)],
)
def test_room_for_the_model(*, free_bytes: int, is_loaded: bool, status: Status) -> None:
    """Second copies that the system can drop need no room; what is loaded has taken its own."""
    taken = Need(
        weights_bytes=600,
        cache_bytes=200,
        buffers_bytes=50,
        process_bytes=50,
        reclaimable_bytes=100,
    )
    machine = Machine(memory_bytes=2000, free_memory_bytes=free_bytes, gpus=(), n_threads=2)
    check = judged(taken, machine, is_loaded=is_loaded)
    assert check.status is status
    assert check.details["needs_bytes"] == 900
