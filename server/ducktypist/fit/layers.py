"""A model as a device sees it: so many bytes a layer, so many values a token.

The least that memory on a device follows from. The host reads it with ggml's own reader, everybody
else has it from a :class:`~ducktypist.fit.shape.ModelShape`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.fit.shape import ModelShape, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What a model's memory on devices follows from."""

    layer_bytes: tuple[int, ...]
    """The weights of each repeating layer."""
    output_bytes: int
    """The weights of the output layer; a tied embedding lies there a second time."""
    kv_values: tuple[int, ...]
    """How many values each layer keeps for one token, keys and values together."""
    n_embd: int
    n_ff: int
    n_head: int
    n_vocab: int
    windows: tuple[int, ...] = ()
    """For each layer, in tokens, 0 for the whole context; empty: none has one."""
    key_length: int = 0
    """Of one head; 0: the embedding's length over the heads."""
    state_bytes: int = 0
    """What the recurrent layers keep of one sequence."""

    @property
    def n_layers(self) -> int:
        """The repeating layers; llama.cpp counts one more."""
        return len(self.layer_bytes)

    @property
    def n_attended(self) -> int:
        """How wide the queries of a layer are, all heads together."""
        return max(self.n_embd, self.n_head * self.key_length)


def layers_of(shape: ModelShape) -> Layers:
    """Add a model's weights up by layer."""
    layer_bytes = [0] * shape.n_layers
    output_bytes = 0
    for part in shape.weights:
        if part.layer in range(shape.n_layers):
            layer_bytes[part.layer] += part.n_bytes
        elif part.role is Role.OUTPUT or (part.role is Role.EMBEDDING and shape.is_tied):
            output_bytes += part.n_bytes
    per_token = shape.key_length + shape.value_length
    return Layers(
        layer_bytes=tuple(layer_bytes),
        output_bytes=output_bytes,
        kv_values=tuple(heads * per_token for heads in shape.kv_heads),
        n_embd=shape.n_embd,
        n_ff=shape.n_ff,
        n_head=shape.n_head,
        n_vocab=shape.n_vocab,
        windows=shape.windows,
        key_length=shape.key_length,
        state_bytes=shape.state_bytes,
    )
