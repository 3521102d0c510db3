"""Which models there are: those known by name, what else is in the store, and which one is wanted.

Of each model of the catalogue the quantisation to take if in doubt, and those that are here or
wanted: a hundred rows are no list to choose from in an editor. Nothing is fetched here, and no file
is read from end to end.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ducktypist import config
from ducktypist.config import Config
from ducktypist.domain import Json
from ducktypist.errors import ModelError
from ducktypist.models.catalog import Catalogue, ModelReference, load_catalogue, reference_of
from ducktypist.models.gguf import read_header
from ducktypist.models.store import ModelStore, StoredModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """One model, as ``ducktypist.models`` lists it."""

    name: str
    quantisation: str
    n_bytes: int | None
    """About so many where it is not here and the catalogue has no exact size; None where only the
    hub knows."""
    licence: str | None
    """None where nobody says."""
    has_fim: bool | None
    """Whether it can fill in the middle; None where that is not known."""
    is_here: bool
    is_wanted: bool


def models_table(settings: Config) -> dict[str, Json]:
    """Return the models, those of the catalogue first; blocks on the disk.

    Raises:
        ModelError: The catalogue cannot be read.
    """
    catalogue = load_catalogue()
    wanted = _wanted(catalogue, settings.model.name)
    found = _listed(catalogue, ModelStore(config.data_dir() / "models"), wanted)
    models: list[Json] = [asdict(one) for one in found]
    return {"wanted": settings.model.name if wanted is None else wanted.name, "models": models}


def _wanted(catalogue: Catalogue, name: str) -> ModelReference | None:
    try:
        return catalogue.resolve(name)
    except ModelError:
        return None


def _listed(
    catalogue: Catalogue, store: ModelStore, wanted: ModelReference | None
) -> list[ListedModel]:
    listed: list[ListedModel] = []
    known: set[Path] = set()
    name = None if wanted is None else wanted.name
    recommended = {entry.name for entry in catalogue.recommended()}
    for entry in catalogue.entries:
        here = store.find(reference_of(entry))
        if here is not None:
            known.add(here.path)
        elif entry.name not in {*recommended, name}:
            continue
        listed.append(
            ListedModel(
                name=entry.name,
                quantisation=entry.quantisation,
                n_bytes=entry.about_bytes if here is None else here.n_bytes,
                licence=entry.licence,
                has_fim=entry.has_fim,
                is_here=here is not None,
                is_wanted=entry.name == name,
            )
        )
    others = [model for model in store.list() if model.path not in known]
    listed += [_of_store(model, is_wanted=model.name == name) for model in others]
    if wanted is not None and not any(one.is_wanted for one in listed):
        listed.append(_elsewhere(wanted))
    return listed


def _of_store(model: StoredModel, *, is_wanted: bool) -> ListedModel:
    return ListedModel(
        name=model.name,
        quantisation=model.quantisation,
        n_bytes=model.n_bytes,
        licence=None,
        has_fim=model.has_fim,
        is_here=True,
        is_wanted=is_wanted,
    )


def _elsewhere(wanted: ModelReference) -> ListedModel:
    """Return the wanted model where it is a file of the person's own, or is still to be fetched."""
    header = None
    if wanted.path is not None:
        try:
            header = read_header(wanted.path)
        except ModelError:
            # What is wrong with it is said when it is used.
            header = None
    return ListedModel(
        name=wanted.name,
        quantisation=wanted.quantisation if header is None else header.quantisation,
        n_bytes=wanted.n_bytes if header is None else header.file_bytes,
        licence=None,
        has_fim=None if header is None else header.fim is not None,
        is_here=header is not None,
        is_wanted=True,
    )
