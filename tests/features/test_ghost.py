from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import CompleteConfig
from ducktypist.errors import EngineError
from ducktypist.features.ghost import Ghost
from ducktypist.features.ghost.complete import CompleteRequest, Completion
from ducktypist.features.ghost.running import LINGER_S
from support.cursor import at_cursor
from support.engines import until_async
from support.workbench import Bench, bench_of, document_of

CONFIG = CompleteConfig()


def asking(marked: str) -> CompleteRequest:
    """Return a request at the marked place."""
    text, offset = at_cursor(marked)
    return CompleteRequest(document=document_of(text), offset=offset)


async def ghost_text(ghost: Ghost, bench: Bench, marked: str, **how: Any) -> str | None:
    """Return what is suggested at the marked place."""
    found = await ghost.suggest(asking(marked), workbench=bench.workbench, config=CONFIG, **how)
    return None if found is None else found.edit.new_text


async def ends(bench: Bench) -> list[tuple[str, ...]]:
    """Return what the ledger heard of the end of each suggestion, oldest first."""
    rows = await bench.rows()
    assert await asyncio.to_thread(bench.ledger.flush, 5.0)
    return await asyncio.to_thread(_ends, bench.ledger.path, [row.suggestion_id for row in rows])


def _ends(path: Path, ids: list[str]) -> list[tuple[str, ...]]:
    import apsw  # noqa: PLC0415 - only this helper reads the file itself

    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    query = "SELECT event FROM lifecycle WHERE suggestion_id = ? ORDER BY rowid"
    found = [tuple(str(row[0]) for row in connection.execute(query, (one,))) for one in ids]
    connection.close()
    return found[::-1]


async def test_what_is_typed_through_is_served_without_the_engine(tmp_path: Path) -> None:
    """The same suggestion, with the same id, shown once; a wrong key taken back included."""
    rules = [{"kind": "infill", "reply": "1 + 2"}]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        assert await ghost_text(ghost, bench, "x = <CURSOR>\n") == "1 + 2"
        assert await ghost_text(ghost, bench, "x = 1 <CURSOR>\n") == "+ 2"
        assert await ghost_text(ghost, bench, "x = 1 + <CURSOR>\n") == "2"
        assert await ghost_text(ghost, bench, "x = <CURSOR>\n") == "1 + 2"
        assert len(bench.backend.asked) == 1
        assert await ends(bench) == [("shown",)]


async def test_a_partly_accepted_suggestion_goes_on_under_its_id(tmp_path: Path) -> None:
    """After a word or a line was taken, the rest is the same suggestion."""
    rules = [{"kind": "infill", "reply": "first + second"}]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        found: list[Completion | None] = []
        for marked in ("x = <CURSOR>\n", "x = first<CURSOR>\n", "x = first + <CURSOR>\n"):
            request = asking(marked)
            found.append(await ghost.suggest(request, workbench=bench.workbench, config=CONFIG))
        assert [one and one.edit.new_text for one in found] == [
            "first + second", " + second", "second",
        ]  # fmt: skip
        assert len({one.suggestion_id for one in found if one}) == 1


