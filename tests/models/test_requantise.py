"""Making a model in another quantisation from the file that is here."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ducktypist.errors import ModelError
from ducktypist.models.catalog import resolve
from ducktypist.models.gguf import read_header
from ducktypist.models.requantise import FOLDER, requantised
from ducktypist.models.store import ModelStore, StoredModel
from support.gguf_files import gguf, keys


def made_up(folder: Path, **changes: object) -> StoredModel:
    """Return a small file as the store describes it; its header is sound, its weights are not."""
    path = folder / "tiny-q4_k_m.gguf"
    path.write_bytes(gguf(keys(**changes)))
    return dataclasses.replace(
        ModelStore(folder).require(resolve(str(path))), quantisation="Q4_K_M"
    )


def test_an_unknown_quantisation_names_the_known_ones(tmp_path: Path) -> None:
    """Nothing is written for a misspelling."""
    with pytest.raises(ModelError, match=r"'Q4_KM'; known are .*Q4_K_M"):
        requantised(made_up(tmp_path), "Q4_KM", store=tmp_path)
    assert not (tmp_path / FOLDER).exists()


def test_its_own_quantisation_is_refused(tmp_path: Path) -> None:
    """A copy under another name would only look like another model."""
    with pytest.raises(ModelError, match="is Q4_K_M already"):
        requantised(made_up(tmp_path), "q4_k_m", store=tmp_path)


def test_what_the_quantiser_refuses_leaves_nothing(tmp_path: Path) -> None:
    """Its own words are in the message, and no half file stays."""
    with pytest.raises(ModelError, match="quantiser failed"):
        requantised(made_up(tmp_path), "Q8_0", store=tmp_path)
    assert list((tmp_path / FOLDER).iterdir()) == []


@pytest.mark.model
@pytest.mark.timeout(300)
def test_the_real_model_in_another_quantisation(model: Path, tmp_path: Path) -> None:
    """The new file says what it is, has as many weights, and is made once."""
    stored = ModelStore(tmp_path).require(resolve(str(model)))
    path = requantised(stored, "Q8_0", store=tmp_path)
    header = read_header(path)
    assert (header.quantisation, header.n_parameters) == ("Q8_0", stored.n_parameters)
    assert path.name == f"{model.stem}--requantised-q8_0.gguf"
    written = path.stat().st_mtime_ns
    assert requantised(stored, "q8_0", store=tmp_path) == path
    assert path.stat().st_mtime_ns == written
