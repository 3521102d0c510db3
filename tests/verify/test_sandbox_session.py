from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed
from ducktypist.errors import NoSandboxError, SandboxError
from ducktypist.verify import scratch
from ducktypist.verify.sandbox import Sandbox, SandboxStatus, Session
from ducktypist.verify.session import SessionEndedError
from support.processes import n_running, n_started, wait_until
from support.sandboxes import LIMITS, tree_hash

pytestmark = pytest.mark.sandbox

SERVE = (
    "import os, json\n"
    "commands = os.fdopen(int(os.environ['DUCKTYPIST_COMMAND_FD']))\n"
    "fd = int(os.environ['DUCKTYPIST_REPORT_FD'])\n"
    "say = lambda x: os.write(fd, (json.dumps(x) + '\\n').encode())\n"
    "for line in commands:\n"
    "    exec(json.loads(line))\n"
    "    say('done')\n"
)
"""Runs each line that it is told, which is a JSON string of Python."""
BIG_FILES = (
    "import time\n"
    "for i in range(40):\n"
    "    open(f'big{i}', 'wb').write(os.urandom(1 << 20)); time.sleep(0.02)\n"
    "time.sleep(20)\n"
)
SLEEPER = "import time; time.sleep(120)"


@asynccontextmanager
async def opened(bench: Any, *arguments: str, **changes: Any) -> AsyncIterator[Session]:
    """Open a session of the server above."""
    overlay = changes.pop("overlay", {})
    async with bench.sandbox.open(
        argv=[sys.executable, "-c", SERVE, *arguments],
        workspace=bench.workspace,
        overlay=overlay,
        environment={},
        interpreter=Path(sys.executable),
        limits=replace(LIMITS, **changes),
    ) as session:
        yield session


async def told(session: Session, code: str, *, timeout_s: float = 20.0) -> list[Any]:
    """Have code run and return what it said."""
    said: list[Any] = []

    def each(line: bytes) -> bool:
        said.append(json.loads(line))
        return said[-1] == "done"

    await session.ask(json.dumps(code).encode(), each=each, timeout_s=timeout_s)
    return said[:-1]


async def test_questions_are_answered_by_one_process(bench: Any) -> None:
    """A session keeps its state from one question to the next, and sees the laid-over files."""
    async with opened(bench, overlay={Path("note"): "laid\n"}) as session:
        first = await told(session, "x = os.getpid(); say(x)")
        assert await told(session, "say(x); say(open('note').read())") == [*first, "laid\n"]
        assert session.root_inside == await root_of(session)


async def root_of(session: Session) -> Path:
    """Return the folder that the program runs in."""
    return Path((await told(session, "say(os.getcwd())"))[0])


async def test_long_questions_and_answers(bench: Any) -> None:
    """Lines may be longer than a pipe holds, both ways."""
    async with opened(bench) as session:
        text = "x" * 1_000_000
        assert await told(session, f"say({text!r}); say(1)") == [text, 1]


async def test_lines_are_given_as_they_come(bench: Any) -> None:
    """What is said before the answer is complete arrives while the program goes on."""
    async with opened(bench) as session:
        came = asyncio.Event()

        def each(line: bytes) -> bool:
            came.set()
            return json.loads(line) == "done"

        question = json.dumps("say('first'); commands.readline()").encode()
        asking = asyncio.create_task(session.ask(question, each=each, timeout_s=20))
        await asyncio.wait_for(came.wait(), 20)
        assert not asking.done()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        # The program still waits; the next line is the one that it asked for.
        assert await told(session, "pass") == []


async def test_a_late_answer_ends_the_session(bench: Any) -> None:
    """Each answer has a time limit of its own, and idle time counts for none."""
    async with opened(bench) as session:
        await told(session, "pass", timeout_s=20)
        await asyncio.sleep(0.3)
        with pytest.raises(SessionEndedError, match="wall clock") as caught:
            await told(session, "while True: pass", timeout_s=0.3)
        assert caught.value.result.killed is Killed.WALL_CLOCK
        # There is nobody left to ask, and that is said again.
        with pytest.raises(SessionEndedError):
            await told(session, "pass")


async def test_idle_time_counts_for_no_answer(best: Any) -> None:
    """A session that waits for longer than an answer may take is not late."""
    async with opened(best) as session:
        await told(session, "pass", timeout_s=1.0)
        await asyncio.sleep(1.5)
        assert await told(session, "say(1)", timeout_s=20) == [1]


