"""Two small scripts with tests, and two option uses, as the explain bench reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ducktypist.domain import Json

GREET = '#!/usr/bin/env bash\n[ $# -gt 0 ] || exit 2\necho "hello $1"\n'
GREET_TESTS = """\
@test "says hello" {
  run bash "$SCRIPT" you
  [ "$status" -eq 0 ]
  [ "$output" = "hello you" ]
}

@test "wants a name, run by its own name" {
  cd "$BATS_TEST_TMPDIR"
  run "$SCRIPT"
  [ "$status" -eq 2 ]
}
"""
GREET_ABOUT = """\
name = "greet"
purpose = "greets somebody"
constructs = ["test"]
[[inputs]]
args = ["you"]
[[inputs]]
args = ["a b"]
"""
COUNT = '#!/usr/bin/env bash\nsort "${1:--}" | uniq -c | sort -rn | head -n 1\nexit 3\n'
COUNT_TESTS = """\
@test "prints the most frequent line" {
  run bash "$SCRIPT" <<< $'b\\na\\nb'
  [ "$status" -eq 3 ]
  [[ "$output" == *"2 b" ]]
}
"""
COUNT_ABOUT = """\
name = "count"
purpose = "finds the most frequent line"
constructs = ["pipeline", "parameter expansion"]
[[inputs]]
stdin = "x\\ny\\nx\\n"
[[inputs]]
args = ["words.txt"]
files = {"words.txt" = "one\\n"}
"""
XARGS: dict[str, Json] = {
    "id": "xargs-r",
    "line": "find . -name '*.log' -print0 | xargs -0 -r rm",
    "command": "xargs",
    "option": "-r",
    "names": ["--no-run-if-empty"],
    "right": [["no input", "empty", "nothing"], ["not run", "skip", "only if"]],
    "wrong": ["repeat", "recursive", "read-only"],
}
GREP: dict[str, Json] = {
    "id": "grep-v",
    "line": "grep -v '^#' settings.conf",
    "command": "grep",
    "option": "-v",
    "right": [["not match", "invert", "exclud"]],
    "wrong": ["verbose", "version"],
}


def bash_folder(folder: Path) -> Path:
    """Write both scripts below a folder and return it."""
    for name, script, tests, about in (
        ("greet", GREET, GREET_TESTS, GREET_ABOUT),
        ("count", COUNT, COUNT_TESTS, COUNT_ABOUT),
    ):
        place = folder / name
        place.mkdir(parents=True)
        (place / "script.sh").write_text(script, "utf-8")
        (place / "test.bats").write_text(tests, "utf-8")
        (place / "task.toml").write_text(about, "utf-8")
    return folder


def task_folder(folder: Path) -> Path:
    """Write scripts and option uses as ``--tasks`` wants them, and return the folder."""
    bash_folder(folder / "bash")
    jsonl(folder / "options.jsonl", [XARGS, GREP])
    return folder


def jsonl(path: Path, rows: list[Any]) -> Path:
    """Write one JSON object a line and return the path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path
