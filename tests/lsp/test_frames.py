"""The frame parser finds the messages in whatever comes in."""

from __future__ import annotations

import json
import random

import pytest

from ducktypist.lsp.frames import (
    MAX_BODY_BYTES,
    MAX_SKIPPED_BYTES,
    FrameParser,
    Received,
    Unreadable,
    UnreadableStreamError,
    frame,
)

GOOD = {"jsonrpc": "2.0", "id": 7, "method": "good"}
GOOD_FRAME = frame(json.dumps(GOOD).encode())

BROKEN = {
    "invalid JSON": frame(b"{nope"),
    "deep nesting": frame(b"[" * 100_000 + b"]" * 100_000),
    "invalid UTF-8": frame(b'"\xff\xfe"'),
    "NUL bytes": frame(b"\0" * 50),
    "NaN": frame(b"NaN"),
    "huge number": frame(b"1" * 10_000),
    "length 0": b"Content-Length: 0\r\n\r\n",
    "negative length": b"Content-Length: -5\r\n\r\n{}",
    "length too short": b'Content-Length: 2\r\n\r\n{"jsonrpc":"2.0","id":90,"method":"x"}\r\n',
    "length too short, no line end": b'Content-Length: 2\r\n\r\n{"jsonrpc":"2.0","id":90}',
    **{f"length too long by {n}": b"Content-Length: %d\r\n\r\n{}" % (2 + n) for n in range(1, 23)},
    "length too long by a frame": b"Content-Length: 60\r\n\r\n{}",
    "100 GB": b"Content-Length: 99999999999\r\n\r\n{}",
    "length with 40 digits": b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}\r\n",
}
HARMLESS = {
    "garbage before": b"hello world\r\n\r\n",
    "lower case": b"content-length: 2\r\n\r\n{}",
    "upper case, no space": b"CONTENT-LENGTH:2\r\n\r\n{}",
    "bare line feeds": b"Content-Length: 2\n\n{}",
    "content type": b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n" + frame(b"{}"),
    "unknown header": b"X-Thing: 1\r\n" + frame(b"{}"),
    "length twice": b"Content-Length: 99\r\nContent-Length: 2\r\n\r\n{}",
    "an endless line": b"x" * 300_000 + b"\r\n",
}


def parse(data: bytes, *, sizes: list[int] | None = None) -> list[Received | Unreadable]:
    """Feed data in chunks of the given sizes, then the rest."""
    parser, found = FrameParser(), []
    for size in sizes or []:
        found += parser.feed(data[:size])
        data = data[size:]
    return found + list(parser.feed(data))


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_the_message_after_a_broken_frame_is_found(data: bytes) -> None:
    """One bad frame costs one answer, and the next good message is not lost."""
    found = parse(data + GOOD_FRAME + GOOD_FRAME)
    values = [item.value for item in found if isinstance(item, Received)]
    assert values.count(GOOD) == 2
    assert any(isinstance(item, Unreadable) for item in found)


@pytest.mark.parametrize("data", HARMLESS.values(), ids=HARMLESS.keys())
def test_unusual_frames_are_understood(data: bytes) -> None:
    """What is only unusual needs no error reply."""
    found = parse(data + GOOD_FRAME)
    assert found[-1] == Received(value=GOOD, n_bytes=len(json.dumps(GOOD)))
    assert not any(isinstance(item, Unreadable) and item.answer for item in found)


def test_chunk_borders_do_not_matter() -> None:
    """However the bytes are cut, the same comes out."""
    rnd = random.Random(5)  # noqa: S311 - a test's
    data = b"".join([*list(BROKEN.values())[3:], *HARMLESS.values(), GOOD_FRAME])
    whole = parse(data)
    for _ in range(20):
        sizes = [rnd.choice([1, 2, 3, 7, 40, 1000]) for _ in range(400)]
        assert parse(data, sizes=sizes) == whole


def test_text_that_looks_like_a_header_inside_a_string_is_text() -> None:
    """A document that shows the protocol is not taken for it."""
    value = {"text": "Content-Length: 2\r\n\r\n{}"}
    found = parse(frame(json.dumps(value).encode()) + GOOD_FRAME)
    assert [item.value for item in found if isinstance(item, Received)] == [value, GOOD]


def test_a_lone_surrogate_survives() -> None:
    """An escape for half a character is legal JSON."""
    found = parse(frame(b'"a\\ud800b"'))
    assert found == [Received(value="a\ud800b", n_bytes=10)]


def test_an_oversized_frame_is_skipped_without_being_kept() -> None:
    """A body over the limit is dropped as it comes in."""
    parser = FrameParser()
    found = list(parser.feed(b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)))
    for _ in range(32):
        found += parser.feed(b"x" * (1024 * 1024))
        assert len(parser._buffer) < 2 * 1024 * 1024
    found += parser.feed(GOOD_FRAME)
    assert [type(item) for item in found] == [Unreadable, Received]


def test_a_stream_that_is_not_lsp_is_given_up() -> None:
    """Endless garbage ends in an error instead of running for ever."""
    parser = FrameParser()
    chunk = bytes(4 * 1024 * 1024)

    def feed_on() -> None:
        for _ in range(MAX_SKIPPED_BYTES // len(chunk) + 2):
            list(parser.feed(chunk))

    with pytest.raises(UnreadableStreamError):
        feed_on()
