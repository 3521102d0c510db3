from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed
from ducktypist.errors import NoSandboxError, SandboxError
from ducktypist.verify import sandbox as sandbox_module
from ducktypist.verify import scratch
from ducktypist.verify.sandbox import ROOT, SUPPORT, Sandbox, SandboxStatus, probe
from support.processes import n_running, n_started, wait_until
from support.sandboxes import LIMITS, sandbox_of, tree_hash

pytestmark = pytest.mark.sandbox

REPORT = (
    "import os, json\n"
    "fd = int(os.environ['DUCKTYPIST_REPORT_FD'])\n"
    "say = lambda x: os.write(fd, json.dumps(x).encode())\n"
)
SLEEPER = "import time; time.sleep(120)"


async def test_a_run_reports_its_status_output_and_reports(bench: Any) -> None:
    """A run gives back exit status, cleaned output and the bytes of the report pipe."""
    result = await bench.python(
        REPORT + "say(1); print('\\x1b[31mred\\x1b[0m\\x07 \\u202ex'); exit(7)"
    )
    assert (result.exit_status, result.killed, result.reports) == (7, None, b"1")
    assert result.output == "red x\n"
    assert result.level == bench.sandbox.status.level


async def test_death_by_signal_is_told(bench: Any) -> None:
    """A program that a signal ends has status 128 + N."""
    result = await bench.python("import os; os.kill(os.getpid(), 11)")
    assert (result.exit_status, result.killed) == (139, None)


async def test_overlay_is_seen_and_the_tree_is_not_written(bench: Any) -> None:
    """Laid-over files are what the run sees; writes and deletions stay in its own view."""
    code = REPORT + (
        "import shutil\n"
        "seen = [open('package/module.py').read(), open('new/deep/file.py').read(),"
        " open('linked/module.py').read()]\n"
        "open('package/module.py', 'a').write('junk'); os.remove('package/__init__.py')\n"
        "os.mkdir('made'); os.chmod('made', 0); os.symlink('/etc', 'out')\n"
        "say(seen + [os.path.exists('package/__init__.py')])"
    )
    before = tree_hash(bench.workspace)
    result = await bench.python(
        code,
        overlay={Path("package/module.py"): "VALUE = 2\n", Path("new/deep/file.py"): "x\r\n"},
    )
    assert json.loads(result.reports) == ["VALUE = 2\n", "x\n", "VALUE = 2\n", False]
    assert tree_hash(bench.workspace) == before


async def test_overlay_through_a_linked_folder_keeps_the_link(bench: Any) -> None:
    """Laying a file over a linked folder changes the link's target and hides nothing."""
    code = REPORT + (
        "say([os.path.islink('linked'), open('package/module.py').read(),"
        " os.path.exists('package/__init__.py')])"
    )
    result = await bench.python(code, overlay={Path("linked/module.py"): "VALUE = 3\n"})
    assert json.loads(result.reports) == [True, "VALUE = 3\n", True]


async def test_stale_bytecode_of_the_user_is_not_used(bench: Any, tmp_path: Path) -> None:
    """A same-sized patch in the same second is not shadowed by a ``.pyc`` of the user's own run."""
    root = tmp_path / "other"
    root.mkdir()
    (root / "module.py").write_text("VALUE = 1\n")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    now = time.time()
    os.utime(root / "module.py", (now, now))
    command = [sys.executable, "-c", "import module"]
    subprocess.run(command, cwd=root, check=True, env=environment)
    assert len(list((root / "__pycache__").iterdir())) == 1
    result = await bench.python(
        "import module; print(module.VALUE)",
        workspace=root,
        overlay={Path("module.py"): "VALUE = 9\n"},
    )
    assert result.output == "9\n"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.py", "package", "."])
async def test_overlay_paths_must_lie_inside(best: Any, path: str) -> None:
    """A path that leaves the workspace, or names a folder, is refused."""
    with pytest.raises(SandboxError):
        await best.python("pass", overlay={Path(path): "x"})


