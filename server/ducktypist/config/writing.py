"""Changes one setting in the user's file and leaves every other byte of it as it was.

The text is edited where the key may stand and then read again: an edit counts only if the file
then says what it said before, with that one value changed. So nothing here needs to understand all
of TOML, and what cannot be edited is refused rather than damaged.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ducktypist.config.merging import merge
from ducktypist.config.reading import MAX_CONFIG_BYTES, read_file
from ducktypist.config.sections import Config
from ducktypist.errors import ConfigError

_BOM: Final = "\ufeff"
_VALUE: Final = (
    r'"""(?:[^\\]|\\.)*?"""|'
    r"'''.*?'''|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'|"
    r"[^\s,}#]+"
)
"""A string of any of TOML's four kinds, or whatever else stands there by mistake."""


def write_setting(path: Path, *, section: str, key: str, value: str) -> bool:
    """Set ``section.key`` to a string in the file at ``path``; tell whether that changed it.

    Comments, order, line endings, rights and a symbolic link stay. The file is replaced as a
    whole, so that whoever reads it sees the old one or the new one. A missing file is made.

    Raises:
        ConfigError: The file cannot be read or written, is broken or holds an unknown setting
            already, or the key cannot be set without touching something else. It is unchanged.
    """
    before = read_file(path)
    merge(Config(), before, source=str(path))
    wanted = _with(before, section, key, value)
    merge(Config(), wanted, source=str(path))
    if wanted == before:
        return False
    real = Path(os.path.realpath(path))
    text = _text(real)
    for candidate in _candidates(text, section, key, _quoted(value), before):
        if _says(candidate, wanted):
            raw = candidate.encode()
            if len(raw) > MAX_CONFIG_BYTES:
                raise ConfigError(
                    f"{path} would be larger than {MAX_CONFIG_BYTES} bytes; shorten it"
                )
            _replace(real, raw)
            return True
    raise ConfigError(
        f"`{section}.{key}` cannot be set in {path} without touching the rest; "
        f"set it there by hand to {_quoted(value)}"
    )


def _with(settings: dict[str, Any], section: str, key: str, value: str) -> dict[str, Any]:
    return settings | {section: dict(settings.get(section, {})) | {key: value}}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8") if path.exists() else ""
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error


def _quoted(value: str) -> str:
    """Return a basic string: JSON's escapes are TOML's, which wants DEL escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text.removeprefix(_BOM)) == wanted
    except (tomllib.TOMLDecodeError, RecursionError):
        return False


def _candidates(
    text: str, section: str, key: str, quoted: str, before: dict[str, Any]
) -> Iterator[str]:
    """Give the texts that may be the wanted one; whether one is, reading it tells."""
    end = "\r\n" if "\r\n" in text else "\n"
    if key in before.get(section, {}):
        assigned = re.compile(rf"({_name(key)}\s*=\s*)(?:{_VALUE})", re.DOTALL)
        for found in assigned.finditer(text):
            yield f"{text[: found.end(1)]}{quoted}{text[found.end() :]}"
    elif section in before:
        yield from _inserted(text, section, f"{key} = {quoted}", end)
    else:
        body = text if not text or text.endswith("\n") else text + end
        gap = end if body.removeprefix(_BOM) else ""
        yield f"{body}{gap}[{section}]{end}{key} = {quoted}{end}"


def _inserted(text: str, section: str, line: str, end: str) -> Iterator[str]:
    """Put a line into a section that is there: below its header, in its braces, beside its dots."""
    name = _name(section)
    for header in re.finditer(rf"(?m)^[ \t]*\[[ \t]*{name}[ \t]*\][^\n]*(?:\n|\Z)", text):
        head, tail = text[: header.end()], text[header.end() :]
        yield f"{head}{'' if head.endswith(chr(10)) else end}{line}{end}{tail}"
    for brace in re.finditer(rf"(?m)^[ \t]*{name}[ \t]*=[ \t]*\{{[ \t]*", text):
        tail = text[brace.end() :]
        comma = "" if tail.startswith("}") else ","
        yield f"{text[: brace.end()].rstrip()} {line}{comma} {tail}"
    for dotted in re.finditer(rf"(?m)^[ \t]*{name}[ \t]*\.", text):
        yield f"{text[: dotted.start()]}{section}.{line}{end}{text[dotted.start() :]}"


def _name(key: str) -> str:
    escaped = re.escape(key)
    return rf"""(?:{escaped}|"{escaped}"|'{escaped}')"""


def _replace(path: Path, raw: bytes) -> None:
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            Path(temporary).chmod(stat.S_IMODE(path.stat().st_mode))
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}; check the folder's rights"
        ) from error
