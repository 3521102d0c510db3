"""Work for a text that changed meanwhile: ended early, never applied, and offered once more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from ducktypist.errors import EditorError, StaleError
from ducktypist.lsp.convert import supports_apply_edit

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

TRY_AGAIN = "Try again"
_Result = TypeVar("_Result")


class Searches:
    """What is being worked on, and which documents each is about."""

    def __init__(self) -> None:
        self._running: dict[object, Callable[[str], None]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether anything is being worked on."""
        return bool(self._running)

    def edited(self, uri: str) -> None:
        """End what is about the text that this document had."""
        for tell in list(self._running.values()):
            tell(uri)

    async def run(
        self, work: Coroutine[Any, Any, _Result], *, concerns: Callable[[str], bool]
    ) -> _Result:
        """Do some work, unless a document changes that it is about.

        Args:
            work: Cancelled when that happens.
            concerns: Tells by its URI whether the work is about a document. Called on the event
                loop at each edit.

        Raises:
            StaleError: A document changed.
        """
        task = asyncio.ensure_future(work)
        changed: list[str] = []

        def tell(uri: str) -> None:
            if not task.done() and not changed and concerns(uri):
                changed.append(uri)
                task.cancel()

        self._running[task] = tell
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if not changed or (current is not None and current.cancelling()):
                raise
            raise StaleError(changed_message(changed[0])) from None
        finally:
            del self._running[task]


def changed_message(uri: str) -> str:
    """Say which document is another one now."""
    name = PurePath(unquote(urlsplit(uri).path)).name or uri
    return f"{name} changed while Ducktypist was working on it; ask again"


async def offer_again(
    session: Session, error: StaleError, again: Callable[[], Coroutine[Any, Any, Mapping[str, Any]]]
) -> None:
    """Ask the person whether to do it once more, on the text of now.

    Args:
        session: Whose editor to ask.
        error: What happened.
        again: Works the action out and ends in ``workspace/applyEdit``; says itself what went
            wrong.
    """
    if not supports_apply_edit(session.client):
        session.tell(types.MessageType.Warning, str(error))
        return
    message = str(error).removesuffix("; ask again")
    try:
        answer = await session.server.protocol.ask(
            types.WINDOW_SHOW_MESSAGE_REQUEST,
            types.ShowMessageRequestParams(
                type=types.MessageType.Warning,
                message=f"Ducktypist: {message}",
                actions=[types.MessageActionItem(title=TRY_AGAIN)],
            ),
            timeout_s=None,
        )
    except EditorError as refused:
        session.log(f"no offer to try again: {refused}")
        return
    if answer is not None and answer.title == TRY_AGAIN:
        await again()
