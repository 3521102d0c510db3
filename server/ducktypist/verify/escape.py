"""What ``sandbox.probe`` sets up for an attempt to break out, and how it judges the attempt.

The stage is real: a secret beside the home folder's, sockets that listen, a file to overwrite.
Not here: the attempt itself (``escape_attempt``), which runs inside.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import SandboxError
from ducktypist.verify import scratch
from ducktypist.verify.watchdog import Limits

PROGRAM = Path(__file__).with_name("escape_attempt.py")
OWN = Path("own.txt")
"""The file laid over the stage's workspace: a sandbox in which it is missing does not work."""
LIMITS = Limits(
    timeout_s=15.0,
    max_memory_bytes=1024**3,
    max_processes=32,
    max_output_bytes=1024**2,
)
_ORIGINAL = "original\n"
_SECRET = "secret\n"  # noqa: S105 - a word that must not be readable from inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that the attempt is to fail at."""

    workspace: Path
    plan: str
    """The attempt's argument, JSON."""
    unharmed: Path
    """A file of the workspace that must stay as it is."""
    absent: tuple[Path, ...]
    """Files that must not come to be."""
    sockets: tuple[socket.socket, ...]
    folders: tuple[Path, ...]

    def strike(self) -> None:
        """Take everything away again."""
        for listener in self.sockets:
            listener.close()
        for path in self.absent:
            with contextlib.suppress(OSError):
                path.unlink()
        for folder in self.folders:
            scratch.remove(folder)


def set_stage(scratch_root: Path, home: Path) -> Stage:
    """Plant the things to be kept from. Blocks.

    Raises:
        SandboxError: They cannot be set up.
    """
    mark = secrets.token_hex(8)
    # Named as a run's folder, so that a leftover is swept as one.
    top = scratch.create(scratch_root, workspace=Path("/nonexistent")).top
    outside = Path(tempfile.mkdtemp(prefix="ducktypist-probe-"))
    try:
        workspace = top / "workspace"
        workspace.mkdir()
        unharmed = workspace / "original.txt"
        unharmed.write_text(_ORIGINAL, "utf-8")
        secrets_files = [top / "secret.txt", outside / "secret.txt"]
        for path in secrets_files:
            path.write_text(_SECRET, "utf-8")
        absent = (home / f".ducktypist-probe-{mark}", outside / "made", top / "made")
        named = outside / "socket"
        listeners = [
            _listen(socket.AF_UNIX, str(named)),
            _listen(socket.AF_UNIX, f"\0ducktypist-{mark}"),
            _listen(socket.AF_INET, ("127.0.0.1", 0)),
        ]
        plan = {
            "write": [str(unharmed), *map(str, absent)],
            "read": [str(path) for path in secrets_files],
            "connect": [
                str(named),
                f"\0ducktypist-{mark}",
                ["127.0.0.1", listeners[2].getsockname()[1]],
            ],
            "own": str(OWN),
        }
    except OSError as error:
        scratch.remove(top)
        shutil.rmtree(outside, ignore_errors=True)
        raise SandboxError(f"the sandbox cannot be tried out: {error}") from error
    return Stage(
        workspace=workspace,
        plan=json.dumps(plan),
        unharmed=unharmed,
        absent=absent,
        sockets=tuple(listeners),
        folders=(top, outside),
    )


def judge(stage: Stage, reports: bytes, output: str) -> str:
    """Return what the attempt got out, or why it says nothing; empty when the sandbox holds."""
    try:
        done = json.loads(reports)
    except ValueError:
        return f"the attempt did not report: {output.strip()[-300:] or 'no output'}"
    if not done["alive"]:
        return "a file laid over the workspace was not there"
    if stage.unharmed.read_text("utf-8") != _ORIGINAL:
        return "it wrote to the workspace itself"
    got_out = [
        *(f"it wrote {path}" for path in stage.absent if path.exists()),
        *(f"it read {path}" for path in done["read"]),
        *(f"it connected to {place!r}" for place in done["connected"]),
    ]
    return "; ".join(got_out)


def _listen(family: socket.AddressFamily, address: str | tuple[str, int]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(8)
    return listener
