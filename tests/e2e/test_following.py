"""What became of accepted suggestions, as a window writes it down: over stdio, with real files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from dulwich import porcelain

from ducktypist import config
from support.engines import until_async
from support.quick_server import quick_command
from support.windows import Window, edited

pytestmark = pytest.mark.e2e

Workspace = Callable[..., Path]
WORDS = (
    '"""Words."""\n\n\n'
    "def shout(text: str) -> str:\n"
    '    """Return the text in capitals.\n\n'
    "    >>> shout('ab')\n    'AB'\n"
    '    """\n'
)
LINE = "return text.upper()"
FILES = {"shop/words.py": WORDS, "shop/other.py": "other = 1\n"}
ALONE = {"complete": {"check_accepted": False}, "ledger": {"verify_refused": False}}
"""Nothing is run: following needs no trust and no sandbox."""
REFUSED = (
    "SELECT suggestion_id, verifier, outcome, moment, n_repeats FROM verified"
    " WHERE moment <> 'before_shown' AND verifier NOT IN ('parse', 'resolve') ORDER BY seq"
)
PARTS = "SELECT suggestion_id, n_tokens, is_body FROM placed ORDER BY seq"
WAIT_S = 30.0
TABLES = ("placed", "sighted", "persisted")
WHO = b"A <a@example.org>"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the server with short waits."""
    monkeypatch.setattr("support.windows.serve_command", quick_command)


async def shown(window: Window, uri: str) -> dict[str, Any]:
    """Ask for ghost text where ``shout`` has no body yet."""
    params = {
        "textDocument": {"uri": uri},
        "position": window.place(uri, '"""\n    '),
        "context": {"triggerKind": 1},
    }
    found = await window.client.request("textDocument/inlineCompletion", params)
    (item,) = found["items"]
    assert LINE in item["insertText"]
    return dict(item)


async def accepted(window: Window, root: Path, *, late: bool = False) -> tuple[str, str]:
    """Take ghost text and save; return the document's URI and the suggestion's id."""
    await window.ready()
    uri = window.open(root / "shop/words.py", WORDS + "    ")
    item = await shown(window, uri)
    (name,) = item["command"]["arguments"]
    edit = {"range": item["range"], "newText": item["insertText"] + "\n"}
    if late:
        await window.command("accepted", name)
        await asyncio.sleep(0.5)
    window.change(uri, [edit])
    if not late:
        await window.command("accepted", name)
    save(window, uri, root / "shop/words.py")
    return uri, name


def save(window: Window, uri: str, path: Path) -> None:
    """Save a document as editors do."""
    path.write_text(window.texts[uri])
    window.client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})


def close(window: Window, uri: str) -> None:
    """Close a document."""
    window.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def rows(sql: str) -> list[tuple[Any, ...]]:
    """Return rows of the ledger; none before there is one."""
    path = config.ledger_path(config.Config().ledger)
    if not path.exists():
        return []
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(10_000)
    try:
        return list(connection.execute(sql))
    except apsw.SQLError:
        # The tables are still being made.
        return []
    finally:
        connection.close()


def persisted() -> dict[str, float]:
    """Return the edit ratio at each checkpoint; each is there once."""
    found = rows("SELECT checkpoint, edit_ratio FROM persisted ORDER BY seq")
    assert len({row[0] for row in found}) == len(found)
    return {str(name): float(ratio) for name, ratio in found}


