"""Tries to break out of a sandbox and writes what succeeded to the report pipe.

Runs inside the sandbox under test, as a program of its own, with the standard library only. It is
harmless: each attempt touches only what ``sandbox.probe`` set up for it. Succeeding at a write
proves nothing by itself (an overlay swallows it), so ``probe`` looks at the real files afterwards.
"""

from __future__ import annotations

import json
import os
import socket
import sys


def main() -> None:
    """Make every attempt that the JSON argument describes."""
    plan = json.loads(sys.argv[1])
    done = {
        "wrote": [path for path in plan["write"] if _write(path)],
        "read": [path for path in plan["read"] if _read(path)],
        "connected": [
            str(place)
            for place in plan["connect"]
            if _connect(tuple(place) if isinstance(place, list) else place)
        ],
        "alive": os.path.isfile(plan["own"]),  # noqa: PTH113 - runs alone, kept to the plainest calls
    }
    os.write(int(os.environ["DUCKTYPIST_REPORT_FD"]), json.dumps(done).encode())


def _write(path: str) -> bool:
    try:
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - see above
            file.write("escaped\n")
    except OSError:
        return False
    return True


def _read(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - see above
            return bool(file.read())
    except OSError:
        return False


def _connect(place: str | tuple[str, int]) -> bool:
    family = socket.AF_INET if isinstance(place, tuple) else socket.AF_UNIX
    try:
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            client.connect(place)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
