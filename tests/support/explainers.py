"""A window around its explanations, with an explainer that tells when it is told to.

No engine, no facts of anybody's, no protocol: what is explained is the line at a place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lsprotocol import types

from ducktypist.config import Config
from ducktypist.domain import (
    ClaimCount,
    Document,
    Fact,
    FactKind,
    ModelIdentity,
    Outcome,
    Provenance,
    Rung,
    Span,
    Verdict,
)
from ducktypist.errors import DucktypistError
from ducktypist.features.explain import ExplainRequest, Explanation
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.window import View

URI = "file:///w/a.sh"
MODEL = ModelIdentity(
    name="tiny", quantisation="Q4_K_M", sha256="ab" * 32, n_ctx_tokens=4096, has_fim=False
)
KNOWN = Fact(kind=FactKind.OPTION, of="rm", subject="-f", text="Asks nobody.", source="rm(1)")


def view(text: str, *, uri: str = URI, language: str = "shellscript") -> View:
    """Return a document as a request sees it."""
    document = Document(uri=uri, path=Path("/w/a.sh"), language=language, version=1, text=text)
    return View(document=document, mapper=Mapper(text))


def explained(known: Explanation, prose: str) -> Explanation:
    """Return an explanation with all of its prose."""
    verdict = Verdict(
        rung=Rung.UNVERIFIED,
        outcome=Outcome.NOT_RUN,
        repeats=0,
        passed=2,
        failed=0,
        summary="2 of 3 claims checked",
    )
    return replace(
        known,
        prose=prose,
        is_whole=True,
        provenance=Provenance(
            suggestion_id="S", model=MODEL, total_ms=900.0, cached=False, verdict=verdict
        ),
        claims=ClaimCount(n_confirmed=2, n_unconfirmed=1),
    )


class FakeWork:
    """One explanation that is finished when a test says so."""

    def __init__(self, known: Explanation) -> None:
        self.so_far = known
        self.error: DucktypistError | None = None
        self.n_left = 0
        self._over = asyncio.Event()

    def finish(self, prose: str) -> None:
        """Say all of it."""
        self.so_far = explained(self.so_far, prose)
        self._over.set()

    def fail(self, error: DucktypistError) -> None:
        """End without a word."""
        self.error = error
        self._over.set()

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait for the end."""
        async with asyncio.timeout(timeout_s):
            await self._over.wait()
        return True

    def leave(self) -> None:
        """Count who goes."""
        self.n_left += 1


class FakeExplaining:
    """What a window's explainer offers; a line is a block."""

    def __init__(self, *, facts: tuple[Fact, ...] = (KNOWN,)) -> None:
        self.of_a_line = facts
        self.works: list[FakeWork] = []
        self.begun: list[ExplainRequest] = []
        self.shown: list[str] = []
        self.by_place: dict[tuple[str, int], Explanation] = {}

    def known(self, request: ExplainRequest, _: str, __: object) -> Explanation | None:
        """Return what a test put there."""
        return self.by_place.get((request.document.text, request.offset))

    def at(self, request: ExplainRequest) -> Explanation | None:
        """Return what is known of the line at an offset; None where it is blank or a comment."""
        text = request.document.text
        start = text.rfind("\n", 0, request.offset) + 1
        end = text.find("\n", start)
        span = Span(start=start, end=len(text) if end < 0 else end)
        if not span.of(text).strip() or span.of(text).startswith("#"):
            return None
        return Explanation(title="this command", span=span, facts=self.of_a_line, facts_ms=7.0)

    async def facts(self, request: ExplainRequest, **_: object) -> Explanation | None:
        """Return what is known at once."""
        return self.at(request)

    def begin(self, request: ExplainRequest, **_: object) -> FakeWork:
        """Begin, without ever joining anybody."""
        known = self.at(request)
        assert known is not None
        self.begun.append(request)
        self.works.append(FakeWork(known))
        return self.works[-1]

    def note_shown(self, explanation: Explanation, _: object) -> None:
        """Remember which prose was shown."""
        if explanation.prose:
            self.shown.append(explanation.prose)

    async def aclose(self) -> None:
        """Do nothing."""


class FakeApp:
    """An app whose model is there, or is not."""

    def __init__(self) -> None:
        self.config = Config()
        self.ledger = None
        self.problems: list[DucktypistError] = []
        """What the next questions for the model are answered with, one each."""
        self.n_prompt_tokens: int | None = None
        """How much the engine reads besides a prose in the time of a look; None: who knows."""

    def engine(self) -> Any:
        """Return an engine that says how fast it is."""

        async def tokens_in(_: float, *, answer_tokens: int) -> int | None:
            assert answer_tokens > 0
            return self.n_prompt_tokens

        return SimpleNamespace(tokens_in=tokens_in)

    async def workbench(self, *, wait_s: float) -> Any:
        """Return who answers, or raise what a test wants."""
        assert wait_s >= 0
        if self.problems:
            raise self.problems.pop(0)
        return SimpleNamespace(model=MODEL)

    async def fact_sources(self) -> None:
        """Return nobody."""

    def root_of(self, _: Path | None) -> Path:
        """Return one folder for all."""
        return Path("/w")

    def is_trusted(self, _: Path) -> bool:
        """Trust nobody."""
        return False


class FakeSession:
    """As much of a session as the explanations look at."""

    def __init__(self) -> None:
        self.app = FakeApp()
        self.client = types.ClientCapabilities(
            text_document=types.TextDocumentClientCapabilities(
                hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown])
            )
        )
        self.searches = SimpleNamespace(is_busy=False)
        self.acceptances = SimpleNamespace(is_busy=False)
        self.logged: list[str] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self.views: dict[str, View] = {}
        self.server = SimpleNamespace(
            view=self.views.__getitem__,
            protocol=SimpleNamespace(workspace=SimpleNamespace(open_document=self._open)),
        )

    def _open(self, uri: str) -> Any:
        found = self.views.get(uri)
        if found is None:
            return None
        return SimpleNamespace(desynchronised=False, source=found.document.text)

    def in_background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def log(self, message: str) -> None:
        """Remember it."""
        self.logged.append(message)

    async def grounds(self, root: Path | None) -> None:
        """Nothing may be run."""

    def newest(self, _: str, __: str) -> Any:
        """Cancel nobody."""
        return _Nothing()

    async def aclose(self) -> None:
        """End what goes on."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class _Nothing:
    async def __aenter__(self) -> None:
        return

    async def __aexit__(self, *_: object) -> None:
        return
