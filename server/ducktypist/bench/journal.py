"""What a run has found so far: one line a task, appended as soon as it is there.

A run that was stopped goes on with the same file, and only where everything that its figures depend
on is the same. Nothing is interpreted here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.bench.tasks import TaskError, objects
from ducktypist.domain import Json
from ducktypist.errors import DucktypistError

VERSION = 1


@dataclass(slots=True)
class Journal:
    """The rows of a run, by part, hash of the part's tasks, and task."""

    path: Path | None
    """Where they are kept; None keeps them in memory only."""
    head: Mapping[str, Json]
    """What must be the same for a run to go on."""
    rows: dict[tuple[str, str, str], Mapping[str, Json]] = field(default_factory=dict)

    @classmethod
    def opened(cls, path: Path | None, head: Mapping[str, Json]) -> Journal:
        """Read what an earlier run left, or begin a file.

        A last line that was cut off by the end of a process is dropped.

        Raises:
            DucktypistError: It cannot be read or written, or holds a run of something else.
        """
        journal = cls(path=path, head={"version": VERSION, **head})
        if path is None:
            return journal
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise DucktypistError(f"{path} cannot be read: {error.strerror}") from error
        whole, _, rest = content.rpartition(b"\n")
        journal._take(path, whole)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if rest or not content:
                path.write_bytes(whole + b"\n" if whole else journal._line(journal.head))
        except OSError as error:
            raise DucktypistError(f"{path} cannot be written: {error.strerror}") from error
        return journal

    def has(self, part: str, tasks: str, key: str) -> bool:
        """Tell whether a task was measured; one that could not be is measured again.

        Args:
            part: What is measured.
            tasks: Hash of the part's tasks; of other tasks nothing is known.
            key: The task.
        """
        row = self.rows.get((part, tasks, key))
        return row is not None and not row.get("problem")

    def add(self, part: str, tasks: str, key: str, row: Mapping[str, Json]) -> None:
        """Keep what a task came to.

        Raises:
            DucktypistError: It cannot be written.
        """
        self.rows[part, tasks, key] = row
        if self.path is None:
            return
        try:
            with self.path.open("ab") as file:
                file.write(self._line({"part": part, "tasks": tasks, "key": key, "row": dict(row)}))
        except OSError as error:
            raise DucktypistError(f"{self.path} cannot be written: {error.strerror}") from error

    def of(self, part: str, tasks: str) -> dict[str, Mapping[str, Json]]:
        """Return the rows of a part that could be measured, by task."""
        return {key: row for key, row in self._all(part, tasks) if not row.get("problem")}

    def problems(self, part: str, tasks: str) -> dict[str, str]:
        """Return why tasks of a part could not be measured."""
        return {
            key: str(row["problem"]) for key, row in self._all(part, tasks) if row.get("problem")
        }

    def _all(self, part: str, tasks: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
        for (mine, of, key), row in self.rows.items():
            if (mine, of) == (part, tasks):
                yield key, row

    def _take(self, path: Path, content: bytes) -> None:
        try:
            found = [row for _, row in objects(path, content)]
        except TaskError as error:
            raise DucktypistError(str(error)) from error
        for number, row in enumerate(found):
            if number == 0:
                self._compare(path, row)
                continue
            names, kept = [row.get(name) for name in ("part", "tasks", "key")], row.get("row")
            if not all(isinstance(name, str) for name in names) or not isinstance(kept, dict):
                raise DucktypistError(f"{path}: line {number + 1} is no row of a run")
            part, tasks, key = map(str, names)
            self.rows[part, tasks, key] = kept

    def _compare(self, path: Path, head: Mapping[str, Json]) -> None:
        differing = sorted(
            name
            for name in {*head, *self.head}
            if head.get(name) != json.loads(json.dumps(self.head.get(name)))
        )
        if differing:
            raise DucktypistError(
                f"{path} holds a run with another {', '.join(differing)}; name another file"
            )

    @staticmethod
    def _line(row: Mapping[str, Json]) -> bytes:
        return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
