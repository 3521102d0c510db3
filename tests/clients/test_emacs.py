"""Emacs with eglot, and the real server: what ``clients/emacs`` promises.

The tests themselves are written for ERT, Emacs' own runner, in ``emacs/ducktypist-tests.el``; here
each gets an Emacs, a workspace and a scripted model.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.editors.places import EMACS_FILES, lacking
from support.served import Workspace
from support.shop import SHOP
from support.stdio_client import serve_command

TESTS = Path(__file__).parent / "emacs" / "ducktypist-tests.el"
NAMES = re.findall(r"^\(duck-deftest (\S+)", TESTS.read_text(encoding="utf-8"), re.MULTILINE)
TIMEOUT_S = 240
PACKAGES = (
    "(progn (require 'package)"
    ' (add-to-list \'package-directory-list "/usr/share/emacs/site-lisp/elpa")'
    " (package-initialize))"
)
EMACS_SHOP = {
    **SHOP,
    "shop/ducks.py": (
        "from shop.sums import add_up\n\n"
        'NAME = "Größe 🦆🦆"; PAGE = add_up(2, 3)\n\n\n'
        "def shout(text: str) -> str:\n"
        '    """Größe 🦆: return the text in capitals."""\n'
    ),
    # What a folder may say of itself, and Emacs takes without asking.
    ".dir-locals.el": "((nil . ((eglot-workspace-configuration . (:ducktypist (:trusted t))))))\n",
}


def emacs() -> str:
    """Return Emacs' program, if it and the packages are here."""
    program = shutil.which("emacs")
    if program is None:
        lacking("Emacs")
    has = "(mapc (lambda (it) (or (package-installed-p it) (kill-emacs 1))) '(eglot markdown-mode))"
    found = subprocess.run(
        [program, "-Q", "--batch", "--eval", PACKAGES, "--eval", has], check=False, timeout=60
    )
    if found.returncode:
        lacking("Emacs (with elpa-eglot and elpa-markdown-mode)")
    return program


@pytest.mark.timeout(TIMEOUT_S + 30)
@pytest.mark.parametrize("name", NAMES)
def test_emacs(name: str, script: Path, workspace: Workspace, tmp_path: Path) -> None:
    """What the test of this name in ``ducktypist-tests.el`` says."""
    root = workspace(EMACS_SHOP, may_change=True)
    subprocess.run(["git", "init", "-q", str(root)], check=True, timeout=30)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "DUCK_ROOT": str(root),
        "DUCK_COMMAND": "\n".join(serve_command("--backend", f"scripted:{script}")),
    }
    command = [emacs(), "-Q", "--batch", "-L", str(EMACS_FILES), "-l", str(TESTS)]
    command += ["--eval", f'(ert-run-tests-batch-and-exit "^{name}$")']
    done = subprocess.run(
        command,
        env=environment,
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, said[-6000:]
    assert "Ran 1 tests, 1 results as expected" in said, said[-2000:]


def test_there_are_tests() -> None:
    """The tests' names are found in their file."""
    assert len(NAMES) == len(set(NAMES)) >= 10


@pytest.mark.parametrize("name", ["ducktypist-eglot", "ducktypist"])
def test_it_compiles_without_a_warning(name: str, tmp_path: Path) -> None:
    """The byte compiler has nothing to say."""
    shutil.copytree(EMACS_FILES, tmp_path / "emacs")
    strict = "(setq byte-compile-error-on-warn t)"
    command = [emacs(), "-Q", "--batch", "--eval", PACKAGES, "-L", str(tmp_path / "emacs")]
    source = tmp_path / "emacs" / f"{name}.el"
    command += ["--eval", strict, "-f", "batch-byte-compile", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip(), done.stderr


@pytest.mark.parametrize("name", ["ducktypist-eglot", "ducktypist"])
def test_its_documentation_is_in_order(name: str) -> None:
    """Emacs' checker of docstrings and comments has nothing to say."""
    # The experimental check takes any word in -s for a verb.
    check = (
        "(progn (require 'checkdoc) (setq checkdoc-verb-check-experimental-flag nil)"
        f' (checkdoc-file "{EMACS_FILES / name}.el"))'
    )
    command = [emacs(), "-Q", "--batch", "--eval", check]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip(), done.stderr
