"""Another language server beside ours: it knows the word ``foo`` and counts in UTF-16 alone.

Run as a script by an editor under test.
"""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

WORD = "foo"


def made() -> LanguageServer:
    """Return the server with its few features."""
    server = LanguageServer(
        "second", "1", text_document_sync_kind=types.TextDocumentSyncKind.Incremental
    )

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(ls: LanguageServer, params: types.DidOpenTextDocumentParams) -> None:
        publish(ls, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(ls: LanguageServer, params: types.DidChangeTextDocumentParams) -> None:
        publish(ls, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(_ls: LanguageServer, _params: types.HoverParams) -> types.Hover:
        return types.Hover(
            contents=types.MarkupContent(kind=types.MarkupKind.Markdown, value="The second says.")
        )

    @server.feature(types.TEXT_DOCUMENT_COMPLETION)
    def completion(_ls: LanguageServer, _params: types.CompletionParams) -> types.CompletionList:
        return types.CompletionList(
            is_incomplete=False, items=[types.CompletionItem(label="second_word")]
        )

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    def code_action(_ls: LanguageServer, params: types.CodeActionParams) -> list[types.CodeAction]:
        start = types.Position(line=0, character=0)
        edit = types.TextEdit(range=types.Range(start=start, end=start), new_text="# second\n")
        return [
            types.CodeAction(
                title="second: write a line",
                kind=types.CodeActionKind.QuickFix,
                edit=types.WorkspaceEdit(changes={params.text_document.uri: [edit]}),
            )
        ]

    return server


def publish(ls: LanguageServer, uri: str) -> None:
    """Mark every ``foo`` of a document."""
    document = ls.workspace.get_text_document(uri)
    found = []
    for number, line in enumerate(document.lines):
        column = line.find(WORD)
        if column >= 0:
            units = len(line[:column].encode("utf-16-le")) // 2
            start = types.Position(line=number, character=units)
            end = types.Position(line=number, character=units + len(WORD))
            found.append(
                types.Diagnostic(
                    range=types.Range(start=start, end=end),
                    message="do not call it foo",
                    source="second",
                )
            )
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=found))


if __name__ == "__main__":
    made().start_io()
