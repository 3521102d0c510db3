from __future__ import annotations

import dataclasses
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
        ({"fix": {"sources": "line"}}, "`fix.sources` must be a list of strings, got a string"),
        ({"fix": {"sources": {"line": 1}}}, "`fix.sources` must be a list of strings, got dict"),
        ({"fix": {"sources": ["line", 3]}}, "a list of strings, got a whole number 3 in it"),
        ({"tests": {"command": [["npx"]]}}, "a list of strings, got list ['npx'] in it"),
        (
            {"fix": {"sources": ["line", "magic"]}},
            "span, insertion, body, rewrite, mutation, race_recipe, got 'magic'",
        ),
        ({"fix": {"repair_rounds": 3}}, "`fix.repair_rounds` must be at most 2, got 3"),
        ({"fix": {"repair_rounds": -1}}, "`fix.repair_rounds` must be at least 0, got -1"),
        ({"fix": {"max_tokens": -1}}, "`fix.max_tokens` must be at least 0, got -1"),
        ({"fix": {"max_candidates": 0}}, "`fix.max_candidates` must be at least 1, got 0"),
        ({"fix": {"budget_s": 0}}, "`fix.budget_s` must be at least 1, got 0.0"),
        ({"fix": {"budget_s": float("inf")}}, "`fix.budget_s` must be at most 3600, got inf"),
        ({"fix": {"more_s": float("nan")}}, "`fix.more_s` must be at least 0, got nan"),
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


def test_a_list_of_strings_is_read_from_toml_and_json(tmp_path: Path) -> None:
    """TOML's arrays and JSON's become tuples; an empty one is a value like any other."""
    path = tmp_path / "config.toml"
    path.write_text('[fix]\nsources = ["line", "mutation"]\n[tests]\ncommand = ["npx", "vitest"]\n')
    found = merge(Config(), read_file(path), source=str(path))
    assert found.fix.sources == ("line", "mutation")
    assert found.tests.command == ("npx", "vitest")
    both = merge(found, {"fix": {"sources": []}, "tests": {"files": ["*.ts"]}}, source="editor")
    assert (both.fix.sources, both.tests.files) == ((), ("*.ts",))
    assert both.tests.command == ("npx", "vitest")


def test_only_a_trusted_folder_chooses_programs(tmp_path: Path) -> None:
    """What runs tests of other languages is restricted, as Python's interpreter is."""
    path = tmp_path / ".ducktypist.toml"
    path.write_text('[go]\ncommand = "./go"\n[tests]\ncommand = ["./x"]\njunit_xml = "/etc/x"\n')
    settings = read_file(path)
    assert restricted_keys(settings) == ("go", "tests")
    assert restricted_keys(settings, trusted=True) == ()


def test_known_keys_are_all_and_typed() -> None:
    """Each setting is listed once with a type that a client's manifest can express."""
    known = known_keys()
    assert known["engine.url"] is str
    assert known["fix.budget_s"] is float
    assert known["fix.sources"] == tuple[str, ...]
    assert set(known.values()) == {str, int, float, bool, config.STRINGS}
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


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kv_type": "q5"}, "`engine.kv_type` must be one of f16, q8_0, q4_0, got 'q5'"),
        ({"flash_attention": "yes"}, "`engine.flash_attention` must be one of auto, on, off"),
        ({"flash_attention": True}, "`engine.flash_attention` must be a string, got true or false"),
        ({"n_ctx_tokens": 0}, "`engine.n_ctx_tokens` must be at least 1, got 0"),
        ({"n_gpu_layers": -2}, "`engine.n_gpu_layers` must be at least -1, got -2"),
        ({"n_threads": -1}, "`engine.n_threads` must be at least 0"),
        ({"cache_tokens": -1}, "`engine.cache_tokens` must be at least 0"),
        ({"step_timeout_s": -0.5}, "`engine.step_timeout_s` must be at least 0, got -0.5"),
        ({"step_timeout_s": float("nan")}, "`engine.step_timeout_s` must be at least 0, got nan"),
        ({"request_timeout_s": 0}, "`engine.request_timeout_s` must be at least 0.001, got 0.0"),
        (
            {"kv_type": "q8_0", "flash_attention": "off"},
            "`engine.kv_type` = 'q8_0' needs flash attention",
        ),
        ({"url": "localhost:8080"}, "`engine.url`: the address must begin with http://"),
        ({"url": "ftp://host"}, "`engine.url`: the address must begin with http://"),
        ({"url": "http://"}, "and name a host"),
        ({"url": "http://host:port"}, "`engine.url`: this is not an address such as http://"),
        ({"url": "http://[::1"}, "`engine.url`: this is not an address such as http://"),
    ],
)
def test_a_wrong_engine_setting_is_refused_with_advice(settings: dict[str, Any], said: str) -> None:
    """Words, bounds and what goes together are checked where the settings are read."""
    with pytest.raises(ConfigError) as caught:
        merge(Config(), {"engine": settings}, source="here")
    assert str(caught.value).startswith("here: ")
    assert said in str(caught.value)


def test_what_goes_together_is_checked_across_layers() -> None:
    """One layer may set what another one forbids."""
    user = merge(Config(), {"engine": {"flash_attention": "off"}}, source="user")
    with pytest.raises(ConfigError, match="needs flash attention"):
        merge(user, {"engine": {"kv_type": "q4_0"}}, source="editor")
    both = {"engine": {"kv_type": "q4_0", "flash_attention": "auto"}}
    assert merge(user, both, source="editor").engine.kv_type == "q4_0"


SECRET = "sk-Very5ecret"  # noqa: S105 - a made-up one, to look for in messages


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": SECRET},
        {"key": SECRET},
        {"api_key_env": SECRET},
        {"url": f"https://user:{SECRET}@host.example/v1"},
        {"url": f"https://{SECRET}@host.example"},
        {"url": f"https://host.example/v1?api_key={SECRET}"},
        {"url": f"https://host.example/v1#{SECRET}"},
    ],
)
def test_no_setting_holds_a_key(settings: dict[str, Any]) -> None:
    """There is no place for its value, and the message does not repeat what was written."""
    with pytest.raises(ConfigError) as caught:
        merge(Config(), {"engine": settings}, source="here")
    assert SECRET not in str(caught.value)


def test_no_workspace_names_a_variable() -> None:
    """Trusted or not: which variable is sent to an address is the user's choice."""
    settings = {"engine": {"url": "http://x", "api_key_env": "AWS_SECRET"}, "fix": {}}
    assert restricted_keys(settings, trusted=True) == ("engine.api_key_env",)
    assert restricted_keys(settings) == ("engine",)
    assert set(known_keys()) >= config.NEVER_FROM_A_WORKSPACE


def test_choices_and_bounds_are_of_real_settings() -> None:
    """Every checked name exists and its default passes."""
    assert {*config.CHOICES, *config.LEAST, *config.MOST} <= set(known_keys())
    for section, values in dataclasses.asdict(Config()).items():
        assert merge(Config(), {section: values}, source="defaults") == Config()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Localhost:8080/v1", "http://localhost:8080"),
        ("https://api.example.com:443/", "https://api.example.com"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8000/x", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    """Paths and the usual port make no difference."""
    assert config.origin_of(url) == origin
