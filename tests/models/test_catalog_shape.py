"""Shapes of models that are not here, worked out from the catalogue's figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.config import DEFAULT_MODEL
from ducktypist.errors import ModelError
from ducktypist.fit.shape import ModelShape, Role
from ducktypist.models.catalog import CatalogueEntry, load_catalogue, resolve
from ducktypist.models.catalog_shape import (
    CatalogueShape,
    OutputHead,
    about_file_bytes,
    shape_of,
)
from ducktypist.models.shape import read_shape

ENTRIES = load_catalogue().entries
KNOWN = [entry for entry in ENTRIES if entry.n_bytes is not None]
PUBLISHED_BYTES = {
    # As the hub lists them.
    "smollm3-3b-q4_k_m": 1_915_305_312,
    "devstral-small-2507-q4_k_m": 14_333_915_904,
}

TINY = CatalogueShape(
    architecture="llama",
    n_layers=16,
    n_embd=512,
    n_ff=1024,
    n_head=8,
    n_head_kv=2,
    key_length=64,
    value_length=64,
    n_vocab=1000,
    n_ctx_train_tokens=4096,
    output=OutputHead.OWN,
)


def figures(name: str) -> CatalogueShape:
    """Return what the catalogue says of a model."""
    entry = resolve(name).entry
    assert entry is not None
    assert entry.shape is not None
    return entry.shape


def kinds(shape: ModelShape, role: Role, layer: int) -> set[str]:
    """Return the types of a layer's tensors."""
    return {one.kind for one in shape.weights if (one.role, one.layer) == (role, layer)}


@pytest.mark.parametrize("entry", KNOWN, ids=lambda entry: str(entry.name))
def test_sizes_agree_with_real_files(entry: CatalogueEntry) -> None:
    """Within 3 % of the files whose size and hash the catalogue states."""
    assert entry.shape is not None
    assert entry.n_bytes is not None
    assert about_file_bytes(entry.shape, entry.quantisation) == pytest.approx(
        entry.n_bytes, rel=0.03
    )


def test_the_real_files_are_four_at_least() -> None:
    """Of three architectures, with rows that fit K-quants and rows that do not."""
    assert {entry.shape.architecture for entry in KNOWN if entry.shape is not None} >= {
        "qwen2",
        "llama",
        "gemma3",
    }
    assert len(KNOWN) >= 4


@pytest.mark.parametrize(("name", "n_bytes"), PUBLISHED_BYTES.items())
def test_sizes_agree_with_the_hubs_listing(name: str, n_bytes: int) -> None:
    """Within 1 % for large files that are not here."""
    assert resolve(name).entry is not None
    about = about_file_bytes(figures(name), resolve(name).quantisation)
    assert about == pytest.approx(n_bytes, rel=0.01)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.name))
def test_parameters_agree_with_the_models_card(entry: CatalogueEntry) -> None:
    """A wrong figure of a shape would show here: the sum is within 1 % of what the makers say."""
    assert entry.shape is not None
    n_values = shape_of(entry.shape, entry.quantisation).n_parameters
    if entry.shape.output is OutputHead.COPY:
        n_values -= entry.shape.n_vocab * entry.shape.n_embd
    assert n_values == pytest.approx(entry.n_parameters, rel=0.01)


@pytest.mark.model
def test_types_agree_with_the_real_file(model: Path) -> None:
    """Every byte of the default model's quantised tensors is in the type that its file has."""
    real = read_shape(model)
    made = shape_of(figures(DEFAULT_MODEL), "Q4_K_M")
    assert made.is_estimate
    assert not real.is_estimate
    by_type = [dict(shape.read_per_token()) for shape in (made, real)]
    for found in by_type:
        del found["F32"]
    assert by_type[0] == by_type[1]
    assert made.n_bytes == pytest.approx(real.n_bytes, rel=0.001)
    for name in ("kv_heads", "key_length", "value_length", "windows", "n_head", "n_vocab"):
        assert getattr(made, name) == getattr(real, name)


