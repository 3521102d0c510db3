r"""Cuts a byte stream into the messages of LSP's base protocol, whatever the stream holds.

Reads more than it must: header names in any case, bare ``\n``, unknown headers, garbage before a
header. What it cannot use it skips to the next ``Content-Length: N`` at the end of a line, and
says so, so that one bad frame does not deafen the server. Does no I/O, and knows JSON but nothing
of JSON-RPC. Source: LSP 3.17, "Base Protocol".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_BODY_BYTES = 64 * 1024**2
MAX_SKIPPED_BYTES = 4 * MAX_BODY_BYTES

_MAX_LINE_BYTES = 64 * 1024
_LENGTH_AT_END = re.compile(
    rb"content-length[ \t]*:[ \t]*([+-]?[0-9]{1,30})[ \t]*\Z", re.IGNORECASE
)
_LENGTH_LINE = re.compile(rb"content-length[ \t]*:[ \t]*[0-9]{1,30}[ \t]*\r?\n", re.IGNORECASE)
_LENGTH_NAME = b"content-length:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One JSON value that came in a well-formed frame."""

    value: Any
    n_bytes: int
    """The size of its frame's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A frame, or something between frames, that holds no JSON value."""

    reason: str
    answer: bool
    """Whether it was a frame, so that somebody may be waiting for a reply (-32700)."""


class UnreadableStreamError(Exception):
    """What comes in is not LSP at all. Stays between this module and ``transport``."""


class FrameParser:
    """Turns chunks of bytes into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._length: int | None = None
        self._in_body = False
        self._n_skipped_bytes = 0

    def feed(self, chunk: bytes) -> Iterator[Received | Unreadable]:
        """Yield what is complete with ``chunk``.

        Raises:
            UnreadableStreamError: Nothing readable came for ``MAX_SKIPPED_BYTES``.
        """
        self._buffer += chunk
        while True:
            if self._in_body:
                length = self._length or 0
                if len(self._buffer) < length:
                    return
                body = bytes(self._buffer[:length])
                del self._buffer[:length]
                self._in_body, self._length = False, None
                yield self._decode(body)
                continue
            line = self._next_line()
            if line is None:
                return
            problem = self._header(line)
            if problem is not None:
                yield problem

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            if len(self._buffer) > _MAX_LINE_BYTES:
                # No header is that long. The end may still be the beginning of one.
                surplus = len(self._buffer) - len(_LENGTH_NAME) - 64
                self._skip(surplus)
                del self._buffer[:surplus]
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        return line.removesuffix(b"\r")

    def _header(self, line: bytes) -> Unreadable | None:
        if not line.strip():
            self._in_body = self._length is not None
            return None
        found = _LENGTH_AT_END.search(line)
        if found is None:
            if b":" not in line:
                self._skip(len(line))
                return Unreadable(reason="skipped a line that is no header", answer=False)
            return None
        length = int(found[1])
        if 0 <= length <= MAX_BODY_BYTES:
            self._length = length
            return None
        self._length = None
        return Unreadable(
            reason=f"a frame claims {length} bytes, 0 to {MAX_BODY_BYTES} can be; skipped it",
            answer=True,
        )

    def _decode(self, body: bytes) -> Received | Unreadable:
        try:
            value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 at byte {error.start}"
        except RecursionError:
            reason = "nested too deeply"
        except ValueError as error:
            reason = _without_content(error)
        else:
            self._n_skipped_bytes = 0
            return Received(value=value, n_bytes=len(body))
        self._give_back_next_frame(body)
        self._skip(len(body))
        return Unreadable(reason=f"a frame of {len(body)} bytes is no JSON: {reason}", answer=True)

    def _give_back_next_frame(self, body: bytes) -> None:
        """Unread what looks like the next frame's header, when the length was too great.

        A header cannot be part of JSON: a string does not hold a bare line end.
        """
        found = _LENGTH_LINE.search(body)
        at = found.start() if found else _start_of_cut_header(body)
        self._buffer[:0] = body[at:]

    def _skip(self, n_bytes: int) -> None:
        self._n_skipped_bytes += n_bytes
        if self._n_skipped_bytes > MAX_SKIPPED_BYTES:
            message = f"nothing readable in {self._n_skipped_bytes} bytes; this is not LSP"
            raise UnreadableStreamError(message)


def frame(body: bytes) -> bytes:
    """Return ``body`` as one frame."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _start_of_cut_header(body: bytes) -> int:
    """Return where a ``Content-Length: 12`` begins that the end of ``body`` cuts, else its end."""
    tail = body[-64:].lower()
    at = tail.rfind(_LENGTH_NAME)
    if at >= 0 and re.fullmatch(rb"[ \t]*[0-9]*[ \t]*\r?", tail[at + len(_LENGTH_NAME) :]):
        return len(body) - len(tail) + at
    for n_bytes in range(min(len(_LENGTH_NAME), len(tail)), 0, -1):
        if tail.endswith(_LENGTH_NAME[:n_bytes]):
            return len(body) - n_bytes
    return len(body)


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _without_content(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return str(error)
