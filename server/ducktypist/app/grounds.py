"""What may be run for a workspace folder, put together from the settings and the machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ducktypist import config
from ducktypist.config import Config
from ducktypist.errors import RunnerError
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.verify.command_runner import CommandRunner
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_toolchain import GoToolchain, find_go
from ducktypist.verify.interpreter import find_interpreter
from ducktypist.verify.janitor import Janitor
from ducktypist.verify.pytest_runner import PytestRunner
from ducktypist.verify.runner import Runner
from ducktypist.verify.sandbox import LEVEL_LANDLOCK, Sandbox, SandboxStatus, probe
from ducktypist.verify.watchdog import Limits

GO_MODULE = "go.mod"
GO_MODULE_DEPTH = 3
"""So many folders deep a module is looked for, and as many up."""
MAX_FOLDERS = 2000
SKIPPED = frozenset({"node_modules", "vendor", "venv", "__pycache__", "testdata"})


class Running:
    """The sandbox and the test runners of one app."""

    def __init__(self, settings: Config) -> None:
        """Remember the settings; nothing is looked for yet."""
        self._settings = settings
        self._status: asyncio.Task[SandboxStatus] | None = None
        self._go: dict[GoToolchain, GoRunner] = {}
        self._janitor: Janitor | None = None

    async def grounds(self, root: Path, buffers: Mapping[Path, str]) -> Grounds | NotRunnable:
        """Return what may be run for a trusted folder, or why nothing may.

        Args:
            root: The folder.
            buffers: Unsaved texts by path relative to it.
        """
        status = await self.sandbox_status()
        if status.level < LEVEL_LANDLOCK:
            return NotRunnable(
                reason=f"no sandbox on this machine, so nothing was run ({status.reason}); "
                f"install bubblewrap"
            )
        try:
            interpreter = await asyncio.to_thread(
                find_interpreter, self._settings.python.interpreter, root
            )
        except RunnerError as error:
            return NotRunnable(reason=str(error))
        limits = self._settings.verify
        common = {
            "max_memory_bytes": limits.max_memory_bytes,
            "max_processes": limits.max_processes,
            "max_output_bytes": limits.max_output_bytes,
        }
        sandbox = Sandbox(
            status=status, scratch_root=config.cache_dir() / "scratch", hidden=hidden()
        )
        runners, missing = await asyncio.to_thread(self._runners, root, sandbox, interpreter)
        return Grounds(
            root=root,
            sandbox=sandbox,
            interpreter=interpreter,
            runners=runners,
            missing=missing,
            limits=Limits(timeout_s=limits.timeout_s, **common),
            suite_limits=Limits(timeout_s=limits.suite_timeout_s, **common),
            buffers=buffers,
        )

    def _runners(
        self, root: Path, sandbox: Sandbox, interpreter: Path
    ) -> tuple[tuple[Runner, ...], tuple[str, ...]]:
        """Return the runners for a folder, and why others that it wants are not among them."""
        found: list[Runner] = [PytestRunner(sandbox=sandbox, interpreter=interpreter)]
        missing: list[str] = []
        if _has_go(root):
            try:
                found.append(self._go_runner(root, sandbox))
            except RunnerError as error:
                missing.append(str(error))
        wanted = self._settings.tests
        if wanted.command:
            runner = CommandRunner(sandbox=sandbox, command=wanted.command, patterns=wanted.files)
            # A person who names files for it means these, whatever language they are in.
            found.insert(0, runner)
        return tuple(found), tuple(missing)

    def _go_runner(self, root: Path, sandbox: Sandbox) -> GoRunner:
        """Return the runner of a toolchain, which knows what it has built already."""
        toolchain = find_go(configured=self._settings.go.command, workspace=root)
        if toolchain not in self._go:
            self._go[toolchain] = GoRunner(
                sandbox=sandbox, toolchain=toolchain, cache_dir=config.cache_dir()
            )
        return self._go[toolchain]

    async def warm(self, root: Path) -> None:
        """Build what the Go packages of a trusted folder need, so that no run has to wait for it.

        Raises:
            RunnerError: The cache cannot be made.
            SandboxError: The build could not be isolated.
        """
        grounds = await self.grounds(root, {})
        runners = grounds.runners if isinstance(grounds, Grounds) else ()
        for runner in runners:
            if isinstance(runner, GoRunner):
                await runner.warm_all(root)

    async def sandbox_status(self) -> SandboxStatus:
        """Return the sandbox level that holds here; found out once, by trying to break out."""
        if self._status is None:
            self._status = asyncio.create_task(self._probed())
        return await asyncio.shield(self._status)

    async def _probed(self) -> SandboxStatus:
        scratch_root = config.cache_dir() / "scratch"
        self._janitor = await asyncio.to_thread(Janitor.hire, scratch_root)
        return await probe(scratch_root=scratch_root, hidden=hidden())

    def known_status(self) -> SandboxStatus | None:
        """Return the sandbox level if it has been found out."""
        task = self._status
        return task.result() if task is not None and task.done() and not task.cancelled() else None

    async def aclose(self) -> None:
        """End what is running to find the level out."""
        if self._status is None:
            return
        if not self._status.cancelling():
            # A second cancellation would interrupt the cleaning up after the first.
            self._status.cancel()
        # Waited for: what it has running is ended and its scratch trees are removed on the way.
        await asyncio.wait([self._status])
        if self._janitor is not None:
            await asyncio.to_thread(self._janitor.dismiss)
            self._janitor = None


def hidden() -> tuple[Path, ...]:
    """Return the folders of ours that no run may look into."""
    return (config.runtime_dir(), config.state_dir(), config.data_dir())


def _has_go(root: Path) -> bool:
    """Tell whether a folder lies in a Go module or holds one."""
    above = (root, *list(root.parents)[:GO_MODULE_DEPTH])
    return any((folder / GO_MODULE).is_file() for folder in (*above, *_folders(root)))


def _folders(root: Path) -> Iterator[Path]:
    for n_seen, (folder, names, _) in enumerate(os.walk(root)):
        if n_seen >= MAX_FOLDERS:
            return
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        names[:] = [
            name
            for name in sorted(names)
            if depth < GO_MODULE_DEPTH and not name.startswith(".") and name not in SKIPPED
        ]
        yield here