def sighted() -> list[tuple[Any, ...]]:
    """Return every sighting: path, how, ratio, whether the function is as it was made."""
    return rows("SELECT path, how, edit_ratio, as_made FROM sighted ORDER BY seq")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something in the ledger."""
    try:
        await until_async(condition, timeout_s=WAIT_S)
    except AssertionError:
        found = await asyncio.to_thread(
            lambda: [rows(f"SELECT * FROM {name}") for name in TABLES]  # noqa: S608 - our tables
        )
        raise AssertionError(found) from None


def commit(root: Path, *paths: str, message: bytes = b"change") -> str:
    """Commit files as they lie there; those that are gone, too."""
    for path in paths:
        if (root / path).exists():
            porcelain.add(str(root), paths=[str(root / path)])
        else:
            porcelain.remove(str(root), paths=[str(root / path)], cached=True)
    made = porcelain.commit(str(root), message=message, author=WHO, committer=WHO)
    return made.decode()


@pytest.mark.parametrize("late", [False, True], ids=["edit first", "told first"])
async def test_each_checkpoint_says_how_much_still_stands(
    script: Path, workspace: Workspace, *, late: bool
) -> None:
    """The place is tracked through edits above, inside and of the whole text."""
    root = workspace(FILES, may_change=True)
    async with Window.opened(root, script=script, options=ALONE) as window:
        uri, name = await accepted(window, root, late=late)
        await until(lambda: persisted().keys() >= {"30s", "2min"})
        ((found, path, is_body, n_tokens),) = await asyncio.to_thread(
            rows, "SELECT suggestion_id, path, is_body, n_tokens FROM placed"
        )
        assert (found, path, is_body) == (name, "shop/words.py", 1)
        assert n_tokens == 6
        first = (await asyncio.to_thread(sighted))[0]
        assert first == ("shop/words.py", "tracked", 0.0, 1)
        window.insert(uri, {"line": 0, "character": 0}, "import os\n\n")
        window.insert(uri, window.place(uri, "return text"), ".strip()")
        await until(lambda: "10min" in persisted())
        ratios = await asyncio.to_thread(persisted)
        assert ratios["30s"] == ratios["2min"] == 0
        assert ratios["10min"] == pytest.approx(1 / 6)
        last = (await asyncio.to_thread(sighted))[-1]
        assert last == ("shop/words.py", "tracked", pytest.approx(1 / 6), 0)


async def test_what_is_taken_in_parts(script: Path, workspace: Workspace) -> None:
    """The part that was taken is followed, and later all of it, with one set of checkpoints."""
    root = workspace(FILES)
    async with Window.opened(root, script=script, options=ALONE) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py", WORDS + "    ")
        item = await shown(window, uri)
        (name,), new = item["command"]["arguments"], item["insertText"]
        n_first = new.index("upper") - 1
        for start, end in ((0, n_first - 5), (n_first - 5, n_first)):
            at = window.place(uri, WORDS + "    " + new[:start])
            window.insert(uri, at, new[start:end])
            await window.command("accepted", name, {"accepted_length": end - start})
        await until(lambda: len(rows(PARTS)) == 1)
        at = window.place(uri, new[:n_first])
        window.insert(uri, at, new[n_first:])
        await window.command("accepted", name, {"accepted_length": len(new) - n_first})
        await until(lambda: len(rows(PARTS)) == 2 and len(persisted()) == 3)
        assert await asyncio.to_thread(rows, PARTS) == [(name, 2, 0), (name, 6, 1)]
        assert set((await asyncio.to_thread(persisted)).values()) == {0.0}


async def test_a_closed_file_is_found_by_what_it_says(script: Path, workspace: Workspace) -> None:
    """Changed by another program, renamed with a change, and deleted."""
    root = workspace(FILES, may_change=True)
    path, other = root / "shop/words.py", root / "shop/moved.py"
    async with Window.opened(root, script=script, options=ALONE) as window:
        uri, _ = await accepted(window, root)
        await until(lambda: "30s" in persisted())
        close(window, uri)
        path.write_text("import re\n\n\n" + window.texts[uri].replace('"""Words."""', ""))
        path.write_text(path.read_text().replace(LINE, "return text.lower()"))
        await until(lambda: bool(sighted()[-1][2]))
        assert (await asyncio.to_thread(sighted))[-1] == (
            "shop/words.py", "content", pytest.approx(1 / 6), 0,
        )  # fmt: skip
        path.write_text(path.read_text().replace("lower", "upper"))
        await until(lambda: not sighted()[-1][2])
        path.rename(other)
        await until(lambda: sighted()[-1][0] == "shop/moved.py")
        other.unlink()
        await until(lambda: sighted()[-1][2] == 1.0)
        await until(lambda: persisted().get("10min") == 1.0)


async def test_the_next_commit_says_what_was_committed(script: Path, workspace: Workspace) -> None:
    """Not what lies in the work tree, and not a commit of other files."""
    root = workspace(FILES, may_change=True)
    porcelain.init(str(root)).close()
    commit(root, *FILES)
    async with Window.opened(root, script=script, options=ALONE) as window:
        uri, name = await accepted(window, root)
        await until(lambda: "30s" in persisted())
        (root / "shop/other.py").write_text("other = 2\n")
        await asyncio.to_thread(commit, root, "shop/other.py")
        window.insert(uri, window.place(uri, "return text"), ".strip()")
        save(window, uri, root / "shop/words.py")
        made = await asyncio.to_thread(commit, root, "shop/words.py")
        await until(lambda: "next_commit" in persisted())
        assert (await asyncio.to_thread(persisted))["next_commit"] == pytest.approx(1 / 6)
        found = await asyncio.to_thread(
            rows, "SELECT suggestion_id, path, commit_hash FROM sighted WHERE how = 'commit'"
        )
        assert found == [(name, "shop/words.py", made)]


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
async def test_what_another_branch_lacks_is_not_gone(
    script: Path, workspace: Workspace, *, is_open: bool
) -> None:
    """Checked out again it stands where it stood, and no checkpoint says otherwise."""
    root = workspace(FILES, may_change=True)
    path = root / "shop/words.py"
    porcelain.init(str(root)).close()
    commit(root, *FILES)
    porcelain.branch_create(str(root), "before")
    async with Window.opened(root, script=script, options=ALONE) as window:
        uri, _ = await accepted(window, root)
        await until(lambda: persisted().keys() >= {"30s", "2min"})
        if not is_open:
            close(window, uri)
        await asyncio.to_thread(commit, root, "shop/words.py")
        await until(lambda: "next_commit" in persisted())

        async def checkout(branch: str) -> None:
            await asyncio.to_thread(porcelain.checkout, str(root), branch)
            if is_open:
                # Editors notice that the file is another one, and take its text.
                await asyncio.sleep(0.2)
                whole = {
                    "start": {"line": 0, "character": 0},
                    "end": window.place(uri, window.texts[uri]),
                }
                window.change(uri, [{"range": whole, "newText": path.read_text()}])

        await checkout("before")
        assert path.read_text() == WORDS
        await asyncio.sleep(9.0)
        assert "10min" not in await asyncio.to_thread(persisted)
        await checkout("master")
        await until(lambda: "10min" in persisted())
        assert (await asyncio.to_thread(persisted))["10min"] == 0.0


async def test_an_editor_says_that_a_file_has_another_name(
    script: Path, workspace: Workspace
) -> None:
    """Its folder's name, too; then the file is gone."""
    root = workspace(FILES, may_change=True)
    async with Window.opened(root, script=script, options=ALONE) as window:
        uri, _ = await accepted(window, root)
        await until(lambda: bool(sighted()))
        close(window, uri)
        (root / "shop").rename(root / "store")
        renamed = {"oldUri": (root / "shop").as_uri(), "newUri": (root / "store").as_uri()}
        window.client.notify("workspace/didRenameFiles", {"files": [renamed]})
        uri = window.open(root / "store/words.py")
        window.insert(uri, window.place(uri, "return text"), ".strip()")
        save(window, uri, root / "store/words.py")
        await until(lambda: sighted()[-1][0] == "store/words.py")
        close(window, uri)
        shutil.rmtree(root / "store")
        gone = {"uri": (root / "store").as_uri()}
        window.client.notify("workspace/didDeleteFiles", {"files": [gone]})
        await until(lambda: sighted()[-1][2] == 1.0)


