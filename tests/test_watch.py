from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from ducktypist import watch
from ducktypist.watch import LASTFAILED, LastFailed, lastfailed_changes, read_lastfailed
from support.engines import until_async

WAIT_S = 20.0


def record(root: Path, *node_ids: str) -> None:
    """Write what pytest writes after a run with these red tests."""
    path = root / LASTFAILED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict.fromkeys(node_ids, True)))


@pytest.fixture
def n_read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose record was read so far, the first look before the watch included."""
    found: list[Path] = []

    def noting(root: Path) -> LastFailed | None:
        read = read_lastfailed(root)
        found.append(root)
        return read

    monkeypatch.setattr(watch, "read_lastfailed", noting)
    return found


async def following(changes: AsyncIterator[LastFailed]) -> LastFailed:
    """Return the next change."""
    return await asyncio.wait_for(anext(changes), WAIT_S)


async def next_after(
    changes: AsyncIterator[LastFailed], act: Callable[[], object], n_read: list[Path], n: int
) -> LastFailed:
    """Start to wait, do something after the first look, and return the change it made."""
    waiting = asyncio.ensure_future(following(changes))
    await until_async(lambda: len(n_read) >= n)
    while not waiting.done():
        # Repeated, because nobody can tell when the system has begun to watch.
        await asyncio.to_thread(act)
        await asyncio.wait({waiting}, timeout=1.0)
    return waiting.result()


async def test_each_run_of_pytest_is_seen(tmp_path: Path, n_read: list[Path]) -> None:
    """The record is followed from its first appearance to its removal, which means all green."""
    changes = lastfailed_changes([tmp_path])
    seen = await next_after(changes, partial(record, tmp_path, "t.py::test_a"), n_read, 1)
    assert seen == LastFailed(root=tmp_path, node_ids=("t.py::test_a",))
    seen = await next_after(
        changes, partial(record, tmp_path, "t.py::test_a", "t.py::test_b[x-é]"), n_read, 1
    )
    assert seen.node_ids == ("t.py::test_a", "t.py::test_b[x-é]")
    seen = await next_after(
        changes, partial((tmp_path / LASTFAILED).unlink, missing_ok=True), n_read, 1
    )
    assert seen.node_ids == ()
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_roots_are_told_apart(tmp_path: Path, n_read: list[Path]) -> None:
    """With several folders the change says whose it is."""
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        record(root, "t.py::old")
    changes = lastfailed_changes(roots)
    seen = await next_after(changes, partial(record, roots[1], "t.py::new"), n_read, 2)
    assert seen == LastFailed(root=roots[1], node_ids=("t.py::new",))
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_no_folders_no_waiting() -> None:
    """Without anything to watch it ends at once."""
    assert [item async for item in lastfailed_changes([])] == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b"[" * 100_000, b"x" * 9_000_000, b'{"a": tru'],
)
def test_garbage_is_no_record(tmp_path: Path, raw: bytes) -> None:
    """Half-written, foreign, deep or huge files are passed over."""
    path = tmp_path / LASTFAILED
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    assert read_lastfailed(tmp_path) is None


def test_only_red_node_ids_count(tmp_path: Path) -> None:
    """Values other than true are not red; a missing file is no record."""
    assert read_lastfailed(tmp_path) is None
    path = tmp_path / LASTFAILED
    path.parent.mkdir(parents=True)
    path.write_text('{"a.py::x": true, "a.py::y": false, "a.py::z": 1, "b.py": true}')
    assert read_lastfailed(tmp_path) == LastFailed(root=tmp_path, node_ids=("a.py::x", "b.py"))
    path.unlink()
    path.mkdir()
    assert read_lastfailed(tmp_path) is None
