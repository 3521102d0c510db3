"""Lays settings over settings, and says in words what is wrong with one."""

from __future__ import annotations

import dataclasses
import difflib
import reprlib
import typing
from collections.abc import Mapping
from typing import Any

from ducktypist.config.addresses import origin_of
from ducktypist.config.rules import (
    CHOICES,
    ENVIRONMENT_NAME,
    LEAST,
    MOST,
    NEVER_FROM_A_WORKSPACE,
    RESTRICTED,
)
from ducktypist.config.sections import Config, EngineConfig
from ducktypist.errors import ConfigError

STRINGS = tuple[str, ...]
"""The type of a setting that is a list of strings."""


def restricted_keys(settings: Mapping[str, Any], *, trusted: bool = False) -> tuple[str, ...]:
    """Return the keys of ``settings`` that a workspace file may not set, trusted or not."""
    refused = NEVER_FROM_A_WORKSPACE if trusted else RESTRICTED
    found = [section for section in settings if section in refused]
    for section, value in settings.items():
        if isinstance(value, Mapping):
            found += [f"{section}.{key}" for key in value if f"{section}.{key}" in refused]
    return tuple(found)


def merge(base: Config, settings: Mapping[str, Any], *, source: str) -> Config:
    """Return ``base`` with ``settings`` laid over it.

    Args:
        base: What holds where ``settings`` says nothing.
        settings: Sections by name, each a mapping of keys.
        source: Where they came from, for messages.

    Raises:
        ConfigError: A key is unknown or a value has the wrong type.
    """
    sections = {item.name: item for item in dataclasses.fields(Config)}
    changed: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in sections:
            raise ConfigError(_unknown(name, sections, source))
        if not isinstance(value, Mapping):
            raise ConfigError(f"{source}: `{name}` is a section, not a value")
        changed[name] = _merge_section(getattr(base, name), value, section=name, source=source)
    return dataclasses.replace(base, **changed)


def known_keys() -> dict[str, Any]:
    """Return every setting as ``section.key`` with its type, for clients' manifests and docs.

    A list of strings has the type ``tuple[str, ...]``, which is ``STRINGS``.
    """
    known: dict[str, Any] = {}
    for section, default in dataclasses.asdict(Config()).items():
        hints = typing.get_type_hints(type(getattr(Config(), section)))
        known.update({f"{section}.{key}": hints[key] for key in default})
    return known


def _merge_section(base: Any, value: Mapping[str, Any], *, section: str, source: str) -> Any:  # noqa: ANN401 - any of the section dataclasses
    hints = typing.get_type_hints(type(base))
    changed: dict[str, Any] = {}
    for key, given in value.items():
        if key not in hints:
            raise ConfigError(_unknown(key, hints, source, prefix=f"{section}."))
        changed[key] = _accepted(given, hints[key], name=f"{section}.{key}", source=source)
    merged = dataclasses.replace(base, **changed)
    if isinstance(merged, EngineConfig):
        _check_together(merged, source)
    return merged


def _accepted(given: Any, expected: Any, *, name: str, source: str) -> Any:  # noqa: ANN401 - a value of any setting
    accepted = given
    if expected is float and isinstance(given, int) and not isinstance(given, bool):
        accepted = float(given)
    elif expected == STRINGS and isinstance(given, list | tuple):
        wrong = next((item for item in given if type(item) is not str), None)
        if wrong is not None:
            raise ConfigError(
                f"{source}: `{name}` must be a list of strings, "
                f"got {_named(type(wrong))} {reprlib.repr(wrong)} in it"
            )
        accepted = tuple(given)
    if type(accepted) is not (tuple if expected == STRINGS else expected):
        raise ConfigError(
            f"{source}: `{name}` must be {_named(expected)}, "
            f"got {_named(type(given))} {reprlib.repr(given)}"
        )
    _check(name, accepted, source)
    return accepted


def _check(name: str, value: Any, source: str) -> None:  # noqa: ANN401 - a value of any setting
    choices = CHOICES.get(name)
    if choices is not None:
        for word in value if isinstance(value, tuple) else (value,):
            if word not in choices:
                raise ConfigError(
                    f"{source}: `{name}` must be one of {', '.join(choices)}, "
                    f"got {reprlib.repr(word)}"
                )
    if name in LEAST and not value >= LEAST[name]:
        raise ConfigError(f"{source}: `{name}` must be at least {LEAST[name]:g}, got {value}")
    if name in MOST and not value <= MOST[name]:
        raise ConfigError(f"{source}: `{name}` must be at most {MOST[name]:g}, got {value}")
    # What was written may be the key itself, so it is not repeated.
    if name == "engine.api_key_env" and value and not ENVIRONMENT_NAME.fullmatch(value):
        raise ConfigError(
            f"{source}: `{name}` must be the name of an environment variable (capital letters, "
            f"digits, underscores), not a key; store a key with `ducktypist key set URL`"
        )
    if name == "engine.url" and value:
        try:
            origin_of(value)
        except ConfigError as error:
            raise ConfigError(f"{source}: `{name}`: {error}") from None


def _check_together(engine: EngineConfig, source: str) -> None:
    if engine.kv_type != "f16" and engine.flash_attention == "off":
        raise ConfigError(
            f"{source}: `engine.kv_type` = {engine.kv_type!r} needs flash attention; set "
            f"`engine.flash_attention` to auto or on, or `engine.kv_type` to f16"
        )


def _named(kind: Any) -> str:  # noqa: ANN401 - a type, or ``STRINGS``, which is none to mypy
    names = {
        str: "a string",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        STRINGS: "a list of strings",
    }
    return names.get(kind) or str(kind.__name__)


def _unknown(key: str, known: Mapping[str, object], source: str, prefix: str = "") -> str:
    close = difflib.get_close_matches(str(key), list(known), n=1, cutoff=0.5)
    hint = f"; did you mean `{prefix}{close[0]}`?" if close else f"; known: {', '.join(known)}"
    return f"{source}: unknown setting `{prefix}{key!s:.60}`{hint}"
