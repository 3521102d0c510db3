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
quantisation = "Q8_0"
fim = false
hub = "o/r"
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
    (ENTRY + "bytes = 5", "both or not at all"),
    (ENTRY + f'bytes = 5\nsha256 = "{"A" * 64}"', "64 small hexadecimal"),
    (ENTRY.replace('hub = "o/r"', ""), "needs a hub repository or mirrors"),
    (ENTRY.replace('"m"', '"../m"'), "a name is made of"),
    (ENTRY + ENTRY, "listed twice"),
    (
        ENTRY + f'bytes = 5\nsha256 = "{"a" * 64}"\n[[model.mirrors]]\npackage = "-r"\n'
        f'version = "1"\nmember = "m"\nbytes = 5\nsha256 = "{"a" * 64}"',
        "must be plain names",
    ),
    (
        ENTRY + f'bytes = 5\nsha256 = "{"a" * 64}"\n[[model.mirrors]]\npackage = "p"\n'
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