async def test_a_new_window_goes_on_where_the_old_one_was_closed(
    script: Path, workspace: Workspace
) -> None:
    """With checkpoints and commits that came meanwhile; two windows do not do it twice."""
    root = workspace(FILES, may_change=True)
    porcelain.init(str(root)).close()
    commit(root, *FILES)
    async with Window.opened(root, script=script, options=ALONE) as window:
        await accepted(window, root)
        await until(lambda: persisted().keys() >= {"30s", "2min"})
    assert "10min" not in await asyncio.to_thread(persisted)
    made = await asyncio.to_thread(commit, root, "shop/words.py")
    async with (
        Window.opened(root, script=script, options=ALONE),
        Window.opened(root, script=script, options=ALONE),
    ):
        await until(lambda: persisted().keys() >= {"10min", "next_commit"})
        await asyncio.sleep(1.0)
        ratios = await asyncio.to_thread(persisted)
        assert set(ratios.values()) == {0.0}
    found = await asyncio.to_thread(rows, "SELECT commit_hash FROM sighted WHERE how = 'commit'")
    assert found == [(made,)]
    assert len(await asyncio.to_thread(rows, "SELECT 1 FROM placed")) == 1


@pytest.mark.sandbox
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "written to disk"])
async def test_a_fix_is_followed_too(script: Path, workspace: Workspace, *, is_open: bool) -> None:
    """Also in a file that the editor does not open for it."""
    root = workspace(may_change=True)
    path = root / "shop/sums.py"
    async with Window.opened(root, script=script) as window:
        await window.ready()
        tests = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {"uri": tests})
        action = await window.action(tests, "assert add_up(2, 3)", "fix failing test")
        done = await window.resolved(action)
        (change,) = done["edit"]["documentChanges"]
        uri = window.open(path) if is_open else path.as_uri()
        if is_open:
            window.change(uri, change["edits"])
        else:
            path.write_text(edited(path.read_text(), change["edits"]))
        await window.command("accepted", *done["command"]["arguments"])
        await until(lambda: persisted().keys() >= {"30s", "2min"})
        assert (await asyncio.to_thread(persisted))["30s"] == 0.0
        ((name, placed),) = await asyncio.to_thread(rows, "SELECT suggestion_id, path FROM placed")
        assert [name] == done["command"]["arguments"]
        assert placed == "shop/sums.py"


