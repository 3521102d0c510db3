"""Model files whose weights mean nothing: for measuring what a tensor type costs.

Part of the real backend's measuring. A file is written as a small model of llama.cpp's plainest
architecture, so that llama.cpp itself decides where and how such weights lie (its matrix units and
repacked layouts included), and computes them with the code that computes real models. There is no
vocabulary, and nothing that comes out of it is of use.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

U32, F32, STRING = 4, 6, 8
"""``enum gguf_metadata_value_type``."""
GGML_F32: Final = 0
ALIGNMENT: Final = 32
N_VOCAB: Final = 64
TILE_BYTES: Final = 1 << 20
USUAL_FILL: Final = 0x2A
FILLS: Final = {"F32": 0x3C, "BF16": 0x3C, "MXFP4": 0x7A}
"""The byte that weights are made of. As a scale in half precision 0x2A2A is 0.05; where it would
be next to nothing, another one, so that no product becomes a subnormal number, which is slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorKind:
    """A tensor type, as this ggml has it."""

    number: int
    """``enum ggml_type``."""
    name: str
    """``Q4_K``."""
    n_block: int
    """Values in a block."""
    block_bytes: int

    def n_bytes(self, n_values: int) -> int:
        """Return how many bytes so many values take."""
        return n_values // self.n_block * self.block_bytes


PLAIN: Final = TensorKind(number=GGML_F32, name="F32", n_block=1, block_bytes=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """The form of such a model."""

    kind: TensorKind
    """Of every matrix in the layers."""
    n_layers: int
    n_embd: int
    n_ff: int
    n_head: int
    n_head_kv: int
    head_length: int
    n_ctx_tokens: int = 8192

    @property
    def layer_values(self) -> int:
        """Weights in the matrices of one layer."""
        return sum(rows * columns for _, columns, rows in self._matrices())

    @property
    def layer_bytes(self) -> int:
        """Their size."""
        return self.kind.n_bytes(self.layer_values)

    def write(self, path: Path) -> None:
        """Write the file."""
        tensors = list(self._tensors())
        with path.open("wb") as file:
            keys = list(self._keys())
            head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys)
            offset = 0
            for name, shape, kind in tensors:
                n_values = shape[0] * (shape[1] if len(shape) > 1 else 1)
                head += _string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
                head += struct.pack("<IQ", kind.number, offset)
                offset += _aligned(kind.n_bytes(n_values))
            file.write(head + b"\0" * (_aligned(len(head)) - len(head)))
            for _, shape, kind in tensors:
                n_values = shape[0] * (shape[1] if len(shape) > 1 else 1)
                _fill(file, FILLS.get(kind.name, USUAL_FILL), _aligned(kind.n_bytes(n_values)))

    def _matrices(self) -> Iterator[tuple[str, int, int]]:
        """Yield name, columns and rows of a layer's matrices."""
        asking, kept = self.n_head * self.head_length, self.n_head_kv * self.head_length
        yield from (
            ("attn_q", self.n_embd, asking),
            ("attn_k", self.n_embd, kept),
            ("attn_v", self.n_embd, kept),
            ("attn_output", asking, self.n_embd),
            ("ffn_gate", self.n_embd, self.n_ff),
            ("ffn_up", self.n_embd, self.n_ff),
            ("ffn_down", self.n_ff, self.n_embd),
        )

    def _tensors(self) -> Iterator[tuple[str, tuple[int, ...], TensorKind]]:
        yield "token_embd.weight", (self.n_embd, N_VOCAB), PLAIN
        yield "output_norm.weight", (self.n_embd,), PLAIN
        for layer in range(self.n_layers):
            for norm in ("attn_norm", "ffn_norm"):
                yield f"blk.{layer}.{norm}.weight", (self.n_embd,), PLAIN
            for name, columns, rows in self._matrices():
                yield f"blk.{layer}.{name}.weight", (columns, rows), self.kind

    def _keys(self) -> Iterator[bytes]:
        numbers = {
            "context_length": self.n_ctx_tokens,
            "block_count": self.n_layers,
            "embedding_length": self.n_embd,
            "feed_forward_length": self.n_ff,
            "attention.head_count": self.n_head,
            "attention.head_count_kv": self.n_head_kv,
            "attention.key_length": self.head_length,
            "attention.value_length": self.head_length,
            "rope.dimension_count": self.head_length,
            "vocab_size": N_VOCAB,
        }
        for key, text in (("general.architecture", "llama"), ("tokenizer.ggml.model", "no_vocab")):
            yield _string(key) + struct.pack("<I", STRING) + _string(text)
        for key, number in numbers.items():
            yield _string(f"llama.{key}") + struct.pack("<II", U32, number)
        epsilon = "llama.attention.layer_norm_rms_epsilon"
        yield _string(epsilon) + struct.pack("<If", F32, 1e-5)


def _fill(file: BinaryIO, byte: int, n_bytes: int) -> None:
    tile = bytes([byte]) * min(n_bytes, TILE_BYTES)
    file.writelines(tile[: n_bytes - start] for start in range(0, n_bytes, TILE_BYTES))


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _aligned(n_bytes: int) -> int:
    return -(-n_bytes // ALIGNMENT) * ALIGNMENT
