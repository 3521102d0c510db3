"""VS Code behind a web server, with folders of its own: installed extension, settings, start, end.

Not for what is done in the window: that is ``vscode_window``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.editors.installing import build_extension
from support.editors.places import BUILT, EXTENSION, VSIX, code_server, lacking, node

START_TIMEOUT_S = 90.0
END_TIMEOUT_S = 15.0
LISTENS = re.compile(r"HTTP server listening on http://127\.0\.0\.1:(\d+)")
NO_GALLERY = json.dumps(
    dict.fromkeys(
        (
            "serviceUrl",
            "itemUrl",
            "resourceUrlTemplate",
            "controlUrl",
            "recommendationsUrl",
        ),
        "",
    )
)
"""With empty addresses neither the browser nor the server looks for extensions anywhere."""
AUDITED = Path(__file__).parents[1] / "audited"
NODE_AUDIT = Path(__file__).with_name("vscode_addresses.cjs")

USER: dict[str, Any] = {
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoUpdate": False,
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "workbench.startupEditor": "none",
    "workbench.welcomePage.walkthroughs.openOnInstall": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.enableExperiments": False,
    "workbench.colorTheme": "Default Light Modern",
    "chat.disableAIFeatures": True,
    "chat.commandCenter.enabled": False,
    "security.workspace.trust.enabled": False,
    "git.enabled": False,
    "window.commandCenter": False,
    "editor.accessibilitySupport": "off",
    "editor.wordBasedSuggestions": "off",
    "editor.minimap.enabled": False,
    "editor.cursorBlinking": "solid",
    "editor.hover.delay": 100,
    "workbench.reduceMotion": "on",
    "remote.autoForwardPorts": False,
    "files.autoSave": "off",
}
"""What every window is set to: quiet, light, and nothing of its own between us and the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How one VS Code is set up."""

    folder: Path
    """What is opened in it."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the machine, where those belong that name programs."""
    user: Mapping[str, Any] = field(default_factory=dict)
    """The person's settings, over ``USER``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """More keys, and the commands that they run."""
    asks_for_trust: bool = False
    """Whether folders are untrusted until a person says otherwise."""
    extensions: Path | None = None
    """Where extensions lie; None for the folder into which ours is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeServer:
    """A VS Code that listens."""

    port: int
    setup: Setup
    home: Path
    """Its home folder, settings and logs; gone when it ends."""
    process: subprocess.Popen[bytes]
    addresses: Path
    """Where its processes, and those that they start, wrote down what they wanted to reach."""

    @property
    def origin(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Return what it has printed."""
        return (self.home / "printed.log").read_text(encoding="utf-8", errors="replace")

    def reached(self) -> list[str]:
        """Return every address beyond this machine that its processes wanted to reach.

        What is not one: the loopback (the page is served there, and the sandbox is proved with
        it) and the address of all networks of this machine, on which nothing is sent.
        """
        lines = self.addresses.read_text(encoding="utf-8").splitlines()
        own = ("127.0.0.1", "::1", "localhost")
        return [line for line in lines if not any(f"'{name}'" in line for name in own)]


@contextmanager
def started(setup: Setup) -> Iterator[CodeServer]:
    """Start a VS Code in folders of its own, and end it and all that it started."""
    if not code_server().is_file() or not node().is_file():
        lacking("VS Code (code-server)")
    # Short, as sockets come to lie in it whose paths may have 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="cs-"))
    try:
        for name in ("data/User", "data/Machine", "tmp"):
            (home / name).mkdir(parents=True)
        _json(home / "data/User/settings.json", {**USER, **_trust(setup), **setup.user})
        keys = [{"key": key, "command": command} for key, command in setup.keys.items()]
        _json(home / "data/User/keybindings.json", keys)
        # Settings of the machine are dropped from the person's in a remote window, as this is one.
        _json(home / "data/Machine/settings.json", setup.machine)
        addresses = home / "addresses.txt"
        addresses.touch()
        extensions = setup.extensions or installed_extensions()
        process = _launched(setup, home, extensions, addresses)
        try:
            yield CodeServer(
                port=_port(process, home),
                setup=setup,
                home=home,
                process=process,
                addresses=addresses,
            )
        finally:
            _ended(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def installed_extensions() -> Path:
    """Return a folder into which the built extension is installed; built and installed if need be.

    It is named after the package's bytes, so a new build gets a new one.
    """
    package = built_package()
    digest = hashlib.sha256(package.read_bytes()).hexdigest()[:16]
    folder = BUILT / "extensions" / digest
    with _locked("installing"):
        done = folder / ".installed"
        if not done.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            install(package, folder)
            done.touch()
    return folder


def install(package: Path, extensions: Path) -> str:
    """Install a package as a person would on a command line, and return what was said."""
    return _asked(extensions, "--install-extension", str(package), "--force")


def list_installed(extensions: Path) -> list[str]:
    """Return the names of the installed extensions, as VS Code lists them."""
    return _asked(extensions, "--list-extensions").split()


def built_package() -> Path:
    """Return the extension's package, built again where a source is newer."""
    with _locked("building"):
        sources = [
            path
            for path in EXTENSION.rglob("*")
            if path.is_file() and not {"node_modules", "dist", "test"} & set(path.parts)
        ]
        newest = max(path.stat().st_mtime for path in sources)
        if not VSIX.is_file() or VSIX.stat().st_mtime < newest:
            if not node().is_file():
                lacking("Node")
            build_extension()
    return VSIX


def serving(*arguments: str) -> list[str]:
    """Return the command of the server under test, as the setting has it."""
    return [sys.executable, "-m", "ducktypist", "serve", *arguments]


def _trust(setup: Setup) -> dict[str, Any]:
    if not setup.asks_for_trust:
        return {}
    return {
        "security.workspace.trust.enabled": True,
        "security.workspace.trust.startupPrompt": "never",
        "security.workspace.trust.banner": "never",
    }


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _environment(home: Path) -> dict[str, str]:
    """Return an environment in which a VS Code keeps to its own folders."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VSCODE_")}
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "EXTENSIONS_GALLERY": NO_GALLERY,
        "CS_TELEMETRY_URL": "http://127.0.0.1:9/",
    }


def _command(home: Path, extensions: Path) -> list[str]:
    config = home / "config.yaml"
    config.write_text("auth: none\ncert: false\n", encoding="utf-8")
    return [
        str(node()),
        str(code_server()),
        f"--config={config}",
        f"--user-data-dir={home / 'data'}",
        f"--extensions-dir={extensions}",
    ]


def _asked(extensions: Path, *arguments: str) -> str:
    if not code_server().is_file():
        lacking("VS Code (code-server)")
    home = Path(tempfile.mkdtemp(prefix="cs-"))
    (home / "tmp").mkdir()
    try:
        ran = subprocess.run(
            [*_command(home, extensions), *arguments],
            env=_environment(home),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _launched(
    setup: Setup, home: Path, extensions: Path, addresses: Path
) -> subprocess.Popen[bytes]:
    paths: Sequence[str] = [str(AUDITED), os.environ.get("PYTHONPATH", "")]
    environment = {
        **_environment(home),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "AUDIT_FILE": str(addresses),
        "NODE_OPTIONS": f"--require={NODE_AUDIT}",
        **setup.environment,
    }
    flags = [
        "--bind-addr=127.0.0.1:0",
        "--disable-telemetry",
        "--disable-update-check",
        "--disable-getting-started-override",
        "--ignore-last-opened",
    ]
    if not setup.asks_for_trust:
        flags.append("--disable-workspace-trust")
    with (home / "printed.log").open("wb") as printed:
        return subprocess.Popen(
            [*_command(home, extensions), *flags],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            # Ended together with its extension host and the servers that this started.
            start_new_session=True,
        )


def _port(process: subprocess.Popen[bytes], home: Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    printed = home / "printed.log"
    while time.monotonic() < deadline and process.poll() is None:
        found = LISTENS.search(printed.read_text(encoding="utf-8", errors="replace"))
        if found:
            return int(found.group(1))
        time.sleep(0.05)
    said = printed.read_text(encoding="utf-8", errors="replace")[-3000:]
    _ended(process)
    raise TimeoutError(f"VS Code does not listen after {START_TIMEOUT_S:.0f} s; it said: {said}")


def _ended(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_TIMEOUT_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _locked(what: str) -> Iterator[None]:
    """Let one test process at a time do something to the build output."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / f".{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
