"""Where a git repository is and what it has checked out, read from its files; git is not run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ducktypist.watch.files import read_bounded

MAX_SMALL_BYTES = 4096
"""HEAD, a loose ref, a ``.git`` file."""
MAX_PACKED_REFS_BYTES = 64 * 1024**2
MAX_DEPTH = 64

ID = r"(?:[0-9a-f]{64}|[0-9a-f]{40})"
"""A commit's hash, as a regular expression."""
_HASH = re.compile(ID)
_REF = re.compile(r"ref:\s*(refs/\S+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The folders of one work tree."""

    top: Path
    """The work tree; a real path."""
    control: Path
    """Its HEAD and its log."""
    common: Path
    """Objects and branches, which several work trees share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is checked out."""

    commit: str
    """Empty before the first commit."""
    branch: str
    """Its full name, ``refs/heads/…``; empty where a commit is checked out and no branch."""


def repository_of(folder: Path) -> Repository | None:
    """Return the repository whose work tree a folder is in, or None. Touches the disk."""
    try:
        folder = folder.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    for top in (folder, *folder.parents)[:MAX_DEPTH]:
        control = _control_of(top)
        if control is not None:
            return Repository(top=top, control=control, common=_common_of(control))
    return None


def head_of(repository: Repository) -> Head | None:
    """Return what is checked out; None where that cannot be told. Touches the disk."""
    said = _small(repository.control / "HEAD")
    if said is None:
        return None
    if _HASH.fullmatch(said):
        return Head(commit=said, branch="")
    ref = _REF.fullmatch(said)
    if ref is None:
        return None
    return Head(commit=commit_of(repository, ref[1]), branch=ref[1])


def commit_of(repository: Repository, ref: str) -> str:
    """Return the commit that a ref names, empty where it names none. Touches the disk.

    A repository that keeps its refs in tables (``reftable``) is not understood: none, too.
    """
    if ".." in ref.split("/"):
        return ""
    for folder in dict.fromkeys((repository.control, repository.common)):
        said = _small(folder / ref)
        if said is not None and _HASH.fullmatch(said):
            return said
    packed = read_bounded(repository.common / "packed-refs", MAX_PACKED_REFS_BYTES)
    if packed is None:
        return ""
    found = re.search(
        rb"^(" + ID.encode() + rb") " + re.escape(ref.encode("utf-8", "surrogateescape")) + rb"$",
        packed[0],
        re.MULTILINE,
    )
    return found[1].decode() if found is not None else ""


def _control_of(top: Path) -> Path | None:
    """Return the folder with a work tree's HEAD, None where ``top`` is no work tree."""
    control = top / ".git"
    said = _small(control) if control.is_file() else None
    if said is not None:
        # Of a work tree added later, and of a submodule.
        if not said.startswith("gitdir:"):
            return None
        control = top / said.removeprefix("gitdir:").strip()
    return control if (control / "HEAD").is_file() else None


def _common_of(control: Path) -> Path:
    said = _small(control / "commondir")
    return control if not said else (control / said)


def _small(path: Path) -> str | None:
    try:
        read = read_bounded(path, MAX_SMALL_BYTES)
    except ValueError:
        # A name with a zero byte in it.
        return None
    return None if read is None else read[0].decode("utf-8", "surrogateescape").strip()
