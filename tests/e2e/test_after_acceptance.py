"""After a suggestion was accepted: run again, told at the function, written down; or turned off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from ducktypist import config
from support.engines import until_async
from support.stdio_client import RpcError
from support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]
WORDS = (
    "def shout(text: str) -> str:\n"
    '    """Return the text in capitals.\n\n'
    "    >>> shout('ab')\n    'AB'\n"
    '    """\n'
)
FILES = {
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "shop/words.py": WORDS,
    "tests/test_words.py": (
        "from shop.words import shout\n\n\n"
        "def test_shout():\n    assert shout('a b') == 'A B'\n\n\n"
        "def test_red():\n    assert False\n"
    ),
}
BARE = {**FILES, "tests/test_words.py": ""}
"""With its example alone, which is quicker to run than tests are."""
HINT = 4
QUIET_S = 2.0
PATIENCE_S = 90.0
ONCE = {"complete": {"max_candidates": 1, "more_s": 0.0, "repeats": 1}}
"""One run is enough where the number of runs is not what a test is about."""


async def accepted(window: Window, uri: str) -> str:
    """Let the body of ``shout`` be written, take it, and return the suggestion's id."""
    done = await window.resolved(
        await window.action(uri, "def sh", "write the body"), timeout_s=PATIENCE_S
    )
    window.apply(done["edit"])
    assert done["command"]["command"] == "ducktypist.accepted"
    await window.command("accepted", *done["command"]["arguments"])
    return str(done["data"]["suggestion_id"])


def hints(window: Window, uri: str) -> list[Any]:
    """Return the hints that stand at a document."""
    return [one for one in window.diagnostics(uri) if one["severity"] == HINT]


def told_later() -> list[tuple[str, str, str]]:
    """Return verifier, outcome and moment of what ran after acceptances."""
    path = config.ledger_path(config.Config().ledger)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    sql = (
        "SELECT verifier, outcome, moment FROM verified WHERE moment <> 'before_shown'"
        " AND verifier NOT IN ('parse', 'resolve') ORDER BY seq"
    )
    try:
        return [(str(a), str(b), str(c)) for a, b, c in connection.execute(sql)]
    finally:
        connection.close()


async def test_an_accepted_body_is_run_again_and_told_of(
    script: Path, workspace: Workspace
) -> None:
    """The hint comes by itself, moves with its function, and goes when that is edited."""
    root = workspace(FILES)
    async with Window.opened(root, script=script, options=ONCE) as window:
        uri = window.open(root / "shop/words.py")
        suggestion_id = await accepted(window, uri)
        (hint,) = await window.published(uri, n=1, timeout_s=PATIENCE_S)
        assert "1 example and 1 test pass" in hint["message"]
        assert "(1 of 1 runs" in hint["message"]
        assert (hint["severity"], hint["source"], hint["code"]) == (
            HINT, "ducktypist", suggestion_id,
        )  # fmt: skip
        assert hint["range"]["start"] == {"line": 0, "character": 4}
        table = await window.command("stats")
        (row,) = table["acceptances"]
        assert (row["n_accepted"], row["n_checked"], row["n_hold"]) == (1, 1, 1)
        assert row["n_checked_as_suggested"] == 1
        assert await asyncio.to_thread(told_later) == [("target_test", "plausible", "as_suggested")]

        window.insert(uri, {"line": 0, "character": 0}, "import os\n\n\n")
        await until_async(lambda: hints(window, uri)[0]["range"]["start"]["line"] == 3)
        window.insert(uri, window.place(uri, "text.upper()"), ".strip()")
        await window.published(uri, n=0, timeout_s=PATIENCE_S)


async def test_ghost_text_that_fills_a_body_is_run(script: Path, workspace: Workspace) -> None:
    """Nothing of it was run before; taken in parts it counts when all of it stands there."""
    root = workspace(FILES)
    async with Window.opened(root, script=script, options=ONCE) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py", WORDS + "    ")
        params = {
            "textDocument": {"uri": uri},
            "position": window.place(uri, '"""\n    '),
            "context": {"triggerKind": 1},
        }
        found = await window.client.request("textDocument/inlineCompletion", params)
        (item,) = found["items"]
        window.change(uri, [{"range": item["range"], "newText": item["insertText"]}])
        assert item["command"]["command"] == "ducktypist.accepted"
        (suggestion_id,) = item["command"]["arguments"]
        length = len(item["insertText"])
        await window.command("accepted", suggestion_id, {"accepted_length": 3})
        await window.command("accepted", suggestion_id, {"accepted_length": length - 3})
        (hint,) = await window.published(uri, n=1, timeout_s=PATIENCE_S)
        assert "1 example and 1 test pass" in hint["message"]
        (row,) = (await window.command("stats"))["acceptances"]
        assert (row["n_partly"], row["n_checked_as_suggested"]) == (0, 1)


