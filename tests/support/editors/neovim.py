"""A real Neovim for tests: embedded in no terminal, with a screen, driven over its own RPC.

It knows nothing of language servers. Whatever a test does, an editor that was opened here ends:
each call has a time limit after which Neovim is killed, because one that waits at a prompt answers
nothing any more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psutil
import pynvim  # type: ignore[import-untyped] # It ships no type information.

from support.editors import places
from support.editors.neovim_screen import Screen

WAIT_S = 30.0
"""How long something may take that usually takes a moment; the machine may be busy."""
CALL_S = 40.0
"""How long one call over RPC may take."""
LEAVE_S = 15.0
POLL_S = 0.02
OWN_FOLDERS = ("CONFIG", "DATA", "STATE", "CACHE")
CALM_LUA = """
vim.o.swapfile = false
-- A message that does not fit would ask for <Enter>, and nobody is there to press it.
vim.o.messagesopt = 'wait:0,history:500'
vim.o.more = false
"""


class Neovim:
    """One editor."""

    def __init__(self, nvim: Any, process: subprocess.Popen[bytes]) -> None:
        self.nvim = nvim
        self.process = process
        self.screen = Screen()

    @classmethod
    @contextmanager
    def opened(
        cls,
        *files: Path,
        home: Path,
        init: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        size: tuple[int, int] = (100, 30),
        options: Sequence[str] = ("--clean",),
    ) -> Iterator[Self]:
        """Start an editor, and end it whatever happens; it must take its children along.

        Args:
            *files: What is opened.
            home: The person's home folder, for everything that Neovim and its plugins write.
            init: The person's ``init.lua``.
            env: More environment.
            cwd: The folder it is started in; the home folder by default.
            size: Columns and rows.
            options: More of the command line.
        """
        program = places.neovim()
        if not program.is_file():
            places.lacking("Neovim")
        home.mkdir(parents=True, exist_ok=True)
        script = home / "init.lua"
        script.write_text(CALM_LUA + init, encoding="utf-8")
        # The path of a Unix socket may have 107 bytes.
        sockets = Path(tempfile.mkdtemp(prefix="nv-"))
        # A ``--headless`` one can be driven by a socket; as soon as a screen is attached, it is a
        # Neovim like any other.
        command = [program, "--headless", *options, "-u", script, "--listen", sockets / "nvim"]
        with (home / "stderr.txt").open("ab") as errors:
            process = subprocess.Popen(
                [*map(str, command), *map(str, files)],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                cwd=cwd or home,
                env=environment(home, env or {}),
            )
        try:
            nvim = _attached(sockets / "nvim", process)
            editor = cls(nvim, process)
            editor.called(lambda: nvim.ui_attach(*size, rgb=True, ext_linegrid=True))
            yield editor
            editor.leave()
        finally:
            _killed(process)
            shutil.rmtree(sockets, ignore_errors=True)

    # ------------------------------------------------------------------ doing

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua code; ``...`` are the arguments."""
        return self.called(lambda: self.nvim.exec_lua(code, *arguments))

    def command(self, command: str) -> str:
        """Run an Ex command that asks nothing, and return what it printed."""
        return str(self.called(lambda: self.nvim.command_output(command)))

    def keys(self, keys: str) -> None:
        """Press keys; they are worked off later, also at a prompt."""
        self.called(lambda: self.nvim.input(keys.replace("<<", "<lt>")))

    def typed(self, text: str) -> None:
        """Type plain text in insert mode."""
        self.called(lambda: self.nvim.input(text.replace("<", "<lt>").replace("\n", "<CR>")))

    def edit(self, path: Path) -> None:
        """Open a file in this window, as it stands in the editor if it does."""
        self.lua(
            """
            local path = ...
            local buffer = vim.fn.bufnr('^' .. vim.fn.fnameescape(path) .. '$')
            if buffer > 0 and vim.api.nvim_buf_is_loaded(buffer) then
              vim.api.nvim_win_set_buf(0, buffer)
            else
              vim.cmd.edit({ args = { vim.fn.fnameescape(path) }, bang = true })
            end
            """,
            str(path),
        )

    def put_cursor(self, needle: str, *, on: bool = False) -> None:
        """Put the cursor behind the first ``needle`` of the buffer, or on its first letter."""
        text = self.text
        offset = text.index(needle) + (0 if on else len(needle))
        line = text.count("\n", 0, offset)
        start = text.rfind("\n", 0, offset) + 1
        column = len(text[start:offset].encode())
        self.lua("vim.api.nvim_win_set_cursor(0, { ... })", line + 1, column)

    def normal(self) -> None:
        """Go back to normal mode."""
        self.keys("<C-\\><C-n>")
        self.wait("vim.api.nvim_get_mode().mode == 'n'")

    def emptied(self) -> None:
        """Leave one window with an empty buffer, and files as they are on the disk."""
        self.normal()
        self.lua(
            """
            vim.cmd('silent! only!')
            vim.cmd('enew!')
            for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
              local is_file = vim.fn.filereadable(vim.api.nvim_buf_get_name(buffer)) == 1
              local is_as_on_disk = is_file and not vim.bo[buffer].modified
              if buffer ~= vim.api.nvim_get_current_buf() and not is_as_on_disk then
                vim.api.nvim_buf_delete(buffer, { force = true })
              end
            end
            vim.cmd('messages clear')
            """
        )

    # ------------------------------------------------------------------ looking

    @property
    def text(self) -> str:
        """The text of the current buffer."""
        return "\n".join(self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))

    @property
    def cursor(self) -> tuple[int, int]:
        """The cursor's line, from 0, and column in bytes."""
        line, column = self.lua("return vim.api.nvim_win_get_cursor(0)")
        return line - 1, column

    @property
    def mode(self) -> Mapping[str, Any]:
        """The mode, and whether Neovim waits for an answer; to be had at a prompt as well."""
        found: Mapping[str, Any] = self.called(self.nvim.api.get_mode)
        return found

    def shown(self) -> str:
        """Return what stands on the screen."""
        # What was drawn comes with the answer to any call.
        self.called(self.nvim.api.get_mode)
        self.screen.take(self.nvim)
        return self.screen.text()

    def messages(self) -> str:
        """Return everything that was said to the person."""
        return self.command("messages")

    def floats(self) -> list[str]:
        """Return the texts of the floating windows."""
        found: list[str] = self.lua(
            """
            local found = {}
            for _, window in ipairs(vim.api.nvim_list_wins()) do
              if vim.api.nvim_win_get_config(window).relative ~= '' then
                local buffer = vim.api.nvim_win_get_buf(window)
                local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
                table.insert(found, table.concat(lines, '\\n'))
              end
            end
            return found
            """
        )
        return found

    # ------------------------------------------------------------------ waiting

    def wait(self, expression: str, *, timeout_s: float = WAIT_S) -> Any:
        """Wait until a Lua expression is truthy, and return its value."""
        return self.until(
            lambda: self.lua(f"return {expression}"), what=expression, timeout_s=timeout_s
        )

    def until(self, look: Callable[[], Any], *, what: str = "", timeout_s: float = WAIT_S) -> Any:
        """Wait until ``look()`` is truthy, and return its value."""
        deadline = time.monotonic() + timeout_s
        while not (found := look()):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain: {what}\n{self._state()}")
            time.sleep(POLL_S)
        return found

    def wait_shown(self, text: str, *, timeout_s: float = WAIT_S) -> str:
        """Wait until a text stands on the screen, and return the screen."""
        self.until(
            lambda: text in self.shown(), what=f"{text!r} on the screen", timeout_s=timeout_s
        )
        return self.shown()

    def wait_told(self, text: str, *, timeout_s: float = WAIT_S) -> str:
        """Wait until the person was told something, and return all messages."""
        self.until(lambda: text in self.messages(), what=f"message {text!r}", timeout_s=timeout_s)
        return self.messages()

    def wait_prompt(self, *, timeout_s: float = WAIT_S) -> str:
        """Wait until Neovim waits for an answer, and return the screen."""
        self.until(self._is_asking, what="a prompt", timeout_s=timeout_s)
        return self.shown()

    # ------------------------------------------------------------------ ending

    def children(self) -> list[psutil.Process]:
        """Return the processes below this editor."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def leave(self, *, timeout_s: float = LEAVE_S) -> None:
        """Quit as a person does; the editor must end, and what it started with it."""
        if self.process.poll() is not None:
            return
        below = self.children()
        with suppress(OSError, EOFError):
            self.nvim.command("qall!", async_=True)
            # What was sent asynchronously leaves with the next thing that is waited for.
            with suppress(Exception):
                self.called(self.nvim.api.get_mode)
        deadline = time.monotonic() + timeout_s
        while left := [one for one in (psutil.Process(), *below) if self._is_left(one)]:
            if time.monotonic() > deadline:
                said = [_words(one) for one in left]
                for one in left:
                    with suppress(psutil.Error):
                        one.kill()
                raise AssertionError(f"the editor or what it started did not end: {said}")
            time.sleep(POLL_S)

    def _is_left(self, one: psutil.Process) -> bool:
        if one.pid == os.getpid():
            return self.process.poll() is None
        # A model's host idles until the next request of any window.
        return is_alive(one) and "ducktypist.engine.host" not in _words(one)

    # ------------------------------------------------------------------ inside

    def called(self, call: Callable[[], Any], *, timeout_s: float = CALL_S) -> Any:
        """Do something over RPC; Neovim is killed when it does not answer."""
        timer = threading.Timer(timeout_s, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            return call()
        except (OSError, EOFError) as error:
            late = timer.finished.is_set()
            why = f"did not answer for {timeout_s:.0f} s" if late else "has gone"
            raise AssertionError(f"Neovim {why}\n{self.screen.text()}") from error
        finally:
            timer.cancel()

    def _is_asking(self) -> bool:
        mode = self.mode
        return bool(mode["blocking"] or mode["mode"][0] in "cr")

    def _state(self) -> str:
        mode = self.mode
        screen = self.shown()
        told = "(it waits at a prompt)" if mode["blocking"] else self.messages()
        return f"mode {mode}\n--- screen\n{screen}\n--- messages\n{told}"


def environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that keeps Neovim in ``home``."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    for name in ("NVIM", "VIM", "VIMRUNTIME", "MYVIMRC", "NVIM_APPNAME"):
        found.pop(name, None)
    for kind in OWN_FOLDERS:
        found[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    found |= {"HOME": str(home), "NVIM_LOG_FILE": str(home / "nvim.log"), "TERM": "xterm-256color"}
    return {**found, **more}


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process runs; a dead one that nobody took leave of does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _attached(socket: Path, process: subprocess.Popen[bytes]) -> Any:
    deadline = time.monotonic() + WAIT_S
    while True:
        # The socket is there before the configuration was read; a request waits for that.
        with suppress(OSError):
            return pynvim.attach("socket", path=str(socket))
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"Neovim did not start (status {process.poll()})")
        time.sleep(POLL_S)


def _killed(process: subprocess.Popen[bytes]) -> None:
    """End a Neovim that is still there, and everything below it."""
    family: list[psutil.Process] = []
    with suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    if process.poll() is None:
        process.kill()
        for one in family:
            with suppress(psutil.Error):
                one.kill()
    process.wait()


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:300]
    return f"process {process.pid}, gone by now"
