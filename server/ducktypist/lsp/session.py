"""What one editor window has: its app, its caches, its red tests. Built after ``initialize``.

Imports the features, so it is itself imported in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types

from ducktypist.app import App
from ducktypist.app.upkeep import expire_daily, sweep_daily
from ducktypist.domain import Document, Span
from ducktypist.errors import DucktypistError, EditorError
from ducktypist.features.context.ring import Ring
from ducktypist.features.ghost import Ghost
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.lsp.accepted import Acceptances
from ducktypist.lsp.activity import ActivityDesk
from ducktypist.lsp.completion_switch import CompletionSwitch
from ducktypist.lsp.convert import Mapper, supports_configuration, uri_to_path
from ducktypist.lsp.explaining import ExplainDesk
from ducktypist.lsp.following import Following
from ducktypist.lsp.model_desk import ModelDesk
from ducktypist.lsp.red_desk import RedDesk
from ducktypist.lsp.refusals import Refusals
from ducktypist.lsp.stale import Searches
from ducktypist.lsp.typing_rhythm import Rhythm
from ducktypist.lsp.window import Window

logger = logging.getLogger(__name__)

MAX_SUGGESTED = 100
SETTLED_S = 5.0
SECTION = "ducktypist"


class Session:
    """One window's state between messages."""

    def __init__(self, server: Window, params: types.InitializeParams) -> None:
        self.server = server
        self.client = params.capabilities
        options = params.initialization_options
        self._options: Mapping[str, Any] = options if isinstance(options, Mapping) else {}
        self._settings: Mapping[str, Any] = {}
        self.desk = RedDesk(self)
        self.red = self.desk.tests
        self.searches = Searches()
        self.acceptances = Acceptances(self)
        self.following = Following(self)
        self.refusals = Refusals(self)
        self.model = ModelDesk(self)
        self.activity = ActivityDesk(self)
        self.completion_switch = CompletionSwitch(lambda: self.app.config.complete)
        self._suggested: dict[str, Path] = {}
        """Whose red tests a shown fix may turn green, by its suggestion id."""
        self._unsaved: set[str] = set()
        self._warmed: set[Path] = set()
        """Folders whose Go packages are built ahead, or will be."""
        self._running: dict[tuple[str, str], asyncio.Task[Any]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._said: set[str] = set()
        self._rebuilding = asyncio.Lock()
        self._built_from: object = None
        """What the app was built from."""
        self.app = self._build_app()
        self.explaining = ExplainDesk(self)
        self.ring = Ring(max_chunks=self.app.config.complete.recent_chunks)
        self.ghost = Ghost(ring=self.ring)
        self.rhythm = Rhythm()

    @classmethod
    async def start(cls, server: Window, params: types.InitializeParams) -> Session:
        """Build the session off the event loop, then follow the documents."""
        session = await asyncio.to_thread(cls, server, params)
        server.protocol.workspace.follow(session)
        return session

    def _build_app(self) -> App:
        options = self.server.options
        settings, roots, trusted = self._built_from = self._wanted()
        return App(
            settings=settings,
            roots=roots,
            trusted=trusted,
            backend=options.backend,
            engine_url=options.engine_url,
        )

    def _wanted(self) -> tuple[dict[str, Any], list[Path], bool]:
        settings = {**_without_trust(self._options), **self._settings}
        return settings, self._roots(), self._options.get("trusted") is True

    def _roots(self) -> list[Path]:
        workspace = self.server.protocol.workspace
        # Not the keys: pygls decodes those, and a folder's name may hold what ends a path in a URI.
        uris = [folder.uri for folder in workspace.folders.values()]
        if not uris and workspace.root_uri:
            uris = [workspace.root_uri]
        return [path for uri in uris if (path := uri_to_path(uri)) is not None and path.is_dir()]

    # ------------------------------------------------------------------ life

    async def initialized(self) -> None:
        """Ask for settings, warm the engine and watch for red tests."""
        if supports_configuration(self.client):
            with contextlib.suppress(EditorError):
                answer = await self.server.protocol.ask(
                    types.WORKSPACE_CONFIGURATION,
                    types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)]),
                )
                if answer and isinstance(answer[0], Mapping) and answer[0]:
                    self._settings = _without_trust(answer[0])
                    await self._rebuild()
        self._say_problems()
        self.desk.watch()
        self.following.start()
        self.activity.start()
        self.in_background(self.model.warm())
        self.in_background(expire_daily(self._kept_text))
        self.in_background(sweep_daily(lambda: self.app.config.explain))

    def _kept_text(self) -> tuple[Path, int]:
        return self.app.ledger.path, self.app.config.ledger.retention_days

    async def reconfigured(self, settings: object) -> None:
        """Take new settings."""
        mine = settings.get(SECTION, settings) if isinstance(settings, Mapping) else None
        if isinstance(mine, Mapping):
            self._settings = _without_trust(mine)
            await self._rebuild()
            self._say_problems()
            self.desk.watch()

    async def trust_changed(self, params: object) -> None:
        """Take ``ducktypist/trust``: what the editor says of trust by now, or a look at the list.

        Args:
            params: ``trusted``, or nothing where the person changed the list of trusted folders.
        """
        said = params.get("trusted") if isinstance(params, Mapping) else None
        if isinstance(said, bool):
            self._options = {**self._options, "trusted": said}
        await self._rebuild(anyway=True)
        self._say_problems()
        self.desk.watch()

    async def folders_changed(self) -> None:
        """Take the new list of workspace folders."""
        await self._rebuild()
        self.red.keep(self.app.roots)
        self.following.folders_changed()
        self.desk.publish()
        self.desk.watch()

    async def settled(self) -> None:
        """Wait while new settings are taken."""
        if self._rebuilding.locked():
            async with self._rebuilding:
                pass

    async def _rebuild(self, *, anyway: bool = False) -> None:
        # One after the other: each closes the app that it replaces. And only for something new:
        # editors send their settings several times at the start, when the first hover is under way.
        async with self._rebuilding:
            if not anyway and self._wanted() == self._built_from:
                return
            old = self.app
            self.app = await asyncio.to_thread(self._build_app)
            self.ring.resize(self.app.config.complete.recent_chunks)
            self.explaining.reconfigured()
            self.activity.reconfigured()
            await old.aclose()

    async def aclose(self) -> None:
        """Stop what runs in the background and close the app."""
        self.desk.close()
        self.activity.close()
        await self.explaining.aclose()
        self.acceptances.close()
        self.following.close()
        await self.ghost.aclose()
        tasks = [*self._background, *self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.app.aclose()

    def in_background(self, work: Any) -> asyncio.Task[Any]:  # noqa: ANN401 - any coroutine
        """Run something that nobody waits for; what goes wrong is logged."""
        task = asyncio.ensure_future(_logged(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    @contextlib.asynccontextmanager
    async def newest(self, uri: str, kind: str) -> AsyncIterator[None]:
        """Cancel the running request of the same kind for the same document, and be it."""
        task = asyncio.current_task()
        before = self._running.get((uri, kind))
        if before is not None and before is not task:
            before.cancel()
        if task is not None:
            self._running[uri, kind] = task
        try:
            yield
        finally:
            if self._running.get((uri, kind)) is task:
                del self._running[uri, kind]

    # ------------------------------------------------------------------ documents

    def opened(self, uri: str, mapper: Mapper) -> None:
        """Note a document that was opened; its text may be another than the file's."""
        self.red.opened(uri, mapper)
        self.following.opened(uri, mapper)
        self.explaining.prefetching.opened(uri)
        self._unsaved.add(uri)
        document = self.server.protocol.workspace.open_document(uri)
        if document is not None:
            language = document.language_id or ""
            path = uri_to_path(uri)
            self.ring.opened(uri, path, language, mapper.text)
            root = self.app.root_of(path)
            if language == "go" and root is not None and root not in self._warmed:
                self._warmed.add(root)
                self.in_background(self._warm_tests(root))
        self.in_background(self._compare(uri, mapper.text))

    def edited(self, uri: str, before: Mapper, span: Span, after: Mapper) -> None:
        """Note an edit."""
        if before.text == after.text:
            return
        self._unsaved.add(uri)
        self.red.edited(uri, before, span, after)
        self.searches.edited(uri)
        self.acceptances.edited(uri, before, span, after)
        self.following.edited(uri, before, span, after)
        self.refusals.edited()
        self.explaining.edited(uri, after.text, line=after.line_at(span.start))
        self.rhythm.pressed(time.monotonic() * 1000)

    def saved(self, uri: str) -> None:
        """Note that a document is on disk now."""
        self._unsaved.discard(uri)
        document = self.server.protocol.workspace.open_document(uri)
        if document is not None:
            self.ring.saved(uri, document.source)
        self.following.saved(uri)

    def closed(self, uri: str) -> None:
        """Forget a document; what was not saved is gone."""
        unsaved = uri in self._unsaved
        self._unsaved.discard(uri)
        shown = self.red.closed(uri)
        self.acceptances.closed(uri)
        self.following.closed(uri)
        self.ghost.closed(uri)
        self.explaining.closed(uri)
        self.ring.closed(uri)
        if unsaved and shown is not None:
            self.in_background(self._revert(uri, shown))

    async def _compare(self, uri: str, text: str) -> None:
        on_disk = await asyncio.to_thread(_text_on_disk, uri)
        document = self.server.protocol.workspace.open_document(uri)
        if on_disk == text and document is not None and document.source == text:
            self._unsaved.discard(uri)

    async def _revert(self, uri: str, shown: Mapper) -> None:
        on_disk = await asyncio.to_thread(_text_on_disk, uri)
        if on_disk is not None:
            self.red.reverted(uri, shown, on_disk)

    async def _warm_tests(self, root: Path) -> None:
        """Build a folder's Go packages once it is clear that somebody stays."""
        await asyncio.sleep(SETTLED_S)
        await self.app.warm_tests(root)

    def is_trusted(self, document: Document) -> bool:
        """Tell whether anything of the document's workspace may be executed."""
        root = self.app.root_of(document.path)
        return root is not None and self.app.is_trusted(root)

    async def grounds(self, root: Path | None) -> Grounds | NotRunnable:
        """Return what may be run for a folder, the unsaved texts included."""
        return await self.app.grounds(root, self.buffers(root))

    def buffers(self, root: Path | None) -> dict[Path, str]:
        """Return the unsaved texts of a folder, by their path relative to it."""
        buffers: dict[Path, str] = {}
        for uri in sorted(self._unsaved):
            document = self.server.protocol.workspace.open_document(uri)
            path = uri_to_path(uri)
            if document is None or path is None or root is None:
                continue
            real = path.resolve()
            if real.is_relative_to(root):
                buffers[real.relative_to(root)] = document.source
        return buffers

    # ------------------------------------------------------------------ saying things

    def say(self, kind: types.MessageType, message: str) -> None:
        """Show a message, each text once."""
        if message not in self._said:
            self._said.add(message)
            self.tell(kind, message)

    def tell(self, kind: types.MessageType, message: str) -> None:
        """Show a message, however often it was shown before."""
        self.server.window_show_message(
            types.ShowMessageParams(type=kind, message=f"Ducktypist: {message}")
        )

    def completion_enabled(self, language: str) -> bool:
        """Tell whether anything is suggested while one types in a language."""
        return self.completion_switch.is_enabled(language)

    def record_accepted(self, suggestion_id: str, *, accepted_length: int | None = None) -> None:
        """Record that the person took a suggestion; see what else a fix turned green."""
        self.acceptances.accepted(suggestion_id, accepted_length=accepted_length)
        root = self._suggested.pop(suggestion_id, None)
        if root is not None:
            self.desk.rerun_soon(root)

    def note_suggested(self, suggestion_id: str, root: Path) -> None:
        """Remember whose red tests a fix was made for, until it is accepted."""
        self._suggested[suggestion_id] = root
        while len(self._suggested) > MAX_SUGGESTED:
            del self._suggested[next(iter(self._suggested))]

    def log(self, message: str) -> None:
        """Write to the editor's log."""
        logger.info("%s", message)

    def _say_problems(self) -> None:
        for problem in self.app.problems:
            self.say(types.MessageType.Warning, problem)


def _without_trust(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without what is none: several editors let a folder set any of them."""
    return {key: value for key, value in settings.items() if key != "trusted"}


def _text_on_disk(uri: str) -> str | None:
    path = uri_to_path(uri)
    try:
        if path is None or not path.is_file():
            return None
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, ValueError):
        return None


async def _logged(work: Any) -> None:  # noqa: ANN401 - any coroutine
    try:
        await work
    except asyncio.CancelledError:
        raise
    except DucktypistError as error:
        logger.warning("%s", error)
    except Exception:
        logger.exception("background work failed")
