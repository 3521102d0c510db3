"""Completion tasks for tests, small and our own; more of them stand in ``cases/complete``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ducktypist.bench.complete.attempt import Attempt
from ducktypist.bench.complete.grade import Grade
from ducktypist.bench.complete.raw import Raw
from ducktypist.bench.complete.run import Result
from ducktypist.bench.complete.tasks import CompleteTask

OWN = Path(__file__).parents[1] / "cases" / "complete" / "tasks.jsonl"
HEAD = '''\
def last_word(text):
    """Return the last word of a text, an empty one when there is none.

    >>> last_word("so it is")
    'is'
    """
'''
BODY = '    return text.split()[-1] if text.split() else ""'
HIDDEN = """\
from words import last_word


def test_some():
    assert last_word(" a b ") == "b"


def test_none():
    assert last_word("  ") == ""
"""


def body_task(**changed: Any) -> CompleteTask:
    """Return a task to write a body, with some of its fields changed."""
    fields: dict[str, Any] = {
        "id": "own/last-word",
        "kind": "body",
        "language": "python",
        "files": {"words.py": HEAD},
        "path": "words.py",
        "function": "last_word",
        "hidden": {"test_words.py": HIDDEN},
        "reference": BODY,
        "group": "own",
    }
    return CompleteTask(**{**fields, **changed})


def line_task(**changed: Any) -> CompleteTask:
    """Return a task to write a line, with some of its fields changed."""
    code = "def last_word(text):\n    words = text.split()\n    \n        return words[-1]\n"
    fields: dict[str, Any] = {
        "id": "own/last-word:3",
        "kind": "line",
        "language": "python",
        "files": {"words.py": code + '    return ""\n'},
        "path": "words.py",
        "line": 3,
        "hidden": {"test_words.py": HIDDEN},
        "reference": "    if words:",
        "group": "own",
    }
    return CompleteTask(**{**fields, **changed})


def result(
    task: str = "t",
    *,
    kind: str = "body",
    language: str = "python",
    rung: str = "",
    shown: bool | None = None,
    raw: bool = False,
    n_right: int = 0,
    adds_error: bool = False,
    builds: bool | None = None,
    **attempt: Any,
) -> Result:
    """Return a graded result.

    Args:
        task: Its id.
        kind: ``body`` or ``line``.
        language: Of the task.
        rung: What was said of what was shown.
        shown: Whether what was shown passes; None when nothing was.
        raw: Whether the greedy answer passes.
        n_right: How many of all other answers pass.
        adds_error: Whether what was shown adds a syntax error.
        builds: Whether it compiles.
        **attempt: Further fields of the attempt.
    """
    fields: dict[str, Any] = {
        "task": task,
        "kind": kind,
        "language": language,
        "group": "own",
        "shown": "" if shown is None else "code",
        "rung": rung,
        "outcome": "plausible" if shown else "not_run",
        "total_ms": 100.0,
    }
    grade = None
    if shown is not None:
        grade = Grade(passes=shown, adds_error=adds_error, builds=builds)
    return Result(
        attempt=Attempt(**{**fields, **attempt}),
        raw=Raw(greedy="raw"),
        shown_grade=grade,
        raw_grade=Grade(passes=raw, adds_error=False, builds=builds),
        n_candidates_right=n_right,
    )
