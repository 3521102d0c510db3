"""Vim with ALE, and the real server: what ``clients/vim/ale-ducktypist.vim`` promises.

ALE is the most limited of the editors that are run here: plain text only, no resolving, no word of
applying edits. Vim wants a terminal, so it gets one, and nobody reads what is drawn there.
"""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from support.editors.places import ROOT, lacking
from support.served import Workspace
from support.shop import SHOP
from support.stdio_client import serve_command

ALE = Path("/usr/share/vim-ale")
CLIENT = ROOT / "clients" / "vim" / "ale-ducktypist.vim"
DRIVE = Path(__file__).parent / "vim" / "drive.vim"
TIMEOUT_S = 240
VIM_SHOP = {
    **SHOP,
    ".git/HEAD": "ref: refs/heads/main\n",
    "shop/ducks.py": 'from shop.sums import add_up\n\nNAME = "🦆🦆"; FINAL = add_up(2, 3)\n',
}


def vimrc(script: Path, ale_linters: str) -> str:
    """Return a person's configuration."""
    settings = {"trusted": True, "explain": {"hover_wait_ms": 20_000, "prefetch": False}}
    # JSON is Vim script, but for these two words.
    words = json.dumps(settings).replace("true", "v:true").replace("false", "v:false")
    command = json.dumps(serve_command("--backend", f"scripted:{script}"))
    return (
        "set nocompatible noswapfile hidden shortmess+=A viminfo=\n"
        f"set runtimepath^={ALE}\nfiletype plugin on\n"
        "let g:ale_hover_to_preview = 1\nlet g:ale_lint_delay = 50\n"
        "let g:ale_lsp_show_message_severity = 'information'\n"
        f"let g:ale_linters = {ale_linters}\n"
        f"let g:ducktypist_command = {command}\nlet g:ducktypist_settings = {words}\n"
        f"runtime plugin/ale.vim\nsource {CLIENT}\n"
    )


def ended(process: subprocess.Popen[bytes], terminal: int) -> bytes:
    """Read what is drawn until the process has ended, and return the last of it."""
    drawn, deadline_s = b"", time.monotonic() + TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline_s:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                drawn = (drawn + os.read(terminal, 65_536))[-8_000:]
            except OSError:
                break
    return drawn


@pytest.fixture
def seen(script: Path, workspace: Workspace, tmp_path: Path) -> dict[str, Any]:
    """Do in Vim what ``drive.vim`` says, and return what was seen."""
    vim = shutil.which("vim")
    if vim is None or not ALE.is_dir():
        lacking("Vim with ALE (vim-ale)")
    root = workspace(VIM_SHOP, may_change=True)
    rc, result = tmp_path / "vimrc", tmp_path / "seen.json"
    rc.write_text(vimrc(script, "{'python': ['ducktypist']}"), encoding="utf-8")
    terminal, its_end = pty.openpty()
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "DUCK_SEEN": str(result),
    }
    command = [vim, "-N", "-u", str(rc), "-i", "NONE", "-S", str(DRIVE)]
    process = subprocess.Popen(
        command, cwd=root, env=environment, stdin=its_end, stdout=its_end, stderr=its_end
    )
    os.close(its_end)
    try:
        drawn = ended(process, terminal)
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert result.is_file(), drawn.decode(errors="replace")
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    assert "error" not in found, found["error"]
    return found


@pytest.mark.timeout(TIMEOUT_S + 60)
def test_vim(seen: dict[str, Any]) -> None:
    """Tests run, a hover is plain text, an explanation is shown, a body and a fix are put in."""
    assert "tests/test_sums.py::test_adds" in seen["run"]
    (red,) = seen["red"]
    assert (red["lnum"], red["linter_name"], red["type"]) == (5, "ducktypist", "E")
    assert "assert" in red["text"]
    assert red["code"] == "tests/test_sums.py::test_adds"
    # ALE says that it shows plain text only.
    assert "adds two numbers" in seen["hover"]
    assert "returns first - second" in seen["hover"]
    assert "**" not in seen["hover"]
    assert "adds two numbers" in seen["explanation"]
    assert "| scripted | explain | python |" in seen["stats"]
    assert "It is the final text." in seen["beyond_ascii"]
    titles = {action["title"]: action for action in seen["offered"]}
    body = titles["Ducktypist: write the body of `shout`"]
    # ALE cannot resolve, so what is to be done comes with the offer.
    assert body["command"]["command"] == "ducktypist.applyAction"
    assert seen["body"].endswith('    """\n    return text.upper()')
    assert "plausible: 3 of 3 runs" in seen["verdict"]
    assert "return first + second" in seen["fixed"]
    assert "2 passed, 0 red" in seen["green"]
    assert "run the tests first" in seen["nothing"]