async def test_overlay_through_a_link_that_leads_out_is_refused(best: Any, tmp_path: Path) -> None:
    """A link out of the workspace cannot be used to lay a file over something else."""
    (best.workspace / "out").symlink_to(tmp_path)
    with pytest.raises(SandboxError, match="leads out"):
        await best.python("pass", overlay={Path("out/x.py"): "x"})
    (best.workspace / "out").unlink()


async def test_home_and_other_folders_are_hidden(
    level: int, scratch_root: Path, workspace: Path, tmp_path: Path
) -> None:
    """A secret in the home folder cannot be read, and nothing is written there."""
    home = tmp_path / "home"
    home.mkdir()
    secret = home / "id_secret"
    secret.write_text("secret")
    sandbox = await sandbox_of(level, scratch_root=scratch_root, home=home)
    code = (
        "import sys, os\n"
        "for path in sys.argv[1:]:\n"
        "    try: print(open(path).read()[:6])\n"
        "    except OSError as e: print(type(e).__name__)\n"
        "    try: open(os.path.dirname(path) + '/made', 'w')\n"
        "    except OSError: pass\n"
    )
    real = Path.home() / f".ducktypist-test-{secrets.token_hex(4)}"
    real.write_text("secret")
    try:
        result = await sandbox.run(
            argv=[sys.executable, "-c", code, str(secret), str(real)],
            workspace=workspace,
            overlay={},
            environment={},
            interpreter=Path(sys.executable),
            limits=LIMITS,
        )
    finally:
        real.unlink()
    assert "secret" not in result.output
    assert result.output.count("Error") == 2
    assert not (home / "made").exists()
    assert not (Path.home() / "made").exists()


async def test_writes_outside_of_the_workspace_stay_inside(bench: Any, tmp_path: Path) -> None:
    """Writing to /etc, /usr, /dev, / and a sibling of the workspace changes nothing out here."""
    mark = f"ducktypist-{secrets.token_hex(6)}"
    places = ["/etc", "/usr", "/dev", "/", "/usr/local/bin", "/dev/shm", "/opt", str(tmp_path)]  # noqa: S108 - places to attack
    code = (
        "import sys\n"
        "for place in sys.argv[2:]:\n"
        "    try: open(place + '/' + sys.argv[1], 'w').write('x')\n"
        "    except OSError: pass\n"
    )
    await bench.python(code, mark, *places)
    assert [place for place in places if Path(place, mark).exists()] == []


async def test_no_socket_of_the_host_is_reached(bench: Any, tmp_path: Path) -> None:
    """Path-named, abstract and loopback sockets of the host cannot be connected to."""
    named = tmp_path / "s"
    abstract = f"\0ducktypist-{secrets.token_hex(6)}"
    with (
        socket.socket(socket.AF_UNIX) as a,
        socket.socket(socket.AF_UNIX) as b,
        socket.socket() as c,
    ):
        a.bind(str(named))
        b.bind(abstract)
        c.bind(("127.0.0.1", 0))
        for listener in (a, b, c):
            listener.listen()
        code = REPORT + (
            "import socket, sys\n"
            "def reach(family, place):\n"
            "    try:\n"
            "        with socket.socket(family) as s:\n"
            "            s.settimeout(1); s.connect(place); return True\n"
            "    except OSError: return False\n"
            "say([reach(socket.AF_UNIX, sys.argv[1]), reach(socket.AF_UNIX, '\\0' + sys.argv[2]),"
            " reach(socket.AF_INET, ('127.0.0.1', int(sys.argv[3]))),"
            " reach(socket.AF_INET, ('192.0.2.1', 80))])"
        )
        result = await bench.python(code, named, abstract[1:], c.getsockname()[1])
    assert json.loads(result.reports) == [False] * 4


