"""Where an editor that shows no command's reply shows an explanation: a document or a message.

The document is a Markdown file in the user's state folder, one for each document explained; it is
for looking at, and nothing of ours reads it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from lsprotocol import types

from ducktypist import config
from ducktypist.errors import EditorError
from ducktypist.features.explain.showing import plain
from ducktypist.lsp.convert import path_to_uri, supports_show_document, uri_to_path
from ducktypist.lsp.window import View

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

FOLDER = "explanations"
MAX_DOCUMENTS = 20
"""So many explanations of ours lie in the state folder, the newest."""
MESSAGE_CHARS = 700
"""More does not fit into a message."""


async def show_document(session: Session, view: View, markdown: str, *, short: str) -> None:
    """Show an explanation to a person, as a document where the editor can.

    Args:
        session: The window's.
        view: The document that was explained.
        markdown: The explanation; empty where there was nothing to explain.
        short: What of it goes into a message.
    """
    if not markdown:
        session.tell(types.MessageType.Info, "there is nothing to explain here")
        return
    if supports_show_document(session.client):
        name = PurePath(view.document.path or "").name or "this"
        place = config.state_dir() / FOLDER / _file_name(view.document.uri)
        try:
            await asyncio.to_thread(_write, place, f"# Explanation of {name}\n\n{markdown}\n")
            shown = await session.server.protocol.ask(
                types.WINDOW_SHOW_DOCUMENT,
                types.ShowDocumentParams(uri=path_to_uri(place), take_focus=False),
            )
            if shown is not None and shown.success:
                return
        except (OSError, EditorError) as error:
            session.log(f"an explanation was not shown as a document: {error}")
    words = plain(short)
    cut = words if len(words) <= MESSAGE_CHARS else f"{words[:MESSAGE_CHARS].rstrip()} …"
    session.tell(types.MessageType.Info, cut)


def _file_name(uri: str) -> str:
    """Return one name for each document, so that its next explanation takes the place of this."""
    path = uri_to_path(uri)
    known = hashlib.blake2b(uri.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"{path.stem if path is not None else 'explanation'}-{known}.md"


def _write(place: Path, text: str) -> None:
    """Write a file for the user alone, and remove the oldest of its kind.

    Raises:
        OSError: It cannot be written.
    """
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(place, "w", encoding="utf-8", errors="replace", opener=_for_the_user_alone) as file:
        file.write(text)
    files = sorted(place.parent.glob("*.md"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in files[MAX_DOCUMENTS:]:
        old.unlink(missing_ok=True)


def _for_the_user_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
