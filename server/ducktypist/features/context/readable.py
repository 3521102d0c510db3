"""Which files may be read as context: none that hold secrets, none that git ignores.

It lists and reads, within bounds; what becomes of the text is for others to say. Git itself is
never run: it executes what a workspace's configuration names. Everything here touches the disk
and belongs in a thread.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from ducktypist.features.context.ignored import Ignored

SKIPPED = frozenset(
    {
        "__pycache__",
        "bower_components",
        "build",
        "dist",
        "node_modules",
        "site-packages",
        "target",
        "vendor",
        "venv",
    }
)
"""Folders of other people's code and of what was built; hidden ones are skipped as well."""

MAX_FILE_BYTES = 200_000
MAX_ENTRIES = 50_000
"""How many names are looked at in one root."""
MAX_FILES = 5_000
MAX_WALK_S = 2.0
MAX_KEPT_CHARS = 4_000_000
_SNIFFED = 8192

_CODE = frozenset(
    {"bash", "c", "cc", "cpp", "cs", "cxx", "go", "h", "hh", "hpp", "java", "js", "jsx", "kt"}
    | {"lua", "mjs", "php", "pl", "py", "pyi", "rb", "rs", "scala", "sh", "swift", "ts", "tsx"}
)
_SECRET_FOLDERS = frozenset(
    {".aws", ".azure", ".docker", ".gcloud", ".gnupg", ".kube", ".password-store", ".secrets"}
    | {".ssh", ".terraform.d"}
)
_SECRET_NAME = re.compile(
    r"""
    \.env.* | .*\.env
    | .*\.(?:pem|key|p8|p12|pfx|ppk|jks|keystore|kdbx?|gpg|pgp|age|ovpn|secrets?)
    | .*\.(?:tfvars|tfstate)(?:\..*)?
    | id_(?:rsa|dsa|ecdsa|ed25519).*
    | [._]netrc | \.npmrc | \.yarnrc\.yml | \.pypirc | \.pgpass | \.my\.cnf | \.htpasswd
    | \.git-credentials | \.dockercfg | \.boto | \.s3cfg | \.vault[-_].* | \.dev\.vars
    | kubeconfig | local\.settings\.json | wp-config\.php
    | \.?secrets?(?:\..*)? | \.?credentials?(?:\..*)?
    """,
    re.VERBOSE,
)
_SECRET_DATA = re.compile(
    r".*credentials.* | .*(?:client|app)[-_]?secrets?.* | .*service[-_]?account.*", re.VERBOSE
)
"""Names that say so of a file with data, and nothing of a file with code."""

