"""Made-up model files, read with the header reader that real ones are read with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.engine.llama_kernels import HEAVY, KINDS
from ducktypist.engine.llama_synthetic import TensorKind
from ducktypist.models.ggml import TENSOR_TYPES
from ducktypist.models.gguf import read_header
from ducktypist.models.shape import read_shape


@pytest.mark.parametrize("number", [0, 12, 14, 8, 39])
def test_a_made_up_model_is_a_whole_gguf_file(tmp_path: Path, number: int) -> None:
    """Its header names the form, no byte is missing, and the layers have the sizes promised."""
    known = TENSOR_TYPES[number]
    kind = TensorKind(
        number=number, name=known.name, n_block=known.n_block, block_bytes=known.block_bytes
    )
    form = replace(HEAVY, kind=kind, n_layers=2, n_embd=256, n_ff=512)
    path = tmp_path / "made-up.gguf"
    form.write(path)
    header = read_header(path)
    assert (header.architecture, header.n_layers, header.n_embd) == ("llama", 2, 256)
    assert (header.n_head, header.n_head_kv, header.key_length) == (16, 4, 64)
    assert header.missing_bytes == 0
    assert header.expected_bytes == header.file_bytes
    matrices = [one for one in read_shape(path).weights if one.layer >= 0]
    norms = 2 * 2 * 256 * 4
    assert sum(one.n_bytes for one in matrices) == 2 * form.layer_bytes + norms


def test_the_measured_types_are_ggmls() -> None:
    """Numbers and names agree with the table of the header reader."""
    assert {number: TENSOR_TYPES[number].name for number in KINDS} == KINDS