async def test_the_whole_session_has_a_time_limit(best: Any) -> None:
    """The limit of the run holds for a session that nobody asks anything, too."""
    async with opened(best, timeout_s=0.5) as session:
        await asyncio.sleep(1.0)
        with pytest.raises(SessionEndedError) as caught:
            await told(session, "pass")
    assert caught.value.result.killed is Killed.WALL_CLOCK


@pytest.mark.parametrize(
    ("code", "killed", "limits"),
    [
        ("while True: os.write(1, b'y' * 65536)", Killed.OUTPUT, {}),
        ("while True: say('y' * 65536)", Killed.OUTPUT, {}),
        (
            "held = [os.urandom(1 << 20) for _ in range(300)]; import time; time.sleep(60)",
            Killed.MEMORY,
            {"max_memory_bytes": 160 * 1024**2},
        ),
        (
            "import time\nwhile True:\n    if os.fork() == 0: time.sleep(60)\n    time.sleep(.001)",
            Killed.PROCESSES,
            {"max_processes": 24},
        ),
        (
            BIG_FILES,
            Killed.OUTPUT,
            {"max_scratch_bytes": 16 * 1024**2},
        ),
    ],
    ids=["output", "reports", "memory", "processes", "disk"],
)
async def test_all_limits_hold(bench: Any, code: str, killed: Killed, limits: Any) -> None:
    """Output, reports, memory, processes and disk use end a session as they end a run."""
    async with opened(bench, **limits) as session:
        with pytest.raises(SessionEndedError) as caught:
            await told(session, code)
    assert caught.value.result.killed is killed


async def test_many_reports_are_no_flood(best: Any) -> None:
    """The size of reports is limited for each answer and not for all of them together."""
    async with opened(best) as session:
        for _ in range(3):
            said = await told(session, "for _ in range(16): say('y' * (1 << 20))")
            assert len(said) == 16


async def test_a_program_that_ends_is_told(bench: Any) -> None:
    """An answer that never comes because the program is gone is an error with its last words."""
    async with opened(bench) as session:
        with pytest.raises(SessionEndedError, match=r"status 3.*farewell") as caught:
            await told(session, "print('farewell', flush=True); os._exit(3)")
        assert caught.value.result.exit_status == 3


async def test_leaving_kills_everything(bench: Any) -> None:
    """Daemons of a session and its scratch are gone when the block is left."""
    mark = f"mark_{secrets.token_hex(6)}"
    daemon = (
        "import sys\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        os.execv(sys.executable, [sys.executable, '-c', {SLEEPER!r}, {mark!r}])\n"
        "    os._exit(0)\n"
    )
    async with opened(bench) as session:
        await told(session, daemon)
        await wait_until(lambda: n_running(mark) == 1, wait_s=30)
        assert len(list(bench.scratch_root.iterdir())) == 1
    assert n_running(mark) == 0
    assert list(bench.scratch_root.iterdir()) == []


@pytest.mark.parametrize("is_asking", [True, False], ids=["asking", "idle"])
async def test_cancelling_leaves_nothing(bench: Any, *, is_asking: bool) -> None:
    """A cancelled session is gone, whether or not it was answering."""
    mark = f"mark_{secrets.token_hex(6)}"
    begun = asyncio.Event()

    async def body() -> None:
        async with opened(bench, mark) as session:
            await told(session, "pass")
            begun.set()
            if is_asking:
                await told(session, "while True: pass", timeout_s=60)
            await asyncio.sleep(60)

    task = asyncio.create_task(body())
    await asyncio.wait_for(begun.wait(), 30)
    await asyncio.sleep(0.1)
    assert n_running(mark) >= 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert n_running(mark) == 0
    assert list(bench.scratch_root.iterdir()) == []


async def test_cancelling_at_any_moment_leaves_nothing(best: Any) -> None:
    """Also while it is being set up."""
    for n_ms in (0, 1, 3, 8, 20, 50, 100):
        mark = f"mark_{secrets.token_hex(6)}"

        async def body(mark: str = mark) -> None:
            async with opened(best, mark) as session:
                await told(session, "while True: pass", timeout_s=60)

        task = asyncio.create_task(body())
        await asyncio.sleep(n_ms / 1000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert n_running(mark) == 0
        assert not best.scratch_root.is_dir() or list(best.scratch_root.iterdir()) == []


async def test_killing_the_server_ends_the_session(bench: Any) -> None:
    """When the server is killed the session dies with it, and the next start sweeps its scratch."""
    mark = f"mark_{secrets.token_hex(6)}"
    status = bench.sandbox.status
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from ducktypist.verify.sandbox import Sandbox, SandboxStatus\n"
        "from support.sandboxes import LIMITS\n"
        f"status = SandboxStatus(level={status.level}, tool={status.tool!r},"
        f" version={status.version!r},"
        f" reason='', path={str(status.path)!r} and Path({str(status.path)!r}))\n"
        f"sandbox = Sandbox(status=status, scratch_root=Path({str(bench.scratch_root)!r}))\n"
        "async def main():\n"
        f"    async with sandbox.open(argv=[sys.executable, '-c', {SLEEPER!r}, {mark!r}],"
        f" workspace=Path({str(bench.workspace)!r}), overlay={{}}, environment={{}},"
        " interpreter=Path(sys.executable), limits=LIMITS):\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    tests = Path(__file__).parent.parent
    path = os.pathsep.join([str(tests), str(tests.parent / "server")])
    server = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}
    )
    await wait_until(lambda: n_started(f"{sys.executable}\0-c\0{SLEEPER}\0{mark}") == 1, wait_s=30)
    server.send_signal(signal.SIGKILL)
    server.wait()
    await wait_until(lambda: n_running(f"\0{mark}") == 0, wait_s=5)
    assert await asyncio.to_thread(scratch.sweep, bench.scratch_root) == 1


