"""Where pages lie, and how they are read."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import lzma
import os
from pathlib import Path

import pytest

from ducktypist.facts.manual.page_files import (
    MAX_SOURCE_BYTES,
    find_page,
    page_dirs,
    read_source,
)

_PAGE = ".TH TOOL 1\n.SH NAME\ntool \\- sort\n"


def _write(tree: Path, file: str, text: str | bytes = _PAGE) -> Path:
    path = tree / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("file", "packed"),
    [
        ("man1/tool.1", _PAGE.encode()),
        ("man1/tool.1.gz", gzip.compress(_PAGE.encode())),
        ("man1/tool.1.bz2", bz2.compress(_PAGE.encode())),
        ("man1/tool.1.xz", lzma.compress(_PAGE.encode())),
    ],
)
def test_a_page_is_found_and_read(tmp_path: Path, file: str, packed: bytes) -> None:
    """A page may be plain or packed in any way that Python can undo."""
    path = _write(tmp_path, file, packed)
    found = find_page("tool", [tmp_path])
    assert found
    assert (found.path, found.section, found.size_bytes) == (path.resolve(), "1", len(packed))
    assert read_source(found.path) == _PAGE


def test_a_page_that_cannot_be_unpacked_is_none(tmp_path: Path) -> None:
    """Damaged files, and ones that this Python cannot unpack, hold nothing."""
    assert read_source(_write(tmp_path, "a.1.gz", b"no gzip")) is None
    assert read_source(_write(tmp_path, "b.1.gz", gzip.compress(b"x" * 9999)[:-20])) is None
    assert read_source(_write(tmp_path, "c.1.xz", b"no xz")) is None
    assert read_source(tmp_path / "none.1") is None
    if not importlib.util.find_spec("compression"):
        assert read_source(_write(tmp_path, "d.1.zst", b"\x28\xb5\x2f\xfd")) is None


def test_a_page_is_read_up_to_a_bound(tmp_path: Path) -> None:
    """A small file that unpacks to very much is read no further than the bound."""
    path = _write(tmp_path, "man1/tool.1.gz", gzip.compress(b"x" * (2 * MAX_SOURCE_BYTES)))
    assert len(read_source(path) or "") == MAX_SOURCE_BYTES


def test_a_page_in_an_old_encoding_is_read(tmp_path: Path) -> None:
    """What is not UTF-8 is Latin-1."""
    assert read_source(_write(tmp_path, "a.1", b"caf\xe9")) == "café"


def test_section_1_goes_before_others(tmp_path: Path) -> None:
    """A command's page is looked for in 1, 8, 6, POSIX's and 7, in every folder."""
    near, far = tmp_path / "near", tmp_path / "far"
    sections = []
    for file in ("man7/tool.7", "man1p/tool.1p", "man6/tool.6", "man8/tool.8"):
        _write(near, file)
        sections.append(getattr(find_page("tool", [near, far]), "section", None))
    _write(far, "man1/tool.1")
    assert sections == ["7", "1p", "6", "8"]
    assert getattr(find_page("tool", [near, far]), "section", None) == "1"


@pytest.mark.parametrize("name", ["../tool", "a/b", "", "..", ".", "tool\n", "x" * 300, "-x\0"])
def test_what_leads_out_is_no_name(tmp_path: Path, name: str) -> None:
    """Only a name is looked for."""
    _write(tmp_path, "man1/tool.1")
    _write(tmp_path, "tool.1")
    assert find_page(name, [tmp_path]) is None


def test_redirections_are_followed_within_the_tree(tmp_path: Path) -> None:
    """A page of one line sends its reader to another of the same tree, packed or not."""
    target = _write(tmp_path, "man1/real.1.gz", gzip.compress(_PAGE.encode()))
    _write(tmp_path, "man1/tool.1", '.\\" an alias\n.so man1/real.1\n')
    _write(tmp_path, "man1/again.1", ".so man1/tool.1\n")
    found = find_page("again", [tmp_path])
    assert found
    assert found.path == target.resolve()


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../outside.1", "man1/../../outside.1", "man1/tool.1", "man1/link.1"]
)
def test_redirections_do_not_lead_out(tmp_path: Path, target: str) -> None:
    """Neither a path, a link nor a circle gets out of the tree."""
    tree = tmp_path / "tree"
    outside = _write(tmp_path, "outside.1")
    _write(tree, "man1/tool.1", f".so {target}\n")
    (tree / "man1" / "link.1").symlink_to(outside)
    assert find_page("tool", [tree]) is None


def test_links_of_the_system_are_followed(tmp_path: Path) -> None:
    """The page of awk is another program's, by way of the alternatives."""
    real = _write(tmp_path, "man1/mawk.1")
    (tmp_path / "alternative").symlink_to(real)
    (tmp_path / "man1" / "awk.1").symlink_to(tmp_path / "alternative")
    found = find_page("awk", [tmp_path])
    assert found
    assert found.path == real.resolve()


def test_a_pipe_is_no_page(tmp_path: Path) -> None:
    """What would block a reader is passed over."""
    (tmp_path / "man1").mkdir()
    os.mkfifo(tmp_path / "man1" / "tool.1")
    assert find_page("tool", [tmp_path]) is None


def test_folders_come_from_the_environment(tmp_path: Path) -> None:
    """MANPATH, the neighbours of PATH and the profile are asked, in this order."""
    wanted = [tmp_path / "given", tmp_path / "here" / "share" / "man",
              tmp_path / "home" / ".nix-profile" / "share" / "man"]  # fmt: skip
    for folder in wanted:
        folder.mkdir(parents=True)
    environment = {
        "MANPATH": f":{wanted[0]}:{tmp_path / 'absent'}:relative",
        "PATH": f"{tmp_path / 'here' / 'bin'}:relative/bin",
        "HOME": str(tmp_path / "home"),
    }
    found = page_dirs(environment=environment)
    assert list(found[:3]) == [folder.resolve() for folder in wanted]
    assert len(set(found)) == len(found)


def test_nothing_is_taken_from_a_workspace(tmp_path: Path) -> None:
    """A virtual environment's pages, a MANPATH into the workspace and a link to it do not count."""
    root = tmp_path / "work"
    (root / ".venv" / "share" / "man").mkdir(parents=True)
    (root / "man").mkdir()
    (tmp_path / "link").symlink_to(root / "man")
    environment = {
        "MANPATH": f"{root / 'man'}:{tmp_path / 'link'}",
        "PATH": str(root / ".venv" / "bin"),
    }
    found = page_dirs([root], environment=environment)
    assert not any(folder.is_relative_to(root.resolve()) for folder in found)
    assert any(
        folder.is_relative_to(root.resolve()) for folder in page_dirs(environment=environment)
    )
