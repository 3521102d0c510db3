"""Bounded reads of the typed values that a GGUF header is made of.

It knows strings, numbers and arrays, and nothing of what their keys mean: that is
:mod:`ducktypist.models.gguf`. Every length is checked against a limit and against the file's size
before memory is taken for it.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from ducktypist.errors import GgufError
from ducktypist.models.ggml import FIM_TEXTS

MAX_HEADER_BYTES: Final = 64 * 1024**2
"""Headers of published models stay under 20 MiB (a vocabulary of 262,144 tokens)."""
MAX_KEY_BYTES: Final = 65_535
MAX_STRING_BYTES: Final = 16 * 1024**2
MAX_ARRAY_ELEMENTS: Final = 1 << 21
MAX_KEPT_ELEMENTS: Final = 4096
"""Longer arrays (token scores, merges) are stepped over and only their length is kept."""

TOKENS_KEY: Final = "tokenizer.ggml.tokens"
_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final[Mapping[int, struct.Struct]] = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_U32: Final = _SCALARS[4]
_U64: Final = _SCALARS[10]


@dataclass(frozen=True, slots=True, kw_only=True)
class LongArray:
    """An array that was stepped over."""

    n_elements: int


_Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = _Scalar | tuple[_Scalar, ...] | LongArray


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; refuse everything else without waiting for it."""
    # Non-blocking, so that opening a FIFO with no writer returns instead of waiting forever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise GgufError(f"{path} is not a regular file; give the path of a GGUF file")
    return os.fdopen(descriptor, "rb", buffering=1024 * 1024)


class Reader:
    """Bounded reads from the file's front, with one message for every way to fall short."""

    def __init__(self, *, file: BinaryIO, path: Path) -> None:
        self.path = path
        self.file_bytes = os.fstat(file.fileno()).st_size
        self.position = 0
        self._file = file

    def fail(self, what: str) -> GgufError:
        """Return (not raise) the error for what is wrong here."""
        return GgufError(
            f"{self.path} has a malformed GGUF header: {what} (near byte {self.position}); "
            "fetch the file again"
        )

    def take(self, n_bytes: int, what: str) -> bytes:
        """Read exactly ``n_bytes``; ``what`` names them in a message."""
        self._claim(n_bytes, what)
        data = self._file.read(n_bytes)
        if len(data) != n_bytes:
            raise self.fail(f"the file ends inside {what}")
        return data

    def skip(self, n_bytes: int, what: str) -> None:
        """Step over ``n_bytes`` that the file must have."""
        self._claim(n_bytes, what)
        self._file.seek(n_bytes, os.SEEK_CUR)

    def _claim(self, n_bytes: int, what: str) -> None:
        if n_bytes > self.file_bytes - self.position:
            raise self.fail(f"the file ends inside {what}")
        if self.position + n_bytes > MAX_HEADER_BYTES:
            raise self.fail(f"the header is larger than {MAX_HEADER_BYTES} bytes")
        self.position += n_bytes

    def u32(self, what: str) -> int:
        """Read an unsigned 32-bit number."""
        return int(_U32.unpack(self.take(4, what))[0])

    def u64(self, what: str) -> int:
        """Read an unsigned 64-bit number."""
        return int(_U64.unpack(self.take(8, what))[0])

    def count(self, what: str, *, limit: int) -> int:
        """Read a 64-bit count or length that may be at most ``limit``."""
        number = self.u64(what)
        if number > limit:
            raise self.fail(f"{what} is {number}, at most {limit} are read")
        return number

    def raw_string(self, what: str, *, limit: int) -> bytes:
        """Read a string of at most ``limit`` bytes and leave it undecoded."""
        return self.take(self.count(f"the length of {what}", limit=limit), what)

    def string(self, what: str, *, limit: int = MAX_STRING_BYTES) -> str:
        """Read a string; what is not UTF-8 in it becomes U+FFFD."""
        # Token texts of some models are not UTF-8; a header is no reason to refuse them.
        return self.raw_string(what, limit=limit).decode("utf-8", errors="replace")


def read_value(reader: Reader, key: str, named: dict[str, int]) -> Value:
    """Read the typed value of ``key``.

    When ``key`` is the vocabulary, the ids of tokens known by their text (``FIM_TEXTS``) are put
    into ``named`` by role.
    """
    kind = reader.u32(f"the type of {key!r:.80}")
    if kind == _ARRAY:
        return _read_array(reader, key, named)
    if kind == _STRING:
        return reader.string(f"the value of {key!r:.80}")
    return _read_scalar(reader, kind, key)


def _read_scalar(reader: Reader, kind: int, key: str) -> _Scalar:
    packing = _packing(reader, kind, key)
    value: _Scalar = packing.unpack(reader.take(packing.size, f"the value of {key!r:.80}"))[0]
    return value


def _read_array(reader: Reader, key: str, named: dict[str, int]) -> Value:
    what = f"the array {key!r:.80}"
    kind = reader.u32(f"the element type of {what}")
    n_elements = reader.count(f"the length of {what}", limit=MAX_ARRAY_ELEMENTS)
    if kind == _STRING:
        if key == TOKENS_KEY:
            _read_tokens(reader, n_elements, named)
        else:
            for _ in range(n_elements):
                reader.take(reader.count(f"a length in {what}", limit=MAX_STRING_BYTES), what)
        return LongArray(n_elements=n_elements)
    packing = _packing(reader, kind, key)
    if n_elements > MAX_KEPT_ELEMENTS:
        reader.skip(n_elements * packing.size, what)
        return LongArray(n_elements=n_elements)
    data = reader.take(n_elements * packing.size, what)
    return tuple(item[0] for item in packing.iter_unpack(data))


def _packing(reader: Reader, kind: int, key: str) -> struct.Struct:
    if kind not in _SCALARS:
        raise reader.fail(f"the key {key!r:.80} has the unknown type {kind}")
    return _SCALARS[kind]


def _read_tokens(reader: Reader, n_tokens: int, named: dict[str, int]) -> None:
    """Step over the vocabulary and note the ids of the fill-in-the-middle tokens in it."""
    wanted = {text.encode(): role for role, texts in FIM_TEXTS.items() for text in texts}
    for token in range(n_tokens):
        text = reader.raw_string("a token of the vocabulary", limit=MAX_STRING_BYTES)
        if text in wanted:
            named.setdefault(wanted[text], token)
