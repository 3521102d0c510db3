"""Install VS Code and build the extension; ``python -m support.editors.installing``.

Everything comes from the npm registry and goes into this checkout. What is there already is kept.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.editors.places import (
    CODE_SERVER_VERSION,
    EXTENSION,
    VSIX,
    code_server,
    node,
    node_environment,
    npm_cli,
)


def main() -> int:
    """Install what is missing and return the exit status."""
    try:
        install_code_server()
        build_extension()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"the editors could not be installed: {error}\n")
        return 1
    return 0


def install_code_server() -> None:
    """Install code-server without its native add-ons, which its tests here do not need.

    Its install scripts would compile them; a terminal and the watching of files come prebuilt.
    """
    if code_server().is_file():
        return
    root = code_server().parents[4]
    unfinished = root.with_name(f"{root.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    (unfinished / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    npm(unfinished, "install", f"code-server@{CODE_SERVER_VERSION}", "--ignore-scripts")
    inner = unfinished / "node_modules" / "code-server" / "lib" / "vscode"
    npm(inner, "install", "--omit=dev", "--ignore-scripts")
    unfinished.rename(root)


def build_extension() -> None:
    """Build the extension's package from its sources."""
    lock, installed = EXTENSION / "package-lock.json", EXTENSION / "node_modules"
    marker = installed / ".package-lock.json"
    if not marker.is_file() or marker.stat().st_mtime < lock.stat().st_mtime:
        npm(EXTENSION, "ci")
    VSIX.parent.mkdir(parents=True, exist_ok=True)
    npm(EXTENSION, "run", "--silent", "package", "--", "--out", str(VSIX))


def npm(folder: Path, *arguments: str) -> None:
    """Run npm in a folder.

    Raises:
        CalledProcessError: It failed; what it said stands on standard error.
    """
    command = [str(node()), str(npm_cli()), *arguments]
    subprocess.run(command, cwd=folder, env=node_environment(), check=True, timeout=900)


if __name__ == "__main__":
    sys.exit(main())
