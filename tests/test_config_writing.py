"""One setting is changed in the user's file, and nothing else."""

from __future__ import annotations

import stat
import sys
import tomllib
from pathlib import Path

import pytest

from ducktypist.config import MAX_CONFIG_BYTES
from ducktypist.config.writing import write_setting
from ducktypist.errors import ConfigError

NEW = "qwen3-8b-q4_k_m"
LINE = f'name = "{NEW}"'


def written(path: Path, text: str, *, value: str = NEW) -> str:
    """Return the file's text after the model's name was set in it."""
    path.write_bytes(text.encode())
    assert write_setting(path, section="model", key="name", value=value) is True
    after = path.read_bytes().decode()
    assert tomllib.loads(after.removeprefix("\ufeff"))["model"]["name"] == value
    return after


CASES = {
    "value": ('[model]\nname = "old"\n', f"[model]\n{LINE}\n"),
    "comments stay": (
        '# mine\n[model]  # which\n# a name\nname = "old"  # was good\nauto_pull = true\n',
        f"# mine\n[model]  # which\n# a name\n{LINE}  # was good\nauto_pull = true\n",
    ),
    "single quotes": ("[model]\nname='old'\n", f'[model]\nname="{NEW}"\n'),
    "escapes": ('[model]\nname = "a\\"b # no"\n', f"[model]\n{LINE}\n"),
    "many lines": ('[model]\nname = """o\nld"""\n', f"[model]\n{LINE}\n"),
    "no line end": ('[model]\nname = "old"', f"[model]\n{LINE}"),
    "CRLF": ('[model]\r\nname = "old"\r\n', f"[model]\r\n{LINE}\r\n"),
    "byte order mark": ('\ufeff[model]\nname = "old"\n', f"\ufeff[model]\n{LINE}\n"),
    "commented key": (
        '[model]\n# name = "old"\nauto_pull = true\n',
        f'[model]\n{LINE}\n# name = "old"\nauto_pull = true\n',
    ),
    "commented header": (
        "# [model]\n[engine]\nn_threads = 2\n",
        f"# [model]\n[engine]\nn_threads = 2\n\n[model]\n{LINE}\n",
    ),
    "empty section": ("[model]\n", f"[model]\n{LINE}\n"),
    "empty section without line end": ("[ model ]", f"[ model ]\n{LINE}\n"),
    "quoted header": ('["model"]\nauto_pull = true\n', f'["model"]\n{LINE}\nauto_pull = true\n'),
    "section between": (
        "[engine]\nn_threads = 2\n[model]\nauto_pull = true\n[fix]\n",
        f"[engine]\nn_threads = 2\n[model]\n{LINE}\nauto_pull = true\n[fix]\n",
    ),
    "inline table": (
        'model = { name = "old", auto_pull = true } # one line\n',
        f"model = {{ {LINE}, auto_pull = true }} # one line\n",
    ),
    "inline table without it": (
        "model = { auto_pull = true }\n",
        f"model = {{ {LINE}, auto_pull = true }}\n",
    ),
    "empty inline table": ("model = {}\n", f"model = {{ {LINE} }}\n"),
    "dotted": ('model.name = "old"\n[fix]\n', f"model.{LINE}\n[fix]\n"),
    "dotted without it": (
        "model.auto_pull = true\n[fix]\n",
        f"model.{LINE}\nmodel.auto_pull = true\n[fix]\n",
    ),
    "missing section, CRLF": (
        "[fix]\r\n",
        f"[fix]\r\n\r\n[model]\r\n{LINE}\r\n",
    ),
    "missing section, no line end": ("[fix]", f"[fix]\n\n[model]\n{LINE}\n"),
    "looks like it in a text": (
        '[explain]\naudience = """\n[model]\nname = "no"\n"""\n',
        f'[explain]\naudience = """\n[model]\nname = "no"\n"""\n\n[model]\n{LINE}\n',
    ),
    "the same in another place": (
        '[explain]\naudience = "name = \'old\'"\n[model]\nname = "old"\n',
        f"[explain]\naudience = \"name = 'old'\"\n[model]\n{LINE}\n",
    ),
    "empty file": ("", f"[model]\n{LINE}\n"),
    "only comments": ("# nothing yet\n", f"# nothing yet\n\n[model]\n{LINE}\n"),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_only_the_one_value_changes(tmp_path: Path, before: str, after: str) -> None:
    """Wherever the key stands, or would stand, every other byte stays."""
    assert written(tmp_path / "config.toml", before) == after


@pytest.mark.parametrize(
    "value", ['a"b', "C:\\models\\x.gguf", "/m/ü 🦆.gguf", "tab\there", "del\x7f", "#x", "a'b"]
)
def test_any_name_is_written_as_it_is(tmp_path: Path, value: str) -> None:
    """What TOML would read as something else is escaped."""
    written(tmp_path / "config.toml", '[model]\nname = "old"\n', value=value)


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    """With its folder."""
    path = tmp_path / "deep" / "config.toml"
    assert write_setting(path, section="model", key="name", value=NEW) is True
    assert path.read_text() == f"[model]\n{LINE}\n"


def test_what_is_set_already_is_left_alone(tmp_path: Path) -> None:
    """The file is not even touched."""
    path = tmp_path / "config.toml"
    path.write_text(f"[model]\n{LINE} # so\n")
    before = path.stat()
    assert write_setting(path, section="model", key="name", value=NEW) is False
    assert path.stat() == before


BROKEN = {
    "no TOML": '[model\nname = "old"\n',
    "not UTF-8": b"[model]\nname = '\xff'\n",
    "unknown setting": '[model]\nnmae = "old"\n',
    "another type": "[model]\nname = 3\n",
    "a value for a section": "model = 3\n",
    "as large as it may be": "#" * (MAX_CONFIG_BYTES - 8),
    "too large": "#" * (MAX_CONFIG_BYTES + 1),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_and_stays(tmp_path: Path, content: str | bytes) -> None:
    """Nothing is lost: the file is as it was, and nothing lies beside it."""
    path = tmp_path / "config.toml"
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        write_setting(path, section="model", key="name", value=NEW)
    assert path.read_bytes() == raw
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]


def test_a_key_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    """A key written with an escape is not found, and the person is told what to write."""
    path = tmp_path / "config.toml"
    text = '[model]\n"n\\u0061me" = "old"\n'
    path.write_text(text)
    with pytest.raises(ConfigError, match="set it there by hand to"):
        write_setting(path, section="model", key="name", value=NEW)
    assert path.read_text() == text


@pytest.mark.skipif(sys.platform == "win32", reason="rights and links are POSIX's")
def test_rights_and_a_link_stay(tmp_path: Path) -> None:
    """A file that is kept elsewhere and linked here is changed there."""
    kept = tmp_path / "dotfiles" / "duck.toml"
    kept.parent.mkdir()
    kept.write_text('[model]\nname = "old"\n')
    kept.chmod(0o640)
    path = tmp_path / "config.toml"
    path.symlink_to(kept)
    assert write_setting(path, section="model", key="name", value=NEW) is True
    assert path.is_symlink()
    assert kept.read_text() == f"[model]\n{LINE}\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    """The message names the file."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_setting(tmp_path / "taken" / "config.toml", section="model", key="name", value=NEW)
