"""The loop as Neovim and VS Code drive it, with the capabilities that they really send.

pytest-lsp's client turns a reply that uses what the editor did not declare into an error.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from support.stdio_client import serve_command
from support.windows import CALM, edited, place

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

EDITORS = ["neovim", "visual-studio-code"]
DOCSTRING_END = "    'AB'\n    " + '"""'
VERDICT_KEYS = {"rung", "repeats", "passed", "failed", "summary"}


class Room:
    """One editor's client, its workspace and what it opened."""

    def __init__(self, client: LanguageClient, root: Path, editor: str) -> None:
        self.client = client
        self.root = root
        self.editor = editor

    def open(self, name: str) -> tuple[str, str]:
        """Open a file and return its URI and text."""
        path = self.root / name
        text = path.read_text()
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(
                types.TextDocumentItem(
                    uri=path.as_uri(), language_id="python", version=1, text=text
                )
            )
        )
        return path.as_uri(), text

    async def actions(
        self, uri: str, at: types.Position, diagnostics: list[types.Diagnostic] | None = None
    ) -> list[types.CodeAction]:
        """Return the code actions at a place."""
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(
                text_document=types.TextDocumentIdentifier(uri),
                range=types.Range(start=at, end=at),
                context=types.CodeActionContext(diagnostics=diagnostics or []),
            )
        )
        # lsprotocol takes an action with a command for a bare command; those are not resolved.
        return [one for one in found or [] if isinstance(one, types.CodeAction)]

    async def command(self, name: str, *arguments: Any) -> Any:
        """Run one of the server's commands."""
        return await self.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command=f"ducktypist.{name}", arguments=list(arguments))
        )


@pytest_asyncio.fixture(params=EDITORS)
async def room(
    request: pytest.FixtureRequest, script: Path, workspace: Callable[..., Path]
) -> AsyncIterator[Room]:
    """Give an initialized session of each editor, and end it in order."""
    root = workspace()
    client = await ClientServerConfig(
        server_command=serve_command("--stdio", "--backend", f"scripted:{script}"),
        server_env=dict(os.environ),
    ).start()
    assert isinstance(client, LanguageClient)
    await client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param),
            workspace_folders=[types.WorkspaceFolder(uri=root.as_uri(), name="shop")],
            root_uri=root.as_uri(),
            initialization_options={"trusted": True, "explain": CALM},
        )
    )
    yield Room(client, root, request.param)
    await client.shutdown_session()
    assert client._server is not None
    assert client._server.returncode == 0
    await client.stop()


def at(text: str, needle: str) -> types.Position:
    """Return the position behind ``needle``."""
    return types.Position(**place(text, needle))


async def test_hover_is_markdown_with_its_provenance_last(room: Room) -> None:
    """The last line names the model, the time and how far it was checked; then the cache."""
    uri, text = room.open("shop/sums.py")
    params = types.HoverParams(types.TextDocumentIdentifier(uri), at(text, "def add_up"))
    first = await room.client.text_document_hover_async(params)
    again = await room.client.text_document_hover_async(params)
    assert first is not None
    assert again is not None
    assert isinstance(first.contents, types.MarkupContent)
    assert isinstance(again.contents, types.MarkupContent)
    assert first.contents.kind is types.MarkupKind.Markdown
    assert "It adds two numbers" in first.contents.value
    provenance = first.contents.value.splitlines()[-1]
    assert provenance.startswith("*scripted")
    assert " ms · " in provenance
    assert provenance.endswith("checked*")
    assert "cached" in again.contents.value.splitlines()[-1]
    assert first.range is not None
    assert first.range.start.line <= 3 <= first.range.end.line


async def test_completion_writes_the_body(room: Room) -> None:
    """One item; what it inserts makes the function whole, and accepting it is recorded."""
    uri, text = room.open("shop/words.py")
    await room.command("explain", {"uri": uri, "position": place(text, "def sh")})
    found = await room.client.text_document_completion_async(
        types.CompletionParams(types.TextDocumentIdentifier(uri), at(text, DOCSTRING_END))
    )
    assert isinstance(found, types.CompletionList)
    (item,) = found.items
    assert isinstance(item.text_edit, types.TextEdit)
    assert edited(text, [plain(item.text_edit)]).rstrip("\n") == text + "    return text.upper()"
    assert item.command is not None
    assert item.command.command == "ducktypist.accepted"
    assert await room.command("accepted", *(item.command.arguments or [])) is None


