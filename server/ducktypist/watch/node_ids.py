"""What a node id and a message that anybody may have written must be like to be shown."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

MAX_ID_CHARS = 1000
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Controls, zero-width and bidirectional marks, halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Return a text without terminal escapes, control characters and characters that hide."""
    return _UNSEEN.sub("", _ESCAPE.sub("", text))


def is_node_id(text: str) -> bool:
    """Tell whether a text names a test of a file below the root, and hides nothing."""
    return len(text) <= MAX_ID_CHARS and clean(text) == text and is_inside(text.partition("::")[0])


def is_inside(path: str) -> bool:
    """Tell whether a path is relative and does not lead out of where it begins."""
    pure = PurePosixPath(path)
    return bool(path) and not pure.is_absolute() and ".." not in pure.parts and "\0" not in path
