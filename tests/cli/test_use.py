"""``ducktypist use``: what does not fit is refused, what does is loaded and written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist import config
from ducktypist.app import planning
from ducktypist.cli import cli
from ducktypist.fit.machine import Machine
from support.gguf_files import gguf

SMALL = Machine(memory_bytes=8 * 10**9, free_memory_bytes=6 * 10**9, gpus=(), n_threads=2)


def run(*arguments: str) -> Result:
    """Run a command as a person does."""
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the user's own settings, which are not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    return config.user_config_path()


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan for a machine with 6 GB free, whatever this one has."""
    monkeypatch.setattr(planning, "find_machine", lambda **_: SMALL)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[str]:
    """Give a scripted backend, and end the host that was started for it."""
    path = tmp_path / "duck.json"
    path.write_text(json.dumps({"name": "duck", "default": "quack quack", "rule": []}))
    yield f"scripted:{path}"
    run("host", "--stop", "--backend", f"scripted:{path}")


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """Return a model file of one's own."""
    file = tmp_path / "own.gguf"
    file.write_bytes(gguf())
    return file


@pytest.mark.usefixtures("small_machine")
def test_what_does_not_fit_is_refused(settings: Path) -> None:
    """The next best of the same model is named, else of its family; nothing is fetched."""
    result = run("use", "qwen2.5-coder-7b-instruct-q8_0")
    assert result.exit_code == 1
    assert "qwen2.5-coder-7b-instruct-q8_0 does not fit: " in result.output
    assert "the next best that does is qwen2.5-coder-7b-instruct-q" in result.output
    other = run("use", "qwen2.5-coder-32b-instruct-q8_0").output
    assert "the next best that does is qwen2.5-coder-" in other
    assert not settings.exists()
    assert not list(config.data_dir().glob("models/*"))


@pytest.mark.usefixtures("small_machine")
def test_a_dry_run_changes_nothing(settings: Path) -> None:
    """It says whether the model fits, and with --force it goes on where it does not."""
    result = run("use", "qwen2.5-coder-1.5b", "--dry-run")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("qwen2.5-coder-1.5b-instruct-q4_k_m: ")
    assert "nothing was fetched or changed" in result.output
    forced = run("use", "qwen2.5-coder-32b-instruct-q8_0", "--dry-run", "--force")
    assert forced.exit_code == 0, forced.output
    assert "is not expected to fit" in forced.output
    unknown = run("use", "hf:owner/some-GGUF:Q4_K_M", "--dry-run")
    assert unknown.exit_code == 1
    assert "nothing is known of" in unknown.output
    assert not settings.exists()


def test_a_model_is_loaded_measured_and_written_down(
    settings: Path, own_model: Path, backend: str
) -> None:
    """Comments in the settings stay; the second time nothing is left to change."""
    settings.parent.mkdir(parents=True)
    settings.write_text('# mine\n[model]\nname = "smollm2" # small\n')
    result = run("use", str(own_model), "--backend", backend)
    assert result.exit_code == 0, result.output
    for part in ("loaded duck in ", "a short answer: first token after", f"is now {own_model}"):
        assert part in result.output
    assert settings.read_text() == f'# mine\n[model]\nname = "{own_model}" # small\n'
    again = run("use", str(own_model), "--backend", backend)
    assert f"model.name was already {own_model}" in again.output


def test_a_remote_engine_that_answers_instead_is_said(
    settings: Path, own_model: Path, backend: str
) -> None:
    """The model is the resident one, and yet nobody asks it."""
    settings.parent.mkdir(parents=True)
    settings.write_text('[engine]\nurl = "http://127.0.0.1:9"\n')
    result = run("use", str(own_model), "--backend", backend)
    assert result.exit_code == 0, result.output
    assert "engine.url is http://127.0.0.1:9: that engine answers, not this model" in result.output


def test_broken_settings_are_found_before_anything_is_done(
    settings: Path, own_model: Path, backend: str
) -> None:
    """They stay as they are."""
    settings.parent.mkdir(parents=True)
    settings.write_text("[model\n")
    result = run("use", str(own_model), "--backend", backend)
    assert result.exit_code == 1
    assert "is not valid TOML" in result.output
    assert "loaded" not in result.output
    assert settings.read_text() == "[model\n"


def test_a_host_that_does_not_start_changes_nothing(settings: Path, own_model: Path) -> None:
    """The setting is written only when the model has answered."""
    result = run("use", str(own_model), "--backend", "scripted:/no/such/script")
    assert result.exit_code == 1
    assert "cannot be read" in result.output
    assert not settings.exists()


@pytest.mark.model
@pytest.mark.usefixtures("settings")
def test_the_real_model_is_used(model: Path) -> None:
    """It is planned from its header, loaded, and its measured rates are told."""
    try:
        result = run("use", str(model))
        assert result.exit_code == 0, result.output
        for part in ("loaded qwen2.5-coder", "measured: reads ", "verdict: ", f"is now {model}"):
            assert part in result.output
        shown = run("models", str(model))
        assert "measured here with this very file" in shown.output
    finally:
        run("host", "--stop")
