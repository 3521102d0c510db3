"""What one window explains: the prose that a pointer asked for, and the work that others wait for.

How something is explained is ``features.explain``'s business, what an editor gets to see that of
``hover`` and ``explained``. A prose goes on when the hover that asked for it was answered or
cancelled; it ends when the pointer moves on and nobody else waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ducktypist.app.explained import explanation_store
from ducktypist.domain import ClaimCount, ModelIdentity, Span
from ducktypist.errors import DucktypistError, EngineLoadingError
from ducktypist.features.explain import Explaining, ExplainRequest, Explanation, Passage, passages
from ducktypist.lsp.prefetching import Prefetching

if TYPE_CHECKING:
    from ducktypist.features.explain import Work
    from ducktypist.features.workbench import Workbench
    from ducktypist.lsp.session import Session

LOADING_WAIT_S = 1.5
"""A person waits that long for a model that is being loaded before being told so."""
SOON_MS = 800.0
"""A prose that takes no longer than that is worth one wait instead of two looks."""
PROMPT_TOKENS, PROSE_TOKENS = 600, 120
"""What an explanation reads and writes, about."""
PATIENCE_S = 120.0
"""How long a prose that nobody is kept waiting for waits for its model."""


class ExplainDesk:
    """The explanations of one window; outlives a rebuilt app."""

    def __init__(self, session: Session) -> None:
        """Start with nothing explained; the session's app is there already."""
        self.session = session
        self._shared = Explaining(store=explanation_store(session.app.config.explain))
        self.prefetching = Prefetching(session, self)
        self._model_sha256: str | None = None
        """Empty where a remote engine does not say; None while there is no engine."""
        self._wanted: Wanted | None = None

    @property
    def has_model(self) -> bool:
        """Whether the engine of these settings has ever been ready."""
        return self._model_sha256 is not None

    def reconfigured(self) -> None:
        """Take note that another model may answer from here on."""
        self._model_sha256 = None
        self._give_up()

    @property
    def is_busy(self) -> bool:
        """Whether a pointer's prose is being written."""
        return self._wanted is not None and self._wanted.is_running

    def edited(self, uri: str, text: str, *, line: int) -> None:
        """Let whoever types go first; give up the prose of code that is another one now."""
        self.prefetching.edited(uri, line)
        wanted = self._wanted
        if wanted is not None and wanted.uri == uri and wanted.code not in text:
            self._give_up()

    def closed(self, uri: str) -> None:
        """Give up what was to be explained of a document that nobody looks at."""
        self.prefetching.closed(uri)
        if self._wanted is not None and self._wanted.uri == uri:
            self._give_up()

    async def aclose(self) -> None:
        """Stop everything."""
        self.prefetching.close()
        self._give_up()
        await self._shared.aclose()

    # ------------------------------------------------------------------ what a feature needs

    async def workbench(self, *, wait_s: float) -> Workbench:
        """Return what features work with, and remember which model it is.

        Raises:
            EngineError: The engine cannot be had, or is still loading after ``wait_s``.
            ModelError: The model cannot be had.
        """
        app = self.session.app
        workbench = await app.workbench(wait_s=wait_s)
        if app is self.session.app:
            self._model_sha256 = workbench.model.sha256
            self.prefetching.resume()
        return workbench

    async def placed(self, request: ExplainRequest) -> ExplainRequest:
        """Return a request that says in which folder it is, and whether that is trusted."""
        return await asyncio.to_thread(self._placed, request)

    def _placed(self, request: ExplainRequest) -> ExplainRequest:
        # Both look at the disk: where links lead, and the list of trusted folders.
        app = self.session.app
        root = app.root_of(request.document.path)
        return replace(request, root=root, trusted=root is not None and app.is_trusted(root))

    def known(self, request: ExplainRequest) -> Explanation | None:
        """Return what this very place of this very text was explained as; reads nothing."""
        if self._model_sha256 is None:
            return None
        return self._shared.known(request, self._model_sha256, self.session.app.config.explain)

    async def facts(self, request: ExplainRequest) -> Explanation | None:
        """Return what is known without a model; None where nothing is to be explained."""
        app = self.session.app
        return await self._shared.facts(
            request, sources=await app.fact_sources(), config=app.config.explain
        )

    async def begin(self, request: ExplainRequest, workbench: Workbench) -> Work:
        """Begin to explain, or join who does so already; whoever begins must leave."""
        app = self.session.app
        return self._shared.begin(
            request,
            workbench=workbench,
            sources=await app.fact_sources(),
            config=app.config.explain,
            grounds=lambda: self.session.grounds(request.root),
        )

    async def passages(
        self, request: ExplainRequest, workbench: Workbench | None
    ) -> AsyncGenerator[Passage, None]:
        """Explain part by part; without a workbench only by facts.

        Raises:
            EngineError: While iterating: it failed.
        """
        app = self.session.app
        parts = passages(
            request,
            explaining=self._shared,
            workbench=workbench,
            sources=await app.fact_sources(),
            config=app.config.explain,
            grounds=lambda: self.session.grounds(request.root),
        )
        # It is one; whoever stops before its end closes it.
        return cast("AsyncGenerator[Passage, None]", parts)

    def claims_of(self, request: ExplainRequest, passage: Passage) -> ClaimCount:
        """Return how the claims of a block stand, with the passage that ends it; else none.

        Args:
            request: What was asked: the block, or something that holds it.
            passage: One of :meth:`passages`.
        """
        if passage.kind != "provenance" or passage.span is None:
            return ClaimCount()
        code = passage.span.of(request.document.text)
        first = passage.span.start + len(code) - len(code.lstrip())
        for asked in (request, replace(request, offset=first, selection=None)):
            known = self.known(asked)
            told = None if known is None else known.provenance
            if known is not None and told and told.suggestion_id == passage.suggestion_id:
                return known.claims
        return ClaimCount()

    async def writes_soon(self) -> bool:
        """Tell whether this engine writes a whole prose while a person barely waits."""
        if self._model_sha256 is None:
            return False
        with contextlib.suppress(DucktypistError):
            n_tokens = await self.session.app.engine().tokens_in(
                SOON_MS, answer_tokens=PROSE_TOKENS
            )
            return n_tokens is not None and n_tokens >= PROMPT_TOKENS
        return False

    def note_shown(self, explanation: Explanation) -> None:
        """Record that a person saw a prose."""
        self._shared.note_shown(explanation, self.session.app.ledger)

    # ------------------------------------------------------------------ the pointer

    def points(self, request: ExplainRequest) -> None:
        """Give up the prose of another place: the pointer is here now."""
        if self._wanted is not None and not self._wanted.may_hold(request):
            self._give_up()

    def want(self, request: ExplainRequest, span: Span) -> Wanted:
        """Return the prose for what the pointer is at, begun now or by an earlier hover.

        Args:
            request: The hover's.
            span: What it is about, as the facts' :class:`Explanation` says.
        """
        before = self._wanted
        # What ended without a prose is begun again.
        if (
            before is not None
            and before.is_for(request, span)
            and (before.is_running or before.is_whole)
        ):
            return before
        self._wanted = Wanted(self, request, span, before=before)
        return self._wanted

    def _give_up(self) -> None:
        if self._wanted is not None:
            self._wanted.leave()
            self._wanted = None


