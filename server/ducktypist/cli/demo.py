"""``ducktypist demo``: the whole loop on a small workspace, with the real model and sandbox.

Nothing is recorded: every line that it prints was measured in this run. It starts the same server
that an editor starts, and exits non-zero when a step fails.
"""

from __future__ import annotations

import asyncio
import difflib
import importlib.resources
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.bench.hovering import explained
from ducktypist.cli.stats import print_table
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from rich.console import Console

SCRIPT, ORDERS, PRICES = "scripts/prune-backups.sh", "shop/orders.py", "shop/prices.py"
TESTS = "tests/test_prices.py"
READY_TIMEOUT_S = 180.0


@click.command()
@click.option("--keep", is_flag=True, help="Leave the example workspace in place.")
@click.option("--backend", hidden=True, help="For tests.")
def demo(*, keep: bool, backend: str | None) -> None:
    """Explain a script, write a body and fix a red test in a small example workspace."""
    from rich.console import Console  # noqa: PLC0415 - not needed to show the help

    folder = Path(tempfile.mkdtemp(prefix="ducktypist-demo-"))
    workspace = folder / "shop"
    try:
        with importlib.resources.as_file(
            importlib.resources.files("ducktypist") / "example"
        ) as example:
            shutil.copytree(example, workspace, ignore=shutil.ignore_patterns("__pycache__"))
        asyncio.run(_run(workspace, Console(highlight=False, soft_wrap=True), backend))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    finally:
        if keep:
            click.echo(f"The workspace is {workspace}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


async def _run(workspace: Path, console: Console, backend: str | None) -> None:
    arguments = ["--backend", backend] if backend else []
    # A ledger of its own: what a toy task was worth says nothing of the person's code.
    options = {"trusted": True, "ledger": {"path": str(workspace.parent / "ledger.sqlite3")}}
    async with Editor.started(workspace, arguments=arguments, options=options) as editor:
        for name in (SCRIPT, ORDERS, PRICES, TESTS):
            editor.open(name)
        status = await _ready(editor)
        engine = status["engine"]
        console.print(
            f"[bold]{engine['model']}[/] {engine['quantisation']}, "
            f"{engine['n_gpu_layers']} layers on the GPU, {engine['n_threads']} threads; "
            f"sandbox level {status['sandbox']['level']} ({status['sandbox']['tool']}); "
            f"the server answered after {editor.initialize_ms:.0f} ms"
        )
        await _explain(editor, console)
        await _write_body(editor, console)
        await _fix(editor, console)
        table = await editor.request("workspace/executeCommand", {"command": "ducktypist.stats"})
        console.rule("The ledger of this demo")
        print_table(table)


async def _ready(editor: Editor) -> Mapping[str, Any]:
    """Wait for the model and the sandbox."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        status: Mapping[str, Any] = await editor.request(
            "workspace/executeCommand", {"command": "ducktypist.status"}
        )
        engine = status["engine"]
        if engine["state"] == "ready" and "model" in engine and status["sandbox"]:
            return status
        if engine["state"] == "failed" or time.monotonic() > deadline:
            raise EditorFailure(f"the model is not there: {engine.get('last_error')}")
        await asyncio.sleep(0.2)


async def _explain(editor: Editor, console: Console) -> None:
    console.rule(f"1. Hover over the pipeline in {SCRIPT}")
    uri = editor.uri(SCRIPT)
    place = _place(editor.texts[uri], "find ")
    params = {"textDocument": {"uri": uri}, "position": place}
    took: list[float] = []
    text = ""
    for look in (
        lambda: editor.request("textDocument/hover", params),
        lambda: explained(editor, uri, place),
        lambda: editor.request("textDocument/hover", params),
    ):
        started = time.perf_counter()
        answer = await look()
        took.append((time.perf_counter() - started) * 1000)
        text = answer if isinstance(answer, str) else text
    from rich.markdown import Markdown  # noqa: PLC0415 - not needed to show the help

    console.print(Markdown(text), soft_wrap=False)
    console.print(
        f"[dim]facts after {took[0]:.0f} ms, the prose {took[1]:.0f} ms later; "
        f"the same hover again: {took[2]:.1f} ms[/]"
    )


async def _write_body(editor: Editor, console: Console) -> None:
    console.rule(f"2. Write the body of a documented function in {ORDERS}")
    uri = editor.uri(ORDERS)
    await _act(editor, console, uri, _place(editor.texts[uri], "def "), wanted="write the body")


async def _fix(editor: Editor, console: Console) -> None:
    console.rule(f"3. Fix the red test in {TESTS}")
    run = await editor.request(
        "workspace/executeCommand", {"command": "ducktypist.runTests", "arguments": [{}]}
    )
    console.print(f"before: {run['passed']} passed, {len(run['failed'])} failed {run['failed']}")
    uri = editor.uri(TESTS)
    found = [item for item in editor.diagnostics.get(uri, []) if item["source"] == "ducktypist"]
    if not found:
        raise EditorFailure("the red test has no diagnostic")
    await _act(editor, console, uri, found[0]["range"]["start"], wanted="fix failing test")
    run = await editor.request(
        "workspace/executeCommand", {"command": "ducktypist.runTests", "arguments": [{}]}
    )
    console.print(f"after: {run['passed']} passed, {len(run['failed'])} failed")
    if run["failed"] or run["errors"] or editor.diagnostics.get(uri):
        raise EditorFailure("a test is still red after the fix")


async def _act(
    editor: Editor, console: Console, uri: str, place: Mapping[str, int], *, wanted: str
) -> None:
    """Choose a code action, resolve it, apply its edit and show what it did."""
    actions = await editor.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": editor.diagnostics.get(uri, [])},
        },
    )
    action = next((item for item in actions if wanted in item["title"]), None)
    if action is None:
        raise EditorFailure(f"no action to {wanted} was offered")
    started = time.perf_counter()
    action = await editor.request("codeAction/resolve", action)
    took_ms = (time.perf_counter() - started) * 1000
    verdict = action["data"]["verdict"]
    before = dict(editor.texts)
    if not action.get("edit"):
        raise EditorFailure(f"{wanted}: {verdict['summary']}")
    for path in editor.apply(action["edit"]):
        changed = path.as_uri()
        name = path.relative_to(editor.root).as_posix()
        lines = difflib.unified_diff(
            before[changed].splitlines(), editor.texts[changed].splitlines(), name, name, "", "",
            n=2, lineterm="",
        )  # fmt: skip
        for line in lines:
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "default")
            console.print(line, style=colour, markup=False)
    console.print(f"[bold]{verdict['summary']}[/]  [dim]{took_ms:.0f} ms[/]")
    await editor.request(
        "workspace/executeCommand",
        {"command": "ducktypist.accepted", "arguments": [action["data"]["suggestion_id"]]},
    )
    if verdict["outcome"] != "plausible":
        raise EditorFailure(f"{wanted}: {verdict['summary']}")


def _place(text: str, word: str) -> dict[str, int]:
    """Return the position just after the beginning of the first line that starts with ``word``."""
    lines = text.split("\n")
    line = next(i for i, item in enumerate(lines) if item.startswith(word))
    return {"line": line, "character": len(word)}
