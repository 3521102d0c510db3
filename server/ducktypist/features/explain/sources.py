"""Where facts come from: one question, asked of whoever knows the language, joined and remembered.

What reads the text and the manual answers soon and is waited for. What asks another program
(signatures, `go doc`, shellcheck) answers when it does: a first hover goes without, and the prose
waits for it a little.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.domain import Document, Fact, FactKind, Span
from ducktypist.facts.go_doc import GoDoc
from ducktypist.facts.go_syntax import go_facts
from ducktypist.facts.manual import Manual
from ducktypist.facts.plain import plain_facts
from ducktypist.facts.python_names import PythonNames
from ducktypist.facts.python_syntax import python_facts
from ducktypist.facts.shell import shell_facts
from ducktypist.facts.shellcheck import findings
from ducktypist.syntax.parse import grammar_of

MAX_KEPT = 256
SOON_S = 0.05
"""So long a first answer waits for other programs."""
LATE_S = 2.0
"""So long the prose waits for them."""
SHELLCHECK_S = 5.0

_ORDER = {kind: number for number, kind in enumerate(FactKind)}

_Key = tuple[str, int, int, int]


@dataclass(slots=True)
class _Asked:
    """One question's two answers, perhaps still on their way."""

    near: asyncio.Task[tuple[Fact, ...]]
    far: asyncio.Task[tuple[Fact, ...]]


@dataclass(slots=True, kw_only=True)
class FactSources:
    """Everything that knows something, built by ``app``; one per app."""

    manual: Manual
    """Looks into files only."""
    asking_manual: Manual | None = None
    """Also asks programs for their help, which takes its time; None where none may be asked."""
    python: PythonNames | None = None
    """None where other programs are not to be started."""
    go: GoDoc | None = None
    shellcheck: Path | None = None
    """The program; None where there is none."""
    _asked: OrderedDict[_Key, _Asked] = field(default_factory=OrderedDict)
    _findings: OrderedDict[int, asyncio.Task[tuple[Fact, ...]]] = field(default_factory=OrderedDict)

    async def soon(self, document: Document, span: Span, root: Path | None) -> tuple[Fact, ...]:
        """Return what can be known at once, and what others have said already."""
        return await self._within(document, span, root, SOON_S)

    async def late(self, document: Document, span: Span, root: Path | None) -> tuple[Fact, ...]:
        """Return all that can be known in a time that a model's answer is worth waiting for."""
        return await self._within(document, span, root, LATE_S)

    async def warm(self, language: str) -> None:
        """Start ahead what answers for a language."""
        if self.python is not None and grammar_of(language) == "python":
            await self.python.warm()

    async def aclose(self) -> None:
        """End what was started."""
        tasks = [task for asked in self._asked.values() for task in (asked.near, asked.far)]
        tasks += self._findings.values()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.python is not None:
            await self.python.aclose()

    async def _within(
        self, document: Document, span: Span, root: Path | None, wait_s: float
    ) -> tuple[Fact, ...]:
        asked = self._ask(document, span, root)
        # Shielded: who asked may go while the next one already waits for the same.
        near = await asyncio.shield(asked.near)
        if not asked.far.done():
            await asyncio.wait({asked.far}, timeout=wait_s)
        has_more = asked.far.done() and not asked.far.cancelled() and not asked.far.exception()
        return ordered((*near, *(asked.far.result() if has_more else ())))

    def _ask(self, document: Document, span: Span, root: Path | None) -> _Asked:
        key = (document.uri, hash(document.text), span.start, span.end)
        asked = self._asked.get(key)
        if asked is None or asked.near.cancelled() or _has_failed(asked.near):
            near = asyncio.ensure_future(asyncio.to_thread(self._near, document, span))
            far = asyncio.ensure_future(self._far(document, span, root))
            asked = self._asked[key] = _Asked(near, far)
        self._asked.move_to_end(key)
        while len(self._asked) > MAX_KEPT:
            _, old = self._asked.popitem(last=False)
            old.far.cancel()
        return asked

    def _near(self, document: Document, span: Span) -> tuple[Fact, ...]:
        text = document.text
        grammar = grammar_of(document.language)
        if grammar == "bash":
            return shell_facts(text, span, self.manual)
        if grammar == "python":
            return python_facts(text, span)
        if grammar == "go":
            return go_facts(text, span)
        return plain_facts(text, document.language, span) if grammar is not None else ()

    async def _far(self, document: Document, span: Span, root: Path | None) -> tuple[Fact, ...]:
        text, grammar = document.text, grammar_of(document.language)
        if grammar == "bash":
            asked: tuple[Fact, ...] = ()
            if self.asking_manual is not None:
                asked = await asyncio.to_thread(shell_facts, text, span, self.asking_manual)
            found = () if self.shellcheck is None else await self._checked(text, self.shellcheck)
            return (*asked, *(fact for fact in found if _is_within(fact, span)))
        if grammar == "python" and self.python is not None:
            return await self.python.calls(text, span, path=document.path, root=root)
        if grammar == "go" and self.go is not None:
            return await self.go.calls(text, span, root=root)
        return ()

    async def _checked(self, text: str, program: Path) -> tuple[Fact, ...]:
        """Run shellcheck once for a whole text, however many places are asked about."""

        def ask() -> Awaitable[tuple[Fact, ...]]:
            return findings(text, program=program, timeout_s=SHELLCHECK_S)

        return await asyncio.shield(_remembered(self._findings, hash(text), ask))


def _is_within(fact: Fact, span: Span) -> bool:
    here = fact.span
    return here is not None and here.start < span.end and span.start < here.end


def ordered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return facts without repetitions, by kind and then as they stand."""
    once: dict[tuple[FactKind, str, str, str], Fact] = {}
    for fact in facts:
        once.setdefault((fact.kind, fact.of, fact.subject, fact.text), fact)
    return tuple(sorted(once.values(), key=lambda fact: _ORDER[fact.kind]))


def _remembered(
    table: OrderedDict[int, asyncio.Task[tuple[Fact, ...]]],
    key: int,
    ask: Callable[[], Awaitable[tuple[Fact, ...]]],
) -> asyncio.Task[tuple[Fact, ...]]:
    task = table.get(key)
    if task is None or task.cancelled() or _has_failed(task):
        task = table[key] = asyncio.ensure_future(_of(ask()))
    table.move_to_end(key)
    while len(table) > MAX_KEPT:
        table.popitem(last=False)
    return task


async def _of(awaitable: Awaitable[tuple[Fact, ...]]) -> tuple[Fact, ...]:
    return await awaitable


def _has_failed(task: asyncio.Task[tuple[Fact, ...]]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
