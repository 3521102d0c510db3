"""Where manual pages lie, which file is a name's, and what is in it; no program is run.

Follows man-db's and mandoc's folders and the redirections of ``.so`` within one tree.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import re
import stat
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MAX_SOURCE_BYTES = 4 * 1024 * 1024
"""So much of a page is read, after decompression."""
_MAX_STUB_BYTES = 2_048
_MAX_REDIRECTIONS = 5
_MAX_CONFIG_BYTES = 64 * 1024

# POSIX's own pages are named 1p; the order is that in which a command is looked for.
_SECTIONS = (("man1", "1"), ("man8", "8"), ("man6", "6"), ("man1p", "1p"), ("man1", "1p"),
             ("man1", "1ssl"), ("man1", "1posix"), ("man1m", "1m"), ("man7", "7"))  # fmt: skip
_SUFFIXES = (".gz", "", ".zst", ".xz", ".bz2")
_USUAL = ("/usr/local/share/man", "/usr/share/man", "/usr/local/man", "/opt/homebrew/share/man",
          "/run/current-system/sw/share/man",
          "/Library/Developer/CommandLineTools/usr/share/man", "/opt/local/share/man")  # fmt: skip
_CONFIGS = ("/etc/manpath.config", "/etc/man_db.conf", "/etc/man.conf")
_CONFIGURED = re.compile(
    r"^\s*(?:MANDATORY_MANPATH|MANPATH_MAP\s+\S+|MANPATH|manpath)\s+(/\S+)\s*$", re.MULTILINE
)
_NAME = re.compile(r"[\w\[.:@-][\w.+:@\[-]{0,99}")
_REDIRECTION = re.compile(r"(?:[.']\\\".*\n|\s*\n)*\.\s*so\s+(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """One file that holds a manual page."""

    path: Path
    """Where its text is, with all redirections followed."""
    section: str
    """The section of the name that was asked for, such as ``1``."""
    size_bytes: int
    mtime_ns: int


def page_dirs(
    workspace_roots: Sequence[Path] = (), *, environment: Mapping[str, str] | None = None
) -> tuple[Path, ...]:
    """Return the folders of this machine that hold manual pages, the nearest first.

    Args:
        workspace_roots: Folders from which nothing is taken, nor from below them.
        environment: ``MANPATH``, ``PATH`` and ``HOME``; the process's own when None.
    """
    given = os.environ if environment is None else environment
    wanted = [entry for entry in given.get("MANPATH", "").split(":") if entry.startswith("/")]
    for entry in given.get("PATH", "").split(":"):
        if entry.startswith("/") and entry.rstrip("/").endswith("bin"):
            above = entry.rstrip("/").rsplit("/", 1)[0]
            wanted += [f"{above}/share/man", f"{above}/man"]
    if given.get("HOME", "").startswith("/"):
        wanted.append(given["HOME"] + "/.nix-profile/share/man")
    wanted += _USUAL
    for config in _CONFIGS:
        wanted += _configured(Path(config))
    roots = [root.resolve() for root in workspace_roots]
    found: dict[Path, None] = {}
    for entry in wanted:
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            folder = Path(entry).resolve()
            if folder.is_dir() and not any(folder.is_relative_to(root) for root in roots):
                found[folder] = None
    return tuple(found)


def find_page(name: str, dirs: Sequence[Path]) -> PageFile | None:
    """Return the file of a name's page: section 1 of any folder before section 8 of any.

    Args:
        name: A command's name; what could lead out of a folder is nobody's name.
        dirs: Folders with ``man1`` and others in them.
    """
    if not _NAME.fullmatch(name) or name.startswith(".."):
        return None
    for folder, section in _SECTIONS:
        for tree in dirs:
            for suffix in _SUFFIXES:
                found = _file(tree / folder / f"{name}.{section}{suffix}", tree, section)
                if found:
                    return found
    return None


def read_source(path: Path) -> str | None:
    """Return what is in a page, decompressed; None where it cannot be read.

    Args:
        path: A regular file, with a suffix that says how it is compressed.
    """
    try:
        with path.open("rb") as raw, _decompressing(path, raw) as stream:
            content = stream.read(MAX_SOURCE_BYTES)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _decompressing(path: Path, raw: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    """Return a stream of the text in a file.

    Raises:
        ValueError: This Python cannot decompress it.
    """
    if path.suffix == ".gz":
        return gzip.open(raw)
    if path.suffix == ".bz2":
        return bz2.BZ2File(raw)
    if path.suffix == ".xz":
        return lzma.LZMAFile(raw)
    if path.suffix == ".zst":
        return _zstandard(raw)
    return raw


def _zstandard(raw: IO[bytes]) -> IO[bytes]:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - new in Python 3.14
    except ImportError as error:
        raise ValueError("This Python has no zstd") from error
    stream: IO[bytes] = zstd.ZstdFile(raw)
    return stream


def _file(path: Path, tree: Path, section: str) -> PageFile | None:
    """Return a page's file, behind its links and redirections, if there is one."""
    for _ in range(_MAX_REDIRECTIONS):
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return None
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):
            return None
        target = _redirection(real) if status.st_size <= _MAX_STUB_BYTES else None
        if target is None:
            return PageFile(
                path=real,
                section=section,
                size_bytes=status.st_size,
                mtime_ns=status.st_mtime_ns,
            )
        inside = _inside(tree, target)
        if inside is None:
            return None
        path = inside
    return None


def _redirection(path: Path) -> str | None:
    """Return what a page of one line sends its reader to."""
    match = _REDIRECTION.match(read_source(path) or "")
    return match[1] if match else None


def _inside(tree: Path, target: str) -> Path | None:
    """Return the file that a redirection means, if it is in the same tree."""
    if target.startswith("/") or ".." in target.split("/"):
        return None
    for suffix in ("", *_SUFFIXES):
        path = tree / f"{target}{suffix}"
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            if path.is_file() and path.resolve().is_relative_to(tree.resolve()):
                return path
    return None


def _configured(config: Path) -> list[str]:
    try:
        with config.open("rb") as stream:
            text = stream.read(_MAX_CONFIG_BYTES).decode(errors="replace")
    except OSError:
        return []
    return _CONFIGURED.findall(text)
