"""Which models fit a machine and what they would be like there: the catalogue, planned.

Puts together what others know: the catalogue's figures or a file's own header, the machine, its
calibration, and what the engine measured with a model itself. The arithmetic is ``fit``'s. Nothing
is fetched or started here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ducktypist import config
from ducktypist.config import Config
from ducktypist.domain import Json
from ducktypist.errors import ModelError
from ducktypist.fit.machine import Gpu, Machine
from ducktypist.fit.memory import Wanted, n_cells_of
from ducktypist.fit.plan import Fit, Plan, plan
from ducktypist.fit.shape import ModelShape
from ducktypist.fit.speed import Calibration, PredictedRates, rule_of_thumb
from ducktypist.models.calibration import (
    calibrate,
    measured_rates,
    read_calibration,
    write_calibration,
)
from ducktypist.models.catalog import ModelReference, load_catalogue, reference_of
from ducktypist.models.catalog_shape import shape_of
from ducktypist.models.machine import find_machine
from ducktypist.models.shape import read_shape
from ducktypist.models.store import ModelStore, StoredModel

ORDER: Final = (Fit.USABLE, Fit.SLOW, Fit.TEA, Fit.DOES_NOT_FIT)
"""The better verdict first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedModel:
    """One model file and how it would lie on a machine."""

    name: str
    model: str
    """The name without the quantisation; the whole name of what is in no catalogue."""
    family: str
    quantisation: str
    licence: str
    """Empty where nobody says."""
    allows_commercial_use: bool | None
    """None where nobody says."""
    has_fim: bool | None
    hub: str
    """Where it can be fetched; empty where only a mirror or a path has it."""
    hub_is_official: bool
    file_bytes: int
    is_about: bool
    """Whether ``file_bytes`` was worked out from the catalogue's figures; the shape may be even
    where the catalogue knows the size (``shape.is_estimate``)."""
    is_here: bool
    is_wanted: bool
    """Whether the settings name it."""
    shape: ModelShape
    plan: Plan

    def to_json(self) -> dict[str, Json]:
        """Return all of it, for ``--json``."""
        needs = {
            part: None
            if need is None
            else {
                "weights_bytes": need.weights_bytes,
                "cache_bytes": need.cache_bytes,
                "buffers_bytes": need.buffers_bytes,
                "process_bytes": need.process_bytes,
                "total_bytes": need.total_bytes,
            }
            for part, need in (
                ("all", self.plan.need),
                ("gpu", self.plan.on_gpu),
                ("host", self.plan.on_host),
            )
        }
        return {
            "name": self.name,
            "model": self.model,
            "family": self.family,
            "quantisation": self.quantisation,
            "licence": self.licence or None,
            "commercial_use": self.allows_commercial_use,
            "fim": self.has_fim,
            "hub": self.hub or None,
            "hub_is_official": self.hub_is_official,
            "file_bytes": self.file_bytes,
            "is_about": self.is_about,
            "is_here": self.is_here,
            "is_wanted": self.is_wanted,
            "n_parameters": self.shape.n_parameters,
            "n_active_parameters": self.shape.n_active_parameters,
            "needs": dict(needs),
            "headroom_bytes": self.plan.headroom_bytes,
            "n_gpu_layers": self.plan.n_gpu_layers,
            "n_layers": self.plan.n_layers,
            "decode_tok_s": self.plan.rates.decode_tok_s,
            "prefill_tok_s": self.plan.rates.prefill_tok_s,
            "rates_from": str(self.plan.rates.source),
            "verdict": str(self.plan.verdict),
            "reasons": list(self.plan.reasons),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all plans of one question share."""

    settings: Config
    wanted: Wanted
    machine: Machine
    calibration: Calibration


def ground_of(
    *,
    n_ctx_tokens: int | None = None,
    kv_type: str | None = None,
    vram_bytes: int | None = None,
    ram_bytes: int | None = None,
) -> Ground:
    """Return what plans rest on: the user's settings, this machine or the one asked for.

    Raises:
        ConfigError: The user's settings are broken.
    """
    path = config.user_config_path()
    settings = config.merge(Config(), config.read_file(path), source=str(path))
    real = find_machine(n_threads=settings.engine.n_threads)
    machine = asked_machine(real, vram_bytes=vram_bytes, ram_bytes=ram_bytes)
    return Ground(
        settings=settings,
        wanted=wanted_of(settings, n_ctx_tokens=n_ctx_tokens, kv_type=kv_type),
        machine=machine,
        calibration=_calibration(real, machine),
    )


def calibrate_machine() -> None:
    """Measure this machine and keep what was found; takes about a minute of all cores.

    Raises:
        CalibrationError: It could not be measured, or the result not be kept.
        ConfigError: The user's settings are broken.
    """
    machine = ground_of().machine
    gpu = machine.gpus[0].name if machine.gpus else ""
    found = calibrate(n_threads=machine.n_threads, gpu=gpu)
    write_calibration(config.state_dir(), found)


def wanted_of(
    settings: Config, *, n_ctx_tokens: int | None = None, kv_type: str | None = None
) -> Wanted:
    """Return what the settings ask of the engine, with another context or cache type if given."""
    engine = settings.engine
    n_ctx = n_ctx_tokens or engine.n_ctx_tokens
    # A number of the settings is for the settings' own context.
    asked = engine.cache_tokens if n_ctx == engine.n_ctx_tokens else 0
    return Wanted(
        n_ctx_tokens=n_ctx,
        n_cells=n_cells_of(asked, n_ctx_tokens=n_ctx),
        kv_type=kv_type or engine.kv_type,
        flash_attention=engine.flash_attention,
    )


def asked_machine(
    real: Machine, *, vram_bytes: int | None = None, ram_bytes: int | None = None
) -> Machine:
    """Return the machine that was asked for; ``real`` itself when nothing was."""
    if vram_bytes is None and ram_bytes is None:
        return real
    machine = replace(real, is_asked_for=True)
    if ram_bytes is not None:
        machine = replace(machine, memory_bytes=ram_bytes, free_memory_bytes=ram_bytes)
    if vram_bytes is not None:
        name = f"a card with {vram_bytes / 1e9:g} GB"
        gpus = (Gpu(name=name, free_bytes=vram_bytes, total_bytes=vram_bytes),) * bool(vram_bytes)
        return replace(machine, gpus=gpus)
    return machine


def plan_all(
    ground: Ground, *, on_problem: Callable[[str], None] = lambda _: None
) -> tuple[PlannedModel, ...]:
    """Plan every file of the catalogue and of the store; blocks on the disk.

    Args:
        ground: What all plans share.
        on_problem: Called for each file that is here and cannot be read; the others are planned.

    Raises:
        ModelError: The catalogue cannot be read.
    """
    catalogue, store = load_catalogue(), _store()
    named = ground.settings.model.name
    try:
        wanted = catalogue.resolve(named)
    except ModelError:
        wanted = None
    references = {entry.name: reference_of(entry) for entry in catalogue.entries}
    for model in store.list():
        references.setdefault(model.name, _stored_reference(model))
    if wanted is not None and (wanted.path is None or wanted.path.is_file()):
        references.setdefault(wanted.name, wanted)
    found = []
    for reference in references.values():
        try:
            found.append(_planned(reference, ground, store, wanted))
        except ModelError as error:
            on_problem(f"{reference.name} is left out: {error}")
    return tuple(one for one in found if one is not None)


def plan_one(reference: ModelReference, ground: Ground) -> PlannedModel:
    """Plan one model.

    Raises:
        ModelError: Nothing is known of its shape: neither is it here nor in the catalogue.
    """
    try:
        wanted = load_catalogue().resolve(ground.settings.model.name)
    except ModelError:
        wanted = None
    found = _planned(reference, ground, _store(), wanted)
    if found is None:
        raise ModelError(
            f"nothing is known of {reference.name} before it is here; fetch it with "
            f"`ducktypist model pull {reference.name}`"
        )
    return found


def knows_shape(reference: ModelReference) -> bool:
    """Tell whether a model can be planned now: it is here, or the catalogue has its figures.

    Raises:
        GgufError: A local file is not a usable GGUF file.
    """
    described = reference.entry is not None and reference.entry.shape is not None
    return described or _store().find(reference) is not None


def what_matters(models: Sequence[PlannedModel]) -> tuple[PlannedModel, ...]:
    """Return the rows worth reading, the best first.

    Of each model the quantisation to take if in doubt, the largest that fits where that does not,
    and whatever is here or named by the settings.
    """
    kept: list[PlannedModel] = []
    for family in _by_model(models).values():
        first = family[0]
        kept += [one for one in family if one is first or one.is_here or one.is_wanted]
        if first.plan.verdict is Fit.DOES_NOT_FIT:
            fitting = [one for one in family if one.plan.verdict is not Fit.DOES_NOT_FIT]
            kept += sorted(fitting, key=lambda one: -one.file_bytes)[:1]
    return in_order(list({one.name: one for one in kept}.values()))


def in_order(models: Sequence[PlannedModel]) -> tuple[PlannedModel, ...]:
    """Return the usable ones first, and among equals the larger model and file."""
    return tuple(
        sorted(
            models,
            key=lambda one: (
                ORDER.index(one.plan.verdict),
                -one.shape.n_parameters,
                -one.file_bytes,
            ),
        )
    )


def next_best(models: Sequence[PlannedModel], refused: PlannedModel) -> PlannedModel | None:
    """Return what to take instead of a model that does not fit; None when nothing fits.

    The largest quantisation of the same model that does, else the best of its family, else the
    best of all; what is time for tea only where nothing is better.
    """
    fitting = [one for one in models if one.plan.verdict is not Fit.DOES_NOT_FIT]
    better = [one for one in fitting if one.plan.verdict is not Fit.TEA] or fitting
    same = [one for one in better if one.model == refused.model]
    if same:
        return max(same, key=lambda one: one.file_bytes)
    family = [one for one in better if one.family and one.family == refused.family]
    return next(iter(in_order(family or better)), None)


def _store() -> ModelStore:
    return ModelStore(config.data_dir() / "models")


def _stored_reference(model: StoredModel) -> ModelReference:
    return ModelReference(
        name=model.name,
        quantisation=model.quantisation,
        n_bytes=model.n_bytes,
        sha256=model.sha256,
    )


def _by_model(models: Sequence[PlannedModel]) -> Mapping[str, list[PlannedModel]]:
    found: dict[str, list[PlannedModel]] = {}
    for one in models:
        found.setdefault(one.model, []).append(one)
    return found


def _planned(
    reference: ModelReference, ground: Ground, store: ModelStore, wanted: ModelReference | None
) -> PlannedModel | None:
    entry = reference.entry
    here = store.find(reference)
    shape: ModelShape | None = None
    if here is not None:
        shape = read_shape(here.path)
    elif entry is not None and entry.shape is not None:
        shape = shape_of(entry.shape, entry.quantisation)
    if shape is None:
        return None
    known_bytes = reference.n_bytes if here is None else here.n_bytes
    about_bytes = None if entry is None else entry.about_bytes
    return PlannedModel(
        name=reference.name,
        model=reference.name if entry is None else entry.model,
        family="" if entry is None else entry.family,
        quantisation=reference.quantisation if here is None else here.quantisation,
        licence="" if entry is None else entry.licence,
        allows_commercial_use=None if entry is None else entry.allows_commercial_use,
        has_fim=here.has_fim if here is not None else None if entry is None else entry.has_fim,
        hub=reference.hub or "",
        hub_is_official=entry is not None and entry.hub_is_official,
        file_bytes=known_bytes or about_bytes or shape.n_bytes,
        is_about=shape.is_estimate and known_bytes is None,
        is_here=here is not None,
        is_wanted=wanted is not None and wanted.name == reference.name,
        shape=shape,
        plan=plan(
            shape,
            ground.wanted,
            ground.machine,
            ground.calibration,
            measured=None if here is None else _measured(here, ground),
        ),
    )


def _calibration(real: Machine, machine: Machine) -> Calibration:
    """Return what was measured here, as far as it holds for the machine; else a rule of thumb."""
    kept = read_calibration(config.state_dir())
    if kept is None:
        return rule_of_thumb(machine)
    if machine.gpus and (machine.gpus != real.gpus or kept.gpu is None):
        return rule_of_thumb(machine, cpu=kept.cpu)
    return kept


def _measured(model: StoredModel, ground: Ground) -> PredictedRates | None:
    """Return what the host measured with this very file here; None for a machine not at hand."""
    if ground.machine.is_asked_for:
        return None
    return measured_rates(config.state_dir(), model_sha256=model.sha256)
