"""Neovim with the plugin in the example workspace, set up as a person would do it.

``ducktypist`` is a program on PATH, as after an installation; that it serves a scripted model is
all that is special about it. The plugin is found on the runtime path, and nothing else is
configured than what a test says.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import apsw
import psutil

from support.editors import places
from support.editors.neovim import Neovim, is_alive
from support.leftovers import end_hosts
from support.shop import SHOP
from support.windows import CALM, files_written

CALM_SETTINGS: dict[str, Any] = {
    "explain": CALM,
    "complete": {
        "repeats": 1,
        "more_s": 0,
        "check_accepted": False,
        "debounce_ms": 20,
        # A line that comes too late is not shown; here the machine may be busy.
        "inline_first_line_ms": 20_000,
        # The scripted model goes by what stands in its prompt; earlier tests must not.
        "recent_chunks": 0,
    },
    "fix": {"more_s": 0},
}
"""No second search and nothing in the background: tests of other things are quicker so."""
LONG_S = 100.0
"""How long what the model does may take; the machine may be busy."""
ATTACHED = "#vim.lsp.get_clients({ bufnr = 0, name = 'ducktypist' }) == 1"
READY = (
    "(function() local c = vim.lsp.get_clients({ name = 'ducktypist' })[1];"
    " return c and c.initialized end)()"
)


class Shop(Neovim):
    """An editor in a workspace."""

    home: Path
    root: Path
    folders: Mapping[str, str]

    @classmethod
    @contextmanager
    def open_in(
        cls,
        home: Path,
        *,
        script: Path | None,
        files: Mapping[str, str | bytes] = SHOP,
        first: str = "shop/sums.py",
        trusted: bool = True,
        settings: Mapping[str, Any] | None = None,
        before: str = "",
        after: str = "",
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (100, 30),
    ) -> Iterator[Self]:
        """Open an editor in a workspace of its own, with the server attached to a file.

        Args:
            home: For everything.
            script: The scripted model's; None for the real one.
            files: The workspace's.
            first: The file that is opened.
            trusted: Whether the person trusted the folder before.
            settings: The server's, besides the calm ones.
            before: Lua of the person's configuration, before the server is enabled.
            after: Lua of theirs, afterwards.
            env: More environment.
            size: Columns and rows.
        """
        root = files_written(home / "shop", files)
        runtime = Path(tempfile.mkdtemp(prefix="dt-"))
        folders = own_folders(home, runtime)
        program_written(home / "bin", script)
        path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**folders, "PATH": path, **(env or {})}
        if trusted:
            trust(root, environment)
        given = merged(CALM_SETTINGS, settings or {})
        init = (
            f"vim.opt.runtimepath:prepend({lua_text(str(places.NEOVIM_PLUGIN))})\n"
            f"{before}\n"
            "vim.lsp.config('ducktypist', "
            f"{{ settings = {{ ducktypist = vim.json.decode({lua_text(json.dumps(given))}) }} }})\n"
            "vim.lsp.enable('ducktypist')\n"
            f"{after}\n"
        )
        try:
            with cls.opened(
                root / first, home=home, init=init, env=environment, cwd=root, size=size
            ) as shop:
                shop.home, shop.root, shop.folders = home, root, folders
                shop.wait(ATTACHED)
                shop.wait(READY)
                yield shop
        finally:
            end_hosts(runtime)
            shutil.rmtree(runtime, ignore_errors=True)

    # ------------------------------------------------------------------ doing

    def go(self, name: str, text: str | None = None) -> None:
        """Open a file of the workspace, perhaps with another text that is not saved."""
        self.edit(self.root / name)
        self.wait(ATTACHED)
        if text is not None:
            self.lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, ...)", text.split("\n"))

    def request(self, method: str, params: Any, *, timeout_ms: int = 30_000) -> Any:
        """Send a request by Neovim's own client, as a plugin does, and return its result."""
        answer = self.lua(
            """
            local method, params, timeout = ...
            local client = vim.lsp.get_clients({ name = 'ducktypist' })[1]
            local answer, why = client:request_sync(method, params, timeout)
            return answer or { err = { message = why } }
            """,
            method,
            params,
            timeout_ms,
        )
        assert not answer.get("err"), answer
        return answer.get("result")

    def run(self, command: str, *arguments: Any) -> Any:
        """Run one of the server's commands by Neovim's own client."""
        params = {"command": f"ducktypist.{command}", "arguments": list(arguments)}
        return self.request("workspace/executeCommand", params)

    def restart(self) -> None:
        """Start the server again by the plugin's command, and wait for the new one."""
        ids = "vim.tbl_map(function(one) return one.id end, vim.lsp.get_clients({ bufnr = 0 }))"
        old = self.lua(f"return {ids}")
        self.command("Ducktypist restart")
        self.until(
            # A client is listed from its initialization on.
            lambda: (now := self.lua(f"return {ids}")) and not set(now) & set(old),
            what="another client",
            timeout_s=LONG_S,
        )

    def ready(self) -> None:
        """Wait until the model answers and the sandbox is found out."""
        self.until(self._is_ready, what="the engine to be ready", timeout_s=LONG_S)

    def hovered(self, needle: str, *, prose: str = "scripted none") -> str:
        """Hover with Neovim's own key until a float holds ``prose``, and return its text.

        As a person does: where a first look shows facts alone, they look again.
        """
        self.put_cursor(needle)
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            self.keys("K")
            with suppress(AssertionError):
                return str(
                    self.until(
                        lambda: next((text for text in self.floats() if prose in text), None),
                        what=f"{prose!r} in a float",
                    )
                )
            self.lua("vim.cmd('silent! fclose!')")
        raise AssertionError(f"{prose!r} never came: {self.floats()}\n{self.shown()}")

    # ------------------------------------------------------------------ looking

    def servers(self) -> list[int]:
        """Return the language servers' processes; two while one takes the other's place."""
        found = []
        for one in self.children():
            with suppress(psutil.Error):
                if is_alive(one) and one.cmdline()[1:4] == ["-m", "ducktypist", "serve"]:
                    found.append(one.pid)
        return found

    def server(self) -> int:
        """Return the language server's process."""
        (found,) = self.servers()
        return found

    def rows(self, sql: str, *bindings: Any) -> list[tuple[Any, ...]]:
        """Return rows of the ledger; none before there is one."""
        path = Path(self.folders["DUCKTYPIST_DATA_DIR"]) / "ledger.sqlite3"
        if not path.exists():
            return []
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return list(connection.execute(sql, bindings))
        except (apsw.SQLError, apsw.BusyError):
            # The tables are still being made.
            return []
        finally:
            connection.close()

    def events(self, event: str) -> list[tuple[str, float | None]]:
        """Return the suggestions that something happened to, with the part that was taken."""
        return [
            (str(row[0]), row[1])
            for row in self.rows(
                "SELECT suggestion_id, accepted_fraction FROM lifecycle "
                "WHERE event = ? ORDER BY seq",
                event,
            )
        ]

    def clean(self) -> None:
        """Fail if Neovim or the plugin complained of an error."""
        said = self.messages()
        assert "E5108" not in said, said
        assert "stack traceback" not in said, said
        assert "Error executing" not in said, said

    def _is_ready(self) -> bool:
        status = self.run("status")
        return bool(status["engine"]["state"] == "ready" and status.get("sandbox"))


