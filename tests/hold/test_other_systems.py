"""Windows and macOS, as far as they can be forced here: see ``docs/other-systems.md``."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath, PureWindowsPath

import httpx
import pytest

from ducktypist import trust
from ducktypist.engine import address
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.features.context.readable import is_secret
from ducktypist.lsp.convert import uri_to_path
from ducktypist.verify.guard_paths import is_protected
from support import windows
from support.engines import host_pids, running, spec_of
from support.leftovers import end_hosts
from support.other_systems import MACOS, SYSTEMS, WINDOWS, System, interpreter
from support.served import Workspace
from support.served import workspace as workspace  # noqa: PLC0414 - a fixture
from support.shop import RULES
from support.stdio_client import RpcError, serve_command
from support.windows import Window, script_written

pytestmark = pytest.mark.hold

ON_EACH = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
SANDBOXED_PROGRAMS = {
    *("behaviour_child", "behaviour_driver", "call_probe", "example_driver"),
    *("example_trial_driver", "go_driver", "pytest_probe", "trial_driver", "trial_warm"),
}
"""Modules of ``verify`` that run in a sandbox only, and so on Linux only."""
IMPORT_ALL = """
import importlib, json, sys
from support.other_systems import SYSTEMS, pretend
from support.source_tree import module_name, python_files
pretend(SYSTEMS[sys.argv[1]])
failed = {}
for name in map(module_name, python_files()):
    if name.startswith("ducktypist.bench") or name.endswith("__main__"):
        continue
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps(failed))
"""


@ON_EACH
def test_every_module_is_imported_there(system: System) -> None:
    """No module asks at its top for what the system lacks, but for those of sandboxed runs."""
    failed = json.loads(_python(IMPORT_ALL, system.platform))
    allowed = {f"ducktypist.verify.{name}" for name in SANDBOXED_PROGRAMS}
    assert {name: why for name, why in failed.items() if name not in allowed} == {}


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Path]:
    """The folder of the test's own host, which is ended afterwards."""
    folder = Path(os.environ["DUCKTYPIST_RUNTIME_DIR"])
    yield folder
    end_hosts(folder)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """What the test's own host answers."""
    return script_written(tmp_path / "script.json", name="scripted", rule=RULES)