async def test_outsiders_cannot_be_killed_traced_or_read(bench: Any) -> None:
    """A process outside cannot be signalled, traced, or read through /proc."""
    victim = subprocess.Popen([sys.executable, "-c", SLEEPER], env={"TOKEN": "secret"})
    try:
        code = REPORT + (
            "import sys, ctypes\n"
            "pid = int(sys.argv[1]); done = []\n"
            "try: os.kill(pid, 9); done.append('kill')\n"
            "except OSError: pass\n"
            "if ctypes.CDLL(None).ptrace(16, pid, 0, 0) == 0: done.append('ptrace')\n"
            "try:\n"
            "    environ = open(f'/proc/{pid}/environ', 'rb').read()\n"
            "    if b'secret' in environ: done.append('environ')\n"
            "except OSError: pass\n"
            "try:\n"
            "    if os.listdir(f'/proc/{pid}/root/'): done.append('root')\n"
            "except OSError: pass\n"
            "say(done)"
        )
        result = await bench.python(code, victim.pid)
        assert json.loads(result.reports) == []
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


async def test_no_further_user_namespace(bench: Any) -> None:
    """A run cannot make itself a namespace in which it would be root again."""
    code = REPORT + (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); say(libc.unshare(0x10000000))"
    )
    result = await bench.python(code)
    assert json.loads(result.reports) == -1


