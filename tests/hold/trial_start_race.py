"""Trial 9: twelve start the host at the same moment, whatever lies where its socket goes.

Each round is one race, in turns of twelve bare processes and of twelve windows that each start
their own. Between rounds the host is ended in order or killed, so that the next finds what the
last one left. Another user then tries to get in, and to be taken for the host. CI
has time for 24 races, each ground three times; the table's 50 need a minute and a half.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ducktypist.domain import GenerationRequest, TextPrompt
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.engine.startup import BUSY, READY
from ducktypist.errors import EngineError
from hold import stranger
from hold.host_folders import Left, end_in_order, own_folders, scripted_spec
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.engines import host_pids, kill, listens, until_async
from support.windows import script_written

N_STARTERS = 12
SLOW_S = 90.0
"""Far above what anything here takes on a machine that others use, too."""
ENDING_S = 5.0
RIGHT = "one two three"
TYPED = "what the user has typed"
ANYBODY = 0o777


@dataclass(slots=True)
class _Tally:
    """What became of all races."""

    wrong: Counter[str] = field(default_factory=Counter)
    failures: list[Json] = field(default_factory=list)
    slowest_ms: float = 0.0

    def note(self, bar: str, round_: Json, seen: object) -> None:
        self.wrong[bar] += 1
        self.failures.append({"bar": bar, "round": round_, "seen": str(seen)[:500]})


Check = Callable[[], str]
"""Returns what is wrong with what lay there, empty when nothing is."""


def _nothing(_path: Path) -> Check:
    return lambda: ""


def _dead_socket(path: Path) -> Check:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    return lambda: ""


def _garbage(path: Path) -> Check:
    path.unlink(missing_ok=True)
    path.write_bytes(b"\x00garbage\xff")
    return lambda: ""


def _dead_port(path: Path) -> Check:
    path.unlink(missing_ok=True)
    path.write_text(json.dumps({"port": 9, "token": "gone"}), "utf-8")
    return lambda: ""


def _fifo(path: Path) -> Check:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return lambda: ""


def _link_to_nothing(path: Path) -> Check:
    target = path.parent.parent / "nowhere"
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return lambda: "made what the link names" if target.exists() else ""


def _link_to_file(path: Path) -> Check:
    target = path.parent.parent / "precious"
    target.write_text("precious", "utf-8")
    target.chmod(0o640)
    path.unlink(missing_ok=True)
    path.symlink_to(target)

    def check() -> str:
        is_same = target.read_text("utf-8") == "precious" and target.stat().st_mode & 0o777 == 0o640
        return "" if is_same else "changed what the link names"

    return check


def _link_to_socket(path: Path) -> Check:
    target = path.parent.parent / "other.sock"
    target.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(target))
    listener.listen()
    listener.settimeout(0.0)
    path.unlink(missing_ok=True)
    path.symlink_to(target)

    def check() -> str:
        with listener, contextlib.suppress(BlockingIOError):
            listener.accept()[0].close()
            return "went where the link leads"
        return "" if target.is_socket() else "removed what the link names"

    return check


GROUNDS: Final[dict[str, Callable[[Path], Check]]] = {
    "what the last one left": _nothing,
    "a dead host's socket": _dead_socket,
    "a link to a file": _link_to_file,
    "a link to another's socket": _link_to_socket,
    "a link to nothing": _link_to_nothing,
    "a file of garbage": _garbage,
    "the port of a host long gone": _dead_port,
    "a named pipe": _fifo,
}


async def _run(run: Run) -> Outcome:
    tally, left_out = _Tally(), {}
    with own_folders(run.folder) as left:
        script = script_written(run.folder / "s.json", default=RIGHT)
        spec = scripted_spec(script)
        spec.socket_dir.mkdir(mode=0o700, exist_ok=True)
        for number in range(run.size):
            await _race(spec, tally, run.random("race", number), number)
        await _folder_in_the_way(spec, tally)
        await end_in_order(spec)
        if os.getuid() == 0:
            await _stranger_asks(spec, tally)
            await _stranger_poses(spec, tally, run.folder)
        else:
            left_out["a foreign uid"] = "only root can act as another user"
    if sys.platform == "linux":
        left_out["loopback TCP in the place of the socket"] = "only where there are no Unix sockets"
    return _outcome(run, tally, left, left_out)


async def _race(spec: HostSpec, tally: _Tally, dice: random.Random, number: int) -> None:
    name = list(GROUNDS)[number % len(GROUNDS)]
    check = await asyncio.to_thread(GROUNDS[name], spec.socket_path())
    by_windows = bool((number + number // len(GROUNDS)) % 2)
    ends = dice.choice((signal.SIGTERM, signal.SIGKILL))
    round_ = {"number": number, "found": name, "by_windows": by_windows, "ends": ends.name}
    started_s = time.monotonic()
    clients = [EngineClient.embedded(spec) for _ in range(N_STARTERS if by_windows else 1)]
    try:
        async with contextlib.AsyncExitStack() as stack:
            if not by_windows:
                words = await stack.enter_async_context(_processes(spec, dice))
                if sorted(words) != [*[f"{BUSY} 0"] * (N_STARTERS - 1), READY]:
                    tally.note("said", round_, words)
            answers = await asyncio.gather(*(_answer(client) for client in clients))
            tally.slowest_ms = max(tally.slowest_ms, (time.monotonic() - started_s) * 1000)
            if set(answers) != {RIGHT}:
                tally.note("answers", round_, answers)
            pids = await asyncio.to_thread(host_pids, spec)
            if len(pids) != 1:
                tally.note("hosts", round_, pids)
            if wrong := await asyncio.to_thread(_wrong_socket, spec) or check():
                tally.note("links", round_, wrong)
            if ends is signal.SIGKILL:
                kill(pids)
            else:
                for pid in pids:
                    os.kill(pid, ends)
            await _gone(spec)
            await until_async(lambda: not listens(spec.socket_path()), timeout_s=SLOW_S)
        if ends is signal.SIGTERM and spec.socket_path().exists():
            tally.note("left", round_, "the socket of a host that ended in order")
    finally:
        for client in clients:
            await client.aclose()


@contextlib.asynccontextmanager
async def _processes(spec: HostSpec, dice: random.Random) -> AsyncIterator[list[str]]:
    """Start twelve hosts and give what each said, with the status of those that ended."""
    started = []
    for _ in range(N_STARTERS):
        started.append(
            await asyncio.create_subprocess_exec(
                *spec.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        )
        # Different gaps, so that different steps of starting meet.
        await asyncio.sleep(dice.choice((0.0, 0.0, 0.01, 0.05)))

    async def said(process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        async with asyncio.timeout(SLOW_S):
            word = (await process.stdout.readline()).decode().strip()
            return word if word == READY else f"{word} {await process.wait()}"

    try:
        yield await asyncio.gather(*(said(process) for process in started))
    finally:
        for process in started:
            # Most have ended, and to kill one of those would take its status away.
            try:
                async with asyncio.timeout(ENDING_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _answer(client: EngineClient, text: str = "hi") -> str:
    try:
        async with asyncio.timeout(SLOW_S):
            request = GenerationRequest(prompt=TextPrompt(text=text), max_tokens=9)
            return (await client.generate(request)).text
    except TimeoutError:
        return "lost"
    except EngineError as error:
        return f"{type(error).__name__}: {error}"


async def _gone(spec: HostSpec) -> None:
    await until_async(lambda: not host_pids(spec), timeout_s=SLOW_S)


def _wrong_socket(spec: HostSpec) -> str:
    found = spec.socket_path().lstat().st_mode
    is_right = spec.socket_path().is_socket() and found & ANYBODY == 0o600
    return "" if is_right and not spec.socket_path().is_symlink() else f"mode {found:o}"


async def _folder_in_the_way(spec: HostSpec, tally: _Tally) -> None:
    """A folder cannot be replaced by a socket: the request is told so, and the folder stays."""
    path = spec.socket_path()
    await asyncio.to_thread(path.unlink, missing_ok=True)
    (path / "inside").mkdir(parents=True)
    client = EngineClient.embedded(spec)
    said = await _answer(client)
    await client.aclose()
    if "cannot listen at" not in said or not (path / "inside").is_dir():
        tally.note("links", "a folder at the socket's path", said)
    (path / "inside").rmdir()
    path.rmdir()


async def _stranger(doing: str, path: Path, who: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, stranger.__file__, doing, str(path), who),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def _asked(path: Path, who: str) -> bytes:
    process = await _stranger("connect", path, who)
    async with asyncio.timeout(SLOW_S):
        return (await process.communicate())[0]


async def _stranger_asks(spec: HostSpec, tally: _Tally) -> None:
    """Another user is refused by the folder, and by the host where somebody opened the folder."""
    client = EngineClient.embedded(spec)
    path = spec.socket_path()
    try:
        await client.wait_ready(SLOW_S)
        if b"200 OK" not in (seen := await _asked(path, "self")):
            tally.note("strangers", "the user himself was not answered", seen)
        if seen := await _asked(path, "other"):
            if b"PermissionError" not in seen:
                tally.note("strangers", "the folder as it is", seen)
        else:
            tally.note("strangers", "the folder as it is", "could connect")
        for opened, mode in ((path, 0o666), (path.parent, 0o711), (path.parent.parent, 0o711)):
            opened.chmod(mode)
        seen = await _asked(path, "other")
        if seen and seen not in {b"ConnectionResetError", b"BrokenPipeError"}:
            tally.note("strangers", "folder and socket open to all", seen)
        path.parent.parent.chmod(0o700)
        await client.stop_host()
        await _gone(spec)
    finally:
        await client.aclose()


async def _stranger_poses(spec: HostSpec, tally: _Tally, top: Path) -> None:
    """Who made the folder first, or the socket in a folder open to all, is told nothing."""
    top.chmod(0o711)
    for name, owner in (("theirs", stranger.UID), ("open", os.getuid())):
        folder = top / name
        folder.mkdir()
        os.chown(folder, owner, -1)
        folder.chmod(ANYBODY)
        there = dataclasses.replace(spec, socket_dir=folder)
        process = await _stranger("pose", there.socket_path(), "other")
        assert process.stdout is not None
        client = EngineClient.embedded(there)
        try:
            async with asyncio.timeout(SLOW_S):
                assert await process.stdout.readline() == b"POSING\n"
            said = await _answer(client, TYPED)
            for pid in await asyncio.to_thread(host_pids, there):
                os.kill(pid, signal.SIGTERM)
            await _gone(there)
        finally:
            await client.aclose()
            told, _ = await process.communicate(b"")
        if TYPED.encode() in told:
            tally.note("strangers", f"a folder that is {name}", {"told": told, "said": said})
    top.chmod(0o700)


def _outcome(run: Run, tally: _Tally, left: Left, left_out: dict[str, str]) -> Outcome:
    def none(bar: str, name: str) -> Bar:
        return Bar(name=name, seen=tally.wrong[bar], most=0)

    return Outcome(
        tried=run.size,
        bars=[
            none("hosts", "races that did not leave exactly one host"),
            none("said", "races whose losers did not say so and end well"),
            none("answers", "races after which somebody was not answered"),
            none("links", "links followed, or sockets others may use"),
            none("strangers", "strangers answered or told something"),
            Bar(
                name="processes, sockets or scratch left behind",
                seen=tally.wrong["left"] + len(left.problems),
                most=0,
            ),
            Bar(
                name="slowest answer after a race",
                seen=round(tally.slowest_ms),
                most=20_000,
                unit="ms",
                is_timing=True,
            ),
        ],
        failures=[*tally.failures, *left.problems],
        left_out=left_out,
    )


TRIALS: Final = (
    Trial(number=9, name="start race", counts=f"races of {N_STARTERS}", ci=24, run=_run),
)