async def test_hints_and_red_tests_stand_side_by_side(script: Path, workspace: Workspace) -> None:
    """Publishing the one does not take the other away."""
    code = WORDS + "\n\ndef test_here():\n    assert shout is None\n"
    root = workspace({**BARE, "shop/words.py": code})
    async with Window.opened(root, script=script, options=ONCE) as window:
        uri = window.open(root / "shop/words.py")
        await accepted(window, uri)
        await window.published(uri, n=1, timeout_s=PATIENCE_S)
        await window.command("runTests", {"uri": uri})
        found = await window.published(uri, n=2, timeout_s=PATIENCE_S)
        assert sorted(one["severity"] for one in found) == [1, HINT]
        window.insert(uri, window.place(uri, "text.upper()"), ".strip()")
        (left,) = await window.published(uri, n=1, timeout_s=PATIENCE_S)
        assert left["severity"] == 1


async def test_what_the_person_made_of_it_is_what_is_run(
    script: Path, workspace: Workspace
) -> None:
    """Edited before anything ran, the outcome is told and is no evidence."""
    root = workspace(BARE)
    async with Window.opened(root, script=script, options=ONCE) as window:
        uri = window.open(root / "shop/words.py")
        await accepted(window, uri)
        window.insert(uri, window.place(uri, "text.upper()"), "[:1]")
        (hint,) = await window.published(uri, n=1, timeout_s=PATIENCE_S)
        assert "0 of 1 example" in hint["message"]
        # Flushes the ledger.
        await window.command("stats")
        assert await asyncio.to_thread(told_later) == [
            ("examples", "still_failing", "in_edited_code")
        ]


@pytest.mark.parametrize(
    ("trusted", "options"),
    [
        (False, {"complete": {**ONCE["complete"], "offer_unverified": True}}),
        (True, {"complete": {**ONCE["complete"], "check_accepted": False}}),
    ],
    ids=["untrusted", "turned off"],
)
async def test_nothing_runs_where_nobody_wants_it(
    script: Path, workspace: Workspace, *, trusted: bool, options: dict[str, Any]
) -> None:
    """The acceptance is written down, and that is all."""
    root = workspace({**BARE, "conftest.py": "open('ran-conftest', 'w').close()\n"})
    async with Window.opened(root, script=script, trusted=trusted, options=options) as window:
        uri = window.open(root / "shop/words.py")
        await accepted(window, uri)
        await asyncio.sleep(QUIET_S + 1.5)
        assert not hints(window, uri)
        (row,) = (await window.command("stats"))["acceptances"]
        assert (row["n_accepted"], row["n_checked"]) == (1, 0)
        assert await asyncio.to_thread(told_later) == []


async def test_a_window_that_closes_leaves_nothing_running(
    script: Path, workspace: Workspace
) -> None:
    """A check in progress is ended, and its sandbox with it."""
    root = workspace(BARE)
    tests = root / "tests/test_words.py"
    slow = FILES["tests/test_words.py"] + "\n\n__import__('time').sleep(30)\n"
    async with Window.opened(root, script=script, options=ONCE) as window:
        uri = window.open(root / "shop/words.py")
        await accepted(window, uri)
        window.open(tests, slow)
        await asyncio.sleep(QUIET_S + 2.0)
        assert not hints(window, uri)


async def test_taken_in_parts(script: Path, workspace: Workspace) -> None:
    """Word by word it adds up; what is no number is refused."""
    root = workspace(BARE)
    async with Window.opened(root, script=script, options=ONCE) as window:
        uri = window.open(root / "shop/words.py")
        done = await window.resolved(
            await window.action(uri, "def sh", "write the body"), timeout_s=PATIENCE_S
        )
        suggestion_id = done["data"]["suggestion_id"]
        await window.command("accepted", suggestion_id, {"accepted_length": 6})
        await window.command("accepted", suggestion_id, {"accepted_length": 3})
        for wrong in ({}, {"accepted_length": 0}, {"accepted_length": "6"}, [6]):
            with pytest.raises(RpcError, match="accepted_length"):
                await window.command("accepted", suggestion_id, wrong)
        (row,) = (await window.command("stats"))["acceptances"]
        assert (row["n_accepted"], row["n_partly"]) == (1, 1)


async def test_the_off_switch(script: Path, workspace: Workspace) -> None:
    """It answers how it stands, `status` says so, and what it takes is checked."""
    root = workspace(BARE)
    async with Window.opened(
        root, script=script, options={"complete": {"disabled_languages": ["latex"]}}
    ) as window:
        await window.ready()
        on = {"enabled": True, "disabled_languages": ["latex"]}
        assert (await window.command("status"))["completion"] == {
            **on, "infill": "fill-in-the-middle",
        }  # fmt: skip
        assert await window.command("toggleCompletion") == {**on, "enabled": False}
        assert await window.command("toggleCompletion", *[True]) == on
        assert await window.command("toggleCompletion", *[True]) == on
        off = {"language": "markdown", "enabled": False}
        both = {**on, "disabled_languages": ["latex", "markdown"]}
        assert await window.command("toggleCompletion", off) == both
        assert await window.command("toggleCompletion", {"language": "markdown"}) == on
        assert await window.command("toggleCompletion", *[False]) == {**on, "enabled": False}
        said = (await window.command("status"))["completion"]
        assert (said["enabled"], said["disabled_languages"]) == (False, ["latex"])
        for wrong in ("off", 1, {}, {"language": ""}, {"language": "go", "enabled": 1}):
            with pytest.raises(RpcError, match="toggleCompletion"):
                await window.command("toggleCompletion", wrong)
