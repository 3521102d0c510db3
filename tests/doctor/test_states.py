"""Broken states, made for real, and the line that each of them gets."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from ducktypist import config, trust
from ducktypist.doctor import settings
from ducktypist.doctor.check import Check, Status
from ducktypist.doctor.clients import extensions, neovim_plugins
from ducktypist.doctor.ledger import ledger
from ducktypist.doctor.model import hashed, header, present
from ducktypist.doctor.sandboxing import go
from ducktypist.doctor.sandboxing import pytest as find_pytest
from ducktypist.doctor.storage import folders, why_not_writable
from ducktypist.ledger.database import open_writer
from ducktypist.models.catalog import resolve
from ducktypist.models.store import ModelStore
from support.clinic import Clinic
from support.gguf_files import gguf


def ok(check: Check) -> bool:
    """Tell whether a line is good, and then needs no advice."""
    assert (check.status is Status.OK) is (not check.advice)
    return check.status is Status.OK


# ------------------------------------------------------------------ settings


def test_settings_that_are_fine(clinic: Clinic, user_file: Path) -> None:
    """No file is fine, and so is a right one."""
    assert ok(clinic.check(settings.user_settings))
    user_file.write_text("[fix]\nrepeats = 3\n")
    assert ok(clinic.check(settings.user_settings))
    assert ok(clinic.check(settings.python))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[engine]\nn_thread = 2\n", "did you mean `engine.n_threads`"),
        ("[engine\n", "not valid TOML"),
        ('[engine]\nurl = "http://me:hunter2@host"\n', "must not hold a user"),
    ],
)
def test_the_users_settings_are_wrong(
    clinic: Clinic, user_file: Path, text: str, says: str
) -> None:
    """It fails, names the file and repeats no secret."""
    user_file.write_text(text)
    check = clinic.check(settings.user_settings)
    assert check.status is Status.FAIL
    assert says in check.summary
    assert str(user_file) in check.advice
    assert "hunter2" not in str(check)


def test_telemetry_that_cannot_be_is_told(clinic: Clinic, user_file: Path) -> None:
    """What is wrong only when everything is put together is a warning."""
    user_file.write_text("[telemetry]\nenabled = true\n")
    check = clinic.check(settings.user_settings)
    assert check.status is Status.WARN
    assert "telemetry" in check.summary


def test_an_untrusted_folder(clinic: Clinic) -> None:
    """It is said that nothing is run, and what of its settings is ignored."""
    (clinic.folder / config.WORKSPACE_FILE).write_text(
        '[python]\ninterpreter = "./evil"\n[fix]\nrepeats = 4\n'
    )
    check = clinic.check(settings.workspace_settings)
    assert check.status is Status.WARN
    assert check.details["ignored"] == ["python"]
    assert "ducktypist trust" in check.advice
    assert clinic.check(settings.trust).status is Status.WARN
    trust.trust(clinic.folder)
    assert ok(clinic.check(settings.workspace_settings))
    assert ok(clinic.check(settings.trust))


def test_what_no_workspace_may_set(clinic: Clinic) -> None:
    """In a trusted folder, too, it is ignored; trusting it is not the advice."""
    trust.trust(clinic.folder)
    (clinic.folder / config.WORKSPACE_FILE).write_text("[telemetry]\nenabled = true\n")
    check = clinic.check(settings.workspace_settings)
    assert (check.status, check.details["ignored"]) == (Status.WARN, ["telemetry.enabled"])
    assert "trust" not in check.advice


def test_the_workspaces_settings_are_wrong(clinic: Clinic) -> None:
    """An unknown key in the folder's file is a failure of its own line only."""
    (clinic.folder / config.WORKSPACE_FILE).write_text("[fix]\nrepeat = 4\n")
    check = clinic.check(settings.workspace_settings)
    assert check.status is Status.FAIL
    assert "did you mean `fix.repeats`" in check.summary
    assert ok(clinic.check(settings.user_settings))


# ------------------------------------------------------------------ the model

NAME = "smollm2-135m-instruct-q4_1"


