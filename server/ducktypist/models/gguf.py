"""Reads the header of a GGUF file (versions 2 and 3, little-endian), and nothing behind it.

Everything a file says about its own lengths is bounded before memory is taken for it, because a
model file comes from strangers. Tensor data is never read; what a good header cannot show, a
flipped bit in the weights for instance, is the business of the SHA-256 in
:mod:`ducktypist.models.store`.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, checks as in ``gguf.cpp``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ducktypist.errors import GgufError
from ducktypist.models.ggml import FILE_TYPES, FIM_KEYS, TENSOR_TYPES, TensorType
from ducktypist.models.gguf_values import (
    MAX_KEY_BYTES,
    TOKENS_KEY,
    LongArray,
    Reader,
    Value,
    open_regular,
    read_value,
)

MAX_KEYS: Final = 65_536
MAX_TENSORS: Final = 1 << 16
MAX_TENSOR_NAME_BYTES: Final = 63
MAX_DIMENSIONS: Final = 4

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_DEFAULT_ALIGNMENT: Final = 32
_INT64_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FimTokens:
    """The ids of the fill-in-the-middle tokens, as the vocabulary numbers them."""

    prefix: int
    suffix: int
    middle: int
    pad: int | None = None
    rep: int | None = None
    """Begins a repository; together with ``sep`` it makes repository-level infill possible."""
    sep: int | None = None
    """Separates the files of a repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """What a GGUF file says of itself. A number that the file does not state is 0."""

    path: Path
    version: int
    architecture: str
    """Such as ``qwen2``; the prefix of the keys below."""
    name: str
    n_parameters: int
    """Exact: the sum of the elements of all tensors."""
    quantisation: str
    """Such as ``Q4_K_M``; the commonest tensor type when the file states none."""
    n_ctx_train_tokens: int
    n_layers: int
    n_embd: int
    n_head: int
    """Attention heads; the largest layer's when they differ."""
    n_head_kv: int
    """Heads that keep keys and values; the largest layer's when they differ."""
    key_length: int
    """Elements of one key of one head."""
    value_length: int
    n_vocab: int
    n_tensors: int
    fim: FimTokens | None
    """None when the vocabulary has no fill-in-the-middle tokens."""
    tensor_data_offset: int
    """Where the tensor data begins, in bytes from the start of the file."""
    expected_bytes: int
    """The smallest size that holds every tensor the header lists."""
    file_bytes: int

    @property
    def missing_bytes(self) -> int:
        """How much of the tensor data the file lacks; 0 for a complete file."""
        return max(0, self.expected_bytes - self.file_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTensor:
    """One tensor, as the header lists it."""

    name: str
    kind: str
    """ggml's name of its type."""
    n_values: int
    n_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufListing:
    """A header taken apart: every key with its value, every tensor."""

    values: Mapping[str, Value]
    tensors: tuple[ListedTensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tensors:
    """The list of tensors and what it adds up to."""

    listed: tuple[ListedTensor, ...]
    n_parameters: int
    n_data_bytes: int
    majority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    """All that was read."""

    version: int
    values: Mapping[str, Value]
    named: Mapping[str, int]
    tensors: _Tensors
    offset: int


def read_header(path: Path) -> GgufHeader:
    """Read what the GGUF file at ``path`` says of itself.

    A file whose tensor data is cut short is read all the same; ``missing_bytes`` tells.

    Raises:
        GgufError: There is no regular, readable file there, it is not GGUF, or its header is
            malformed or out of bounds.
    """
    reader, contents = _open(path)
    return _header(reader, contents)


def read_listing(path: Path) -> GgufListing:
    """Read the keys and the list of tensors of the GGUF file at ``path``.

    Raises:
        GgufError: As for :func:`read_header`.
    """
    _, contents = _open(path)
    return GgufListing(values=contents.values, tensors=contents.tensors.listed)


def _open(path: Path) -> tuple[Reader, _Contents]:
    try:
        with open_regular(path) as file:
            reader = Reader(file=file, path=path)
            return reader, _read(reader)
    except FileNotFoundError as error:
        raise GgufError(f"{path} does not exist; give the path of a GGUF file") from error
    except OSError as error:
        raise GgufError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path
        raise GgufError(f"{str(path)!r:.200} is not a path: {error}") from error


def _read(reader: Reader) -> _Contents:
    version = _read_version(reader)
    n_tensors = reader.count("the number of tensors", limit=MAX_TENSORS)
    n_keys = reader.count("the number of keys", limit=MAX_KEYS)
    values: dict[str, Value] = {}
    named: dict[str, int] = {}
    for _ in range(n_keys):
        key = reader.string("a key", limit=MAX_KEY_BYTES)
        if not key or key in values:
            raise reader.fail(f"the key {key!r:.80} is empty or stands there twice")
        values[key] = read_value(reader, key, named)
    alignment = values.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise reader.fail(f"general.alignment is {alignment!r:.40}, not a power of two")
    tensors = _read_tensors(reader, n_tensors, alignment=alignment)
    offset = _aligned(reader.position, alignment)
    return _Contents(version=version, values=values, named=named, tensors=tensors, offset=offset)


def _read_version(reader: Reader) -> int:
    magic = reader.take(4, "the magic number") if reader.file_bytes >= len(_MAGIC) else b""
    if magic != _MAGIC:
        raise GgufError(
            f"{reader.path} is not a GGUF file: it begins with {magic!r}, not {_MAGIC!r}"
        )
    version = reader.u32("the version")
    if version not in _VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        hint = "it is big-endian" if swapped in _VERSIONS else f"its version is {version}"
        raise GgufError(
            f"{reader.path} cannot be used: {hint}; little-endian GGUF version 2 or 3 is expected"
        )
    return version


def _read_tensors(reader: Reader, n_tensors: int, *, alignment: int) -> _Tensors:
    names: set[str] = set()
    listed: list[ListedTensor] = []
    n_data_bytes = 0
    for _ in range(n_tensors):
        name = reader.string("a tensor's name", limit=MAX_TENSOR_NAME_BYTES)
        if name in names:
            raise reader.fail(f"the tensor {name!r} is listed twice")
        names.add(name)
        n_elements, kind = _read_shape(reader, name)
        offset = reader.u64(f"the offset of tensor {name!r}")
        if offset % alignment or offset > _INT64_MAX:
            raise reader.fail(f"the offset {offset} of tensor {name!r} is not aligned")
        n_bytes = n_elements // kind.n_block * kind.block_bytes
        n_data_bytes = max(n_data_bytes, offset + n_bytes)
        listed.append(ListedTensor(name=name, kind=kind.name, n_values=n_elements, n_bytes=n_bytes))
    by_type: Counter[str] = Counter()
    for tensor in listed:
        by_type[tensor.kind] += tensor.n_values
    return _Tensors(
        listed=tuple(listed),
        n_parameters=by_type.total(),
        n_data_bytes=n_data_bytes,
        majority=by_type.most_common(1)[0][0] if by_type else "",
    )


def _read_shape(reader: Reader, name: str) -> tuple[int, TensorType]:
    n_dimensions = reader.u32(f"the shape of tensor {name!r}")
    if n_dimensions > MAX_DIMENSIONS:
        raise reader.fail(f"the tensor {name!r} has {n_dimensions} dimensions, at most 4 are known")
    shape = [reader.u64(f"the shape of tensor {name!r}") for _ in range(n_dimensions)]
    number = reader.u32(f"the type of tensor {name!r}")
    if number not in TENSOR_TYPES:
        raise reader.fail(f"the tensor {name!r} has the unknown type {number}")
    kind = TENSOR_TYPES[number]
    n_elements = 1
    for size in shape:
        n_elements *= size
        if n_elements > _INT64_MAX:
            raise reader.fail(f"the shape {shape} of tensor {name!r} is too large")
    if (shape[0] if shape else 1) % kind.n_block:
        raise reader.fail(f"the rows of tensor {name!r} are no multiple of {kind.n_block}")
    return n_elements, kind


def _header(reader: Reader, contents: _Contents) -> GgufHeader:
    values, tensors = contents.values, contents.tensors
    architecture = _text(values, "general.architecture")
    vocabulary = values.get(TOKENS_KEY)
    n_vocab = vocabulary.n_elements if isinstance(vocabulary, LongArray) else 0
    n_embd = _number(values, f"{architecture}.embedding_length")
    n_head = _number(values, f"{architecture}.attention.head_count")
    head_length = n_embd // n_head if n_head else 0
    return GgufHeader(
        path=reader.path,
        version=contents.version,
        architecture=architecture,
        name=_text(values, "general.name"),
        n_parameters=tensors.n_parameters,
        quantisation=_quantisation(values, tensors.majority),
        n_ctx_train_tokens=_number(values, f"{architecture}.context_length"),
        n_layers=_number(values, f"{architecture}.block_count"),
        n_embd=n_embd,
        n_head=n_head,
        n_head_kv=_number(values, f"{architecture}.attention.head_count_kv", default=n_head),
        key_length=_number(values, f"{architecture}.attention.key_length", default=head_length),
        value_length=_number(values, f"{architecture}.attention.value_length", default=head_length),
        n_vocab=n_vocab or _number(values, f"{architecture}.vocab_size"),
        n_tensors=len(tensors.listed),
        fim=_fim(values, contents.named, n_vocab=n_vocab),
        tensor_data_offset=contents.offset,
        expected_bytes=contents.offset + tensors.n_data_bytes,
        file_bytes=reader.file_bytes,
    )


def _quantisation(values: Mapping[str, Value], majority: str) -> str:
    stated = values.get("general.file_type")
    if isinstance(stated, int):
        # 1024 is llama.cpp's mark for "guessed, not stated".
        return FILE_TYPES.get(stated & ~1024, majority)
    return majority


def _fim(
    values: Mapping[str, Value], named: Mapping[str, int], *, n_vocab: int
) -> FimTokens | None:
    """Prefer the ids that the file states; look them up by text otherwise, as llama.cpp does."""
    ids = dict(named)
    for role, keys in FIM_KEYS.items():
        stated = [values[key] for key in keys if key in values]
        if stated and isinstance(stated[0], int) and 0 <= stated[0] < n_vocab:
            ids[role] = stated[0]
    if not {"prefix", "suffix", "middle"} <= ids.keys():
        return None
    return FimTokens(
        prefix=ids["prefix"],
        suffix=ids["suffix"],
        middle=ids["middle"],
        pad=ids.get("pad"),
        rep=ids.get("rep"),
        sep=ids.get("sep"),
    )


def _text(values: Mapping[str, Value], key: str) -> str:
    value = values.get(key, "")
    return value if isinstance(value, str) else ""


def _number(values: Mapping[str, Value], key: str, *, default: int = 0) -> int:
    value = values.get(key, default)
    if isinstance(value, tuple):
        value = max((item for item in value if isinstance(item, int)), default=default)
    # A negative count is a count that the file does not state.
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