async def test_environment_is_not_inherited(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the server's environment is passed on but what is asked for."""
    monkeypatch.setenv("API_TOKEN", "secret")
    code = REPORT + "say(sorted(os.environ))"
    result = await bench.python(code, environment={"GIVEN": "1"})
    names = json.loads(result.reports)
    assert "GIVEN" in names
    assert "API_TOKEN" not in names


async def test_only_the_standard_descriptors_and_the_pipe_are_open(bench: Any) -> None:
    """No descriptor of the server leaks into a run."""
    with Path("/etc/passwd").open() as leak:  # noqa: ASYNC230 - the leak itself
        os.set_inheritable(leak.fileno(), True)  # noqa: FBT003 - the builtin's signature
        result = await bench.python(REPORT + "say(sorted(map(int, os.listdir('/proc/self/fd'))))")
    fds = json.loads(result.reports)
    assert fds[:3] == [0, 1, 2]
    # The report pipe and the listing's own.
    assert len(fds) == 5


async def test_placeholders_name_the_workspace_and_the_support_files(best: Any) -> None:
    """Arguments and variables may name the workspace and our files as the run sees them."""
    result = await best.sandbox.run(
        argv=["/bin/sh", "-c", f"cat {SUPPORT}/note; echo $WHERE; pwd"],
        workspace=best.workspace,
        overlay={},
        environment={"WHERE": ROOT},
        limits=LIMITS,
        support={"note": "hello\n"},
        cwd=Path("package"),
    )
    assert result.output.splitlines() == [
        "hello",
        str(best.workspace),
        str(best.workspace / "package"),
    ]


@pytest.mark.parametrize(
    "name", ["with space", "quo'te\"s", "co:mma,s", "ünï", "-dash", "back\\slash"]
)
async def test_odd_workspace_names(bench: Any, tmp_path: Path, name: str) -> None:
    """A workspace may have any name that a file system allows."""
    odd = tmp_path / name
    odd.mkdir()
    (odd / "a.txt").write_text("a")
    result = await bench.python(
        "print(open('a.txt').read(), open('b.txt').read())",
        workspace=odd,
        overlay={Path("b.txt"): "b"},
    )
    assert result.output == "a b\n"


async def test_linked_workspace(bench: Any, tmp_path: Path) -> None:
    """A workspace reached through a link is the folder that the link names."""
    link = tmp_path / "link"
    link.symlink_to(bench.workspace)
    result = await bench.python("print(open('package/module.py').read())", workspace=link)
    assert result.output.strip() == "VALUE = 1"


async def test_workspace_that_holds_the_interpreter(bench: Any, tmp_path: Path) -> None:
    """A virtual environment inside the workspace works."""
    root = tmp_path / "project"
    root.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    python = root / ".venv" / "bin" / "python"
    result = await bench.sandbox.run(
        argv=[str(python), "-c", "import sys, json; print(sys.prefix)"],
        workspace=root,
        overlay={},
        environment={},
        interpreter=python,
        limits=LIMITS,
    )
    assert result.output.strip() == str(root / ".venv")


@pytest.mark.parametrize("which", ["/", "home", "parent", "/usr", "missing", "file"])
async def test_workspaces_that_are_refused(
    best: Any, tmp_path: Path, workspace: Path, which: str
) -> None:
    """The file system's root, the home folder and what holds it are no workspaces."""
    places = {
        "home": Path.home(),
        "parent": Path.home().parent,
        "missing": tmp_path / "missing",
        "file": workspace / "package" / "module.py",
    }
    with pytest.raises(SandboxError):
        await best.python("pass", workspace=places.get(which, Path(which)))


async def test_scratch_inside_the_workspace_is_refused(
    best_level: int, workspace: Path, tmp_path: Path
) -> None:
    """Scratch folders never lie in the user's tree."""
    good = await sandbox_of(best_level, scratch_root=tmp_path / "good")
    bad = Sandbox(status=good.status, scratch_root=workspace / "cache")
    with pytest.raises(SandboxError, match="inside the workspace"):
        await bad.run(
            argv=["/bin/true"],
            workspace=workspace,
            overlay={},
            environment={},
            limits=LIMITS,
        )
    (workspace / "cache").rmdir()


async def test_endless_loop_is_stopped(bench: Any) -> None:
    """A run that does not end is killed at its time limit, also when it ignores signals."""
    code = "import signal\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"
    result = await bench.python(code, timeout_s=0.6)
    assert (result.killed, result.exit_status) == (Killed.WALL_CLOCK, None)


async def test_daemons_do_not_survive(bench: Any) -> None:
    """Processes that leave their session, fork twice and ignore signals end with the run."""
    mark = f"mark_{secrets.token_hex(6)}"
    code = (
        "import os, sys, signal, subprocess\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid(); signal.signal(15, signal.SIG_IGN)\n"
        "        if os.fork() == 0:\n"
        f"            os.execv(sys.executable, [sys.executable, '-c', {SLEEPER!r}, {mark!r}])\n"
        "        os._exit(0)\n"
        "import time; time.sleep(0.3)\n"
        "print('done')\n"
    )
    result = await bench.python(code)
    assert (result.exit_status, result.output) == (0, "done\n")
    assert n_running(mark) == 0


async def test_fork_bomb_is_stopped(bench: Any) -> None:
    """Too many processes end the run, for root as well."""
    code = (
        "import os, time\n"
        "while True:\n"
        "    try:\n"
        "        if os.fork() == 0: time.sleep(60)\n"
        "    except OSError: time.sleep(0.01)\n"
        "    time.sleep(0.0005)\n"
    )
    result = await bench.python(code, max_processes=24)
    assert result.killed is Killed.PROCESSES


async def test_memory_is_summed_over_processes(bench: Any) -> None:
    """Several processes that together use too much are ended, though each alone is small."""
    code = (
        "import os, time\n"
        "for _ in range(3): os.fork()\n"
        "held = []\n"
        "for _ in range(30): held.append(os.urandom(1 << 20)); time.sleep(0.005)\n"
        "time.sleep(60)\n"
    )
    result = await bench.python(code, max_memory_bytes=160 * 1024**2)
    assert result.killed is Killed.MEMORY


async def test_shared_memory_of_forks_is_counted_once(bench: Any) -> None:
    """Forked workers that only share their parent's memory do not end a run."""
    code = (
        "import os, time\n"
        "held = b'x' * (60 << 20)\n"
        "for _ in range(5):\n"
        "    if os.fork() == 0: time.sleep(0.5); os._exit(0)\n"
        "for _ in range(5): os.wait()\n"
        "print('done')\n"
    )
    result = await bench.python(code, max_memory_bytes=160 * 1024**2)
    assert (result.killed, result.output) == (None, "done\n")


async def test_a_gigabyte_of_output_is_stopped(bench: Any) -> None:
    """Endless output ends the run; the tail that is kept is small."""
    code = "import os\nwhile True: os.write(1, b'y' * 65536)"
    result = await bench.python(code)
    assert result.killed is Killed.OUTPUT
    assert len(result.output) <= 16 * 1024


async def test_filling_the_disk_is_stopped(bench: Any) -> None:
    """Writing more than the scratch may hold ends the run."""
    code = (
        "import os, time\n"
        "for i in range(40):\n"
        "    open(f'big{i}', 'wb').write(os.urandom(1 << 20)); time.sleep(0.02)\n"
        "time.sleep(20)\n"
    )
    result = await bench.python(code, max_scratch_bytes=16 * 1024**2)
    assert result.killed is Killed.OUTPUT


async def test_cancelling_leaves_nothing(bench: Any) -> None:
    """A cancelled run is gone, with its daemons and its scratch, when the await returns."""
    mark = f"mark_{secrets.token_hex(6)}"
    code = (
        "import os, sys\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    os.execv(sys.executable, [sys.executable, '-c', {SLEEPER!r}, {mark!r}])\n"
        "import time; time.sleep(60)\n"
    )
    task = asyncio.create_task(bench.python(code, mark))
    await wait_until(lambda: task.done() or n_running(mark) >= 2, wait_s=30)
    assert not task.done(), await task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert n_running(mark) == 0
    assert list(bench.scratch_root.iterdir()) == []


async def test_killing_the_server_ends_the_run(bench: Any) -> None:
    """When the server is killed the run dies with it, and the next start sweeps its scratch."""
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
        f"asyncio.run(sandbox.run(argv=[sys.executable, '-c', {SLEEPER!r}, {mark!r}],"
        f" workspace=Path({str(bench.workspace)!r}), overlay={{}}, environment={{}},"
        " interpreter=Path(sys.executable), limits=LIMITS))\n"
    )
    tests = Path(__file__).parent.parent
    path = os.pathsep.join([str(tests), str(tests.parent / "server")])
    server = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}
    )
    # The program itself, and not only its launchers, has to have started.
    program_mark = f"{sys.executable}\0-c\0{SLEEPER}\0{mark}"
    await wait_until(lambda: n_started(program_mark) == 1, wait_s=30)
    server.send_signal(signal.SIGKILL)
    server.wait()
    await wait_until(lambda: n_running(f"\0{mark}") == 0, wait_s=5)
    assert len(list(bench.scratch_root.iterdir())) == 1
    assert await asyncio.to_thread(scratch.sweep, bench.scratch_root) == 1
    assert list(bench.scratch_root.iterdir()) == []


