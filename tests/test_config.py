from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ducktypist import config
from ducktypist.config import Config, known_keys, merge, read_file, restricted_keys
from ducktypist.errors import ConfigError

BAD_FILES: dict[str, tuple[bytes, str]] = {
    "syntax": (b"[engine\nurl = 1", "is not valid TOML"),
    "twice": (b"[engine]\nurl = ''\n[engine]\n", "is not valid TOML"),
    "NUL": (b"[engine]\nurl = '\x00'\n", "is not valid TOML"),
    "not UTF-8": (b"[engine]\nurl = '\xff\xfe'\n", "is not UTF-8 (byte 16)"),
    "UTF-16": ("[engine]\n".encode("utf-16"), "is not UTF-8 (byte 0)"),
    "too large": (b"#" + b"x" * 300_000, "is larger than 16384 bytes"),
    "deep": (b"x = " + b"[" * 8_000 + b"]" * 8_000, "is not valid TOML"),
    "deep keys": (b"a" + b".a" * 7_000 + b" = 1", "unknown setting `a`"),
    "deep value": (b"engine.url" + b".a" * 7_000 + b" = 1", "must be a string, got dict"),
    "date": (b"[engine]\nurl = 2020-99-99\n", "is not valid TOML"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_error_that_names_it(tmp_path: Path, name: str) -> None:
    """Whatever is wrong with a file, it is a ConfigError with the file's path, or unknown keys."""
    raw, said = BAD_FILES[name]
    path = tmp_path / "config.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        merge(Config(), read_file(path), source=str(path))
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_what_is_no_file(tmp_path: Path) -> None:
    """Folders and FIFOs are refused without being opened; nothing there is no settings."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (tmp_path, fifo):
        with pytest.raises(ConfigError, match="is not a regular file"):
            read_file(path)
    assert read_file(tmp_path / "absent") == {}
    (tmp_path / "loop").symlink_to("loop")
    assert read_file(tmp_path / "loop") == {}


def test_an_unreadable_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be opened is said to be so."""
    path = tmp_path / "c.toml"
    path.write_text("")

    def refused(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        read_file(path)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    """Editors on Windows write both."""
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbf[fix]\r\nrepeats = 5\r\n")
    assert read_file(path) == {"fix": {"repeats": 5}}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"engin": {}}, "unknown setting `engin`; did you mean `engine`?"),
        ({"zzz": {}}, "unknown setting `zzz`; known: engine, "),
        ({"engine": {"ur": ""}}, "unknown setting `engine.ur`; did you mean `engine.url`?"),
        ({"engine": 3}, "`engine` is a section, not a value"),
        ({"engine": {"url": 3}}, "`engine.url` must be a string, got a whole number 3"),
        ({"fix": {"repeats": "3"}}, "`fix.repeats` must be a whole number, got a string '3'"),
        ({"fix": {"repeats": True}}, "`fix.repeats` must be a whole number, got true or false"),
        ({"fix": {"repeats": 3.0}}, "must be a whole number, got a number 3.0"),
        ({"explain": {"enabled": 1}}, "`explain.enabled` must be true or false, got a whole"),
        ({"fix": {"budget_s": True}}, "`fix.budget_s` must be a number, got true or false"),
        ({"fix": {"budget_s": [1]}}, "`fix.budget_s` must be a number, got list"),
        ({"engine": {"url": None}}, "must be a string, got NoneType"),
    ],
)
def test_a_wrong_setting_is_refused_with_advice(settings: dict[str, Any], said: str) -> None:
    """The message names the source, the setting, what was expected and what came."""
    with pytest.raises(ConfigError) as caught:
        merge(Config(), settings, source="here")
    assert str(caught.value).startswith("here: ")
    assert said in str(caught.value)
    assert not str(caught.value).endswith(".")


def test_later_layers_win_key_by_key() -> None:
    """Laying settings over others keeps what they do not mention."""
    user = merge(Config(), {"fix": {"repeats": 5, "budget_s": 10}}, source="user")
    both = merge(user, {"fix": {"repeats": 4}, "model": {"name": "x"}}, source="editor")
    assert (both.fix.repeats, both.fix.budget_s, both.model.name) == (4, 10.0, "x")
    assert both.explain == Config().explain
    assert user.fix.repeats == 5


def test_known_keys_are_all_and_typed() -> None:
    """Each setting is listed once with a type that a client's manifest can express."""
    known = known_keys()
    assert known["engine.url"] is str
    assert known["fix.budget_s"] is float
    assert set(known.values()) == {str, int, float, bool}
    sections = {key.partition(".")[0] for key in known}
    assert sections == set(Config.__slots__)


def test_restricted_keys_are_real_settings() -> None:
    """Every name in the list of restricted ones exists, and they are found in settings."""
    known = known_keys()
    sections = {key.partition(".")[0] for key in known}
    assert {item for item in config.RESTRICTED if item not in known} <= sections
    settings = {"engine": {"url": "x"}, "verify": {"timeout_s": 1.0, "max_processes": 5}, "fix": {}}
    assert restricted_keys(settings) == ("engine", "verify.max_processes")


def test_folders_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Overrides win; without one the runtime folder is the user's own, never the shared /tmp."""
    assert config.data_dir() == tmp_path / ".data"
    assert config.ledger_path(config.LedgerConfig()) == tmp_path / ".data" / "ledger.sqlite3"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.ledger_path(config.LedgerConfig(path="~/l.db")) == tmp_path / "l.db"
    monkeypatch.delenv("DUCKTYPIST_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert config.runtime_dir() == Path("/run/user/7/ducktypist")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert config.runtime_dir() == tmp_path / ".cache" / "run"
