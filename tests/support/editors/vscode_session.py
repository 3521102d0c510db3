"""A whole session with VS Code: workspace, scripted model, extension, window, ledger.

What a test file's one fixture opens; all tests of the file then use the one window.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import psutil
import pytest

from ducktypist import config
from support.editors.vscode import CodeServer, Setup, serving, started
from support.editors.vscode_window import Window, opened
from support.leftovers import end_hosts, nothing_left
from support.windows import files_written, script_written

LEFT_TIMEOUT_S = 20.0
"""How long VS Code and what it started may take to go."""
EXPLAIN = {"ducktypist.explain.hover_wait_ms": 20_000, "ducktypist.explain.prefetch": False}
"""How tests of other things explain: a hover waits for its prose, and nobody is asked ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One window with everything around it."""

    window: Window
    root: Path
    """The workspace."""
    server: CodeServer
    ledger_path: Path

    def ledger(self, columns: str = "*") -> list[dict[str, Any]]:
        """Return the ledger's suggestions, the oldest first."""
        if not self.ledger_path.is_file():
            return []
        connection = apsw.Connection(str(self.ledger_path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(5000)
        try:
            cursor = connection.execute(f"SELECT {columns} FROM suggestion ORDER BY at_utc")  # noqa: S608 - names of ours
            names: list[str] = []
            rows = []
            for row in cursor:
                names = names or [column[0] for column in cursor.get_description()]
                rows.append(dict(zip(names, row, strict=True)))
            return rows
        finally:
            connection.close()

    def n_taken(self, kind: str) -> int:
        """Count the accepted suggestions of a kind."""
        return sum(
            1 for row in self.ledger("kind, accepted") if row == {"kind": kind, "accepted": 1}
        )

    def servers(self) -> list[psutil.Process]:
        """Return the running language servers of this window."""
        found = []
        for process in psutil.Process(self.server.process.pid).children(recursive=True):
            try:
                words = process.cmdline()
            except psutil.Error:
                continue
            if "ducktypist" in words and "serve" in words:
                found.append(process)
        return found


@contextmanager
def lived_in(
    files: Mapping[str, str],
    *,
    rules: Sequence[Any] = (),
    opens: str | None = None,
    settings: Mapping[str, Any] | None = None,
    machine: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    keys: Mapping[str, str] | None = None,
    asks_for_trust: bool = False,
) -> Iterator[Session]:
    """Open a workspace in a VS Code of its own; nothing may be left in the end.

    Args:
        files: The workspace.
        rules: What the scripted model answers.
        opens: The file that is open at first.
        settings: The person's settings, over ``EXPLAIN``.
        machine: The machine's settings; without them, the server of this checkout with the script.
        environment: More environment of VS Code, and so of the server.
        keys: More keys, and their commands.
        asks_for_trust: Whether the folder is untrusted at first.
    """
    # Short, as sockets come to lie in it; not pytest's folder, whose path is long.
    base = Path(tempfile.mkdtemp(prefix="dv-"))
    folders = {f"DUCKTYPIST_{kind.upper()}_DIR": str(base / kind) for kind in FOLDERS}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in folders.items():
            patch.setenv(name, value)
        script = script_written(base / "script.json", name="scripted", rule=list(rules))
        named = {"ducktypist.server.command": serving("--backend", f"scripted:{script}")}
        setup = Setup(
            folder=files_written(base / "work" / "shop", files),
            machine=named if machine is None else machine,
            user={**EXPLAIN, **(settings or {})},
            environment={**folders, **(environment or {})},
            keys=keys or {},
            asks_for_trust=asks_for_trust,
        )
        try:
            with nothing_left(timeout_s=LEFT_TIMEOUT_S), started(setup) as server:
                first = setup.folder / opens if opens else None
                with opened(server, file=first) as window:
                    yield Session(
                        window=window,
                        root=setup.folder,
                        server=server,
                        ledger_path=config.ledger_path(config.Config().ledger),
                    )
        finally:
            end_hosts(Path(os.environ["DUCKTYPIST_RUNTIME_DIR"]))
            shutil.rmtree(base, ignore_errors=True)


FOLDERS = ("data", "state", "cache", "runtime")