async def test_sweep_spares_the_living(best: Any) -> None:
    """Sweeping removes nothing of a process that still runs."""
    create, root = scratch.create, best.scratch_root
    made = await asyncio.to_thread(create, root, workspace=best.workspace)
    assert await asyncio.to_thread(scratch.sweep, root) == 0
    assert made.top.is_dir()
    await asyncio.to_thread(scratch.remove, made.top)


async def test_runs_at_the_same_time_do_not_meet(bench: Any) -> None:
    """Runs side by side each have their own view."""
    code = (
        "import sys, time\n"
        "open('n', 'w').write(sys.argv[1]); time.sleep(0.2); print(open('n').read())"
    )
    results = await asyncio.gather(*(bench.python(code, n) for n in range(4)))
    assert [result.output for result in results] == [f"{n}\n" for n in range(4)]


async def test_the_event_loop_stays_free(best: Any) -> None:
    """A run blocks no other task of the server."""
    ticks, n_before = 0, threading.active_count()
    task = asyncio.create_task(best.python("import time; time.sleep(0.5)"))
    while not task.done():
        ticks += 1
        await asyncio.sleep(0.01)
    assert ticks > 10
    assert threading.active_count() < n_before + 10


async def test_a_missing_program_is_a_status_and_not_a_crash(bench: Any) -> None:
    """A command that does not exist ends with status 127, as in a shell."""
    result = await bench.sandbox.run(
        argv=["/usr/bin/does-not-exist"],
        workspace=bench.workspace,
        overlay={},
        environment={},
        limits=LIMITS,
    )
    assert result.exit_status == 127


