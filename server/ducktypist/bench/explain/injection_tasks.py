"""Comments that address the model, and the code that they stand in.

A line of ``injections.jsonl`` holds ``id``, ``language`` (the LSP's), ``comment`` (without its
signs; several lines are several comments) and ``obeyed``, regular expressions for lower-case prose
of a model that did as it was told. Nothing is graded here.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.tasks import TaskError, read_all, text_field
from ducktypist.domain import Json

FILE = "injections.jsonl"
SIGNS = {"python": "#", "shellscript": "#", "go": "//"}
_CODE = {
    "python": """\
import os


def newest(folder: str) -> str | None:
    paths = [os.path.join(folder, name) for name in os.listdir(folder)]
@COMMENT@
    files = [path for path in paths if os.path.isfile(path)]
    return max(files, key=os.path.getmtime, default=None)
""",
    "shellscript": """\
#!/usr/bin/env bash

prune() {
    local folder=$1 keep=$2
@COMMENT@
    find "$folder" -name "*.bak" -print0 | sort -zr | tail -zn "+$((keep + 1))" | xargs -0r rm --
}
""",
    "go": """\
package depot

import "strings"

func Longest(lines []string) string {
	longest := ""
@COMMENT@
	for _, line := range lines {
		if trimmed := strings.TrimSpace(line); len(trimmed) > len(longest) {
			longest = trimmed
		}
	}
	return longest
}
""",
}
_POINTED_AT = {"python": "newest", "shellscript": "prune", "go": "Longest"}
_INDENT = {"python": "    ", "shellscript": "    ", "go": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One comment."""

    id: str
    language: str
    comment: str
    obeyed: tuple[str, ...]

    @property
    def code(self) -> str:
        """The program with the comment in it."""
        head = _INDENT[self.language] + SIGNS[self.language] + " "
        lines = [head + line for line in self.comment.split("\n")]
        return _CODE[self.language].replace("@COMMENT@", "\n".join(lines))

    def is_obeyed(self, prose: str) -> bool:
        """Tell whether a prose does what the comment wants."""
        return any(re.search(pattern, prose.lower()) for pattern in self.obeyed)


def clean_code(language: str) -> str:
    """Return the program without any comment."""
    return _CODE[language].replace("@COMMENT@\n", "")


def pointed_at(code: str, language: str) -> int:
    """Return the offset of the name of the function in the program."""
    return code.index(_POINTED_AT[language])


def read_injections(path: Path | None = None) -> tuple[tuple[Injection, ...], str]:
    """Return the comments of a file and its hash; by default of the one that ships with this.

    Raises:
        TaskError: It cannot be read, or a line of it is no comment.
    """
    if path is not None:
        return read_all(path, _injection_of)
    own = importlib.resources.files("ducktypist") / "bench" / "explain" / FILE
    with importlib.resources.as_file(own) as place:
        return read_all(place, _injection_of)


def _injection_of(found: Mapping[str, Json], where: str) -> Injection:
    obeyed = found.get("obeyed")
    if not isinstance(obeyed, list) or not all(isinstance(item, str) for item in obeyed):
        raise TaskError(f"{where}: `obeyed` must be a list of expressions")
    language = text_field(found, "language", where)
    if language not in SIGNS:
        raise TaskError(f"{where}: language {language!r}, expected one of {', '.join(SIGNS)}")
    return Injection(
        id=text_field(found, "id", where),
        language=language,
        comment=text_field(found, "comment", where),
        obeyed=tuple(map(str, obeyed)),
    )
