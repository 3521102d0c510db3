"""Which models are known by name, and what a name that someone typed refers to.

The entries are data, in ``catalogue.toml`` beside this file. Nothing is fetched or opened here:
:mod:`ducktypist.models.store` does that.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from ducktypist.errors import ModelError, UnknownModelError
from ducktypist.models.catalog_reading import CatalogueEntry, MirrorPart, read_entries

__all__ = [
    "Catalogue",
    "CatalogueEntry",
    "MirrorPart",
    "ModelReference",
    "load_catalogue",
    "reference_of",
    "resolve",
]

_HUB: Final = re.compile(r"hf:([\w.-]+/[\w.-]+)(?::([\w.-]+))?")
_DOTS: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


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

        Tried in this order: a catalogue name, in any case, whole or the beginning of exactly one
        (a model's name alone, or the beginning of exactly one model's, means its first
        quantisation); ``hf:OWNER/REPO:QUANT``; the path of a file.

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

    def of_model(self, model: str) -> tuple[CatalogueEntry, ...]:
        """Return a model's entries, the quantisation to take if in doubt first."""
        return tuple(entry for entry in self.entries if entry.model == model)

    def recommended(self) -> tuple[CatalogueEntry, ...]:
        """Return one entry of each model: the quantisation to take if in doubt."""
        first = {entry.model: entry for entry in reversed(self.entries)}
        return tuple(entry for entry in self.entries if first[entry.model] is entry)

    def _by_name(self, wanted: str) -> CatalogueEntry | None:
        lowered = wanted.lower().removesuffix(".gguf")
        if not lowered:
            return None
        for entry in self.entries:
            if entry.name == lowered:
                return entry
        begun = [entry for entry in self.entries if entry.name.startswith(lowered)]
        models = dict.fromkeys(entry.model for entry in begun)
        by_model = [model for model in models if model.startswith(lowered)]
        if lowered in by_model or len(by_model) == len(models) == 1:
            # The model without a quantisation: the first is the one to take if in doubt.
            return self.of_model(lowered if lowered in by_model else by_model[0])[0]
        if len(begun) > 1:
            names = by_model if len(models) > 1 else [entry.name for entry in begun]
            raise UnknownModelError(f"{wanted!r:.80} could be any of {', '.join(names)}; say which")
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
        known = f"known are {', '.join(dict.fromkeys(entry.model for entry in self.entries))}"
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
        models = tomllib.loads(text).get("model", ())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"the model catalogue cannot be read: {error}") from error
    entries = tuple(entry for item in models for entry in read_entries(item, source))
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
