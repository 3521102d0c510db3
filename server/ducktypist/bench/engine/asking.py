"""Questions of the bench and what was seen of each: a client that keeps the figures.

Not the program's record of suggestions; a replay must count also what was cancelled on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.resources
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ducktypist.config import FixConfig
from ducktypist.domain import (
    ChatPrompt,
    Document,
    FinishReason,
    Generation,
    GenerationRequest,
    InfillPrompt,
    Source,
    TextPrompt,
    Timings,
)
from ducktypist.engine.client import EngineClient, GenerationStream, HostSpec
from ducktypist.errors import DucktypistError
from ducktypist.features.fix.case import Failure
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.fix.questions import Round, rounds
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.store import Ledger
from ducktypist.prompting.templates import PromptLibrary
from ducktypist.syntax.edits import LineTable, statement_lines
from ducktypist.syntax.regions import FunctionRegion, function_named

LANGUAGE = "python"
LIMITS: Mapping[str, Any] = {"api_key": "", "request_timeout_s": 300.0, "load_wait_s": 120.0}
URI = "file:///depot/depot.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that reached the engine."""

    timings: Timings
    reason: FinishReason
    """``cancelled`` also where it was left early on purpose."""


class CountingClient(EngineClient):
    """The program's client, with a list of what went through it."""

    async def tokens_in(self, duration_ms: float, *, answer_tokens: int = 0) -> int | None:
        """Return what the engine that questions are made for reads in a time.

        For a yardstick that is ours: what fits decides what is asked, and both shall be asked the
        same.
        """
        made_for: EngineClient | None = self.__dict__.get("_made_for")
        if made_for is not None:
            return await made_for.tokens_in(duration_ms, answer_tokens=answer_tokens)
        return await super().tokens_in(duration_ms, answer_tokens=answer_tokens)

    def ask_as_if(self, other: EngineClient) -> None:
        """Take another engine's speed for this one's when questions are made."""
        self.__dict__["_made_for"] = other

    @property
    def asked(self) -> list[Asked]:
        """What was asked so far, in the order in which it ended."""
        made: list[Asked] = self.__dict__.setdefault("_asked", [])
        return made

    @property
    def n_begun(self) -> int:
        """How many requests for one answer were sent, or were to be."""
        return int(self.__dict__.get("_n_begun", 0))

    @contextlib.asynccontextmanager
    async def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationStream]:
        """Give the answer piece by piece, and remember what it took."""
        self.__dict__["_n_begun"] = self.n_begun + 1
        async with super().stream(request) as stream:
            try:
                yield stream
            finally:
                done = stream.generation()
                self.asked.append(Asked(timings=done.timings, reason=done.finish_reason))

    async def several(self, request: GenerationRequest) -> tuple[dict[int, Generation], Timings]:
        """Return several answers by number, and what the whole request took.

        Raises:
            EngineError: Not all of them came.
        """
        async with self.answers(request) as answers:
            found = {index: generation async for index, generation in answers}
        return found, answers.timings()


def counting_client(*, spec: HostSpec | None = None, url: str = "") -> CountingClient:
    """Return the client of a host of ours, or of an engine elsewhere."""
    return CountingClient(spec=spec, url=url, **LIMITS)


def catching_client(spec: HostSpec) -> CatchingClient:
    """Return a client that knows a host and sends it nothing to answer."""
    return CatchingClient(spec=spec, url="", **LIMITS)


class _CaughtError(Exception):
    def __init__(self, request: GenerationRequest) -> None:
        self.request = request


class CatchingClient(EngineClient):
    """A client that answers nothing: it shows what a feature would ask."""

    def stream(self, request: GenerationRequest) -> NoReturn:
        """Hand the request over instead of sending it."""
        raise _CaughtError(request)

    def answers(self, request: GenerationRequest) -> NoReturn:
        """Hand the request over instead of sending it."""
        raise _CaughtError(request)


async def asked_by(feature: Awaitable[object]) -> GenerationRequest | None:
    """Return the first request of a feature that works with a :class:`CatchingClient`.

    None when it asks nothing.
    """
    try:
        await feature
    except _CaughtError as caught:
        return caught.request
    return None


