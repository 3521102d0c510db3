from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist import config
from ducktypist.cli.model import model as group
from ducktypist.models.catalog import resolve
from ducktypist.models.store import ModelStore
from support.gguf_files import gguf

SMALL = "smollm2-135m-instruct-q4_1"


def run(*arguments: str) -> Result:
    """Run ``ducktypist model`` with these arguments."""
    return CliRunner().invoke(group, list(arguments))


@pytest.fixture
def stored() -> Path:
    """Put a file with a record into the store, as a pull would have left it."""
    root = config.data_dir() / "models"
    root.mkdir(parents=True)
    (root / f"{SMALL}.gguf").write_bytes(gguf())
    record = {
        "name": SMALL,
        "path": f"{SMALL}.gguf",
        "n_bytes": len(gguf()),
        "sha256": resolve(SMALL).sha256,
        "quantisation": "Q4_1",
        "has_fim": False,
        "architecture": "llama",
        "n_parameters": 134_515_008,
        "n_ctx_train_tokens": 8192,
        "source": "wheel:x==1",
        "pulled_at_utc": "2026-01-01T00:00:00+00:00",
    }
    (root / f"{SMALL}.json").write_text(json.dumps(record))
    return root / f"{SMALL}.gguf"


def test_list_names_every_known_model(stored: Path) -> None:
    """The list shows what is here and what could be, also as JSON."""
    text = run("list").output
    assert config.DEFAULT_MODEL in text
    assert next(line for line in text.splitlines() if line.startswith(SMALL)).split()[1] == "yes"
    rows = {row["name"]: row for row in json.loads(run("list", "--json").output)}
    assert rows[SMALL]["stored"]
    assert rows[SMALL]["path"] == str(stored)
    assert not rows[config.DEFAULT_MODEL]["stored"]


def test_list_includes_models_outside_the_catalogue(stored: Path) -> None:
    """A model that was pulled by hub reference is listed too."""
    record = stored.with_suffix(".json")
    changed = json.loads(record.read_text()) | {"name": "hf:o/r:Q4_1"}
    record.write_text(json.dumps(changed))
    rows = {row["name"]: row for row in json.loads(run("list", "--json").output)}
    assert rows["hf:o/r:Q4_1"]["stored"]
    assert run("remove", "hf:o/r:Q4_1").exit_code == 0


def test_pull_of_a_stored_model_says_so(stored: Path) -> None:
    """A pull of what is here prints its path and succeeds."""
    result = run("pull", "smollm2")
    assert result.exit_code == 0
    assert "already here" in result.output
    assert str(stored) in result.output


def test_pull_of_a_local_file(tmp_path: Path) -> None:
    """A path is checked and used in place."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf())
    result = run("pull", str(path))
    assert result.exit_code == 0
    assert str(path) in result.output


def test_unknown_model_is_one_line_and_a_failure() -> None:
    """An error is one line on standard error and a non-zero exit status."""
    result = run("pull", "smolm2")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"did you mean {SMALL}?" in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("stored")
def test_verify_fails_for_changed_bytes() -> None:
    """Verify of a file with other bytes than its record says exits with 1."""
    result = run("verify")
    assert result.exit_code == 1
    assert f"model remove {SMALL}" in result.stderr


def test_verify_passes_for_the_bytes_of_the_record(stored: Path) -> None:
    """Verify of a file as it was fetched exits with 0."""
    record = stored.with_suffix(".json")
    right = hashlib.sha256(gguf()).hexdigest()
    record.write_text(json.dumps(json.loads(record.read_text()) | {"sha256": right}))
    result = run("verify", SMALL)
    assert result.exit_code == 0
    assert right in result.output


def test_verify_without_any_model() -> None:
    """Verify of an empty store is a failure, not an empty success."""
    result = run("verify")
    assert result.exit_code == 1
    assert "no model is stored" in result.stderr


def test_remove_by_the_beginning_of_a_name(stored: Path) -> None:
    """Remove takes what pull takes, and deletes file and record."""
    assert run("remove", "smollm2").exit_code == 0
    assert not ModelStore(stored.parent).list()
    assert not stored.exists()


def test_remove_of_what_is_not_here() -> None:
    """Remove of a model that is not stored is a failure."""
    result = run("remove", "smollm2")
    assert result.exit_code == 1
    assert "no stored model" in result.stderr


def test_remove_never_touches_a_file_of_the_users(tmp_path: Path) -> None:
    """Remove refuses a path, and the file stays."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf())
    result = run("remove", str(path))
    assert result.exit_code == 1
    assert "file of your own" in result.stderr
    assert path.exists()


@pytest.mark.usefixtures("stored")
def test_info_shows_the_header(tmp_path: Path) -> None:
    """Info takes a path or a name, and prints text or JSON."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf())
    facts = json.loads(run("info", "--json", str(path)).output)
    assert facts["architecture"] == "qwen2"
    assert facts["fim"] == {
        "prefix": 4, "suffix": 6, "middle": 5, "pad": None, "rep": None, "sep": None,
    }  # fmt: skip
    assert "Q4_K_M" in run("info", "smollm2").output


def test_info_on_a_missing_model_says_how_to_get_it() -> None:
    """Info on a model that is not here names the command that fetches it."""
    result = run("info", "smollm2")
    assert result.exit_code == 1
    assert f"ducktypist model pull {SMALL}" in result.stderr


def test_info_on_what_is_no_model(tmp_path: Path) -> None:
    """Info on another kind of file says what it begins with."""
    path = tmp_path / "x.txt"
    path.write_text("hello")
    result = run("info", str(path))
    assert result.exit_code == 1
    assert "begins with b'hell'" in result.stderr
