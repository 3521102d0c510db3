"""What is in version control speaks of no machine but the reader's."""

import re
import shutil
import subprocess

import pytest

from support.source_tree import ROOT

# Folders of one person's machine. Spelt so that this file does not hold what it looks for.
PLACES = re.compile(
    r"(?<![\w./}])/(?:root(?:/|(?=[\s\"'`)]|$))"
    r"|(?:home|Users)/(?!(?:a|b|me|you|user|username|example)\b)\w)"
)
# What the lock files of Python and Node may name: the public registries.
LOCK_HOST = re.compile(r"https?://(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org)/")


def tracked() -> list[str]:
    """Return the tracked files, and those that would be if they were added now."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def foreign_places(text: str) -> list[str]:
    """Return the paths of somebody's machine that ``text`` mentions."""
    return [match.group() for match in PLACES.finditer(text)]


def test_no_file_names_a_folder_of_ones_own_machine() -> None:
    """Paths under root's or a user's folder stay out."""
    found = {}
    for name in tracked():
        if name == "tests/tidy/test_tracked_files.py":
            continue
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        places = foreign_places(text)
        if places:
            found[name] = places
    assert found == {}


def test_lock_files_name_public_registries_only() -> None:
    """A lock file made behind a mirror would be of no use elsewhere."""
    for name in tracked():
        if name.endswith(("uv.lock", "package-lock.json")):
            text = (ROOT / name).read_text(encoding="utf-8")
            keys = r'(?:registry = |url = |"resolved": )"(https?://[^"]+)"'
            strange = {u for u in re.findall(keys, text) if not LOCK_HOST.match(u)}
            assert strange == set(), name


def test_the_finder_finds_places() -> None:
    """Machine paths are found, made-up ones and parts of other paths are not."""
    for text in ("see /root/x", "'/root'", "/home/duck/x", "/Users/duck"):
        assert foreign_places(text), text
    for text in ("/home/a b", "/home/user/x", "/proc/1/root/", "f'/proc/{p}/root/'"):
        assert not foreign_places(text), text