def test_every_quantisation_is_larger_than_the_one_with_fewer_bits() -> None:
    """From two bits to sixteen."""
    order = ("Q2_K", "Q3_K_M", "Q4_K_S", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16")
    sizes = [about_file_bytes(TINY, name) for name in order]
    assert sizes == sorted(set(sizes))


def test_a_type_that_is_not_known_is_said() -> None:
    """With those that are."""
    with pytest.raises(ModelError, match="IQ1_S file cannot be worked out; known are F16"):
        shape_of(TINY, "IQ1_S")


def test_some_layers_get_more_bits() -> None:
    """In Q4_K_M the first and the last eighth, and every third between, as llama.cpp has it."""
    shape = shape_of(TINY, "Q4_K_M")
    better = [layer for layer in range(16) if "Q6_K" in kinds(shape, Role.LAYER, layer)]
    assert better == [0, 1, 4, 7, 10, 13, 14, 15]
    assert kinds(shape, Role.OUTPUT, -1) == {"Q6_K", "F32"}
    assert kinds(shape, Role.EMBEDDING, -1) == {"Q4_K"}


def test_rows_that_no_block_fits_get_another_type() -> None:
    """Rows of 896 cannot be K-quants; those of 4864 can."""
    shape = shape_of(figures("qwen2.5-coder-0.5b"), "Q4_K_M")
    assert kinds(shape, Role.LAYER, 0) == {"Q5_0", "Q8_0", "Q6_K", "F32"}
    assert kinds(shape, Role.LAYER, 3) == {"Q5_0", "Q4_K", "F32"}
    assert kinds(shape, Role.OUTPUT, -1) == {"Q8_0", "F32"}


def test_a_tied_head_is_held_once() -> None:
    """And in the type of an output head, as llama.cpp quantises it."""
    own = shape_of(TINY, "Q4_K_M")
    tied = shape_of(replace(TINY, output=OutputHead.TIED), "Q4_K_M")
    copy = shape_of(replace(TINY, output=OutputHead.COPY), "Q4_K_M")
    assert (own.is_tied, tied.is_tied, copy.is_tied) == (False, True, False)
    assert own.n_bytes == copy.n_bytes
    assert own.n_parameters - tied.n_parameters == 1000 * 512
    assert kinds(tied, Role.EMBEDDING, -1) == {"Q6_K"}


def test_a_token_uses_a_few_experts() -> None:
    """3.3 of 30.5 billion parameters, as its makers say; the experts' own type in gpt-oss."""
    coder = shape_of(figures("qwen3-coder-30b"), "Q4_K_M")
    assert (coder.n_experts, coder.n_experts_used) == (128, 8)
    assert coder.n_active_parameters == pytest.approx(3.3e9, rel=0.02)
    oss = shape_of(figures("gpt-oss-20b"), "MXFP4")
    assert kinds(oss, Role.EXPERTS, 0) == {"MXFP4"}
    assert kinds(oss, Role.LAYER, 0) == {"Q8_0", "F32"}


def test_a_first_layer_may_have_no_experts() -> None:
    """Shared experts count as a layer's dense part, since every token uses them."""
    shape = shape_of(figures("deepseek-coder-v2-lite"), "Q4_K_M")
    assert kinds(shape, Role.EXPERTS, 0) == set()
    assert kinds(shape, Role.EXPERTS, 1) != set()
    assert (shape.key_length, shape.value_length, set(shape.kv_heads)) == (192, 128, {16})


def test_sliding_windows_are_laid_out_as_llama_cpp_does() -> None:
    """Five of six layers look back a little way in Gemma 3, every other one in gpt-oss."""
    gemma = shape_of(figures("gemma-3-270m"), "Q4_K_M").windows
    assert [layer for layer, window in enumerate(gemma) if not window] == [5, 11, 17]
    oss = shape_of(figures("gpt-oss-20b"), "MXFP4").windows
    assert oss[:4] == (128, 0, 128, 0)
    assert set(shape_of(TINY, "Q8_0").windows) == {0}
