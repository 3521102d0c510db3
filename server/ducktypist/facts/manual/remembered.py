"""Parsed pages on disk, so that a page is parsed once per machine and change.

A file's name is a hash of where the page came from and of the parser's own source. The cache is
an aid: what cannot be read or written is as if it were not there.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.resources
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ducktypist.facts.manual.model import OptionEntry, Page

MAX_FILES = 400
"""So many pages are kept; the ones that were read the longest ago go first."""
_KEPT_AFTER_CLEARING = 360
_MAX_FILE_BYTES = 8 * 1024 * 1024
_N_VERSION = 10
_N_KEY = 40


class RememberedPages:
    """Pages in a folder of ours."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing is made before something is kept.

        Args:
            folder: Holds these pages and nothing else.
        """
        self._folder = folder

    def get(self, *source: str | int) -> Page | None:
        """Return what was kept of a source, if it is whole."""
        path = self._path(source)
        try:
            with path.open("rb") as stream:
                content = stream.read(_MAX_FILE_BYTES)
        except (OSError, ValueError):
            return None
        try:
            page = _page(json.loads(content))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        # The ones in use stay.
        with contextlib.suppress(OSError):
            os.utime(path)
        return page

    def put(self, page: Page, *source: str | int) -> None:
        """Keep a page of a source, and no more than the bound of them all."""
        path = self._path(source)
        content = json.dumps(asdict(page), ensure_ascii=False, separators=(",", ":"))
        with contextlib.suppress(OSError, ValueError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(content)
                Path(name).replace(path)
            finally:
                Path(name).unlink(missing_ok=True)
            self._clear()

    def _path(self, source: tuple[str | int, ...]) -> Path:
        text = "\0".join(map(str, source)).encode(errors="surrogatepass")
        key = hashlib.sha256(text).hexdigest()[:_N_KEY]
        return self._folder / f"{parser_version()}-{key}.json"

    def _clear(self) -> None:
        """Take away what another parser wrote, and the oldest of too many."""
        current = []
        for path in self._folder.glob("*.json"):
            if path.name.startswith(f"{parser_version()}-"):
                current.append(path)
            else:
                path.unlink(missing_ok=True)
        if len(current) > MAX_FILES:
            current.sort(key=_age)
            for path in current[: len(current) - _KEPT_AFTER_CLEARING]:
                path.unlink(missing_ok=True)


@functools.cache
def parser_version() -> str:
    """Return a hash of this package's source: another parser says other things of a page."""
    total = hashlib.sha256()
    folder = importlib.resources.files("ducktypist.facts.manual")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".py"):
            total.update(file.read_bytes())
    return total.hexdigest()[:_N_VERSION]


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _page(data: dict[str, Any]) -> Page:
    """Rebuild a page.

    Raises:
        TypeError: Something is of another type.
        KeyError: Something is missing.
    """
    return Page(
        name=_text(data["name"]),
        section=_text(data["section"]),
        summary=_text(data["summary"]),
        source=_text(data["source"]),
        options=tuple(map(_option, data["options"])),
    )


def _option(data: dict[str, Any]) -> OptionEntry:
    argument = data["argument"]
    return OptionEntry(
        names=tuple(map(_text, data["names"])),
        argument=None if argument is None else _text(argument),
        argument_optional=data["argument_optional"] is True,
        text=_text(data["text"]),
        detail=_text(data["detail"]),
        source=_text(data["source"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("A kept page holds something that is no text")
    return value
