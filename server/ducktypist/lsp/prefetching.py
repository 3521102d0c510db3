"""What is on the screen is explained ahead: while nobody types or asks, one thing at a time.

A client says with ``ducktypist/visible`` what is on the screen; of others it is guessed from where
one pointed, acted or typed last. It gives way to everything, and asks no remote engine, which may
cost money. What is explained is kept by ``features.explain``; nothing is shown from here.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ducktypist.domain import Document, Priority, Span
from ducktypist.errors import DucktypistError
from ducktypist.features.explain import ExplainRequest
from ducktypist.syntax.parse import grammar_of
from ducktypist.syntax.regions import RegionKind, block_at, functions
from ducktypist.watch.spare import is_spare

if TYPE_CHECKING:
    from ducktypist.features.explain import Work
    from ducktypist.lsp.explaining import ExplainDesk
    from ducktypist.lsp.session import Session
    from ducktypist.lsp.window import View

IDLE_S = 3.0
"""How long nobody must have typed or asked before anything is explained ahead."""
LOOK_S = 5.0
"""How often to look whether a busy machine has time."""
N_LINES_AROUND = 25
"""So many lines above and below the place that one looks at are taken to be on the screen."""
MAX_PER_VIEW = 8
MAX_CHARS = 1_000_000
"""A longer file is data, and not worth parsing for this."""
MAX_DONE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is on the screen of one document."""

    uri: str
    first_line: int
    """0-based, as all lines here."""
    last_line: int
    focus_line: int
    """Where one looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One function or command to explain ahead."""

    offset: int
    """Where a hover asks for it."""
    span: Span


