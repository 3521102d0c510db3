"""A hover as a person reads it: looked at again until the prose is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from ducktypist.bench.editor import Editor, EditorFailure

WITHIN_S = 120.0
POLL_S = 0.1
NOT_YET = ("hover again", "is loading its model")
"""What a hover's last line says while more is to come."""


async def explained(
    editor: Editor, uri: str, place: Mapping[str, int], *, within_s: float = WITHIN_S
) -> str:
    """Hover until the explanation is whole, and return it as Markdown.

    Args:
        editor: The one that hovers.
        uri: The document's.
        place: A position of the protocol.
        within_s: How long to go on.

    Raises:
        EditorFailure: Nothing was explained, or not in time.
    """
    deadline = time.monotonic() + within_s
    while True:
        answer = await editor.request(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": dict(place)}
        )
        text = str((answer or {}).get("contents", {}).get("value", ""))
        last = text.rstrip().rpartition("\n")[2]
        if text and not any(words in last for words in NOT_YET):
            break
        if time.monotonic() > deadline:
            raise EditorFailure(f"no explanation came but {text!r:.200}")
        await asyncio.sleep(POLL_S)
    if " claims checked" not in last and "could be checked" not in last:
        raise EditorFailure(f"no explanation came but {text!r:.200}")
    return text