@pytest.fixture
def own_model(clinic: Clinic, tmp_path: Path) -> Path:
    """A model file of the user's own that the settings name."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf())
    clinic.settings = {"model": {"name": str(path)}, "engine": {"n_ctx_tokens": 512}}
    return path


@pytest.fixture
def stored(clinic: Clinic, tmp_path: Path) -> Path:
    """A model in the store, with a record, as a pull leaves it."""
    source = tmp_path / "source.gguf"
    source.write_bytes(gguf())
    store = ModelStore(config.data_dir() / "models")
    local = store.find(resolve(str(source)))
    assert local is not None
    path = store.root / f"{NAME}.gguf"
    shutil.copy(source, path)
    names = ("n_bytes", "sha256", "quantisation", "has_fim", "architecture", "n_parameters")
    record = {name: getattr(local, name) for name in names}
    record |= {"name": "hf:o/r:Q4_1", "path": path.name, "n_ctx_train_tokens": 2048}
    record |= {"source": "hf:o/r@abc/x.gguf", "pulled_at_utc": "2026-01-01T00:00:00+00:00"}
    path.rename(store.root / "o--r--Q4_1.gguf")
    (store.root / "o--r--Q4_1.json").write_text(json.dumps(record))
    clinic.settings = {"model": {"name": "hf:o/r:Q4_1"}, "engine": {"n_ctx_tokens": 512}}
    return store.root / "o--r--Q4_1.gguf"


def test_a_model_that_is_as_fetched(clinic: Clinic, stored: Path) -> None:
    """All three lines are good, and reading it is told as it goes."""
    assert clinic.check(present).details["path"] == str(stored)
    assert all(ok(clinic.check(look)) for look in (present, header, hashed))
    assert clinic.said[-1][0] == "model-hash"
    assert clinic.said[-1][1].startswith("100 %")


def test_one_flipped_bit(clinic: Clinic, stored: Path) -> None:
    """Only reading the whole file shows it."""
    raw = bytearray(stored.read_bytes())
    raw[-100] ^= 1
    stored.write_bytes(raw)
    assert ok(clinic.check(present))
    assert ok(clinic.check(header))
    check = clinic.check(hashed)
    assert check.status is Status.FAIL
    assert "ducktypist model pull hf:o/r:Q4_1" in check.advice
    clinic.quick = True
    quick = clinic.check(hashed)
    assert ok(quick)
    assert "not read" in quick.summary


def test_a_model_cut_short(clinic: Clinic, stored: Path) -> None:
    """All three lines say so in their own way."""
    stored.write_bytes(stored.read_bytes()[:-500])
    for look, says in ((present, "not what was fetched"), (header, "cut short")):
        check = clinic.check(look)
        assert check.status is Status.FAIL
        assert says in check.summary
        assert "ducktypist model remove" in check.advice


def test_a_file_of_ones_own_cut_short(clinic: Clinic, own_model: Path) -> None:
    """A whole one is fine; for one cut short the advice is not to pull it."""
    assert all(ok(clinic.check(look)) for look in (present, header, hashed))
    assert "nothing to compare" in clinic.check(hashed).summary
    own_model.write_bytes(own_model.read_bytes()[:-500])
    check = clinic.check(header)
    assert check.status is Status.FAIL
    assert "pull" not in check.advice
    own_model.write_bytes(b"GGML")
    assert "not a GGUF file" in clinic.check(header).summary


def test_no_model(clinic: Clinic) -> None:
    """One line fails, the others have nothing to read."""
    check = clinic.check(present)
    assert check.status is Status.FAIL
    assert f"ducktypist model pull {config.DEFAULT_MODEL}" in check.advice
    assert clinic.check(header).status is Status.WARN
    assert clinic.check(hashed).status is Status.WARN
    clinic.settings = {"model": {"name": "no-such-model"}}
    assert clinic.check(present).status is Status.FAIL
    assert clinic.check(hashed).status is Status.WARN


def test_a_remote_engine_needs_no_file(clinic: Clinic) -> None:
    """The model's lines say so and are good."""
    clinic.settings = {"engine": {"url": "http://127.0.0.1:1"}}
    assert all(ok(clinic.check(look)) for look in (present, header, hashed))


def test_a_context_longer_than_trained_for(clinic: Clinic, own_model: Path) -> None:
    """The header says for how many tokens a model was trained."""
    assert own_model.is_file()
    clinic.settings["engine"] = {"n_ctx_tokens": 4096}
    check = clinic.check(header)
    assert check.status is Status.WARN
    assert "2,048" in check.summary


