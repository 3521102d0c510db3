"""Our own build cache for Go: always warm, and never written by a run that executes anything.

Every run sees the cache with a throw-away layer on top. What fills it are builds only
(``go test -c``, ``go vet``), of the tree as it is on the disk, without any patch: the compiler and
the linker write entries and no code of the workspace runs. Building is what the user does in that
folder anyway, and an entry is named by the hash of all that it was made from, so that one folder's
entries mean nothing to another's.
An entry is taken over only when it is complete and its content has the hash that it is named by.
Layout: https://pkg.go.dev/cmd/go/internal/cache
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from ducktypist.errors import RunnerError

MAX_CACHE_BYTES = 4 * 1024**3
"""Beyond this the entries that were taken over longest ago go first, down to half of it."""
MAX_ENTRY_BYTES = 256 * 1024**2
TEMPORARY = "tmp"
"""The folder in the cache where builds work; only ever written in a run's own layer."""
_ACTION = re.compile(r"[0-9a-f]{64}-a")
_INDEX = re.compile(rb"v1 ([0-9a-f]{64}) ([0-9a-f]{64}) +(\d+) +(\d+)\n")
_MAX_INDEX_BYTES = 256


def prepare(folder: Path) -> None:
    """Make the cache's folder, and see to it that no run starts to tidy it up. Blocks.

    Raises:
        RunnerError: It cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / TEMPORARY).mkdir(exist_ok=True)
        # `go` drops what it has not used for five days when this says that it is time to; in a
        # throw-away layer it would do so again in every run.
        _replace(folder / "trim.txt", str(int(time.time())).encode())
    except OSError as error:
        raise RunnerError(
            f"the build cache {folder} cannot be made: {error.strerror or error}"
        ) from error


def take_over(written: Path, folder: Path) -> int:
    """Copy the sound entries of a run's own layer into the cache; return how many. Blocks.

    A cache that cannot be written stays as warm as it was; that fails nothing.
    """
    n_taken = 0
    for index in _files(written, _ACTION):
        try:
            n_taken += _take(index, written, folder)
        except OSError:
            continue
    _shrink(folder)
    return n_taken


def _take(index: Path, written: Path, folder: Path) -> bool:
    if index.stat().st_size > _MAX_INDEX_BYTES:
        return False
    raw = index.read_bytes()
    match = _INDEX.fullmatch(raw)
    if match is None or match[1].decode() != index.name.removesuffix("-a"):
        return False
    output = match[2].decode()
    place = Path(output[:2], f"{output}-d")
    size = int(match[3])
    kept = folder / place
    if not kept.is_file() or kept.stat().st_size != size:
        content = _content(written / place, size)
        if content is None or hashlib.sha256(content).hexdigest() != output:
            return False
        _replace(kept, content)
    _replace(folder / index.parent.name / index.name, raw)
    return True


def _content(path: Path, size: int) -> bytes | None:
    if path.is_symlink() or not path.is_file() or size > MAX_ENTRY_BYTES:
        return None
    with path.open("rb") as file:
        content = file.read(size + 1)
    return content if len(content) == size else None


def _files(top: Path, name: re.Pattern[str]) -> Iterator[Path]:
    for folder in top.glob("[0-9a-f][0-9a-f]"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        for path in folder.iterdir():
            if name.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                yield path


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o755, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}")
    try:
        part.write_bytes(content)
        part.chmod(0o644)
        os.replace(part, path)  # noqa: PTH105 - the same, and atomic by its documentation
    finally:
        part.unlink(missing_ok=True)


def _shrink(folder: Path) -> None:
    found = []
    for path in _files(folder, re.compile(r"[0-9a-f]{64}-[ad]")):
        try:
            info = path.stat()
        except OSError:
            continue
        found.append((info.st_mtime, info.st_size, path))
    total = sum(size for _, size, _ in found)
    if total <= MAX_CACHE_BYTES:
        return
    for _, size, path in sorted(found):
        path.unlink(missing_ok=True)
        total -= size
        if total <= MAX_CACHE_BYTES // 2:
            return
