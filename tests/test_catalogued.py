"""Which models there are, and which of them is wanted and here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ducktypist.app.catalogued import models_table
from ducktypist.config import Config, data_dir
from ducktypist.models.catalog import load_catalogue
from support.gguf_files import gguf

ENTRY = next(entry for entry in load_catalogue().entries if entry.sha256 is not None)


def table(name: str | None = None) -> dict[str, Any]:
    """Return the models under settings that want one."""
    settings = Config()
    if name is not None:
        settings = replace(settings, model=replace(settings.model, name=name))
    return models_table(settings)


def by_name(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the models by their names, each of which there is once."""
    found = {one["name"]: one for one in told["models"]}
    assert len(found) == len(told["models"])
    return found


def stored(stem: str, *, name: str, sha256: str) -> None:
    """Put a model into the store, as a pull leaves it."""
    folder = data_dir() / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.gguf").write_bytes(b"weights")
    record = {
        "name": name,
        "path": f"{stem}.gguf",
        "n_bytes": 7,
        "sha256": sha256,
        "quantisation": "Q5_K_M",
        "has_fim": True,
        "architecture": "qwen2",
        "n_parameters": 1,
        "n_ctx_train_tokens": 4096,
        "source": "hf:owner/tiny@1/tiny.gguf",
        "pulled_at_utc": "2026-11-23T17:00:00+00:00",
    }
    (folder / f"{stem}.json").write_text(json.dumps(record), encoding="utf-8")


def test_the_catalogue_is_listed_with_what_is_here() -> None:
    """An entry is here when its very bytes are; what else is stored comes after."""
    assert not any(one["is_here"] for one in table()["models"])
    assert ENTRY.sha256 is not None
    stored(ENTRY.name, name=ENTRY.name, sha256=ENTRY.sha256)
    stored("owner--tiny--Q5_K_M", name="hf:owner/tiny:Q5_K_M", sha256="cd" * 32)
    told = table(ENTRY.name)
    models = by_name(told)
    assert list(models)[:-1] == [entry.name for entry in load_catalogue().recommended()]
    assert (told["wanted"], models[ENTRY.name]["is_wanted"]) == (ENTRY.name, True)
    assert (models[ENTRY.name]["is_here"], models[ENTRY.name]["licence"]) == (True, ENTRY.licence)
    assert models["hf:owner/tiny:Q5_K_M"] == {
        "name": "hf:owner/tiny:Q5_K_M",
        "quantisation": "Q5_K_M",
        "n_bytes": 7,
        "licence": None,
        "has_fim": True,
        "is_here": True,
        "is_wanted": False,
    }
    assert by_name(table("hf:owner/tiny:Q5_K_M"))["hf:owner/tiny:Q5_K_M"]["is_wanted"] is True


def test_a_wanted_model_is_listed_wherever_it_is(tmp_path: Path) -> None:
    """A file of the person's own with what its header says; one to be fetched without."""
    file = tmp_path / "own.gguf"
    file.write_bytes(gguf())
    told = table(str(file))
    own = by_name(told)[str(file)]
    assert (told["wanted"], own["is_here"], own["is_wanted"]) == (str(file), True, True)
    assert own["n_bytes"] == file.stat().st_size
    file.write_bytes(b"no model at all")
    assert by_name(table(str(file)))[str(file)]["is_here"] is False
    far = by_name(table("hf:owner/far:Q4_K_M"))["hf:owner/far:Q4_K_M"]
    assert (far["is_here"], far["is_wanted"], far["has_fim"]) == (False, True, None)


def test_a_name_that_nothing_has_is_wanted_by_nobody() -> None:
    """It is told as it was written."""
    told = table("no-such-model-at-all")
    assert told["wanted"] == "no-such-model-at-all"
    assert not any(one["is_wanted"] for one in told["models"])


def test_a_quantisation_is_listed_when_it_is_here_or_wanted() -> None:
    """Of the others of a model only the one to take if in doubt; sizes are about right."""
    first, second, third = load_catalogue().of_model("qwen2.5-coder-7b-instruct")[:3]
    assert not by_name(table()).keys() & {second.name, third.name}
    stored(second.name, name=second.name, sha256="ef" * 32)
    models = by_name(table(third.name))
    assert [name for name in models if name.startswith(first.model)] == [
        one.name for one in (first, second, third)
    ]
    assert (models[second.name]["is_here"], models[third.name]["is_wanted"]) == (True, True)
    assert models[first.name]["n_bytes"] == first.about_bytes
