"""The model files on this machine: fetched, listed, checked, removed.

A stored model is two files in the store's folder, ``NAME.gguf`` and ``NAME.json``. The second is
the record; it is written first, so a model without a record does not come about, and a record
without its model counts as nothing. A local file is used where it lies and never copied or
removed. The folder is given; no settings are read here.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from ducktypist.errors import (
    DownloadError,
    GgufError,
    HashMismatchError,
    ModelError,
    ModelMissingError,
)
from ducktypist.models.catalog import ModelReference
from ducktypist.models.gguf import GgufHeader, read_header
from ducktypist.models.hub import Hub, HubFile, HubUnavailableError
from ducktypist.models.mirror import fetch_wheels, mirror_source, room_bytes
from ducktypist.models.transfer import (
    PartialFile,
    PullProgress,
    Watcher,
    alone,
    require_space,
    sha256_of,
    write_atomically,
)

LOCAL_SOURCE: Final = "local file"
_NAME_FILE: Final = "name.txt"
"""In a partial folder: whose bytes these will be."""
_MAX_REMEMBERED: Final = 256
_MAX_RECORD_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model file on this machine."""

    name: str
    path: Path
    n_bytes: int
    sha256: str
    """Hexadecimal; checked when the file was fetched, or computed from the local file."""
    quantisation: str
    has_fim: bool
    architecture: str
    n_parameters: int
    n_ctx_train_tokens: int
    source: str
    """``hf:OWNER/REPO@COMMIT/FILE``, ``wheel:PACKAGE==VERSION…`` or ``local file``."""
    pulled_at_utc: str
    """ISO 8601; empty for a local file."""


