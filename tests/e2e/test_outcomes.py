"""Test runs as evidence: the server's own, reports on the disk, and outcomes from CI."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist import config
from support.engines import until_async
from support.outcome_runs import run_pytest
from support.windows import Window, files_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]
WORDS = (
    "def shout(text: str) -> str:\n"
    '    """Return the text in capitals.\n\n'
    "    >>> shout('ab')\n    'AB'\n"
    '    """\n'
)
TEST = "from shop.words import shout\n\n\ndef test_shout():\n    assert shout('a b') == 'A B'\n"
LATER = "\n\ndef test_sharp():\n    assert shout('ß') == 'ß'\n"
FILES = {
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "shop/words.py": WORDS,
    "tests/test_words.py": TEST,
}
NODE_ID = "tests/test_words.py::test_shout"
WAIT_S = 60.0


def rows(sql: str) -> list[tuple[Any, ...]]:
    """Return rows of the ledger; none before there is one."""
    path = config.ledger_path(config.Config().ledger)
    if not path.exists():
        return []
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(connection.execute(sql))
    except (apsw.SQLError, apsw.BusyError):
        # The tables are still being made.
        return []
    finally:
        connection.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something in the ledger."""
    await until_async(condition, timeout_s=WAIT_S)


def label(suggestion_id: str) -> str:
    """Return the label that the ledger shows."""
    found = rows(f"SELECT label FROM suggestion WHERE suggestion_id = '{suggestion_id}'")  # noqa: S608 - an id of ours
    return str(found[0][0]) if found else ""


async def accepted(window: Window, root: Path) -> str:
    """Take the ghost text that is the body of ``shout``, and save; return the suggestion's id."""
    await window.ready()
    path = root / "shop/words.py"
    uri = window.open(path, WORDS + "    ")
    params = {
        "textDocument": {"uri": uri},
        "position": window.place(uri, '"""\n    '),
        "context": {"triggerKind": 1},
    }
    found = await window.client.request("textDocument/inlineCompletion", params)
    (item,) = found["items"]
    window.change(uri, [{"range": item["range"], "newText": item["insertText"] + "\n"}])
    (name,) = item["command"]["arguments"]
    await window.command("accepted", name)
    path.write_text(window.texts[uri])
    window.client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    await until(lambda: bool(rows("SELECT 1 FROM sighted WHERE as_made = 1")))
    return str(name)


async def ingested(root: Path, file: Path) -> dict[str, Any]:
    """Give an outcomes file to the ledger, as a person does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ducktypist", "ledger", "ingest", str(file), "--json"),
        cwd=root,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, errors = await process.communicate()
    assert process.returncode == 0, errors
    found: dict[str, Any] = json.loads(said)
    return found


async def test_a_body_that_was_right_turns_out_wrong_in_ci(
    script: Path, workspace: Workspace
) -> None:
    """Our own checks and runs say right; days later a test in CI says wrong, and both stand."""
    root = workspace(FILES, may_change=True)
    async with Window.opened(root, script=script) as window:
        name = await accepted(window, root)
        await until(lambda: label(name) == "right")
        for count in (1, 2):
            await window.command("runTests", {"nodeid": NODE_ID})
            await until(lambda count=count: len(rows("SELECT 1 FROM test_seen")) == count)  # type: ignore[misc] # the default binds the loop's variable
        ((source, passed, is_direct),) = set(
            await asyncio.to_thread(
                rows,
                "SELECT source, passed, is_direct FROM test_seen JOIN test_run USING (run_id)",
            )
        )
        assert (source, passed, is_direct) == ("server", 1, 1)
        await until(lambda: bool(rows("SELECT 1 FROM verified WHERE run_id <> ''")))
        assert await asyncio.to_thread(label, name) == "right"
    files_written(root, {"tests/test_words.py": TEST + LATER})
    file = root / "ci.jsonl"
    await asyncio.to_thread(run_pytest, root, "--ducktypist-outcomes", str(file))
    found = await ingested(root, file)
    assert found["suggestions"] == [name]
    assert label(name) == "wrong"
    history = rows(
        f"SELECT label FROM label_history WHERE suggestion_id = '{name}' ORDER BY place"  # noqa: S608 - an id of ours
    )
    assert (history[0][0], history[-1][0]) == ("right", "wrong")
    again = await ingested(root, file)
    assert (again["seen"], again["suggestions"]) == (0, [])


async def test_a_report_on_the_disk_speaks_in_a_folder_that_nobody_trusts(
    script: Path, workspace: Workspace
) -> None:
    """JUnit XML and pytest's cache are read, nothing is run, and each report counts once."""
    root = workspace(FILES, may_change=True)
    options = {"tests": {"junit_xml": "report.xml"}, "ledger": {"verify_refused": False}}
    async with Window.opened(root, script=script, options=options, trusted=False) as window:
        name = await accepted(window, root)
        files_written(root, {"tests/test_words.py": TEST + LATER})
        for path in root.rglob("*.py"):
            os.utime(path, (path.stat().st_mtime - 60,) * 2)
        await asyncio.to_thread(run_pytest, root, "--junitxml", "report.xml")
        await until(lambda: len(rows("SELECT 1 FROM test_run")) == 2)
        found = await asyncio.to_thread(
            rows,
            "SELECT source, passed, is_direct FROM test_seen JOIN test_run USING (run_id) "
            "ORDER BY source, passed",
        )
        assert found == [("junit", 0, 1), ("junit", 1, 1), ("lastfailed", 0, 1)]
        await until(lambda: label(name) == "wrong")
    n_before = len(rows("SELECT 1 FROM test_seen"))
    async with Window.opened(root, script=script, options=options, trusted=False) as window:
        await window.ready()
        await window.published((root / "tests/test_words.py").as_uri(), n=1)
        await asyncio.sleep(1.0)
        assert len(await asyncio.to_thread(rows, "SELECT 1 FROM test_seen")) == n_before


async def test_nothing_is_noted_where_following_is_off(script: Path, workspace: Workspace) -> None:
    """With ``ledger.follow`` off, runs leave no trace in the ledger."""
    root = workspace(FILES, may_change=True)
    options = {"ledger": {"follow": False, "verify_refused": False}}
    async with Window.opened(root, script=script, options=options) as window:
        await window.ready()
        await window.command("runTests", {"nodeid": NODE_ID})
        assert await asyncio.to_thread(rows, "SELECT 1 FROM test_run") == []
