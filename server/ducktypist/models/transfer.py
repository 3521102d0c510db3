"""The half-fetched file: resumed, appended to, checked and put in its place; and who may do so.

It does not know where bytes come from. :mod:`ducktypist.models.hub` and
:mod:`ducktypist.models.mirror` append them, in any mixture: a byte of a model is the same byte
wherever it came from, and the SHA-256 of the whole decides.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from ducktypist.errors import DownloadError, HashMismatchError, ModelError

CHUNK_BYTES: Final = 1024 * 1024
SPARE_BYTES: Final = 64 * 1024**2
"""What is left free on the disk, so that a pull does not fill it to the last byte."""
_LOCK_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far a pull has got."""

    stage: str
    """What is being done, for a person: ``downloading from the hub``."""
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told how far a transfer is, and who may stop it."""

    progress: Callable[[PullProgress], None]
    cancelled: Callable[[], bool]

    def report(self, stage: str, *, done_bytes: int, total_bytes: int) -> None:
        """Tell how far the transfer is.

        Raises:
            DownloadError: It was cancelled.
        """
        self.stop_if_cancelled()
        self.progress(PullProgress(stage=stage, done_bytes=done_bytes, total_bytes=total_bytes))

    def stop_if_cancelled(self) -> None:
        """Raise when the transfer was cancelled.

        Raises:
            DownloadError: It was cancelled.
        """
        if self.cancelled():
            raise DownloadError("the pull was cancelled; run it again to resume where it stopped")


class PartialFile:
    """The bytes of one model that have arrived so far, hashed as they come.

    Use it as a context manager; :meth:`begin` before :meth:`append`. Whatever happens in between,
    the bytes stay on the disk for the next attempt, unless they turn out to be the wrong ones.
    """

    def __init__(self, *, folder: Path, n_bytes: int, sha256: str) -> None:
        self.folder = folder
        self.path = folder / "data.part"
        self.n_bytes = n_bytes
        self.sha256 = sha256
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._done_bytes = 0

    def __enter__(self) -> Self:
        with _disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    @property
    def present_bytes(self) -> int:
        """How many bytes lie on the disk from earlier attempts."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def done_bytes(self) -> int:
        """How many bytes are in place and hashed."""
        return self._done_bytes

    def begin(self, *, keep_bytes: int, watcher: Watcher) -> None:
        """Keep the first ``keep_bytes`` of an earlier attempt, and go on behind them."""
        self._close()
        self._hash, self._done_bytes = hashlib.sha256(), 0
        with _disk_errors(self.folder):
            self._file = self.path.open("a+b")
            self._file.seek(0)
            while self._done_bytes < keep_bytes:
                chunk = self._file.read(min(CHUNK_BYTES, keep_bytes - self._done_bytes))
                if not chunk:
                    break
                self._hash.update(chunk)
                self._done_bytes += len(chunk)
                watcher.report(
                    "checking what is already here",
                    done_bytes=self._done_bytes,
                    total_bytes=self.n_bytes,
                )
            if self._done_bytes < self.present_bytes:
                self._file.truncate(self._done_bytes)

    def append(self, chunk: bytes) -> None:
        """Add the next bytes.

        Raises:
            DownloadError: The disk does not take them.
            HashMismatchError: They are more than the file has; everything is thrown away.
        """
        if self._file is None:
            raise DownloadError("the partial file was not begun; this is a fault in Ducktypist")
        if self._done_bytes + len(chunk) > self.n_bytes:
            self.discard()
            raise HashMismatchError(
                f"more than the {self.n_bytes} bytes of the model arrived, so they are not the "
                "model's; they were deleted, pull again"
            )
        with _disk_errors(self.folder):
            self._file.write(chunk)
            # Unbuffered from here on: a killed process loses nothing that was appended.
            self._file.flush()
        self._hash.update(chunk)
        self._done_bytes += len(chunk)

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Take back what was appended inside the block when the block fails."""
        mark, hashed = self._done_bytes, self._hash.copy()
        try:
            yield
        except BaseException:
            if self._file is not None:
                with contextlib.suppress(OSError):
                    self._file.truncate(mark)
                self._done_bytes, self._hash = mark, hashed
            raise

    def check(self) -> None:
        """Hold the whole against its size and hash.

        Raises:
            DownloadError: Bytes are missing; what is there is kept.
            HashMismatchError: The bytes are wrong; they are deleted.
        """
        if self._done_bytes < self.n_bytes:
            raise DownloadError(
                f"only {self._done_bytes} of {self.n_bytes} bytes arrived; run it again to resume"
            )
        found = self._hash.hexdigest()
        if found != self.sha256:
            self.discard()
            raise HashMismatchError(
                f"the bytes that arrived have the SHA-256 {found}, the model's is {self.sha256}; "
                "they were deleted, pull again"
            )

    def put_in_place(self, target: Path) -> None:
        """Move the checked file to ``target`` in one step, and drop what helped to make it."""
        with _disk_errors(target):
            if self._file is not None:
                os.fsync(self._file.fileno())
            self._close()
            self.path.replace(target)
            sync_folder(target.parent)
        shutil.rmtree(self.folder, ignore_errors=True)

    def discard(self) -> None:
        """Delete everything that has arrived."""
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def sha256_of(path: Path, *, watcher: Watcher, stage: str) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Raises:
        ModelError: It cannot be read.
    """
    digest = hashlib.sha256()
    done_bytes = 0
    try:
        with path.open("rb") as file:
            total_bytes = os.fstat(file.fileno()).st_size
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                done_bytes += len(chunk)
                watcher.report(stage, done_bytes=done_bytes, total_bytes=total_bytes)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


def require_space(folder: Path, needed_bytes: int) -> None:
    """Make sure that ``needed_bytes`` fit on the disk that ``folder`` is on.

    Raises:
        DownloadError: They do not; the message says how much is missing.
    """
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free_bytes = shutil.disk_usage(folder).free
    missing_bytes = needed_bytes + SPARE_BYTES - free_bytes
    if needed_bytes > 0 and missing_bytes > 0:
        raise DownloadError(
            f"the disk of {folder} has {_mib(free_bytes)} free and {_mib(needed_bytes)} are "
            f"needed (with {_mib(SPARE_BYTES)} to spare); free {_mib(missing_bytes)} more"
        )


@contextlib.contextmanager
def alone(lock_file: Path, *, watcher: Watcher) -> Iterator[None]:
    """Hold a lock between processes; wait for another pull of the same model to end.

    The lock goes with the process, also when it is killed. The file itself stays: deleting it
    would let two processes hold two locks of the same name.
    """
    with _disk_errors(lock_file):
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_lock(descriptor):
            watcher.report("waiting for another pull of this model", done_bytes=0, total_bytes=0)
            time.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut, where the system can."""
    with contextlib.suppress(OSError):  # Windows cannot open folders, and does not need it.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Replace a small file in one step.

    Raises:
        DownloadError: The disk does not take it.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        sync_folder(path.parent)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # Some network file systems have no locks; a pull there goes without one.
            return error.errno in {errno.ENOLCK, errno.ENOTSUP, errno.EINVAL}
        return True


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DownloadError(
                f"the disk of {path} is full; what has arrived is kept, free some space and run "
                "it again to resume"
            ) from error
        raise DownloadError(
            f"{error.filename or path} cannot be written: {error.strerror or error}; what has "
            "arrived is kept, see to the disk and run it again to resume"
        ) from error


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / 1024**2:,.0f} MiB"
