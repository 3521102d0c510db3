"""What is settled before a run of pytest: arguments, options, canaries, the files of ours.

Reads the workspace's settings and files; starts nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import RunnerError
from ducktypist.verify import canary
from ducktypist.verify.interpreter import require_pytest
from ducktypist.verify.pytest_options import kept_options
from ducktypist.verify.runner import RunRequest

PLUGIN = "_ducktypist_pytest_probe"
SUPPORT_FILES: Mapping[str, Path] = {
    f"{PLUGIN}.py": Path(__file__).with_name("pytest_probe.py"),
    "_ducktypist_line_probe.py": Path(__file__).with_name("line_probe.py"),
}
"""Files of ours that every run finds on its path."""
ARGUMENTS = (
    *("-p", PLUGIN, "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:rerunfailures"),
    *("-o", "addopts=", "--rootdir=.", "--tb=long", "-q", "--color=no"),
    "--continue-on-collection-errors",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is settled before a run, all of it read from the file system."""

    root: Path
    """The workspace's folder, without links."""
    arguments: tuple[str, ...]
    """pytest's, the targets included."""
    bird: canary.Canary | None
    nonce: str
    """By which the run's own reports are known."""
    trace: bool

    @property
    def setup(self) -> str:
        """What the probe is told."""
        canary_name = self.bird.name if self.bird else ""
        return json.dumps({"nonce": self.nonce, "canary": canary_name, "trace": self.trace})

    @property
    def canary_files(self) -> dict[Path, str]:
        """The file of tests that must fail, if there is to be one."""
        return {Path(self.bird.name): self.bird.text} if self.bird else {}


def make_plan(request: RunRequest, interpreter: Path) -> Plan:
    """Settle a run. Blocks.

    Raises:
        RunnerError: pytest is missing, a race is to be looked for, or a target is an option.
    """
    if request.race:
        raise RunnerError("pytest finds no data races; only `go test` does")
    if any(target.startswith("-") for target in request.targets):
        raise RunnerError(f"{request.targets!r} holds an option; expected node ids or files")
    require_pytest(interpreter)
    real = request.root.resolve()
    return Plan(
        root=real,
        arguments=(*ARGUMENTS, *kept_options(real, request.overlay), *request.targets),
        bird=canary.make(_originals(real, request.overlay)) if request.canaries else None,
        nonce=secrets.token_hex(16),
        trace=request.trace,
    )


def _originals(root: Path, overlay: Mapping[Path, str]) -> dict[Path, str]:
    found = {}
    for path in overlay:
        try:
            found[path] = (root / path).read_text("utf-8", errors="replace")
        except OSError:
            found[path] = ""
    return found