@ON_EACH
async def test_a_window_serves_and_runs_nothing(
    system: System,
    script: Path,
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server starts its host and the model answers; what is not run says why, by the system.

    Where there are no Unix sockets the host listens on the loopback, and a private file says where
    and with which token.
    """
    python = str(interpreter(system, tmp_path))
    monkeypatch.setattr(
        windows, "serve_command", lambda *given: [python, *serve_command(*given)[1:]]
    )
    root = workspace()
    refused = f"no sandbox is supported on {system.platform}"
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop/sums.py")
        assert "It adds two numbers." in await window.hover(uri, "def add")
        status = await window.ready()
        assert status["sandbox"]["level"] == 0
        with pytest.raises(RpcError, match=refused):
            await window.command("runTests", {})
        words = window.open(root / "shop/words.py")
        done = await window.resolved(await window.action(words, "def sh", "write the body"))
        verdict = done["data"]["verdict"]
        assert verdict["outcome"] == "not_run"
        assert refused in verdict["summary"]
        assert done["edit"]
        (place,) = Path(os.environ["DUCKTYPIST_RUNTIME_DIR"]).rglob("*.sock")
        is_socket = stat.S_ISSOCK(place.stat().st_mode)
        assert is_socket is (system is MACOS)
        assert stat.S_IMODE(place.stat().st_mode) == 0o600


async def test_the_answer_is_refused_without_the_token(
    script: Path, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody on the machine reaches the loopback; who cannot read the file gets nothing."""
    python = str(await asyncio.to_thread(interpreter, WINDOWS, tmp_path))
    own = HostSpec.command
    monkeypatch.setattr(HostSpec, "command", lambda spec: [python, *own(spec)[1:]])
    spec = await asyncio.to_thread(spec_of, script, runtime)
    async with running(spec) as client:
        assert await client.tokenize("a b")
        where = await asyncio.to_thread(address.find, spec.socket_path())
        assert where is not None
        assert where.socket_path is None
        assert where.base_url.startswith("http://127.0.0.1:")
        async with httpx.AsyncClient(base_url=where.base_url) as stranger:
            for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Bearer x"}):
                for path in ("/health", "/props", "/slots", "/metrics", "/v1/models"):
                    assert (await stranger.get(path, headers=headers)).status_code == 401
                answer = await stranger.post("/v1/completions", json={"prompt": "a"})
                assert answer.status_code == 401


async def test_one_host_there_as_well(
    script: Path, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows that start at the same moment, with the locks of that system, share one host."""
    python = str(await asyncio.to_thread(interpreter, WINDOWS, tmp_path))
    own = HostSpec.command
    monkeypatch.setattr(HostSpec, "command", lambda spec: [python, *own(spec)[1:]])
    spec = await asyncio.to_thread(spec_of, script, runtime)
    clients = [EngineClient.embedded(spec) for _ in range(4)]
    async with running(spec):
        await asyncio.gather(*(client.ensure_started() for client in clients))
        assert len(await asyncio.to_thread(host_pids, spec)) == 1
        for client in clients:
            await client.aclose()


LOCKS = """
import os, sys
from pathlib import Path
from support.other_systems import SYSTEMS, pretend
pretend(SYSTEMS[sys.argv[1]])
from ducktypist.locks import open_lock, try_lock, wait_for_lock
path = Path(sys.argv[2])
first, second = open_lock(path), open_lock(path)
assert try_lock(first) and not try_lock(second)
os.close(first)
wait_for_lock(second)
third = open_lock(path)
assert not try_lock(third)
"""


@ON_EACH
def test_a_lock_is_held_by_one(system: System, tmp_path: Path) -> None:
    """Two that hold one file open do not hold its lock; closing it lets go."""
    _python(LOCKS, system.platform, str(tmp_path / "a.lock"))


LONGEST = """
import sys
from pathlib import Path
from support.other_systems import SYSTEMS, pretend
pretend(SYSTEMS[sys.argv[1]])
from ducktypist.engine.address import check_length
from ducktypist.errors import EngineUnavailableError
check_length(Path("/" + 102 * "x"))
try:
    check_length(Path("/" + 103 * "x"))
except EngineUnavailableError as error:
    print(error)
"""


def test_a_socket_has_room_for_less_on_macos() -> None:
    """What is one byte too long there is told before anything is started."""
    assert "at most 103 fit" in _python(LONGEST, MACOS.platform)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///C:/Work/Ada/x.py", "c:/Work/Ada/x.py"),
        ("file:///c%3A/Work/Ada/x.py", "c:/Work/Ada/x.py"),
        ("file:///C%3a/a%20b/%C3%A9%23.py", "c:/a b/é#.py"),
        ("file://server/share/x.py", "//server/share/x.py"),
        ("file://localhost/C:/x.py", "c:/x.py"),
    ],
)
def test_a_drive_has_one_spelling(uri: str, path: str) -> None:
    """Editors write a drive in capitals or escaped; it is one file."""
    found = uri_to_path(uri, windows=True)
    assert found is not None
    assert PureWindowsPath(found.as_posix()) == PureWindowsPath(path)
    assert found.as_posix()[0] == path[0]


@pytest.mark.parametrize(
    "path",
    ["Tests/x.py", "TEST_X.PY", "ConfTest.py", "PyProject.TOML", ".GIT/hooks/x.py", "MakeFile"],
)
def test_capitals_open_no_protected_file(path: str, tmp_path: Path) -> None:
    """Where `ConfTest.py` is `conftest.py`, a patch of the one would be a patch of the other."""
    assert is_protected(Path(path), tmp_path)


@pytest.mark.parametrize(
    "path", [".ENV", ".Ssh/config", "Server.PEM", "ID_RSA", "Credentials.JSON"]
)
def test_capitals_hide_no_secret(path: str) -> None:
    """Where `.ENV` is `.env`, it holds the same."""
    assert is_secret(PurePath(path))


def test_capitals_give_no_trust(tmp_path: Path) -> None:
    """Another spelling of a trusted folder is not trusted: it asks once more, and errs safely."""
    folder = tmp_path / "shop"
    folder.mkdir()
    trust.trust(folder)
    assert trust.is_trusted(folder)
    assert not trust.is_trusted(tmp_path / "SHOP")


def _python(code: str, *arguments: str) -> str:
    """Run code that sees another system in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
