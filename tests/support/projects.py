"""The small projects in ``tests/cases/projects``, each with a bug that ``case.json`` tells of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECTS = Path(__file__).parent.parent / "cases" / "projects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project and what is wrong with it."""

    name: str
    folder: Path
    language: str
    about: str
    file: Path
    """Where the bug is, relative to the folder."""
    function: str
    """Its qualified name."""
    lines: tuple[int, ...]
    """The 1-based lines that the fix changes."""
    failing: tuple[str, ...]
    """Node ids of all tests that fail."""
    old: str
    new: str

    def copy_to(self, root: Path) -> Path:
        """Copy it, without the description of the bug."""
        shutil.copytree(
            self.folder,
            root,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("case.json", "__pycache__"),
        )
        return root

    def fixed_text(self) -> str:
        """Return the text of the file with the bug repaired."""
        text = (self.folder / self.file).read_text("utf-8")
        assert text.count(self.old) == 1
        return text.replace(self.old, self.new)


def projects() -> list[Project]:
    """Return all of them."""
    return [_read(path.parent) for path in sorted(PROJECTS.glob("*/case.json"))]


def _read(folder: Path) -> Project:
    case: Mapping[str, Any] = json.loads((folder / "case.json").read_text("utf-8"))
    bug, fix = case["bug"], case["fix"]
    olds, news = fix["old"].splitlines(), fix["new"].splitlines()
    changed = [
        number for number, pair in enumerate(zip(olds, news, strict=True)) if len(set(pair)) > 1
    ]
    return Project(
        name=folder.name,
        folder=folder,
        language=case["language"],
        about=case["about"],
        file=Path(bug["file"]),
        function=bug["function"],
        lines=tuple(bug["line"] + number for number in changed),
        failing=tuple(case["failing"]),
        old=fix["old"],
        new=fix["new"],
    )
