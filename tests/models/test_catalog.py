from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.config import DEFAULT_MODEL
from ducktypist.errors import ModelError, UnknownModelError
from ducktypist.models.catalog import load_catalogue, resolve

ENTRY = """
[[model]]
name = "m"
family = "F"
licence = "L"
n_parameters = 1
quantisations = ["Q8_0"]
fim = false
hub = "o/r"
"""
FILE = '[[model.files]]\nquantisation = "Q8_0"\n'
SHAPE = """
[model.shape]
architecture = "llama"
n_layers = 2
n_embd = 64
n_ff = 128
n_head = 4
n_head_kv = 2
n_vocab = 100
n_ctx_train_tokens = 512
output = "own"
"""


def test_default_model_is_in_the_catalogue() -> None:
    """The default model of the settings has a hash, a hub place and a mirror."""
    reference = resolve(DEFAULT_MODEL)
    assert reference.name == DEFAULT_MODEL
    assert reference.sha256
    assert reference.hub
    assert sum(part.n_bytes for part in reference.mirrors) == reference.n_bytes == 491_400_064


def test_names_ignore_case_and_may_be_shortened() -> None:
    """Any case will do, and the beginning of a name when only one begins so."""
    assert resolve(DEFAULT_MODEL.upper()).name == DEFAULT_MODEL
    assert resolve("SmolLM2").name == "smollm2-135m-instruct-q4_1"


def test_ambiguous_beginning_names_the_candidates() -> None:
    """The beginning of several names is refused, and they are listed."""
    with pytest.raises(UnknownModelError, match=r"could be any of .*0\.5b.*1\.5b"):
        resolve("qwen2.5-coder")


def test_a_models_name_alone_is_its_first_quantisation() -> None:
    """So is the beginning of one model's name; with the quantisation it is that one."""
    assert resolve("qwen2.5-coder-7b-instruct").name == "qwen2.5-coder-7b-instruct-q4_k_m"
    assert resolve("Qwen2.5-Coder-7B").name == "qwen2.5-coder-7b-instruct-q4_k_m"
    assert resolve("qwen2.5-coder-7b-instruct-q8_0").quantisation == "Q8_0"
    assert resolve("qwen2.5-coder-7b-instruct-q3").quantisation == "Q3_K_M"


def test_the_beginning_of_several_quantisations_lists_them() -> None:
    """Behind a model's whole name, what is open is the quantisation."""
    with pytest.raises(UnknownModelError, match=r"could be any of .*-q5_k_m, .*-q6_k"):
        resolve("qwen2.5-coder-7b-instruct-q")


def test_unknown_name_gives_the_nearest() -> None:
    """A misspelt name is answered with the nearest one."""
    with pytest.raises(UnknownModelError, match="did you mean smollm2-135m-instruct-q4_1"):
        resolve("smolm2")


def test_name_like_nothing_lists_what_is_known() -> None:
    """A name that resembles none is answered with all of them."""
    with pytest.raises(UnknownModelError, match="known are qwen2"):
        resolve("zzzzzzzz")


def test_hub_reference() -> None:
    """hf:OWNER/REPO:QUANT refers to a file that only the hub knows."""
    reference = resolve("hf:Some-One/Some.Model-GGUF:q5_k_m")
    assert reference.hub == "Some-One/Some.Model-GGUF"
    assert reference.quantisation == "Q5_K_M"
    assert reference.sha256 is None
    assert reference.file_stem == "Some-One--Some.Model-GGUF--Q5_K_M"


def test_hub_reference_to_a_known_model_is_that_model() -> None:
    """A model keeps one name, however it was asked for."""
    asked = resolve("hf:qwen/qwen2.5-coder-0.5b-instruct-gguf:q4_k_m")
    assert asked.name == DEFAULT_MODEL


@pytest.mark.parametrize(
    "name", ["hf:", "hf:a", "hf:a/b", "hf:../b:Q4_0", "hf:a/b/c:Q", "hf:a/..:Q"]
)
def test_malformed_hub_references_are_refused(name: str) -> None:
    """What has not the form of a hub reference is told the form."""
    with pytest.raises(UnknownModelError):
        resolve(name)


