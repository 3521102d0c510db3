"""Uses of options with what is right and wrong to say of them; a line of JSON each.

A line holds::

    id       a name, unique in the file
    line     one line of shell
    command  whose option it is
    option   as it stands in the line, such as "-r"; one of a cluster is written alone
    names    its other spellings, such as ["--no-run-if-empty"]; may be left out
    right    lists of regular expressions; of each list one must occur
    wrong    regular expressions; none may occur

The expressions are matched against lower-case words. Nothing is graded here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.tasks import TaskError, read_all, text_field
from ducktypist.domain import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionUse:
    """One option in one line."""

    id: str
    line: str
    command: str
    option: str
    names: tuple[str, ...] = ()
    right: tuple[tuple[str, ...], ...]
    wrong: tuple[str, ...]

    @property
    def offset(self) -> int:
        """Where the option stands in the line; where its command does, if it is in a cluster."""
        start = _word_at(self.command, self.line, 0)
        at = _word_at(self.option, self.line, max(0, start))
        return at if at >= 0 else max(0, start)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTasks:
    """All uses of a file."""

    uses: tuple[OptionUse, ...]
    sha256: str


def read_option_tasks(path: Path) -> OptionTasks:
    """Read a task file.

    Raises:
        TaskError: It cannot be read, or a line of it is no option use.
    """
    uses, sha256 = read_all(path, option_use_of)
    return OptionTasks(uses=uses, sha256=sha256)


def option_use_of(found: Mapping[str, Json], where: str) -> OptionUse:
    """Return what a JSON object says.

    Raises:
        TaskError: It is no option use; ``where`` begins the message.
    """
    right = found.get("right")
    if not isinstance(right, list) or not right:
        raise TaskError(f"{where}: `right` must be a list of lists of expressions")
    use = OptionUse(
        id=text_field(found, "id", where),
        line=text_field(found, "line", where),
        command=text_field(found, "command", where),
        option=text_field(found, "option", where),
        names=_texts(found.get("names", []), f"{where}: `names`"),
        right=tuple(_texts(words, f"{where}: `right`", needed=True) for words in right),
        wrong=_texts(found.get("wrong", []), f"{where}: `wrong`"),
    )
    for pattern in (*use.wrong, *(item for words in use.right for item in words)):
        try:
            re.compile(pattern)
        except re.error as error:
            raise TaskError(f"{where}: {pattern!r} is no expression: {error}") from error
        if pattern != pattern.lower() and not re.search(r"\\[A-Z]", pattern):
            raise TaskError(f"{where}: {pattern!r} can match no lower-case words")
    if use.command not in use.line:
        raise TaskError(f"{where}: {use.command} is not in the line")
    return use


def _texts(value: Json, where: str, *, needed: bool = False) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    found = tuple(item for item in texts if isinstance(item, str) and item)
    if len(found) != len(texts) or (needed and not found):
        raise TaskError(f"{where} must be a list of texts, got {value!r:.40}")
    return found


def _word_at(word: str, line: str, start: int) -> int:
    found = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])").search(line, start)
    return found.start() if found else -1