class Prefetching:
    """What one window explains ahead."""

    def __init__(self, session: Session, desk: ExplainDesk, *, idle_s: float = IDLE_S) -> None:
        """Start with nothing on the screen.

        Args:
            session: The window's.
            desk: Who explains.
            idle_s: How long nobody must have typed or asked.
        """
        self._session, self._desk, self._idle_s = session, desk, idle_s
        self._shown: Shown | None = None
        self._is_told = False
        """Whether this client says what is on the screen."""
        self._done: OrderedDict[tuple[str, str], None] = OrderedDict()
        """By document and code, what was explained or could not be."""
        self._quiet_from_s = 0.0
        self._running: tuple[str, Target, asyncio.Task[None]] | None = None
        self._worker: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ what is told

    def visible(self, uri: str, first_line: int, last_line: int) -> None:
        """Take what the client says is on the screen."""
        self._is_told = True
        focus = (first_line + last_line) // 2
        before = self._shown
        if before is not None and before.uri == uri:
            focus = min(max(before.focus_line, first_line), last_line)
        self._see(Shown(uri=uri, first_line=first_line, last_line=last_line, focus_line=focus))

    def looked(self, view: View, offset: int) -> None:
        """Note where one points or acts; what is explained ahead elsewhere gives way."""
        uri, running = view.document.uri, self._running
        if running is not None and not (running[0] == uri and running[1].span.covers(offset)):
            self.give_way()
        self._quiet_from_s = time.monotonic()
        self._around(uri, view.mapper.line_at(offset))

    def opened(self, uri: str) -> None:
        """Take a document that was opened to be seen from its first line."""
        self._around(uri, 0)

    def edited(self, uri: str, line: int) -> None:
        """Stop at once: who types goes first. Where one types is on the screen."""
        self.give_way()
        self._around(uri, line)

    def closed(self, uri: str) -> None:
        """Forget what nobody looks at."""
        if self._shown is not None and self._shown.uri == uri:
            self._shown = None
            self.give_way()

    def give_way(self) -> None:
        """Stop at once, and begin again when it is quiet."""
        self._quiet_from_s = time.monotonic()
        if self._running is not None:
            self._running[2].cancel()

    def close(self) -> None:
        """Stop for good."""
        self._shown = None
        self.give_way()

    def _around(self, uri: str, line: int) -> None:
        shown = self._shown
        if self._is_told and shown is not None and shown.uri == uri:
            line = min(max(line, shown.first_line), shown.last_line)
            first, last = shown.first_line, shown.last_line
        elif self._is_told:
            # Another document that such a client has on the screen comes with a message of its own.
            return
        else:
            first, last = max(0, line - N_LINES_AROUND), line + N_LINES_AROUND
        self._see(Shown(uri=uri, first_line=first, last_line=last, focus_line=line))

    def _see(self, shown: Shown) -> None:
        self._shown = shown
        self.resume()

    def resume(self) -> None:
        """Go on where there is something on the screen; a model that was not there may be now."""
        if not self._desk.has_model or self._shown is None or not self._is_wanted():
            return
        if self._worker is None or self._worker.done():
            self._quiet_from_s = time.monotonic()
            self._worker = self._session.in_background(self._work())

    # ------------------------------------------------------------------ what is done

    def _is_wanted(self) -> bool:
        config = self._session.app.config
        return config.explain.enabled and config.explain.prefetch and not config.engine.url

    async def _work(self) -> None:
        """Explain what is on the screen, until all of it is or nobody wants it."""
        while (shown := self._shown) is not None and self._is_wanted() and self._desk.has_model:
            left_s = self._quiet_from_s + self._idle_s - time.monotonic()
            if left_s > 0:
                await asyncio.sleep(left_s)
            elif not await self._has_time():
                await asyncio.sleep(min(LOOK_S, self._idle_s))
            elif not await self._one(shown):
                return

    async def _has_time(self) -> bool:
        session, quiet_from_s = self._session, self._quiet_from_s
        if session.searches.is_busy or session.acceptances.is_busy or self._desk.is_busy:
            return False
        return await asyncio.to_thread(is_spare) and self._quiet_from_s == quiet_from_s

    async def _one(self, shown: Shown) -> bool:
        """Explain the next thing; tell whether there may be another."""
        document = self._session.server.protocol.workspace.open_document(shown.uri)
        if document is None or document.desynchronised or len(document.source) > MAX_CHARS:
            return False
        view, quiet_from_s = self._session.server.view(shown.uri), self._quiet_from_s
        mapper = view.mapper
        last_line = min(shown.last_line, mapper.n_lines - 1)
        lines = Span(
            start=mapper.line_span(min(shown.first_line, last_line)).start,
            end=mapper.line_span(last_line).end,
        )
        focus = mapper.line_span(min(shown.focus_line, last_line)).start
        text = view.document.text
        found = await asyncio.to_thread(targets, text, view.document.language, lines, focus)
        target = next(
            (item for item in found if (shown.uri, item.span.of(text)) not in self._done), None
        )
        if target is None:
            # What was told while this was looked at is looked at as well.
            return self._shown is not shown
        if self._quiet_from_s != quiet_from_s:
            return True
        task = asyncio.ensure_future(self._explain(view.document, target))
        self._running = (shown.uri, target, task)
        try:
            await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            return True
        except DucktypistError as error:
            # As often as one looks would be too often for an engine that fails.
            self._session.log(f"nothing was explained ahead: {error}")
            return False
        finally:
            self._running = None
        self._done[shown.uri, target.span.of(text)] = None
        while len(self._done) > MAX_DONE:
            self._done.popitem(last=False)
        return True

    async def _explain(self, document: Document, target: Target) -> None:
        desk = self._desk
        request = ExplainRequest(
            document=document, offset=target.offset, priority=Priority.BACKGROUND
        )
        if desk.known(request) is not None:
            return
        workbench = await desk.workbench(wait_s=0.0)
        work: Work = await desk.begin(await desk.placed(request), workbench)
        try:
            await work.wait(None)
            if work.error is not None:
                raise work.error
        finally:
            work.leave()


def targets(text: str, language: str, lines: Span, focus: int) -> list[Target]:
    """Return what is worth explaining ahead in a part of a text, the nearest first.

    Functions whose name is there, and in shell the commands outside of functions. Parses, so call
    it in a thread.

    Args:
        text: The document's.
        language: An LSP language id.
        lines: The part, from the start of a line to the end of one.
        focus: The offset where one looks.
    """
    found = {target.span: target for target in _targets(text, language, lines)}
    ordered = sorted(found.values(), key=lambda target: _distance(target.span, focus))
    return ordered[:MAX_PER_VIEW]


def _targets(text: str, language: str, lines: Span) -> Iterator[Target]:
    around = functions(text, language)
    for function in around:
        if lines.covers(function.name_span.start):
            yield Target(offset=function.name_span.start, span=function.span)
    if grammar_of(language) != "bash":
        return
    end = reached = 0
    for line in text[lines.start : lines.end].splitlines(keepends=True):
        start, end = end, end + len(line)
        offset = lines.start + start + len(line) - len(line.lstrip())
        in_function = any(function.span.covers(offset) for function in around)
        if not line.strip() or in_function or offset < reached:
            continue
        region = block_at(text, language, offset)
        if region.kind in {RegionKind.COMMAND, RegionKind.STATEMENT, RegionKind.HEADER}:
            reached = region.span.end
            yield Target(offset=offset, span=region.span)


def _distance(span: Span, focus: int) -> int:
    """Return how far a place is from a span, in code points; 0 inside."""
    return max(span.start - focus, focus - span.end, 0)
