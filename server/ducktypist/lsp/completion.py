"""``textDocument/inlineCompletion`` and ``completion``: on the typing path, so nothing runs here.

What is asked, kept and given up from keystroke to keystroke is ``features.ghost``'s; how long to
wait before asking is ``typing_rhythm``'s.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from lsprotocol import types

from ducktypist.domain import Span
from ducktypist.errors import EngineError, ModelError
from ducktypist.features.afterwards import Suggested
from ducktypist.features.ghost.complete import CompleteRequest, Completion
from ducktypist.lsp.window import View
from ducktypist.syntax.lines import line_start
from ducktypist.syntax.regions import function_at

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

LABEL_CHARS = 60
POPUP_PATIENCE_S = 0.25
"""A list that opens while one types must not wait for a model; it is asked for again."""
_WORD_END = re.compile(r"\w*\Z")


async def inline_completion(
    session: Session, view: View, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    """Suggest ghost text."""
    invoked = params.context.trigger_kind is types.InlineCompletionTriggerKind.Invoked
    offset = view.mapper.to_offset(params.position)
    found = await _suggestion(session, view, offset, is_hasty=not invoked)
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
    """Suggest a body where a documented function has none, and more to who has no ghost text."""
    text, language = view.document.text, view.document.language
    offset = view.mapper.to_offset(params.position)
    function = await asyncio.to_thread(function_at, text, language, offset)
    is_body = function is not None and function.is_empty and function.docstring is not None
    if not is_body and _has_ghost_text(session.client):
        return types.CompletionList(is_incomplete=False, items=[])
    patience_s = None if is_body else POPUP_PATIENCE_S
    found = await _suggestion(session, view, offset, is_hasty=not is_body, patience_s=patience_s)
    if found is None:
        return types.CompletionList(is_incomplete=True, items=[])
    return types.CompletionList(is_incomplete=True, items=[_item(view, found)])


def _item(view: View, found: Completion) -> types.CompletionItem:
    """Return a suggestion as an entry of a list, which editors filter by the word before it."""
    text, at = view.document.text, found.edit.span.start
    line = text[line_start(text, at) : at]
    word = line[_WORD_END.search(line).start() :]  # type: ignore[union-attr] # it matches anything
    new_text = word + found.edit.new_text
    edit = types.TextEdit(
        range=view.mapper.to_range(Span(start=at - len(word), end=found.edit.span.end)),
        new_text=new_text,
    )
    first_line = new_text.strip().split("\n", 1)[0]
    return types.CompletionItem(
        label=first_line[:LABEL_CHARS] or "body",
        label_details=types.CompletionItemLabelDetails(description="Ducktypist"),
        kind=types.CompletionItemKind.Snippet,
        detail=_detail(found),
        documentation=new_text,
        filter_text=word,
        text_edit=edit,
        insert_text_format=types.InsertTextFormat.PlainText,
        # The text carries its own indentation.
        insert_text_mode=types.InsertTextMode.AsIs,
        command=_accepted(found),
    )


def _detail(found: Completion) -> str:
    said = f"Ducktypist: {found.verdict.summary}"
    return said if found.prediction is None else f"{said} · {found.prediction.sentence()}"


async def _suggestion(
    session: Session,
    view: View,
    offset: int,
    *,
    is_hasty: bool,
    patience_s: float | None = None,
) -> Completion | None:
    """Return what to suggest at a place.

    Args:
        session: The window.
        view: The document.
        offset: Where in it.
        is_hasty: Whether the person may be about to type on; nobody asked for it in so many words.
        patience_s: When to return with nothing while the model goes on.
    """
    document = view.document
    if not session.completion_enabled(document.language):
        return None
    # What was switched on or off for this window stands before the settings.
    config = replace(session.app.config.complete, inline_enabled=True, disabled_languages=())
    path, text = document.path, document.text
    session.ring.visited(document.uri, path, document.language, text, offset)
    wait_s, started_s = 0.0, time.monotonic()
    if is_hasty:
        typed = text[line_start(text, offset) : offset]
        wait_s = session.rhythm.wait_ms(
            typed,
            at_ms=started_s * 1000,
            least_ms=config.debounce_ms,
            most_ms=config.debounce_max_ms,
        )
        wait_s /= 1000
    async with session.newest(document.uri, "complete"):
        try:
            root = session.app.root_of(path)
            found = await session.ghost.suggest(
                CompleteRequest(
                    document=document,
                    offset=offset,
                    trusted=session.is_trusted(document),
                    root=root,
                    buffers=session.buffers(root),
                ),
                workbench=await session.app.workbench(wait_s=0.0),
                config=config,
                wait_s=wait_s,
                patience_s=patience_s,
            )
        except (EngineError, ModelError) as error:
            # Ghost text that cannot come stays away; the reason is in the log and in `status`.
            session.log(f"no completion: {error}")
            return None
    session.rhythm.answered((time.monotonic() - started_s - wait_s) * 1000)
    if found is not None:
        session.acceptances.shown(
            Suggested(suggestion_id=found.suggestion_id, document=document, edit=found.edit)
        )
    return found


def _has_ghost_text(client: types.ClientCapabilities) -> bool:
    return client.text_document is not None and client.text_document.inline_completion is not None


def _accepted(found: Completion) -> types.Command:
    return types.Command(
        title="Ducktypist: accepted",
        command="ducktypist.accepted",
        arguments=[found.suggestion_id],
    )
