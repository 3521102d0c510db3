"""Writes down every address that a Python process, or one that it starts, wants to reach.

Put this folder on ``PYTHONPATH`` and name a file in ``AUDIT_FILE``. Nothing is hindered.
"""

import os
import sys

WATCHED = {
    "socket.connect",
    "socket.sendto",
    "socket.sendmsg",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "urllib.Request",
    "http.client.connect",
}


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event not in WATCHED:
        return
    address = arguments[1] if event.startswith(("socket.c", "socket.s", "socket.b")) else arguments
    if isinstance(address, str | bytes) or address is None:
        return  # A Unix socket's path, or the other end of a pair.
    line = f"{event} {address!r} {sys.argv[:4]}\n"
    with open(os.environ["AUDIT_FILE"], "a", encoding="utf-8") as file:  # noqa: PTH123 - no further import before the hook is set
        file.write(line)


if "AUDIT_FILE" in os.environ:
    sys.addaudithook(_watch)
