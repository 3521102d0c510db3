"""Where completions are measured, and on what: folders, a host, the bench's own test runner.

Nothing is measured here.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.bench.engine.asking import workbench_of
from ducktypist.bench.fix.attempt import Window
from ducktypist.bench.fix.batch import grounds_at
from ducktypist.bench.fix.watch import Premises
from ducktypist.bench.measure import Load, load, machine
from ducktypist.bench.stage import Stage, set_stage
from ducktypist.bench.tasks import digest
from ducktypist.domain import Json
from ducktypist.engine.client import EngineClient
from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import Grounds
from ducktypist.features.workbench import Workbench

REQUEST_TIMEOUT_S = 300.0
LOAD_WAIT_S = 180.0
LEDGER = "ledger-complete.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What figures depend on besides what was measured."""

    machine: Mapping[str, Json]
    model: Mapping[str, Json] | None
    before: Load
    after: Load | None = None
    seed: int
    tasks_sha256: str
    """Of the task file, or of whatever took its place."""
    tasks_digest: str
    """Of the ids that were run, in their order."""

    def as_json(self) -> dict[str, Json]:
        """Return all of it."""
        return {
            "machine": dict(self.machine),
            "model": None if self.model is None else dict(self.model),
            "load_before": list(self.before.averages),
            "load_after": None if self.after is None else list(self.after.averages),
            "seed": self.seed,
            "tasks_sha256": self.tasks_sha256,
            "tasks_digest": self.tasks_digest,
        }


async def circumstances(
    stage: Stage, *, seed: int, tasks_sha256: str, ids: Sequence[str]
) -> Circumstances:
    """Look at the machine; takes a second."""
    return Circumstances(
        machine=await asyncio.to_thread(machine),
        model=stage.model(),
        before=await asyncio.to_thread(load),
        seed=seed,
        tasks_sha256=tasks_sha256,
        tasks_digest=digest(ids),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run takes place."""

    stage: Stage
    premises: Premises
    referee: Grounds
    """What the bench itself runs tests with."""

    def window(self, complete: Mapping[str, Json]) -> Window:
        """Return how a server is started, with settings of its section ``complete``."""
        ledger = {"path": str(self.ledger)}
        options = {"ledger": ledger, "complete": dict(complete)}
        return Window(stage=self.stage, premises=self.premises, options=options)

    @property
    def ledger(self) -> Path:
        """The servers' ledger."""
        return self.stage.top / LEDGER

    @asynccontextmanager
    async def workbench(self) -> AsyncIterator[Workbench]:
        """Give what the bare model is asked with: the servers' own host, and another ledger.

        Raises:
            DucktypistError: There is no model that can be started.
        """
        if self.stage.spec is None:
            raise DucktypistError(f"there is no model to ask: {self.stage.no_spec}")
        client = EngineClient.embedded(
            self.stage.spec, request_timeout_s=REQUEST_TIMEOUT_S, load_wait_s=LOAD_WAIT_S
        )
        try:
            await client.ensure_started()
            await client.wait_ready(LOAD_WAIT_S)
            async with workbench_of(client, self.stage.folder("raw")) as workbench:
                yield workbench
        finally:
            await client.aclose()


@asynccontextmanager
async def place_for(
    backend: str | None, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[Place]:
    """Give the servers' folders, and one for our own runs that is not below them.

    Args:
        backend: As for ``ducktypist serve``.
        settings: Those that decide which host it is, besides the user's; sections by name.
    """
    with tempfile.TemporaryDirectory(prefix="dtb-referee-") as folder:
        top = await asyncio.to_thread(lambda: Path(folder).resolve() / "w")
        await asyncio.to_thread(top.mkdir)
        referee = await grounds_at(top)
        async with set_stage(backend, settings) as stage:
            premises = Premises(
                top=stage.top,
                scratch=stage.top / "cache" / "scratch",
                temporary=stage.top / "tmp",
            )
            await asyncio.to_thread(premises.temporary.mkdir)
            yield Place(stage=stage, premises=premises, referee=referee)
