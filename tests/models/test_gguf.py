from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from ducktypist.errors import GgufError
from ducktypist.models.gguf import FimTokens, GgufHeader, read_header
from support.gguf_files import TENSORS, TOKENS, Tensor, gguf, keys, string

Read: TypeAlias = Callable[[bytes], GgufHeader]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads the header of these bytes."""

    def read_bytes(data: bytes) -> GgufHeader:
        path = tmp_path / "model.gguf"
        path.write_bytes(data)
        return read_header(path)

    return read_bytes


def test_reads_what_the_header_says(read: Read) -> None:
    """Every fact of a generated header comes out as it went in."""
    data = gguf()
    header = read(data)
    assert header.version == 3
    assert (header.architecture, header.name) == ("qwen2", "tiny")
    assert header.n_parameters == 256 * 7 + 256
    assert header.quantisation == "Q4_K_M"
    assert header.n_ctx_train_tokens == 2048
    assert (header.n_layers, header.n_embd, header.n_head, header.n_head_kv) == (2, 256, 8, 2)
    assert (header.key_length, header.value_length) == (32, 32)
    assert header.n_vocab == len(TOKENS)
    assert header.n_tensors == 2
    assert header.tensor_data_offset % 32 == 0
    assert header.expected_bytes == header.file_bytes == len(data)
    assert header.missing_bytes == 0


def test_reads_version_2(read: Read) -> None:
    """Version 2 differs in nothing that is read here."""
    assert read(gguf(version=2)).version == 2


def test_key_length_is_read_when_stated(read: Read) -> None:
    """Stated key and value lengths win over the embedding divided by the heads."""
    changes = {"qwen2__attention__key_length": 96, "qwen2__attention__value_length": 64}
    header = read(gguf(keys(**changes)))
    assert (header.key_length, header.value_length) == (96, 64)


def test_heads_per_layer_give_the_largest(read: Read) -> None:
    """Where the layers differ, the number of key-value heads is the largest layer's."""
    assert read(gguf(keys(qwen2__attention__head_count_kv=[2, 4, 0]))).n_head_kv == 4


def test_quantisation_without_file_type_is_the_majority(read: Read) -> None:
    """A file that states no file type is called by the type of most of its weights."""
    assert read(gguf(keys(general__file_type=None))).quantisation == "Q4_K"


def test_guessed_file_type_is_understood(read: Read) -> None:
    """llama.cpp's mark for a guessed file type does not hide the type."""
    assert read(gguf(keys(general__file_type=1024 + 7))).quantisation == "Q8_0"


def test_fim_tokens_are_found_by_their_text(read: Read) -> None:
    """A vocabulary with the known token texts has fill-in-the-middle without any key."""
    assert read(gguf()).fim == FimTokens(prefix=4, suffix=6, middle=5)


def test_stated_fim_ids_win(read: Read) -> None:
    """Ids that the file states win over those found by text, in the new spelling and the old."""
    stated = {
        "tokenizer__ggml__fim_pre_token_id": 1,
        "tokenizer__ggml__suffix_token_id": 2,
        "tokenizer__ggml__fim_rep_token_id": 3,
    }
    assert read(gguf(keys(**stated))).fim == FimTokens(prefix=1, suffix=2, middle=5, rep=3)


def test_fim_id_outside_the_vocabulary_is_no_id(read: Read) -> None:
    """An id that the vocabulary does not have falls back to the text."""
    fim = read(gguf(keys(tokenizer__ggml__fim_pre_token_id=70_000))).fim
    assert fim is not None
    assert fim.prefix == 4


def test_vocabulary_without_fim_is_told_apart(read: Read) -> None:
    """Two of the three tokens are not fill-in-the-middle."""
    tokens = [*TOKENS[:5], "c", "<|fim_suffix|>"]
    assert read(gguf(keys(tokenizer__ggml__tokens=tokens))).fim is None


