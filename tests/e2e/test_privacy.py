"""What a session leaves in the ledger: no code, no names, no absolute path, nothing for others."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner

from ducktypist import config
from ducktypist.cli.ledger import ledger as command
from ducktypist.ledger import database
from ducktypist.ledger.events import SourceText, TextRole
from ducktypist.ledger.rows import row_of
from support.engines import until_async
from support.windows import Window, script_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]

CODE = (
    "def zebra_upper(zebra_text: str) -> str:\n"
    '    """Return the zebra in capitals.\n\n'
    "    >>> zebra_upper('ab')\n    'AB'\n"
    '    """\n'
)
SUMS = "def zebra_sum(first: int, second: int) -> int:\n    return first - second\n"
MORE = 'def zebra_more(zebra_text: str) -> str:\n    """Return the zebra aloud."""\n    '
FILES = {
    "shop/more.py": "",
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "shop/words.py": CODE,
    "shop/sums.py": SUMS,
    "tests/test_sums.py": (
        "from shop.sums import zebra_sum\n\n\n"
        "def test_zebra_adds():\n    assert zebra_sum(2, 3) == 5\n"
    ),
}
RULES = [
    {"kind": "chat", "match": "Explain ", "reply": "It subtracts a zebra."},
    {"kind": "infill", "match": "def zebra_more", "reply": "return zebra_text.upper()"},
    {"kind": "infill", "match": "def zebra_sum", "reply": "return first + second"},
    {"kind": "infill", "match": "def zebra_upper", "reply": "return zebra_text.upper()"},
    {
        "kind": "chat",
        "match": "Write the body.*def zebra_upper",
        "reply": "\n    return zebra_text.upper()\n",
    },
    {"kind": "text", "match": "def zebra_upper", "reply": "return zebra_text.upper()\n"},
]
ONCE = {
    "complete": {"max_candidates": 1, "more_s": 0.0, "repeats": 1},
    "fix": {"repeats": 1, "budget_s": 20},
}
PATIENCE_S = 90.0
FILE_NAME = "shop/words.py"


@pytest.fixture
def zebra_script(tmp_path: Path) -> Path:
    """A model whose every answer holds the word."""
    return script_written(tmp_path / "zebra.json", name="scripted", rule=RULES)


def files_of(path: Path) -> Iterator[Path]:
    """Yield what of a ledger is there: the file, its log, its shared memory, its key, its lock."""
    for suffix in ("", "-wal", "-shm", ".key", ".lock"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            yield file


async def session(root: Path, script: Path, options: dict[str, Any]) -> set[str]:
    """Ask for all that can be asked for; return the names of the ledger's files meanwhile."""
    ledger = config.ledger_path(config.Config().ledger)
    async with Window.opened(root, script=script, options=options) as window:
        await window.ready()
        uri, sums = window.open(root / FILE_NAME), window.open(root / "shop/sums.py")
        assert "zebra" in await window.hover(sums, "def zebra_su")
        more = window.open(root / "shop/more.py", MORE)
        params = {
            "textDocument": {"uri": more},
            "position": window.place(more, '"""\n    '),
            "context": {"triggerKind": 1},
        }
        offered = await window.client.request("textDocument/inlineCompletion", params)
        assert len(offered["items"]) == 1
        action = await window.action(uri, "def zebra_up", "write the body")
        done = await window.resolved(action, timeout_s=PATIENCE_S)
        window.apply(done["edit"])
        await window.command("accepted", *done["command"]["arguments"])
        await window.published(uri, n=1, timeout_s=PATIENCE_S)
        tests = window.open(root / "tests/test_sums.py")
        await window.command("runTests", {})
        await window.published(tests, n=1)
        action = await window.action(tests, "assert zebra_sum(2, 3)", "fix failing test")
        done = await window.resolved(action, timeout_s=PATIENCE_S)
        if "edit" in done:
            window.apply(done["edit"])
            await window.command("accepted", *done["command"]["arguments"])
        else:
            await window.command("dismissed", done["data"]["suggestion_id"])
        table = await window.command("stats")
        kinds = {cell["kind"] for cell in table["cells"]}
        assert kinds >= {"explain", "infill", "complete", "fix"}
        for file in files_of(ledger):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        return {file.name for file in files_of(ledger)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("keeps_text", [False, True], ids=["default", "keep_text"])
async def test_a_session_leaves_no_code_behind(
    zebra_script: Path, workspace: Workspace, tmp_path: Path, *, keeps_text: bool
) -> None:
    """By default, no byte of the ledger is of the code, its names or where it lies.

    With text kept the same session leaves them: the words would be found if they were there.
    """
    root = workspace(FILES, name="zebra-folder")
    options = {**ONCE, **({"ledger": {"keep_text": True}} if keeps_text else {})}
    names = await session(root, zebra_script, options)
    assert {"ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3.key"} <= names
    ledger = config.ledger_path(config.Config().ledger)
    found = await asyncio.to_thread(lambda: b"".join(f.read_bytes() for f in files_of(ledger)))
    assert FILE_NAME.encode() in found, "relative paths are kept"
    assert (b"zebra" in found.lower()) == keeps_text
    assert str(tmp_path).encode() not in found
    assert str(Path.home()).encode() + b"/" not in found
    await asyncio.to_thread(exported_alike, ledger, tmp_path)


def exported_alike(ledger: Path, folder: Path) -> None:
    """Assert that no export holds more, whether text is kept or not, unless asked for."""
    for form, name in (("jsonl", "out.jsonl"), ("csv", "out.zip")):
        out = folder / name
        arguments = ["export", "--ledger", str(ledger), "--format", form, "--out", str(out)]
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, done.output
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        assert b"zebra" not in out.read_bytes().lower()


async def test_kept_text_goes_when_its_days_are_over(
    zebra_script: Path, workspace: Workspace
) -> None:
    """A server that starts removes what was kept for longer than the settings say."""
    ledger = config.ledger_path(config.Config().ledger)
    await asyncio.to_thread(keep, ledger, "2020-01-01T00:00:00.000Z", "zebra of old")
    await asyncio.to_thread(keep, ledger, "2999-01-01T00:00:00.000Z", "zebra to come")
    root = workspace(FILES)
    for days, n_left in ((0, 2), (90, 1)):
        options = {"ledger": {"retention_days": days}}
        async with Window.opened(root, script=zebra_script, options=options) as window:
            await window.ready()
            await until_async(lambda n=n_left: n_texts(ledger) == n)  # type: ignore[misc] # bound
    found = await asyncio.to_thread(lambda: b"".join(f.read_bytes() for f in files_of(ledger)))
    assert b"zebra of old" not in found
    assert b"zebra to come" in found


def keep(path: Path, at_utc: str, text: str) -> None:
    """Keep a text as of a time."""
    writer = database.open_writer(path)
    event = SourceText(suggestion_id="s", role=TextRole.ANSWER, text=text)
    assert writer.write([row_of(event, at_utc=at_utc)]) == []
    writer.close()


def n_texts(path: Path) -> int:
    """Return how many texts a ledger keeps."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(str(connection.execute("SELECT count(*) FROM source_text").get))
    finally:
        connection.close()
