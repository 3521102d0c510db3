"""Runs a program on a throw-away view of the workspace, and finds out how well that isolates.

Level 4: bubblewrap with overlays. 3: an older bubblewrap in an overlay of our own. 2: Landlock and
seccomp on a copied tree. Below 2 nothing is run: :meth:`Sandbox.run` raises.
Not here: what is run (the runners, ``examples``), and whether the folder is trusted (``app``).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import NoSandboxError, SandboxError
from ducktypist.verify import bubblewrap, escape, inside_view, landlock, run_thread, scratch
from ducktypist.verify.dialogue import Dialogue
from ducktypist.verify.interpreter import readable_places
from ducktypist.verify.launching import (
    CACHE,
    LEVEL_LANDLOCK,
    LEVEL_NESTED,
    LEVEL_NONE,
    LEVEL_OVERLAY,
    ROOT,
    SUPPORT,
    Confinement,
    Request,
    prepare,
)
from ducktypist.verify.pipes import clean_text
from ducktypist.verify.run_thread import in_thread
from ducktypist.verify.session import RunResult, Session
from ducktypist.verify.watchdog import Ended, Limits, supervise

__all__ = [
    "CACHE",
    "INSTALL_HINT",
    "LEVEL_LANDLOCK",
    "LEVEL_NESTED",
    "LEVEL_NONE",
    "LEVEL_OVERLAY",
    "ROOT",
    "SUPPORT",
    "RunResult",
    "Sandbox",
    "SandboxStatus",
    "Session",
    "probe",
]

INSTALL_HINT = (
    "install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`) or "
    "`pip install 'ducktypist[sandbox]'`"
)


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

    @property
    def scratch_root(self) -> Path:
        """The folder that holds the runs' own folders, each of them while its run lasts."""
        return self._scratch_root

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
        cache: Path | None = None,
        keep: Callable[[Path], None] | None = None,
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
            cache: A folder of ours that the run sees with all it holds and may add to in a view of
                its own; the folder itself stays as it is.
            keep: Called, when the run has ended, with the folder of what it added to the cache.

        Raises:
            NoSandboxError: This machine has no level of 2 or more.
            SandboxError: The run could not be isolated, started or ended.
        """
        request = Request(
            argv=tuple(argv),
            workspace=workspace,
            overlay=dict(overlay),
            environment=dict(environment),
            interpreter=interpreter,
            readable=tuple(readable),
            limits=limits,
            cwd=cwd,
            support=dict(support or {}),
            cache=cache,
            keep=keep,
        )
        self._require_runnable(request)
        cancelled = threading.Event()
        return await in_thread(lambda: self._run(request, cancelled), cancelled)

    @contextlib.asynccontextmanager
    async def open(
        self,
        *,
        argv: Sequence[str],
        workspace: Path,
        overlay: Mapping[Path, str],
        environment: Mapping[str, str],
        limits: Limits,
        interpreter: Path | None = None,
        readable: Sequence[Path] = (),
        support: Mapping[str, Path | str] | None = None,
        cache: Path | None = None,
    ) -> AsyncIterator[Session]:
        """Start a program that can be asked things; leaving the block kills all of it.

        It reads lines from the descriptor ``DUCKTYPIST_COMMAND_FD`` and answers with lines on
        ``DUCKTYPIST_REPORT_FD``. For the arguments see :meth:`run`; the limits hold for the whole
        session. One that cannot be started says so when it is asked something.

        Raises:
            NoSandboxError: This machine has no level of 2 or more.
            SandboxError: Processes of it are left over.
        """
        request = Request(
            argv=tuple(argv),
            workspace=workspace,
            overlay=dict(overlay),
            environment=dict(environment),
            interpreter=interpreter,
            readable=tuple(readable),
            limits=limits,
            cwd=Path(),
            support=dict(support or {}),
            cache=cache,
            keep=None,
        )
        self._require_runnable(request)
        cancelled = threading.Event()
        dialogue = Dialogue()
        session = Session(dialogue)

        def stop() -> None:
            cancelled.set()
            dialogue.wake()

        def work() -> RunResult:
            try:
                return self._run(request, cancelled, session)
            finally:
                dialogue.close()

        done = run_thread.start(work)
        done.add_done_callback(session.over)
        try:
            yield session
        finally:
            stop()
            await run_thread.ended(done, stop=stop)
        session.require_clean()

    def _require_runnable(self, request: Request) -> None:
        if self.status.level < LEVEL_LANDLOCK:
            raise NoSandboxError(
                f"nothing is run without a sandbox ({self.status.reason or 'none found'}); "
                f"{INSTALL_HINT}"
            )
        if request.cwd.is_absolute() or ".." in request.cwd.parts:
            raise SandboxError(
                f"{request.cwd} is not a path below the workspace; a run starts inside it"
            )

    def _run(
        self, request: Request, cancelled: threading.Event, session: Session | None = None
    ) -> RunResult:
        of_interpreter = readable_places(request.interpreter) if request.interpreter else ()
        view = inside_view.view(
            workspace=request.workspace,
            readable=(*request.readable, *of_interpreter),
            hidden=self._hidden,
            home=self._home,
        )
        place = scratch.create(self._scratch_root, workspace=view.workspace)
        try:
            launch, root_inside = prepare(
                request, confinement=self._confinement(), view=view, place=place
            )
            is_copy = self.status.level == LEVEL_LANDLOCK
            if session is not None:
                session.begin(
                    tree=place.merged if is_copy else place.upper,
                    lower=None if is_copy else view.workspace,
                    root_inside=root_inside,
                )
            ended = supervise(
                launch,
                limits=request.limits,
                cancelled=cancelled,
                dialogue=session.dialogue if session else None,
            )
            if request.keep is not None and ended.started and ended.clean:
                request.keep(place.cache_merged if is_copy else place.cache_upper)
        finally:
            scratch.remove(place.top)
        return self._result(ended, root_inside)

    def _confinement(self) -> Confinement:
        path = self.status.path
        return Confinement(
            level=self.status.level,
            program=bubblewrap.Bubblewrap(path=path, version=self.status.version) if path else None,
            private=(*self._hidden, self._home),
        )

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
