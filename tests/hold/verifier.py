"""A verifier that is to be killed: ``python verifier.py STATUS WORKSPACE SCRATCH MARK``.

It has one run after the other, as a server has them, and says when it begins. Each run writes to
its view of the workspace and starts a daemon that ignores signals and carries MARK.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from ducktypist.errors import SandboxError
from ducktypist.verify.janitor import Janitor
from ducktypist.verify.sandbox import Sandbox, SandboxStatus
from support.sandboxes import LIMITS

BUSY = (
    "import os, signal, sys, time\n"
    "open('module.py', 'a').write('harm'); os.makedirs('made/closed'); os.chmod('made/closed', 0)\n"
    "if os.fork() == 0:\n"
    "    os.setsid(); signal.signal(15, signal.SIG_IGN)\n"
    "    if os.fork() == 0:\n"
    "        os.execv(sys.executable,"
    " [sys.executable, '-c', 'import time; time.sleep(120)', sys.argv[1]])\n"
    "    os._exit(0)\n"
    "time.sleep(0.7)\n"
)


async def main() -> None:
    """Run until killed; a run whose launcher was killed is said and the next one begun."""
    status, workspace, scratch, mark = sys.argv[1:5]
    found = json.loads(status)
    path = Path(found.pop("path")) if found["path"] else None
    sandbox = Sandbox(status=SandboxStatus(**{**found, "path": path}), scratch_root=Path(scratch))
    assert Janitor.hire(Path(scratch))
    while True:
        print("begins", flush=True)  # noqa: T201 - what this program is for
        try:
            result = await sandbox.run(
                argv=[sys.executable, "-c", BUSY, mark],
                workspace=Path(workspace),
                overlay={Path("laid.py"): "VALUE = 2\n"},
                environment={},
                interpreter=Path(sys.executable),
                limits=LIMITS,
            )
            print("ended", result.exit_status, flush=True)  # noqa: T201 - see above
        except SandboxError:
            print("ended broken", flush=True)  # noqa: T201 - see above


if __name__ == "__main__":
    asyncio.run(main())
