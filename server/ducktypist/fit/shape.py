"""What a model's memory and speed follow from: its tensors and its attention.

A value, and sums over it. Whoever reads a header or a catalogue makes one (``models.shape``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Role(enum.StrEnum):
    """What a tensor is for."""

    EMBEDDING = "embedding"
    """The table of token embeddings: one row of it is read for each token."""
    LAYER = "layer"
    """A repeating layer's dense part."""
    EXPERTS = "experts"
    """A repeating layer's experts, of which a token uses a few."""
    OUTPUT = "output"
    """The output head with its norm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Tensors of one role, one layer and one type, added up."""

    role: Role
    layer: int
    """From 0; -1 for embedding and output."""
    kind: str
    """ggml's name of the type: ``Q4_K``, ``F32``."""
    n_values: int
    n_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """What a model is made of. A number that nobody states is 0."""

    architecture: str
    """As llama.cpp names it: ``qwen2``, ``gemma3``."""
    n_layers: int
    """The repeating ones; llama.cpp counts the output as one more."""
    n_embd: int
    n_ff: int
    """The widest layer's."""
    n_head: int
    """Heads that ask; the largest layer's."""
    n_vocab: int
    n_ctx_train_tokens: int
    kv_heads: tuple[int, ...]
    """For each layer; 0 for one that keeps no keys and values of its own."""
    key_length: int
    """Values that one head keeps of a token's key."""
    value_length: int
    """The same of its value; 0 where the key holds it too, as in a compressed (MLA) cache."""
    windows: tuple[int, ...]
    """For each layer: how many tokens back it looks, 0 for the whole context."""
    n_experts: int
    n_experts_used: int
    """By one token; both are 0 for a dense model."""
    weights: tuple[Weights, ...]
    is_tied: bool
    """Whether the output head is the token embedding."""
    n_merges: int = 0
    """Merge rules of a byte-pair vocabulary."""
    state_bytes: int = 0
    """What the recurrent layers keep of one sequence, however long it is."""
    is_estimate: bool = False
    """Made from a catalogue's figures and not from a file's header."""

    @property
    def n_bytes(self) -> int:
        """All weights."""
        return sum(part.n_bytes for part in self.weights)

    @property
    def n_parameters(self) -> int:
        """All values of all tensors."""
        return sum(part.n_values for part in self.weights)

    @property
    def n_active_parameters(self) -> int:
        """The parameters that one token uses: all of a dense model, a few experts of another."""
        return sum(self._active(part, part.n_values) for part in self.weights)

    def read_per_token(self) -> Mapping[str, int]:
        """Return how many bytes are read to decode one token, by tensor type.

        All layers, of the experts as many as a token uses, and the output head, which is the
        embedding when they are tied; not the embedding itself, of which one row is read.
        """
        found: dict[str, int] = {}
        for part in self.weights:
            if part.role is not Role.EMBEDDING or self.is_tied:
                found[part.kind] = found.get(part.kind, 0) + self._active(part, part.n_bytes)
        return found

    def _active(self, part: Weights, amount: int) -> int:
        if part.role is Role.EXPERTS and self.n_experts:
            return amount * self.n_experts_used // self.n_experts
        return amount
