"""Accepted suggestions in files: what a look at them writes down, in this session and the next."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist.domain import Span
from ducktypist.features import following as module
from ducktypist.features.followed_files import MAX_OTHERS, Others, block_at, text_on_disk
from ducktypist.features.following import Accepted, Trail
from ducktypist.ledger.attribution.following import Resumed
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.unfinished import read_unfinished
from support.ledger_events import requested

BODY = "    total = 0\n    for item in items:\n        total += item\n    return total\n"
HEAD = "def add(items):\n"
TEXT = HEAD + BODY
FILE = "pkg/sums.py"


class Place:
    """A workspace folder, a ledger and a clock."""

    def __init__(self, root: Path, ledger: Path) -> None:
        (root / "pkg").mkdir(parents=True)
        self.root = root
        self.now_s = 1000.0
        self.ledger = Ledger(ledger)
        self.trail = self.fresh()

    def fresh(self) -> Trail:
        """Return the trail of a new session."""
        return Trail(lambda: self.ledger, now_s=lambda: self.now_s)

    def write(self, text: str, path: str = FILE) -> None:
        """Write a file."""
        (self.root / path).write_text(text)

    async def took(self, name: str = "s1", *, is_open: bool = True, text: str = TEXT) -> None:
        """Accept the body."""
        self.ledger.append(requested(name, session_id="gone"))
        self.write(text)
        at = text.index(BODY)
        await self.trail.took(
            Accepted(
                suggestion_id=name,
                root=self.root,
                path=FILE,
                span=Span(start=at, end=at + len(BODY)),
                text=BODY,
                document=text,
                is_body=True,
                is_open=is_open,
            ),
            at_s=self.now_s,
        )

    async def look(self, path: str = FILE, **opened: str) -> None:
        """Look at a file; ``opened`` maps paths with their slashes and dots left out to texts."""
        texts = {FILE: opened["text"]} if "text" in opened else {}
        await self.trail.look(str(self.root), path, opened=texts)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return rows of the ledger."""
        await asyncio.to_thread(self.ledger.flush)

        def read() -> list[tuple[Any, ...]]:
            connection = apsw.Connection(str(self.ledger.path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                return list(connection.execute(sql))
            finally:
                connection.close()

        return await asyncio.to_thread(read)

    async def persisted(self) -> list[tuple[Any, ...]]:
        """Return all checkpoints."""
        return await self.rows("SELECT checkpoint, edit_ratio FROM persisted ORDER BY seq")

    async def sighted(self) -> list[tuple[Any, ...]]:
        """Return all sightings."""
        return await self.rows("SELECT path, how, edit_ratio FROM sighted ORDER BY seq")


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Return a folder without anything."""
    made = await asyncio.to_thread(Place, tmp_path / "work", tmp_path / "ledger.sqlite3")
    yield made
    await asyncio.to_thread(made.ledger.close)


async def test_checkpoints_come_when_they_are_due(place: Place) -> None:
    """The trail says when, and each is written once."""
    assert place.trail.is_empty
    assert await place.trail.wait_s() is None
    await place.took()
    assert not place.trail.is_empty
    assert place.trail.files() == {(str(place.root), FILE)}
    assert await place.trail.wait_s() == 30.0
    assert await place.trail.due() == ()
    place.now_s += 31
    assert await place.trail.due() == ((str(place.root), FILE),)
    await place.look(text=TEXT)
    assert await place.trail.due() == ()
    place.trail.edited(str(place.root), FILE, Span(start=0, end=0), "import os\n")
    place.now_s += 90
    await place.look(text="import os\n" + TEXT.replace("item\n", "item * 2\n"))
    place.now_s += 500
    await place.look(text="import os\n")
    found = await place.persisted()
    assert [name for name, _ in found] == ["30s", "2min", "10min"]
    assert found[0][1] == 0
    assert 0 < found[1][1] < 0.5
    assert found[2][1] == 1


async def test_a_file_on_the_disk(place: Place) -> None:
    """It is found where another program put it, and in the files that changed since."""
    await place.took()
    place.trail.closed(str(place.root), FILE)
    place.write("# of other things\n" * 20, "pkg/other.py")
    await place.look()
    place.write("# moved away\n")
    place.write("import os\n\n\n" + TEXT, "pkg/new.py")
    await place.look()
    assert (await place.sighted())[-1] == ("pkg/new.py", "content", 0.0)
    assert place.trail.files() == {(str(place.root), "pkg/new.py")}
    (place.root / "pkg/new.py").rename(place.root / "pkg/newer.py")
    await place.look("pkg/new.py")
    assert (await place.sighted())[-1][0] == "pkg/newer.py"
    (place.root / "pkg/newer.py").unlink()
    await place.look("pkg/newer.py")
    assert (await place.sighted())[-1] == ("", "content", 1.0)
    assert place.trail.files() == {(str(place.root), "pkg/newer.py")}


async def test_what_was_said_to_be_renamed(place: Place) -> None:
    """Files and folders."""
    await place.took(is_open=False)
    (place.root / "pkg").rename(place.root / "lib")
    await place.trail.renamed(str(place.root), "pkg", "lib")
    assert place.trail.files() == {(str(place.root), "lib/sums.py")}
    await place.look("lib/sums.py")
    assert (await place.sighted())[-1][::2] == ("lib/sums.py", 0.0)


async def test_commits_and_checkouts(place: Place) -> None:
    """The first commit that changes its file counts; what is not checked out is away."""
    await place.took(is_open=False)
    root = str(place.root)
    await place.trail.committed(root, "c1", {"pkg/other.py": TEXT})
    await place.trail.committed(root, "c2", {FILE: TEXT.replace("return total", "return 1")})
    await place.trail.committed(root, "c3", {FILE: TEXT})
    ((name, ratio),) = await place.persisted()
    assert name == "next_commit"
    assert 0 < ratio < 0.5
    assert await place.rows("SELECT commit_hash FROM sighted WHERE how = 'commit'") == [("c2",)]
    await place.trail.switched(root)
    place.write("# another branch\n")
    await place.look()
    place.now_s += 40
    assert await place.trail.due() == ()
    assert len(await place.persisted()) == 1
    await place.trail.switched(root)
    place.write(TEXT)
    await place.look()
    assert (await place.persisted())[-1] == ("30s", 0.0)


async def test_a_checkpoint_that_nobody_saw(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later it counts only where the file was not written since."""
    clock = _Clock(10_000.0)
    monkeypatch.setattr(module, "time", clock)
    await place.took(is_open=False)
    os.utime(place.root / FILE, (10_100.0, 10_100.0))
    place.now_s += 3600
    clock.now_s += 3600
    await place.look()
    assert await place.persisted() == [("10min", 0.0)]
    place.trail = place.fresh()
    await place.took("s2", is_open=False)
    place.now_s += 3600
    clock.now_s += 3600
    os.utime(place.root / FILE, (clock.now_s - 5, clock.now_s - 5))
    await place.look()
    assert len(await place.persisted()) == 1


class _Clock:
    """A wall clock that tests move."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def time(self) -> float:
        """Return the time."""
        return self.now_s


async def test_the_next_session_goes_on(place: Place) -> None:
    """By what the text says; what was seen already is not written again."""
    await place.took()
    place.now_s += 31
    await place.look(text=TEXT)
    await place.rows("SELECT 1 FROM placed")
    place.trail = place.fresh()
    place.write("import os\n\n" + TEXT)
    assert await place.trail.resume([place.root], is_ours=lambda _: False) == ()
    assert await place.trail.resume([place.root / "pkg"], is_ours=lambda _: True) == ()
    (resumed,) = await place.trail.resume([place.root], is_ours=lambda name: name == "gone")
    assert (resumed.suggestion_id, resumed.path, resumed.root) == ("s1", FILE, str(place.root))
    assert await place.trail.resume([place.root], is_ours=lambda _: True) == ()
    assert place.trail.files() == {(str(place.root), FILE)}
    place.now_s += 130
    await place.look()
    place.now_s += 600
    await place.look()
    assert [name for name, _ in await place.persisted()] == ["30s", "2min", "10min"]


async def test_what_the_ledger_knows_of_unfinished_ones(place: Place) -> None:
    """The newest that are not gone, of these folders, and not older than a month."""
    await place.took("s1")
    place.trail = place.fresh()
    await place.took("s2", text="import os\n" + TEXT)
    await place.look(text="import os\n")
    await place.rows("SELECT 1 FROM placed")
    roots = {place.ledger.keyed_hash(str(place.root)): str(place.root)}
    now = dt.datetime.now(dt.UTC)

    def read(days: int = 0) -> tuple[Resumed, ...]:
        later = now + dt.timedelta(days=days)
        return read_unfinished(place.ledger.path, roots, now=later, is_ours=lambda _: True)

    (one,) = await asyncio.to_thread(read)
    assert (one.suggestion_id, one.is_body, one.edit_ratio, one.done) == (
        "s1", True, 0.0, frozenset(),
    )  # fmt: skip
    assert one.made_hashes == {one.block_hash} == {one.last_block_hash}
    assert 0 <= one.age_s < 60
    assert [item.age_s > 86_400 for item in await asyncio.to_thread(read, 2)] == [True]
    assert await asyncio.to_thread(read, 31) == ()
    roots.clear()
    assert await asyncio.to_thread(read) == ()


async def test_one_question_at_a_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks wait for each other in threads; edits never wait."""
    await place.took()
    going, release = threading.Event(), threading.Event()

    def slow(path: Path) -> str | None:
        going.set()
        release.wait(20)
        return text_on_disk(path)

    monkeypatch.setattr(module, "text_on_disk", slow)
    looks = [asyncio.ensure_future(place.look()) for _ in range(2)]
    await asyncio.to_thread(going.wait, 20)
    place.trail.edited(str(place.root), FILE, Span(start=0, end=0), "x")
    place.trail.opened(str(place.root), FILE, "x" + TEXT)
    looks[0].cancel()
    release.set()
    await asyncio.gather(*looks, return_exceptions=True)
    assert looks[1].exception() is None


def test_only_what_changed_is_searched(tmp_path: Path) -> None:
    """Files of the same kind, those that an editor has open by their texts, and not too many."""
    old, since_s = tmp_path / "old.py", time.time() + 1000
    old.write_text("old\n")
    assert dict(Others(tmp_path, "gone.py", opened={}, since_s=since_s)) == {}
    for number in range(MAX_OTHERS + 5):
        (tmp_path / f"n{number}.py").write_text(f"n = {number}\n")
    (tmp_path / "n.go").write_text("package n\n")
    opened = {"old.py": "open\n", "open.go": "package o\n", "gone.py": ""}
    others = Others(tmp_path, "gone.py", opened=opened, since_s=0.0)
    assert others["open.go"] == "package o\n"
    assert others["old.py"] == "open\n"
    assert len(others) == MAX_OTHERS + 1
    assert "gone.py" not in others
    assert "n.go" not in set(others)


def test_texts_on_disk(tmp_path: Path) -> None:
    """With their line ends; nothing of what is no file, or too large."""
    path = tmp_path / "a.py"
    path.write_bytes(b"a\r\n\xff")
    assert text_on_disk(path) == "a\r\n\udcff"
    assert text_on_disk(tmp_path) is None
    assert text_on_disk(tmp_path / "gone") is None
    os.mkfifo(tmp_path / "pipe")
    assert text_on_disk(tmp_path / "pipe") is None
    with path.open("wb") as file:
        file.truncate(5 * 1024**2)
    assert text_on_disk(path) is None


def test_the_block_at_a_place() -> None:
    """The innermost function's, in the language of the file's name."""
    text = "x = 1\n" + TEXT
    assert block_at("a.py", text, len(text) - 4) == TEXT.rstrip("\n")
    assert block_at("a.py", text, 0) == ""
    assert block_at("a.txt", text, len(text) - 4) == ""
    code = "package a\n\nfunc One() int {\n\treturn 1\n}\n"
    assert block_at("a.go", code, code.index("return")).startswith("func One() int {")
