"""``textDocument/inlineCompletion`` and ``completion``: on the typing path, so nothing runs here.

A newer request for the same document cancels the older one before the engine is asked again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from ducktypist.errors import EngineError, ModelError
from ducktypist.features.complete import CompleteRequest, Completion, complete
from ducktypist.lsp.window import View
from ducktypist.syntax.regions import function_at

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

LABEL_CHARS = 60


async def inline_completion(
    session: Session, view: View, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    """Suggest ghost text."""
    invoked = params.context.trigger_kind is types.InlineCompletionTriggerKind.Invoked
    found = await _suggestion(session, view, params.position, debounce=not invoked)
    if found is None:
        return None
    return types.InlineCompletionList(
        items=[
            types.InlineCompletionItem(
                insert_text=found.edit.new_text,
                range=view.mapper.to_range(found.edit.span),
                command=_accepted(found),
            )
        ]
    )


async def completion(
    session: Session, view: View, params: types.CompletionParams
) -> types.CompletionList | None:
    """Suggest a body where a documented function has none, for editors without ghost text."""
    offset = view.mapper.to_offset(params.position)
    function = await asyncio.to_thread(
        function_at, view.document.text, view.document.language, offset
    )
    if function is None or not function.is_empty or function.docstring is None:
        return types.CompletionList(is_incomplete=False, items=[])
    found = await _suggestion(session, view, params.position, debounce=False)
    if found is None:
        return types.CompletionList(is_incomplete=True, items=[])
    first_line = found.edit.new_text.strip().split("\n", 1)[0]
    edit = types.TextEdit(range=view.mapper.to_range(found.edit.span), new_text=found.edit.new_text)
    return types.CompletionList(
        is_incomplete=True,
        items=[
            types.CompletionItem(
                label=first_line[:LABEL_CHARS] or "body",
                label_details=types.CompletionItemLabelDetails(description="Ducktypist"),
                kind=types.CompletionItemKind.Snippet,
                detail=f"Ducktypist: {found.verdict.summary}",
                documentation=found.edit.new_text,
                filter_text="",
                text_edit=edit,
                insert_text_format=types.InsertTextFormat.PlainText,
                # The text carries its own indentation.
                insert_text_mode=types.InsertTextMode.AsIs,
                command=_accepted(found),
            )
        ],
    )


async def _suggestion(
    session: Session, view: View, position: types.Position, *, debounce: bool
) -> Completion | None:
    config = session.app.config.complete
    if not config.inline_enabled:
        return None
    async with session.newest(view.document.uri, "complete"):
        if debounce:
            await asyncio.sleep(config.debounce_ms / 1000)
        try:
            workbench = await session.app.workbench(wait_s=0.0)
            return await complete(
                CompleteRequest(
                    document=view.document,
                    offset=view.mapper.to_offset(position),
                    trusted=session.is_trusted(view.document),
                ),
                workbench=workbench,
                config=config,
            )
        except (EngineError, ModelError) as error:
            # Ghost text that cannot come stays away; the reason is in the log and in `status`.
            session.log(f"no completion: {error}")
            return None


def _accepted(found: Completion) -> types.Command:
    return types.Command(
        title="Ducktypist: accepted",
        command="ducktypist.accepted",
        arguments=[found.suggestion_id],
    )
