from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from ducktypist.engine.llama_shape import read_shape
from support.gguf_files import TENSORS, Tensor, gguf, keys

LAYERS = (
    Tensor("blk.0.attn_q.weight", (256, 256), 12, 256 * 144),
    Tensor("blk.0.attn_norm.weight", (256,), 0, 1024),
    Tensor("blk.1.attn_q.weight", (256, 256), 0, 256 * 1024),
    Tensor("blk.7.ignored.weight", (256,), 0, 1024),
)


@pytest.fixture
def ggml() -> Any:
    """Return ggml's own library, as the host has it."""
    return importlib.import_module("llama_cpp._ggml").libggml


def _write(path: Path, *tensors: Tensor, **changes: object) -> Path:
    path.write_bytes(gguf(keys(**changes), tensors))
    return path


def test_a_shape_is_read_with_ggmls_own_sizes(tmp_path: Path, ggml: Any) -> None:
    """Layers by number, tied embeddings as output, heads as the file states them."""
    shape = read_shape(ggml, _write(tmp_path / "m.gguf", *TENSORS, *LAYERS))
    assert shape is not None
    assert shape.layer_bytes == (256 * 144 + 1024, 256 * 1024)
    assert shape.output_bytes == 1024 + 7 * 144
    assert shape.kv_values == (2 * 64, 2 * 64)
    assert (shape.n_layers, shape.n_embd, shape.n_head, shape.n_vocab) == (2, 256, 8, 7)
    assert shape.n_ff == 4 * 256


def test_an_output_layer_of_its_own_is_that(tmp_path: Path, ggml: Any) -> None:
    """The embeddings stay with the CPU then."""
    output = Tensor("output.weight", (256, 7), 0, 7 * 1024)
    shape = read_shape(ggml, _write(tmp_path / "m.gguf", *TENSORS, output, *LAYERS))
    assert shape is not None
    assert shape.output_bytes == 1024 + 7 * 1024


def test_numbers_may_differ_by_layer(tmp_path: Path, ggml: Any) -> None:
    """Lists for each layer and stated lengths of keys and values are used."""
    path = _write(
        tmp_path / "m.gguf",
        *TENSORS,
        *LAYERS,
        qwen2__attention__head_count_kv=[1, 4],
        qwen2__feed_forward_length=[100, 900],
        qwen2__attention__key_length=128,
        qwen2__attention__value_length=64,
    )
    shape = read_shape(ggml, path)
    assert shape is not None
    assert (shape.kv_values, shape.n_ff) == ((192, 4 * 192), 900)


@pytest.mark.parametrize(
    "changes",
    [
        {"qwen2__attention__head_count": None},
        {"qwen2__attention__head_count": 0},
        {"qwen2__embedding_length": None},
        {"qwen2__attention__head_count_kv": [1.5, 2.5]},
        {"qwen2__attention__head_count_kv": [1]},
        {"tokenizer__ggml__tokens": 3},
    ],
)
def test_what_is_not_stated_is_not_fatal(
    tmp_path: Path, ggml: Any, changes: dict[str, object]
) -> None:
    """The library ends the process when a key is read as the wrong type; we look first."""
    assert read_shape(ggml, _write(tmp_path / "m.gguf", *TENSORS, *LAYERS, **changes)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"qwen2__block_count": None},
        {"qwen2__block_count": "two"},
        {"general__architecture": None},
        {"general__architecture": 7},
    ],
)
def test_without_layers_there_is_no_shape(
    tmp_path: Path, ggml: Any, changes: dict[str, object]
) -> None:
    """A model whose layers nobody can count is planned like one that cannot be read."""
    assert read_shape(ggml, _write(tmp_path / "m.gguf", *TENSORS, *LAYERS, **changes)) is None


def test_a_boast_takes_no_memory(tmp_path: Path, ggml: Any) -> None:
    """Model files come from strangers: four thousand million layers are not believed."""
    path = _write(tmp_path / "m.gguf", *TENSORS, *LAYERS, qwen2__block_count=2**32 - 1)
    shape = read_shape(ggml, path)
    assert shape is not None
    assert shape.n_layers == 4096


def test_what_is_no_model_has_no_shape(tmp_path: Path, ggml: Any) -> None:
    """Nor has a file with a library that cannot read it."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"rubbish" * 100)
    assert read_shape(ggml, path) is None
    assert read_shape(ggml, tmp_path / "absent") is None
    assert read_shape(object(), path) is None


@pytest.mark.model
def test_the_real_models_shape(model: Path, ggml: Any) -> None:
    """All weights are found: layers, output and embeddings make up the file."""
    shape = read_shape(ggml, model)
    assert shape is not None
    assert shape.n_layers > 0
    assert 0.5 < (sum(shape.layer_bytes) + shape.output_bytes) / model.stat().st_size < 1.01
    assert min(shape.layer_bytes) > 0
    assert min(shape.kv_values) > 0
