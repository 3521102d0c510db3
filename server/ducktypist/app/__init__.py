"""The only place that builds concrete objects: settings in; engine, ledger and sandbox out.

One :class:`App` lives as long as one language server (or one command). It decides what a workspace
may do; it knows no editor protocol.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ducktypist import __version__, config, keys, trust
from ducktypist.app.foretelling import Foretelling
from ducktypist.app.grounds import Running
from ducktypist.app.knowing import fact_sources
from ducktypist.app.watching import EngineWatch
from ducktypist.config import Config
from ducktypist.domain import Json
from ducktypist.engine.client import EngineClient, EngineState, HostSpec
from ducktypist.errors import ConfigError, DucktypistError
from ducktypist.features.explain import FactSources
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.features.workbench import Workbench
from ducktypist.keys import ApiKey
from ducktypist.ledger.report_rows import stats_table
from ducktypist.ledger.store import Ledger
from ducktypist.models.catalog import ModelReference, load_catalogue
from ducktypist.models.store import ModelStore, StoredModel
from ducktypist.models.transfer import PullProgress
from ducktypist.prompting.templates import PromptLibrary
from ducktypist.telemetry import Target, TelemetryLedger, target_of
from ducktypist.verify.sandbox import SandboxStatus

SCRIPTED = "scripted:"


class App:
    """Settings and the objects that follow from them."""

    def __init__(
        self,
        *,
        settings: Mapping[str, Any] | None = None,
        roots: Sequence[Path] = (),
        trusted: bool = False,
        backend: str | None = None,
        engine_url: str | None = None,
    ) -> None:
        """Read the settings; nothing is started.

        Args:
            settings: The editor's, sections by name.
            roots: The workspace folders.
            trusted: What the editor says of the whole workspace.
            backend: ``llama_cpp`` or ``scripted:FILE``; wins over the settings.
            engine_url: A remote engine; wins over the settings.
        """
        self.roots = tuple(root.resolve() for root in roots)
        self._names = dict(zip((*roots, *self.roots), self.roots * 2, strict=True))
        self.problems: list[str] = []
        """What is wrong with the settings, one sentence each, for the person to see."""
        self._editor_trusts = trusted
        self._url_is_the_users = True
        self.config = self._read(settings or {}, backend, engine_url)
        self.session_id = secrets.token_hex(8)
        self.ledger = self._build_ledger()
        self.watch = EngineWatch()
        self._engine: EngineClient | None = None
        self._key: ApiKey | None = None
        self._prompts: PromptLibrary | None = None
        self._sources: asyncio.Future[FactSources] | None = None
        self._running = Running(self.config)
        self._foretelling = Foretelling(ledger=self.ledger.path)

    # ------------------------------------------------------------------ settings and trust

    def _read(
        self, settings: Mapping[str, Any], backend: str | None, engine_url: str | None
    ) -> Config:
        found = Config()
        layers: list[tuple[str, Callable[[], Mapping[str, Any]]]] = [
            (str(config.user_config_path()), lambda: config.read_file(config.user_config_path())),
        ]
        layers += [
            (str(root / config.WORKSPACE_FILE), lambda root=root: self._workspace_settings(root))  # type: ignore[misc] # the default binds the loop's variable
            for root in self.roots
        ]
        layers.append(("the editor's settings", lambda: settings))
        for source, read in layers:
            before = found.engine.url
            try:
                found = config.merge(found, read(), source=source)
            except ConfigError as error:
                self.problems.append(str(error))
            if found.engine.url != before:
                self._url_is_the_users = not source.endswith(config.WORKSPACE_FILE)
        engine = found.engine
        if engine_url is not None:
            engine = replace(engine, url=engine_url)
            self._url_is_the_users = True
        if backend is not None:
            engine = replace(engine, backend=backend, url="")
        return replace(found, engine=engine)

    def _workspace_settings(self, root: Path) -> Mapping[str, Any]:
        settings = config.read_file(root / config.WORKSPACE_FILE)
        trusted = self.is_trusted(root)
        refused = config.restricted_keys(settings, trusted=trusted)
        if not refused:
            return settings
        why = (
            "since no workspace may set that; set it in your own settings"
            if trusted
            else f"because the folder is not trusted; trust it with `ducktypist trust {root}`"
        )
        self.problems.append(f"{root / config.WORKSPACE_FILE}: {', '.join(refused)} ignored, {why}")
        kept: dict[str, Any] = {}
        for section, value in settings.items():
            if section in refused:
                continue
            if isinstance(value, Mapping):
                kept[section] = {
                    key: item for key, item in value.items() if f"{section}.{key}" not in refused
                }
            else:
                kept[section] = value
        return kept

    def is_trusted(self, root: Path) -> bool:
        """Tell whether code of this folder may be executed."""
        return self._editor_trusts or trust.is_trusted(root)

    def root_of(self, path: Path | None) -> Path | None:
        """Return the innermost workspace folder that holds ``path``, or its own folder.

        A file outside every workspace folder has no root unless there are no folders at all.
        """
        if path is None:
            return None
        real = path.resolve()
        holding = [root for root in self.roots if real.is_relative_to(root)]
        if holding:
            return max(holding, key=lambda root: len(root.parts))
        return None if self.roots else real.parent

    # ------------------------------------------------------------------ the engine

    def engine(self) -> EngineClient:
        """Return the engine of the settings; it is started when it is first asked.

        Raises:
            ModelMissingError: Its model is not on this machine.
            ModelError: The model's name is unknown or its file is broken.
        """
        engine = self._engine
        if engine is None:
            engine = self._engine = self.watch.built(self._build_engine())
        return engine

    async def workbench(self, *, wait_s: float) -> Workbench:
        """Return what features work with, once the model answers.

        Raises:
            EngineLoadingError: It is still loading after ``wait_s``.
            EngineError: The engine cannot be had.
            ModelError: The model cannot be had.
        """
        engine = await self._started_engine()
        if engine.state is not EngineState.READY:
            await engine.wait_ready(wait_s)
        if self._prompts is None:
            self._prompts = await asyncio.to_thread(PromptLibrary.load)
            await asyncio.to_thread(self.ledger.prepare)
        teller = await self._foretelling.begin()
        return Workbench(
            engine=engine,
            model=await engine.identity(),
            prompts=self._prompts,
            ledger=self.ledger,
            session_id=self.session_id,
            roots=self._names,
            teller=teller,
            says_p_right=self.config.ledger.show_p_right,
        )

    async def _started_engine(self) -> EngineClient:
        """Return the engine, built off the event loop: it looks for its model on the disk."""
        engine = self._engine
        if engine is None:
            with self.watch.building():
                built = await asyncio.to_thread(self._build_engine)
            # Another task may have been faster.
            engine = self._engine = self.watch.built(self._engine or built)
        return engine

    def _build_engine(self) -> EngineClient:
        wanted = self.config.engine
        if wanted.url:
            return EngineClient.remote(
                wanted.url, self._api_key().value, request_timeout_s=wanted.request_timeout_s
            )
        return EngineClient.embedded(self.host_spec(), request_timeout_s=wanted.request_timeout_s)

    def _api_key(self) -> ApiKey:
        """Return the remote engine's key; asked for once, in a thread."""
        if self._key is None:
            wanted = self.config.engine
            # A variable is meant for the address that the user chose. The keyring's keys belong to
            # an address each, so that a workspace's address gets what the user stored for it.
            name = wanted.api_key_env if self._url_is_the_users else ""
            self._key = keys.find_key(wanted.url, environment_name=name)
            if self._key.problem:
                self.problems.append(self._key.problem)
        return self._key

    def host_spec(self) -> HostSpec:
        """Return which host the settings name, wherever the engine's url may point.

        Raises:
            ConfigError: There is no backend of that name.
            EngineUnavailableError: The script of a scripted backend cannot be read.
            ModelError: The model is unknown or not on this machine.
        """
        wanted = self.config.engine
        socket_dir, log_dir = config.runtime_dir(), config.state_dir()
        if wanted.backend.startswith(SCRIPTED):
            return HostSpec.scripted(
                Path(wanted.backend.removeprefix(SCRIPTED)).expanduser(),
                socket_dir=socket_dir,
                log_dir=log_dir,
                idle_unload_s=wanted.idle_unload_s,
                step_timeout_s=wanted.step_timeout_s,
            )
        if wanted.backend != "llama_cpp":
            raise ConfigError(
                f"engine.backend must be llama_cpp or scripted:FILE, got {wanted.backend!r:.60}"
            )
        model = self._store().require(self.model_reference())
        return HostSpec(
            socket_dir=socket_dir,
            log_dir=log_dir,
            backend="llama_cpp",
            model_path=model.path,
            model_name=model.name,
            model_sha256=model.sha256,
            quantisation=model.quantisation,
            n_ctx_tokens=wanted.n_ctx_tokens,
            n_threads=wanted.n_threads,
            n_gpu_layers=wanted.n_gpu_layers,
            n_cells=wanted.cache_tokens,
            kv_type=wanted.kv_type,
            flash_attention=wanted.flash_attention,
            idle_unload_s=wanted.idle_unload_s,
            step_timeout_s=wanted.step_timeout_s,
        )

    def model_reference(self) -> ModelReference:
        """Return the model of the settings.

        Raises:
            UnknownModelError: There is none of that name.
        """
        return load_catalogue().resolve(self.config.model.name)

    async def pull_model(
        self, progress: Callable[[PullProgress], None], cancelled: Callable[[], bool]
    ) -> StoredModel:
        """Fetch the model of the settings.

        Raises:
            ModelError: It could not be had.
        """
        reference = await asyncio.to_thread(self.model_reference)
        return await asyncio.to_thread(
            self._store().pull, reference, progress=progress, cancelled=cancelled
        )

    def _store(self) -> ModelStore:
        return ModelStore(config.data_dir() / "models")

    # ------------------------------------------------------------------ the ledger

    def _build_ledger(self) -> Ledger:
        path, keep_text = config.ledger_path(self.config.ledger), self.config.ledger.keep_text
        target: Target | None = None
        try:
            target = target_of(self.config.telemetry)
        except ConfigError as error:
            self.problems.append(str(error))
        if target is None:
            return Ledger(path, keep_text=keep_text)
        return TelemetryLedger(path, target=target, keep_text=keep_text, session_id=self.session_id)

    # ------------------------------------------------------------------ running things

    async def grounds(
        self, root: Path | None, buffers: Mapping[Path, str]
    ) -> Grounds | NotRunnable:
        """Return what may be run for a workspace folder, or why nothing may.

        Args:
            root: The folder; None for a document outside of every one.
            buffers: Unsaved texts by path relative to the folder.
        """
        if root is None:
            return NotRunnable(reason="the file is in no workspace folder, so nothing was run")
        if not await asyncio.to_thread(self.is_trusted, root):
            return NotRunnable(
                reason=f"the folder is not trusted, so nothing was run "
                f"(trust it with `ducktypist trust {root}`)"
            )
        return await self._running.grounds(root, buffers)

    async def fact_sources(self) -> FactSources:
        """Return who knows facts of code without a model."""
        if self._sources is None:
            status, roots = self._running.known_status, self.roots
            self._sources = asyncio.ensure_future(
                asyncio.to_thread(fact_sources, self.config, roots=roots, sandbox_status=status)
            )
        return await asyncio.shield(self._sources)

    async def warm_tests(self, root: Path) -> None:
        """Build ahead what runs in a folder will need; nothing where nothing may be run.

        Raises:
            RunnerError: A build cache cannot be made.
            SandboxError: The build could not be isolated.
        """
        if await asyncio.to_thread(self.is_trusted, root):
            await self._running.warm(root)

    async def sandbox_status(self) -> SandboxStatus:
        """Return the sandbox level that holds here; found out once, by trying to break out."""
        return await self._running.sandbox_status()

    # ------------------------------------------------------------------ saying how things stand

    async def status(self) -> dict[str, Json]:
        """Return how things stand, as ``ducktypist.status`` answers; starts nothing."""
        engine: Mapping[str, Json]
        try:
            client = await self._started_engine()
            engine = await client.status()
            if self._key is not None:
                engine = {**engine, "api_key_from": self._key.source}
        except DucktypistError as error:
            engine = {"state": "failed", "last_error": str(error)}
        sandbox: Json = None
        if (found := self._running.known_status()) is not None:
            sandbox = {"level": found.level, "tool": found.tool, "version": found.version}
        return {
            "version": __version__,
            "python": sys.version.split()[0],
            "engine": dict(engine),
            "model_wanted": self.config.model.name,
            "sandbox": sandbox,
            "workspaces": await asyncio.to_thread(self._workspaces),
            "ledger": {
                "path": str(self.ledger.path),
                "unlogged": self.ledger.n_unlogged,
                "last_error": self.ledger.last_error,
            },
            "problems": list(self.problems),
        }

    def _workspaces(self) -> list[Json]:
        return [{"path": str(root), "trusted": self.is_trusted(root)} for root in self.roots]

    async def stats(self) -> dict[str, Json]:
        """Return the ledger's table, as ``ducktypist.stats`` answers."""
        await asyncio.to_thread(self.ledger.flush, 2.0)
        return await asyncio.to_thread(
            lambda: stats_table(
                self.ledger.path,
                n_unnoted=self.ledger.n_unnoted,
                last_error=self.ledger.last_error,
            )
        )

    async def aclose(self) -> None:
        """Close the connections and write what is still to be written; the host stays."""
        if self._engine is not None:
            await self._engine.aclose()
        if self._sources is not None:
            await (await self._sources).aclose()
        await self._running.aclose()
        await self._foretelling.aclose()
        await asyncio.to_thread(self.ledger.close)