_SECRET_MARKS = (
    *("PRIVATE KEY", "PuTTY-User-Key-File", "AGE-SECRET-KEY", "AKIA", "ASIA", "AIza", "k_live_"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox"),
)
"""A text without any of them needs no closer look, which takes a hundred times as long."""
_SECRET_TEXT = re.compile(
    r"-----BEGIN[ A-Z0-9]{0,30}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----(?:\s|\\[nr]|[\"'+,()]){1,200}"
    r"(?:[\w-]+:[^\n]*\n\s*){0,4}[A-Za-z0-9+/=]{20}"
    r"|PuTTY-User-Key-File-\d:"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{40}|\bglpat-[\w-]{20}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{20}|\bAIza[\w-]{35}|\b[rs]k_live_[A-Za-z0-9]{20}"
    r"|\bAGE-SECRET-KEY-1[A-Z0-9]{20}"
)


def is_secret(path: PurePath) -> bool:
    """Tell by its name whether a file holds secrets; nothing is suggested while it is edited."""
    folders = [part.lower() for part in path.parts[:-1]]
    name = path.name.lower()
    if any(folder in _SECRET_FOLDERS for folder in folders) or _SECRET_NAME.fullmatch(name):
        return True
    if name.rpartition(".")[2] in _CODE:
        return False
    return "secrets" in folders or _SECRET_DATA.fullmatch(name) is not None


def holds_secret(text: str) -> bool:
    """Tell whether a private key or an access token stands in a text."""
    if not any(mark in text for mark in _SECRET_MARKS):
        return False
    return _SECRET_TEXT.search(text) is not None


@dataclass(frozen=True, slots=True)
class _Folder:
    mtime_ns: int
    files: tuple[str, ...]
    """Relative to the root."""
    folders: tuple[str, ...]
    n_entries: int


@dataclass(frozen=True, slots=True)
class _Kept:
    mtime_ns: int
    n_bytes: int
    text: str | None


class FileIndex:
    """The readable files of one root: listed once, then only where a folder has changed."""

    def __init__(self, root: Path) -> None:
        self.root = _resolved(root)
        self._given = root
        self._ignored = Ignored(self.root)
        self._folders: dict[str, _Folder] = {}
        self._by_suffix: dict[str, list[str]] = {}
        self._texts: OrderedDict[str, _Kept] = OrderedDict()
        self._n_kept_chars = 0
        self._lock = threading.Lock()

    def relative(self, path: Path) -> str | None:
        """Return a path relative to the root with ``/``, None when it lies elsewhere."""
        for root, candidate in ((self._given, path), (self.root, _resolved(path))):
            if candidate.is_relative_to(root):
                return candidate.relative_to(root).as_posix()
        return None

    def may_be_read(self, path: Path) -> bool:
        """Tell whether a file of the root, listed or not, may be context, judged by its path."""
        target = _resolved(path)
        if not target.is_relative_to(self.root) or is_secret(path) or is_secret(target):
            return False
        relative = target.relative_to(self.root)
        if any(_is_skipped(part) for part in relative.parts[:-1]):
            return False
        with self._lock:
            return not self._ignored.is_ignored_below(relative)

    def refresh(self) -> None:
        """List the root, as far as it has changed since the last time."""
        with self._lock:
            if self._ignored.refresh():
                self._folders.clear()
            listed: dict[str, _Folder] = {}
            by_suffix: dict[str, list[str]] = {}
            n_files = 0
            for relative, folder in self._walk():
                listed[relative] = folder
                for file in folder.files[: MAX_FILES - n_files]:
                    by_suffix.setdefault(PurePath(file).suffix.lower(), []).append(file)
                n_files += len(folder.files)
            self._folders, self._by_suffix = listed, by_suffix

    def files(self, suffixes: frozenset[str]) -> tuple[str, ...]:
        """Return the listed files with one of these suffixes, relative to the root, sorted."""
        with self._lock:
            found = [file for suffix in suffixes for file in self._by_suffix.get(suffix, ())]
        return tuple(sorted(found))

    def text_of(self, relative: str) -> str | None:
        """Return a listed file's text; None when it is gone, large, no text or holds a secret."""
        path = self.root / relative
        try:
            seen = path.lstat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > MAX_FILE_BYTES:
            return None
        with self._lock:
            kept = self._texts.get(relative)
            if kept and (kept.mtime_ns, kept.n_bytes) == (seen.st_mtime_ns, seen.st_size):
                self._texts.move_to_end(relative)
                return kept.text
        text = _read(path)
        with self._lock:
            self._keep(relative, _Kept(seen.st_mtime_ns, seen.st_size, text))
        return text

    def _keep(self, relative: str, kept: _Kept) -> None:
        old = self._texts.pop(relative, None)
        self._n_kept_chars -= len(old.text or "") if old else 0
        self._texts[relative] = kept
        self._n_kept_chars += len(kept.text or "")
        while self._n_kept_chars > MAX_KEPT_CHARS:
            _, gone = self._texts.popitem(last=False)
            self._n_kept_chars -= len(gone.text or "")

    def _walk(self) -> Iterator[tuple[str, _Folder]]:
        """Yield folders, the shallow ones first, until one of the bounds is reached."""
        deadline = time.monotonic() + MAX_WALK_S
        waiting = [""]
        n_entries = n_files = 0
        for relative in waiting:
            if n_entries > MAX_ENTRIES or n_files > MAX_FILES or time.monotonic() > deadline:
                return
            folder = self._folder(relative)
            if folder is not None:
                n_entries += folder.n_entries
                n_files += len(folder.files)
                waiting.extend(folder.folders)
                yield relative, folder

    def _folder(self, relative: str) -> _Folder | None:
        path = self.root / relative
        try:
            mtime_ns = path.stat().st_mtime_ns
            known = self._folders.get(relative)
            if known is not None and known.mtime_ns == mtime_ns:
                return known
            with os.scandir(path) as entries:
                some = itertools.islice(entries, MAX_ENTRIES)
                found = sorted(some, key=lambda entry: entry.name)
            files, folders = [], []
            for entry in found:
                name = f"{relative}/{entry.name}" if relative else entry.name
                # A link may lead out of the root, and what it leads to inside is listed anyway.
                if entry.is_dir(follow_symlinks=False):
                    skipped = _is_skipped(entry.name) or entry.name.lower() in _SECRET_FOLDERS
                    if not skipped and not self._ignored.is_ignored(name, is_folder=True):
                        folders.append(name)
                elif (
                    entry.is_file(follow_symlinks=False)
                    and "." in entry.name
                    and not is_secret(PurePath(name))
                    and not self._ignored.is_ignored(name, is_folder=False)
                ):
                    files.append(name)
        except OSError:
            return None
        return _Folder(mtime_ns, tuple(files), tuple(folders), len(found))


@functools.lru_cache(maxsize=4)
def index_of(root: Path) -> FileIndex:
    """Return the index of a root; the last few are kept."""
    return FileIndex(root)


def _resolved(path: Path) -> Path:
    """Return where a path leads; one that leads nowhere, because of a circle say, as it is."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED


def _read(path: Path) -> str | None:
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError:
        return None
    if len(data) > MAX_FILE_BYTES or b"\0" in data[:_SNIFFED]:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if holds_secret(text) else text
