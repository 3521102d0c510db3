"""Checks of the model's file: is it here, whole, and byte for byte what was fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ducktypist import config
from ducktypist.doctor.check import Check, bad, doubtful, good
from ducktypist.doctor.sizes import size
from ducktypist.doctor.subject import Subject
from ducktypist.domain import Json
from ducktypist.errors import GgufError, ModelError
from ducktypist.models.catalog import ModelReference, load_catalogue
from ducktypist.models.gguf import read_header
from ducktypist.models.store import ModelStore, StoredModel
from ducktypist.models.transfer import PullProgress, Watcher, sha256_of

FILE, HEADER, HASH = "model-file", "model-header", "model-hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """Where the model of the settings lies, or would."""

    reference: ModelReference
    path: Path
    record: StoredModel | None
    """The store's record of it; None for a file of the user's own, or one without a record."""

    @property
    def is_own(self) -> bool:
        """Whether it is a file of the user's, which the store never fetched."""
        return self.reference.path is not None

    @property
    def expected_sha256(self) -> str | None:
        """What it must hash to; None where nobody has said."""
        return self.record.sha256 if self.record is not None else self.reference.sha256


def model_file(subject: Subject) -> ModelFile:
    """Return where the model of the settings lies; opens nothing but the store's record.

    Raises:
        UnknownModelError: There is none of that name.
    """
    reference = load_catalogue().resolve(subject.settings.model.name)
    if reference.path is not None:
        return ModelFile(reference=reference, path=reference.path, record=None)
    store = ModelStore(config.data_dir() / "models")
    path = store.root / f"{reference.file_stem}.gguf"
    return ModelFile(reference=reference, path=path, record=store.find(reference))


def present(subject: Subject) -> Check:
    """Look whether the model is on this machine."""
    if reason := _why_none(subject):
        return good(FILE, reason)
    try:
        file = model_file(subject)
    except ModelError as error:
        advice = "choose one of `ducktypist model list` as model.name"
        return bad(FILE, str(error), advice)
    name = file.reference.name
    details: dict[str, Json] = {"model": name, "path": str(file.path)}
    if not file.path.is_file():
        return bad(
            FILE,
            f"the model {name} is not on this machine",
            f"fetch it with `ducktypist model pull {name}`",
            **details,
        )
    n_bytes = file.path.stat().st_size
    details["n_bytes"] = n_bytes
    if file.record is None and not file.is_own:
        wanted = file.reference.n_bytes
        what = f" ({size(n_bytes)} of {size(wanted)})" if wanted and wanted != n_bytes else ""
        return bad(FILE, f"{file.path} is not what was fetched{what}", _again(file), **details)
    if file.record is not None:
        details |= {"source": file.record.source, "quantisation": file.record.quantisation}
    return good(FILE, f"{name}, {size(n_bytes)}", **details)


def header(subject: Subject) -> Check:
    """Read what the file says of itself, and whether all of it is there."""
    file = _file_at_hand(subject, HEADER)
    if isinstance(file, Check):
        return file
    try:
        found = read_header(file.path)
    except GgufError as error:
        return bad(HEADER, str(error), _again(file))
    details: dict[str, Json] = {
        "architecture": found.architecture,
        "quantisation": found.quantisation,
        "n_parameters": found.n_parameters,
        "n_layers": found.n_layers,
        "n_ctx_train_tokens": found.n_ctx_train_tokens,
        "has_fim": found.fim is not None,
        "missing_bytes": found.missing_bytes,
    }
    if found.missing_bytes:
        summary = f"the file is cut short: {size(found.missing_bytes)} of its weights are missing"
        return bad(HEADER, summary, _again(file), **details)
    wanted = subject.settings.engine.n_ctx_tokens
    if 0 < found.n_ctx_train_tokens < wanted:
        return doubtful(
            HEADER,
            f"it was trained for {found.n_ctx_train_tokens:,} tokens, engine.n_ctx_tokens is "
            f"{wanted:,}",
            "lower engine.n_ctx_tokens: answers get worse beyond what a model was trained for",
            **details,
        )
    fim = "can fill in the middle" if found.fim else "cannot fill in the middle"
    return good(HEADER, f"{found.architecture}, {found.quantisation}, whole, {fim}", **details)


def hashed(subject: Subject) -> Check:
    """Read the file from end to end and hold it against its SHA-256."""
    file = _file_at_hand(subject, HASH)
    if isinstance(file, Check):
        return file
    if subject.quick:
        return good(
            HASH, "not read, as asked (--quick): a flipped bit would not be seen", read=False
        )

    def progress(at: PullProgress) -> None:
        share = 100 * at.done_bytes // max(1, at.total_bytes)
        subject.say(HASH, f"{share} % of {size(at.total_bytes)}")

    watcher = Watcher(progress=progress, cancelled=lambda: False)
    try:
        found = sha256_of(file.path, watcher=watcher, stage="hashing")
    except ModelError as error:
        return bad(HASH, str(error), "look at the disk and at who may read the file")
    expected = file.expected_sha256
    details: dict[str, Json] = {"read": True, "sha256": found, "expected_sha256": expected}
    if expected is not None and found != expected:
        return bad(
            HASH,
            f"the bytes are not those that were fetched (SHA-256 {found})",
            _again(file),
            **details,
        )
    if expected is not None:
        return good(HASH, f"as fetched (SHA-256 {found:.12}…)", **details)
    known = [item.name for item in load_catalogue().entries if item.sha256 == found]
    summary = (
        f"byte for byte {known[0]}" if known else "a file of your own, with nothing to compare"
    )
    return good(HASH, f"{summary} (SHA-256 {found:.12}…)", **details)


def _why_none(subject: Subject) -> str:
    """Return why no model file is needed, empty when one is."""
    if subject.is_remote:
        return "none needed here: engine.url names an engine elsewhere"
    return "none needed: a script stands in for the model" if subject.is_scripted else ""


def _file_at_hand(subject: Subject, name: str) -> ModelFile | Check:
    if reason := _why_none(subject):
        return good(name, reason)
    try:
        file = model_file(subject)
        is_here = file.path.is_file()
    except ModelError:
        is_here = False
    if not is_here:
        return doubtful(name, "nothing to read", f"see {FILE}")
    return file


def _again(file: ModelFile) -> str:
    if file.is_own:
        return f"get {file.path.name} again from where you have it"
    name = file.reference.name
    return f"run `ducktypist model remove {name}`, then `ducktypist model pull {name}`"