@pytest.mark.parametrize(
    ("prefix", "suffix", "middle"),
    [
        ("<PRE>", "<SUF>", "<MID>"),
        ("\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"),
        ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
        (
            "<\uff5cfim\u2581begin\uff5c>",
            "<\uff5cfim\u2581hole\uff5c>",
            "<\uff5cfim\u2581end\uff5c>",
        ),
    ],
)
def test_other_families_fim_texts_are_known(
    read: Read, prefix: str, suffix: str, middle: str
) -> None:
    """The token texts of other model families count too."""
    tokens = ["a", prefix, suffix, middle]
    fim = read(gguf(keys(tokenizer__ggml__tokens=tokens))).fim
    assert fim == FimTokens(prefix=1, suffix=2, middle=3)


def test_token_text_that_is_not_utf8_is_stepped_over(read: Read) -> None:
    """A header with a byte-level token is read."""
    data = gguf().replace(string("a"), string("\0").replace(b"\0" * 9, b"\1" + b"\0" * 7 + b"\xff"))
    assert read(data).n_vocab == len(TOKENS)


def test_missing_tensor_data_is_counted(read: Read) -> None:
    """A file cut inside its tensor data is read, and says how much it lacks."""
    data = gguf()
    assert read(data[:-100]).missing_bytes == 100


def test_alignment_of_the_file_holds(read: Read) -> None:
    """The tensor data begins at the alignment that the file states."""
    header = read(gguf(keys(general__alignment=256), alignment=256))
    assert header.tensor_data_offset % 256 == 0
    assert header.missing_bytes == 0


@pytest.mark.parametrize(("data", "message"), [
    (b"", "not a GGUF file"),
    (b"GG", "not a GGUF file"),
    (b"PK\3\4 and so on", "not a GGUF file"),
    (b"GGUF", "ends inside the version"),
    (b"GGUF" + struct.pack("<I", 1) + b"\0" * 32, "version is 1"),
    (b"GGUF" + struct.pack(">I", 3) + b"\0" * 32, "big-endian"),
    (b"GGUF" + struct.pack("<IQQ", 3, 2**63, 1), "number of tensors is"),
    (b"GGUF" + struct.pack("<IQQ", 3, 1, 2**40), "number of keys is"),
    (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62), "length of a key"),
    (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<I", 77), "type 77"),
    (
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 9, 1),
        "type 9",
    ),
    (
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 4, 2**60),
        "at most",
    ),
    (
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 10, 2**20),
        "ends inside",
    ),
    (gguf(keys(general__alignment=24)), "power of two"),
    (gguf(keys(general__alignment=0)), "power of two"),
    (gguf(keys(general__alignment="32")), "power of two"),
    (gguf({"a": 1}).replace(string("a"), string("")), "empty"),
    (gguf(tensors=[TENSORS[0], TENSORS[0]]), "listed twice"),
    (gguf(tensors=[Tensor("t", (2, 2, 2, 2, 2), 0, 128)]), "5 dimensions"),
    (gguf(tensors=[Tensor("t", (100,), 12, 0)]), "multiple of 256"),
    (gguf(tensors=[Tensor("t", (2**40, 2**40), 0, 0)]), "too large"),
    (gguf(tensors=[Tensor("t", (32,), 4, 0)]), "unknown type 4"),
    (gguf(tensors=[Tensor("t" * 64, (32,), 0, 128)]), "at most 63"),
])  # fmt: skip
def test_malformed_headers_are_refused(read: Read, data: bytes, message: str) -> None:
    """What is malformed or out of bounds is named in the error."""
    with pytest.raises(GgufError, match=message):
        read(data)


def test_duplicate_key_is_refused(read: Read) -> None:
    """A key that stands there twice is an error, as it is for llama.cpp."""
    data = gguf({"aa": 1, "bb": 2}).replace(string("bb"), string("aa"))
    with pytest.raises(GgufError, match="twice"):
        read(data)


