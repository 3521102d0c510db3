"""House rules of the clients' sources: small files that say what they are, in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ducktypist.lsp.server import COMMANDS
from support.source_tree import ROOT

CLIENTS = ROOT / "clients"
BUILT = {"node_modules", "dist", "build"}
MAX_LINES = 300
COMMENTS = {".ts": "/**", ".mjs": "//", ".lua": "--", ".el": ";;;", ".vim": '"'}
"""How the first line of a file in each language begins, which says what the file is."""
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def sources() -> list[Path]:
    """Return the clients' source files, without what was installed or built."""
    found = (path for path in CLIENTS.rglob("*") if path.suffix in COMMENTS)
    return sorted(p for p in found if not BUILT & set(p.relative_to(CLIENTS).parts))


FILES = sources()
IDS = [path.relative_to(CLIENTS).as_posix() for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_every_file_says_what_it_is(path: Path) -> None:
    """It begins with a comment; tests say in each test's name what they are about."""
    if path.name.endswith(".test.ts"):
        return
    assert path.read_text(encoding="utf-8").startswith(COMMENTS[path.suffix])


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_files_stay_small(path: Path) -> None:
    """A long file is a sign that two rooms share a wall that should be built."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_server_is_written_down(command: str) -> None:
    """Whoever writes a client finds it in docs/protocol.md."""
    assert f"`{command}`" in PROTOCOL


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_client_uses_a_command_that_the_server_has_not(path: Path) -> None:
    """What is sent by ``workspace/executeCommand`` is one of the server's commands."""
    text = path.read_text(encoding="utf-8")
    sent = re.findall(
        r"(?:command<[^>]*>|\.command|request_command)\(\s*['\"](ducktypist\.\w+)", text
    )
    assert set(sent) <= set(COMMANDS)
