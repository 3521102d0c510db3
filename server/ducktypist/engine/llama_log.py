"""What llama.cpp and ggml say, in our log; warnings are kept for the next error's message."""

from __future__ import annotations

import functools
import logging
from collections import deque
from typing import Any

from ducktypist.engine.postmortem import MEMORY_WORDS

log = logging.getLogger(__name__)

COMPLAINTS = {3, 4}
"""GGML_LOG_LEVEL_WARN and _ERROR in ggml.h."""

_complaints: deque[str] = deque(maxlen=4)


@functools.cache
def listen(lib: Any) -> None:  # noqa: ANN401 - the bindings
    """Hear what a library says from now on.

    ggml has one listener for the whole process and calls it for as long as that lives, also after
    the last model is gone. So there is one, and it is never freed.
    """
    callback = lib.llama_log_callback(_heard)
    _kept.append(callback)
    lib.llama_log_set(callback, None)


def forget_complaints() -> None:
    """Start afresh: what was said until now is about something else."""
    _complaints.clear()


def complaint() -> str:
    """Return the latest warnings and errors in a line."""
    return "; ".join(_complaints) or "it gave no reason"


_kept: list[Any] = []


def _heard(level: int, text: bytes, _data: object) -> None:
    line = text.decode("utf-8", "replace").strip()
    if not line:
        return
    # All of it is for debugging: a cancelled request alone is three errors to ggml.
    log.debug("%s", line)
    if level in COMPLAINTS:
        _complaints.append(line)
        if MEMORY_WORDS.search(line):
            # CUDA ends the process next, and who comes after reads why in the log.
            log.error("%s", line)
