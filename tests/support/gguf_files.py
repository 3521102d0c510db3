"""Makes small GGUF files for tests: real headers, real offsets, tensor data of zeros."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

U32, I32, F32, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
TOKENS = ("<s>", "</s>", "a", "b", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")


@dataclass(frozen=True)
class Tensor:
    """One tensor of a generated file."""

    name: str
    shape: tuple[int, ...]
    kind: int
    n_bytes: int


TENSORS = (
    Tensor("token_embd.weight", (256, 7), 12, 7 * 144),
    Tensor("output_norm.weight", (256,), 0, 1024),
)


def string(text: str) -> bytes:
    """Return a string as GGUF writes it."""
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(item: object) -> bytes:
    """Return a typed value: str, bool, int (u32), float, or a list of one of them."""
    kind, packed = _typed(item)
    return struct.pack("<I", kind) + packed


def _typed(item: object) -> tuple[int, bytes]:
    match item:
        case bool():
            return BOOL, struct.pack("<?", item)
        case int():
            return (U32, struct.pack("<I", item)) if item >= 0 else (I32, struct.pack("<i", item))
        case float():
            return F32, struct.pack("<f", item)
        case str():
            return STRING, string(item)
        case list() | tuple():
            parts = [_typed(each) for each in item]
            kind = parts[0][0] if parts else U32
            head = struct.pack("<IQ", kind, len(parts))
            return ARRAY, head + b"".join(packed for _, packed in parts)
    message = f"no GGUF type for {item!r}"
    raise TypeError(message)


def keys(**changes: object) -> dict[str, object]:
    """Return the keys of a small model; a keyword with dots as ``__`` changes or (None) drops."""
    found: dict[str, object] = {
        "general.architecture": "qwen2",
        "general.name": "tiny",
        "general.file_type": 15,
        "qwen2.context_length": 2048,
        "qwen2.block_count": 2,
        "qwen2.embedding_length": 256,
        "qwen2.attention.head_count": 8,
        "qwen2.attention.head_count_kv": 2,
        "tokenizer.ggml.tokens": list(TOKENS),
        "tokenizer.ggml.scores": [0.0] * 5000,
    }
    for key, item in changes.items():
        dotted = key.replace("__", ".")
        if item is None:
            found.pop(dotted, None)
        else:
            found[dotted] = item
    return found


def gguf(
    metadata: Mapping[str, object] | None = None,
    tensors: Sequence[Tensor] = TENSORS,
    *,
    version: int = 3,
    alignment: int = 32,
    fill: bytes = b"\0",
) -> bytes:
    """Return the bytes of a GGUF file."""
    metadata = keys() if metadata is None else metadata
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    for key, item in metadata.items():
        out += string(key) + value(item)
    offset = 0
    data = b""
    for tensor in tensors:
        out += string(tensor.name) + struct.pack("<I", len(tensor.shape))
        out += b"".join(struct.pack("<Q", size) for size in tensor.shape)
        out += struct.pack("<IQ", tensor.kind, offset)
        body = (fill * tensor.n_bytes)[: tensor.n_bytes]
        data += body + b"\0" * (-len(body) % alignment)
        offset = len(data)
    return out + b"\0" * (-len(out) % alignment) + data
