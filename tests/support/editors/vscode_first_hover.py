"""From the ``.vsix`` to the first hover, on a machine with Python and without our server.

Done as a person does it, with each action counted; both a test and a measurement.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from ducktypist import __version__
from support.editors.vscode_session import lived_in
from support.shop import SHOP

PROGRAMS = ("sh", "env", "uname", "cat", "ps", "sed", "head", "which", "getconf", "ldd")
"""What VS Code itself looks for on PATH."""
METADATA = f"Metadata-Version: 2.1\nName: ducktypist\nVersion: {__version__}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def actions_to_first_hover(folder: Path) -> list[str]:
    """Go the whole way and return what the person did, the hover included.

    Args:
        folder: An empty one; programs and a package are put into it.
    """
    # The settings of VS Code have the extension installed: a command, or a click and a choice.
    actions = ["install the .vsix"]
    wheel = package_written(folder)
    with lived_in(
        SHOP,
        machine={"ducktypist.server.package": ["--no-index", "--no-deps", str(wheel)]},
        environment={"PATH": str(programs_written(folder))},
        opens="shop/sums.py",
    ) as session:
        window = session.window
        message = window.toast("Ducktypist needs its server")
        expect(message).to_contain_text("PATH")
        expect(window.status_item("Ducktypist: no server")).to_be_visible()
        window.picture("vscode-no-server")
        assert session.servers() == []
        message.get_by_role("button", name="Install", exact=True).click()
        actions.append("click Install")
        window.until(session.servers, "the installed server runs")
        window.hover("add_up", "returns first - second")
        actions.append("rest the mouse on a name")
        window.picture("vscode-first-hover")
    return actions


def programs_written(folder: Path) -> Path:
    """Write a folder of programs as on a machine with Python and without ducktypist."""
    programs = folder / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    python = programs / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return programs


def package_written(folder: Path) -> Path:
    """Write a wheel named ``ducktypist`` that hands over to this checkout.

    The real one brings llama.cpp, which is compiled for minutes; how the extension makes an
    environment, fills it with pip and starts what is in it is the same.
    """
    info = f"ducktypist-{__version__}.dist-info"
    hand_over = (
        "import os, sys\n"
        f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'ducktypist', *sys.argv[1:]])\n"
    )
    files = {
        "ducktypist/__init__.py": "",
        "ducktypist/__main__.py": hand_over,
        f"{info}/METADATA": METADATA,
        f"{info}/WHEEL": WHEEL,
    }
    names = [*files, f"{info}/RECORD"]
    path = folder / f"ducktypist-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
    return path
