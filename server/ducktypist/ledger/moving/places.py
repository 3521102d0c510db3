"""Files that leave the ledger: made whole or not at all, for the owner's eyes only.

What is written goes to a name beside the wanted one and takes its place when it is complete.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ducktypist.errors import LedgerError

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip file can hold: the same rows make the same bytes."""


@contextlib.contextmanager
def whole_file(out: Path, *, replace: bool) -> Iterator[Path]:
    """Give a path to write to; what is there when the block ends well becomes ``out``, mode 0600.

    Raises:
        LedgerError: ``out`` exists and is not to be replaced, or the folder cannot be written.
    """
    _refuse_existing(out, replace=replace)
    with _told(out):
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
        os.close(descriptor)
    part = Path(name)
    try:
        yield part
        with _told(out):
            part.chmod(0o600)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            if replace:
                part.replace(out)
            else:
                # Unlike a rename, a link refuses a name that somebody took meanwhile.
                os.link(part, out)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(out: Path, *, replace: bool) -> Iterator[Path]:
    """Give a folder to write to; when the block ends well it becomes ``out``, files mode 0600.

    Where ``out`` ends in ``.zip`` it becomes one such file.

    Raises:
        LedgerError: ``out`` exists and is not to be replaced, or the folder cannot be written.
    """
    is_zip = out.suffix.lower() == ".zip"
    if not is_zip and replace and out.exists():
        raise LedgerError(f"{out} exists, and a whole folder is not replaced; name another")
    _refuse_existing(out, replace=replace)
    with _told(out):
        part = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part"))
    try:
        yield part
        with _told(out):
            for file in part.iterdir():
                file.chmod(0o600)
            if not is_zip:
                part.rename(out)
                return
        with whole_file(out, replace=replace) as zipped, _told(out):
            _zip(part, zipped)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _refuse_existing(out: Path, *, replace: bool) -> None:
    if out.exists() and (not replace or not out.is_file()):
        hint = "pass --force to replace it, or name another" if out.is_file() else "name another"
        raise LedgerError(f"{out} exists already; {hint}")


def _zip(folder: Path, out: Path) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            info = zipfile.ZipInfo(file.name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            with file.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)


@contextlib.contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise LedgerError(
            f"{out} cannot be written: {reason}; name a folder that can be"
        ) from error
