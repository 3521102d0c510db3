"""Checks of the editors' side: which clients are installed, and which server they would start."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ducktypist import __version__
from ducktypist.doctor.check import Check, doubtful, good
from ducktypist.doctor.programs import find_program, numbers, version_of
from ducktypist.doctor.subject import Subject
from ducktypist.doctor.threads import apart
from ducktypist.domain import Json

CLIENTS, PATH = "clients", "path"
EXTENSION = "ducktypist.ducktypist-*"
"""Publisher and name, as in the extension's manifest, and a version."""
EXTENSION_FOLDERS = (
    (".vscode/extensions", "VS Code"),
    (".vscode-insiders/extensions", "VS Code Insiders"),
    (".vscode-server/extensions", "VS Code Server"),
    (".vscode-oss/extensions", "VSCodium"),
    (".local/share/code-server/extensions", "code-server"),
)
NEOVIM_PLACES = ("lazy/*", "site/pack/*/start/*", "site/pack/*/opt/*", "plugged/*")
NEOVIM_FILE = "lsp/ducktypist.lua"
MAX_MANIFEST_BYTES = 4 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """A program, and the oldest version that ``docs/editors.md`` speaks of."""

    program: str
    title: str
    minimum: str


EDITORS = (
    Editor(program="code", title="VS Code", minimum="1.91.0"),
    Editor(program="code-server", title="code-server", minimum="4.91.0"),
    Editor(program="nvim", title="Neovim", minimum="0.11"),
    Editor(program="emacs", title="Emacs", minimum="28"),
    Editor(program="vim", title="Vim", minimum="9.0"),
)


async def clients(subject: Subject) -> Check:
    """Tell which editors and which of our extensions are here; none at all is no failure."""
    programs = await apart(lambda: _found(subject))
    versions = await asyncio.gather(*(version_of(program) for program in programs.values()))
    installed = await apart(lambda: [*extensions(Path.home()), *neovim_plugins()])
    details: dict[str, Json] = {"extensions": [item.to_json() for item in installed]}
    said, old = [], []
    for editor in EDITORS:
        if editor.program not in programs:
            continue
        version = dict(zip(programs, versions, strict=True))[editor.program]
        details[editor.program] = {
            "path": str(programs[editor.program]),
            "version": version,
            "minimum": editor.minimum,
        }
        said.append(f"{editor.title} {version or '(version unknown)'}")
        if version is not None and numbers(version) < numbers(editor.minimum):
            old.append(f"{editor.title} {version} is older than {editor.minimum}")
    said += [f"{item.what} in {item.where}" for item in installed]
    other = [
        f"{item.what} in {item.where} is not the server's version {__version__}"
        for item in installed
        if item.version not in {__version__, None}
    ]
    summary = "; ".join(said) or "no editor found here"
    if old or other:
        advice = "; ".join([*old, *other]) + "; update them (docs/editors.md)"
        return doubtful(CLIENTS, summary, advice, **details)
    return good(CLIENTS, summary, **details)


async def path(subject: Subject) -> Check:
    """Tell which server editors would start by its name, and whether it is this version."""
    found = await apart(lambda: find_program("ducktypist", folder=subject.folder))
    beside = Path(sys.executable).parent
    if found is None:
        return doubtful(
            PATH,
            "no `ducktypist` on PATH, so editors do not find the server",
            f"add {beside} to PATH, or give editors the full path",
            program=None,
        )
    version = await version_of(found)
    details: dict[str, Json] = {"program": str(found), "version": version, "own": __version__}
    if version != __version__:
        return doubtful(
            PATH,
            f"editors would start {found}, version {version or 'unknown'}; this is {__version__}",
            f"update that one, or put {beside} before it on PATH",
            **details,
        )
    return good(PATH, f"editors start {found}, version {version}", **details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One of our clients, where it was found."""

    what: str
    where: str
    """Which editor's."""
    version: str | None
    path: Path

    def to_json(self) -> dict[str, Json]:
        """Return it as a detail of the check."""
        return {
            "what": self.what,
            "where": self.where,
            "version": self.version,
            "path": str(self.path),
        }


def extensions(home: Path) -> Iterator[Installed]:
    """Yield the copies of the VS Code extension below a home folder."""
    for place, editor in EXTENSION_FOLDERS:
        for folder in sorted((home / place).glob(EXTENSION)):
            version = _manifest_version(folder / "package.json")
            if version is not None:
                what = f"extension {version}"
                yield Installed(what=what, where=editor, version=version, path=folder)


def neovim_plugins() -> Iterator[Installed]:
    """Yield the copies of the Neovim plugin in the usual places; it has no version of its own."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share", "nvim")
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "nvim")
    places = [settings, *(folder for place in NEOVIM_PLACES for folder in sorted(data.glob(place)))]
    for folder in places:
        if (folder / NEOVIM_FILE).is_file():
            yield Installed(what="plugin", where="Neovim", version=None, path=folder)


def _found(subject: Subject) -> dict[str, Path]:
    found = {each.program: find_program(each.program, folder=subject.folder) for each in EDITORS}
    return {name: program for name, program in found.items() if program is not None}


def _manifest_version(manifest: Path) -> str | None:
    try:
        with manifest.open("rb") as file:
            told = json.loads(file.read(MAX_MANIFEST_BYTES))
    except (OSError, ValueError):
        return None
    version = told.get("version") if isinstance(told, dict) else None
    return version if isinstance(version, str) else None
