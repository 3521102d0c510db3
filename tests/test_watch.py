from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ducktypist.watch import LASTFAILED, LastFailed, lastfailed_changes, read_lastfailed

WAIT_S = 20.0


def record(root: Path, *node_ids: str) -> None:
    """Write what pytest writes after a run with these red tests."""
    path = root / LASTFAILED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict.fromkeys(node_ids, True)))


async def following(changes: AsyncIterator[LastFailed]) -> LastFailed:
    """Return the next change."""
    return await asyncio.wait_for(anext(changes), WAIT_S)


async def next_after(changes: AsyncIterator[LastFailed], act: object, *given: object) -> LastFailed:
    """Start to wait, do something after the watch began, and return the change it made."""
    waiting = asyncio.ensure_future(following(changes))
    while not waiting.done():
        # Repeated, because nobody can tell when the system has begun to watch.
        await asyncio.to_thread(act, *given)  # type: ignore[arg-type] # any callable
        await asyncio.wait({waiting}, timeout=1.0)
    return waiting.result()


async def test_each_run_of_pytest_is_seen(tmp_path: Path) -> None:
    """The record is followed from its first appearance to its removal, which means all green."""
    changes = lastfailed_changes([tmp_path])
    seen = await next_after(changes, record, tmp_path, "t.py::test_a")
    assert seen == LastFailed(root=tmp_path, node_ids=("t.py::test_a",))
    seen = await next_after(changes, record, tmp_path, "t.py::test_a", "t.py::test_b[x-é]")
    assert seen.node_ids == ("t.py::test_a", "t.py::test_b[x-é]")
    seen = await next_after(changes, (tmp_path / LASTFAILED).unlink, True)
    assert seen.node_ids == ()
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_roots_are_told_apart(tmp_path: Path) -> None:
    """With several folders the change says whose it is."""
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        record(root, "t.py::old")
    changes = lastfailed_changes(roots)
    seen = await next_after(changes, record, roots[1], "t.py::new")
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