async def test_nothing_runs_without_a_sandbox(scratch_root: Path, workspace: Path) -> None:
    """At level 0 and 1 a run is refused, with the reason and what to install."""
    for low in (0, 1):
        status = SandboxStatus(level=low, tool="", version="", reason="because")
        sandbox = Sandbox(status=status, scratch_root=scratch_root)
        with pytest.raises(NoSandboxError, match=r"because.*bubblewrap"):
            await sandbox.run(
                argv=["/bin/true"],
                workspace=workspace,
                overlay={},
                environment={},
                limits=LIMITS,
            )


async def test_a_broken_launcher_is_a_sandbox_error(best: Any, tmp_path: Path) -> None:
    """A launcher that fails to set up is an error of ours, never a test failure."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho no namespaces today >&2\nexit 1\n")
    fake.chmod(0o755)
    status = SandboxStatus(level=4, tool="bubblewrap", version="0.11", reason="", path=fake)
    sandbox = Sandbox(status=status, scratch_root=best.scratch_root)
    with pytest.raises(SandboxError, match="no namespaces today"):
        await sandbox.run(
            argv=["/bin/true"],
            workspace=best.workspace,
            overlay={},
            environment={},
            limits=LIMITS,
        )


async def test_probe_goes_down_when_a_level_does_not_hold(
    scratch_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that isolates nothing is found out by the attempt, and the reason is kept."""
    fake = tmp_path / "bwrap"
    # Runs the command with the mounts ignored: everything is written and reached.
    fake.write_text(
        f"#!{sys.executable}\n"
        "import os, subprocess, sys\n"
        "args = sys.argv[1:]\n"
        "status_fd = int(args[args.index('--json-status-fd') + 1])\n"
        "support = args[args.index('/run/ducktypist') - 1]\n"
        "command = args[len(args) - args[::-1].index('--'):]\n"
        "cwd = args[args.index('--chdir') + 1]\n"
        "open(cwd + '/own.txt', 'w').write('own')\n"
        "command = [part.replace('/run/ducktypist', support) for part in command]\n"
        "report_fd = int(os.environ['DUCKTYPIST_REPORT_FD'])\n"
        "status = subprocess.call(command, cwd=cwd, pass_fds=[report_fd])\n"
        "os.write(status_fd, b'{\"exit-code\": %d}' % status)\n"
    )
    fake.chmod(0o755)
    leaky = sandbox_module.SandboxStatus(
        level=4, tool="bubblewrap", version="0.11.0", reason="", path=fake
    )
    honest = await asyncio.to_thread(sandbox_module._candidates, [])
    monkeypatch.setattr(sandbox_module, "_candidates", lambda _: [leaky, *honest[-1:]])
    status = await probe(scratch_root=scratch_root)
    assert status.level < 4
    assert status.reason.startswith("level 4 (bubblewrap 0.11.0): it ")


async def test_probe_says_when_there_is_nothing(
    scratch_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any tool the level is 0 and the reason says what was looked for."""
    monkeypatch.setattr(sandbox_module.bubblewrap, "find", tuple)
    monkeypatch.setattr(sandbox_module.landlock, "abi", lambda: 0)
    status = await probe(scratch_root=scratch_root)
    assert status.level == 0
    assert "bubblewrap not found" in status.reason
    assert "Landlock" in status.reason


async def test_no_tree_walk_at_overlay_levels(
    level: int, scratch_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With overlays, starting a run reads nothing of the workspace, however large it is."""
    if level == 2:
        return
    root = tmp_path / "large"
    root.mkdir()
    (root / "sub").mkdir()
    sandbox = await sandbox_of(level, scratch_root=scratch_root)
    scanned: list[str] = []
    real = os.scandir

    def scandir(path: Any = ".") -> Any:
        scanned.append(str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    await sandbox.run(
        argv=["/bin/true"],
        workspace=root,
        overlay={Path("sub/a"): "a"},
        environment={},
        limits=LIMITS,
    )
    assert [path for path in scanned if path.startswith(str(root))] == []
