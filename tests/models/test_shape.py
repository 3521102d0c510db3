"""Shapes read from headers: made-up ones of several architectures, and the real one."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from ducktypist.engine import llama_shape
from ducktypist.errors import GgufError
from ducktypist.fit.layers import layers_of
from ducktypist.fit.memory import Wanted, cache_bytes
from ducktypist.fit.shape import ModelShape, Role
from ducktypist.models.shape import read_shape
from support.gguf_files import TENSORS, Tensor, gguf, keys

Q = Tensor("blk.0.attn_q.weight", (256, 256), 12, 256 * 144)
NORM = Tensor("blk.1.attn_norm.weight", (256,), 0, 1024)
HEAD = Tensor("output.weight", (256, 7), 14, 7 * 210)
WANTED = Wanted(n_ctx_tokens=512, n_cells=1024, kv_type="f16", flash_attention="auto")


def _shape(
    path: Path, *tensors: Tensor, architecture: str = "qwen2", **changes: object
) -> ModelShape:
    made = keys(**{f"qwen2__{key}": value for key, value in changes.items()})
    renamed = {key.replace("qwen2", architecture, 1): value for key, value in made.items()}
    renamed["general.architecture"] = architecture
    path.write_bytes(gguf(renamed, (*TENSORS, *tensors)))
    return read_shape(path)


def test_a_dense_model(tmp_path: Path) -> None:
    """Each tensor has its role, its layer, its type and its bytes."""
    shape = _shape(tmp_path / "m.gguf", Q, NORM, HEAD)
    assert {(part.role, part.layer, part.kind, part.n_bytes) for part in shape.weights} == {
        (Role.EMBEDDING, -1, "Q4_K", 7 * 144),
        (Role.OUTPUT, -1, "F32", 1024),
        (Role.OUTPUT, -1, "Q6_K", 7 * 210),
        (Role.LAYER, 0, "Q4_K", 256 * 144),
        (Role.LAYER, 1, "F32", 1024),
    }
    assert not shape.is_tied
    assert (shape.n_layers, shape.n_embd, shape.n_head, shape.n_vocab) == (2, 256, 8, 7)
    assert (shape.kv_heads, shape.key_length, shape.value_length) == ((2, 2), 32, 32)
    assert shape.n_parameters == 2 * 256 * 7 + 256 * 256 + 2 * 256
    assert cache_bytes(shape, WANTED) == 1024 * 2 * 2 * (32 + 32) * 2
    assert not shape.is_estimate


def test_without_an_output_of_its_own_a_model_is_tied(tmp_path: Path) -> None:
    """Its norm alone does not make a head."""
    assert _shape(tmp_path / "m.gguf", Q).is_tied


@pytest.mark.parametrize(
    ("architecture", "stated", "n_whole"),
    [
        ("gemma3", None, [5, 11]),
        ("gpt-oss", None, [1, 3, 5, 7, 9, 11]),
        ("gemma3", 4, [3, 7, 11]),
        ("laguna", None, [0, 4, 8]),
        ("granite-swa", [True, False, True] * 4, [1, 4, 7, 10]),
        ("phi3", None, list(range(12))),
        ("llama", None, list(range(12))),
    ],
)
def test_which_layers_have_a_window(
    tmp_path: Path, architecture: str, stated: object, n_whole: list[int]
) -> None:
    """A list or a period in the file, else what llama.cpp knows of the architecture."""
    shape = _shape(
        tmp_path / "m.gguf",
        architecture=architecture,
        block_count=12,
        attention__sliding_window=512,
        attention__sliding_window_pattern=stated,
    )
    assert [layer for layer, window in enumerate(shape.windows) if not window] == n_whole
    assert set(shape.windows) <= {0, 512}


def test_a_mixture_of_experts(tmp_path: Path) -> None:
    """Experts are told from what every token uses: the router and the shared ones."""
    shape = _shape(
        tmp_path / "m.gguf",
        Tensor("blk.0.ffn_gate_inp.weight", (256, 8), 0, 8192),
        Tensor("blk.0.ffn_up_exps.weight", (256, 256, 8), 12, 8 * 256 * 144),
        Tensor("blk.0.ffn_up_shexp.weight", (256, 256), 12, 256 * 144),
        architecture="qwen2moe",
        expert_count=8,
        expert_used_count=2,
        expert_feed_forward_length=256,
    )
    assert (shape.n_experts, shape.n_experts_used) == (8, 2)
    parts = {(part.role, part.kind): part.n_bytes for part in shape.weights if part.layer == 0}
    assert parts == {
        (Role.LAYER, "F32"): 8192,
        (Role.EXPERTS, "Q4_K"): 8 * 256 * 144,
        (Role.LAYER, "Q4_K"): 256 * 144,
    }
    assert shape.n_ff == 2 * 256


def test_compressed_keys_and_values(tmp_path: Path) -> None:
    """DeepSeek-V2 keeps one row of 512 + 64 values for a token and layer (converted with MLA)."""
    shape = _shape(
        tmp_path / "m.gguf",
        architecture="deepseek2",
        attention__head_count_kv=1,
        attention__key_length=576,
        attention__value_length=512,
        attention__key_length_mla=192,
        attention__value_length_mla=128,
    )
    assert cache_bytes(shape, WANTED) == 1024 * 2 * 576 * 2


def test_recurrent_layers_keep_a_state(tmp_path: Path) -> None:
    """Granite 4 hybrid: a layer without heads for keys has one, in 32 bits for 48 sequences."""
    shape = _shape(
        tmp_path / "m.gguf",
        architecture="granitehybrid",
        attention__head_count_kv=[0, 4],
        ssm__state_size=128,
        ssm__inner_size=512,
        ssm__conv_kernel=4,
        ssm__group_count=1,
    )
    state_bytes = 4 * (3 * (512 + 2 * 128) + 128 * 512)
    assert shape.state_bytes == state_bytes
    assert cache_bytes(shape, WANTED) == 1024 * 4 * 64 * 2 + 48 * state_bytes


def test_layers_that_predict_further_keep_nothing(tmp_path: Path) -> None:
    """The trunk never attends to them."""
    shape = _shape(tmp_path / "m.gguf", block_count=3, nextn_predict_layers=1)
    assert shape.kv_heads == (2, 2, 0)


def test_a_file_without_layers_is_refused(tmp_path: Path) -> None:
    """It is no language model."""
    with pytest.raises(GgufError, match="states no layers for the architecture 'qwen2'"):
        _shape(tmp_path / "m.gguf", block_count=0)
    with pytest.raises(GgufError, match="does not exist"):
        read_shape(tmp_path / "absent.gguf")


def test_a_boast_takes_no_memory(tmp_path: Path) -> None:
    """Four thousand million layers are not believed."""
    assert _shape(tmp_path / "m.gguf", block_count=2**32 - 1).n_layers == 4096


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"attention__head_count_kv": [1, 4], "feed_forward_length": [100, 900]},
        {"attention__sliding_window": 64, "attention__sliding_window_pattern": [True, False]},
        {"attention__key_length": 128, "attention__value_length": 64},
    ],
)
def test_both_readers_agree(tmp_path: Path, changes: dict[str, object]) -> None:
    """The host reads with ggml's own code, everybody else with ours; the sums are the same."""
    shape = _shape(tmp_path / "m.gguf", Q, NORM, HEAD, **changes)
    ggml = importlib.import_module("llama_cpp._ggml").libggml
    assert llama_shape.read_shape(ggml, tmp_path / "m.gguf") == layers_of(shape)


@pytest.mark.model
def test_the_real_file(model: Path) -> None:
    """All of it is found, and ggml's own reader says the same."""
    shape = read_shape(model)
    assert 0.9 < shape.n_bytes / model.stat().st_size <= 1
    assert sum(shape.read_per_token().values()) < shape.n_bytes
    assert shape.n_merges > 0
    ggml = importlib.import_module("llama_cpp._ggml").libggml
    assert llama_shape.read_shape(ggml, model) == layers_of(shape)
