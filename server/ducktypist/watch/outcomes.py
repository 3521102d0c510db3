"""What an outcomes file says, which ``ducktypist.pytest_plugin`` writes; see ``docs/outcomes.md``.

Anybody may have written it: it is read line by line, within bounds, and what is not as documented
is passed over and counted. Nothing is concluded here.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ducktypist.domain import TestOutcome
from ducktypist.errors import RunnerError
from ducktypist.ledger.times import utc_text
from ducktypist.watch.node_ids import is_inside, is_node_id

SCHEMA = 1
MAX_LINE_BYTES = 4 * 1024**2
MAX_RUNS = 10_000
MAX_TESTS = 1_000_000
MAX_BLOCKS = 1_000_000
"""Different functions of one run."""
_RUN = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"b2:[0-9a-f]{32}")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTold:
    """A run of tests began."""

    run: str
    """32 hexadecimal digits, made up for the run."""
    started_utc: str
    """ISO 8601 with milliseconds and ``Z``."""
    folder: str
    """What node ids are relative to, itself relative to the repository's top; ``.`` when it is the
    top, empty when there is no repository."""
    commit_hash: str
    """Empty when nobody says."""
    environment_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTold:
    """One test of a run ended."""

    __test__ = False

    run: str
    node_id: str
    outcome: TestOutcome
    duration_ms: float
    attempt: int
    """0, or how often the test had ended in this run before."""
    test_block: str = ""
    """Hash of the test function; empty when nobody says."""
    ran: tuple[str, ...] | None = None
    """Hashes of the project's functions that it executed, itself among them; None when nobody
    says."""
    outside: str = ""
    """Hash of what the project's modules say outside of functions; empty when nobody says, or when
    not every function that was executed has a hash."""
    direct: frozenset[str] | None = None
    """Those that were called from the test's own file."""
    traced: frozenset[str] = frozenset()
    """Those that the failure's traceback goes through, the test's own file left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """A run ended in good order; without it, tests may be missing."""

    run: str


Told: TypeAlias = RunTold | TestTold | RunEnded


@dataclass(slots=True)
class Outcomes:
    """Reads the lines of one file; iterate over it once."""

    lines: Iterable[bytes]
    n_passed_over: int = 0
    """Lines that say nothing as documented: torn by a crash, or written by somebody else."""
    _blocks: dict[str, dict[int, str]] = field(default_factory=dict)
    """Of each run that began, by their numbers."""

    def __iter__(self) -> Iterator[Told]:
        """Yield what the lines say.

        Raises:
            RunnerError: It is no outcomes file, or one of a newer version, or too large.
        """
        n_tests = 0
        for line in self.lines:
            if not line.strip():
                continue
            told = self._told(line)
            if not self._blocks:
                raise RunnerError(
                    "this is no outcomes file of ducktypist.pytest_plugin: its first line tells of "
                    "no run"
                )
            if told is not None:
                n_tests += isinstance(told, TestTold)
                if n_tests > MAX_TESTS or len(self._blocks) > MAX_RUNS:
                    raise RunnerError(
                        f"an outcomes file has more than {MAX_TESTS} tests or {MAX_RUNS} runs; "
                        "give each run a file of its own"
                    )
                yield told

    def _told(self, line: bytes) -> Told | None:
        try:
            # The beginning of a line is no JSON, so a longer one is passed over.
            found = json.loads(line[: MAX_LINE_BYTES + 1])
            kind, run = found["type"], _matching(_RUN, found["run"])
            if kind == "run":
                return self._begun(run, found)
            return self._within(kind, run, found)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            self.n_passed_over += 1
            return None

    def _begun(self, run: str, found: dict[str, Any]) -> RunTold:
        schema = found["schema"]
        if type(schema) is int and schema > SCHEMA:
            raise RunnerError(
                f"the outcomes file has schema {schema}; this version knows {SCHEMA}: install a "
                "newer Ducktypist"
            )
        folder = str(found.get("folder", ""))
        told = RunTold(
            run=run,
            started_utc=_utc(found["started"]),
            folder=folder if folder in {"", "."} or is_inside(folder) else "",
            commit_hash=_matching(_COMMIT, found.get("commit", "")),
            environment_hash=_matching(_HASH, found.get("environment", "")),
        )
        self._blocks.setdefault(run, {})
        return told

    def _within(self, kind: object, run: str, found: dict[str, Any]) -> Told | None:
        blocks = self._blocks[run]
        if kind == "end":
            return RunEnded(run=run)
        if kind == "blocks":
            first = _number(found["first"])
            blocks |= {first + n: _matching(_HASH, it) for n, it in enumerate(found["hashes"])}
            if len(blocks) > MAX_BLOCKS:
                raise RunnerError(f"a run tells of more than {MAX_BLOCKS} functions")
            return None
        if kind != "test":
            # Uncollected files, and what later versions add.
            return None
        node_id, duration_ms = found["id"], float(found["duration_ms"])
        if not isinstance(node_id, str) or not is_node_id(node_id):
            raise ValueError
        if not (math.isfinite(duration_ms) and duration_ms >= 0):
            raise ValueError
        ran, direct = found.get("ran"), found.get("direct")

        def one(name: str) -> str:
            return "" if found.get(name) is None else blocks[_number(found[name])]

        def named(numbers: list[int]) -> tuple[str, ...]:
            return tuple(blocks[_number(n)] for n in numbers)

        return TestTold(
            run=run,
            node_id=node_id,
            outcome=TestOutcome(found["outcome"]),
            duration_ms=duration_ms,
            attempt=_number(found.get("attempt", 0)),
            test_block=one("test"),
            outside=one("outside"),
            ran=None if ran is None else named(ran),
            direct=None if direct is None else frozenset(named(direct)),
            traced=frozenset(named(found.get("traced", []))),
        )


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _matching(pattern: re.Pattern[str], value: object) -> str:
    """Return a text that is as it must be; an empty one says nothing.

    Raises:
        ValueError: It is something else.
    """
    if value == "" and pattern is not _RUN:
        return ""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError
    return value


def _utc(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    at = dt.datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError
    return utc_text(at)
