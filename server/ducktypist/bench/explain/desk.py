"""Explanations as an editor gets them: files opened, places pointed at, panels filled.

One server for many questions; one that went away is started again. Nothing is graded here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ducktypist.bench.editor import Editor, EditorFailure, position_of
from ducktypist.bench.explain.shown import Shown, shown_of
from ducktypist.bench.measure import since_ms
from ducktypist.bench.stage import Stage, ready
from ducktypist.domain import Json

WHOLE_WITHIN_S = 180.0
POLL_S = 0.1
SUFFIXES = {"shellscript": ".sh", "python": ".py", "go": ".go"}
QUIET: Mapping[str, Json] = {"prefetch": False}
"""What is not asked for would be in the way of what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one place showed."""

    first_ms: float
    """From the request to the first answer."""
    first: Shown
    """What was there at once."""
    markdown: str
    """What was there when no more was coming; empty where nothing is explained."""
    whole_ms: float
    """From the first request until nothing more was coming."""

    @property
    def shown(self) -> Shown:
        """The parts of what was there in the end."""
        return shown_of(self.markdown)


@dataclass(slots=True)
class Desk:
    """A window on a folder of our own."""

    stage: Stage
    root: Path
    options: Mapping[str, Mapping[str, Json]]
    """Settings on top of the stage's, sections by name."""
    _editor: Editor | None = None
    _exit: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    _progress: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    """What came for a partial result, by its token."""
    _n_files: int = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, stage: Stage, options: Mapping[str, Mapping[str, Json]]
    ) -> AsyncIterator[Desk]:
        """Give a desk; its server is started when it is first needed."""
        root = await asyncio.to_thread(lambda: stage.folder("explain"))
        desk = cls(stage=stage, root=root, options=options)
        try:
            yield desk
        finally:
            await desk.close()

    async def close(self) -> None:
        """End the server; the next question starts another."""
        self._editor = None
        with contextlib.suppress(EditorFailure):
            await self._exit.aclose()

    async def editor(self) -> Editor:
        """Return the window, opened where there is none, with a model that answers."""
        if self._editor is not None and self._editor.process.returncode is None:
            return self._editor
        await self.close()
        self._exit = contextlib.AsyncExitStack()
        editor = await self._exit.enter_async_context(
            Editor.started(
                self.root,
                arguments=self.stage.arguments,
                options=self._settings(),
                environment=self.stage.environment,
                on_message=self._hear,
            )
        )
        await ready(editor)
        self._editor = editor
        return editor

    async def open(self, text: str, language: str, *, name: str = "") -> str:
        """Write a text into a file of its own, open it, and return its URI."""
        editor = await self.editor()
        self._n_files += 1
        relative = Path(f"f{self._n_files}") / (name or f"code{SUFFIXES[language]}")
        path = self.root / relative

        def write() -> None:
            path.parent.mkdir(parents=True)
            path.write_text(text, "utf-8", newline="")

        await asyncio.to_thread(write)
        return editor.open(relative.as_posix())

    def shut(self, uri: str) -> None:
        """Close a file that nothing more is asked of."""
        if self._editor is not None:
            self._editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def hover(self, uri: str, offset: int) -> str:
        """Return what a hover shows now; empty where it shows nothing.

        Raises:
            EditorFailure: The server did not answer.
        """
        editor = await self.editor()
        found = await editor.request("textDocument/hover", self._at(editor, uri, offset))
        return "" if found is None else str(found["contents"]["value"])

    async def read(self, uri: str, offset: int) -> Seen:
        """Hover until everything is there.

        Raises:
            EditorFailure: The server did not answer, or the prose never came.
        """
        started = time.perf_counter()
        markdown = await self.hover(uri, offset)
        first, first_ms = shown_of(markdown), since_ms(started)
        while not shown_of(markdown).is_whole:
            if since_ms(started) > WHOLE_WITHIN_S * 1000:
                raise EditorFailure(f"no prose within {WHOLE_WITHIN_S:.0f} s: {markdown[-200:]!r}")
            await asyncio.sleep(POLL_S)
            markdown = await self.hover(uri, offset)
        if markdown and not shown_of(markdown).is_of_model:
            raise EditorFailure(f"the model said nothing: {markdown[-200:]!r}")
        return Seen(first_ms=first_ms, first=first, markdown=markdown, whole_ms=since_ms(started))

    async def explained(self, uri: str) -> str:
        """Return the explanation of a whole file as one reply.

        Raises:
            EditorFailure: The server did not answer, or explains nothing.
        """
        return await explanation_of(await self.editor(), uri)

    async def streamed(self, uri: str) -> list[Mapping[str, Any]]:
        """Return the passages of the explanation of a whole file, as they were streamed.

        Raises:
            EditorFailure: The server did not answer, or said the passages again at the end.
        """
        editor = await self.editor()
        token = f"partial-{uri}-{time.monotonic_ns()}"
        params = {
            "textDocument": {"uri": uri},
            "range": _whole(editor.texts[uri]),
            "partialResultToken": token,
        }
        heard = self._progress.setdefault(token, [])
        found = await editor.request("ducktypist/explain", params)
        del self._progress[token]
        if found and found.get("markdown"):
            raise EditorFailure("what was streamed came again at the end")
        return heard

    def _settings(self) -> dict[str, Any]:
        found: dict[str, Any] = {**self.stage.options, "explain": dict(QUIET)}
        for section, values in self.options.items():
            found[section] = {**found.get(section, {}), **values}
        return found

    def _hear(self, message: Mapping[str, Any]) -> None:
        if message.get("method") == "$/progress":
            heard = self._progress.get(str(message["params"].get("token")))
            value = message["params"].get("value")
            if heard is not None and isinstance(value, Mapping):
                heard.append(value)

    @staticmethod
    def _at(editor: Editor, uri: str, offset: int) -> dict[str, Any]:
        return {"textDocument": {"uri": uri}, "position": position_of(editor.texts[uri], offset)}


async def explanation_of(editor: Editor, uri: str) -> str:
    """Return the explanation of a whole document that is open, as one reply.

    Raises:
        EditorFailure: The server did not answer, or explains nothing.
    """
    params = {"textDocument": {"uri": uri}, "range": _whole(editor.texts[uri])}
    found = await editor.request("ducktypist/explain", params)
    if not found or not found.get("markdown"):
        raise EditorFailure("nothing was explained")
    return str(found["markdown"])


def _whole(text: str) -> dict[str, Any]:
    return {"start": position_of(text, 0), "end": position_of(text, len(text))}
