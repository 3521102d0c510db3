"""A flag that any thread sets and that stops a step in progress.

One byte of memory, so that native code can look at it without asking Python: taking the
interpreter's lock at each of the several hundred nodes of a graph costs a tenth of a decode.
"""

from __future__ import annotations

import ctypes


class Interrupt:
    """Set from any thread; seen by the step that runs now."""

    def __init__(self) -> None:
        self._byte = ctypes.create_string_buffer(2)

    def set(self) -> None:
        """Ask the step in progress to stop."""
        self._byte[0] = b"1"

    def clear(self) -> None:
        """Take the request back, before the next step."""
        self._byte[0] = b"\0"

    def is_set(self) -> bool:
        """Tell whether the step in progress shall stop."""
        return self._byte[0] != b"\0"

    def address(self) -> int:
        """Return where the flag lies: a C string, empty unless the flag is set."""
        return ctypes.addressof(self._byte)