def as_others_take_it(request: GenerationRequest) -> tuple[str, dict[str, Any]]:
    """Return path and body of a request for one answer, with nothing that only our host knows.

    No log-probabilities either: the yardstick shall not pay for what was not asked.
    """
    body: dict[str, Any] = {
        "max_tokens": request.max_tokens,
        "n_predict": request.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.sampling.seed,
        "cache_prompt": not request.cold,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    match request.prompt:
        case ChatPrompt(messages=messages, assistant_prefix=prefix):
            told = [{"role": item.role, "content": item.content} for item in messages]
            if prefix:
                told.append({"role": "assistant", "content": prefix})
            body |= {"messages": told}
            return "/v1/chat/completions", body
        case InfillPrompt(prefix=prefix, suffix=suffix):
            return "/infill", body | {"input_prefix": prefix, "input_suffix": suffix}
        case TextPrompt(text=text):
            return "/v1/completions", body | {"prompt": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What somebody typed, and when."""

    document: str
    """The text before the first event."""
    events: tuple[dict[str, Any], ...]
    """Each with its ``ms``; see ``record``."""

    def text_after(self, n_events: int) -> tuple[str, int]:
        """Return the text and the cursor's offset after so many events."""
        text, cursor = self.document, 0
        for event in self.events[:n_events]:
            text, cursor = typed(text, cursor, event)
        return text, cursor


def load_trace() -> Trace:
    """Return the trace that ships with the bench."""
    found = importlib.resources.files("ducktypist") / "bench" / "typing_trace.json"
    told = json.loads(found.read_text("utf-8"))
    return Trace(document=told["document"], events=tuple(told["events"]))


def typed(text: str, cursor: int, event: dict[str, Any]) -> tuple[str, int]:
    """Return the text and the cursor after an event."""
    if event["kind"] != "key":
        return text, cursor
    at, cut, new = event["at"], event["cut"], event["text"]
    return text[:at] + new + text[at + cut :], at + len(new)


def document_of(text: str, *, uri: str = URI, version: int = 1) -> Document:
    """Return a snapshot as the editor would make it."""
    return Document(uri=uri, path=None, language=LANGUAGE, version=version, text=text)


def function_of(text: str, name: str) -> FunctionRegion:
    """Return a function of a text that has it.

    Raises:
        DucktypistError: It does not have it.
    """
    found = function_named(text, LANGUAGE, name)
    if found is None:
        raise DucktypistError(f"the bench's own text has no function {name}")
    return found


async def fix_rounds(
    text: str, function: str, test: str, message: str, *, workbench: Workbench
) -> list[Round]:
    """Return what a fix of a function asks, every line of it being suspect."""

    def suspect() -> Suspect:
        region = function_of(text, function)
        table = LineTable(text)
        spans = statement_lines(text, LANGUAGE, region)
        lines = {table.line_of(span.start) + 1: 1.0 for span in spans}
        return Suspect(
            path=Path("depot.py"), text=text, function=region, suspicion=1.0, lines=lines
        )

    place = await asyncio.to_thread(suspect)
    failure = Failure(places=(place,), test_code=test, message=message)
    sources = (Source.LINE, Source.REWRITE)
    return await rounds(failure, workbench=workbench, config=FixConfig(), sources=sources)


async def fix_of(text: str, event: Mapping[str, Any], workbench: Workbench) -> list[Round]:
    """Return what is asked for a trace's ``fix`` event."""
    return await fix_rounds(
        text, event["function"], event["test"], event["message"], workbench=workbench
    )


@contextlib.asynccontextmanager
async def workbench_of(client: EngineClient, folder: Path) -> AsyncIterator[Workbench]:
    """Give what features work with, over any engine, with a ledger of its own."""
    ledger = Ledger(folder / "ledger.sqlite3")
    try:
        await asyncio.to_thread(ledger.prepare)
        yield Workbench(
            engine=client,
            model=await client.identity(),
            prompts=await asyncio.to_thread(PromptLibrary.load),
            ledger=ledger,
            session_id="bench",
        )
    finally:
        await asyncio.to_thread(ledger.close)
