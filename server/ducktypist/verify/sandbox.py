"""Runs a program on a throw-away view of the workspace, and finds out how well that isolates.

Level 4: bubblewrap with overlays. 3: an older bubblewrap in an overlay of our own. 2: Landlock and
seccomp on a copied tree. Below 2 nothing is run: :meth:`Sandbox.run` raises.
Not here: what is run (the runners, ``examples``), and whether the folder is trusted (``app``).
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ducktypist.domain import Killed
from ducktypist.errors import NoSandboxError, SandboxError
from ducktypist.verify import bubblewrap, escape, inside_view, landlock, scratch
from ducktypist.verify.inside_view import PROGRAM_PATH, View
from ducktypist.verify.interpreter import readable_places
from ducktypist.verify.scratch import Scratch
from ducktypist.verify.watchdog import STATUS_FD, Ended, Launch, Limits, clean_text, supervise

LEVEL_OVERLAY, LEVEL_NESTED, LEVEL_LANDLOCK, LEVEL_NONE = 4, 3, 2, 0
ROOT = "@root@"
"""In an argument or environment value: the workspace's path as the run sees it."""
SUPPORT = "@support@"
"""In an argument or environment value: the folder of the ``support`` files as the run sees it."""
INSTALL_HINT = (
    "install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`) or "
    "`pip install 'ducktypist[sandbox]'`"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxStatus:
    """How well runs are isolated on this machine, and why not better."""

    level: int
    tool: str
    """``bubblewrap``, ``landlock``, or empty."""
    version: str
    reason: str
    """Why no better level was taken; empty for the best."""
    path: Path | None = None
    """The program that isolates, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run left behind."""

    exit_status: int | None
    """None when it was killed; 128 + N when signal N ended it."""
    killed: Killed | None
    output: str
    """The tail of standard output and error, control characters removed."""
    reports: bytes
    """What was written to the pipe ``DUCKTYPIST_REPORT_FD``."""
    duration_ms: float
    level: int
    root_inside: Path
    """The workspace's path as the run saw it; its own path except at level 2."""


class Sandbox:
    """Runs programs at one level. Holds no state between runs; runs may overlap in time."""

    def __init__(
        self,
        *,
        status: SandboxStatus,
        scratch_root: Path,
        hidden: Sequence[Path] = (),
        home: Path | None = None,
    ) -> None:
        """Remember how to run.

        Args:
            status: What :func:`probe` found.
            scratch_root: A private folder for the runs' own folders, outside of any workspace.
            hidden: Folders that no run may look into, besides the home folder.
            home: The user's home folder.
        """
        self.status = status
        self._scratch_root = scratch_root
        self._home = home or Path.home()
        self._hidden = (*hidden, scratch_root)

    async def run(
        self,
        *,
        argv: Sequence[str],
        workspace: Path,
        overlay: Mapping[Path, str],
        environment: Mapping[str, str],
        limits: Limits,
        interpreter: Path | None = None,
        readable: Sequence[Path] = (),
        cwd: Path = Path(),
        support: Mapping[str, Path | str] | None = None,
    ) -> RunResult:
        """Run one program to its end. Cancelling kills all of it first; nothing is left either way.

        Args:
            argv: The program and its arguments; see :data:`ROOT` and :data:`SUPPORT`.
            workspace: The folder that the run may read, and write in its own throw-away view.
            overlay: Texts laid over files of the workspace, by path relative to it.
            environment: Variables besides the few that every run gets; nothing is inherited.
            limits: What it may use.
            interpreter: A Python whose files the run may read.
            readable: Further places that it may read.
            cwd: Where it starts, relative to the workspace.
            support: Files of ours that it may read, by the name they get: a path to copy, or text.

        Raises:
            NoSandboxError: This machine has no level of 2 or more.
            SandboxError: The run could not be isolated, started or ended.
        """
        if self.status.level < LEVEL_LANDLOCK:
            raise NoSandboxError(
                f"nothing is run without a sandbox ({self.status.reason or 'none found'}); "
                f"{INSTALL_HINT}"
            )
        if cwd.is_absolute() or ".." in cwd.parts:
            raise SandboxError(f"{cwd} is not a path below the workspace; a run starts inside it")
        request = _Request(
            argv=tuple(argv),
            workspace=workspace,
            overlay=dict(overlay),
            environment=dict(environment),
            interpreter=interpreter,
            readable=tuple(readable),
            limits=limits,
            cwd=cwd,
            support=dict(support or {}),
        )
        cancelled = threading.Event()
        return await _in_thread(lambda: self._run(request, cancelled), cancelled)

    def _run(self, request: _Request, cancelled: threading.Event) -> RunResult:
        of_interpreter = readable_places(request.interpreter) if request.interpreter else ()
        view = inside_view.view(
            workspace=request.workspace,
            readable=(*request.readable, *of_interpreter),
            hidden=self._hidden,
            home=self._home,
        )
        place = scratch.create(self._scratch_root, workspace=view.workspace)
        try:
            launch, root_inside = self._prepare(request, view, place)
            ended = supervise(launch, limits=request.limits, cancelled=cancelled)
        finally:
            scratch.remove(place.top)
        return self._result(ended, root_inside)

    def _prepare(self, request: _Request, view: View, place: Scratch) -> tuple[Launch, Path]:
        is_copy = self.status.level == LEVEL_LANDLOCK
        for name, source in request.support.items():
            if isinstance(source, Path):
                shutil.copyfile(source, place.support / name)
            else:
                (place.support / name).write_text(source, "utf-8")
        if is_copy:
            scratch.copy_tree(view.workspace, place.merged)
        written = place.merged if is_copy else place.upper
        scratch.lay_over(request.overlay, workspace=view.workspace, target=written)
        root = place.merged if is_copy else view.workspace
        support = place.support if is_copy else bubblewrap.SUPPORT_INSIDE
        temporary = place.temporary if is_copy else bubblewrap.TEMPORARY_INSIDE
        replaced = {ROOT: str(root), SUPPORT: str(support)}
        environment = {
            "PATH": PROGRAM_PATH,
            "HOME": str(place.home if is_copy else temporary),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
            **request.environment,
        }
        prefix = self._prefix(view, place, root / request.cwd, request.limits)
        launch = Launch(
            argv=(*prefix, *(_replace(part, replaced) for part in request.argv)),
            environment={key: _replace(value, replaced) for key, value in environment.items()},
            cwd=place.top,
            written=place.top if is_copy else place.upper,
        )
        return launch, root

    def _prefix(self, view: View, place: Scratch, cwd: Path, limits: Limits) -> list[str]:
        if self.status.level == LEVEL_LANDLOCK:
            hidden = [path.resolve() for path in (*self._hidden, self._home)]
            shown = [
                str(path)
                for path in view.system
                # What cannot be masked must not be shown at all.
                if not any(item.is_relative_to(path.resolve()) for item in hidden)
            ]
            return landlock.argv(
                read=[*shown, "/proc", *map(str, view.readable), str(place.support)],
                write=[str(place.merged), str(place.temporary), str(place.home)],
                cwd=str(cwd),
                status_fd=STATUS_FD,
            )
        if self.status.path is None:
            raise SandboxError("the sandbox's program is not known; probe the sandbox again")
        program = bubblewrap.Bubblewrap(path=self.status.path, version=self.status.version)
        build = (
            bubblewrap.overlay_argv
            if self.status.level == LEVEL_OVERLAY
            else bubblewrap.nested_argv
        )
        prefix = build(program=program, view=view, scratch=place, cwd=cwd, limits=limits)
        if prefix is None:
            raise SandboxError("`unshare`, `mount` or `sh` is missing; install util-linux")
        return prefix

    def _result(self, ended: Ended, root_inside: Path) -> RunResult:
        output = clean_text(ended.output)
        if not ended.started and ended.killed is None:
            raise SandboxError(
                f"{self.status.tool} {self.status.version} could not set up the sandbox "
                f"(status {ended.exit_status}): {output.strip()[-500:] or 'it said nothing'}"
            )
        if not ended.clean:
            raise SandboxError("processes of a sandboxed run are left over; look for them with ps")
        return RunResult(
            exit_status=ended.exit_status,
            killed=ended.killed,
            output=output,
            reports=ended.reports,
            duration_ms=ended.duration_ms,
            level=self.status.level,
            root_inside=root_inside,
        )


async def probe(
    *,
    scratch_root: Path,
    hidden: Sequence[Path] = (),
    home: Path | None = None,
    only_level: int | None = None,
) -> SandboxStatus:
    """Find the best level that holds, by trying to break out of each.

    Leftover scratches of dead processes are swept on the way.

    Args:
        scratch_root: As for :class:`Sandbox`.
        hidden: As for :class:`Sandbox`.
        home: As for :class:`Sandbox`.
        only_level: Try this level only; for tests and for ``doctor``.
    """
    await asyncio.to_thread(scratch.sweep, scratch_root)
    reasons: list[str] = []
    for candidate in await asyncio.to_thread(_candidates, reasons):
        if only_level is not None and candidate.level != only_level:
            continue
        sandbox = Sandbox(status=candidate, scratch_root=scratch_root, hidden=hidden, home=home)
        failure = await _failure(sandbox, scratch_root, home or Path.home())
        if not failure:
            return SandboxStatus(
                level=candidate.level,
                tool=candidate.tool,
                version=candidate.version,
                reason="; ".join(reasons),
                path=candidate.path,
            )
        reasons.append(f"level {candidate.level} ({candidate.tool} {candidate.version}): {failure}")
    return SandboxStatus(
        level=LEVEL_NONE, tool="", version="", reason="; ".join(reasons) or "no tool found"
    )


def _candidates(reasons: list[str]) -> list[SandboxStatus]:
    if sys.platform != "linux":
        reasons.append(f"no sandbox is supported on {sys.platform}")
        return []
    programs = bubblewrap.find()
    if not programs:
        reasons.append(f"bubblewrap not found; {INSTALL_HINT}")
    elif not any(program.has_overlay for program in programs):
        reasons.append(f"bubblewrap {programs[0].version} has no overlays (0.11 has)")
    levels = [(LEVEL_OVERLAY, program) for program in programs if program.has_overlay]
    # The older ones first: a newer one gets here only after it has failed above.
    older_first = sorted(programs, key=lambda program: program.has_overlay)
    levels += [(LEVEL_NESTED, program) for program in older_first]
    found = [
        SandboxStatus(
            level=level,
            tool="bubblewrap",
            version=program.version,
            reason="",
            path=program.path,
        )
        for level, program in levels
    ]
    abi = landlock.abi()
    if abi:
        version = f"ABI {abi}"
        found.append(
            SandboxStatus(level=LEVEL_LANDLOCK, tool="landlock", version=version, reason="")
        )
    else:
        reasons.append("this kernel or processor offers no Landlock")
    return found


async def _failure(sandbox: Sandbox, scratch_root: Path, home: Path) -> str:
    """Return why a sandbox does not hold, empty when it does."""
    setting = asyncio.ensure_future(asyncio.to_thread(escape.set_stage, scratch_root, home))
    try:
        stage = await asyncio.shield(setting)
    except SandboxError as error:
        return str(error)
    except asyncio.CancelledError:
        # A thread cannot be stopped half way; what it set up would stay.
        with contextlib.suppress(SandboxError):
            await asyncio.to_thread((await setting).strike)
        raise
    try:
        result = await sandbox.run(
            argv=[sys.executable, "-I", "-S", f"{SUPPORT}/{escape.PROGRAM.name}", stage.plan],
            workspace=stage.workspace,
            overlay={escape.OWN: "own\n"},
            environment={},
            limits=escape.LIMITS,
            interpreter=Path(sys.executable),
            support={escape.PROGRAM.name: escape.PROGRAM},
        )
        return await asyncio.to_thread(escape.judge, stage, result.reports, result.output)
    except SandboxError as error:
        return str(error)
    finally:
        await asyncio.to_thread(stage.strike)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """The arguments of one run, frozen before a thread gets them."""

    argv: tuple[str, ...]
    workspace: Path
    overlay: dict[Path, str]
    environment: dict[str, str]
    interpreter: Path | None
    readable: tuple[Path, ...]
    limits: Limits
    cwd: Path
    support: dict[str, Path | str]


def _replace(text: str, replaced: Mapping[str, str]) -> str:
    for mark, value in replaced.items():
        text = text.replace(mark, value)
    return text


async def _in_thread(work: Callable[[], T], cancelled: threading.Event) -> T:
    """Run blocking work in a thread of its own; when cancelled, say so and wait for its end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        # The loop may be closed already when a server is torn down in the middle of a run.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(set_it)

    def body() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - handed over to the awaiting task as it is
            failure = error
            settle(lambda: done.set_exception(failure))
        else:
            settle(lambda: done.set_result(value))

    threading.Thread(target=body, name="ducktypist-run", daemon=True).start()
    was_cancelled = False
    while not done.done():
        try:
            # Waits without taking the outcome, so that only a cancellation can arrive here.
            await asyncio.wait([done])
        except asyncio.CancelledError:
            was_cancelled = True
            cancelled.set()
    if was_cancelled:
        # The outcome of a run that nobody wants any more is looked at and dropped.
        done.exception()
        raise asyncio.CancelledError
    return done.result()
