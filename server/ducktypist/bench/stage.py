"""Where measurements take place: folders of their own, and a host that is gone afterwards.

The user's model and settings are used; the user's ledger, running host and caches are not touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import importlib.resources
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ducktypist.app import App
from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.domain import Json
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.errors import DucktypistError

READY_TIMEOUT_S = 180.0
POLL_S = 0.2
IDLE_UNLOAD_S = 300.0
"""A host that nobody could end any more, because we were killed, leaves after that."""
N_FILES = 5000
FILES_PER_FOLDER = 50
N_LINES = 1000

BIG_FILE = "big.py"
SCRIPT, ORDERS, PRICES = "scripts/prune-backups.sh", "shop/orders.py", "shop/prices.py"
TESTS = "tests/test_prices.py"
TRIVIAL_TEST = "tests/test_trivial.py::test_adds"


@dataclass(slots=True)
class Stage:
    """The folders of one session of measuring."""

    top: Path
    """Holds everything else and is removed at the end."""
    backend: str | None
    """None for the settings' own."""
    spec: HostSpec | None
    """The host that servers started here use; None when the settings name none that can start."""
    no_spec: str = ""
    """Why there is none."""
    environment: dict[str, str] = field(default_factory=dict)
    """What servers started here get besides our own environment."""

    @property
    def arguments(self) -> list[str]:
        """Options for ``ducktypist serve``."""
        return ["--backend", self.backend] if self.backend else []

    @property
    def options(self) -> dict[str, Any]:
        """Return ``initializationOptions``: the folders here are trusted, the ledger is our own."""
        return {
            "trusted": True,
            "ledger": {"path": str(self.top / "ledger.sqlite3")},
            "engine": {"idle_unload_s": IDLE_UNLOAD_S},
        }

    def folder(self, name: str) -> Path:
        """Return a new folder below the stage."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.top))

    @contextlib.asynccontextmanager
    async def editor(self, root: Path) -> AsyncIterator[Editor]:
        """Open a window on a folder."""
        async with Editor.started(
            root,
            arguments=self.arguments,
            options=self.options,
            environment=self.environment,
        ) as editor:
            yield editor

    def model(self) -> dict[str, Json] | None:
        """Return which model the figures are of, or None when it cannot be had."""
        if self.spec is None:
            return None
        return {
            "name": self.spec.model_name,
            "quantisation": self.spec.quantisation,
            "sha256": self.spec.model_sha256,
            "backend": self.spec.backend,
        }


@contextlib.asynccontextmanager
async def set_stage(
    backend: str | None, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[Stage]:
    """Give the folders, and remove them and the host that was started in them.

    Args:
        backend: As for ``ducktypist serve``.
        settings: Those that decide which host it is, besides the user's; sections by name.
    """
    # The path of a Unix socket may have 107 bytes, so this one is as short as can be.
    top = await asyncio.to_thread(lambda: Path(tempfile.mkdtemp(prefix="dtb-")).resolve())
    spec: HostSpec | None = None
    reason = ""
    try:
        spec = await asyncio.to_thread(lambda: App(backend=backend, settings=settings).host_spec())
        spec = replace(
            spec,
            socket_dir=top / "run",
            log_dir=top / "state",
            idle_unload_s=IDLE_UNLOAD_S,
        )
    except DucktypistError as error:
        reason = str(error)
    environment = {
        "DUCKTYPIST_STATE_DIR": str(top / "state"),
        "DUCKTYPIST_CACHE_DIR": str(top / "cache"),
        "DUCKTYPIST_RUNTIME_DIR": str(top / "run"),
    }
    try:
        yield Stage(top=top, backend=backend, spec=spec, no_spec=reason, environment=environment)
    finally:
        if spec is not None:
            client = EngineClient.embedded(spec)
            await client.stop_host()
            await client.aclose()
        await asyncio.to_thread(shutil.rmtree, top, ignore_errors=True)


async def ready(editor: Editor) -> Mapping[str, Any]:
    """Return the server's status once the model and the sandbox are there.

    Raises:
        EditorFailure: The model cannot be had, or did not come.
    """
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        status: Mapping[str, Any] = await editor.request(
            "workspace/executeCommand", {"command": "ducktypist.status"}
        )
        engine = status["engine"]
        if engine["state"] == "ready" and "model" in engine and status["sandbox"]:
            return status
        if engine["state"] == "failed" or time.monotonic() > deadline:
            raise EditorFailure(f"the model is not there: {engine.get('last_error')}")
        await asyncio.sleep(POLL_S)


def copy_example(folder: Path) -> Path:
    """Copy the example workspace that ships with the package, and return where it is."""
    with importlib.resources.as_file(
        importlib.resources.files("ducktypist") / "example"
    ) as example:
        return Path(
            shutil.copytree(example, folder / "shop", ignore=shutil.ignore_patterns("__pycache__"))
        )


def big_file() -> str:
    """Return a Python file of :data:`N_LINES` lines; its last function has no body yet."""
    last = [
        "def smallest_even(values: list[int]) -> int | None:",
        '    """Return the smallest even number of ``values``, or None when there is none."""',
    ]
    lines = ['"""Sums with a twist."""', ""]
    number = 0
    while len(lines) + len(_function(number)) + len(last) <= N_LINES:
        lines += _function(number)
        number += 1
    lines += ["# A remark."] * (N_LINES - len(lines) - len(last))
    return "\n".join([*lines, *last]) + "\n"


def many_files(root: Path) -> None:
    """Fill a folder with :data:`N_FILES` files, one of which is a test that passes at once.

    Its settings leave out the pytest plugins of the interpreter that this program runs with: some
    take a second to import, and the noise of that would hide what is to be measured.
    """
    installed = sorted({item.name for item in importlib.metadata.entry_points(group="pytest11")})
    without = " ".join(f"-p no:{name}" for name in installed)
    (root / "pytest.ini").write_text(f"[pytest]\naddopts = {without}\n", "utf-8")
    tests = root / "tests"
    tests.mkdir()
    (tests / "test_trivial.py").write_text("def test_adds():\n    assert 1 + 1 == 2\n", "utf-8")
    for number in range(N_FILES - 2):
        folder = root / "package" / f"part_{number // FILES_PER_FOLDER}"
        if number % FILES_PER_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"module_{number}.py").write_text(f"VALUE = {number}\n", "utf-8")


def _function(number: int) -> list[str]:
    return [
        "",
        f"def sum_{number}(values: list[int]) -> int:",
        f'    """Return the sum of the values above {number}, twice when it is odd."""',
        "    total = 0",
        "    for value in values:",
        f"        if value > {number}:",
        "            total += value",
        "    return total * 2 if total % 2 else total",
        "",
    ]
