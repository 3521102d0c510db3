"""What another user of the machine tries; run by root as ``python stranger.py connect|pose PATH``.

``connect`` asks whoever listens at PATH and prints the first bytes of the answer; ``pose`` listens
there itself, says yes to everything, and prints what it was told when its input ends.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

UID = 65534
TIMEOUT_S = 20.0
YES = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def become_other() -> None:
    """Give up every right of root."""
    os.setgroups([])
    os.setgid(UID)
    os.setuid(UID)


def connect(path: str) -> bytes:
    """Ask as a window does; an empty answer means that the door stayed shut."""
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(TIMEOUT_S)
            door.connect(path)
            door.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            return door.recv(200)
    except OSError as error:
        return f"{type(error).__name__}".encode()


def pose(path: str) -> bytes:
    """Listen where a window looks for its host, and return what it told."""
    told: list[bytes] = []

    def listen(listener: socket.socket) -> None:
        while True:
            door, _ = listener.accept()
            with door:
                door.settimeout(1.0)
                try:
                    told.append(door.recv(65536))
                    door.sendall(YES)
                except OSError:
                    continue

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    # Open to all: what keeps a window away must be the window.
    os.chmod(path, 0o666)  # noqa: PTH101, S103 - see above
    listener.listen()
    threading.Thread(target=listen, args=(listener,), daemon=True).start()
    sys.stdout.write("POSING\n")
    sys.stdout.flush()
    sys.stdin.read()
    return b"".join(told)


if __name__ == "__main__":
    doing, where, is_other = sys.argv[1:4]
    if is_other == "other":
        become_other()
    sys.stdout.buffer.write((connect if doing == "connect" else pose)(where))
