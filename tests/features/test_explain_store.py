"""Explanations are kept for all windows and for the user alone, and never stop anybody."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from ducktypist.domain import ClaimCount
from ducktypist.features.explain.store import MAX_IN_MEMORY, ExplanationStore, Told

KEY = "ab" * 20
TOLD = Told(
    prose="**What:** It adds.",
    claims=ClaimCount(n_confirmed=2, n_contradicted=1, n_unconfirmed=3),
    suggestion_id="01ABC",
    total_ms=12.5,
)
DAY_S = 86400.0


def store(folder: Path | None, *, keep_days: int = 30) -> ExplanationStore:
    """Return a window's store."""
    return ExplanationStore(folder=folder, keep_days=keep_days)


def files(folder: Path) -> list[Path]:
    """Return the files of a store."""
    return sorted(folder.rglob("*.json"))


def test_another_window_reads_what_one_wrote(tmp_path: Path) -> None:
    """What one window had explained the next one knows, with its claims and its suggestion."""
    store(tmp_path / "x").put(KEY, TOLD)
    assert store(tmp_path / "x").get(KEY) == TOLD
    assert store(tmp_path / "x").get("cd" * 20) is None


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """Folders and files are the user's alone."""
    store(tmp_path / "x").put(KEY, TOLD)
    (file,) = files(tmp_path)
    for path, mode in ((file, 0o600), (file.parent, 0o700), (tmp_path / "x", 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_what_is_to_be_kept_nowhere_is_in_no_file(tmp_path: Path) -> None:
    """With no days to keep it, or no folder, it lives as long as its window."""
    for mine in (store(tmp_path / "x", keep_days=0), store(None)):
        mine.put(KEY, TOLD)
        assert mine.get(KEY) == TOLD
    assert not (tmp_path / "x").exists()


def test_forgotten_is_forgotten_for_all(tmp_path: Path) -> None:
    """After ``regenerate`` no window finds the old one."""
    mine = store(tmp_path)
    mine.put(KEY, TOLD)
    mine.forget(KEY)
    mine.forget("cd" * 20)
    assert mine.get(KEY) is None
    assert store(tmp_path).get(KEY) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"format": 99, "prose": "x"}',
        b'{"format": 1, "prose": 3, "claims": [1, 2, 3], "suggestion_id": "x", "total_ms": 1}',
        b'{"format": 1, "prose": "x", "claims": [1], "suggestion_id": "x", "total_ms": 1}',
        b" " * 200_000,
    ],
)
def test_a_damaged_file_is_no_explanation(tmp_path: Path, content: bytes) -> None:
    """Whatever lies there costs an answer's being asked for again, no more."""
    store(tmp_path).put(KEY, TOLD)
    (file,) = files(tmp_path)
    file.write_bytes(content)
    assert store(tmp_path).get(KEY) is None


def test_what_somebody_put_there_holds_nothing_to_click(tmp_path: Path) -> None:
    """A file's prose is made plain again when it is read."""
    store(tmp_path).put(KEY, TOLD)
    (file,) = files(tmp_path)
    found = json.loads(file.read_text("utf-8")) | {"prose": "[x](command:do) <img src=y>"}
    file.write_text(json.dumps(found), "utf-8")
    told = store(tmp_path).get(KEY)
    assert told is not None
    assert "](" not in told.prose
    assert "<img" not in told.prose


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    """Where nothing can be written, memory has to do."""
    (tmp_path / "file").write_text("", "utf-8")
    mine = store(tmp_path / "file" / "x")
    mine.put(KEY, TOLD)
    assert mine.get(KEY) == TOLD


def test_what_nobody_read_for_long_goes(tmp_path: Path) -> None:
    """The sweep goes by when something was last read."""
    mine = store(tmp_path, keep_days=3)
    for number in range(3):
        mine.put(f"{number:02x}" * 20, TOLD)
    now_s = 10_000 * DAY_S
    for number, file in enumerate(files(tmp_path)):
        os.utime(file, (now_s - number * 2 * DAY_S,) * 2)
    assert mine.sweep(now_s=now_s) == 1
    assert len(files(tmp_path)) == 2
    assert store(None).sweep() == 0


def test_memory_has_an_end() -> None:
    """The oldest explanation leaves when there are too many."""
    mine = store(None)
    for number in range(MAX_IN_MEMORY + 1):
        mine.put(f"{number:040x}", TOLD)
    assert mine.get(f"{0:040x}") is None
    assert mine.get(f"{1:040x}") == TOLD
