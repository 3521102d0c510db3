"""Runs a test command inside the sandbox, and passes on the report that it wrote.

Started by ``command_runner`` with our own Python, on the standard library only. What the command
prints goes where the sandbox counts it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

JUNIT = "{junit}"
MAX_BYTES = 16 * 1024**2


def main() -> int:
    """Run every command of the plan; the status is the worst one's."""
    report_fd = int(os.environ.pop("DUCKTYPIST_REPORT_FD"))
    os.set_inheritable(report_fd, False)  # noqa: FBT003 - positional-only in Python
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    junit = Path(os.environ["TMPDIR"], "ducktypist-junit.xml")
    worst = 0
    with os.fdopen(report_fd, "wb") as pipe:
        for number, command in enumerate(plan["commands"]):
            argv = [argument.replace(JUNIT, str(junit)) for argument in command]
            junit.unlink(missing_ok=True)
            try:
                status = subprocess.call(argv, stdin=subprocess.DEVNULL)  # noqa: S603 - the user's own command, as a list
            except OSError as error:
                pipe.write(_line(plan["nonce"], number=number, missing=str(error)))
                return 127
            status = 128 - status if status < 0 else status
            worst = max(worst, status)
            pipe.write(_line(plan["nonce"], number=number, status=status, junit=_content(junit)))
            pipe.flush()
    return worst


def _content(path: Path) -> str | None:
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        return base64.b64encode(file.read(MAX_BYTES + 1)).decode("ascii")


def _line(nonce: str, **fields: object) -> bytes:
    return json.dumps({"nonce": nonce, **fields}).encode() + b"\n"


if __name__ == "__main__":
    raise SystemExit(main())