async def test_inline_completion(room: Room) -> None:
    """Ghost text in an indented line comes with the command that records its acceptance."""
    uri, text = room.open("shop/words.py")
    end = types.Position(line=6, character=0)
    room.client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(uri=uri, version=2),
            [types.TextDocumentContentChangePartial(types.Range(end, end), "    ")],
        )
    )
    await room.command("explain", {"uri": uri, "position": place(text, "def sh")})
    found = await room.client.text_document_inline_completion_async(
        types.InlineCompletionParams(
            context=types.InlineCompletionContext(
                trigger_kind=types.InlineCompletionTriggerKind.Invoked
            ),
            text_document=types.TextDocumentIdentifier(uri),
            position=types.Position(line=6, character=4),
        )
    )
    assert isinstance(found, types.InlineCompletionList)
    (item,) = found.items
    assert str(item.insert_text).strip() == "return text.upper()"
    assert item.command is not None
    assert item.command.command == "ducktypist.accepted"
    (suggestion_id,) = item.command.arguments or []
    assert len(str(suggestion_id)) == 26


async def test_write_the_body_is_resolved_with_its_verdict(room: Room) -> None:
    """Offered without an edit; resolving runs the docstring's examples three times."""
    uri, text = room.open("shop/words.py")
    offered = await room.actions(uri, at(text, "def sh"))
    action = next(one for one in offered if "write the body of `shout`" in one.title)
    assert action.kind == types.CodeActionKind.RefactorRewrite
    assert action.edit is None
    done = await room.client.code_action_resolve_async(action)
    assert done.edit is not None
    assert isinstance(done.data, dict)
    assert set(done.data["verdict"]) >= VERDICT_KEYS
    assert done.data["verdict"]["rung"] == "examples_pass"
    assert done.data["verdict"]["repeats"] == 3
    assert len(done.data["suggestion_id"]) == 26
    new = applied(done.edit, uri, text, editor=room.editor)
    assert new.rstrip("\n") == text + "    return text.upper()"
    assert_labelled(done.edit, done.data["verdict"]["summary"], editor=room.editor)


async def test_red_test_is_published_fixed_and_gone(room: Room) -> None:
    """A run publishes it at the assertion; its quick fix turns it green and breaks nothing."""
    uri, text = room.open("tests/test_sums.py")
    code_uri, code = room.open("shop/sums.py")
    counted = await room.command("runTests", {})
    counted = counted if isinstance(counted, dict) else dict(vars(counted))
    node_id = "tests/test_sums.py::test_adds"
    assert (counted["passed"], list(counted["failed"])) == (1, [node_id])
    (red,) = room.client.diagnostics[uri]
    assert (red.source, red.code, red.range.start.line) == ("ducktypist", node_id, 4)
    offered = await room.actions(uri, red.range.start, [red])
    action = next(one for one in offered if "fix failing test" in one.title)
    assert action.title == "Ducktypist: fix failing test `test_adds`"
    assert action.kind == types.CodeActionKind.QuickFix
    assert [one.code for one in action.diagnostics or []] == [node_id]
    done = await room.client.code_action_resolve_async(action)
    assert done.edit is not None
    verdict = done.data["verdict"]
    assert (verdict["rung"], verdict["outcome"]) == ("no_regressions", "plausible")
    assert verdict["summary"].startswith("plausible")
    fixed = applied(done.edit, code_uri, code, editor=room.editor)
    assert fixed == code.replace("first - second", "first + second")
    assert_labelled(done.edit, verdict["summary"], editor=room.editor)
    room.client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(uri=code_uri, version=2),
            [types.TextDocumentContentChangeWholeDocument(fixed)],
        )
    )
    await room.command("runTests", {"uri": uri, "nodeid": node_id})
    assert not room.client.diagnostics[uri]
    assert text == (room.root / "tests/test_sums.py").read_text()


def applied(edit: types.WorkspaceEdit, uri: str, text: str, *, editor: str) -> str:
    """Return the document after an edit that touches no other, and names its version if it may."""
    if client_capabilities(editor).workspace.workspace_edit.document_changes:
        assert edit.changes is None
        (change,) = edit.document_changes or []
        assert isinstance(change, types.TextDocumentEdit)
        assert (change.text_document.uri, change.text_document.version) == (uri, 1)
        edits = change.edits
    else:
        assert edit.document_changes is None
        ((changed, edits),) = (edit.changes or {}).items()
        assert changed == uri
    return edited(text, [plain(one) for one in edits])


def plain(edit: Any) -> dict[str, Any]:
    """Return a text edit as JSON."""
    sides = (("start", edit.range.start), ("end", edit.range.end))
    return {
        "range": {
            side: {"line": where.line, "character": where.character} for side, where in sides
        },
        "newText": edit.new_text,
    }


def assert_labelled(edit: types.WorkspaceEdit, summary: str, *, editor: str) -> None:
    """Check that the summary is the edit's label, where the editor can show one."""
    support = client_capabilities(editor).workspace.workspace_edit
    if support.change_annotation_support is None:
        assert edit.change_annotations is None
        return
    (annotation,) = (edit.change_annotations or {}).values()
    assert annotation.label == summary