async def test_nothing_is_executed_in_following(script: Path, workspace: Workspace) -> None:
    """An untrusted folder's suggestions are followed, too."""
    trap = "open('ran', 'w').close()\n"
    root = workspace({**FILES, "conftest.py": trap, "shop/__init__.py": trap}, may_change=True)
    options = {"complete": {"check_accepted": True, "offer_unverified": True}}
    async with Window.opened(root, script=script, trusted=False, options=options) as window:
        await accepted(window, root)
        await until(lambda: persisted().keys() >= {"30s", "2min"})
    assert not list(root.glob("**/ran"))
    assert (
        await asyncio.to_thread(rows, "SELECT 1 FROM verified WHERE moment <> 'before_shown'") == []
    )


async def test_the_settings_turn_it_off(script: Path, workspace: Workspace) -> None:
    """The acceptance is written down, and that is all."""
    root = workspace(FILES, may_change=True)
    options = {**ALONE, "ledger": {"follow": False, "verify_refused": False}}
    async with Window.opened(root, script=script, options=options) as window:
        uri, _ = await accepted(window, root)
        await asyncio.sleep(2.0)
        close(window, uri)
        await until(lambda: bool(rows("SELECT 1 FROM lifecycle WHERE event = 'accepted'")))
    for table in TABLES:
        assert await asyncio.to_thread(rows, f"SELECT 1 FROM {table}") == []  # noqa: S608 - ours


@pytest.mark.sandbox
@pytest.mark.parametrize("says_no", [True, False], ids=["dismissed", "ignored"])
async def test_what_nobody_took_is_run_in_idle_time(
    script: Path, workspace: Workspace, *, says_no: bool
) -> None:
    """As it was made, in a trusted folder; it counts, and is not followed."""
    root = workspace(FILES)
    options = {"complete": {"repeats": 3}}
    async with Window.opened(root, script=script, options=options) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py", WORDS + "    ")
        item = await shown(window, uri)
        if says_no:
            await window.command("dismissed", *item["command"]["arguments"])
        window.insert(uri, window.place(uri, '"""\n    '), "return text")
        await until(lambda: bool(rows(REFUSED)))
        assert await asyncio.to_thread(rows, REFUSED) == [
            (*item["command"]["arguments"], "examples", "plausible", "as_suggested", 3)
        ]
    assert await asyncio.to_thread(rows, "SELECT 1 FROM placed") == []


@pytest.mark.sandbox
@pytest.mark.parametrize("trusted", [False, True], ids=["untrusted", "turned off"])
async def test_what_nobody_took_is_not_run_everywhere(
    script: Path, workspace: Workspace, *, trusted: bool
) -> None:
    """Not in folders that are not trusted, and not where somebody turned it off."""
    root = workspace({**FILES, "conftest.py": "open('ran', 'w').close()\n"})
    options = {"ledger": {"verify_refused": not trusted}}
    async with Window.opened(root, script=script, trusted=trusted, options=options) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py", WORDS + "    ")
        item = await shown(window, uri)
        await window.command("dismissed", *item["command"]["arguments"])
        await asyncio.sleep(3.0)
        assert await asyncio.to_thread(rows, REFUSED) == []