async def test_only_the_standard_descriptors_and_the_pipes_are_open(bench: Any) -> None:
    """No descriptor of the server leaks into a session."""
    async with opened(bench) as session:
        fds = (await told(session, "say(sorted(map(int, os.listdir('/proc/self/fd'))))"))[0]
    assert fds[:3] == [0, 1, 2]
    # The two pipes and the listing's own.
    assert len(fds) == 6


async def test_no_descriptor_and_no_thread_is_left_out_here(best: Any) -> None:
    """The server's own side of a session is closed when it is over."""

    def n_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async with opened(best) as session:
        await told(session, "pass")
    before = n_open()
    for _ in range(3):
        async with opened(best) as session:
            await told(session, "pass")
        with pytest.raises(SessionEndedError):
            await told(session, "pass")
    assert n_open() == before


async def test_leavings_are_seen_from_outside(bench: Any) -> None:
    """What a session has made and what it has changed are told apart; the tree is untouched."""
    before = tree_hash(bench.workspace)
    async with opened(bench, overlay={Path("laid.txt"): "laid"}) as session:
        await told(session, "pass")
        found = await session.leavings(restored=())
        assert (found.made, found.changed) == ((), ())
        await told(session, "os.makedirs('new/deep'); open('new/deep/a', 'w').write('a')")
        await told(session, "open('package/beside', 'w').write('a')")
        found = await session.leavings(restored=())
        assert (sorted(found.made), found.changed) == (["new", "package/beside"], ())
        await told(session, "import shutil; shutil.rmtree('new'); os.remove('package/beside')")
        assert (await session.leavings(restored=())).made == ()
        await told(session, "open('package/module.py', 'a').write('x')")
        assert (await session.leavings(restored=())).changed == ("package/module.py",)
        assert (await session.leavings(restored={"package/module.py"})).changed == ()
        await told(session, "open('laid.txt', 'a').write('x')")
        assert (await session.leavings(restored=())).changed == ("laid.txt",)
        await told(session, "os.remove('package/module.py')")
        found = await session.leavings(restored={"laid.txt"})
        assert found.changed == ("package/module.py",)
    assert tree_hash(bench.workspace) == before


async def test_a_replaced_folder_is_a_change(bench: Any) -> None:
    """A folder of the workspace that is deleted and made again has lost what was in it."""
    async with opened(bench) as session:
        await told(session, "import shutil; shutil.rmtree('package'); os.mkdir('package')")
        assert (await session.leavings(restored=())).changed != ()


async def test_nothing_is_opened_without_a_sandbox(scratch_root: Path, workspace: Path) -> None:
    """At level 0 a session is refused."""
    status = SandboxStatus(level=0, tool="", version="", reason="because")
    sandbox = Sandbox(status=status, scratch_root=scratch_root)
    with pytest.raises(NoSandboxError, match="because"):
        async with sandbox.open(
            argv=["/bin/true"], workspace=workspace, overlay={}, environment={}, limits=LIMITS
        ):
            pass


async def test_a_session_that_cannot_be_set_up_says_so(best: Any, tmp_path: Path) -> None:
    """A launcher that fails is an error of ours, told to who asks, or when the block is left."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho no namespaces today >&2\nexit 1\n")
    fake.chmod(0o755)
    status = SandboxStatus(level=4, tool="bubblewrap", version="0.11", reason="", path=fake)
    broken = replace(best, sandbox=Sandbox(status=status, scratch_root=best.scratch_root))
    async with opened(broken) as session:
        with pytest.raises(SandboxError, match="no namespaces today"):
            await told(session, "pass")
