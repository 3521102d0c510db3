"""Where the host listens: a private Unix socket, or loopback TCP with a token where there is none.

Used by the host, which binds, and by the client, which connects. The folder belongs to the user
alone (mode 0700, not a symbolic link), so that nobody else can reach or replace the socket. Where
``AF_UNIX`` is missing, a file in that folder holds the port and a random token instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from ducktypist.errors import EngineUnavailableError

MAX_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
"""What ``sun_path`` holds without its final NUL (unix(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a host listens."""

    base_url: str
    socket_path: Path | None
    """The Unix socket, None for TCP."""
    token: str
    """The bearer token, empty for a Unix socket."""


def has_unix_sockets() -> bool:
    """Tell whether this system and this Python have Unix sockets."""
    return hasattr(socket, "AF_UNIX")


def prepare_folder(folder: Path) -> None:
    """Make the folder for sockets, or check the one that is there.

    Raises:
        EngineUnavailableError: It is a symbolic link, someone else's, or cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISLNK(found.st_mode) or not stat.S_ISDIR(found.st_mode):
            raise EngineUnavailableError(
                f"{folder} must be a folder and is not; remove it or set DUCKTYPIST_RUNTIME_DIR"
            )
        if not _is_own(found):
            raise EngineUnavailableError(
                f"{folder} belongs to another user (uid {found.st_uid}); "
                f"set DUCKTYPIST_RUNTIME_DIR to a folder of your own"
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise EngineUnavailableError(
            f"{folder} cannot be used for the engine's socket: {error.strerror or error}; "
            f"set DUCKTYPIST_RUNTIME_DIR to a folder of your own"
        ) from error


def check_length(path: Path) -> None:
    """Refuse a path that does not fit into a socket's address.

    Raises:
        EngineUnavailableError: It is too long.
    """
    n_bytes = len(os.fsencode(path))
    if n_bytes > MAX_SOCKET_PATH_BYTES:
        raise EngineUnavailableError(
            f"the socket's path has {n_bytes} bytes, at most {MAX_SOCKET_PATH_BYTES} fit: {path}; "
            f"set DUCKTYPIST_RUNTIME_DIR to a shorter folder"
        )


def bind(path: Path, *, tcp: bool) -> tuple[socket.socket, Address]:
    """Return a bound socket. Only for who holds the lock: what is left at ``path`` is removed.

    Raises:
        EngineUnavailableError: The address cannot be used.
    """
    try:
        path.unlink(missing_ok=True)
        if tcp or not has_unix_sockets():
            return _bind_tcp(path)
        check_length(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # The folder is private; the mask closes the moment between bind and chmod all the same.
        old_mask = os.umask(0o177)
        try:
            listener.bind(os.fspath(path))
        finally:
            os.umask(old_mask)
        path.chmod(0o600)
    except OSError as error:
        raise EngineUnavailableError(
            f"cannot listen at {path}: {error.strerror or error}"
        ) from error
    return listener, Address(base_url="http://ducktypist", socket_path=path, token="")


def find(path: Path) -> Address | None:
    """Return the address of the host at ``path``, None when there is none of the user's own.

    What a window asks holds its user's code: whoever listens in a folder of another user, behind a
    link, or at a socket that another user made, is not told.
    """
    try:
        folder, found = path.parent.lstat(), path.lstat()
        if not stat.S_ISDIR(folder.st_mode) or not (_is_own(folder) and _is_own(found)):
            return None
        mode = found.st_mode
        if stat.S_ISSOCK(mode):
            return Address(base_url="http://ducktypist", socket_path=path, token="")
        if not stat.S_ISREG(mode):
            return None
        told = json.loads(path.read_text("utf-8"))
        return Address(
            base_url=f"http://127.0.0.1:{int(told['port'])}",
            socket_path=None,
            token=str(told["token"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove(path: Path) -> None:
    """Remove the socket or the file of the port, if it is there."""
    with contextlib.suppress(OSError):
        path.unlink()


def peer_uid(connection: socket.socket) -> int | None:
    """Return the user id at the other end (Linux ``SO_PEERCRED``), None when it is not known."""
    if not hasattr(socket, "SO_PEERCRED") or connection.family != socket.AF_UNIX:
        return None
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(raw[4:8], byteorder=sys.byteorder)


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def _bind_tcp(path: Path) -> tuple[socket.socket, Address]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    port, token = listener.getsockname()[1], secrets.token_urlsafe(32)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump({"port": port, "token": token}, file)
    return listener, Address(base_url=f"http://127.0.0.1:{port}", socket_path=None, token=token)
