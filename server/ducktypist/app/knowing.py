"""Who knows facts, put together from the settings and the machine.

Nothing here is taken from a workspace: manual pages, programs and sources are looked for in the
system's places and beside our own Python.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ducktypist import config
from ducktypist.app.grounds import hidden
from ducktypist.config import Config
from ducktypist.errors import DucktypistError, RunnerError
from ducktypist.facts.go_doc import GoDoc
from ducktypist.facts.manual import HelpTexts, Manual, page_dirs
from ducktypist.facts.python_names import PythonNames
from ducktypist.facts.shellcheck import find_shellcheck
from ducktypist.features.explain import FactSources
from ducktypist.verify.go_toolchain import find_go
from ducktypist.verify.sandbox import LEVEL_LANDLOCK, Sandbox, SandboxStatus
from ducktypist.verify.watchdog import Limits

HELP_LIMITS = Limits(
    timeout_s=3.0, max_memory_bytes=512 * 1024**2, max_processes=8, max_output_bytes=256 * 1024
)
NOWHERE = Path("/nonexistent")


def fact_sources(
    settings: Config,
    *,
    roots: Sequence[Path],
    sandbox_status: Callable[[], SandboxStatus | None],
) -> FactSources:
    """Return who knows facts here; looks for programs, so callers use a thread.

    Args:
        settings: Where Go is, if the person says so.
        roots: The workspace folders; nothing in them is run.
        sandbox_status: How well a program that is asked for its help can be isolated; None while
            that is not known, and then none is asked.
    """
    cache_dir, dirs = config.cache_dir(), page_dirs(roots)
    helps = HelpTexts(_Helping(sandbox_status), workspace_roots=roots)
    return FactSources(
        manual=Manual(page_dirs=dirs, cache_dir=cache_dir),
        asking_manual=Manual(page_dirs=dirs, cache_dir=cache_dir, help_texts=helps),
        python=PythonNames(cache=cache_dir / "jedi"),
        go=GoDoc(_go(settings, roots), cache=cache_dir / "go-doc"),
        shellcheck=find_shellcheck(roots=roots),
    )


def _go(settings: Config, roots: Sequence[Path]) -> Path | None:
    try:
        found = find_go(configured=settings.go.command, workspace=roots[0] if roots else NOWHERE)
    except RunnerError:
        return None
    return found.go


class _Helping:
    """Runs a program of the system with ``--help`` in the sandbox; called in threads."""

    def __init__(self, sandbox_status: Callable[[], SandboxStatus | None]) -> None:
        self._sandbox_status = sandbox_status

    def __call__(self, program: Path) -> str | None:
        status = self._sandbox_status()
        if status is None or status.level < LEVEL_LANDLOCK:
            return None
        scratch_root = config.cache_dir() / "scratch"
        sandbox = Sandbox(status=status, scratch_root=scratch_root, hidden=hidden())
        try:
            with tempfile.TemporaryDirectory(prefix="ducktypist-help-") as empty:
                # A loop of its own: this thread has none, and the window's must not wait.
                result = asyncio.run(
                    sandbox.run(
                        argv=[str(program), "--help"],
                        workspace=Path(empty),
                        overlay={},
                        environment={"LC_ALL": "C.UTF-8", "COLUMNS": "200", "PAGER": "cat"},
                        limits=HELP_LIMITS,
                    )
                )
        except (DucktypistError, OSError):
            return None
        return result.output or None
