"""What every end-to-end test gets: a scripted model, and a look at what it leaves behind."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ducktypist.verify.scratch import sweep
from support.sandboxes import tree_hash
from support.windows import files_written, script_written

PR_SET_CHILD_SUBREAPER = 36
LEFT_TIMEOUT_S = 6.0

SLOW_WORDS = " ".join(f"word{number}" for number in range(400))

RULES = [
    {"match": "def hangs_for_ever", "fail": "hang"},
    {"match": "def slowly", "reply": SLOW_WORDS, "delay_ms": 100},
    {"kind": "infill", "match": "def add_up", "reply": "return first + second"},
    {"kind": "infill", "match": "def shout", "reply": "return text.upper()"},
    {"kind": "chat", "match": "Explain .*def add_up", "reply": "It adds two numbers."},
    {"kind": "chat", "match": "Explain .*FINAL", "reply": "It is the final text."},
    {"kind": "chat", "match": "Explain ", "reply": "It prunes old things."},
    {"kind": "chat", "match": "Write the body.*def shout", "reply": "\n    return text.upper()\n"},
    {"kind": "text", "match": "def shout", "reply": "return text.upper()\n"},
]

SHOP = {
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "shop/sums.py": (
        '"""Sums."""\n\n\ndef add_up(first: int, second: int) -> int:\n    return first - second\n'
    ),
    "shop/words.py": (
        "def shout(text: str) -> str:\n"
        '    """Return the text in capitals.\n\n'
        "    >>> shout('ab')\n    'AB'\n"
        '    """\n'
    ),
    "tests/test_sums.py": (
        "from shop.sums import add_up\n\n\n"
        "def test_adds() -> None:\n    assert add_up(2, 3) == 5\n\n\n"
        "def test_zero() -> None:\n    assert add_up(2, 0) == 2\n"
    ),
    "prune.sh": "set -e\nfind /tmp -mtime +7 | xargs rm -f\n",
}
"""A workspace with one red test, one documented empty function and one shell script."""

Workspace = Callable[..., Path]


@pytest.fixture(scope="session")
def shared_runtime() -> Iterator[Path]:
    """Return a runtime folder whose host serves all tests that use the same script."""
    folder = Path(tempfile.mkdtemp(prefix="dt-"))
    yield folder
    _end_hosts(folder)
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
def _nothing_left(_own_folders: None) -> Iterator[None]:
    """Fail a test that leaves a process, a socket or a scratch tree.

    Orphans become children of this process, so that none gets away. A host may stay: idling until
    the next request is what it is for. One that no other test shares is ended here.
    """
    own_runtime = Path(os.environ["DUCKTYPIST_RUNTIME_DIR"])
    cache = Path(os.environ["DUCKTYPIST_CACHE_DIR"])
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
        deadline = time.monotonic() + LEFT_TIMEOUT_S
        while (left := _left(before)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        _end_hosts(own_runtime)
    finally:
        _reap(before)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert not left, f"left running: {[_words(process) for process in left]}"
    # A server that leaves in the middle of a run has three seconds to clean up; what it may leave
    # under load is what the next start sweeps, and nothing else may be there.
    sweep(cache / "scratch")
    scratch = sorted((cache / "scratch").glob("*")) if (cache / "scratch").is_dir() else []
    assert not scratch, f"left behind: {scratch}"
    sockets = sorted(own_runtime.glob("*.sock"))
    assert not sockets, f"left behind: {sockets}"


def _left(before: set[int]) -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            is_host = "ducktypist.engine.host" in child.cmdline()
            if child.pid not in before and not is_host and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:300]
    return f"process {process.pid}, gone by now"


def _end_hosts(runtime: Path) -> None:
    """End the hosts whose sockets lie in a folder; in order, so that they take them along."""
    hosts = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(word.startswith(f"--socket={runtime}/") for word in process.cmdline()):
                process.terminate()
                hosts.append(process)
    _, late = psutil.wait_procs(hosts, timeout=5)
    for process in late:
        process.kill()


def _reap(before: set[int]) -> None:
    """Take leave of the dead that nobody else waits for."""
    for child in psutil.Process().children():
        with suppress(psutil.Error, ChildProcessError):
            if child.pid not in before and child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