def test_path_refers_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, absolute or relative, refers to the file where it lies."""
    (tmp_path / "mine.gguf").write_bytes(b"")
    assert resolve(str(tmp_path / "mine.gguf")).path == tmp_path / "mine.gguf"
    monkeypatch.chdir(tmp_path)
    assert resolve("mine.gguf").path == tmp_path / "mine.gguf"


@pytest.mark.parametrize("name", ["", "   ", "./none.gguf", "none.gguf", "a\0b", "x" * 5000])
def test_what_is_no_model_is_unknown(name: str) -> None:
    """Whatever was typed, the error is ours."""
    with pytest.raises(UnknownModelError):
        resolve(name)


@pytest.mark.parametrize(("text", "message"), [
    ("[[model", "cannot be read"),
    ("model = [1]", "must be a table"),
    (ENTRY + "color = 1", "unknown key `color`"),
    (ENTRY.replace('licence = "L"', ""), "`licence` is missing"),
    (ENTRY.replace("= false", "= 0"), "`fim` must be of type bool"),
    (ENTRY + FILE + "bytes = 5", "both or not at all"),
    (ENTRY + FILE + f'bytes = 5\nsha256 = "{"A" * 64}"', "64 small hexadecimal"),
    (ENTRY + FILE + FILE, "each once, got 'Q8_0'"),
    (ENTRY + FILE.replace("Q8_0", "Q4_0"), "each once, got 'Q4_0'"),
    (ENTRY.replace('hub = "o/r"', ""), "needs a hub repository or mirrors"),
    (ENTRY.replace('"m"', '"../m"'), "a name is made of"),
    (ENTRY.replace('["Q8_0"]', "[]"), "quantisations must be a list"),
    (ENTRY.replace('["Q8_0"]', "[8]"), "quantisations must be a list"),
    (ENTRY + ENTRY, "listed twice"),
    (ENTRY + SHAPE + "colour = 1", "shape: unknown key `colour`"),
    (ENTRY + SHAPE.replace("n_embd = 64", ""), "shape: the key `n_embd` is missing"),
    (ENTRY + SHAPE.replace("n_head = 4", "n_head = 0"), "`n_head` must be positive"),
    (ENTRY + SHAPE.replace('"own"', '"lent"'), "must be one of own, tied, copy"),
    (
        ENTRY + FILE + f'bytes = 5\nsha256 = "{"a" * 64}"\n[[model.files.mirrors]]\n'
        'package = "-r"\n'
        f'version = "1"\nmember = "m"\nbytes = 5\nsha256 = "{"a" * 64}"',
        "must be plain names",
    ),
    (
        ENTRY + FILE + f'bytes = 5\nsha256 = "{"a" * 64}"\n[[model.files.mirrors]]\npackage = "p"\n'
        f'version = "1"\nmember = "m"\nbytes = 4\nsha256 = "{"a" * 64}"',
        "do not add up",
    ),
])  # fmt: skip
def test_malformed_catalogues_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """A fault in the catalogue is named with its place."""
    path = tmp_path / "catalogue.toml"
    path.write_text(text)
    with pytest.raises(ModelError, match=message):
        load_catalogue(path)


def test_a_model_is_an_entry_for_each_quantisation(tmp_path: Path) -> None:
    """What is said of one file belongs to that one; the rest is shared."""
    path = tmp_path / "catalogue.toml"
    both = ENTRY.replace('["Q8_0"]', '["Q4_0", "Q8_0"]')
    file = FILE + f'bytes = 5\nsha256 = "{"a" * 64}"\nhub_file = "x.gguf"\n'
    path.write_text(both + SHAPE + file)
    first, second = load_catalogue(path).entries
    assert (first.name, second.name, first.model) == ("m-q4_0", "m-q8_0", "m")
    assert (first.n_bytes, second.n_bytes) == (None, 5)
    assert (first.hub_file, second.hub_file) == (None, "x.gguf")
    assert first.shape is second.shape
    assert first.shape is not None
    assert (first.shape.key_length, first.shape.value_length) == (16, 16)
    assert first.hub_is_official
    assert first.allows_commercial_use
    assert load_catalogue(path).recommended() == (first,)


def test_sizes_are_exact_where_they_are_known(tmp_path: Path) -> None:
    """Else they are worked out from the shape, and nobody knows without one."""
    path = tmp_path / "catalogue.toml"
    path.write_text(ENTRY + SHAPE + FILE + f'bytes = 5\nsha256 = "{"a" * 64}"\n')
    assert load_catalogue(path).entries[0].about_bytes == 5
    path.write_text(ENTRY)
    assert load_catalogue(path).entries[0].about_bytes is None
    path.write_text(ENTRY + SHAPE)
    # 2 layers of q 64x64, k and v 64x32, o 64x64 and three 64x128, two tables of 100x64, in Q8_0;
    # five norms of 64 in F32; and the vocabulary in the header.
    n_values = 2 * (64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128) + 2 * 100 * 64
    assert load_catalogue(path).entries[0].about_bytes == n_values // 32 * 34 + 5 * 256 + 4000