@contextmanager
def one_file(home: Path, *, script: Path | None, init: str) -> Iterator[Neovim]:
    """Open an editor with one Python file and nothing configured but what ``init`` does.

    Args:
        home: For everything.
        script: The scripted model's; None where ``ducktypist`` is not installed at all.
        init: The person's configuration.
    """
    runtime = Path(tempfile.mkdtemp(prefix="dt-"))
    folders = ["/usr/bin", "/bin"]
    if script is not None:
        folders.insert(0, str(program_written(home / "bin", script).parent))
    root = files_written(
        home / "project",
        {"pyproject.toml": "", "sums.py": "def add(a, b):\n    return a - b\n"},
    )
    env = {"PATH": os.pathsep.join(folders), **own_folders(home, runtime)}
    try:
        with Neovim.opened(root / "sums.py", home=home, init=init, env=env, cwd=root) as editor:
            yield editor
    finally:
        end_hosts(runtime)
        shutil.rmtree(runtime, ignore_errors=True)


def own_folders(home: Path, runtime: Path) -> dict[str, str]:
    """Return the environment that keeps the server in ``home``."""
    kinds = {"DATA": home / "dt-data", "STATE": home / "dt-state", "CACHE": home / "dt-cache"}
    kinds["RUNTIME"] = runtime
    return {f"DUCKTYPIST_{kind}_DIR": str(path) for kind, path in kinds.items()}


def program_written(folder: Path, script: Path | None) -> Path:
    """Write ``ducktypist`` as a program that serves a scripted model, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ducktypist"
    python = shlex.quote(sys.executable)
    serve = "serve" if script is None else f"serve --backend {shlex.quote(f'scripted:{script}')}"
    path.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = serve ]; then shift; exec {python} -m ducktypist {serve} "$@"; fi\n'
        f'exec {python} -m ducktypist "$@"\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def trust(root: Path, environment: Mapping[str, str]) -> None:
    """Trust a folder, as a person does on the command line."""
    subprocess.run(
        [sys.executable, "-m", "ducktypist", "trust", str(root)],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=60,
    )


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, section by section, where ``more`` goes first."""
    sections = {*base, *more}
    return {
        name: {**base.get(name, {}), **more[name]}
        if isinstance(more.get(name, {}), Mapping) and name in more
        else more.get(name, base.get(name))
        for name in sections
    }


def lua_text(text: str) -> str:
    """Return a text as a literal of Lua."""
    level = "=" * next(n for n in range(9) if f"]{'=' * n}]" not in text)
    return f"[{level}[{text}]{level}]"