async def test_that_there_is_nothing_to_say_is_asked_once(tmp_path: Path) -> None:
    """An editor that asks again at the same place gets the same nothing."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "\n\n"}]) as bench:
        ghost = Ghost()
        assert await ghost_text(ghost, bench, "x = <CURSOR>\n") is None
        n_asked = len(bench.backend.asked)
        assert await ghost_text(ghost, bench, "x = <CURSOR>\n") is None
        assert len(bench.backend.asked) == n_asked


SLOWLY = {"kind": "infill", "reply": "12 + 34 + 56", "delay_ms": 60}


@contextlib.asynccontextmanager
async def begun(ghost: Ghost, bench: Bench, marked: str) -> Any:
    """Give a request that the engine has begun to answer."""
    task = asyncio.create_task(ghost_text(ghost, bench, marked))
    await until_async(lambda: bool(bench.backend.asked))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await ghost.aclose()


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_a_running_request_is_kept_while_typing_agrees(
    tmp_path: Path, *, is_cancelled: bool
) -> None:
    """Whether the editor takes its older request back first or not, the engine is asked once."""
    async with bench_of(tmp_path, [SLOWLY]) as bench:
        ghost = Ghost()
        async with begun(ghost, bench, "x = <CURSOR>\n") as older:
            if is_cancelled:
                older.cancel()
                await asyncio.gather(older, return_exceptions=True)
            assert await ghost_text(ghost, bench, "x = 12 <CURSOR>\n") == "+ 34 + 56"
            assert len(bench.backend.asked) == 1
        assert await ends(bench) == [("shown",)]


async def test_a_running_request_is_dropped_when_typing_disagrees(tmp_path: Path) -> None:
    """The engine is asked anew, and the older suggestion counts as superseded, once."""
    rules = [
        {"kind": "infill", "match": "= 9", "reply": "87"},
        {"kind": "infill", "reply": "1 + " * 30, "delay_ms": 40},
    ]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        async with begun(ghost, bench, "x = <CURSOR>\n") as older:
            assert await ghost_text(ghost, bench, "x = 9<CURSOR>\n") == "87"
            assert len(bench.backend.asked) == 2
            await asyncio.gather(older, return_exceptions=True)
        assert await ends(bench) == [("superseded",), ("shown",)]


async def test_it_is_dropped_as_soon_as_the_answer_disagrees(tmp_path: Path) -> None:
    """What was typed ahead of the answer is compared when the answer gets there."""
    rules = [
        {"kind": "infill", "match": "= 98", "reply": "7"},
        {"kind": "infill", "reply": "1 + " * 60, "delay_ms": 100, "prefill_ms": 300},
    ]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        async with begun(ghost, bench, "x = <CURSOR>\n"):
            assert await ghost_text(ghost, bench, "x = 98<CURSOR>\n") == "7"
        assert await ends(bench) == [("superseded",), ("shown",)]


async def test_a_request_that_nobody_takes_over_is_cancelled(tmp_path: Path) -> None:
    """A moment after the editor took it back, the engine is free, and the ledger knows why."""
    rules = [{"kind": "infill", "reply": "word " * 200, "delay_ms": 40}]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        async with begun(ghost, bench, "x = <CURSOR>\n") as task:
            task.cancel()
            await until_async(lambda: bool(bench.backend.ended))
            assert bench.backend.ended[0].reason == "cancelled"
        assert await ends(bench) == [("cancelled",)]


async def test_typing_on_during_the_wait_asks_nothing(tmp_path: Path) -> None:
    """Only the newest keystroke's question reaches the engine."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "1"}]) as bench:
        ghost = Ghost()
        older = asyncio.create_task(ghost_text(ghost, bench, "y<CURSOR>\n", wait_s=0.05))
        await asyncio.sleep(0)
        assert await ghost_text(ghost, bench, "y = <CURSOR>\n") == "1"
        assert await older is None
        assert len(bench.prompts) == 1


async def test_an_answer_that_came_too_late_is_kept_until_it_is_out_of_date(
    tmp_path: Path,
) -> None:
    """Found while nobody waited: shown when the place is asked for again, else superseded."""
    rules = [
        {"kind": "infill", "match": "z =", "reply": "3"},
        {"kind": "infill", "reply": "1 + 2", "delay_ms": 20},
    ]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        for marked in ("x = <CURSOR>\n", "y = <CURSOR>\n"):
            assert await ghost_text(ghost, bench, marked, patience_s=0.0) is None
            n_asked = len(bench.backend.asked)
            await until_async(lambda n=n_asked: len(bench.backend.ended) == n)
            await asyncio.sleep(LINGER_S / 3)
            if marked.startswith("x"):
                assert await ghost_text(ghost, bench, marked) == "1 + 2"
        assert await ghost_text(ghost, bench, "z = <CURSOR>\n") == "3"
        assert await ends(bench) == [("shown",), ("superseded",), ("shown",)]


async def test_an_engine_that_fails_says_so_and_is_asked_again(tmp_path: Path) -> None:
    """A failure is no answer: it is not remembered."""
    rules = [{"kind": "infill", "match": "bad", "fail": "500"}, {"reply": "1"}]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        for _ in range(2):
            with pytest.raises(EngineError):
                await ghost_text(ghost, bench, "bad = <CURSOR>\n")
        assert await ghost_text(ghost, bench, "good = <CURSOR>\n") == "1"


async def test_closing_a_document_gives_up_its_request(tmp_path: Path) -> None:
    """Nobody will look at it."""
    rules = [{"kind": "infill", "reply": "word " * 200, "delay_ms": 40}]
    async with bench_of(tmp_path, rules) as bench:
        ghost = Ghost()
        async with begun(ghost, bench, "x = <CURSOR>\n") as task:
            ghost.closed("untitled:one")
            assert await task is None
        assert await ends(bench) == [("cancelled",)]


async def test_a_dismissed_suggestion_does_not_come_back(tmp_path: Path) -> None:
    """Asked again at its place, the engine may find another."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "1"}]) as bench:
        ghost = Ghost()
        found = await ghost.suggest(
            asking("x = <CURSOR>\n"), workbench=bench.workbench, config=CONFIG
        )
        assert found is not None
        ghost.dismissed(found.suggestion_id)
        assert ghost.remembered(found_in := asking("x = <CURSOR>\n").document, 4) is None
        assert found_in.text == "x = \n"