class ModelStore:
    """The models in one folder."""

    def __init__(self, root: Path, *, hub: Hub | None = None) -> None:
        """Remember the folder; nothing is created until something is stored.

        Args:
            root: The folder of the model files.
            hub: Where official files come from; None means the public hub.
        """
        self.root = root
        self._hub = hub or Hub()

    def pull(
        self,
        reference: ModelReference,
        *,
        progress: Callable[[PullProgress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> StoredModel:
        """Fetch the model unless it is here already, and return it.

        The hub is asked first. When it gives nothing and the catalogue lists a mirror, that is
        taken. An attempt that was cut short, also by ``kill -9``, goes on where it stopped.

        Raises:
            DownloadError: It could not be fetched, the disk is too full, or it was cancelled.
            HashMismatchError: The wrong bytes arrived; they were deleted.
            GgufError: A local file, or what the hub calls the model, is not a usable GGUF file.
        """
        watcher = Watcher(progress=progress, cancelled=cancelled)
        if reference.path is not None:
            return self._local(reference, watcher=watcher)
        return self.find(reference) or self._pull(reference, watcher=watcher)

    def find(self, reference: ModelReference) -> StoredModel | None:
        """Return the model when it is on this machine, without fetching anything.

        Raises:
            GgufError: A local file is not a usable GGUF file.
        """
        if reference.path is not None:
            quiet = Watcher(progress=lambda _: None, cancelled=lambda: False)
            return self._local(reference, watcher=quiet) if reference.path.is_file() else None
        model = self._record(reference.file_stem)
        if model is None or reference.sha256 not in {None, model.sha256}:
            return None
        return model

    def require(self, reference: ModelReference) -> StoredModel:
        """Return the model, which must be on this machine.

        Raises:
            ModelMissingError: It is not; the message says how to get it.
            GgufError: A local file is not a usable GGUF file.
        """
        found = self.find(reference)
        if found is None:
            raise ModelMissingError(
                f"the model {reference.name} is not on this machine; fetch it with "
                f"`ducktypist model pull {reference.name}`"
            )
        return found

    def list(self) -> tuple[StoredModel, ...]:
        """Return the stored models by name; local files in use elsewhere are not among them."""
        records = (self._record(path.stem) for path in sorted(self.root.glob("*.json")))
        return tuple(model for model in records if model is not None)

    def verify(
        self,
        name: str,
        *,
        progress: Callable[[PullProgress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> StoredModel:
        """Read a stored model from end to end and hold it against its record.

        Raises:
            ModelMissingError: No stored model has that name.
            HashMismatchError: The file is no longer what was fetched; it is left as it is.
        """
        model = self._named(name)
        watcher = Watcher(progress=progress, cancelled=cancelled)
        found = sha256_of(model.path, watcher=watcher, stage=f"checking {model.name}")
        if found != model.sha256:
            raise HashMismatchError(
                f"{model.path} has the SHA-256 {found}, its record says {model.sha256}; run "
                f"`ducktypist model remove {model.name}` and pull it again"
            )
        return model

    def remove(self, name: str) -> int:
        """Delete a stored model, or what an unfinished pull of it left; return the bytes freed.

        Raises:
            ModelMissingError: Nothing is stored under that name.
            ModelError: The system refuses to delete it.
        """
        unfinished = [
            marker.parent
            for marker in (self.root / "partial").glob(f"*/{_NAME_FILE}")
            if marker.read_text(encoding="utf-8", errors="replace") == name
        ]
        stored = [model.path for model in self.list() if name in {model.name, model.path.stem}]
        if not stored and not unfinished:
            self._named(name)
        doomed = [path for folder in unfinished for path in folder.rglob("*") if path.is_file()]
        freed_bytes = 0
        try:
            for path in (*stored, *doomed):
                freed_bytes += path.stat().st_size
                path.unlink()
            for path in stored:
                self._record_path(path.stem).unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(
                f"{error.filename} cannot be deleted: {error.strerror or error}; close what uses it"
            ) from error
        for folder in unfinished:
            shutil.rmtree(folder, ignore_errors=True)
        return freed_bytes

    def _pull(self, reference: ModelReference, *, watcher: Watcher) -> StoredModel:
        located: HubFile | None = None
        refusal: HubUnavailableError | None = None
        if reference.hub is not None:
            try:
                located = self._agreed(self._hub.locate(reference, watcher=watcher), reference)
            except HubUnavailableError as error:
                if not reference.mirrors:
                    raise
                refusal = error
        if located is not None:
            n_bytes, sha256 = located.n_bytes, located.sha256
        elif reference.n_bytes is not None and reference.sha256 is not None:
            n_bytes, sha256 = reference.n_bytes, reference.sha256
        else:
            raise DownloadError(f"nothing says where {reference.name} can be had; give a path")
        partial = PartialFile(folder=self.root / "partial" / sha256, n_bytes=n_bytes, sha256=sha256)
        with alone(self.root / "locks" / f"{sha256}.lock", watcher=watcher), partial:
            found = self.find(reference)  # another pull may have ended while we waited
            if found is not None:
                return found
            write_atomically(partial.folder / _NAME_FILE, reference.name)
            self._adopt(reference, partial)
            source = self._fetch(reference, located, refusal, partial, watcher=watcher)
            partial.check()
            return self._keep(reference, partial, source)

    def _agreed(self, located: HubFile, reference: ModelReference) -> HubFile:
        if reference.sha256 not in {None, located.sha256}:
            raise HubUnavailableError(
                f"the hub has other bytes for {reference.name} (SHA-256 {located.sha256}) than "
                f"the catalogue names ({reference.sha256}); update Ducktypist"
            )
        return located

    def _fetch(
        self,
        reference: ModelReference,
        located: HubFile | None,
        refusal: HubUnavailableError | None,
        partial: PartialFile,
        *,
        watcher: Watcher,
    ) -> str:
        """Complete ``partial`` from the hub or else from the mirror; return where it came from."""
        if located is not None:
            try:
                require_space(self.root, located.n_bytes - partial.present_bytes)
                self._hub.fetch(located, partial, watcher=watcher)
            except HubUnavailableError as error:
                if not reference.mirrors:
                    raise
                refusal = error
            else:
                return located.source
        try:
            require_space(self.root, room_bytes(reference.mirrors, partial.present_bytes))
            fetch_wheels(reference.mirrors, partial, watcher=watcher)
        except DownloadError as error:
            if refusal is None:
                raise
            raise DownloadError(f"{refusal}; and the mirror failed: {error}") from error
        return mirror_source(reference.mirrors)

    def _adopt(self, reference: ModelReference, partial: PartialFile) -> None:
        """Take a file of the right size that lost its record as an attempt to be checked."""
        target = self._model_path(reference.file_stem)
        with contextlib.suppress(OSError):
            if target.stat().st_size == partial.n_bytes and not partial.present_bytes:
                target.replace(partial.path)

    def _keep(self, reference: ModelReference, partial: PartialFile, source: str) -> StoredModel:
        try:
            model = _described(
                read_header(partial.path),
                name=reference.name,
                sha256=partial.sha256,
                source=source,
                stored_at=self._model_path(reference.file_stem),
            )
        except GgufError:
            partial.discard()
            raise
        record = asdict(model) | {"path": model.path.name}
        write_atomically(
            self._record_path(reference.file_stem), json.dumps(record, indent=2) + "\n"
        )
        partial.put_in_place(model.path)
        return model

    def _local(self, reference: ModelReference, *, watcher: Watcher) -> StoredModel:
        if reference.path is None:
            raise ModelMissingError(f"{reference.name} is not a local file")
        try:
            status = reference.path.stat()
        except OSError as error:
            raise ModelMissingError(
                f"{reference.path} cannot be read: {error.strerror or error}; check the path"
            ) from error
        # The header first: it refuses what is no model before gigabytes of it are hashed.
        header = read_header(reference.path)
        key = str(reference.path.resolve())
        stamp = [status.st_size, status.st_mtime_ns]
        remembered = _read_json(self._hashes_path)
        if remembered.get(key, {}).get("stamp") == stamp:
            sha256 = str(remembered[key]["sha256"])
        else:
            sha256 = sha256_of(reference.path, watcher=watcher, stage="hashing the local file")
            remembered.pop(key, None)
            remembered[key] = {"stamp": stamp, "sha256": sha256}
            newest = dict(list(remembered.items())[-_MAX_REMEMBERED:])
            # A store that cannot be written is a slower start, not a failed one.
            with contextlib.suppress(DownloadError):
                write_atomically(self._hashes_path, json.dumps(newest, indent=2) + "\n")
        return _described(
            header,
            name=reference.path.stem,
            sha256=sha256,
            source=LOCAL_SOURCE,
            stored_at=None,
        )

    def _named(self, name: str) -> StoredModel:
        models = self.list()
        for model in models:
            if name in {model.name, model.path.stem}:
                return model
        names = ", ".join(model.name for model in models) or "none"
        raise ModelMissingError(f"no stored model is called {name!r:.120}; stored: {names}")

    def _record(self, stem: str) -> StoredModel | None:
        """Return what the record says, None when it is not there, damaged or not of this file."""
        record = _read_json(self._record_path(stem))
        path = self._model_path(stem)
        try:
            model = StoredModel(
                **{item.name: record[item.name] for item in fields(StoredModel)} | {"path": path}
            )
            return model if path.stat().st_size == model.n_bytes else None
        except (KeyError, OSError):
            return None

    def _model_path(self, stem: str) -> Path:
        return self.root / f"{stem}.gguf"

    def _record_path(self, stem: str) -> Path:
        return self.root / f"{stem}.json"

    @property
    def _hashes_path(self) -> Path:
        return self.root / "local" / "hashes.json"


def _described(
    header: GgufHeader, *, name: str, sha256: str, source: str, stored_at: Path | None
) -> StoredModel:
    if header.missing_bytes:
        raise GgufError(
            f"{header.path} is cut short: its header lists {header.expected_bytes} bytes, the "
            f"file has {header.file_bytes}; fetch it again"
        )
    now = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
    return StoredModel(
        name=name,
        path=stored_at or header.path,
        n_bytes=header.file_bytes,
        sha256=sha256,
        quantisation=header.quantisation,
        has_fim=header.fim is not None,
        architecture=header.architecture,
        n_parameters=header.n_parameters,
        n_ctx_train_tokens=header.n_ctx_train_tokens,
        source=source,
        pulled_at_utc=now if stored_at else "",
    )


def _read_json(path: Path) -> dict[str, Any]:
    """Return a small JSON object, empty when there is none to be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_RECORD_BYTES + 1)
        value = json.loads(raw) if len(raw) <= _MAX_RECORD_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
