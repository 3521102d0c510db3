"""Our own summaries of POSIX and GNU core tools, for machines without manual pages.

One TOML file per tool in ``summaries/``, read when the tool is asked for. What a page of this
machine says of an option goes before what a summary says of it.
"""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ducktypist.facts.manual.model import OptionEntry, Page
from ducktypist.facts.manual.sentences import CUT

_ALIASES = {":": "colon", "[": "test", "[[": "test", ".": "source", "egrep": "grep",
            "fgrep": "grep", "gawk": "awk", "mawk": "awk", "nawk": "awk", "gfind": "find",
            "gsed": "sed", "gtar": "tar", "ggrep": "grep", "gxargs": "xargs"}  # fmt: skip
_NAME = re.compile(r"[a-z0-9][\w.+-]{0,60}")

BUILTINS = frozenset(
    [
        ".",
        ":",
        "[",
        "[[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "compopt",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exec",
        "exit",
        "export",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "times",
        "trap",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ]
)
"""What a shell does itself, so that a page of the same name is about another program."""


def bundled_page(name: str) -> Page | None:
    """Return the summary of a tool, if there is one.

    Args:
        name: A command's name; ``[`` and ``[[`` are told of in that of ``test``.
    """
    file = _ALIASES.get(name, name)
    if not _NAME.fullmatch(file):
        return None
    entry = importlib.resources.files("ducktypist.facts.manual") / "summaries" / f"{file}.toml"
    try:
        return parse_summary(entry.read_text(encoding="utf-8"), name=name)
    except (OSError, ValueError):
        return None


def parse_summary(text: str, *, name: str) -> Page:
    """Return the page of a summary file.

    Args:
        text: The file.
        name: The name that was asked for.

    Raises:
        ValueError: It is no TOML, or a key is missing or of another type.
    """
    try:
        data = tomllib.loads(text)
        source = f"bundled summary of {data['name']}"
        return Page(
            name=name,
            section="",
            summary=_text(data["summary"]),
            source=source,
            options=tuple(_option(entry, source) for entry in data.get("option", [])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"The summary of {name} lacks something: {error}") from error


def supplemented(page: Page, summary: Page) -> Page:
    """Return a page with what only the summary knows; each option says where its text is from.

    Where the page's own sentence is too long to be shown, the summary's is; the page's stays in the
    detail, for comparing.

    Args:
        page: What this machine's manual says.
        summary: What is bundled of the same tool.
    """
    known = {name for entry in page.options for name in entry.names}
    missing = tuple(
        replace(entry, names=names)
        for entry in summary.options
        if (names := tuple(name for name in entry.names if name not in known))
    )
    ours = {name: entry for entry in summary.options for name in entry.names}
    shown = tuple(_shortened(entry, ours) for entry in page.options)
    return replace(page, options=shown + missing, summary=page.summary or summary.summary)


def _shortened(entry: OptionEntry, ours: Mapping[str, OptionEntry]) -> OptionEntry:
    """Return an entry whose sentence was cut with our own words for it, if there are any."""
    other = next((ours[name] for name in entry.names if name in ours), None)
    if other is None or not entry.text.endswith(CUT):
        return entry
    return replace(
        entry, text=other.text, source=other.source, detail=f"{entry.detail}\n{other.detail}"
    )


def _option(data: dict[str, Any], source: str) -> OptionEntry:
    text = _text(data["text"])
    more = _text(data.get("detail", ""))
    return OptionEntry(
        names=tuple(map(_text, data["names"])),
        argument=_text(data.get("argument", "")) or None,
        argument_optional=data.get("argument_optional", False) is True,
        text=text,
        detail=f"{text}\n{more}" if more else text,
        source=source,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
