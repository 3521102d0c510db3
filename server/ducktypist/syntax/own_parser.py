"""Python's own parser, for callers in several threads. No analysis.

CPython 3.11 keeps the depth of a tree being built for all threads together, so that two of them at
once can end in a ``SystemError`` (gh-106905). The filter for warnings is shared by all threads in
any version. So one thread goes at a time.
"""

from __future__ import annotations

import ast
import contextlib
import threading
import warnings
from collections.abc import Iterator

FAILURES = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, SystemError)
"""What parsing some text can raise."""

_ONE_AT_A_TIME = threading.Lock()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Be the only one who parses or compiles, and say nothing about what looks odd."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def module_of(text: str) -> ast.Module | None:
    """Return a new tree of ``text``, None when it has none; prints and runs nothing."""
    with alone():
        try:
            return ast.parse(text.removeprefix("\ufeff"))
        except FAILURES:
            return None
