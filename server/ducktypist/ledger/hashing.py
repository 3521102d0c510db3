"""Hashes that name a text without giving it away.

Short code is guessable, so a plain hash of it is no secret: hashes of the user's text are keyed
with 32 random bytes that are made once per installation and lie beside the ledger, readable by the
owner only. Each hash carries its algorithm: ``b2:`` is BLAKE2b (RFC 7693), ``b2k:`` the same with
the key.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import tempfile
from pathlib import Path

KEY_BYTES = 32
DIGEST_BYTES = 16

_LOG = logging.getLogger(__name__)


def plain_hash(text: str) -> str:
    """Return ``b2:`` and 32 hexadecimal digits, for texts that are no secret, such as templates."""
    return f"b2:{_digest(text, key=b'')}"


def keyed_hash(text: str, *, key: bytes) -> str:
    """Return ``b2k:`` and 32 hexadecimal digits, the same for the same text and key."""
    return f"b2k:{_digest(text, key=key)}"


def install_key(ledger: Path) -> bytes:
    """Return the key beside ``ledger``, made at the first call.

    Never fails: where the key can be neither read nor kept, a random one serves this process alone,
    and hashes then do not match those of other sessions.
    """
    path = ledger.with_name(f"{ledger.name}.key")
    try:
        ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        _LOG.warning("%s cannot be kept (%s); hashes match within this session only", path, error)
        return secrets.token_bytes(KEY_BYTES)
    if len(key) != KEY_BYTES:
        _LOG.warning("%s is not a key; hashes match within this session only", path)
        return secrets.token_bytes(KEY_BYTES)
    return key


def _digest(text: str, *, key: bytes) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, key=key, digest_size=DIGEST_BYTES).hexdigest()


def _make_key(path: Path) -> None:
    """Write a whole key under another name and link it: of two windows, the first one's stays."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n")
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
