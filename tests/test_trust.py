from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from ducktypist import trust
from ducktypist.errors import ConfigError


def test_a_folder_and_what_lies_below_it_are_trusted(tmp_path: Path) -> None:
    """Trust is inherited by folders below and by nobody beside."""
    inside = tmp_path / "work" / "deep er" / "it's"
    inside.mkdir(parents=True)
    beside = tmp_path / "workshop"
    beside.mkdir()
    assert not trust.is_trusted(inside)
    assert trust.trust(tmp_path / "work") == (tmp_path / "work").resolve()
    assert trust.is_trusted(tmp_path / "work")
    assert trust.is_trusted(inside)
    assert trust.is_trusted(tmp_path / "work" / "not there yet")
    assert not trust.is_trusted(beside)
    assert not trust.is_trusted(tmp_path)


def test_trust_can_be_taken_back(tmp_path: Path) -> None:
    """A folder that was listed is not any more; one that was not is said to be so."""
    trust.trust(tmp_path)
    assert trust.distrust(tmp_path)
    assert not trust.distrust(tmp_path)
    assert not trust.is_trusted(tmp_path)
    assert trust.trusted_folders() == ()


def test_links_are_followed(tmp_path: Path) -> None:
    """A link into a trusted folder is trusted, a link out of one is not."""
    (tmp_path / "good" / "x").mkdir(parents=True)
    (tmp_path / "bad").mkdir()
    (tmp_path / "to good").symlink_to(tmp_path / "good")
    (tmp_path / "good" / "to bad").symlink_to(tmp_path / "bad")
    trust.trust(tmp_path / "to good")
    assert trust.trusted_folders() == ((tmp_path / "good").resolve(),)
    assert trust.is_trusted(tmp_path / "to good" / "x")
    assert not trust.is_trusted(tmp_path / "good" / "to bad")
    assert not trust.is_trusted(tmp_path / "good" / ".." / "bad")


def test_what_cannot_be_trusted(tmp_path: Path) -> None:
    """A file, nothing at all and the whole file system are refused."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "absent"):
        with pytest.raises(ConfigError, match="is not a folder"):
            trust.trust(path)
    with pytest.raises(ConfigError, match="the root of the file system"):
        trust.trust(Path("/"))
    assert not trust.trust_file().exists()


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"a": 1}', "null", '"/"', "[1, null, {}]", "[[]]", "\x00", '["relative"]', '[""]'],
)
def test_a_damaged_list_trusts_nothing(tmp_path: Path, content: str) -> None:
    """Reading never raises, and garbage gives no trust."""
    trust.trust_file().parent.mkdir(parents=True)
    trust.trust_file().write_text(content)
    assert not trust.is_trusted(tmp_path)
    assert not trust.is_trusted(Path("relative"))
    trust.trust(tmp_path)
    assert trust.is_trusted(tmp_path)


def test_the_list_is_the_users_own(tmp_path: Path) -> None:
    """It is written whole, with nobody else allowed to read it, and no draft stays."""
    trust.trust(tmp_path)
    path = trust.trust_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    assert json.loads(path.read_text()) == [str(tmp_path.resolve())]
    assert list(path.parent.iterdir()) == [path]


def test_trusting_twice_lists_once(tmp_path: Path) -> None:
    """The list has each folder once, sorted."""
    for name in ("b", "a", "b"):
        (tmp_path / name).mkdir(exist_ok=True)
        trust.trust(tmp_path / name)
    assert [path.name for path in trust.trusted_folders()] == ["a", "b"]


def test_a_list_that_cannot_be_written(tmp_path: Path) -> None:
    """The reason is given; nothing is trusted."""
    trust.trust_file().parent.parent.mkdir(parents=True, exist_ok=True)
    trust.trust_file().parent.write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        trust.trust(tmp_path)
    assert not trust.is_trusted(tmp_path)
