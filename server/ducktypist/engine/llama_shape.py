"""Reads from a GGUF file what its memory follows from, with ggml's own reader.

Part of the real backend. Weights are not read, only the list of tensors and a few keys: the same
code of ggml that loads the model afterwards says how many bytes each tensor has.
"""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Any

from ducktypist.fit.attention import MAX_LAYERS, attention_of
from ducktypist.fit.layers import Layers

LAYER = re.compile(rb"blk\.(\d+)\.")
OUTPUT = (b"output.weight", b"output_norm.weight", b"output.bias", b"output_norm.bias")
EMBEDDINGS = b"token_embd.weight"
INTEGERS: dict[int, type[ctypes._SimpleCData[int]]] = dict(
    zip(
        (0, 1, 2, 3, 4, 5, 7, 10, 11),
        (
            *(ctypes.c_uint8, ctypes.c_int8, ctypes.c_uint16, ctypes.c_int16),
            *(ctypes.c_uint32, ctypes.c_int32, ctypes.c_uint8, ctypes.c_uint64, ctypes.c_int64),
        ),
        strict=True,
    )
)
"""The integers of ``enum gguf_type`` in gguf.h, flags among them."""
STRING, ARRAY = 8, 9


class _Parameters(ctypes.Structure):
    """``struct gguf_init_params`` in gguf.h."""

    _fields_ = (("no_alloc", ctypes.c_bool), ("ctx", ctypes.c_void_p))


def read_shape(ggml: Any, path: Path) -> Layers | None:  # noqa: ANN401 - a ctypes library
    """Return a model's shape, None when this ggml cannot read it from the file."""
    try:
        _declare(ggml)
    except AttributeError:
        return None
    file = ggml.gguf_init_from_file(os.fsencode(path), _Parameters(no_alloc=True, ctx=None))
    if not file:
        return None
    try:
        shape = _Reader(ggml, file).shape()
    finally:
        ggml.gguf_free(file)
    return shape if shape.n_layers else None


def _declare(ggml: Any) -> None:  # noqa: ANN401 - a ctypes library
    file, number = ctypes.c_void_p, ctypes.c_int64
    for name, result, arguments in (
        ("gguf_init_from_file", file, [ctypes.c_char_p, _Parameters]),
        ("gguf_free", None, [file]),
        ("gguf_find_key", number, [file, ctypes.c_char_p]),
        ("gguf_get_kv_type", ctypes.c_int, [file, number]),
        ("gguf_get_arr_type", ctypes.c_int, [file, number]),
        ("gguf_get_arr_n", ctypes.c_size_t, [file, number]),
        ("gguf_get_arr_data", ctypes.c_void_p, [file, number]),
        ("gguf_get_val_data", ctypes.c_void_p, [file, number]),
        ("gguf_get_val_str", ctypes.c_char_p, [file, number]),
        ("gguf_get_n_tensors", number, [file]),
        ("gguf_get_tensor_name", ctypes.c_char_p, [file, number]),
        ("gguf_get_tensor_size", ctypes.c_size_t, [file, number]),
    ):
        function = getattr(ggml, name)
        function.restype, function.argtypes = result, arguments


class _Reader:
    """One open file."""

    def __init__(self, ggml: Any, file: Any) -> None:  # noqa: ANN401 - ctypes
        self._ggml = ggml
        self._file = file
        self._architecture = self._text("general.architecture")

    def shape(self) -> Layers:
        sizes = self._tensor_sizes()
        n_layers = min(self.number("block_count"), MAX_LAYERS)
        layer_bytes = [0] * n_layers
        for name, n_bytes in sizes.items():
            if (place := LAYER.match(name)) and int(place[1]) < n_layers:
                layer_bytes[int(place[1])] += n_bytes
        output_bytes = sum(sizes.get(name, 0) for name in OUTPUT)
        if OUTPUT[0] not in sizes:
            # Tied: the embeddings are put there a second time.
            output_bytes += sizes.get(EMBEDDINGS, 0)
        attention = attention_of(self._architecture, self, n_layers=n_layers)
        n_embd = self.number("embedding_length")
        return Layers(
            layer_bytes=tuple(layer_bytes),
            output_bytes=output_bytes,
            kv_values=attention.kv_values,
            n_embd=n_embd,
            n_ff=max(self.each("feed_forward_length", n_layers, 4 * n_embd), default=0),
            n_head=attention.n_head,
            n_vocab=self._n_vocab(),
            windows=attention.windows,
            key_length=attention.key_length,
            state_bytes=attention.state_bytes,
        )

    def _tensor_sizes(self) -> dict[bytes, int]:
        ggml, file = self._ggml, self._file
        return {
            ggml.gguf_get_tensor_name(file, index): ggml.gguf_get_tensor_size(file, index)
            for index in range(ggml.gguf_get_n_tensors(file))
        }

    def _n_vocab(self) -> int:
        place = self._ggml.gguf_find_key(self._file, b"tokenizer.ggml.tokens")
        if place < 0 or self._ggml.gguf_get_kv_type(self._file, place) != ARRAY:
            return 0
        return int(self._ggml.gguf_get_arr_n(self._file, place))

    def _text(self, key: str) -> str:
        place = self._ggml.gguf_find_key(self._file, key.encode())
        if place < 0 or self._ggml.gguf_get_kv_type(self._file, place) != STRING:
            return ""
        return bytes(self._ggml.gguf_get_val_str(self._file, place)).decode("utf-8", "replace")

    def number(self, key: str, default: int = 0) -> int:
        """Return an integer of this architecture; ggml ends the process on a wrong type."""
        place = self._ggml.gguf_find_key(self._file, f"{self._architecture}.{key}".encode())
        kind = self._ggml.gguf_get_kv_type(self._file, place) if place >= 0 else -1
        if kind not in INTEGERS:
            return default
        return _read(self._ggml.gguf_get_val_data(self._file, place), kind, 1)[0]

    def each(self, key: str, n_layers: int, default: int) -> list[int]:
        """Return an integer for each layer, whether the file has one for all or a list."""
        place = self._ggml.gguf_find_key(self._file, f"{self._architecture}.{key}".encode())
        if place < 0 or self._ggml.gguf_get_kv_type(self._file, place) != ARRAY:
            return [self.number(key, default)] * n_layers
        kind = self._ggml.gguf_get_arr_type(self._file, place)
        n_values = int(self._ggml.gguf_get_arr_n(self._file, place))
        if kind not in INTEGERS or n_values < n_layers:
            return [default] * n_layers
        return _read(self._ggml.gguf_get_arr_data(self._file, place), kind, n_layers)


def _read(address: int | None, kind: int, n_values: int) -> list[int]:
    if not address:
        return [0] * n_values
    return [int(value) for value in (INTEGERS[kind] * n_values).from_address(address)]
