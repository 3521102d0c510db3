"""Kept text is removed by itself when its days are over."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ducktypist.app.explained import explanation_store
from ducktypist.app.upkeep import expire_daily, sweep_daily
from ducktypist.config import ExplainConfig
from ducktypist.domain import ClaimCount
from ducktypist.features.explain.store import Told
from ducktypist.ledger import database
from ducktypist.ledger.events import SourceText, TextRole
from ducktypist.ledger.rows import row_of
from support.engines import until_async


def n_texts(path: Path) -> int:
    """Return how many texts a ledger keeps."""
    with database.reading(path) as connection:
        return int(str(connection.execute("SELECT count(*) FROM source_text").get))


def keep(path: Path, at_utc: str) -> None:
    """Keep a text as of a time."""
    writer = database.open_writer(path)
    text = SourceText(suggestion_id="s", role=TextRole.ANSWER, text="quack")
    assert writer.write([row_of(text, at_utc=at_utc)]) == []
    writer.close()


async def test_old_text_goes_each_day_and_settings_count(tmp_path: Path) -> None:
    """It is removed once days are set, again and again, and what is young stays."""
    path, days = tmp_path / "l.sqlite3", [0]
    await asyncio.to_thread(keep, path, "2020-01-01T00:00:00.000Z")
    await asyncio.to_thread(keep, path, "2999-01-01T00:00:00.000Z")
    task = asyncio.ensure_future(expire_daily(lambda: (path, days[0]), interval_s=0.01))
    await asyncio.sleep(0.1)
    assert await asyncio.to_thread(n_texts, path) == 2
    days[0] = 90
    await until_async(lambda: n_texts(path) == 1)
    await asyncio.to_thread(keep, path, "2020-01-01T00:00:00.000Z")
    await until_async(lambda: n_texts(path) == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_trouble_is_logged_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that cannot be opened ends nothing."""
    path = tmp_path / "l.sqlite3"
    await asyncio.to_thread(keep, path, "2020-01-01T00:00:00.000Z")
    # Where its lock should be lies a folder.
    (tmp_path / "l.sqlite3.lock").unlink()
    (tmp_path / "l.sqlite3.lock").mkdir()
    rounds = asyncio.Queue[None]()

    def kept() -> tuple[Path, int]:
        rounds.put_nowait(None)
        return path, 90

    task = asyncio.ensure_future(expire_daily(kept, interval_s=0.01))
    for _ in range(3):
        await rounds.get()
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "not looked through" in caplog.text


async def test_explanations_that_nobody_read_go_and_settings_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not read for so many days is removed; with no days, all of it is."""
    monkeypatch.setenv("DUCKTYPIST_CACHE_DIR", str(tmp_path))
    settings = [ExplainConfig(keep_days=30)]
    store = explanation_store(settings[0])
    told = Told(prose="It adds.", claims=ClaimCount(), suggestion_id="s", total_ms=1.0)

    def files() -> list[Path]:
        return sorted(tmp_path.rglob("*.json"))

    for key in ("ab" * 20, "cd" * 20):
        await asyncio.to_thread(store.put, key, told)
    old, young = await asyncio.to_thread(files)
    await asyncio.to_thread(os.utime, old, (0, 0))
    task = asyncio.ensure_future(sweep_daily(lambda: settings[0], interval_s=0.01))
    await until_async(lambda: files() == [young])
    settings[0] = ExplainConfig(keep_days=0)
    await until_async(lambda: not files())
    assert not task.done()
    task.cancel()
