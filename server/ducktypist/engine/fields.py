"""One field of a request's body: its type, its bounds, and what is said when it is wrong.

Knows no endpoint and no field by name; ``dialect`` does. Pure. Every function that reads a field
raises ``EngineRequestError`` for what it does not take.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ducktypist.errors import EngineRequestError

MAX_PROMPT_BYTES = 2 * 1024**2


def boolean(body: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """Return true or false, ``default`` where the field is missing."""
    given = body.get(key)
    if given is None:
        return default
    if not isinstance(given, bool):
        raise EngineRequestError(f"`{key}` must be true or false, got {kind(given)}")
    return given


def integer(body: Mapping[str, Any], key: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number from ``low`` to ``high``, ``default`` where the field is missing."""
    given = body.get(key)
    if given is None:
        return default
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        raise EngineRequestError(f"`{key}` must be a whole number, got {kind(given)}")
    if not low <= given <= high:
        raise EngineRequestError(f"`{key}` must lie between {low} and {high}, got {given!s:.40}")
    return given


def number(body: Mapping[str, Any], key: str, default: float, *, low: float, high: float) -> float:
    """Return a finite number from ``low`` to ``high``, ``default`` where the field is missing."""
    given = body.get(key)
    if given is None:
        return default
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise EngineRequestError(f"`{key}` must be a number, got {kind(given)}")
    if not math.isfinite(given) or not low <= given <= high:
        raise EngineRequestError(f"`{key}` must lie between {low} and {high}, got {given!s:.40}")
    return float(given)


def text(body: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """Return a text that may become part of a prompt; without a default it must be there."""
    given = body.get(key)
    return default if given is None and default is not None else sized(string(given, key))


def string(given: object, key: str) -> str:
    """Return ``given``, which must be a string, cleaned; ``key`` is the name to complain about."""
    if not isinstance(given, str):
        raise EngineRequestError(f"`{key}` must be a string, got {kind(given)}")
    return clean(given)


def sized(text: str) -> str:
    """Return ``text`` unless it is longer than any prompt may be."""
    if len(text) > MAX_PROMPT_BYTES or len(text.encode()) > MAX_PROMPT_BYTES:
        raise EngineRequestError(
            f"the prompt has more than {MAX_PROMPT_BYTES} bytes; shorten it", status=413
        )
    return text


def kind(given: object) -> str:
    """Return what a JSON value is, in words for a message."""
    if given is None:
        return "nothing"
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    names |= {list: "an array", dict: "an object"}
    return names.get(type(given), type(given).__name__)


def clean(text: str) -> str:
    """Return ``text`` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
