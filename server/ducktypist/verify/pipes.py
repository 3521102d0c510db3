"""The ends of a run's pipes that are held out here, and showing what came out of them.

Nothing here waits; who selects between pipes, and when, is ``watchdog``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field


def clean_text(raw: bytes) -> str:
    """Decode output for showing: escape sequences, control and direction characters removed."""
    text = raw.decode("utf-8", errors="replace").replace("\r\n", "\n")
    return _UNSHOWABLE.sub("", _ESCAPES.sub("", text))


_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


@dataclass(slots=True)
class Pipe:
    """The reading end of one pipe, and what came out of it."""

    reader: int
    writer: int
    keep_bytes: int | None
    """Keep only the last so many; None keeps all."""
    data: bytearray = field(default_factory=bytearray)
    n_bytes: int = 0
    is_open: bool = True
    _n_searched: int = 0

    def pull(self) -> None:
        """Read what there is without waiting."""
        for _ in range(64):
            try:
                chunk = os.read(self.reader, 65536)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self.is_open = False
                return
            self.n_bytes += len(chunk)
            self.data += chunk
            if self.keep_bytes is not None and len(self.data) > 4 * self.keep_bytes:
                del self.data[: -self.keep_bytes]

    def take_lines(self) -> list[bytes]:
        """Remove the complete lines from what was read and return them without their ends."""
        # Looked for in what is new only: a line without end must not cost its square.
        end = self.data.rfind(b"\n", self._n_searched)
        lines: list[bytes] = []
        if end >= 0:
            lines = bytes(self.data[:end]).split(b"\n")
            del self.data[: end + 1]
        self._n_searched = len(self.data)
        return lines


@dataclass(slots=True)
class Sending:
    """The writing end of one pipe, and what has not gone into it yet."""

    reader: int
    writer: int
    data: bytearray = field(default_factory=bytearray)

    def push(self) -> None:
        """Write what goes in without waiting; what a closed reader will not take is dropped."""
        try:
            while self.data:
                del self.data[: os.write(self.writer, self.data[:65536])]
        except BlockingIOError:
            return
        except OSError:
            self.data.clear()
