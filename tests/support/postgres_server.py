"""A real PostgreSQL server for tests: in a folder of its own, on a Unix socket only."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

ROLE = "duck"
PATIENCE_S = 60.0
UNPRIVILEGED = ("postgres", "nobody")


def programs() -> Path | None:
    """Return the folder with the server's programs: Debian's newest, or that on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _version(path: Path) -> int:
    name = path.parts[-3]
    return int(name) if name.isdigit() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is running."""

    folder: Path
    password: str

    def url(self, database: str = "postgres", *, password: str | None = None) -> str:
        """Return the address of a database, with the password in it."""
        word = self.password if password is None else password
        return f"postgresql://{ROLE}:{quote(word, safe='')}@/{database}?host={self.folder}"

    def bare_url(self, database: str) -> str:
        """Return the address of a database without a password."""
        return f"postgresql://{ROLE}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"d{secrets.token_hex(4)}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return name

    def execute(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def running(binaries: Path) -> Iterator[Server]:
    """Start a server, and stop it and remove its folder when the block ends."""
    # Not pytest's folder: whom the server runs as could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    process: subprocess.Popen[bytes] | None = None
    try:
        server = Server(folder=folder, password="qu@ck:%s/" + secrets.token_hex(8))
        word = folder / "password"
        word.write_text(f"{server.password}\n", encoding="utf-8")
        user = _give_away(folder, word)
        data = folder / "data"
        made = subprocess.run(
            [
                *(binaries / "initdb", "-D", data, "-U", ROLE, "-A", "scram-sha-256"),
                *("--pwfile", word, "-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            **user,
        )
        assert made.returncode == 0, made.stderr
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(binaries / "postgres", "-D", data, "-k", folder),
                    *("-c", "listen_addresses=", "-c", "fsync=off"),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                **user,
            )
        _wait(server, process)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _give_away(folder: Path, word: Path) -> dict[str, Any]:
    """Hand a folder to somebody who is not root, because the server refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        for path in (folder, word):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    message = f"none of the users {UNPRIVILEGED} exists"
    raise RuntimeError(message)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            server.execute("postgres", "SELECT 1")
        except psycopg.OperationalError:
            log = (server.folder / "log").read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.05)
        else:
            return