class Wanted:
    """A prose that a pointer wants: begun once the model is there, finished unless given up."""

    def __init__(
        self, desk: ExplainDesk, request: ExplainRequest, span: Span, *, before: Wanted | None
    ) -> None:
        """Begin.

        Args:
            desk: The window's.
            request: What is asked.
            span: What it is about.
            before: What was wanted until now. It is left only when this one has begun, because the
                code may be the same in a text that changed elsewhere.
        """
        self.uri = request.document.uri
        self.code = span.of(request.document.text)
        self.model: ModelIdentity | None = None
        """Who writes it, once that is known."""
        self.problem: DucktypistError | None = None
        """Why there is no prose, or not yet."""
        self._desk, self._request, self._span, self._before = desk, request, span, before
        self._work: Work | None = None
        self._told = asyncio.Event()
        self._task = desk.session.in_background(self._run())
        self._task.add_done_callback(lambda _: self._leave_before())

    @property
    def so_far(self) -> Explanation | None:
        """What is written by now; None before it was begun."""
        return None if self._work is None else self._work.so_far

    @property
    def is_running(self) -> bool:
        """Whether it is being written, or waits for the model."""
        return not self._task.done()

    @property
    def is_whole(self) -> bool:
        """Whether all of it is written."""
        return self.so_far is not None and self.so_far.is_whole

    def may_hold(self, request: ExplainRequest) -> bool:
        """Tell whether a place may lie in what is being explained."""
        if request.document.uri != self.uri:
            return False
        # In a text that changed meanwhile nobody knows before the place was looked at.
        is_same_text = request.document.text == self._request.document.text
        return not is_same_text or self._span.covers(request.offset)

    def is_for(self, request: ExplainRequest, span: Span) -> bool:
        """Tell whether this is what a place is about."""
        mine, other = self._request.document, request.document
        return mine.uri == other.uri and self._span == span and mine.text == other.text

    async def wait(self, timeout_s: float) -> None:
        """Wait until it is written or it is known why not, or until the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._told.wait()

    def leave(self) -> None:
        """Let it end here, unless others wait for it too."""
        self._task.cancel()
        self._told.set()

    async def _run(self) -> None:
        try:
            workbench = await self._workbench()
            self.model = workbench.model
            self._work = await self._desk.begin(self._request, workbench)
            # Whoever was explaining this very code has been joined by now.
            self._leave_before()
            self._desk.prefetching.give_way()
            await self._work.wait(None)
            self.problem = self._work.error
        except DucktypistError as error:
            self.problem = error
        finally:
            self._told.set()
            if self._work is not None:
                self._work.leave()

    def _leave_before(self) -> None:
        if self._before is not None:
            self._before.leave()
            self._before = None

    async def _workbench(self) -> Workbench:
        try:
            return await self._desk.workbench(wait_s=LOADING_WAIT_S)
        except EngineLoadingError as error:
            # The hover says so; the prose is begun all the same when the model is there.
            self.problem = error
            self._told.set()
        workbench = await self._desk.workbench(wait_s=PATIENCE_S)
        self.problem = None
        self._told.clear()
        return workbench
