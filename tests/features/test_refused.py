"""Suggestions that nobody took: which wait, which are worth it, and what is recorded of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from ducktypist.domain import Document, Outcome, Span, TextEdit
from ducktypist.features import refused as module
from ducktypist.features.afterwards import Suggested
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.features.refused import MAX_TESTS, MAX_WAITING, Refused, check_refused
from ducktypist.ledger.store import Ledger
from ducktypist.verify.sandbox import SandboxStatus
from support.workbench import document_of, grounds_in, write_tree

DOCUMENTED = 'def double(n):\n    """Return n twice.\n\n    >>> double(2)\n    4\n    """\n'
BARE = "def double(n):\n"
TEST = "from sums import double\n\n\ndef test_{}():\n    assert double(3) == 6\n\n\n"


def suggested(
    new: str = "    return n + n\n",
    *,
    source: str = DOCUMENTED,
    name: str = "s1",
    function: str = "",
    path: Path = Path("/nowhere/sums.py"),
) -> Suggested:
    """Return ghost text at the end of a document."""
    at = len(source)
    return Suggested(
        suggestion_id=name,
        document=document_of(source, path=path),
        edit=TextEdit(span=Span(start=at, end=at), old_text="", new_text=new),
        function=function,
    )


def names(waiting: Refused, *, now_s: float = 1e9) -> list[str]:
    """Take all that wait and return their ids."""
    found = []
    while (one := waiting.pop(now_s)) is not None:
        found.append(one.suggestion_id)
    return found


def test_the_newest_waits_first_and_not_for_ever() -> None:
    """Too many give up the oldest ones; what was taken after all waits no longer."""
    waiting = Refused()
    for number in range(MAX_WAITING + 2):
        waiting.put(suggested(name=str(number)), from_s=0.0)
    waiting.drop("3")
    assert len(waiting) == MAX_WAITING - 1
    found = names(waiting)
    assert found[:2] == [str(MAX_WAITING + 1), str(MAX_WAITING)]
    assert found[-1] == "2"
    assert "3" not in found
    assert len(waiting) == 0


def test_large_documents_wait_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is what is kept in memory; one that is too large does not wait at all."""
    monkeypatch.setattr(module, "MAX_WAITING_CHARS", 2000)
    waiting = Refused()
    for number in range(5):
        waiting.put(suggested(name=str(number), source="#" * 900), from_s=0.0)
    assert names(waiting) == ["4", "3"]
    waiting.put(suggested(source="#" * 3000), from_s=0.0)
    assert len(waiting) == 0
    waiting.put(suggested(source="#" * 1900), from_s=0.0)
    assert len(waiting) == 1


def test_what_is_shown_counts_as_refused_a_while_later() -> None:
    """Shown again it is as it was first made, and its time begins anew; a no counts at once."""
    waiting = Refused()
    waiting.put(suggested(), from_s=10.0)
    assert waiting.pop(9.0) is None
    waiting.put(suggested("    n\n"), from_s=20.0)
    assert waiting.pop(19.0) is None
    waiting.put(suggested("    n\n", name="s2"), from_s=5.0)
    assert [one and one.suggestion_id for one in (waiting.pop(6.0), waiting.pop(6.0))] == [
        "s2",
        None,
    ]
    first = waiting.pop(20.0)
    assert first is not None
    assert first.edit.new_text == "    return n + n\n"
    waiting.put(suggested(), from_s=0.0)
    waiting.clear()
    assert waiting.pop(1.0) is None


def test_what_was_run_before_it_was_shown_does_not_wait() -> None:
    """A body that was written on demand."""
    waiting = Refused()
    waiting.put(suggested(function="double"), from_s=0.0)
    assert len(waiting) == 0


async def test_nothing_is_run_where_nothing_may(tmp_path: Path) -> None:
    """In a folder that is not trusted."""
    found = await check_refused(
        suggested(),
        grounds=NotRunnable(reason="the folder is not trusted"),
        ledger=Ledger(tmp_path / "ledger.sqlite3"),
        repeats=3,
    )
    assert found is None
    assert not await asyncio.to_thread((tmp_path / "ledger.sqlite3").exists)


@pytest.fixture
def grounds(workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus) -> Grounds:
    """A trusted workspace."""
    return grounds_in(workspace, sandbox_level, scratch_root)


def events(path: Path) -> list[tuple[str, ...]]:
    """Return what was recorded of runs."""
    if not path.exists():
        return []
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    sql = (
        "SELECT verifier, outcome, moment, n_repeats FROM verified"
        " WHERE verifier NOT IN ('parse', 'resolve') ORDER BY seq"
    )
    try:
        return [tuple(str(item) for item in row) for row in connection.execute(sql)]
    finally:
        connection.close()


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("one", "n_tests", "recorded"),
    [
        (suggested(), 0, [("examples", "plausible", "as_suggested", "3")]),
        (suggested("    return n\n"), 0, [("examples", "still_failing", "as_suggested", "1")]),
        (
            suggested("    return 2 * n\n", source=BARE),
            2,
            [("target_test", "plausible", "as_suggested", "3")],
        ),
        (suggested("    m = n\n", source=BARE), 2, []),
        (suggested("    return 2 * n\n", source=BARE + "    n = n or 0\n"), 2, []),
        (suggested("    return 2 * n\n", source=BARE), MAX_TESTS + 1, []),
        (suggested("    return 2 * n\n", source=BARE), 0, []),
        (suggested("x = 1\n", source=""), 2, []),
    ],
    ids=[
        *("right", "wrong", "by tests", "unfinished", "in other code", "too many tests"),
        *("nothing to run", "in no function"),
    ],
)
async def test_what_is_run_is_the_suggestion_as_it_was_made(
    grounds: Grounds,
    tmp_path: Path,
    one: Suggested,
    n_tests: int,
    recorded: list[tuple[str, ...]],
) -> None:
    """In the document as it was then; only what can be evidence, and only where it is cheap."""
    tests = "".join(TEST.format(number) for number in range(n_tests))
    write_tree(grounds.root, {"sums.py": "# another text by now\n", "test_sums.py": tests})
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    document = Document(
        uri=one.document.uri,
        path=grounds.root / "sums.py",
        language="python",
        version=1,
        text=one.document.text,
    )
    placed = Suggested(suggestion_id="s1", document=document, edit=one.edit)
    found = await check_refused(placed, grounds=grounds, ledger=ledger, repeats=3)
    await asyncio.to_thread(ledger.flush)
    assert await asyncio.to_thread(events, ledger.path) == recorded
    assert (found is not None) == bool(recorded)
    if found is not None:
        assert (found.outcome is Outcome.PLAUSIBLE) == (recorded[0][1] == "plausible")
    await asyncio.to_thread(ledger.close)
