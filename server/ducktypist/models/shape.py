"""The shape of a model that is on the disk, exactly, from its file's header.

What a tensor is for follows from its name as llama.cpp gives it (``llama-arch.cpp``); what a layer
keeps of a token is :mod:`ducktypist.fit.attention`. A model of which there is only a catalogue
entry is :mod:`ducktypist.models.catalog_shape`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ducktypist.errors import GgufError
from ducktypist.fit.attention import MAX_LAYERS, attention_of
from ducktypist.fit.shape import ModelShape, Role, Weights
from ducktypist.models.gguf import ListedTensor, read_listing
from ducktypist.models.gguf_values import TOKENS_KEY, LongArray, Value

_MERGES_KEY: Final = "tokenizer.ggml.merges"
_LAYER: Final = re.compile(r"blk\.(\d+)\.(.+)")
_EXPERTS: Final = re.compile(r"ffn_(?:gate|up|down|gate_up)_(?:exps\b|ch_exps\b|\d)")
_HEAD: Final = "output.weight"


def read_shape(path: Path) -> ModelShape:
    """Return the shape of the model in the GGUF file at ``path``.

    Raises:
        GgufError: The file cannot be read, or it is not one of a language model with layers.
    """
    listing = read_listing(path)
    stated = listing.values.get("general.architecture")
    architecture = stated if isinstance(stated, str) else ""
    metadata = _Keys(values=listing.values, architecture=architecture)
    n_layers = min(metadata.number("block_count"), MAX_LAYERS)
    if not n_layers:
        raise GgufError(
            f"{path} states no layers for the architecture {architecture!r:.80}; "
            "the file of a language model is expected"
        )
    attention = attention_of(architecture, metadata, n_layers=n_layers)
    n_embd = metadata.number("embedding_length")
    n_vocab = _length(listing.values, TOKENS_KEY) or metadata.number("vocab_size")
    return ModelShape(
        architecture=architecture,
        n_layers=n_layers,
        n_embd=n_embd,
        n_ff=_widest(metadata, n_layers, n_embd),
        n_head=attention.n_head,
        n_vocab=n_vocab,
        n_ctx_train_tokens=metadata.number("context_length"),
        kv_heads=attention.kv_heads,
        key_length=attention.key_length,
        value_length=attention.value_length,
        windows=attention.windows,
        n_experts=metadata.number("expert_count"),
        n_experts_used=metadata.number("expert_used_count"),
        weights=tuple(_weights(listing.tensors, n_layers)),
        is_tied=all(tensor.name != _HEAD for tensor in listing.tensors),
        n_merges=_length(listing.values, _MERGES_KEY),
        state_bytes=attention.state_bytes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """The numbers of one architecture."""

    values: Mapping[str, Value]
    architecture: str

    def number(self, key: str, default: int = 0) -> int:
        value = self.values.get(f"{self.architecture}.{key}", default)
        if isinstance(value, tuple):
            value = max((item for item in value if _is_count(item)), default=default)
        return int(value) if isinstance(value, int) and value >= 0 else default

    def each(self, key: str, n_layers: int, default: int) -> list[int]:
        value = self.values.get(f"{self.architecture}.{key}")
        if not isinstance(value, tuple):
            return [self.number(key, default)] * n_layers
        counts = [int(item) for item in value if _is_count(item)]
        if len(counts) < n_layers:
            return [default] * n_layers
        return counts[:n_layers]


def _is_count(value: object) -> bool:
    # A list of flags is a list of numbers to llama.cpp as well.
    return isinstance(value, int) and value >= 0


def _widest(metadata: _Keys, n_layers: int, n_embd: int) -> int:
    """Return the width of the widest feed-forward part that one token goes through."""
    dense = max(metadata.each("feed_forward_length", n_layers, 0), default=0)
    experts = metadata.number("expert_feed_forward_length") * metadata.number("expert_used_count")
    return max(dense, experts) or 4 * n_embd


def _length(values: Mapping[str, Value], key: str) -> int:
    value = values.get(key)
    if isinstance(value, LongArray):
        return value.n_elements
    return len(value) if isinstance(value, tuple) else 0


def _weights(tensors: Sequence[ListedTensor], n_layers: int) -> list[Weights]:
    n_values: Counter[tuple[Role, int, str]] = Counter()
    n_bytes: Counter[tuple[Role, int, str]] = Counter()
    for tensor in tensors:
        role, layer = _place(tensor.name, n_layers)
        n_values[role, layer, tensor.kind] += tensor.n_values
        n_bytes[role, layer, tensor.kind] += tensor.n_bytes
    return [
        Weights(role=role, layer=layer, kind=kind, n_values=n, n_bytes=n_bytes[role, layer, kind])
        for (role, layer, kind), n in n_values.items()
    ]


def _place(name: str, n_layers: int) -> tuple[Role, int]:
    if found := _LAYER.match(name):
        layer, part = int(found[1]), found[2]
        if layer < n_layers:
            return (Role.EXPERTS if _EXPERTS.match(part) else Role.LAYER), layer
    # What is neither (positions, tables of rotations) is read with the embedding, if at all.
    return (Role.OUTPUT, -1) if name.startswith("output") else (Role.EMBEDDING, -1)