# ------------------------------------------------------------------ runners


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """An environment without pytest."""
    python = tmp_path / "bare" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "bare" / "pyvenv.cfg").write_text("home = /nonexistent/bin\n")
    return python


def test_no_pytest(clinic: Clinic, bare_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning where nobody asked for that Python, a failure where the settings name it."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert ok(clinic.check(find_pytest))
    monkeypatch.setenv("VIRTUAL_ENV", str(bare_python.parent.parent))
    check = clinic.check(find_pytest)
    assert check.status is Status.WARN
    assert "has no pytest" in check.summary
    clinic.settings = {"python": {"interpreter": str(bare_python)}}
    assert clinic.check(find_pytest).status is Status.FAIL


def test_go(clinic: Clinic) -> None:
    """Go is found; one that the settings name and that is none is a failure."""
    assert ok(clinic.check(go))
    clinic.settings = {"go": {"command": "/no/such/go"}}
    assert clinic.check(go).status is Status.FAIL


# ------------------------------------------------------------------ ledger and folders


def test_ledgers(clinic: Clinic) -> None:
    """None and a fresh one are fine; what is no database, or can be read by others, fails."""
    assert ok(clinic.check(ledger))
    path = config.data_dir() / "ledger.sqlite3"
    path.parent.mkdir(parents=True)
    path.write_text("not a database" * 100)
    check = clinic.check(ledger)
    assert check.status is Status.FAIL
    assert path.read_text() == "not a database" * 100
    path.unlink()
    open_writer(path).close()
    path.with_name(f"{path.name}.key").write_text("ab" * 32)
    path.with_name(f"{path.name}.key").chmod(0o600)
    assert ok(clinic.check(ledger)), clinic.check(ledger)
    path.chmod(0o644)
    check = clinic.check(ledger)
    assert check.status is Status.FAIL
    assert "chmod 600" in check.summary


def test_unlogged_events_are_a_warning(clinic: Clinic) -> None:
    """What the ledger itself says is missing from it."""
    path = config.data_dir() / "ledger.sqlite3"
    path.parent.mkdir(parents=True)
    open_writer(path).close()
    connection = apsw.Connection(str(path))
    connection.execute(
        "INSERT INTO gap (at_utc, n_unlogged, reason) VALUES ('2026-11-23T10:00:00Z', 7, 'full')"
    )
    connection.close()
    check = clinic.check(ledger)
    assert check.status is Status.WARN
    assert "7 events could not be logged" in check.summary


def test_folders_that_can_be_written(clinic: Clinic) -> None:
    """Nothing is left in them, and those that are not there are not made."""
    config.state_dir().mkdir(parents=True)
    check = clinic.check(folders)
    assert check.status is not Status.FAIL
    assert list(config.state_dir().iterdir()) == []
    assert not config.data_dir().exists()


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (Path("/proc"), "cannot be written"),
        (Path("/dev/null/state"), "not a folder"),
        (Path("/dev/null"), "is not a folder"),
    ],
)
def test_a_state_folder_that_cannot_be_written(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, place: Path, says: str
) -> None:
    """It fails with the system's own reason."""
    monkeypatch.setenv("DUCKTYPIST_STATE_DIR", str(place))
    check = clinic.check(folders)
    assert check.status is Status.FAIL
    assert says in check.summary
    assert says in why_not_writable(place)
    assert "DUCKTYPIST_" in check.advice


# ------------------------------------------------------------------ clients


def _plugin(data: Path) -> None:
    (data / "nvim/site/pack/x/start/ducktypist/lsp").mkdir(parents=True)
    (data / "nvim/site/pack/x/start/ducktypist/lsp/ducktypist.lua").touch()


def _extension(home: Path) -> None:
    folder = home / ".vscode/extensions/ducktypist.ducktypist-0.0.9"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"version": "0.0.9"}')
    other = home / ".local/share/code-server/extensions/ducktypist.ducktypist-1"
    other.mkdir(parents=True)
    (other / "package.json").write_text("{")


@pytest.mark.parametrize("make", [_plugin, _extension])
def test_clients_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    """The extension with its version where its manifest can be read, the plugin by its file."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    make(tmp_path)
    found = [(item.where, item.version) for item in (*extensions(tmp_path), *neovim_plugins())]
    assert found == ([("Neovim", None)] if make is _plugin else [("VS Code", "0.0.9")])
