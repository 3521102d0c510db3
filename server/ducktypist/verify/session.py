"""What a run left behind, and a run that goes on and can be asked things.

Made by ``Sandbox.open``. Not here: what is said, and whether to believe it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import Killed
from ducktypist.errors import SandboxError
from ducktypist.verify.dialogue import Dialogue
from ducktypist.verify.leavings import Leavings, Tree


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


class SessionEndedError(SandboxError):
    """The program of a session is gone; says how it ended."""

    def __init__(self, result: RunResult) -> None:
        how = (
            f"was killed ({result.killed.value.replace('_', ' ')})"
            if result.killed
            else f"ended with status {result.exit_status}"
        )
        tail = result.output.strip()[-500:]
        super().__init__(f"a sandboxed session {how}: {tail or 'it said nothing'}")
        self.result = result


class Session:
    """A sandboxed program that answers. Used on the event loop, one question at a time."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self._tree: Tree | None = None
        self._root_inside: Path | None = None
        self._error: BaseException | None = None
        self._is_told = False

    @property
    def root_inside(self) -> Path:
        """The workspace's path as the program sees it; known once it has answered."""
        if self._root_inside is None:
            raise SandboxError("the session has not begun; ask it something first")
        return self._root_inside

    async def ask(self, line: bytes, *, each: Callable[[bytes], bool], timeout_s: float) -> None:
        """Send a line and wait until its answer is complete.

        Args:
            line: Without a line end.
            each: Gets every line of the answer as it comes, and tells whether it was the last.
            timeout_s: How long the answer may take before everything is killed.

        Raises:
            SessionEndedError: The program ended or was killed, now or earlier.
            SandboxError: It could not be isolated, started or ended.
        """
        try:
            await self.dialogue.ask(line, each=each, timeout_s=timeout_s)
        except SandboxError:
            self._is_told = True
            raise

    async def leavings(self, *, restored: Collection[str]) -> Leavings:
        """Return what the program has changed in its view of the workspace since it began.

        Args:
            restored: Files, relative to the workspace, that are right as they are now.
        """
        if self._tree is None:
            return Leavings()
        return await asyncio.to_thread(self._tree.leavings, frozenset(restored))

    def begin(self, *, tree: Path, lower: Path | None, root_inside: Path) -> None:
        """Note what the program starts from; in the watching thread.

        Args:
            tree: The folder that receives what it writes in the workspace.
            lower: What is seen through that folder, None when it is a complete copy.
            root_inside: The workspace's path as the program sees it.
        """
        self._tree = Tree(tree, lower=lower)
        self._root_inside = root_inside

    def over(self, done: asyncio.Future[RunResult]) -> None:
        """Take note that the run has ended, and answer who still waits."""
        self._error = done.exception()
        self.dialogue.end(self._error or SessionEndedError(done.result()))

    def require_clean(self) -> None:
        """Raise what went wrong with the run itself, if nobody was told of it yet."""
        if self._error is not None and not self._is_told:
            raise self._error