def test_misaligned_offset_is_refused(read: Read) -> None:
    """A tensor offset that is no multiple of the alignment is an error."""
    data = gguf(tensors=[Tensor("t", (32,), 0, 128)])
    place = data.index(string("t")) + 9 + 4 + 8 + 4
    with pytest.raises(GgufError, match="aligned"):
        read(data[:place] + struct.pack("<Q", 7) + data[place + 8 :])


def test_header_that_claims_more_than_the_bound_is_refused(tmp_path: Path) -> None:
    """A sparse file cannot make the reader walk through gigabytes."""
    path = tmp_path / "sparse.gguf"
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 100)
    with path.open("wb") as file:
        for number in range(100):
            file.write(head if number == 0 else b"")
            file.write(string(f"k{number}") + struct.pack("<IIQ", 9, 10, 2**20))
            file.seek(2**23, os.SEEK_CUR)
        file.truncate(2**30)
    with pytest.raises(GgufError, match="larger than"):
        read_header(path)


def test_mutations_raise_nothing_but_gguf_error(tmp_path: Path) -> None:
    """Six hundred damaged headers are each read or refused, and nothing else happens."""
    randomness = random.Random(20261122)  # noqa: S311 - a seeded test, no secret
    small = keys(tokenizer__ggml__scores=[0.5] * 3)
    original = gguf(small)
    header_bytes = len(original) - 7 * 144 - 1024
    path = tmp_path / "m.gguf"
    refused = 0
    for number in range(600):
        data = bytearray(original)
        if number % 3 == 0:
            del data[randomness.randrange(header_bytes) :]
        else:
            for _ in range(randomness.randint(1, 3)):
                data[randomness.randrange(header_bytes)] ^= 1 << randomness.randrange(8)
        path.write_bytes(data)
        try:
            read_header(path)
        except GgufError:
            refused += 1
    assert 200 <= refused < 600, "truncated headers must all be refused, harmless flips not"


def test_folder_is_refused(tmp_path: Path) -> None:
    """A folder is not a model file."""
    with pytest.raises(GgufError, match="not a regular file"):
        read_header(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    """A FIFO that nobody writes to does not hang the reader."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(GgufError, match="not a regular file"):
        read_header(tmp_path / "pipe")


def test_absent_file_is_refused(tmp_path: Path) -> None:
    """A path with nothing behind it is named in the error."""
    with pytest.raises(GgufError, match="does not exist"):
        read_header(tmp_path / "none.gguf")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    """A file without read permission is an error that says so."""
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf())
    path.chmod(0)
    with pytest.raises(GgufError, match="cannot be read"):
        read_header(path)


def test_path_with_nul_is_refused() -> None:
    """A path that the system cannot hold is an error of ours."""
    with pytest.raises(GgufError, match="not a path"):
        read_header(Path("a\0b"))


@pytest.mark.model
def test_real_file(model: Path) -> None:
    """The default model's header has the facts that its publisher states."""
    header = read_header(model)
    assert header.architecture == "qwen2"
    assert header.quantisation == "Q4_K_M"
    assert (header.n_layers, header.n_embd, header.n_head, header.n_head_kv) == (24, 896, 14, 2)
    assert header.n_ctx_train_tokens == 32_768
    assert header.n_vocab == 151_936
    assert header.fim == FimTokens(
        prefix=151_659, suffix=151_661, middle=151_660, pad=151_662, rep=151_663, sep=151_664
    )
    assert header.expected_bytes == header.file_bytes == 491_400_064


@pytest.mark.model
def test_real_file_cut_short(model: Path, tmp_path: Path) -> None:
    """The real header alone is read, and the absent weights are counted."""
    header = read_header(model)
    with model.open("rb") as file:
        head = file.read(header.tensor_data_offset)
    (tmp_path / "head.gguf").write_bytes(head)
    cut = read_header(tmp_path / "head.gguf")
    assert cut.n_parameters == header.n_parameters
    assert cut.missing_bytes == header.file_bytes - header.tensor_data_offset
    (tmp_path / "head.gguf").write_bytes(head[: len(head) // 2])
    with pytest.raises(GgufError, match="ends inside"):
        read_header(tmp_path / "head.gguf")
