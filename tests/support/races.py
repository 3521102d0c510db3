"""Our own data races, and ways to get rid of their reports that are no way to remove them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ducktypist.syntax.race.recipes import RacingLine, racing_variables
from ducktypist.verify.race import Shared

CASES = Path(__file__).parent.parent / "cases" / "races"


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceTask:
    """One package with a race, a test that shows it, and a patch that is known to remove it."""

    name: str
    what: str
    target: str
    source: str
    files: dict[str, str]
    fixed: str
    races: tuple[tuple[RacingLine, ...], ...]
    """What the detector reported of the source file; it need not report all each time."""

    @property
    def text(self) -> str:
        """The file with the race."""
        return self.files[self.source]

    @property
    def shared(self) -> Shared:
        """What races, as far as the lines say."""
        variables = racing_variables(self.text, self.races)
        return Shared(variables=variables, writers=frozenset())

    def write(self, root: Path) -> Path:
        """Write the package as a workspace and return its folder."""
        root.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (root / name).write_text(text, encoding="utf-8", newline="")
        return root


def race_tasks() -> list[RaceTask]:
    """Return all of them, by name."""
    found = []
    for folder in sorted(path for path in CASES.iterdir() if (path / "case.json").is_file()):
        about = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        files = {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(folder.iterdir())
            if path.suffix == ".go" or path.name == "go.mod"
        }
        fixed = (folder / about["fixed"]).read_text(encoding="utf-8")
        found.append(
            RaceTask(
                name=folder.name,
                what=about["what"],
                target=about["target"],
                source=about["source"],
                files=files,
                fixed=fixed,
                races=tuple(
                    tuple(RacingLine(line=line, is_write=is_write) for line, is_write in sides)
                    for sides in about["races"]
                ),
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPatch:
    """A way to get rid of a race report that is no way to remove the race."""

    kind: str
    case: str
    by_its_looks: bool
    """Whether it is refused without being run."""
    edits: tuple[tuple[str, str], ...]

    def apply(self, text: str) -> str:
        """Return the file with the patch."""
        for old, new in self.edits:
            assert old in text, self.kind
            text = text.replace(old, new, 1)
        return text


def bad_patches() -> list[BadPatch]:
    """Return our collection of them."""
    listed = json.loads((CASES / "bad_patches.json").read_text(encoding="utf-8"))
    return [
        BadPatch(
            kind=item["kind"],
            case=item["case"],
            by_its_looks=item["stopped_by"] == "looks",
            edits=tuple((old, new) for old, new in item["edits"]),
        )
        for item in listed
    ]


def task_named(name: str) -> RaceTask:
    """Return one of them."""
    return next(task for task in race_tasks() if task.name == name)
